//! Orders in the tables that hotlines send: which column is what, and each row
//! as an order. What a caller is called and their number are not read: whoever
//! took the call tells the caller.

use chrono::{FixedOffset, NaiveDate, NaiveDateTime, TimeZone as _};
use wangge_model::{
    Timestamp,
    hotline::{HotlineError, HotlineOrder, MOST_ORDERS},
    text::to_half_width,
};

use crate::ledger::sheet::{Row, Sheet};

/// Rows among which the headings are looked for.
const HEADING_ROWS: usize = 10;
/// Hours by which China's time is ahead of UTC.
const CHINA_HOURS: i32 = 8;

/// A column of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Number,
    Class,
    Title,
    Content,
    Address,
    GridCode,
    ReceivedAt,
}

/// Headings by which columns are known, without spaces and in small letters.
const HEADINGS: [(Column, &[&str]); 7] = [
    (
        Column::Number,
        &[
            "工单编号",
            "工单号",
            "受理编号",
            "诉求编号",
            "编号",
            "number",
            "ordernumber",
        ],
    ),
    (
        Column::Class,
        &[
            "诉求分类",
            "事项分类",
            "问题分类",
            "问题类别",
            "工单分类",
            "分类",
            "类别",
            "class",
        ],
    ),
    (Column::Title, &["工单标题", "诉求标题", "标题", "title"]),
    (
        Column::Content,
        &[
            "诉求内容",
            "工单内容",
            "问题描述",
            "主要内容",
            "内容",
            "content",
        ],
    ),
    (
        Column::Address,
        &[
            "事发地址",
            "发生地址",
            "诉求地址",
            "事发地点",
            "地址",
            "address",
        ],
    ),
    (Column::GridCode, &["网格编码", "网格代码", "gridcode"]),
    (
        Column::ReceivedAt,
        &["受理时间", "来电时间", "登记时间", "诉求时间", "receivedat"],
    ),
];

/// Why a table holds no orders. The texts are `hotline-table-<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// No row with a number and a title or content among its headings.
    #[error("no headings of number and content in the first {HEADING_ROWS} rows")]
    NoHeadings,
    /// Too many rows.
    #[error("more than {MOST_ORDERS} orders")]
    TooMany,
}

impl TableError {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoHeadings => "no_headings",
            Self::TooMany => "too_many",
        }
    }
}

/// The columns of a row of headings, if it is one.
fn headings(row: Row<'_>) -> Option<Vec<(u16, Column)>> {
    let mut found: Vec<(u16, Column)> = Vec::new();
    for cell in row.cells() {
        let text: String = to_half_width(cell.text)
            .chars()
            .filter(|c| !c.is_whitespace() && !"*_-:".contains(*c))
            .collect();
        let text = text.to_lowercase();
        let column = HEADINGS
            .iter()
            .find(|(_, names)| names.contains(&text.as_str()));
        if let Some((column, _)) = column
            && !found.iter().any(|(_, known)| known == column)
        {
            found.push((cell.column, *column));
        }
    }
    let has = |column| found.iter().any(|(_, known)| *known == column);
    let is_head = has(Column::Number) && (has(Column::Title) || has(Column::Content));
    is_head.then_some(found)
}

/// Whether a sheet begins with the headings of orders.
pub fn has_orders(sheet: &Sheet) -> bool {
    sheet
        .rows()
        .take(HEADING_ROWS)
        .any(|row| headings(row).is_some())
}

/// A row of a file by its number, and the order it holds or why it holds none.
pub type OrderRow = (u32, Result<HotlineOrder, HotlineError>);

/// The orders of a table, each with its row in the file.
pub fn read_orders(sheet: &Sheet) -> Result<Vec<OrderRow>, TableError> {
    let (place, columns) = sheet
        .rows()
        .take(HEADING_ROWS)
        .enumerate()
        .find_map(|(place, row)| Some((place, headings(row)?)))
        .ok_or(TableError::NoHeadings)?;
    if sheet.len() - place - 1 > MOST_ORDERS {
        return Err(TableError::TooMany);
    }
    let rows = sheet.rows().skip(place + 1);
    Ok(rows
        .map(|row| (row.number, read_order(row, &columns)))
        .collect())
}

