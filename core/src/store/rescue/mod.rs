//! What makes a damaged database file cost nothing that is only on this phone.
//!
//! * [`journal`]: a second copy of everything unsent.
//! * [`identity`]: a second copy of who this phone is.
//! * [`salvage`](mod@salvage): what can still be read of a damaged file.
//! * [`refill`](mod@refill): unsent changes back into a database.
//!
//! The damaged file is set aside under a telling name and never deleted; a new
//! one takes its place, and what the server has comes back with the next sync.

pub(super) mod identity;
pub(super) mod journal;
mod refill;
mod salvage;
pub(super) mod seal;

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, MutexGuard, PoisonError, atomic::Ordering},
};

use rusqlite::{OptionalExtension as _, Transaction, params};
use wangge_model::{ChangeHash, Timestamp, document::FieldEdit, protocol::PushItem};

use super::{
    Store, StoreError, StoreOptions, StoreParts, columns,
    connection::{Connections, DATABASE, OldLog},
    document, draft, incarnation, outbox, roll_call,
};
use identity::{Found, Identity};
use journal::{Contents, Entry, Journal};
use seal::Sealer;

/// What SQLite keeps beside a database file.
const SUFFIXES: [&str; 2] = ["-wal", "-shm"];
/// Name of a new database that is complete and waits to take its place.
const READY: &str = "wangge.db.ready";

/// Damage that was made good, for the person to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// When it was noticed.
    pub at: Timestamp,
    /// Name of the damaged file, which was kept beside the new one; none if
    /// the file was gone, or only its latest part was lost.
    pub file: Option<String>,
    /// Unsent changes that were kept.
    pub unsent: u64,
    /// Records with unsent changes whose older part comes with the next sync.
    pub incomplete: u64,
}

/// The files beside the database, open.
#[derive(Debug)]
pub(super) struct Beside {
    pub(super) sealer: Arc<Sealer>,
    pub(super) journal: Journal,
    /// As last written.
    identity: Option<Identity>,
}

/// What those files hold when a store is opened.
pub(super) struct Copies {
    sealer: Arc<Sealer>,
    contents: Contents,
    found: Found,
}

impl Copies {
    pub(super) fn read(options: &StoreOptions) -> Result<Self, StoreError> {
        let sealer = Arc::new(Sealer::new(&options.key));
        Ok(Self {
            contents: journal::read(&options.directory, &sealer)?,
            found: identity::read(&options.directory, &sealer)?,
            sealer,
        })
    }

    /// Whether they prove that the key is the right one.
    fn vouch_for_the_key(&self) -> bool {
        matches!(self.found, Found::Identity(_)) || !self.contents.entries.is_empty()
    }

    /// Whether there must have been a database.
    fn expect_a_database(&self) -> bool {
        !self.contents.entries.is_empty()
            || matches!(&self.found, Found::Identity(identity) if identity.is_enrolled())
    }

    pub(super) const fn contents(&self) -> &Contents {
        &self.contents
    }

    fn identity(&self) -> Option<&Identity> {
        match &self.found {
            Found::Identity(identity) => Some(identity),
            Found::Nothing | Found::Sealed => None,
        }
    }

    pub(super) fn into_beside(self, options: &StoreOptions) -> Beside {
        let identity = match self.found {
            Found::Identity(identity) => Some(*identity),
            Found::Nothing | Found::Sealed => None,
        };
        Beside {
            journal: Journal::new(
                &options.directory,
                Arc::clone(&self.sealer),
                Arc::clone(&options.entropy),
                &self.contents,
            ),
            sealer: self.sealer,
            identity,
        }
    }
}

/// Opens the database, or a new one in place of a damaged one.
pub(super) fn open(
    options: &StoreOptions,
    parts: StoreParts,
    copies: Option<&Copies>,
) -> Result<Connections, StoreError> {
    let path = options.directory.join(DATABASE);
    let open = || Connections::open(&path, options.key.clone(), parts);
    let Some(copies) = copies else {
        return open();
    };
    finish_replacement(&options.directory)?;
    let length = fs::metadata(&path).map_or(0, |metadata| metadata.len());
    let reason = if length == 0 && copies.expect_a_database() {
        "the file is gone".to_owned()
    } else {
        match open() {
            Err(StoreError::FileDamaged(reason)) => reason,
            Err(StoreError::WrongKey) if copies.vouch_for_the_key() => "the first page".to_owned(),
            other => return other,
        }
    };
    rebuild(options, parts, copies, &reason)?;
    open()
}

