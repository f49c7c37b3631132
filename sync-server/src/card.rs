//! Work cards (持工作证上岗): what says at a door that somebody works for the grid,
//! and the number by which anybody can look whether that still holds.
//!
//! A number is the person's id with a keyed hash behind it: it is stored nowhere,
//! nobody can guess one, and it shows no more than the card does. Does not own
//! the pages.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use wangge_model::{PersonId, Role, Timestamp};

use crate::{
    Settings,
    storage::{PersonPosts, Storage, StorageError, StorageResult},
};

/// Bytes of the id and of the hash behind it.
const ID: usize = 16;
const HASH: usize = 16;

/// What a card says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkCard {
    /// Whose.
    pub person: PersonId,
    /// Name.
    pub name: String,
    /// Where they work now, and as what; empty: the card does not hold.
    pub places: Vec<CardPlace>,
}

/// A place somebody works in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardPlace {
    /// The place's name with that of the place above it.
    pub name: String,
    /// As what.
    pub role: Role,
    /// From when on no more, if that is known.
    pub ends_at: Option<Timestamp>,
}

impl WorkCard {
    /// Whether it holds.
    pub fn is_valid(&self) -> bool {
        !self.places.is_empty()
    }
}

/// Makes and reads numbers with the data's secret.
#[derive(Clone)]
pub struct CardNumbers(Hmac<Sha256>);

impl std::fmt::Debug for CardNumbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CardNumbers(…)")
    }
}

impl CardNumbers {
    /// With the secret that is kept with the data.
    pub async fn find(storage: &dyn Storage) -> StorageResult<Self> {
        let secret = storage.find_meta("card_secret").await?;
        let secret = secret.filter(|secret| !secret.is_empty());
        let secret = secret.ok_or(StorageError::Corrupt("card secret"))?;
        let key = Hmac::new_from_slice(&secret);
        key.map(Self)
            .map_err(|_| StorageError::Corrupt("card secret"))
    }

    fn hashed(&self, person: &[u8]) -> Hmac<Sha256> {
        let mut hmac = self.0.clone();
        hmac.update(b"work card");
        hmac.update(person);
        hmac
    }

    /// The number of somebody's card: 64 hexadecimal digits.
    pub fn number(&self, person: &PersonId) -> String {
        let hash = self.hashed(person.as_bytes()).finalize().into_bytes();
        let hash: Vec<u8> = hash.into_iter().take(HASH).collect();
        format!("{}{}", hex::encode(person.as_bytes()), hex::encode(hash))
    }

    /// Whose card has this number; none if nobody's has. Takes the same time
    /// wherever a number is wrong.
    pub fn read(&self, number: &str) -> Option<PersonId> {
        let bytes = hex::decode(number).ok()?;
        let (id, hash) = bytes.split_at_checked(ID)?;
        if hash.len() != HASH {
            return None;
        }
        self.hashed(id).verify_truncated_left(hash).ok()?;
        Some(PersonId::from_bytes(id.try_into().ok()?))
    }
}

/// Somebody's card as it is at `at`; none if there is no such person.
pub async fn find_card(
    storage: &dyn Storage,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<Option<WorkCard>> {
    let Some(posts) = storage.find_posts(person).await? else {
        return Ok(None);
    };
    let PersonPosts { person, posts } = posts;
    let mut places = Vec::new();
    for (assignment, mut line) in posts.into_iter().filter(|_| person.active) {
        let is_ready = person.is_trained(at) || !assignment.role.spec().needs_training;
        if assignment.reserve || !is_ready || !assignment.validity().contains(at) {
            continue;
        }
        let Some(node) = line.pop().filter(|node| node.validity().contains(at)) else {
            continue;
        };
        let above = line.pop().map(|place| place.name).unwrap_or_default();
        places.push(CardPlace {
            name: format!("{above} {}", node.name).trim().to_owned(),
            role: assignment.role,
            ends_at: [assignment.valid_to, node.valid_to]
                .into_iter()
                .flatten()
                .min(),
        });
    }
    places.sort_by(|a, b| (b.role, &a.name).cmp(&(a.role, &b.name)));
    Ok(Some(WorkCard {
        person: person.id,
        name: person.name,
        places,
    }))
}

/// The public page of a card that holds; none if the deployment has no public
/// pages.
pub fn public_address(settings: &Settings, card: &WorkCard, number: &str) -> Option<String> {
    let is_public = settings.public_register && card.is_valid();
    let server = settings.public_url.trim_end_matches('/');
    is_public.then(|| format!("{server}/public/cards/{number}"))
}

/// The part of a number that people read out: the beginning of its hash, because
/// the ids of people begin alike.
pub fn spoken(number: &str) -> String {
    number.chars().skip(2 * ID).take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_its_persons_and_no_other_is_taken() {
        let numbers = |byte: u8| CardNumbers(Hmac::new_from_slice(&[byte; 32]).unwrap());
        let person = PersonId::from_bytes([7; 16]);
        let number = numbers(1).number(&person);
        assert_eq!(number.len(), 64);
        assert_eq!(numbers(1).read(&number), Some(person));
        assert_eq!(numbers(1).read(&number.to_uppercase()), Some(person));
        assert_eq!(numbers(2).read(&number), None, "of another server");
        for place in [0, 31, 32, 63] {
            let mut wrong = number.clone().into_bytes();
            wrong[place] = if wrong[place] == b'0' { b'1' } else { b'0' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert_eq!(numbers(1).read(&wrong), None, "{place}");
        }
        let short: String = number.chars().take(62).collect();
        for none in ["", "07", &short, &format!("{number}00"), "zz"] {
            assert_eq!(numbers(1).read(none), None, "{none:?}");
        }
    }
}
