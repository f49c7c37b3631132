//! Bodies on the wire: zstd around CBOR, for every message there is. The first
//! byte says whether the rest is a body or CBOR still to be compressed.

use std::{fmt::Debug, path::Path};

use anyhow::{Context as _, ensure};
use wangge_model::protocol::{
    CodecError, EnrolRequest, EnrolResponse, Grants, Problem, Session, SessionRequest,
    SnapshotPage, SyncRequest, SyncResponse, deflate, open, seal,
};

use super::{Target, split};

pub(super) struct Frame;

/// The golden messages of the protocol, as CBOR.
pub(super) fn golden() -> anyhow::Result<Vec<Vec<u8>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/model/vectors/wire");
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let text: String = std::fs::read_to_string(path)?.split_whitespace().collect();
            let digits = text.as_bytes();
            digits
                .chunks(2)
                .map(|pair| {
                    let pair = std::str::from_utf8(pair)?;
                    u8::from_str_radix(pair, 16).context("not hexadecimal")
                })
                .collect()
        })
        .collect()
}

impl Target for Frame {
    fn seeds(&mut self) -> anyhow::Result<Vec<Vec<u8>>> {
        let messages = golden()?;
        Ok(messages
            .iter()
            .flat_map(|cbor| {
                [
                    [&[0], deflate(cbor).as_slice()].concat(),
                    [&[1], cbor.as_slice()].concat(),
                ]
            })
            .collect())
    }

    fn try_input(&mut self, input: &[u8]) -> anyhow::Result<String> {
        let (mode, rest) = split(input);
        let body = if mode & 1 == 0 {
            rest.to_vec()
        } else {
            deflate(rest)
        };
        Ok([
            reads::<SyncRequest>("sync request", &body)?,
            reads::<SyncResponse>("sync answer", &body)?,
            reads::<SnapshotPage>("snapshot", &body)?,
            reads::<EnrolRequest>("enrolment", &body)?,
            reads::<EnrolResponse>("enrolled", &body)?,
            reads::<SessionRequest>("session request", &body)?,
            reads::<Session>("session", &body)?,
            reads::<Grants>("grants", &body)?,
            reads::<Problem>("problem", &body)?,
        ]
        .concat())
    }
}

/// Whatever is read as a message is the same message when it is written and
/// read again.
fn reads<T>(name: &str, body: &[u8]) -> anyhow::Result<String>
where
    T: Debug + minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()>,
{
    match open::<T>(body) {
        Ok(message) => {
            let again: T = open(&seal(&message)).context(format!("{name}: not read again"))?;
            // Compared as text: a float that is not a number equals nothing.
            ensure!(
                format!("{again:?}") == format!("{message:?}"),
                "{name}: another message after writing"
            );
            Ok(format!("{name};"))
        }
        Err(CodecError::Message(_)) => Ok(String::new()),
        Err(error) => Ok(format!("{error};")),
    }
}
