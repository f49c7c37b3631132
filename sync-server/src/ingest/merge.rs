//! Merging duplicates: the mark of the alias, and its changes over to the record
//! it stands for, now and whenever the alias changes later. What comes over, and
//! how it is taken back, is the model's ([`wangge_model::merge`]); this is when,
//! by whom, and both records in one commit.
//!
//! See docs/adr/0028.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use wangge_model::{
    ActorId, ChangeHash, FieldPath, FieldValue, PersonId, RecordId, Timestamp,
    access::{Act, Data},
    document::{DocumentError, EditError, FieldEdit, RecordDocument},
    merge::{self, Absorbed, Landing, Merged},
};

use crate::{
    AppState,
    auth::Scope,
    storage::{
        Alias, Authorship, ChangeBy, Commit, CommitHooks, NewChange, RecordWork, StorageError,
        StorageResult, StoredRecord,
    },
};

/// How often a step is computed anew when somebody writes in between.
const TRIES: u32 = 8;

/// Why two records were not merged or parted; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// No such record in scope.
    #[error("there is no such record")]
    NotFound,
    /// The person does not decide on what others wrote in one of the grids.
    #[error("merging is not allowed there")]
    Forbidden,
    /// Both are one record, or one stands for the other already.
    #[error("both are the same record")]
    Same,
    /// Two kinds, or a kind that is not merged.
    #[error("records of these kinds are not merged")]
    OtherKind,
    /// The record was merged into another before.
    #[error("the record is merged already")]
    Merged,
    /// The record is not merged.
    #[error("the record is not merged")]
    NotMerged,
    /// The value to choose is no longer there.
    #[error("the value to choose is no longer there")]
    Gone,
    /// A value may not be written, or the record is full.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// A stored document cannot be read.
    #[error(transparent)]
    Unreadable(#[from] DocumentError),
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl MergeError {
    /// Every code, so that a test can hold the message files to them.
    pub const CODES: [&'static str; 8] = [
        "not_found",
        "forbidden",
        "same",
        "other_kind",
        "merged",
        "not_merged",
        "gone",
        "edit",
    ];

    /// Stable code; its texts are `merge-<code>` in the message files. `None`
    /// where the server is at fault.
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::NotFound => Some("not_found"),
            Self::Forbidden => Some("forbidden"),
            Self::Same => Some("same"),
            Self::OtherKind => Some("other_kind"),
            Self::Merged => Some("merged"),
            Self::NotMerged => Some("not_merged"),
            Self::Gone => Some("gone"),
            Self::Edit(_) => Some("edit"),
            Self::Unreadable(_) | Self::Storage(_) => None,
        }
    }
}

/// Who writes, and when.
#[derive(Debug, Clone, Copy)]
struct Pen {
    actor: ActorId,
    at: Timestamp,
    by: ChangeBy,
}

impl Pen {
    fn of(state: &AppState, by: ChangeBy) -> Self {
        Self {
            actor: state.identity.actor,
            at: state.clock.now(),
            by,
        }
    }
}

/// A record that is being written.
struct Sheet {
    stored: StoredRecord,
    document: RecordDocument,
    changes: Vec<NewChange>,
}

impl Sheet {
    fn open(stored: StoredRecord) -> Result<Self, DocumentError> {
        let document = RecordDocument::load(stored.kind, Some(&stored.document), [])?;
        Ok(Self {
            stored,
            document,
            changes: Vec::new(),
        })
    }

    fn write(
        &mut self,
        pen: Pen,
        fields: &[FieldEdit],
        marks: &[FieldEdit],
    ) -> Result<(), EditError> {
        let fields = self.document.edit(fields, pen.actor, pen.at)?;
        let marks = self.document.edit_as_server(marks, pen.actor, pen.at)?;
        for change in fields.into_iter().chain(marks) {
            self.changes.push(NewChange::written(
                u32::try_from(self.changes.len()).unwrap_or(u32::MAX),
                change,
                pen.actor,
                pen.by,
            ));
        }
        Ok(())
    }

    fn land(&mut self, pen: Pen, alias: &Self) -> Result<(), EditError> {
        let Landing { fields, marks } =
            merge::land(&self.document.read(), alias.stored.id, &alias.document);
        self.write(pen, &fields, &marks)
    }

    fn into_work(self) -> Option<RecordWork> {
        (!self.changes.is_empty())
            .then(|| RecordWork::onto(&self.stored, &self.document, self.changes))
    }
}

/// Both records are as they were read, or nothing is written.
#[derive(Debug)]
struct AsRead;

impl CommitHooks for AsRead {
    fn rework(&self, _: &RecordWork, _: &StoredRecord) -> StorageResult<RecordWork> {
        Err(StorageError::Changed)
    }
}

