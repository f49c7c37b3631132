//! One unit of work on records, inside the group commit.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use wangge_model::{
    DeviceId, GridId, PersonId, RecordKind, RecordSummary, Timestamp,
    fault_point::{self, FailPoint},
    protocol::{Digest, to_cbor},
};

use super::{Batch, case, device, due, finding, quarantine, record, register, row};
use crate::storage::{
    ChangeBy, Commit, CommitManifest, CommitOutcome, NewChange, RecordWork, StorageError,
    StorageResult, WorkOutcome,
};

/// Writes everything of one [`Commit`], or fails and is taken back whole.
pub(super) fn commit(
    connection: &Connection,
    batch: &mut Batch,
    commit: Commit,
) -> StorageResult<CommitOutcome> {
    let Commit {
        at,
        person,
        manifest,
        works,
        quarantine,
        hooks,
    } = commit;
    if let Some(manifest) = &manifest {
        put_manifest(connection, manifest, at)?;
        reach(FailPoint::ServerManifestNoted)?;
    }
    let mut done = Vec::with_capacity(works.len());
    let mut homes = Homes::default();
    for mut work in works {
        let stands = find_version(connection, &work)?;
        if stands != work.base_version {
            let stored =
                record::find(connection, &work.id)?.ok_or(StorageError::Corrupt("record"))?;
            work = hooks.rework(&work, &stored)?;
        }
        if stands == 0 {
            work.grid = homes.find(connection, &work.grid, at)?;
        }
        if let Some(numbering) = work.numbering.take()
            && !work.changes.is_empty()
        {
            let number = next_number(connection, &numbering.series)?;
            work = hooks.number(work, numbering, number)?;
            reach(FailPoint::ServerCaseOpened)?;
        }
        done.push(WorkOutcome {
            seqs: Vec::with_capacity(work.changes.len()),
            work,
        });
    }
    for outcome in &done {
        put_record(connection, &outcome.work, at)?;
    }
    reach(FailPoint::ServerRecordsStored)?;
    put_changes(connection, batch, &mut done, at, &person, manifest.as_ref())?;
    reach(FailPoint::ServerPlacesGiven)?;
    let kept = done
        .iter()
        .flat_map(|outcome| &outcome.work.quarantine)
        .chain(&quarantine);
    if let Some(manifest) = &manifest {
        let mut bytes = 0;
        for new in kept {
            let grid = homes.find(connection, &new.grid, at)?;
            bytes += quarantine::insert(connection, new, &grid, &manifest.device, &person, at)?;
        }
        grow_quarantine(connection, manifest, bytes)?;
    }
    let mut heads: HashMap<GridId, u64> = HashMap::new();
    for outcome in done.iter().filter(|outcome| !outcome.seqs.is_empty()) {
        let head = batch.feed(connection, &outcome.work.grid)?.head_seq;
        heads.insert(outcome.work.grid, head);
    }
    Ok(CommitOutcome {
        works: done,
        grids: heads.into_iter().collect(),
    })
}

/// Grids of what is new: a grid may have been closed since the phone chose it,
/// or since the push was judged.
#[derive(Default)]
pub(super) struct Homes(HashMap<GridId, GridId>);

impl Homes {
    pub(super) fn find(
        &mut self,
        connection: &Connection,
        grid: &GridId,
        at: Timestamp,
    ) -> StorageResult<GridId> {
        if let Some(home) = self.0.get(grid) {
            return Ok(*home);
        }
        let home = register::home(connection, grid, at)?;
        self.0.insert(*grid, home);
        Ok(home)
    }
}

/// A fail point of a commit.
fn reach(point: FailPoint) -> StorageResult<()> {
    fault_point::reach(point).map_err(|error| StorageError::Database(error.to_string()))
}