fn read_order(row: Row<'_>, columns: &[(u16, Column)]) -> Result<HotlineOrder, HotlineError> {
    let mut order = HotlineOrder::default();
    for (place, column) in columns {
        let Some(cell) = row.cell(*place) else {
            continue;
        };
        let text = cell.text.to_owned();
        match column {
            Column::Number => order.number = text,
            Column::Class => order.class = text,
            Column::Title => order.title = text,
            Column::Content => order.content = text,
            Column::Address => order.address = text,
            Column::GridCode => order.grid_code = text,
            Column::ReceivedAt => {
                order.received_at = Some(read_time(&text).ok_or(HotlineError::Time)?);
            }
        }
    }
    Ok(order)
}

/// A time as tables write it: in China, to the day, minute or second; or with
/// its zone (RFC 3339).
pub fn read_time(text: &str) -> Option<Timestamp> {
    if let Some(at) = Timestamp::parse_rfc3339(text) {
        return Some(at);
    }
    let text = text.replace('/', "-");
    let day = || {
        NaiveDate::parse_from_str(&text, "%Y-%m-%d")
            .ok()?
            .and_hms_opt(0, 0, 0)
    };
    let local = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok())
        .or_else(day)?;
    let zone = FixedOffset::east_opt(CHINA_HOURS * 3_600)?;
    let at = zone.from_local_datetime(&local).single()?;
    Some(Timestamp::from_millis(at.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::ledger::sheet::{self, Limits};

    fn sheet_of(text: &str) -> Sheet {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        sheet::read(&mut file, None, &Limits::CONSOLE, &has_orders, &|| false).unwrap()
    }

    #[test]
    fn a_hotlines_table_is_read_by_its_headings() {
        let sheet = sheet_of(
            "热线工单导出,,,,,\n工单编号,诉求分类,标题,诉求内容,事发地址,受理时间,来电号码\n\
             JN1,城市管理/路灯,反映路灯,三天不亮,平安里,2026/1/5 9:30,13800000001\n\
             JN2,,,\"噪声，\n深夜\",,昨天,\n",
        );
        let orders = read_orders(&sheet).unwrap();
        assert_eq!(orders.len(), 2);
        let first = orders[0].1.clone().unwrap();
        assert_eq!(
            (
                first.number.as_str(),
                first.class.as_str(),
                first.address.as_str()
            ),
            ("JN1", "城市管理/路灯", "平安里")
        );
        assert_eq!(first.received_at, read_time("2026-01-05T01:30:00Z"));
        let kept = serde_json::to_string(&first).unwrap();
        assert!(!kept.contains("13800000001"), "the caller is not read");
        assert_eq!(orders[1].1, Err(HotlineError::Time));
    }

    #[test]
    fn a_table_without_headings_or_with_too_many_rows_is_refused() {
        let none = sheet_of("姓名,电话\n王小明,1\n");
        assert_eq!(read_orders(&none).unwrap_err(), TableError::NoHeadings);
        let rows = (0..=MOST_ORDERS).map(|n| format!("{n},坏\n"));
        let many = std::iter::once("工单号,内容\n".to_owned())
            .chain(rows)
            .collect::<String>();
        let many = sheet_of(&many);
        assert_eq!(read_orders(&many).unwrap_err(), TableError::TooMany);
    }

    #[test]
    fn times_are_those_of_china_unless_they_say_their_zone() {
        let rfc = |text: &str| Timestamp::parse_rfc3339(text);
        assert_eq!(read_time("2026-01-05"), rfc("2026-01-04T16:00:00Z"));
        assert_eq!(
            read_time("2026-01-05 09:30:15"),
            rfc("2026-01-05T01:30:15Z")
        );
        assert_eq!(
            read_time("2026-01-05T09:30:00+08:00"),
            rfc("2026-01-05T01:30:00Z")
        );
        for none in ["", "昨天", "2026-13-01", "9:30"] {
            assert_eq!(read_time(none), None, "{none}");
        }
    }
}
