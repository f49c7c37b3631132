//! What a phone of protocol version 1 reads in an answer. Frozen: it names no
//! message type of today and only the fields that version needs, and skips
//! whatever it does not know. It is `docs/sync-protocol.md` of that version,
//! written down a second time.

use anyhow::{Context as _, bail, ensure};
use sha2::{Digest as _, Sha256};
use wangge_model::protocol::{Algorithm, PublicKey, Signature};

use crate::tree::Tree;

/// An answer, as far as a phone of version 1 acts on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Problem {
        code: String,
        challenge: bool,
    },
    Enrolled {
        device: String,
        person_name: String,
        epoch: String,
        server_key: String,
        token: String,
        grids: Vec<String>,
    },
    Session {
        token: String,
    },
    Synced(Synced),
    Snapshot {
        grid: String,
        /// Record, kind, heads.
        records: Vec<(String, u64, Vec<String>)>,
        is_last: bool,
    },
    GivenBack {
        taken: u64,
        unproven: u64,
        refused: u64,
    },
}

/// The answer to an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Synced {
    pub(crate) epoch: String,
    pub(crate) receipt: Option<Receipt>,
    pub(crate) pages: Vec<Page>,
    /// Grids of the person, if the answer says.
    pub(crate) grants: Option<Vec<String>>,
    pub(crate) directives: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) counter: u64,
    pub(crate) manifest_digest: String,
    /// One per item.
    pub(crate) verdicts: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) grid: String,
    /// Hashes of changes, own ones too.
    pub(crate) hashes: Vec<String>,
    pub(crate) more: bool,
    pub(crate) has_digest: bool,
}

/// Reads the answer to a request of this path, and checks what a phone checks
/// before it believes it.
pub(crate) fn read(
    path: &str,
    status: u16,
    body: &[u8],
    server_key: &PublicKey,
    epoch: &[u8],
) -> anyhow::Result<Answer> {
    let message = Tree::read(&zstd::stream::decode_all(body)?)?;
    if status != 200 {
        return problem(&message);
    }
    let path = path.split('?').next().unwrap_or_default();
    match path {
        "/v1/enrol" => enrolled(&message),
        "/v1/session" => session(&message),
        "/v1/sync" => Ok(Answer::Synced(synced(&message, server_key)?)),
        "/v1/give-back" => Ok(Answer::GivenBack {
            taken: message.need(1)?.uint()?,
            unproven: message.need(2)?.uint()?,
            refused: message.need(3)?.uint()?,
        }),
        _ if path.ends_with("/snapshot") => snapshot(&message, server_key, epoch),
        _ => bail!("no request of version 1: {path}"),
    }
}

fn problem(message: &Tree) -> anyhow::Result<Answer> {
    for language in [1, 2] {
        ensure!(
            !message.need(language)?.text()?.is_empty(),
            "a refusal without words"
        );
    }
    Ok(Answer::Problem {
        code: message.need(0)?.text()?.to_owned(),
        challenge: message.get(4).map(Tree::bytes).transpose()?.is_some(),
    })
}

fn enrolled(message: &Tree) -> anyhow::Result<Answer> {
    ensure!(message.need(0)?.bytes()?.len() == 16, "a device id");
    Ok(Answer::Enrolled {
        device: message.need(0)?.hex()?,
        person_name: message.need(2)?.text()?.to_owned(),
        epoch: message.need(3)?.hex()?,
        server_key: message.need(4)?.need(1)?.hex()?,
        token: token(message.need(6)?)?,
        grids: grants(message.need(7)?)?,
    })
}

fn session(message: &Tree) -> anyhow::Result<Answer> {
    Ok(Answer::Session {
        token: token(message)?,
    })
}

fn token(session: &Tree) -> anyhow::Result<String> {
    let token = session.need(0)?.text()?;
    ensure!(!token.is_empty(), "an empty token");
    session.need(1)?.uint()?;
    Ok(token.to_owned())
}

fn grants(grants: &Tree) -> anyhow::Result<Vec<String>> {
    ensure!(grants.need(0)?.uint()? > 0, "grants of version 0");
    let grids = grants.need(3)?.items()?.iter().map(|grid| {
        for text in 1..=4 {
            grid.need(text)?.text()?;
        }
        grid.need(0)?.hex()
    });
    grids.collect()
}

fn synced(message: &Tree, server_key: &PublicKey) -> anyhow::Result<Synced> {
    let epoch = message.need(0)?;
    message.need(1)?.uint()?;
    let pages = message.need(3)?.items()?.iter();
    let directives = message.need(5)?.items()?.iter();
    Ok(Synced {
        epoch: epoch.hex()?,
        receipt: message.get(2).map(receipt).transpose()?,
        pages: pages
            .map(|page| self::page(page, server_key, epoch.bytes()?))
            .collect::<anyhow::Result<_>>()?,
        grants: message.get(4).map(grants).transpose()?,
        directives: directives.map(directive).collect::<anyhow::Result<_>>()?,
    })
}