/// Notes the manifest; the same one again is let through, an older or a
/// different one is not.
fn put_manifest(
    connection: &Connection,
    manifest: &CommitManifest,
    at: Timestamp,
) -> StorageResult<()> {
    let (counter, digest) = connection
        .prepare_cached("SELECT last_counter, last_manifest_digest FROM device WHERE id = ?1")?
        .query_row([manifest.device.as_bytes()], |row| {
            Ok((row::count(row.get(0)?), row.get::<_, Option<Vec<u8>>>(1)?))
        })
        .optional()?
        .ok_or(StorageError::Missing("device"))?;
    if manifest.counter == counter && digest.as_deref() == Some(manifest.digest.as_slice()) {
        return Ok(());
    }
    if manifest.counter <= counter {
        return Err(StorageError::CounterMoved);
    }
    device::put_actor(
        connection,
        &manifest.actor,
        &manifest.device,
        &manifest.incarnation,
        at,
    )?;
    connection
        .prepare_cached(
            "INSERT INTO manifest (device, counter, digest, manifest, algorithm, signature,
                                   received_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            manifest.device.as_bytes(),
            row::integer(manifest.counter),
            manifest.digest,
            manifest.manifest,
            row::algorithm_number(manifest.signature.algorithm),
            manifest.signature.bytes,
            at.as_millis(),
        ])?;
    connection
        .prepare_cached(
            "UPDATE device SET last_counter = ?2, last_manifest_digest = ?3 WHERE id = ?1",
        )?
        .execute(params![
            manifest.device.as_bytes(),
            row::integer(manifest.counter),
            manifest.digest
        ])?;
    Ok(())
}

fn find_version(connection: &Connection, work: &RecordWork) -> StorageResult<u64> {
    let version = connection
        .prepare_cached("SELECT version FROM record WHERE id = ?1")?
        .query_row([work.id.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(version.map_or(0, row::count))
}

fn next_number(connection: &Connection, series: &str) -> StorageResult<u64> {
    let number = connection
        .prepare_cached(
            "INSERT INTO sequence (name, value) VALUES (?1, 1)
             ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
        )?
        .query_row([series], |row| row.get(0))?;
    Ok(row::count(number))
}

/// One statement for both would keep a journal of its own for each row, because
/// changed records have triggers.
const INSERT_RECORD: &str =
    "INSERT INTO record (id, kind, grid, record_epoch, document, heads, version, title,
         person_name, phone, state, category, urgency, number, household, occurred_at,
         member_count, conflict_count, edited_at, search_text, created_at, changed_at,
         place, residence, merged_into, source, case_summary)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
             ?18, ?19, ?20, ?21, ?21, ?22, ?23, ?24, ?25, ?26)";

/// Kind, grid and the time of creation stay; the same numbers as above.
const UPDATE_RECORD: &str = "UPDATE record SET record_epoch = ?4, document = ?5, heads = ?6,
         version = ?7, title = ?8, person_name = ?9, phone = ?10, state = ?11, category = ?12,
         urgency = ?13, number = ?14, household = ?15, occurred_at = ?16, member_count = ?17,
         conflict_count = ?18, edited_at = ?19, search_text = ?20, changed_at = ?21, place = ?22,
         residence = ?23, merged_into = ?24, source = ?25, case_summary = ?26
     WHERE id = ?1";

fn put_record(connection: &Connection, work: &RecordWork, at: Timestamp) -> StorageResult<()> {
    if work.changes.is_empty() {
        return Ok(());
    }
    let RecordSummary {
        title,
        person_name,
        phone,
        state,
        category,
        urgency,
        number,
        household,
        occurred_at,
        member_count,
        conflict_count,
        edited_at,
        search_text,
        place,
        residence,
        merged_into,
        source,
        case,
    } = &work.summary;
    let is_new = work.base_version == 0;
    connection
        .prepare_cached(if is_new { INSERT_RECORD } else { UPDATE_RECORD })?
        .execute(params![
            work.id.as_bytes(),
            work.kind.number(),
            work.grid.as_bytes(),
            work.record_epoch,
            work.saved,
            row::heads_to_blob(&work.heads),
            row::integer(work.base_version + 1),
            title,
            person_name,
            phone,
            state,
            category,
            urgency,
            number,
            household.as_ref().map(wangge_model::RecordId::as_bytes),
            occurred_at.map(Timestamp::as_millis),
            member_count,
            conflict_count,
            edited_at.as_millis(),
            search_text,
            at.as_millis(),
            place.as_ref().map(wangge_model::RecordId::as_bytes),
            residence,
            merged_into.as_ref().map(wangge_model::RecordId::as_bytes),
            source,
            case.as_ref().map(to_cbor),
        ])?;
    if work.kind == RecordKind::Incident {
        case::put(connection, &work.id, &work.grid, &work.summary, at)?;
    }
    if is_new {
        due::note_new(connection, work)?;
    }
    finding::index_later(connection, &work.id)
}

