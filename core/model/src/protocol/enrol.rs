//! How a phone becomes a known device, and how it proves to be that device at
//! the start of a session.

use std::fmt::Write as _;

use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use super::{Grants, PublicKey, Signature, to_cbor};
use crate::{DeviceId, Incarnation, PersonId, ServerEpoch, Timestamp};

/// `POST /v1/enrol`: a one-time code and a fresh device key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EnrolRequest {
    /// Protocol version of the phone.
    #[n(0)]
    pub protocol: u32,
    /// The code as typed or scanned; case, spaces and hyphens do not count.
    #[n(1)]
    pub code: String,
    /// The device's public key.
    #[n(2)]
    pub public_key: PublicKey,
    /// This app life.
    #[n(3)]
    pub incarnation: Incarnation,
    /// What the owner calls the phone, e.g. its model name.
    #[n(4)]
    pub device_name: String,
    /// Version of the app, e.g. `0.1.0`.
    #[n(5)]
    pub app_version: String,
    /// Over [`enrol_message`], proving that the key is really there.
    #[n(6)]
    pub signature: Signature,
}

/// The answer to a valid [`EnrolRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EnrolResponse {
    /// The id the server gave this phone.
    #[n(0)]
    pub device: DeviceId,
    /// The person the code was made for.
    #[n(1)]
    pub person: PersonId,
    /// That person's name, to greet with.
    #[n(2)]
    pub person_name: String,
    /// The server's present life.
    #[n(3)]
    pub server_epoch: ServerEpoch,
    /// The key that signs feed pages.
    #[n(4)]
    pub server_key: PublicKey,
    /// Server time at the answer.
    #[n(5)]
    pub time: Timestamp,
    /// A first session, to save a round trip.
    #[n(6)]
    pub session: Session,
    /// What the person may work on.
    #[n(7)]
    pub grants: Grants,
}

/// `POST /v1/session`: answers the challenge of a 401 [`super::Problem`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SessionRequest {
    /// Who asks.
    #[n(0)]
    pub device: DeviceId,
    /// The challenge as received.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub challenge: Vec<u8>,
    /// Over [`session_message`].
    #[n(2)]
    pub signature: Signature,
}

/// A short-lived opaque session of a device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Session {
    /// Sent as `authorization: Bearer …`.
    #[n(0)]
    pub token: String,
    /// When the server stops accepting it.
    #[n(1)]
    pub expires_at: Timestamp,
}

/// What an enrolling device signs: the code, its key and its app life.
pub fn enrol_message(code: &str, key: &PublicKey, incarnation: &Incarnation) -> Vec<u8> {
    let mut digest = Sha256::new();
    digest.update(to_cbor(key));
    digest.update(incarnation.as_bytes());
    digest.update(code.as_bytes());
    [b"wangge/enrol/v1\0".as_slice(), &digest.finalize()].concat()
}

/// What a device signs to open a session.
pub fn session_message(device: &DeviceId, challenge: &[u8]) -> Vec<u8> {
    [
        b"wangge/session/v1\0".as_slice(),
        device.as_bytes(),
        challenge,
    ]
    .concat()
}

/// What the enrolment QR code says: where the server is, which certificate to
/// expect there, and the one-time code. Nothing in it lasts.
///
/// Text form: `wangge://enrol?server=<url>&pin=<hex sha-256>&code=<code>`,
/// where `pin` is absent for plain HTTP on loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentLink {
    /// Base address, e.g. `https://10.1.2.3:8443`.
    pub server: String,
    /// SHA-256 of the server's DER certificate.
    pub pin: Option<[u8; 32]>,
    /// The one-time code.
    pub code: String,
}

/// Text that is not an enrolment link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnrolmentLinkError {
    /// Another scheme or path.
    #[error("not a wangge enrolment link")]
    OtherLink,
    /// A part is missing or malformed.
    #[error("the enrolment link lacks a valid {0}")]
    Missing(&'static str),
}

impl std::fmt::Display for EnrolmentLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "wangge://enrol?server={}", percent_encode(&self.server))?;
        if let Some(pin) = &self.pin {
            write!(f, "&pin={}", hex::encode(pin))?;
        }
        write!(f, "&code={}", percent_encode(&self.code))
    }
}

impl std::str::FromStr for EnrolmentLink {
    type Err = EnrolmentLinkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let query = text
            .trim()
            .strip_prefix("wangge://enrol?")
            .ok_or(EnrolmentLinkError::OtherLink)?;
        let part = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .and_then(|(_, value)| percent_decode(value))
        };
        let server = part("server").ok_or(EnrolmentLinkError::Missing("server"))?;
        if !(server.starts_with("https://") || server.starts_with("http://")) {
            return Err(EnrolmentLinkError::Missing("server"));
        }
        let pin = match part("pin") {
            None => None,
            Some(text) => Some(
                hex::decode(text)
                    .ok()
                    .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
                    .ok_or(EnrolmentLinkError::Missing("pin"))?,
            ),
        };
        let code = part("code").ok_or(EnrolmentLinkError::Missing("code"))?;
        Ok(Self { server, pin, code })
    }
}

fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

fn percent_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let pair = [bytes.next()?, bytes.next()?];
            out.extend(hex::decode(pair).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enrolment_link_round_trips() {
        let link = EnrolmentLink {
            server: "https://10.0.0.1:8443".to_owned(),
            pin: Some([0xab; 32]),
            code: "ABCD-EFGH".to_owned(),
        };
        assert_eq!(link.to_string().parse(), Ok(link));
    }

    #[test]
    fn other_links_and_broken_pins_are_named() {
        assert_eq!(
            "https://example.org".parse::<EnrolmentLink>(),
            Err(EnrolmentLinkError::OtherLink)
        );
        assert_eq!(
            "wangge://enrol?server=http://127.0.0.1:1&pin=zz&code=A".parse::<EnrolmentLink>(),
            Err(EnrolmentLinkError::Missing("pin"))
        );
        assert_eq!(
            "wangge://enrol?server=ftp://x&code=A".parse::<EnrolmentLink>(),
            Err(EnrolmentLinkError::Missing("server"))
        );
    }
}
