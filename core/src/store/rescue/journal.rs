//! The outbox journal: every change this phone has not handed in, a second
//! time, in a file of its own. A page of the database that goes bad then costs
//! nothing that is only here.
//!
//! Written after the commit and *not* forced to the disk: a save stays one
//! fsync. What the journal lacks after a power cut the database has, and it is
//! added at the next opening; losing a change takes a cut *and* a bad page.
//!
//! A file of frames: four letters, length, sealed entry. Each frame stands by
//! itself, so a torn or damaged one costs that one only. The same entry may be
//! there twice; what counts is its change's hash.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use minicbor::{Decode, Encode};
use wangge_model::{
    ChangeHash, Entropy, Incarnation, Timestamp,
    document::FieldEdit,
    fault_point::{self, FailPoint},
    protocol::{PushItem, from_cbor, to_cbor},
};

use super::seal::{OVERHEAD, Sealer};
use crate::store::StoreError;

/// Name of the file.
pub(in crate::store) const FILE: &str = "outbox.journal";
const PURPOSE: &str = "wangge/outbox-journal/v1";
const MAGIC: &[u8; 4] = b"WGJ1";
const HEADER: usize = MAGIC.len() + 4;
/// Longer frames are damage: a change has 64 KiB at most and its edits about
/// as much.
const MOST_BYTES: usize = 1 << 20;

/// One unsent change with all that is needed to send it or to make it again.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(in crate::store) struct Entry {
    /// Record, kind, grid, hash and bytes.
    #[n(0)]
    pub(in crate::store) item: PushItem,
    /// The app life it was made in.
    #[n(1)]
    pub(in crate::store) incarnation: Incarnation,
    /// When.
    #[n(2)]
    pub(in crate::store) at: Timestamp,
    /// What was entered, if it is still known.
    #[n(3)]
    pub(in crate::store) edits: Option<Vec<FieldEdit>>,
}

/// What a journal holds.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Contents {
    /// Its entries, in the order written, each once.
    pub(in crate::store) entries: Vec<Entry>,
    /// Bytes that belong to no whole entry.
    pub(in crate::store) damaged_bytes: u64,
}

/// The journal, open for writing.
pub(in crate::store) struct Journal {
    path: PathBuf,
    sealer: Arc<Sealer>,
    entropy: Arc<dyn Entropy>,
    /// Opened at the first write.
    file: Option<File>,
    length: u64,
    held: HashSet<ChangeHash>,
    /// Whether the file has bytes of no use.
    untidy: bool,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal")
            .field("held", &self.held.len())
            .finish_non_exhaustive()
    }
}

