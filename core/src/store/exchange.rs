//! The store as sync sees it.

use rusqlite::{OptionalExtension as _, Transaction, params};
use wangge_model::{
    DeviceId, GridId, Incarnation, PersonId, ServerEpoch, Timestamp,
    fault_point::{self, FailPoint},
    protocol::{
        Directive, EnrolResponse, MovedRecord, Session, SignedManifest, SnapshotPage, to_cbor,
    },
};

use super::{
    Store, StoreError, author, columns, feed::Intake, grid, incarnation, outbox, proof, quiz,
    receipt, reference, roll_call, roster, snapshot,
};
use crate::port::{Answer, Applied, Enrolment, GiveBack, GiveBackMark, Position, Push, SyncStore};

impl SyncStore for Store {
    fn find_enrolment(&self) -> Result<Option<Enrolment>, StoreError> {
        self.read_before_write(|db| {
            let columns = db
                .prepare_cached(
                    "SELECT server, pin, device, person, person_name, server_epoch, server_key,
                         session_token, session_expires_at
                     FROM phone WHERE device IS NOT NULL",
                )?
                .query_row([], |row| {
                    Ok(EnrolmentColumns {
                        server: row.get(0)?,
                        pin: row.get(1)?,
                        device: row.get(2)?,
                        person: row.get(3)?,
                        person_name: row.get(4)?,
                        server_epoch: row.get(5)?,
                        server_key: row.get(6)?,
                        session: row
                            .get::<_, Option<String>>(7)?
                            .zip(row.get::<_, Option<i64>>(8)?),
                    })
                })
                .optional()?;
            columns.map(EnrolmentColumns::into_enrolment).transpose()
        })
    }

