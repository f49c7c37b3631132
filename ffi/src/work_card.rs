//! The own work card (工作证), to be shown at a door.

use wangge_model::{
    message::{Language, message, message_id},
    qr_code::QrMatrix,
};

use crate::{AppError, Core, line::role_name, plan::size, schema::Texts};

/// The card.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct WorkCard {
    /// Name.
    pub name: String,
    /// Its number, for people to read out.
    pub number: String,
    /// Where the person works now, and as what.
    pub places: Vec<WorkCardPlace>,
    /// How it stands. Only a valid one may be shown as such.
    pub standing: CardStanding,
    /// How it stands, in words.
    pub standing_text: Texts,
    /// When the server last confirmed it, in milliseconds since 1970.
    pub confirmed_at_ms: i64,
    /// Until when it can be shown without another sync; nothing unless it is
    /// valid.
    pub valid_until_ms: Option<i64>,
    /// The code that leads to the server's public page; nothing unless the card is
    /// valid and the server has such pages.
    pub code: Option<QrCode>,
}

/// A place on the card.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct WorkCardPlace {
    /// Its name with that of the place above it.
    pub name: String,
    /// As what; nothing for a role this app does not know yet.
    pub role: Option<Texts>,
}

/// How a card stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum CardStanding {
    /// It holds.
    Valid,
    /// The server has not confirmed it for long: sync first.
    Unconfirmed,
    /// The person works nowhere now.
    Ended,
}

/// A QR code, to be drawn dark on white with four modules of white around it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct QrCode {
    /// Modules in a row; as many rows.
    pub width: u32,
    /// Each module row by row from the top left: whether it is dark.
    pub modules: Vec<bool>,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// The person's work card, without a network; nothing if the server never told
    /// of one. Ask again whenever it is shown: it runs out by itself.
    pub async fn work_card(&self) -> Result<Option<WorkCard>, AppError> {
        let card = self.run(wangge_core::Core::work_card).await?;
        Ok(card.map(WorkCard::from))
    }
}

impl From<wangge_core::WorkCard> for WorkCard {
    fn from(card: wangge_core::WorkCard) -> Self {
        let id = message_id("work-card", card.standing.as_str());
        let places = card.places.into_iter().map(|place| WorkCardPlace {
            name: place.name,
            role: place.role.map(role_name),
        });
        Self {
            name: card.name,
            number: card.number,
            places: places.collect(),
            standing: card.standing.into(),
            standing_text: Texts {
                zh: message(Language::Chinese, &id, &[]),
                en: message(Language::English, &id, &[]),
            },
            confirmed_at_ms: card.confirmed_at.as_millis(),
            valid_until_ms: card.valid_until.map(wangge_model::Timestamp::as_millis),
            code: card.code.as_ref().map(QrCode::from),
        }
    }
}

impl From<wangge_core::CardStanding> for CardStanding {
    fn from(standing: wangge_core::CardStanding) -> Self {
        match standing {
            wangge_core::CardStanding::Valid => Self::Valid,
            wangge_core::CardStanding::Unconfirmed => Self::Unconfirmed,
            wangge_core::CardStanding::Ended => Self::Ended,
        }
    }
}

impl From<&QrMatrix> for QrCode {
    fn from(matrix: &QrMatrix) -> Self {
        Self {
            width: size(matrix.width()),
            modules: matrix.modules().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_crosses_as_the_same_matrix() {
        let matrix = QrMatrix::of("https://grid.example.org/public/cards/00").unwrap();
        let code = QrCode::from(&matrix);
        assert_eq!(code.modules.len(), (code.width * code.width) as usize);
        let row = &code.modules[..7];
        assert_eq!(row, [true; 7], "the upper edge of the first finder");
    }
}
