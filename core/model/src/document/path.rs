//! Names of fields inside a record, e.g. `address.room` or
//! `members.<member id>.phone`.

use std::{borrow::Cow, fmt, str::FromStr};

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::{Deserialize, Serialize};

/// Longest text form of a path, in bytes.
const MAX_BYTES: usize = 200;

/// Between the parts of a path that lies in the root as one key.
const IN_ROOT: &str = "--";

/// The place of one field: one to three names joined by dots. The middle name
/// of three is the id of an entry in a collection.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldPath(String);

/// Text that is not a field path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a field name: {0:?}")]
pub struct InvalidFieldPath(pub String);

impl FieldPath {
    /// Parses and checks a path: 1-3 non-empty parts of letters, digits, `_`
    /// and `-`.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidFieldPath> {
        let text = text.into();
        // Every operation of every change passes here: one look at each byte.
        let (mut parts, mut length) = (1, 0_usize);
        let well_formed = text.len() <= MAX_BYTES
            && text.bytes().all(|byte| {
                if byte == b'.' {
                    parts += 1;
                    return std::mem::take(&mut length) > 0;
                }
                length += 1;
                byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
            })
            && length > 0
            && parts <= 3;
        if well_formed {
            Ok(Self(text))
        } else {
            Err(InvalidFieldPath(text.chars().take(64).collect()))
        }
    }

    /// A field of an entry of a collection, e.g. `members`, id, `name`.
    pub fn entry(collection: &str, id: &impl fmt::Display, field: &str) -> Self {
        Self(format!("{collection}.{id}.{field}"))
    }

    /// The parts, outermost first.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }

    /// The first part.
    pub fn root(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path with an entry's id replaced by `*`, as schema tables and
    /// message files name it.
    pub fn pattern(&self) -> Cow<'_, str> {
        let mut parts = self.parts();
        match (parts.next(), parts.next(), parts.next()) {
            (Some(collection), Some(_), Some(field)) => {
                Cow::Owned([collection, ".*.", field].concat())
            }
            _ => Cow::Borrowed(&self.0),
        }
    }

    /// The root key under which a field without a container lies: a name as it
    /// is, several joined by `--`, e.g. `promises--<id>--text`. `None` for a
    /// path that such a key would not give back.
    pub(super) fn to_root_key(&self) -> Option<String> {
        let key = self.parts().collect::<Vec<_>>().join(IN_ROOT);
        (Self::from_root_key(&key).as_ref() == Some(self)).then_some(key)
    }

    /// The path of the field that lies under this key of the root.
    pub(crate) fn from_root_key(key: &str) -> Option<Self> {
        // A dot of its own would read like a container's field.
        if key.contains('.') {
            return None;
        }
        if !key.contains(IN_ROOT) {
            return Self::new(key).ok();
        }
        let is_plain = |part: &&str| !part.starts_with('-') && !part.ends_with('-');
        let parts: Vec<&str> = key.split(IN_ROOT).collect();
        let text = match parts.as_slice() {
            [_, _] | [_, _, _] if parts.iter().all(is_plain) => parts.join("."),
            _ => key.to_owned(),
        };
        Self::new(text).ok()
    }

    #[cfg(test)]
    /// The path with this text, known to be well-formed because it is written
    /// in the source.
    pub(crate) fn of(text: &'static str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for FieldPath {
    type Err = InvalidFieldPath;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<String> for FieldPath {
    type Error = InvalidFieldPath;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(text)
    }
}

impl From<FieldPath> for String {
    fn from(path: FieldPath) -> Self {
        path.0
    }
}

impl<C> Encode<C> for FieldPath {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for FieldPath {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Self::new(d.str()?).map_err(decode::Error::message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_paths_are_taken_and_others_refused() {
        for good in ["notes", "address.room", "members.0190-ab.name"] {
            assert_eq!(FieldPath::new(good).unwrap().as_str(), good);
        }
        for bad in ["", ".", "a..b", "a.b.c.d", "a b", "姓名", &"x".repeat(300)] {
            assert!(FieldPath::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_field_without_a_container_has_one_key_in_the_root_and_back() {
        for (path, key) in [
            ("ledger", "ledger"),
            ("extra.water_meter", "extra--water_meter"),
            ("promises.0190-ab.text", "promises--0190-ab--text"),
        ] {
            assert_eq!(FieldPath::of(path).to_root_key().as_deref(), Some(key));
            assert_eq!(FieldPath::from_root_key(key), Some(FieldPath::of(path)));
        }
        for path in ["a--b", "a-.b", "a.-b", "a.b--c.d", "a.b.-"] {
            assert_eq!(FieldPath::of(path).to_root_key(), None, "{path}");
        }
        for (key, path) in [("a---b", "a---b"), ("a--b--c--d", "a--b--c--d")] {
            assert_eq!(FieldPath::from_root_key(key), Some(FieldPath::of(path)));
        }
        for key in ["", "a.b", "a--b.c", "姓名", "a--"] {
            let path = FieldPath::from_root_key(key);
            assert!(path.is_none_or(|path| path.as_str() == key), "{key}");
        }
    }

    #[test]
    fn the_pattern_hides_the_entry_id() {
        assert_eq!(
            FieldPath::new("members.12.name").unwrap().pattern(),
            "members.*.name"
        );
        assert_eq!(
            FieldPath::new("address.room").unwrap().pattern(),
            "address.room"
        );
    }
}
