//! How the server says no to a device: a stable code, both languages, and what
//! is needed to go on.

use minicbor::{Decode, Encode};

/// The body of every device answer that is not 2xx.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Problem {
    /// A [`ProblemCode`] in text, so that an old phone can carry a new one.
    #[n(0)]
    pub code: String,
    /// Plain Chinese with the next step.
    #[n(1)]
    pub zh: String,
    /// Plain English with the next step.
    #[n(2)]
    pub en: String,
    /// Wait at least this long before trying again.
    #[n(3)]
    pub retry_after_s: Option<u32>,
    /// With `session_required`: what to sign for a session.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub challenge: Option<Vec<u8>>,
    /// With `manifest_replayed`: the highest counter the server took from this
    /// device; the next manifest must be above it. Absent from servers that do
    /// not say it.
    #[n(5)]
    pub last_counter: Option<u64>,
}

macro_rules! problem_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal;)*) => {
        /// Why a device request as a whole was refused. The texts are
        /// `problem-<code with hyphens>` in the message files.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemCode {
            $($(#[$doc])* $name,)*
        }

        impl ProblemCode {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable text of the code.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status it travels with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The code with this text, if this build knows it.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == text)
            }
        }
    };
}

problem_codes! {
    /// The body is not zstd, not CBOR, or not this message.
    BadRequest = "bad_request", 400;
    /// No session, or an expired one; answer the challenge.
    SessionRequired = "session_required", 401;
    /// The signature over the challenge or enrolment does not match.
    BadSignature = "bad_signature", 401;
    /// The enrolment code is unknown or already used.
    EnrolmentCodeInvalid = "enrolment_code_invalid", 410;
    /// The enrolment code is too old.
    EnrolmentCodeExpired = "enrolment_code_expired", 410;
    /// The device was revoked by an administrator.
    DeviceRevoked = "device_revoked", 403;
    /// No such device.
    DeviceUnknown = "device_unknown", 403;
    /// The person is not (or no longer) active.
    PersonInactive = "person_inactive", 403;
    /// A grid that is not the person's.
    OutOfScope = "out_of_scope", 403;
    /// The manifest's signature does not match its device.
    ManifestSignatureInvalid = "manifest_signature_invalid", 422;
    /// The items are not the ones the manifest was signed for.
    ManifestItemsMismatch = "manifest_items_mismatch", 422;
    /// The manifest names another device.
    ManifestDeviceMismatch = "manifest_device_mismatch", 422;
    /// A manifest counter that was used before with other content.
    ManifestReplayed = "manifest_replayed", 409;
    /// The manifest was signed for another life of the server.
    ServerEpochChanged = "server_epoch_changed", 409;
    /// The phone speaks a protocol this server does not.
    ProtocolUnsupported = "protocol_unsupported", 426;
    /// The body is larger than the limit, compressed or inflated.
    BodyTooLarge = "body_too_large", 413;
    /// More items or cursors than allowed.
    TooManyItems = "too_many_items", 413;
    /// Not a method or path of this server.
    NotFound = "not_found", 404;
    /// Too many attempts; wait.
    TooManyRequests = "too_many_requests", 429;
    /// The server is full or stopping; come back.
    Unavailable = "unavailable", 503;
    /// The device already holds as much in quarantine as it may.
    QuarantineFull = "quarantine_full", 507;
    /// The server failed; nothing was changed.
    Internal = "internal", 500;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        for code in ProblemCode::ALL {
            assert_eq!(ProblemCode::parse(code.as_str()), Some(*code));
        }
        assert_eq!(ProblemCode::parse("?"), None);
    }
}
