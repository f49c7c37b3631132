//! What residents report by a code on a wall (随手拍、平安码): codes, tracking codes,
//! limits, and the way of a report into the register.
//!
//! Does not own pages ([`crate::console`]), what is kept ([`crate::storage`]) nor
//! what a report must say ([`wangge_model::resident`]).

mod limits;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use wangge_model::{Entropy, RecordId, resident::ResidentReport};

pub use limits::ResidentLimits;

use crate::{
    AppState,
    enrolment::{ALPHABET, normal_code},
    ingest::outside_report::{self, OutsideReport, OutsideReportError},
    storage::{NewResidentReport, OpenCode, StorageError, StorageResult},
};

/// Characters of a code: 60 random bits.
const CODE_CHARS: usize = 12;

/// A fresh code for a wall.
pub fn make_code(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    letters(u64::from_be_bytes(bytes))
}

/// The lower 60 bits of a number as letters that nobody misreads.
fn letters(number: u64) -> String {
    (0..CODE_CHARS)
        .rev()
        .map(|place| {
            let digit = usize::try_from(number >> (5 * place) & 31).unwrap_or_default();
            ALPHABET.get(digit).copied().map_or('0', char::from)
        })
        .collect()
}

/// A code as it was made, however it is typed; `None` if it is none.
pub fn read_code(text: &str) -> Option<String> {
    // Before anything is copied: an address may be long.
    if text.len() > 3 * CODE_CHARS {
        return None;
    }
    let code = normal_code(text);
    let is_code = code.len() == CODE_CHARS && code.bytes().all(|byte| ALPHABET.contains(&byte));
    is_code.then_some(code)
}

/// A code in groups of four, to be read to somebody.
pub fn grouped(code: &str) -> String {
    let characters: Vec<char> = code.chars().collect();
    let groups: Vec<String> = characters
        .chunks(4)
        .map(|four| four.iter().collect())
        .collect();
    groups.join("-")
}

/// What the database keeps of a tracking code.
pub fn hash_tracking(code: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"tracking");
    hash.update(code);
    hash.finalize().into()
}

/// A form's own mark, so that the same form sent twice is one report.
pub fn make_mark(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    hex::encode(bytes)
}

/// The tracking code of what is sent by a form of this code with this mark:
/// whoever sends it again gets the same, and nobody else can tell it.
async fn derive_tracking(state: &AppState, code: &str, mark: &str) -> StorageResult<String> {
    let secret = state.storage.find_meta("card_secret").await?;
    let secret = secret.filter(|secret| !secret.is_empty());
    let secret = secret.ok_or(StorageError::Corrupt("card secret"))?;
    let mut hmac = Hmac::<Sha256>::new_from_slice(&secret)
        .map_err(|_| StorageError::Corrupt("card secret"))?;
    hmac.update(b"tracking code");
    hmac.update(code.as_bytes());
    hmac.update(mark.as_bytes());
    let hash = hmac.finalize().into_bytes();
    let number = hash
        .iter()
        .take(8)
        .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    Ok(letters(number))
}

/// Files a report that was checked, and answers its tracking code. Durable when
/// it returns. Sent twice it is one report.
pub async fn file(
    state: &AppState,
    code: &str,
    open: &OpenCode,
    report: &ResidentReport,
    mark: &str,
) -> Result<String, OutsideReportError> {
    let tracking = derive_tracking(state, code, mark).await?;
    let at = state.clock.now();
    let new = NewResidentReport {
        record: RecordId::make(state.clock.as_ref(), state.entropy.as_ref()),
        code: code.to_owned(),
        tracking: hash_tracking(&tracking),
        phone: Some(report.phone.clone()).filter(|phone| !phone.is_empty()),
        at,
    };
    // First who is to be told, so that the first step is not missed; should the
    // server stop in between, the same form sent again goes on from here.
    let incident = state.storage.put_resident_report(&new).await?;
    let outside = OutsideReport {
        incident,
        grid: open.grid,
        edits: report.edits(open.place, at),
    };
    outside_report::report(state, outside).await?;
    Ok(tracking)
}

#[cfg(test)]
mod tests {
    use wangge_model::testing::SeededEntropy;

    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = make_code(&SeededEntropy::new(1));
        assert_eq!(code.len(), CODE_CHARS);
        assert_eq!(read_code(&grouped(&code)), Some(code.clone()));
        assert_eq!(read_code(&code.to_lowercase()), Some(code.clone()));
        assert_ne!(make_code(&SeededEntropy::new(2)), code);
        let long = "0".repeat(1 << 20);
        let wide = "零".repeat(12);
        let short: String = code.chars().take(11).collect();
        for none in ["", &short, &long, &wide, "00000000000U", "../../../etc"] {
            assert_eq!(read_code(none), None, "{none:.20}");
        }
    }

    #[test]
    fn every_bit_is_in_a_code() {
        let zero = letters(0);
        for bit in 0..60 {
            assert_ne!(letters(1 << bit), zero, "bit {bit}");
        }
    }
}
