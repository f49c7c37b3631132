//! Figures as a text file that office programs open: comma-separated, UTF-8 with
//! a mark in front, as the ledgers are exported.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};

/// Rows as comma-separated text. A cell that a spreadsheet would take for a
/// formula is quoted as text.
pub(super) fn csv(rows: &[Vec<String>]) -> String {
    let mut text = String::from('\u{feff}');
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if is_formula {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

/// The answer that a browser saves as `<name>.csv`.
pub(super) fn csv_answer(name: &'static str, text: String) -> Response {
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    let file = format!("attachment; filename=\"{name}.csv\"");
    let file =
        HeaderValue::from_str(&file).unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CONTENT_DISPOSITION, file),
        ],
        text,
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_formulas_are_text() {
        let row = ["平安,里", "说\"好\"", "=1+1", "5"].map(ToOwned::to_owned);
        assert_eq!(
            csv(&[row.to_vec()]),
            "\u{feff}\"平安,里\",\"说\"\"好\"\"\",'=1+1,5\r\n"
        );
    }
}