    fn store_enrolment(
        &self,
        server: &str,
        pin: Option<[u8; 32]>,
        response: &EnrolResponse,
    ) -> Result<(), StoreError> {
        let now = self.options.clock.now();
        self.write(|tx| {
            let [device, epoch, person]: [Option<Vec<u8>>; 3] = tx.query_row(
                "SELECT device, server_epoch, person FROM phone",
                [],
                |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]),
            )?;
            tx.execute(
                "UPDATE phone SET server = ?1, pin = ?2, device = ?3, person = ?4,
                     person_name = ?5, server_epoch = ?6, server_key = ?7, session_token = ?8,
                     session_expires_at = ?9",
                params![
                    server,
                    pin,
                    response.device.as_bytes(),
                    response.person.as_bytes(),
                    response.person_name,
                    response.server_epoch.as_bytes(),
                    to_cbor(&response.server_key),
                    response.session.token,
                    response.session.expires_at.as_millis(),
                ],
            )?;
            incarnation::remember_actor(tx, now)?;
            let other_epoch = epoch.is_some_and(|epoch| epoch != response.server_epoch.as_bytes());
            if device.is_some_and(|device| device != response.device.as_bytes()) {
                // Changes under the old device's actor can never be offered
                // again; what is unsent gets the new one.
                author::author_everything_again(tx, &author::load_author(tx)?)?;
                tx.execute("DELETE FROM outbox WHERE status = 1", [])?;
                outbox::forget_server(tx)?;
            } else if other_epoch {
                outbox::offer_again(tx)?;
            }
            // Perhaps another server's, or somebody else's.
            roster::forget(tx)?;
            if person.is_some_and(|person| person != response.person.as_bytes()) {
                roll_call::forget(tx)?;
                quiz::forget(tx)?;
            }
            grid::store_grants(tx, &response.grants)
        })?;
        self.settle_journal(true)
    }

    fn store_session(&self, session: &Session) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "UPDATE phone SET session_token = ?1, session_expires_at = ?2",
                params![session.token, session.expires_at.as_millis()],
            )?;
            Ok(())
        })
    }

    fn incarnation(&self) -> Result<Incarnation, StoreError> {
        self.read(|db| {
            Ok(db.query_row("SELECT incarnation FROM phone", [], |row| {
                columns::incarnation(row.get_ref(0)?.as_blob()?)
            })?)
        })
    }

    fn position(&self) -> Result<Position, StoreError> {
        self.read_before_write(grid::position)
    }

    fn next_push(&self, max_items: usize, max_bytes: usize) -> Result<Option<Push>, StoreError> {
        self.read(|db| outbox::next_push(db, max_items, max_bytes, &self.documents))
    }

    fn next_give_back(&self) -> Result<Option<GiveBack>, StoreError> {
        self.read(proof::next)
    }

    fn store_given_back(
        &self,
        mark: &GiveBackMark,
        moved: &[MovedRecord],
    ) -> Result<(), StoreError> {
        let now = self.options.clock.now();
        self.write(|tx| {
            proof::store_mark(tx, mark)?;
            if moved.is_empty() {
                return Ok(());
            }
            let mut intake = Intake::new(tx, now, &self.documents);
            for one in moved {
                intake.apply_moved(&one.record, one.grid, one.moves)?;
            }
            intake.finish()?;
            grid::drop_lost(tx)
        })
    }

    fn end_giving_back(&self) -> Result<(), StoreError> {
        self.write(proof::end)
    }

    fn store_manifest(&self, push: &Push, manifest: &SignedManifest) -> Result<(), StoreError> {
        self.write(|tx| outbox::store_manifest(tx, push, manifest))
    }

    fn drop_manifest(&self, counter: u64, used: u64) -> Result<(), StoreError> {
        self.write(|tx| outbox::drop_manifest(tx, counter, used))
    }

    fn apply_answer(&self, answer: &Answer<'_>) -> Result<Applied, StoreError> {
        let now = self.options.clock.now();
        if fault_point::is_planted("phone.moves_the_cursor_first") {
            self.write(|tx| {
                for page in answer.pages {
                    tx.execute(
                        "UPDATE grid SET seq = ?2 WHERE id = ?1 AND seq IS NOT NULL",
                        params![page.grid.as_bytes(), columns::signed(page.to)],
                    )?;
                }
                Ok(())
            })?;
        }
        let applied = self.write(|tx| {
            let mut intake = Intake::new(tx, now, &self.documents);
            let starts_over = store_epoch(tx, &answer.server_epoch)?
                || answer.directives.contains(&Directive::Reoffer);
            if starts_over {
                outbox::offer_again(tx)?;
                roll_call::offer_again(tx)?;
                fault_point::reach(FailPoint::PhoneEpochStored)?;
            } else {
                if let Some(receipt) = answer.receipt {
                    receipt::apply(&mut intake, receipt)?;
                    fault_point::reach(FailPoint::PhoneReceiptApplied)?;
                }
                for page in answer.pages {
                    if reads_at(tx, page.grid)? == Some(page.after) {
                        proof::keep_page(tx, &answer.server_epoch, page)?;
                        intake.apply_page(self.options.entropy.as_ref(), page)?;
                        fault_point::reach(FailPoint::PhonePageApplied)?;
                    }
                }
                for decision in answer.decisions {
                    intake.apply_decision(decision)?;
                }
                intake.finish()?;
                if let Some(last) = answer.decisions.iter().map(|one| one.number).max() {
                    tx.execute(
                        "UPDATE phone SET last_decision = max(last_decision, ?1)",
                        [columns::signed(last)],
                    )?;
                }
                fault_point::reach(FailPoint::PhoneCursorStored)?;
            }
            for grid in std::mem::take(&mut intake.refetch) {
                grid::start_bootstrap(tx, grid)?;
            }
            if let Some(grants) = answer.grants {
                grid::store_grants(tx, grants)?;
            }
            if let Some(news) = answer.reference {
                reference::apply(tx, news)?;
            }
            if !starts_over {
                roster::apply(tx, answer.roster, answer.time)?;
                roll_call::apply(tx, answer.roll_outcomes)?;
            }
            follow(tx, answer.directives)?;
            grid::drop_lost(tx)?;
            Ok(intake.applied)
        })?;
        self.settle_journal(false)?;
        Ok(applied)
    }

    fn apply_snapshot(&self, page: &SnapshotPage) -> Result<Applied, StoreError> {
        let now = self.options.clock.now();
        let applied = self.write(|tx| {
            let mut intake = Intake::new(tx, now, &self.documents);
            snapshot::apply(&mut intake, self.options.entropy.as_ref(), page)?;
            fault_point::reach(FailPoint::PhoneSnapshotApplied)?;
            Ok(intake.applied)
        })?;
        self.settle_journal(false)?;
        Ok(applied)
    }

    fn forget_roster(&self) -> Result<(), StoreError> {
        self.write(roster::forget)
    }

    fn rotate_incarnation(&self) -> Result<(), StoreError> {
        let now = self.options.clock.now();
        self.write(|tx| {
            incarnation::begin(tx, self.options.entropy.as_ref(), now)?;
            fault_point::reach(FailPoint::PhoneIncarnationBegun)?;
            author::author_everything_again(tx, &author::load_author(tx)?)
        })?;
        self.settle_journal(true)
    }

    fn store_synced_at(&self, at: Timestamp) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute("UPDATE phone SET synced_at = ?1", [at.as_millis()])?;
            proof::trim(tx)?;
            outbox::wake(tx)
        })?;
        self.tidy_documents()?;
        self.settle_journal(true)
    }

    fn count_pending(&self) -> Result<u64, StoreError> {
        self.read_before_write(outbox::count_pending)
    }
}

