//! A workbook with everything that goes wrong in offices, and what must come of
//! it. Both are files: `fixtures/messy.xlsx` and `fixtures/messy.expected.json`.
//!
//! To make them anew after a change, run with `WANGGE_RELEASE_LEDGER=1` and read
//! the difference.

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use serde_json::{Value, json};
use wangge_model::CitizenId;

use super::*;
use crate::ledger::{remark::Reason, sheet::SheetError};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

/// A number that nobody has: county 379001, which was never assigned.
fn number(birth: (i32, u32, u32), sequence: u16) -> String {
    let birth = NaiveDate::from_ymd_opt(birth.0, birth.1, birth.2).unwrap();
    let id = CitizenId::synthetic(379_001, birth, sequence).unwrap();
    id.as_str().to_owned()
}

/// What is written into a cell.
enum Put<'a> {
    Nothing,
    Text(&'a str),
    Number(f64),
    Date(u16, u8, u8),
}

use Put::{Date, Nothing, Number, Text};

/// Columns of the messy table, in order; the first is A.
const HEADINGS: [&str; 15] = [
    "序号",
    "所属 网格",
    "小区名称",
    "楼栋号*",
    "单元",
    "房号",
    "姓  名",
    "性别",
    "出生日期（年月日）",
    "身份证号码",
    "联系电话",
    "与户主的关系",
    "人户状态",
    "特殊群体",
    "备注",
];

