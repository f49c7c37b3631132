//! How long wrong passwords keep one waiting. Counted per user name, whether
//! or not there is such a user, and per address, so that neither guessing one
//! account nor trying one password on many goes fast.

use wangge_model::Timestamp;

/// Wrong passwords that cost no waiting: typing errors.
const FREE_FOR_ACCOUNT: u32 = 3;
/// The same per address: an office shares one.
const FREE_FOR_ADDRESS: u32 = 20;
/// First wait, in seconds; doubles with each further failure.
const FIRST_WAIT_S: i64 = 5;
/// Longest wait, in seconds.
const LONGEST_WAIT_S: i64 = 900;
/// Wrong passwords in a row after which an account stays closed until its
/// password is set anew (NIST SP 800-63B-4 section 3.2.2).
pub const HARD_STOP: u32 = 100;

/// What failures are counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// One user name.
    Account,
    /// One network address.
    Address,
}

/// When the next attempt is looked at, after `failures` in a row of which the
/// last was at `now`.
pub fn blocked_until(subject: Subject, failures: u32, now: Timestamp) -> Timestamp {
    let free = match subject {
        Subject::Account => FREE_FOR_ACCOUNT,
        Subject::Address => FREE_FOR_ADDRESS,
    };
    match failures.checked_sub(free) {
        None | Some(0) => now,
        Some(over) => {
            let doubled = FIRST_WAIT_S
                .checked_shl(over - 1)
                .filter(|seconds| *seconds > 0);
            let seconds = doubled.unwrap_or(LONGEST_WAIT_S).min(LONGEST_WAIT_S);
            now.plus_millis(seconds * 1_000)
        }
    }
}

/// Whole seconds from `now` until `until`, at least 1.
pub fn seconds_left(until: Timestamp, now: Timestamp) -> i64 {
    (until
        .as_millis()
        .saturating_sub(now.as_millis())
        .saturating_add(999)
        / 1_000)
        .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(subject: Subject, failures: u32) -> i64 {
        blocked_until(subject, failures, Timestamp::from_millis(0)).as_millis() / 1_000
    }

    #[test]
    fn typing_errors_are_free_and_guessing_gets_slow() {
        let waits: Vec<i64> = (0..=8)
            .map(|failures| wait(Subject::Account, failures))
            .collect();
        assert_eq!(waits, [0, 0, 0, 0, 5, 10, 20, 40, 80]);
        assert_eq!(wait(Subject::Account, 99), 900);
        assert_eq!(wait(Subject::Account, u32::MAX), 900);
        assert_eq!(wait(Subject::Address, 20), 0);
        assert_eq!(wait(Subject::Address, 21), 5);
    }

    #[test]
    fn the_wait_is_told_in_whole_seconds() {
        let at = Timestamp::from_millis;
        assert_eq!(seconds_left(at(5_001), at(0)), 6);
        assert_eq!(seconds_left(at(0), at(10)), 1);
    }
}
