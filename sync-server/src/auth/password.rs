//! Passwords of people who sign in to the console: Argon2id with the least
//! cost OWASP names (19 MiB, two passes, one lane). Owns hashing and
//! verifying. Does not own who may sign in, nor how often one may try.

use std::sync::{Arc, OnceLock};

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::Semaphore;
use wangge_model::Entropy;

/// Memory of one hash, in KiB.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
const PASSES: u32 = 2;
/// Hashes at a time. Each takes 19 MiB and a core for some 30 ms: more at once
/// would let a flood of sign-ins take the server's memory.
const AT_ONCE: usize = 2;
/// Shortest password, in characters (NIST SP 800-63B-4 asks for 15 where the
/// password is the only factor).
pub const SHORTEST: usize = 15;
/// Longest password looked at, in bytes.
pub const LONGEST: usize = 256;

/// Why a password was not hashed or not verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer than [`SHORTEST`] characters.
    #[error("a password has at least {SHORTEST} characters")]
    TooShort,
    /// More than [`LONGEST`] bytes.
    #[error("a password has at most {LONGEST} bytes")]
    TooLong,
    /// The hashing itself failed, e.g. for want of memory.
    #[error("the password could not be hashed: {0}")]
    Hashing(String),
}

/// Hashes a new password; blocks for some 30 ms.
pub fn hash_password(password: &str, entropy: &dyn Entropy) -> Result<String, PasswordError> {
    if password.chars().count() < SHORTEST {
        return Err(PasswordError::TooShort);
    }
    if password.len() > LONGEST {
        return Err(PasswordError::TooLong);
    }
    hash(password, entropy)
}

fn hash(password: &str, entropy: &dyn Entropy) -> Result<String, PasswordError> {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    argon2()?
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| PasswordError::Hashing(error.to_string()))
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None)
        .map_err(|error| PasswordError::Hashing(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Verifies passwords off the async threads and only a few at a time.
#[derive(Debug, Clone)]
pub struct PasswordVerifier {
    places: Arc<Semaphore>,
    entropy: Arc<dyn Entropy>,
    /// The hash an unknown user's password is compared with, so that an answer
    /// takes equally long whether or not there is such a user.
    nobody: Arc<OnceLock<String>>,
}

impl PasswordVerifier {
    /// A verifier that takes its salt for unknown users from `entropy`.
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_ONCE)),
            entropy,
            nobody: Arc::new(OnceLock::new()),
        }
    }

    /// Whether `password` is the one `stored` was made from. Without a stored
    /// hash the same work is done and the answer is no.
    pub async fn verify(
        &self,
        password: String,
        stored: Option<String>,
    ) -> Result<bool, PasswordError> {
        let failed = |error: &dyn std::fmt::Display| PasswordError::Hashing(error.to_string());
        let _place = self
            .places
            .acquire()
            .await
            .map_err(|error| failed(&error))?;
        let nobody = Arc::clone(&self.nobody);
        let entropy = Arc::clone(&self.entropy);
        tokio::task::spawn_blocking(move || -> Result<bool, PasswordError> {
            if password.len() > LONGEST {
                return Ok(false);
            }
            // Made by whoever comes first, known or not, so that the first
            // unknown user does not take longer than others.
            let nobody = if let Some(hash) = nobody.get() {
                hash
            } else {
                let made = hash("nobody has this password", entropy.as_ref())?;
                nobody.get_or_init(|| made)
            };
            let reference = stored.as_ref().unwrap_or(nobody);
            let matches = argon2()?
                .verify_password(password.as_bytes(), reference.as_str())
                .is_ok();
            Ok(matches && stored.is_some())
        })
        .await
        .map_err(|error| failed(&error))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wangge_model::testing::SeededEntropy;

    const GOOD: &str = "four plain words here";

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_is_accepted() {
        let entropy = Arc::new(SeededEntropy::new(1));
        let verifier = PasswordVerifier::new(Arc::<SeededEntropy>::clone(&entropy));
        let hash = hash_password(GOOD, entropy.as_ref()).unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(
            verifier
                .verify(GOOD.to_owned(), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(
            !verifier
                .verify("four plain words".to_owned(), Some(hash))
                .await
                .unwrap()
        );
        assert!(
            !verifier
                .verify("nobody has this password".to_owned(), None)
                .await
                .unwrap()
        );
        assert!(!verifier.verify("x".repeat(10_000), None).await.unwrap());
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        let entropy = SeededEntropy::new(1);
        assert_eq!(
            hash_password("short", &entropy),
            Err(PasswordError::TooShort)
        );
        let long = "长".repeat(100);
        assert_eq!(hash_password(&long, &entropy), Err(PasswordError::TooLong));
        assert!(hash_password("十五个汉字的口令也是可以使用的吧", &entropy).is_ok());
    }

    #[test]
    fn the_same_password_gives_another_hash_each_time() {
        let entropy = SeededEntropy::new(1);
        assert_ne!(hash_password(GOOD, &entropy), hash_password(GOOD, &entropy));
    }
}
