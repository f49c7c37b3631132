//! `/people/{id}/card`: somebody's work card, to be printed or shown; and
//! `/public/cards/{number}`, where anybody sees whether it holds, if the
//! deployment has public pages.

use std::fmt::Write as _;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use wangge_model::{
    PersonId,
    message::{Language, message},
    qr_code::{QUIET, QrMatrix},
};

use crate::{
    AppState,
    auth::SignedIn,
    card::{WorkCard, find_card, public_address, spoken},
    console::{
        error::PageError,
        frame::{Frame, render},
        page::Page,
    },
};

#[derive(Template)]
#[template(path = "card.html")]
pub(crate) struct CardPage {
    pub(crate) page: Page,
    pub(crate) card: CardView,
    /// The code that leads to the public page; none if there is none.
    pub(crate) code: Option<CodeView>,
    /// Beginning of the number, for people.
    pub(crate) number: String,
}

#[derive(Template)]
#[template(path = "public_card.html")]
pub(crate) struct PublicCardPage {
    pub(crate) page: Page,
    pub(crate) card: CardView,
    /// When this was looked up.
    pub(crate) at: String,
}

/// A card in words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct CardView {
    pub(crate) name: String,
    /// Role and place.
    pub(crate) places: Vec<(String, String)>,
    pub(crate) is_valid: bool,
}

impl CardView {
    fn new(card: WorkCard, language: Language) -> Self {
        Self {
            is_valid: card.is_valid(),
            name: card.name,
            places: card
                .places
                .into_iter()
                .map(|place| (message(language, &place.role.message_id(), &[]), place.name))
                .collect(),
        }
    }
}

/// A QR code as one path of an SVG, a unit a module.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct CodeView {
    pub(crate) path: String,
    /// Width and height with the white around it.
    pub(crate) size: usize,
}

impl CodeView {
    /// The code of an address; none if it is too long for one.
    pub(crate) fn of(address: &str) -> Option<Self> {
        let code = QrMatrix::of(address)?;
        let width = code.width();
        let mut path = String::new();
        for (place, is_dark) in code.modules().iter().enumerate() {
            if *is_dark {
                let (x, y) = (place % width + QUIET, place / width + QUIET);
                // Writing to a string cannot fail.
                let _ = write!(path, "M{x} {y}h1v1h-1z");
            }
        }
        Some(Self {
            path,
            size: width + 2 * QUIET,
        })
    }
}

/// `GET /people/{id}/card`: one's own, or that of somebody whose staff list one
/// sees.
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let id: PersonId = id.parse().map_err(|_| PageError::NotFound)?;
    let storage = state.storage.as_ref();
    let scope = &signed_in.scope;
    let is_of_team = || async {
        let team = storage.list_team(&scope.person, scope.at).await?;
        Ok::<_, PageError>(team.iter().any(|member| member.assignment.person == id))
    };
    if scope.person != id && !is_of_team().await? {
        return Err(PageError::NotFound);
    }
    let card = find_card(storage, &id, scope.at).await?;
    let card = card.ok_or(PageError::NotFound)?;
    let number = state.card_numbers().await?.number(&id);
    let address = public_address(&state.settings, &card, &number);
    render(&CardPage {
        page: frame.page_for(&signed_in),
        card: CardView::new(card, frame.language),
        code: address.as_deref().and_then(CodeView::of),
        number: spoken(&number),
    })
}

/// `GET /public/cards/{number}`
pub(super) async fn public(
    State(state): State<AppState>,
    frame: Frame,
    Path(number): Path<String>,
) -> Result<Response, PageError> {
    if !state.settings.public_register {
        return Err(PageError::NotFound);
    }
    let storage = state.storage.as_ref();
    let person = state.card_numbers().await?.read(&number);
    let person = person.ok_or(PageError::NotFound)?;
    let now = state.clock.now();
    let card = find_card(storage, &person, now).await?;
    let card = card.ok_or(PageError::NotFound)?;
    render(&PublicCardPage {
        page: frame.page(),
        card: CardView::new(card, frame.language),
        at: now.to_china_text(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_corners_and_white_around() {
        let code = CodeView::of("https://grid.example.org/public/cards/00").unwrap();
        let has = |x: usize, y: usize| code.path.contains(&format!("M{x} {y}h1v1h-1z"));
        let last = code.size - QUIET - 1;
        // The dark outer ring of each finder pattern, and the white inside it.
        for (x, y, dx, dy) in [
            (QUIET, QUIET, 1, 1),
            (last - 6, QUIET, 1, 1),
            (QUIET, last - 6, 1, 1),
        ] {
            assert!(has(x, y) && has(x + 6, y) && has(x, y + 6));
            assert!(!has(x + dx, y + dy));
        }
        assert!(!code.path.contains("M0 ") && !has(QUIET - 1, QUIET));
        assert_eq!(CodeView::of(&"x".repeat(5_000)), None);
    }
}