fn write_row(sheet: &mut Worksheet, row: u32, cells: [Put<'_>; 15]) -> Result<(), XlsxError> {
    let date = Format::new().set_num_format("yyyy/m/d");
    for (column, cell) in (0_u16..).zip(cells) {
        match cell {
            Nothing => {}
            Text(text) => {
                sheet.write_string(row, column, text)?;
            }
            Number(number) => {
                sheet.write_number(row, column, number)?;
            }
            Date(year, month, day) => {
                let day = ExcelDateTime::from_ymd(year, month, day)?;
                sheet.write_datetime_with_format(row, column, &day, &date)?;
            }
        }
    }
    Ok(())
}

/// Writes the workbook.
fn make(path: &str) -> Result<(), XlsxError> {
    let mut workbook = Workbook::new();
    let cover = workbook.add_worksheet();
    cover.set_name("填表说明")?;
    cover.write_string(0, 0, "请如实填写，所有人员均为虚构")?;
    let sheet = workbook.add_worksheet();
    sheet.set_name("台账")?;
    let plain = Format::new();
    sheet.merge_range(0, 0, 0, 14, "示例社区居民台账（2026年1月）", &plain)?;
    sheet.merge_range(1, 1, 1, 5, "房屋", &plain)?;
    sheet.merge_range(1, 6, 1, 11, "家庭成员", &plain)?;
    for (column, heading) in (0_u16..).zip(HEADINGS) {
        sheet.write_string(2, column, heading)?;
    }
    let head = number((1970, 3, 8), 101);
    let wife = number((1972, 2, 29), 102);
    // Her number in the old form of 15 digits.
    let wife_old: String = [wife.get(..6).unwrap(), wife.get(8..17).unwrap()].concat();
    let son = number((2001, 1, 2), 103);
    let other = number((1949, 10, 1), 105).to_lowercase();
    let twice = number((1985, 7, 7), 107);
    // Household 1 over rows 4 to 6, its own cells merged.
    for column in [1_u16, 2, 3, 4, 5, 12] {
        sheet.merge_range(3, column, 5, column, "", &plain)?;
    }
    let rows: Vec<[Put<'_>; 15]> = vec![
        [
            Number(1.0),
            Text("第一网格"),
            Text("阳光花园"),
            Text("３号楼"),
            Text("2单元"),
            Number(501.0),
            Text("王　明"),
            Text("男"),
            Text("1970-03-08"),
            Text(&head),
            Text("１３８００００００１１"),
            Text("户主"),
            Text("人户一致"),
            Nothing,
            Text(" 有犬 \n请先打电话 "),
        ],
        [
            Number(2.0),
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Text("阿依古丽•买买提"),
            Text("女性"),
            Text("1972/2/29"),
            Text(&wife_old),
            Number(13_800_000_012.0),
            Text("妻子"),
            Nothing,
            Text("无"),
            Nothing,
        ],
        [
            Number(3.0),
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Text("王小"),
            Nothing,
            Number(20_010_102.0),
            Text(&son),
            Text("'13800000013 "),
            Text("儿子"),
            Nothing,
            Nothing,
            Nothing,
        ],
        // Household 2: its cells only in its first row; the last row twice.
        [
            Number(4.0),
            Text("3799990010010000002"),
            Text("阳光花园"),
            Text("3号楼"),
            Text("2单元"),
            Text("0502"),
            Text("赵大海"),
            Number(1.0),
            Date(1949, 10, 1),
            Text(&other),
            Number(53_182_012_345.0),
            Text("本人"),
            Text("租户"),
            Text("独居、低保"),
            Nothing,
        ],
        [
            Number(5.0),
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Text("李雷 "),
            Text("男"),
            Text("2015年6月1日"),
            Nothing,
            Text("1.3800000014E+10"),
            Text("孙子"),
            Nothing,
            Nothing,
            Nothing,
        ],
        [
            Number(6.0),
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Text("李雷"),
            Text("男"),
            Text("20150601"),
            Nothing,
            Text("13800000014"),
            Text("孙子"),
            Nothing,
            Nothing,
            Nothing,
        ],
        // Household 3: lost digits in number and telephone.
        [
            Number(7.0),
            Text("第一网格"),
            Text("阳光花园"),
            Text("4号楼"),
            Text("1单元"),
            Text("101"),
            Text("韩梅"),
            Text("女"),
            Number(33_000.0),
            Number(379_001_199_005_070_000.0),
            Text("1.38E+10"),
            Text("户主"),
            Text("人户分离"),
            Nothing,
            Nothing,
        ],
        // Household 4: a birth that is not the number's, a date without its day.
        [
            Number(8.0),
            Text("第一网格"),
            Text("阳光花园"),
            Text("4号楼"),
            Text("1单元"),
            Text("102"),
            Text("欧阳娜"),
            Text("男"),
            Text("1985-07-08"),
            Text(&twice),
            Nothing,
            Text("户主"),
            Text("人户一致"),
            Nothing,
            Nothing,
        ],
        [
            Number(9.0),
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Text("欧阳小"),
            Text("女"),
            Text("2010-05"),
            Nothing,
            Nothing,
            Text("女儿"),
            Nothing,
            Nothing,
            Nothing,
        ],
        // Household 5: no such grid.
        [
            Number(10.0),
            Text("第九网格"),
            Text("阳光花园"),
            Text("9号楼"),
            Nothing,
            Text("901"),
            Text("孙某"),
            Text("男"),
            Nothing,
            Nothing,
            Nothing,
            Text("户主"),
            Nothing,
            Nothing,
            Nothing,
        ],
        // Household 6: the son of household 1 once more.
        [
            Number(11.0),
            Text("第二网格"),
            Text("历山花园"),
            Text("1栋"),
            Text("1单元"),
            Text("201"),
            Text("王小"),
            Text("男"),
            Date(2001, 1, 2),
            Text(&son),
            Nothing,
            Text("户主"),
            Text("租房户"),
            Nothing,
            Nothing,
        ],
        // Household 7: the same person with two telephones, and somebody unnamed.
        [
            Number(12.0),
            Text("第二网格"),
            Text("历山花园"),
            Text("1栋"),
            Text("1单元"),
            Text("202"),
            Text("周平"),
            Text("男"),
            Text("1980/1/1"),
            Nothing,
            Text("13800000021"),
            Text("户主"),
            Nothing,
            Nothing,
            Nothing,
        ],
        [
            Number(13.0),
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Text("周平"),
            Text("男"),
            Text("1980/1/1"),
            Nothing,
            Text("13800000022"),
            Text("户主"),
            Nothing,
            Nothing,
            Nothing,
        ],
        [
            Number(14.0),
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Text("女"),
            Text("1981/1/1"),
            Nothing,
            Nothing,
            Text("配偶"),
            Nothing,
            Nothing,
            Nothing,
        ],
        // Household 8: the register has it already, written otherwise.
        [
            Number(15.0),
            Text("第一网格"),
            Text("阳光花园"),
            Text("5号楼"),
            Text("1单元"),
            Text("301室"),
            Text("吴建国"),
            Text("男"),
            Text("1960.01.05"),
            Nothing,
            Nothing,
            Text("户主"),
            Text("人户一致"),
            Text("优抚对象"),
            Nothing,
        ],
        [
            Text("合计"),
            Nothing,
            Number(8.0),
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
        ],
        [
            Text("填表人：某某"),
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Nothing,
            Text("2026年1月31日"),
            Nothing,
            Nothing,
            Nothing,
            Nothing,
        ],
    ];
    for (row, cells) in (3_u32..).zip(rows) {
        // Rows 11 and 12 of the file stay empty, as people leave them.
        let row = if row > 8 { row + 2 } else { row };
        write_row(sheet, row, cells)?;
    }
    workbook.save(path)
}

/// What came of it, as the expected file has it.
fn outcome(
    summary: &Summary,
    remarks: &Remarks,
    households: &BTreeMap<String, RecordDocument>,
) -> Value {
    let remarks: Vec<Value> = remarks
        .kept
        .iter()
        .map(|remark| {
            json!({
                "cell": format!("{}{}", remark.column_letters(), remark.row),
                "heading": remark.heading,
                "value": remark.value,
                "kind": format!("{:?}", remark.reason.severity()).to_lowercase(),
                "zh": remark.reason.text(Language::Chinese),
                "en": remark.reason.text(Language::English),
            })
        })
        .collect();
    let households: BTreeMap<&String, BTreeMap<String, String>> = households
        .iter()
        .map(|(title, document)| (title, plain(document)))
        .collect();
    json!({ "summary": summary, "remarks": remarks, "households": households })
}

#[tokio::test]
async fn a_messy_workbook_gives_the_expected_result() {
    let (workbook, expected) = (
        format!("{FOLDER}/messy.xlsx"),
        format!("{FOLDER}/messy.expected.json"),
    );
    let release = std::env::var_os("WANGGE_RELEASE_LEDGER").is_some();
    if release {
        make(&workbook).unwrap();
    }
    let world = World::new(8).await;
    register_has(&world).await;
    let sheet = read(&mut File::open(&workbook).unwrap());
    assert_eq!(sheet.name, "台账", "the sheet with headings is found");
    let (summary, remarks) = world.import(sheet, Options::default()).await;
    let found = outcome(&summary, &remarks, &world.households().await);
    let text = format!("{found:#}\n");
    if release {
        std::fs::write(&expected, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&expected).unwrap());

    // The report holds a line for each remark and nobody's whole number.
    let mut report = Vec::new();
    remarks.write(&mut report).unwrap();
    let report = String::from_utf8(report).unwrap();
    assert_eq!(
        report.lines().count() as u64,
        remarks.total() + 1,
        "{report}"
    );
    assert!(
        !report.contains("欧阳娜") && !report.contains("1985070"),
        "{report}"
    );

    // The same workbook again changes nothing.
    let sheet = read(&mut File::open(&workbook).unwrap());
    let (again, _) = world.import(sheet, Options::default()).await;
    assert_eq!((again.to_write(), again.unchanged), (0, summary.new));
}

/// A household that a worker collected before the workbook comes.
async fn register_has(world: &World) {
    world
        .collect(&[
            ("address.detail", "阳光花园5栋1单元3层301"),
            ("members.a.name", "吴建国"),
            ("members.a.birth_date", "1960-01-05"),
        ])
        .await;
}

#[tokio::test]
async fn numbers_and_dates_come_out_of_a_workbook_as_they_went_in() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_string(0, 0, "室").unwrap();
    sheet.write_number(1, 0, 13_800_138_000.0).unwrap();
    sheet.write_number(2, 0, 0.5).unwrap();
    sheet.write_boolean(3, 0, true).unwrap();
    let day = ExcelDateTime::from_ymd(1900, 3, 1).unwrap();
    let format = Format::new().set_num_format("yyyy-mm-dd");
    sheet
        .write_datetime_with_format(4, 0, &day, &format)
        .unwrap();
    let mut file = tempfile::tempfile().unwrap();
    let bytes = workbook.save_to_buffer().unwrap();
    file.write_all(&bytes).unwrap();
    let sheet = sheet::read(&mut file, None, &Limits::CONSOLE, &|_| true, &|| false).unwrap();
    let cells: Vec<String> = sheet
        .rows()
        .flat_map(|row| {
            row.cells()
                .map(|cell| format!("{:?} {}", cell.kind, cell.text))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        cells,
        [
            "Text 室",
            "Number 13800138000",
            "Number 0.5",
            "Flag 1",
            "Date 1900-03-01"
        ]
    );
    let missing = sheet::read(&mut file, Some("无"), &Limits::CONSOLE, &|_| true, &|| {
        false
    });
    assert!(matches!(missing, Err(SheetError::NoSheet(_))));
}

#[test]
fn a_zip_bomb_is_noticed_before_it_is_read() {
    use zip::{ZipWriter, write::SimpleFileOptions};
    let mut file = tempfile::tempfile().unwrap();
    let mut archive = ZipWriter::new(&mut file);
    archive
        .start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default())
        .unwrap();
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..64 {
        archive.write_all(&zeros).unwrap();
    }
    archive.finish().unwrap();
    assert!(file.metadata().unwrap().len() < 1 << 20, "it is a bomb");
    let limits = Limits {
        inflated_bytes: 32 << 20,
        ..Limits::CONSOLE
    };
    let read = sheet::read(&mut file, None, &limits, &|_| true, &|| false);
    assert!(
        matches!(read, Err(SheetError::TooLarge { what: "bytes", .. })),
        "{read:?}"
    );
    // What claims to be a workbook and is none is an error too.
    let mut other = tempfile::tempfile().unwrap();
    other.write_all(b"PK\x03\x04 and no more").unwrap();
    let read = sheet::read(&mut other, None, &limits, &|_| true, &|| false);
    assert!(matches!(read, Err(SheetError::Damaged(_))));
    let mut old = tempfile::tempfile().unwrap();
    old.write_all(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1])
        .unwrap();
    let read = sheet::read(&mut old, None, &limits, &|_| true, &|| false);
    assert!(matches!(read, Err(SheetError::OldWorkbook)));
}

#[test]
fn every_reason_has_its_words_in_both_languages() {
    use crate::ledger::value::CellError;
    let cells = [
        CellError::Formula,
        CellError::LostDigits,
        CellError::Several,
        CellError::NoDay,
        CellError::UnknownGrid,
        CellError::AmbiguousGrid,
        CellError::NoGrid,
        CellError::NoHousehold,
        CellError::NoName,
        CellError::Differs { row: 7 },
        CellError::BirthMismatch,
        CellError::SexMismatch,
        CellError::SamePerson { row: 7 },
        CellError::UnknownRecord,
        CellError::Masked,
        CellError::TooLarge,
    ];
    let others = [
        Reason::RepeatedRow(7),
        Reason::PersonInFile(7),
        Reason::AddressInFile(7),
        Reason::HouseholdInRegister("x".to_owned()),
        Reason::PersonInRegister("x".to_owned()),
        Reason::NotARow,
        Reason::Converted,
    ];
    for reason in cells.map(Reason::Cell).into_iter().chain(others) {
        for language in Language::ALL {
            let text = reason.text(language);
            assert!(
                !text.starts_with("ledger-") && !text.contains('{'),
                "{text}"
            );
        }
    }
}
