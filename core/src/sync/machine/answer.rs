//! What the machine does with answers: checks them, hands them to the store,
//! and notes what is left to do.

use std::collections::BTreeSet;

use wangge_model::{
    ReferenceVersion,
    fault_point::{self, FailPoint},
    protocol::{
        Directive, FeedPage, GiveBackResponse, Proof, ReferenceNews, ReferenceStamp, SnapshotPage,
        SyncResponse, Verdict,
    },
};

use super::{BOOTSTRAPS, EPOCHS, Machine, ROTATIONS, Sent};
use crate::sync::{
    Answer, Applied, SyncError, SyncStore,
    verify::{check_pages, check_receipt, check_reference, check_snapshot},
};

impl Machine {
    pub(super) fn on_answer(
        &mut self,
        store: &dyn SyncStore,
        answer: &SyncResponse,
    ) -> Result<(), SyncError> {
        let Sent::Exchange {
            cursors,
            epoch,
            push,
        } = std::mem::replace(&mut self.sent, Sent::Nothing)
        else {
            return Err(SyncError::Internal("an answer nobody asked for".to_owned()));
        };
        match (&answer.receipt, &push) {
            (Some(receipt), Some(push)) => {
                if !fault_point::is_planted("phone.believes_any_receipt") {
                    check_receipt(receipt, &push.manifest, push.counter, push.items)?;
                }
            }
            (None, None) => {}
            (None, Some(_)) => return Err(SyncError::BadAnswer("no receipt".to_owned())),
            (Some(_), None) => {
                return Err(SyncError::BadAnswer("a receipt for nothing".to_owned()));
            }
        }
        let same_life = answer.server_epoch == epoch;
        let pages = if same_life {
            let key = &self.enrolled()?.server_key;
            check_pages(
                &answer.pages,
                &cursors,
                answer.receipt.as_ref(),
                &epoch,
                key,
            )?;
            answer.pages.as_slice()
        } else {
            // Cursors of another life mean nothing, so neither do pages that
            // follow them.
            self.epochs += 1;
            if self.epochs > EPOCHS {
                return Err(SyncError::TooManyRounds("another life of the server again"));
            }
            &[]
        };
        let reference = answer.reference.as_ref().filter(|_| same_life);
        if let Some(news) = reference {
            check_reference(news, &epoch, &self.enrolled()?.server_key)?;
        }
        let directives = self.weigh_directives(&answer.directives, same_life)?;
        let applied = store.apply_answer(&Answer {
            server_epoch: answer.server_epoch,
            time: answer.time,
            receipt: answer.receipt.as_ref(),
            pages,
            grants: answer.grants.as_ref(),
            directives: &directives,
            decisions: answer.decisions.as_deref().unwrap_or_default(),
            reference,
            roster: answer.roster.as_ref().filter(|_| same_life),
            roll_outcomes: answer.roll_outcomes.as_deref().unwrap_or_default(),
        })?;
        fault_point::reach(FailPoint::PhoneReceiptStored).map_err(crate::StoreError::from)?;
        self.count(&applied);
        self.progress.records_up += applied.receipted + applied.refused;
        self.progress.records_down += pages.iter().map(|page| page.to - page.after).sum::<u64>();
        self.progress.total = self
            .progress
            .total
            .max(self.progress.records_up + self.progress.records_down);

        self.enrolled_mut()?.server_epoch = answer.server_epoch;
        self.session_works = true;
        self.hold_push = false;
        self.must_exchange = !same_life
            || directives.contains(&Directive::Reoffer)
            || pages.iter().any(|page| page.more);
        let forked = answer.receipt.as_ref().is_some_and(|receipt| {
            receipt
                .verdicts
                .iter()
                .any(|run| run.verdict == Verdict::ActorFork)
        });
        if forked {
            self.rotations += 1;
            if self.rotations > ROTATIONS {
                return Err(SyncError::TooManyRounds("another fork"));
            }
            store.rotate_incarnation()?;
        } else if push.is_some() && applied.receipted + applied.refused == 0 {
            // Only items that wait for other items. Those may come with the
            // next push; if it brings nothing either, another sync has to.
            self.stalls += 1;
            self.push_stuck = self.stalls > 1;
        }
        self.note_lacking(store, reference)?;
        if !self.must_exchange {
            self.compare_digests(store, pages)?;
        }
        Ok(())
    }

    /// Which reference sets to ask for next. Asks again only while it gets on:
    /// a server that lists what it does not give has to wait for another sync.
    fn note_lacking(
        &mut self,
        store: &dyn SyncStore,
        news: Option<&ReferenceNews>,
    ) -> Result<(), SyncError> {
        let asked = std::mem::take(&mut self.lacks_reference);
        let Some(news) = news else {
            return Ok(());
        };
        let held: BTreeSet<ReferenceStamp> = store.position()?.reference.into_iter().collect();
        let lacking: Vec<ReferenceVersion> = news
            .stamps
            .iter()
            .filter(|stamp| !held.contains(stamp))
            .map(|stamp| stamp.version)
            .collect();
        let gets_on = asked.is_empty() || lacking.len() < asked.len();
        if !lacking.is_empty() && gets_on {
            self.lacks_reference = lacking;
            self.must_exchange = true;
        }
        Ok(())
    }