async fn commit(
    state: &AppState,
    pen: Pen,
    person: PersonId,
    works: Vec<RecordWork>,
) -> Result<(), MergeError> {
    if works.is_empty() {
        return Ok(());
    }
    let commit = Commit {
        at: pen.at,
        person,
        manifest: None,
        works,
        quarantine: Vec::new(),
        hooks: Arc::new(AsRead),
    };
    let outcome = state.storage.commit(commit).await?;
    state.tell(&outcome);
    Ok(())
}

/// Documents are opened and written where it may take a while.
async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MergeError> + Send + 'static,
) -> Result<T, MergeError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StorageError::Database(error.to_string()))?
}

/// A record in a grid where the person may do this with what others wrote.
async fn find(
    state: &AppState,
    scope: &Scope,
    id: &RecordId,
    act: Act,
) -> Result<StoredRecord, MergeError> {
    let (stored, _) = state
        .storage
        .find_record_in_scope(id, &scope.person, scope.at)
        .await?
        .ok_or(MergeError::NotFound)?;
    let storage = state.storage.as_ref();
    let is_allowed = scope
        .may_in(storage, &stored.grid.into(), Data::Unsettled, act)
        .await?;
    if is_allowed {
        Ok(stored)
    } else {
        Err(MergeError::Forbidden)
    }
}

/// Makes `alias` an alias of `kept`, or of the record that one stands for;
/// answers which. Durable when it returns.
pub async fn merge(
    state: &AppState,
    scope: &Scope,
    alias: RecordId,
    kept: RecordId,
) -> Result<RecordId, MergeError> {
    for _ in 0..TRIES {
        let into = state.storage.resolve_merged(&kept).await?;
        if into == alias {
            return Err(MergeError::Same);
        }
        let theirs = find(state, scope, &alias, Act::Decide).await?;
        let mine = find(state, scope, &into, Act::Decide).await?;
        if theirs.kind != mine.kind || !merge::is_mergeable(theirs.kind) {
            return Err(MergeError::OtherKind);
        }
        let pen = Pen::of(state, ChangeBy::Sender);
        let person = scope.person;
        let works = compute(move || {
            let mut theirs = Sheet::open(theirs)?;
            let mut mine = Sheet::open(mine)?;
            if Merged::of(&theirs.document.read()).is_some() {
                return Err(MergeError::Merged);
            }
            if Merged::of(&mine.document.read()).is_some() {
                // It was merged while this was read: its own record is next.
                return Err(StorageError::Changed.into());
            }
            let mark = Merged {
                into: mine.stored.id,
                at: Some(pen.at),
                by: person.to_string(),
            };
            theirs.write(pen, &[], &mark.edits())?;
            mine.land(pen, &theirs)?;
            Ok(works([theirs, mine]))
        });
        let done = match works.await {
            Ok(works) => commit(state, pen, person, works).await,
            Err(error) => Err(error),
        };
        match done {
            Err(MergeError::Storage(StorageError::Changed)) => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(into),
        }
    }
    Err(StorageError::Changed.into())
}

fn works(sheets: [Sheet; 2]) -> Vec<RecordWork> {
    sheets.into_iter().filter_map(Sheet::into_work).collect()
}

/// Takes a merge back: both records are whole again. Answers what the record
/// was merged into.
pub async fn unmerge(
    state: &AppState,
    scope: &Scope,
    alias: RecordId,
) -> Result<RecordId, MergeError> {
    for _ in 0..TRIES {
        let theirs = find(state, scope, &alias, Act::Decide).await?;
        let mark = {
            let document = theirs.clone();
            compute(move || Ok(Merged::of(&Sheet::open(document)?.document.read()))).await?
        };
        let into = mark.ok_or(MergeError::NotMerged)?.into;
        let mine = match find(state, scope, &into, Act::Decide).await {
            Ok(mine) => Some(mine),
            // A server restored from a backup may lack it: what is here is
            // whole without it.
            Err(MergeError::NotFound) if state.storage.find_record(&into).await?.is_none() => None,
            Err(error) => return Err(error),
        };
        let pen = Pen::of(state, ChangeBy::Sender);
        let works = compute(move || {
            let mut theirs = Sheet::open(theirs)?;
            let Some(mine) = mine else {
                theirs.write(pen, &[], &Merged::clear())?;
                return Ok(theirs.into_work().into_iter().collect());
            };
            let mut mine = Sheet::open(mine)?;
            mine.land(pen, &theirs)?;
            let parting = merge::part(
                mine.stored.kind,
                &mine.document.read(),
                theirs.stored.id,
                &theirs.document.read(),
            );
            mine.write(pen, &parting.kept, &parting.kept_marks)?;
            theirs.write(pen, &parting.alias, &parting.alias_marks)?;
            Ok(works([theirs, mine]))
        });
        match commit(state, pen, scope.person, works.await?).await {
            Err(MergeError::Storage(StorageError::Changed)) => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(into),
        }
    }
    Err(StorageError::Changed.into())
}

