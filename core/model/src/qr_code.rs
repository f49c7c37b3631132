//! QR codes as what is dark and what is light, so that the console and both phones
//! draw the same one. Does not own how it is drawn.

use qrcode::{Color, EcLevel, QrCode};

/// Modules of white around a code, as its standard asks (ISO/IEC 18004).
pub const QUIET: usize = 4;

/// A code: a square of modules, without the white around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrMatrix {
    width: usize,
    dark: Vec<bool>,
}

impl QrMatrix {
    /// The code of a text, with the second lowest correction (M, 15 percent);
    /// `None` if the text is too long for one.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        Some(Self {
            width: code.width(),
            dark: code
                .to_colors()
                .into_iter()
                .map(|color| color == Color::Dark)
                .collect(),
        })
    }

    /// Modules in a row; as many rows as columns.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Every module, row by row from the top, each from the left: whether it is
    /// dark.
    pub fn modules(&self) -> &[bool] {
        &self.dark
    }

    /// Whether the module in this column and row is dark; outside, none is.
    pub fn is_dark(&self, column: usize, row: usize) -> bool {
        column < self.width
            && self
                .dark
                .get(row * self.width + column)
                .copied()
                .unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_a_square_with_three_finders() {
        let code = QrMatrix::of("https://grid.example.org/public/cards/00").unwrap();
        let last = code.width() - 1;
        assert_eq!(code.modules().len(), code.width() * code.width());
        for (x, y) in [(0, 0), (last - 6, 0), (0, last - 6)] {
            assert!(code.is_dark(x, y) && code.is_dark(x + 6, y) && code.is_dark(x, y + 6));
            assert!(!code.is_dark(x + 1, y + 1) && code.is_dark(x + 3, y + 3));
        }
        assert!(!code.is_dark(code.width(), 0) && !code.is_dark(0, code.width()));
        assert_eq!(QrMatrix::of(&"x".repeat(5_000)), None);
        assert_eq!(QrMatrix::of("a"), QrMatrix::of("a"), "the same everywhere");
    }
}