/// Puts a new database in place of the damaged one. May break off anywhere:
/// until the new one is ready the old file is where it was, and from then on
/// [`finish_replacement`] does what is left.
fn rebuild(
    options: &StoreOptions,
    parts: StoreParts,
    copies: &Copies,
    reason: &str,
) -> Result<(), StoreError> {
    tracing::error!(reason, "the database is damaged and is being replaced");
    let directory = &options.directory;
    let path = directory.join(DATABASE);
    let now = options.clock.now();
    let is_there = fs::metadata(&path).is_ok_and(|metadata| metadata.len() > 0);
    let salvaged = if is_there {
        salvage::salvage(&path, &options.key, parts.vfs, &copies.contents.entries)
    } else {
        salvage::Salvage::default()
    };
    let aside = aside_name(directory, now);
    let building = directory.join(format!("{DATABASE}.new"));
    remove_database(&building)?;
    {
        let new = Connections::open(&building, options.key.clone(), parts)?;
        let token = incarnation::make_token(directory, options.entropy.as_ref())?;
        new.write(|tx| {
            incarnation::install(tx, options.entropy.as_ref(), token)?;
            fill(
                tx,
                copies,
                salvaged,
                now,
                is_there.then_some(&aside),
                reason,
            )
        })?;
        new.checkpoint(OldLog::Cut)?;
    }
    File::open(&building)?.sync_all()?;
    fs::rename(&building, directory.join(READY))?;
    if is_there {
        fs::rename(&path, directory.join(&aside))?;
    }
    put_in_place(directory, &aside)
}

/// Goes on with a replacement that broke off once the new file was ready.
fn finish_replacement(directory: &Path) -> Result<(), StoreError> {
    let ready = directory.join(READY);
    if !ready.exists() {
        return Ok(());
    }
    if directory.join(DATABASE).exists() {
        // The old file was not moved yet; should it still be damaged, it will
        // be noticed again.
        fs::remove_file(ready)?;
        return Ok(());
    }
    put_in_place(directory, &format!("{DATABASE}.damaged"))
}

fn put_in_place(directory: &Path, aside: &str) -> Result<(), StoreError> {
    for suffix in SUFFIXES {
        let (from, to) = (format!("{DATABASE}{suffix}"), format!("{aside}{suffix}"));
        rename_if_there(&directory.join(from), &directory.join(to))?;
    }
    fs::rename(directory.join(READY), directory.join(DATABASE))?;
    sync_directory(directory)
}

/// Brings everything that is known into a new database.
fn fill(
    tx: &Transaction<'_>,
    copies: &Copies,
    salvaged: salvage::Salvage,
    now: Timestamp,
    file: Option<&String>,
    reason: &str,
) -> Result<(), StoreError> {
    // The database's own word is newer, if it could be read.
    let read = salvaged.identity.filter(Identity::is_enrolled);
    if let Some(identity) = read.as_ref().or(copies.identity()) {
        identity.enter(tx)?;
    }
    incarnation::remember_actor(tx, now)?;
    for draft in &salvaged.drafts {
        draft::save(tx, draft)?;
    }
    for answer in &salvaged.roll_answers {
        roll_call::save(tx, answer)?;
    }
    for (record, hash, at) in &salvaged.erased {
        tx.execute(
            "INSERT OR IGNORE INTO erased (record, hash, at) VALUES (?1, ?2, ?3)",
            params![record, hash, at],
        )?;
    }
    let mut entries = salvaged.entries;
    entries.extend(copies.contents.entries.iter().cloned());
    let refilled = refill::refill(tx, entries, &salvaged.documents)?;
    note(tx, now, file.map(String::as_str), reason, refilled)
}

fn note(
    tx: &Transaction<'_>,
    now: Timestamp,
    file: Option<&str>,
    reason: &str,
    refilled: refill::Refilled,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO recovery (at, file, reason, unsent, incomplete) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            now.as_millis(),
            file,
            reason,
            columns::signed(refilled.changes),
            columns::signed(refilled.incomplete)
        ],
    )?;
    Ok(())
}