/// What a person says about a field that an alias has another value of.
#[derive(Debug, Clone)]
pub struct Word {
    /// The field of the record that stays.
    pub path: FieldPath,
    /// Place of the chosen value among the alias's; `None`: the record is right.
    pub choice: Option<usize>,
    /// The alias's heads when the person looked.
    pub heads: Vec<ChangeHash>,
}

/// Settles what an alias says otherwise than the record it was merged into.
pub async fn settle(
    state: &AppState,
    scope: &Scope,
    alias: RecordId,
    word: Word,
) -> Result<RecordId, MergeError> {
    for _ in 0..TRIES {
        let theirs = state
            .storage
            .find_record(&alias)
            .await?
            .ok_or(MergeError::NotFound)?;
        let mark = {
            let document = theirs.clone();
            compute(move || Ok(Merged::of(&Sheet::open(document)?.document.read()))).await?
        };
        let into = mark.ok_or(MergeError::NotMerged)?.into;
        let mine = find(state, scope, &into, Act::Settle).await?;
        let pen = Pen::of(state, ChangeBy::Sender);
        let word = word.clone();
        let works = compute(move || {
            let theirs = Sheet::open(theirs)?;
            let mut mine = Sheet::open(mine)?;
            if theirs.stored.heads != word.heads {
                return Err(MergeError::Gone);
            }
            let fields = mine.document.read();
            let difference = merge::differences(&fields, alias, &theirs.document)
                .into_iter()
                .find(|difference| difference.path == word.path)
                .ok_or(MergeError::Gone)?;
            let choice: Option<&FieldValue> = match word.choice {
                Some(place) => Some(difference.theirs.get(place).ok_or(MergeError::Gone)?),
                None => None,
            };
            let landing = merge::settle(&fields, &theirs.document, alias, &word.path, choice)
                .ok_or(MergeError::NotMerged)?;
            mine.write(pen, &landing.fields, &landing.marks)?;
            Ok(mine.into_work().into_iter().collect())
        });
        match commit(state, pen, scope.person, works.await?).await {
            Err(MergeError::Storage(StorageError::Changed)) => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(into),
        }
    }
    Err(StorageError::Changed.into())
}

/// Brings changes of at most `most` aliases to the records they stand for;
/// answers how many were looked at. A change is by whoever made it at the alias;
/// where several did, by the server, and the alias says who.
pub async fn bring_over(state: &AppState, most: u32) -> StorageResult<usize> {
    let due = state.storage.list_merges_due(most).await?;
    for Alias { record, into } in &due {
        let Some(theirs) = state.storage.find_record(record).await? else {
            continue;
        };
        let heads = theirs.heads.clone();
        if let Some(mine) = state.storage.find_record(into).await? {
            match bring(state, theirs, mine).await {
                Ok(()) => {}
                // It stays due, and comes again.
                Err(MergeError::Storage(StorageError::Changed)) => continue,
                Err(MergeError::Storage(error)) => return Err(error),
                // A record that takes no more: what the alias says stays beside
                // it as a difference, and the others must not wait.
                Err(error) => {
                    tracing::error!(%error, alias = %record, "an alias was not brought over");
                }
            }
        }
        state.storage.settle_merge(record, &heads).await?;
    }
    Ok(due.len())
}

async fn bring(
    state: &AppState,
    theirs: StoredRecord,
    mine: StoredRecord,
) -> Result<(), MergeError> {
    let authors = state.storage.list_authorship(&theirs.id).await?;
    let pen = Pen::of(state, ChangeBy::Server);
    let (works, author) = compute(move || {
        let theirs = Sheet::open(theirs)?;
        let mut mine = Sheet::open(mine)?;
        let author = only_author(&mine, &theirs, &authors);
        let by = author.map_or(ChangeBy::Server, |_| ChangeBy::Sender);
        mine.land(Pen { by, ..pen }, &theirs)?;
        Ok((mine.into_work().into_iter().collect(), author))
    })
    .await?;
    // The server's own changes have no person; the id is not looked at.
    let person = author.unwrap_or(PersonId::from_bytes([0; 16]));
    commit(state, pen, person, works).await
}

/// The person who made every change of the alias that was not brought over, if
/// it is one.
fn only_author(mine: &Sheet, theirs: &Sheet, authors: &[Authorship]) -> Option<PersonId> {
    let known = Absorbed::of(&mine.document.read(), theirs.stored.id)?;
    let deps: HashMap<ChangeHash, Vec<ChangeHash>> =
        theirs.document.change_deps().into_iter().collect();
    let mut old: HashSet<ChangeHash> = HashSet::new();
    let mut next = known.heads;
    while let Some(hash) = next.pop() {
        if old.insert(hash) {
            next.extend(deps.get(&hash).into_iter().flatten());
        }
    }
    let mut people = authors
        .iter()
        .filter(|author| !old.contains(&author.hash))
        .map(|author| author.person);
    let first = people.next()??;
    people.all(|person| person == Some(first)).then_some(first)
}
