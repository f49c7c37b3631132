//! Writing and reading single records. Each write is one transaction: change,
//! outbox, list row and search index together.

use std::collections::HashSet;

use rusqlite::OptionalExtension as _;
use wangge_model::{
    ActorId, GridId, RecordId, RecordKind, Timestamp,
    document::{AuthoredRecord, FieldEdit, RecordDocument},
    member_move::MemberMove,
};

use super::{
    Store, StoreError, author, columns,
    document::{self, Held, Start},
    draft, grid, incarnation,
    outbox::Status,
    rescue,
};

impl Store {
    /// The actor this phone writes as; [`StoreError::NotEnrolled`] before it
    /// has one.
    pub fn actor(&self) -> Result<ActorId, StoreError> {
        self.read(|db| Ok(author::load_author(db)?.actor))
    }

    /// Every actor this phone ever wrote as.
    pub fn own_actors(&self) -> Result<HashSet<ActorId>, StoreError> {
        self.read(|db| {
            Ok(db
                .prepare_cached("SELECT actor FROM own_actor")?
                .query_map([], |row| columns::actor_id(row.get_ref(0)?.as_blob()?))?
                .collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The kind of a record about to be changed.
    pub fn find_kind(&self, id: RecordId) -> Result<Option<RecordKind>, StoreError> {
        if let Some(kind) = document::kind_of_kept(&self.documents, &id) {
            return Ok(Some(kind));
        }
        self.read_before_write(|db| {
            Ok(db
                .prepare_cached("SELECT kind FROM record WHERE id = ?1")?
                .query_row([id.as_bytes()], |row| columns::record_kind(row.get(0)?))
                .optional()?)
        })
    }

    /// Stores a new record with its first change, and removes the draft it
    /// came from. The edits are normalised already.
    pub fn create_record(
        &self,
        id: RecordId,
        kind: RecordKind,
        grid: GridId,
        edits: &[FieldEdit],
        at: Timestamp,
        draft: Option<RecordId>,
    ) -> Result<(), StoreError> {
        // The dear part, before the writer is taken.
        let author = self.read_before_write(author::load_author)?;
        let new = AuthoredRecord::write(kind, edits, author.actor, at)?;
        let new = new.ok_or(StoreError::Empty)?;
        let entry = self.write(|tx| {
            grid::require_granted(tx, grid, kind)?;
            let mut held = Held::new(id, kind, grid, 0);
            held.heads.clone_from(&new.heads);
            document::insert(tx, &mut held, Start::Change(&new.change), &new.summary)?;
            author::post(tx, &held, &author, &new.change, edits, at)?;
            finish(tx, draft)?;
            Ok(rescue::entry(&held, &author, &new.change, edits, at))
        })?;
        self.copy_to_journal(Some(&entry));
        Ok(())
    }

    /// Changes fields of a record; answers whether anything changed.
    pub fn edit_record(
        &self,
        id: RecordId,
        edits: &[FieldEdit],
        at: Timestamp,
        draft: Option<RecordId>,
    ) -> Result<bool, StoreError> {
        let entry = self.write(|tx| {
            let (mut held, mut document) = self.open_record(tx, id)?;
            grid::require_writable(tx, held.grid, held.kind)?;
            let author = author::load_author(tx)?;
            let change = document.edit(edits, author.actor, at)?;
            if let Some(change) = &change {
                author::record_change(tx, &mut held, &author, change, edits, at)?;
                settle_in(tx, &mut held, &document)?;
                document::keep_open(&self.documents, id, document);
            }
            finish(tx, draft)?;
            Ok(change.map(|change| rescue::entry(&held, &author, &change, edits, at)))
        })?;
        Ok(self.copy_to_journal(entry.as_ref()))
    }

    /// Writes the value chosen for a field with several.
    pub fn settle_conflict(
        &self,
        id: RecordId,
        edit: &FieldEdit,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let edits = std::slice::from_ref(edit);
        let entry = self.write(|tx| {
            let (mut held, mut document) = self.open_record(tx, id)?;
            grid::require_writable(tx, held.grid, held.kind)?;
            let author = author::load_author(tx)?;
            let change = document.settle(edit, author.actor, at)?;
            if let Some(change) = &change {
                author::record_change(tx, &mut held, &author, change, edits, at)?;
                settle_in(tx, &mut held, &document)?;
                document::keep_open(&self.documents, id, document);
            }
            Ok(change.map(|change| rescue::entry(&held, &author, &change, edits, at)))
        })?;
        Ok(self.copy_to_journal(entry.as_ref()))
    }

    /// Moves a person between two households: both records change, or neither.
    pub fn move_member(
        &self,
        step: &MemberMove,
        new_label: impl FnMut() -> String,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let entries = self.write(|tx| {
            let (held_from, from) = self.open_record(tx, step.from)?;
            let (held_to, to) = self.open_record(tx, step.to)?;
            let edits = step.edits(&from.read(), &to.read(), new_label)?;
            let author = author::load_author(tx)?;
            let mut entries = Vec::new();
            for (mut held, mut document, edits) in
                [(held_from, from, edits.from), (held_to, to, edits.to)]
            {
                if let Some(change) = document.edit(&edits, author.actor, at)? {
                    author::record_change(tx, &mut held, &author, &change, &edits, at)?;
                    settle_in(tx, &mut held, &document)?;
                    entries.push(rescue::entry(&held, &author, &change, &edits, at));
                }
            }
            Ok(entries)
        })?;
        for entry in &entries {
            self.copy_to_journal(Some(entry));
        }
        Ok(())
    }

    /// Stores a new incident and, in the record it came from, what names it:
    /// both or neither. The edits are normalised already.
    pub fn create_linked(
        &self,
        incident: RecordId,
        grid: GridId,
        edits: &[FieldEdit],
        from: RecordId,
        link: &[FieldEdit],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let kind = RecordKind::Incident;
        let entries = self.write(|tx| {
            grid::require_granted(tx, grid, kind)?;
            let author = author::load_author(tx)?;
            let mut entries = Vec::new();
            let mut document = RecordDocument::new(kind);
            if let Some(change) = document.edit(edits, author.actor, at)? {
                let mut held = Held::new(incident, kind, grid, 0);
                held.heads = document.heads();
                let summary = document.summary();
                document::insert(tx, &mut held, Start::Change(&change), &summary)?;
                author::post(tx, &held, &author, &change, edits, at)?;
                entries.push(rescue::entry(&held, &author, &change, edits, at));
            }
            let (mut held, mut document) = self.open_record(tx, from)?;
            grid::require_writable(tx, held.grid, held.kind)?;
            if let Some(change) = document.edit(link, author.actor, at)? {
                author::record_change(tx, &mut held, &author, &change, link, at)?;
                settle_in(tx, &mut held, &document)?;
                entries.push(rescue::entry(&held, &author, &change, link, at));
            }
            Ok(entries)
        })?;
        for entry in &entries {
            self.copy_to_journal(Some(entry));
        }
        Ok(())
    }

    /// Takes back the refused changes of a record; what was entered since is
    /// entered again without them. A record of which nothing else is left
    /// goes.
    pub fn discard_refused(&self, id: RecordId) -> Result<(), StoreError> {
        let now = self.options.clock.now();
        self.write(|tx| {
            let mut held = document::find(tx, &id)?.ok_or(StoreError::RecordNotFound(id))?;
            let refused = author::list_edits(tx, held.key, &[Status::Refused])?;
            if refused.is_empty() {
                return Ok(());
            }
            let unsent = author::list_edits(tx, held.key, &[Status::Pending, Status::Waiting])?;
            if held.server_heads.is_none() && unsent.is_empty() {
                return document::remove(tx, held.key);
            }
            // The server has seen the refused numbers: start from fresh ones.
            incarnation::begin(tx, self.options.entropy.as_ref(), now)?;
            let author = author::load_author(tx)?;
            drop_manifest_of(tx, held.key)?;
            author::author_again(tx, &mut held, &author, &unsent, &refused)?;
            Ok(())
        })?;
        self.settle_journal(true)
    }

    /// The record's document, opened; `None` if it is not on this phone.
    pub fn find_document(&self, id: RecordId) -> Result<Option<RecordDocument>, StoreError> {
        self.read(|db| {
            let Some(held) = document::find(db, &id)? else {
                return Ok(None);
            };
            // Whoever looks at it may be about to change it.
            Ok(Some(document::open_to_keep(db, &held, &self.documents)?))
        })
    }

    fn open_record(
        &self,
        tx: &rusqlite::Transaction<'_>,
        id: RecordId,
    ) -> Result<(Held, RecordDocument), StoreError> {
        let held = document::find(tx, &id)?.ok_or(StoreError::RecordNotFound(id))?;
        let document = document::take_kept(tx, &held, &self.documents)?;
        Ok((held, document))
    }
}

fn settle_in(
    tx: &rusqlite::Transaction<'_>,
    held: &mut Held,
    document: &RecordDocument,
) -> Result<(), StoreError> {
    held.heads = document.heads();
    document::compact_if_due(tx, held, document)?;
    document::store(tx, held, Some(&document.summary()))
}

fn finish(tx: &rusqlite::Transaction<'_>, draft: Option<RecordId>) -> Result<(), StoreError> {
    match draft {
        Some(draft) => draft::delete(tx, draft),
        None => Ok(()),
    }
}

/// A manifest that names changes about to be replaced cannot be sent again.
fn drop_manifest_of(tx: &rusqlite::Transaction<'_>, key: i64) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM manifest WHERE counter IN (
             SELECT counter FROM outbox WHERE record = ?1 AND counter IS NOT NULL)",
        [key],
    )?;
    tx.execute(
        "UPDATE outbox SET counter = NULL
         WHERE counter IS NOT NULL AND counter NOT IN (SELECT counter FROM manifest)",
        [],
    )?;
    Ok(())
}