impl Store {
    /// Damage that was made good and that nobody was told of yet.
    pub fn find_recovery(&self) -> Result<Option<Recovery>, StoreError> {
        self.read(|db| {
            Ok(db
                .query_row(
                    "SELECT max(at), (SELECT file FROM recovery WHERE seen = 0 AND file IS NOT NULL
                                      ORDER BY id DESC LIMIT 1),
                         sum(unsent), sum(incomplete)
                     FROM recovery WHERE seen = 0 HAVING count(*) > 0",
                    [],
                    |row| {
                        Ok(Recovery {
                            at: Timestamp::from_millis(row.get(0)?),
                            file: row.get(1)?,
                            unsent: columns::unsigned(row.get(2)?),
                            incomplete: columns::unsigned(row.get(3)?),
                        })
                    },
                )
                .optional()?)
        })
    }

    /// The person was told.
    pub fn acknowledge_recovery(&self) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute("UPDATE recovery SET seen = 1 WHERE seen = 0", [])?;
            Ok(())
        })
    }

    /// Copies a change just committed into the journal; answers whether there
    /// was one.
    pub(super) fn copy_to_journal(&self, entry: Option<&Entry>) -> bool {
        if let (Some(entry), Some(beside)) = (entry, self.beside().as_mut()) {
            beside.journal.append(entry);
        }
        entry.is_some()
    }

    /// Brings journal and database in line: what the database lost comes back,
    /// what the journal lacks is added, what was handed in is cut off.
    pub(super) fn settle_journal(&self, tidy: bool) -> Result<(), StoreError> {
        let (opened, result) = {
            // Held throughout: a change saved meanwhile is appended afterwards.
            let mut beside = self.beside();
            let Some(beside) = beside.as_mut() else {
                return Ok(());
            };
            let file = self.file.read().unwrap_or_else(PoisonError::into_inner);
            (*file, self.try_settle_journal(beside, tidy))
        };
        self.note_damage(opened, result)
    }

    fn try_settle_journal(&self, beside: &mut Beside, tidy: bool) -> Result<(), StoreError> {
        let (entries, live, identity) = self.connections.read_before_write(|db| {
            let unsent = outbox::list_unsettled(db)?;
            let entries = outbox::load_entries(db, &unsent, &beside.journal, &self.documents)?;
            let live: HashSet<ChangeHash> = unsent.into_iter().map(|(_, hash)| hash).collect();
            Ok((entries, live, Identity::load(db)?))
        })?;
        for entry in &entries {
            beside.journal.append(entry);
        }
        beside.journal.shrink(&live, tidy)?;
        if beside.identity.as_ref() != Some(&identity) {
            identity::write(
                &self.options.directory,
                &beside.sealer,
                self.options.entropy.as_ref(),
                &identity,
            )?;
            beside.identity = Some(identity);
        }
        Ok(())
    }

    /// Unsent changes that the journal has and the database does not: a part
    /// of its log was lost. They come back, and because numbers may be taken
    /// that the database knows nothing of, a new app life begins.
    pub(super) fn take_from_journal(&self, contents: &Contents) -> Result<(), StoreError> {
        if contents.entries.is_empty() {
            return Ok(());
        }
        let now = self.options.clock.now();
        self.write(|tx| {
            let entries = contents.entries.iter().cloned();
            let refilled = refill::refill(tx, entries, &HashMap::new())?;
            if refilled.changes > 0 {
                tracing::error!(changes = refilled.changes, "the database had lost its end");
                incarnation::begin(tx, self.options.entropy.as_ref(), now)?;
                note(tx, now, None, "the latest changes were missing", refilled)?;
            }
            Ok(())
        })
    }

    /// Replaces the database file while the store is open; answers
    /// [`StoreError::Rebuilt`] if that went well. `opened` is the file's number
    /// when the damage was met: somebody else may have replaced it since.
    pub(super) fn replace_damaged(&self, opened: u64, reason: &str) -> StoreError {
        match self.try_replace_damaged(opened, reason) {
            Ok(()) => StoreError::Rebuilt,
            Err(error) => error,
        }
    }

    fn try_replace_damaged(&self, opened: u64, reason: &str) -> Result<(), StoreError> {
        {
            let mut beside = self.beside();
            if beside.is_none() {
                return Err(StoreError::FileDamaged(reason.to_owned()));
            }
            let mut file = self.file.write().unwrap_or_else(PoisonError::into_inner);
            if *file != opened {
                return Ok(());
            }
            let copies = Copies::read(&self.options)?;
            self.connections
                .replace(|| rebuild(&self.options, self.parts, &copies, reason))?;
            *beside = Some(copies.into_beside(&self.options));
            *file += 1;
            // The new file counts from the start; not known until `claim`.
            self.generation.store(0, Ordering::SeqCst);
        }
        self.claim()?;
        self.settle_journal(true)?;
        self.checkpoint(OldLog::Kept)
    }

    fn beside(&self) -> MutexGuard<'_, Option<Beside>> {
        self.beside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A journal entry of a change just made.
pub(super) fn entry(
    held: &document::Held,
    author: &super::author::Author,
    change: &wangge_model::document::LocalChange,
    edits: &[FieldEdit],
    at: Timestamp,
) -> Entry {
    Entry {
        item: PushItem {
            record: held.id,
            record_epoch: held.record_epoch,
            kind: held.kind,
            grid: held.grid,
            hash: change.hash,
            change: change.bytes.clone(),
        },
        incarnation: author.incarnation,
        at,
        edits: Some(edits.to_vec()),
    }
}

fn aside_name(directory: &Path, now: Timestamp) -> String {
    let name = format!("{DATABASE}.damaged-{}", now.as_millis());
    let mut free = name.clone();
    let mut number = 1_u32;
    while directory.join(&free).exists() {
        number += 1;
        free = format!("{name}-{number}");
    }
    free
}

fn remove_database(path: &Path) -> Result<(), StoreError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(PathBuf::from(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

fn rename_if_there(from: &Path, to: &Path) -> Result<(), StoreError> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes a file in one step: whoever reads it finds the old or the new bytes.
pub(super) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let partial = path.with_extension("partial");
    let mut file = File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    path.parent().map_or(Ok(()), sync_directory)
}

/// Makes renames in a directory durable.
fn sync_directory(directory: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    Ok(())
}