/// Reads a journal; one that is not there is empty.
pub(in crate::store) fn read(directory: &Path, sealer: &Sealer) -> Result<Contents, StoreError> {
    let bytes = match fs::read(directory.join(FILE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let mut contents = Contents::default();
    let mut seen = HashSet::new();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        if let Some((entry, length)) = read_frame(rest, sealer) {
            if seen.insert(entry.item.hash) {
                contents.entries.push(entry);
            }
            rest = rest.get(length..).unwrap_or_default();
            continue;
        }
        // Look for the next beginning of a frame.
        let skip = rest
            .windows(MAGIC.len())
            .skip(1)
            .position(|window| window == MAGIC)
            .map_or(rest.len(), |place| place + 1);
        contents.damaged_bytes += skip as u64;
        rest = rest.get(skip..).unwrap_or_default();
    }
    Ok(contents)
}

fn read_frame(bytes: &[u8], sealer: &Sealer) -> Option<(Entry, usize)> {
    let body = bytes.strip_prefix(MAGIC)?;
    let (length, body) = body.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if !(OVERHEAD..=MOST_BYTES).contains(&length) {
        return None;
    }
    let text = sealer.open(PURPOSE, body.get(..length)?)?;
    Some((from_cbor(&text).ok()?, HEADER + length))
}

impl Journal {
    /// The journal of a directory, with what [`read`] found in it.
    pub(in crate::store) fn new(
        directory: &Path,
        sealer: Arc<Sealer>,
        entropy: Arc<dyn Entropy>,
        contents: &Contents,
    ) -> Self {
        let path = directory.join(FILE);
        let length = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        Self {
            path,
            sealer,
            entropy,
            file: None,
            length,
            held: contents
                .entries
                .iter()
                .map(|entry| entry.item.hash)
                .collect(),
            untidy: contents.damaged_bytes > 0,
        }
    }

    /// Whether it has this change.
    pub(in crate::store) fn holds(&self, hash: &ChangeHash) -> bool {
        self.held.contains(hash)
    }

    fn frame(&self, entry: &Entry) -> Option<Vec<u8>> {
        let sealed = self
            .sealer
            .seal(PURPOSE, self.entropy.as_ref(), &to_cbor(entry))?;
        let length = u32::try_from(sealed.len()).ok()?;
        let mut frame = Vec::with_capacity(HEADER + sealed.len());
        frame.extend_from_slice(MAGIC);
        frame.extend_from_slice(&length.to_le_bytes());
        frame.extend_from_slice(&sealed);
        Some(frame)
    }

    /// Adds a change with one write. A write that fails costs the copy, not
    /// the change, which is committed: [`super::super::Store::settle_journal`]
    /// makes up for it.
    pub(in crate::store) fn append(&mut self, entry: &Entry) {
        if let Err(error) = self.try_append(entry) {
            tracing::warn!(%error, "a change has no copy in the journal for now");
            self.cut_torn_end();
        }
    }

    fn try_append(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let frame = self
            .frame(entry)
            .ok_or_else(|| StoreError::Corrupt("an entry cannot be sealed".to_owned()))?;
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(
                OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&self.path)?,
            ),
        };
        fault_point::reach(FailPoint::PhoneJournalBeforeWrite)?;
        file.write_all(&frame)?;
        fault_point::reach(FailPoint::PhoneJournalWritten)?;
        self.length += frame.len() as u64;
        self.held.insert(entry.item.hash);
        Ok(())
    }

    /// What a failed write left behind is of no use.
    fn cut_torn_end(&mut self) {
        let cut = self
            .file
            .as_ref()
            .is_some_and(|file| file.set_len(self.length).is_ok());
        self.untidy |= !cut;
    }

    /// Brings the file in line with what is unsent, `live`: cut to nothing if
    /// that is nothing, rewritten without the rest if `tidy` or if most of it
    /// is of no use.
    pub(in crate::store) fn shrink(
        &mut self,
        live: &HashSet<ChangeHash>,
        tidy: bool,
    ) -> Result<(), StoreError> {
        if self.held.iter().any(|hash| !live.contains(hash)) {
            fault_point::reach(FailPoint::PhoneJournalBeforeCut)?;
        }
        let dead = self.held.iter().filter(|hash| !live.contains(hash)).count();
        if live.is_empty() {
            if self.length > 0 || self.untidy {
                self.file = None;
                match OpenOptions::new().write(true).open(&self.path) {
                    Ok(file) => file.set_len(0)?,
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(error.into()),
                }
                self.length = 0;
                self.held.clear();
                self.untidy = false;
            }
        } else if self.untidy || (dead > 0 && (tidy || dead * 2 > self.held.len())) {
            self.rewrite(live)?;
        }
        Ok(())
    }

    /// Writes the file anew with the live entries only.
    fn rewrite(&mut self, live: &HashSet<ChangeHash>) -> Result<(), StoreError> {
        let directory = self.path.parent().unwrap_or_else(|| Path::new("."));
        let contents = read(directory, &self.sealer)?;
        let mut bytes = Vec::new();
        let mut held = HashSet::new();
        for entry in &contents.entries {
            if live.contains(&entry.item.hash)
                && let Some(frame) = self.frame(entry)
            {
                bytes.extend_from_slice(&frame);
                held.insert(entry.item.hash);
            }
        }
        super::replace_file(&self.path, &bytes)?;
        self.file = None;
        self.length = bytes.len() as u64;
        self.held = held;
        self.untidy = false;
        Ok(())
    }
}