    /// Holds the phone's own digests to the ones at the feed's head. A
    /// difference is the server's to judge, in one more exchange.
    fn compare_digests(
        &mut self,
        store: &dyn SyncStore,
        pages: &[FeedPage],
    ) -> Result<(), SyncError> {
        if pages.iter().all(|page| page.digest.is_none()) {
            return Ok(());
        }
        for cursor in store.position()?.cursors {
            let differs = pages.iter().any(|page| {
                page.grid == cursor.grid
                    && page.to == cursor.seq
                    && page.digest.is_some_and(|digest| digest != cursor.digest)
            });
            if differs && self.compared.insert(cursor.grid) {
                self.must_exchange = true;
            }
        }
        Ok(())
    }

    /// The directives to follow: what would go round in circles is left out
    /// and reported, or ends the sync.
    fn weigh_directives(
        &mut self,
        given: &[Directive],
        same_life: bool,
    ) -> Result<Vec<Directive>, SyncError> {
        let mut followed = Vec::with_capacity(given.len());
        for directive in given {
            match directive {
                Directive::DigestMismatch { grid } => {
                    if !self.mismatched.insert(*grid) {
                        self.unhealed.insert(*grid);
                        continue;
                    }
                }
                Directive::Bootstrap { grid } => {
                    if self
                        .bootstraps
                        .get(grid)
                        .is_some_and(|times| *times >= BOOTSTRAPS)
                    {
                        return Err(SyncError::TooManyRounds("another fetch of a grid"));
                    }
                }
                // With a new life it is that life's, which was counted.
                Directive::Reoffer if !same_life => {}
                Directive::Reoffer => {
                    self.epochs += 1;
                    if self.epochs > EPOCHS {
                        return Err(SyncError::TooManyRounds("asked to offer all again"));
                    }
                }
                Directive::Upgrade { minimum } => self.report.upgrade = Some(minimum.clone()),
                Directive::GridLost { .. } => {}
            }
            followed.push(directive.clone());
        }
        Ok(followed)
    }

    pub(super) fn on_snapshot(
        &mut self,
        store: &dyn SyncStore,
        page: &SnapshotPage,
    ) -> Result<(), SyncError> {
        let Sent::Snapshot(asked) = std::mem::replace(&mut self.sent, Sent::Nothing) else {
            return Err(SyncError::Internal(
                "a snapshot nobody asked for".to_owned(),
            ));
        };
        check_snapshot(page, &asked)?;
        if !self.is_signed(page)? {
            // The server may have begun a new life just now; an exchange tells.
            if std::mem::replace(&mut self.doubted, true) {
                return Err(SyncError::FeedSignature(page.grid));
            }
            self.must_exchange = true;
            return Ok(());
        }
        let applied = store.apply_snapshot(page)?;
        fault_point::reach(FailPoint::PhoneSnapshotStored).map_err(crate::StoreError::from)?;
        self.count(&applied);
        if asked.after.is_none() {
            self.progress.total += page.total;
        }
        self.progress.records_down += page.entries.len() as u64;
        self.progress.total = self
            .progress
            .total
            .max(self.progress.records_up + self.progress.records_down);
        if page.next_after.is_none() {
            self.report.snapshots += 1;
            *self.bootstraps.entry(page.grid).or_default() += 1;
            self.fetched = true;
        }
        Ok(())
    }

    /// Whether a page's signature, if it has one, is the server's of this life.
    fn is_signed(&self, page: &SnapshotPage) -> Result<bool, SyncError> {
        let enrolment = self.enrolled()?;
        Ok(Proof::of_snapshot(&enrolment.server_epoch, page)
            .is_none_or(|proof| proof.verify(&enrolment.server_key).is_ok()))
    }

    pub(super) fn on_given_back(
        &mut self,
        store: &dyn SyncStore,
        answer: &GiveBackResponse,
    ) -> Result<(), SyncError> {
        let Sent::GiveBack(mark) = std::mem::replace(&mut self.sent, Sent::Nothing) else {
            return Err(SyncError::Internal("an answer nobody asked for".to_owned()));
        };
        tracing::info!(
            taken = answer.taken,
            unproven = answer.unproven,
            refused = answer.refused,
            "given back"
        );
        store.store_given_back(&mark, answer.moved.as_deref().unwrap_or_default())?;
        fault_point::reach(FailPoint::PhoneGiveBackStored).map_err(crate::StoreError::from)?;
        Ok(())
    }

    fn count(&mut self, applied: &Applied) {
        self.report.receipted += applied.receipted;
        self.report.refused += applied.refused;
        self.report.pulled += applied.pulled;
        self.report.new_conflicts += applied.new_conflicts;
        self.report.rejected += applied.rejected;
    }
}