/// Gives every change its feed number, in the order of the push's items, and
/// moves the digests of the grids.
fn put_changes(
    connection: &Connection,
    batch: &mut Batch,
    done: &mut [WorkOutcome],
    at: Timestamp,
    person: &PersonId,
    manifest: Option<&CommitManifest>,
) -> StorageResult<()> {
    let mut order: Vec<(u32, usize, usize)> = done
        .iter()
        .enumerate()
        .flat_map(|(work, outcome)| {
            outcome
                .work
                .changes
                .iter()
                .enumerate()
                .map(move |(place, change)| (change.item, work, place))
        })
        .collect();
    order.sort_unstable();
    let mut people: Vec<Vec<PersonId>> = vec![Vec::new(); done.len()];
    for (_, index, place) in order {
        let Some(outcome) = done.get_mut(index) else {
            continue;
        };
        let Some(change) = outcome.work.changes.get(place) else {
            continue;
        };
        let head = batch.feed(connection, &outcome.work.grid)?;
        head.head_seq += 1;
        insert_change(connection, &outcome.work, change, head.head_seq)?;
        let by = insert_authorship(connection, &outcome.work, change, at, person, manifest)?;
        outcome.seqs.push(head.head_seq);
        if let (Some(by), Some(people)) = (by, people.get_mut(index))
            && !people.contains(&by)
        {
            people.push(by);
        }
    }
    for (outcome, people) in done.iter().zip(&people) {
        due::note_handed_in(connection, &outcome.work, people, at)?;
    }
    for outcome in done
        .iter()
        .filter(|outcome| !outcome.work.changes.is_empty())
    {
        let (before, after): (Option<Digest>, Digest) = outcome.work.fingerprints();
        let head = batch.feed(connection, &outcome.work.grid)?;
        head.digest.replace(&outcome.work.id, before, Some(after));
    }
    Ok(())
}

fn insert_change(
    connection: &Connection,
    work: &RecordWork,
    change: &NewChange,
    seq: u64,
) -> StorageResult<()> {
    connection
        .prepare_cached(
            "INSERT INTO change (grid, seq, record, record_epoch, kind, hash, actor, actor_seq,
                                 bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            work.grid.as_bytes(),
            row::integer(seq),
            work.id.as_bytes(),
            work.record_epoch,
            work.kind.number(),
            change.hash.as_bytes(),
            change.actor.as_bytes(),
            row::integer(change.actor_seq),
            change.bytes,
        ])?;
    Ok(())
}

/// Answers whose change it is, if it is anybody's.
fn insert_authorship(
    connection: &Connection,
    work: &RecordWork,
    change: &NewChange,
    at: Timestamp,
    person: &PersonId,
    manifest: Option<&CommitManifest>,
) -> StorageResult<Option<PersonId>> {
    let (person, device, counter) = match change.by {
        ChangeBy::Sender => (
            Some(*person),
            manifest.map(|manifest| manifest.device),
            manifest.map(|manifest| manifest.counter),
        ),
        ChangeBy::Server => (None, None, None),
        ChangeBy::Actor => match device::find_owner(connection, &change.actor)? {
            Some((device, person)) => (Some(person), Some(device), None),
            None => (None, None, None),
        },
    };
    connection
        .prepare_cached(
            "INSERT INTO authorship (record, hash, person, device, manifest_counter, received_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            work.id.as_bytes(),
            change.hash.as_bytes(),
            person.as_ref().map(PersonId::as_bytes),
            device.as_ref().map(DeviceId::as_bytes),
            counter.map(row::integer),
            at.as_millis(),
        ])?;
    Ok(person)
}

fn grow_quarantine(
    connection: &Connection,
    manifest: &CommitManifest,
    bytes: u64,
) -> StorageResult<()> {
    if bytes == 0 {
        return Ok(());
    }
    let total: i64 = connection
        .prepare_cached(
            "UPDATE device SET quarantine_bytes = quarantine_bytes + ?2 WHERE id = ?1
             RETURNING quarantine_bytes",
        )?
        .query_row(
            params![manifest.device.as_bytes(), row::integer(bytes)],
            |row| row.get(0),
        )?;
    if row::count(total) > manifest.quarantine_limit {
        return Err(StorageError::QuarantineFull);
    }
    Ok(())
}