impl Store {
    /// When the last complete sync ended.
    pub fn synced_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|db| {
            let at: Option<i64> =
                db.query_row("SELECT synced_at FROM phone", [], |row| row.get(0))?;
            Ok(at.map(Timestamp::from_millis))
        })
    }

    /// The oldest app version that may write, if the server said that this one
    /// is too old.
    pub fn minimum_version(&self) -> Result<Option<String>, StoreError> {
        self.read(|db| Ok(db.query_row("SELECT minimum_version FROM phone", [], |row| row.get(0))?))
    }
}

struct EnrolmentColumns {
    server: String,
    pin: Option<[u8; 32]>,
    device: Vec<u8>,
    person: Vec<u8>,
    person_name: String,
    server_epoch: Vec<u8>,
    server_key: Vec<u8>,
    session: Option<(String, i64)>,
}

impl EnrolmentColumns {
    fn into_enrolment(self) -> Result<Enrolment, StoreError> {
        let corrupt = |error: wangge_model::InvalidId| StoreError::Corrupt(error.to_string());
        Ok(Enrolment {
            server: self.server,
            pin: self.pin,
            device: DeviceId::from_slice(&self.device).map_err(corrupt)?,
            person: PersonId::from_slice(&self.person).map_err(corrupt)?,
            person_name: self.person_name,
            server_epoch: ServerEpoch::from_slice(&self.server_epoch).map_err(corrupt)?,
            server_key: columns::decode(&self.server_key)?,
            session: self.session.map(|(token, expires_at)| Session {
                token,
                expires_at: Timestamp::from_millis(expires_at),
            }),
        })
    }
}

/// Stores the server's life; answers whether it is another than before.
fn store_epoch(tx: &Transaction<'_>, epoch: &ServerEpoch) -> Result<bool, StoreError> {
    let before: Option<Vec<u8>> =
        tx.query_row("SELECT server_epoch FROM phone", [], |row| row.get(0))?;
    let before = before.as_deref().map(columns::server_epoch).transpose()?;
    if before == Some(*epoch) {
        return Ok(false);
    }
    tx.execute("UPDATE phone SET server_epoch = ?1", [epoch.as_bytes()])?;
    Ok(before.is_some())
}

/// The cursor of a grid.
fn reads_at(tx: &Transaction<'_>, grid: GridId) -> Result<Option<u64>, StoreError> {
    let seq: Option<Option<i64>> = tx
        .prepare_cached("SELECT seq FROM grid WHERE id = ?1 AND granted = 1")?
        .query_row([grid.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(seq.flatten().map(columns::unsigned))
}

fn follow(tx: &Transaction<'_>, directives: &[Directive]) -> Result<(), StoreError> {
    let mut minimum = None;
    for directive in directives {
        match directive {
            Directive::Bootstrap { grid } | Directive::DigestMismatch { grid } => {
                grid::start_bootstrap(tx, *grid)?;
            }
            Directive::GridLost { grid } => grid::lose(tx, *grid)?,
            Directive::Upgrade { minimum: version } => minimum = Some(version),
            // Was followed before anything else.
            Directive::Reoffer => {}
        }
    }
    tx.execute(
        "UPDATE phone SET minimum_version = ?1 WHERE minimum_version IS NOT ?1",
        [minimum],
    )?;
    Ok(())
}
