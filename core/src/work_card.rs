//! The own work card (工作证) on the phone. It has to be shown where there is no
//! network, and must not look valid for ever because of that: it holds until the
//! day the server named, and only as long as the server confirmed it lately.
//! Whoever doubts it reads the code with a phone of their own.

use wangge_model::{
    Role, Timestamp,
    protocol::{RosterCard, RosterCardPlace},
    qr_code::QrMatrix,
};

use crate::{Core, Result};

/// How long a card may be shown without a word of the server, in days: a week
/// off the network happens in the mountains. Our own choice; no source gives one.
pub const CONFIRMED_DAYS: i64 = 7;
/// How far behind the server's clock the phone's may be: further, somebody set it
/// back. As far as it may be ahead, see
/// [`wangge_model::protocol::limits::CLOCK_AHEAD_MS`].
const CLOCK_BEHIND_MS: i64 = 24 * 3_600_000;

/// How a card stands. The texts are `work-card-<word>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CardStanding {
    /// It holds.
    Valid,
    /// It may hold, but the server has not confirmed it for long, or the phone's
    /// clock is wrong: sync before showing it.
    Unconfirmed,
    /// The person works nowhere now.
    Ended,
}

impl CardStanding {
    /// All.
    pub const ALL: [Self; 3] = [Self::Valid, Self::Unconfirmed, Self::Ended];

    /// Stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Unconfirmed => "unconfirmed",
            Self::Ended => "ended",
        }
    }
}

/// The card, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkCard {
    /// Name.
    pub name: String,
    /// Beginning of the number, for people to read out.
    pub number: String,
    /// Where the person works now, and as what.
    pub places: Vec<WorkCardPlace>,
    /// How it stands.
    pub standing: CardStanding,
    /// When the server last confirmed it.
    pub confirmed_at: Timestamp,
    /// Until when it can be shown without another word of the server; `None`
    /// unless it is valid.
    pub valid_until: Option<Timestamp>,
    /// The code that leads to the server's public page; `None` unless the card is
    /// valid and the server has such pages.
    pub code: Option<QrMatrix>,
}

/// A place on the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkCardPlace {
    /// Its name with that of the place above it.
    pub name: String,
    /// As what; `None` for a role this app does not know yet.
    pub role: Option<Role>,
}

impl Core {
    /// The person's work card; `None` if the server never told of one.
    pub fn work_card(&self) -> Result<Option<WorkCard>> {
        let Some((roster, confirmed_at)) = self.store.load_roster()? else {
            return Ok(None);
        };
        let now = self.clock.now();
        Ok(roster.card.map(|card| show(card, confirmed_at, now)))
    }
}

/// What a card of the roster is at this moment.
fn show(card: RosterCard, confirmed_at: Timestamp, now: Timestamp) -> WorkCard {
    let places: Vec<&RosterCardPlace> = card
        .places
        .iter()
        .filter(|place| place.ends_at.is_none_or(|ends_at| ends_at > now))
        .collect();
    let fresh_until = confirmed_at.plus_days(CONFIRMED_DAYS);
    let is_set_back = now < confirmed_at.plus_millis(-CLOCK_BEHIND_MS);
    let standing = if places.is_empty() {
        CardStanding::Ended
    } else if is_set_back || now >= fresh_until {
        CardStanding::Unconfirmed
    } else {
        CardStanding::Valid
    };
    let is_valid = standing == CardStanding::Valid;
    // Of several places the last to end; one without an end outlasts all.
    let ends_at = places
        .iter()
        .map(|place| place.ends_at.unwrap_or(fresh_until))
        .max();
    WorkCard {
        valid_until: ends_at
            .filter(|_| is_valid)
            .map(|ends_at| ends_at.min(fresh_until)),
        code: Some(card.address.as_str())
            .filter(|address| is_valid && !address.is_empty())
            .and_then(QrMatrix::of),
        places: places
            .into_iter()
            .map(|place| WorkCardPlace {
                name: place.name.clone(),
                role: place.role.parse().ok(),
            })
            .collect(),
        name: card.name,
        number: card.number,
        standing,
        confirmed_at,
    }
}

#[cfg(test)]
mod tests {
    use wangge_model::message::{Language, find_message, message_id};

    use super::*;

    const CONFIRMED: Timestamp = Timestamp::from_millis(1_767_225_600_000);

    fn after(days: i64) -> Timestamp {
        CONFIRMED.plus_days(days)
    }

    fn card(ends: &[Option<i64>]) -> RosterCard {
        let place = |ends_in: &Option<i64>| RosterCardPlace {
            name: "千佛山社区 第一网格".to_owned(),
            role: "grid_worker".to_owned(),
            ends_at: ends_in.map(after),
        };
        RosterCard {
            name: "李雷".to_owned(),
            number: "01234567".to_owned(),
            address: "https://10.1.2.3:8443/public/cards/0123".to_owned(),
            places: ends.iter().map(place).collect(),
        }
    }

    fn standing(ends: &[Option<i64>], now: Timestamp) -> (CardStanding, Option<Timestamp>) {
        let shown = show(card(ends), CONFIRMED, now);
        let is_valid = shown.standing == CardStanding::Valid;
        assert_eq!(shown.code.is_some(), is_valid, "no code that looks valid");
        (shown.standing, shown.valid_until)
    }

    #[test]
    fn a_card_holds_until_its_day_and_only_if_confirmed_within_a_week() {
        use CardStanding::{Ended, Unconfirmed, Valid};
        let week = after(CONFIRMED_DAYS);
        assert_eq!(standing(&[None], CONFIRMED), (Valid, Some(week)));
        let last = week.plus_millis(-1);
        assert_eq!(standing(&[None], last), (Valid, Some(week)));
        assert_eq!(standing(&[None], week), (Unconfirmed, None));
        // A day the server named comes first.
        assert_eq!(standing(&[Some(3)], after(2)), (Valid, Some(after(3))));
        assert_eq!(standing(&[Some(3)], after(3)), (Ended, None));
        assert_eq!(
            standing(&[Some(3), Some(5)], after(3)),
            (Valid, Some(after(5)))
        );
        assert_eq!(standing(&[Some(3), None], after(4)), (Valid, Some(week)));
        assert_eq!(standing(&[], CONFIRMED), (Ended, None));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_card_valid() {
        let behind = |hours: i64| CONFIRMED.plus_millis(-hours * 3_600_000);
        assert_eq!(standing(&[None], behind(24)).0, CardStanding::Valid);
        assert_eq!(standing(&[None], behind(25)).0, CardStanding::Unconfirmed);
    }

    #[test]
    fn the_code_leads_to_the_public_page_if_there_is_one() {
        let shown = show(card(&[None]), CONFIRMED, CONFIRMED);
        assert_eq!(
            shown.code,
            QrMatrix::of("https://10.1.2.3:8443/public/cards/0123")
        );
        let mut closed = card(&[None]);
        closed.address.clear();
        let shown = show(closed, CONFIRMED, CONFIRMED);
        assert_eq!((shown.standing, shown.code), (CardStanding::Valid, None));
    }

    #[test]
    fn a_role_of_a_newer_server_is_left_open() {
        let mut newer = card(&[None]);
        newer.places[0].role = "star_captain".to_owned();
        let shown = show(newer, CONFIRMED, CONFIRMED);
        assert_eq!(shown.places[0].role, None);
    }

    #[test]
    fn every_standing_has_words() {
        for standing in CardStanding::ALL {
            for language in Language::ALL {
                let id = message_id("work-card", standing.as_str());
                assert!(find_message(language, &id, &[]).is_some(), "{id}");
            }
        }
    }
}