fn receipt(receipt: &Tree) -> anyhow::Result<Receipt> {
    let mut verdicts = Vec::new();
    for run in receipt.need(2)?.items()? {
        let count = run.need(0)?.uint()?;
        ensure!(count > 0, "a run of nothing");
        let verdict = run.need(1)?;
        let fields = verdict.need(1)?;
        let word = match verdict.need(0)?.uint()? {
            0 => {
                fields.need(0)?.uint()?;
                "accepted".to_owned()
            }
            1 => "duplicate".to_owned(),
            2 => {
                fields.need(1)?.text()?;
                format!("quarantined {}", fields.need(0)?.text()?)
            }
            3 => format!("missing_deps {}", fields.need(0)?.items()?.len()),
            4 => "actor_fork".to_owned(),
            5 => "erased".to_owned(),
            6 => format!("stale_record_epoch {}", fields.need(0)?.uint()?),
            other => bail!("a phone of version 1 knows no verdict {other}"),
        };
        verdicts.extend((0..count).map(|_| word.clone()));
    }
    Ok(Receipt {
        counter: receipt.need(0)?.uint()?,
        manifest_digest: receipt.need(1)?.hex()?,
        verdicts,
    })
}

fn directive(directive: &Tree) -> anyhow::Result<String> {
    let fields = directive.need(1)?;
    Ok(match directive.need(0)?.uint()? {
        0 => format!("bootstrap {}", fields.need(0)?.hex()?),
        1 => format!("digest_mismatch {}", fields.need(0)?.hex()?),
        2 => "reoffer".to_owned(),
        3 => {
            fields.need(0)?.text()?;
            "upgrade".to_owned()
        }
        4 => format!("grid_lost {}", fields.need(0)?.hex()?),
        other => bail!("a phone of version 1 knows no directive {other}"),
    })
}

fn page(page: &Tree, server_key: &PublicKey, epoch: &[u8]) -> anyhow::Result<Page> {
    let grid = page.need(0)?;
    let (after, to) = (page.need(1)?.uint()?, page.need(2)?.uint()?);
    let mut places = 0;
    let mut has_change = false;
    let mut hashes = Vec::new();
    let mut signed = Sha256::new();
    for entry in page.need(3)?.items()? {
        let fields = entry.need(1)?;
        match entry.need(0)?.uint()? {
            0 => {
                let frame = fields.need(0)?;
                let (hash, change) = (frame.need(3)?, frame.need(4)?.bytes()?);
                let hashed = Sha256::digest(change.get(8..).context("a short change")?);
                ensure!(
                    hashed.as_slice() == hash.bytes()?,
                    "a change of another hash"
                );
                frame.need(1)?.uint()?;
                frame.need(2)?.uint()?;
                signed.update(frame.need(0)?.bytes()?);
                signed.update(hash.bytes()?);
                hashes.push(hash.hex()?);
                has_change = true;
                places += 1;
            }
            1 => {
                signed.update(fields.need(0)?.bytes()?);
                signed.update(fields.need(1)?.bytes()?);
                hashes.push(fields.need(1)?.hex()?);
                places += 1;
            }
            2 => {
                let count = fields.need(0)?.uint()?;
                signed.update(u32::try_from(count)?.to_be_bytes());
                places += count;
            }
            other => bail!("a phone of version 1 knows no feed entry {other}"),
        }
    }
    ensure!(after + places == to, "a page with a gap");
    if has_change {
        let message = [
            b"wangge/feed/v1\0".as_slice(),
            epoch,
            grid.bytes()?,
            &after.to_be_bytes(),
            &to.to_be_bytes(),
            &signed.finalize(),
        ];
        check_signature(page.need(6)?, &message.concat(), server_key)?;
    }
    Ok(Page {
        grid: grid.hex()?,
        hashes,
        more: page.need(4)?.flag()?,
        has_digest: page.get(5).is_some(),
    })
}

fn snapshot(message: &Tree, server_key: &PublicKey, epoch: &[u8]) -> anyhow::Result<Answer> {
    let grid = message.need(0)?;
    let as_of = message.need(1)?.uint()?;
    message.need(4)?.uint()?;
    let mut records = Vec::new();
    let mut signed = Sha256::new();
    for entry in message.need(2)?.items()? {
        let heads = entry.need(3)?.items()?;
        let kind = entry.need(2)?.uint()?;
        let moves = entry.get(6).map_or(Ok(0), Tree::uint)?;
        signed.update(entry.need(0)?.bytes()?);
        signed.update(u32::try_from(entry.need(1)?.uint()?)?.to_be_bytes());
        signed.update([u8::try_from(kind)?]);
        signed.update(u32::try_from(moves)?.to_be_bytes());
        signed.update(u32::try_from(heads.len())?.to_be_bytes());
        for head in heads {
            signed.update(head.bytes()?);
        }
        // The list row is shown as it is; the document is opened later.
        entry.need(5)?;
        let document = automerge::Automerge::load(entry.need(4)?.bytes()?)?;
        let mut held: Vec<String> = document.get_heads().iter().map(hex::encode).collect();
        held.sort();
        let heads: Vec<String> = heads.iter().map(Tree::hex).collect::<anyhow::Result<_>>()?;
        ensure!(held == heads, "a document with other heads");
        records.push((entry.need(0)?.hex()?, kind, heads));
    }
    let message_signed = [
        b"wangge/snapshot/v1\0".as_slice(),
        epoch,
        grid.bytes()?,
        &as_of.to_be_bytes(),
        &signed.finalize(),
    ];
    check_signature(message.need(5)?, &message_signed.concat(), server_key)?;
    Ok(Answer::Snapshot {
        grid: grid.hex()?,
        records,
        is_last: message.get(3).is_none(),
    })
}

fn check_signature(signature: &Tree, message: &[u8], key: &PublicKey) -> anyhow::Result<()> {
    ensure!(signature.need(0)?.uint()? == 1, "another algorithm");
    let signature = Signature {
        algorithm: Algorithm::EcdsaP256Sha256,
        bytes: signature.need(1)?.bytes()?.to_vec(),
    };
    Ok(key.verify(message, &signature)?)
}
