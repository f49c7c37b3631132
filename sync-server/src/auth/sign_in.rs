//! Signing in with a user name and a password: counting attempts, verifying,
//! starting a session. Does not own pages.

use std::net::IpAddr;

use wangge_model::{AuditId, PersonId, Timestamp};

use super::{
    AuthState,
    backoff::{self, Subject},
    password::PasswordError,
    session::{self, SessionToken},
};
use crate::storage::{AuditEntry, SignInAttempt, StorageError, StorageResult};

/// An address's failures are forgotten after so long without a further one.
const ADDRESS_MEMORY_MS: i64 = 30 * 60_000;
/// Longest user name looked at, in characters.
const USERNAME_CHARS: usize = 64;

/// What came of an attempt.
#[derive(Debug)]
pub enum SignInOutcome {
    /// Signed in; the token goes into the cookie.
    SignedIn(SessionToken),
    /// No such user, wrong password, or not active: one answer for all.
    Wrong,
    /// Too many attempts; nothing was verified.
    Wait {
        /// Seconds until the next is looked at.
        seconds: i64,
    },
    /// The account is closed until its password is set anew.
    Locked,
}

/// Why an attempt could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Hashing failed.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

/// The form in which user names are stored and compared.
pub fn normalise_username(text: &str) -> String {
    text.trim()
        .to_lowercase()
        .chars()
        .take(USERNAME_CHARS)
        .collect()
}

/// Judges an attempt and starts a session if it is good.
pub async fn sign_in(
    auth: &AuthState,
    address: Option<IpAddr>,
    username: &str,
    password: &str,
) -> Result<SignInOutcome, SignInError> {
    let username = normalise_username(username);
    if let Some(refusal) = count_attempt(auth, address, &username).await? {
        return Ok(refusal);
    }
    let person = auth.storage.find_person_by_username(&username).await?;
    let stored = person
        .as_ref()
        .and_then(|person| person.password_hash.clone());
    let is_right = auth.passwords.verify(password.to_owned(), stored).await?;
    let Some(person) = person.filter(|person| is_right && person.active) else {
        return Ok(SignInOutcome::Wrong);
    };
    auth.storage.put_sign_in_attempt(&username, None).await?;
    let (token, _) = session::start(auth, person.id).await?;
    audit(auth, person.id, "console_signed_in", "", "").await?;
    Ok(SignInOutcome::SignedIn(token))
}

/// Counts an attempt as failed before it is verified, so that many at once are
/// not all verified; a good one forgets the count again. Answers the refusal
/// if it is not to be verified at all.
async fn count_attempt(
    auth: &AuthState,
    address: Option<IpAddr>,
    username: &str,
) -> StorageResult<Option<SignInOutcome>> {
    let _one_at_a_time = auth.attempts.lock().await;
    let now = auth.clock.now();
    let account = auth
        .storage
        .find_sign_in_attempt(username)
        .await?
        .unwrap_or_default();
    if account.failures >= backoff::HARD_STOP {
        return Ok(Some(SignInOutcome::Locked));
    }
    let address_key = address.map(address_key);
    let from_address = match &address_key {
        Some(key) => auth
            .storage
            .find_sign_in_attempt(key)
            .await?
            .unwrap_or_default(),
        None => SignInAttempt::default(),
    };
    let until = account.blocked_until.max(from_address.blocked_until);
    if until > now {
        return Ok(Some(SignInOutcome::Wait {
            seconds: backoff::seconds_left(until, now),
        }));
    }
    let next = counted(Subject::Account, account, now);
    auth.storage
        .put_sign_in_attempt(username, Some(next))
        .await?;
    if let Some(key) = &address_key {
        let is_old = from_address.blocked_until.plus_millis(ADDRESS_MEMORY_MS) < now;
        let known = if is_old {
            SignInAttempt::default()
        } else {
            from_address
        };
        let next = counted(Subject::Address, known, now);
        auth.storage.put_sign_in_attempt(key, Some(next)).await?;
    }
    Ok(None)
}

fn counted(subject: Subject, attempt: SignInAttempt, now: Timestamp) -> SignInAttempt {
    let failures = attempt.failures.saturating_add(1);
    SignInAttempt {
        failures,
        blocked_until: backoff::blocked_until(subject, failures, now),
    }
}

/// Under which name an address is counted: an IPv6 network as one. No user
/// name begins with `@`, so the two never meet.
fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("@{address}"),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("@{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// Notes what a person at the console did.
pub async fn audit(
    auth: &AuthState,
    person: PersonId,
    action: &str,
    target: &str,
    detail: &str,
) -> StorageResult<()> {
    let entry = AuditEntry {
        id: AuditId::make(auth.clock.as_ref(), auth.entropy.as_ref()),
        at: auth.clock.now(),
        person: Some(person),
        device: None,
        action: action.to_owned(),
        target: target.to_owned(),
        detail: detail.to_owned(),
    };
    auth.storage.create_audit(&entry).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_counted_as_one_and_never_as_a_user() {
        let key = |text: &str| address_key(text.parse().unwrap());
        assert_eq!(key("127.0.0.1"), "@127.0.0.1");
        assert_eq!(key("::ffff:127.0.0.1"), "@127.0.0.1");
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(normalise_username(" Demo "), "demo");
    }
}
