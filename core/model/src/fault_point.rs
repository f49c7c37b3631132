//! Places where a build for the fault lab can be made to fail, or to do wrong
//! on purpose, so that the lab proves it would notice.
//!
//! * [`reach`]: a *fail point*, one between any two steps that the promises of
//!   `docs/reliability.md` depend on. It can answer an error. [`FailPoint`] is the
//!   register of all of them: the lab walks through it, and a point that is not
//!   in it does not compile.
//! * [`is_planted`]: a *planted fault*: a step left out or done in the wrong
//!   order, as a careless change might.
//!
//! Without the feature `planted-faults` both are constants and cost nothing.
//! The feature cannot be built with optimisations on.

#[cfg(all(feature = "planted-faults", not(debug_assertions)))]
compile_error!("planted-faults is for the fault lab and must never be in a release build");

#[cfg(feature = "planted-faults")]
pub use armed::{arm, disarm, has_failed, is_planted, plant, reach};

macro_rules! fail_points {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// A step that promises depend on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FailPoint {
            $($(#[$doc])* $name,)*
        }

        impl FailPoint {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

fail_points! {
    /// A person's change is beside its document and not yet in the outbox.
    PhoneChangeAppended = "phone.change.appended";
    /// Any transaction of the phone's store, complete and not committed.
    PhoneWriteBeforeCommit = "phone.write.before_commit";
    /// The same, committed; nobody knows yet.
    PhoneWriteCommitted = "phone.write.committed";
    /// A saved change has no copy in the journal yet.
    PhoneJournalBeforeWrite = "phone.journal.before_write";
    /// The copy is written, and not yet known to be.
    PhoneJournalWritten = "phone.journal.written";
    /// What was handed in is about to be cut off the journal.
    PhoneJournalBeforeCut = "phone.journal.before_cut";
    /// A manifest is signed and stored, and not sent.
    PhoneManifestStored = "phone.manifest.stored";
    /// A new session is stored, and not used.
    PhoneSessionStored = "phone.session.stored";
    /// Inside the answer's transaction: the receipt is applied.
    PhoneReceiptApplied = "phone.receipt.applied";
    /// Inside it: the changes of a page and its cursor are stored.
    PhonePageApplied = "phone.page.applied";
    /// Inside it: everything is, directives are not followed yet.
    PhoneCursorStored = "phone.cursor.stored";
    /// Inside it: another life of the server, everything is offered again.
    PhoneEpochStored = "phone.epoch.stored";
    /// The answer is on disk; the sync has not gone on.
    PhoneReceiptStored = "phone.receipt.stored";
    /// Inside a snapshot page's transaction: it is applied.
    PhoneSnapshotApplied = "phone.snapshot.applied";
    /// A snapshot page is on disk; the sync has not gone on.
    PhoneSnapshotStored = "phone.snapshot.stored";
    /// The server took things back; how far is on disk.
    PhoneGiveBackStored = "phone.give_back.stored";
    /// A new token is beside the database, which has the old one.
    PhoneIncarnationFileWritten = "phone.incarnation.file_written";
    /// Inside the transaction: a new life has begun, nothing is authored again.
    PhoneIncarnationBegun = "phone.incarnation.begun";
    /// A push is admitted, and nothing of it stored.
    ServerPushAdmitted = "server.push.admitted";
    /// Inside the commit: the manifest is noted, its changes are not.
    ServerManifestNoted = "server.manifest.noted";
    /// Inside it: a report's case is opened, and not stored.
    ServerCaseOpened = "server.case.opened";
    /// Inside it: records are stored, their places in the feed are not.
    ServerRecordsStored = "server.records.stored";
    /// Inside it: the places are given.
    ServerPlacesGiven = "server.places.given";
    /// A group of writes is complete and not committed.
    ServerWriteBeforeCommit = "server.write.before_commit";
    /// The same, committed; nobody knows yet.
    ServerWriteCommitted = "server.write.committed";
    /// The push is on disk, and has no receipt.
    ServerPushCommitted = "server.push.committed";
    /// The receipt is made, the feed is not read.
    ServerReceiptMade = "server.receipt.made";
    /// The answer is made, and not sent.
    ServerAnswerMade = "server.answer.made";
    /// What a phone gave back is on disk, and not answered.
    ServerGiveBackCommitted = "server.give_back.committed";
}

/// A step that promises depend on; answers an error if the lab wants one here.
#[cfg(not(feature = "planted-faults"))]
#[inline]
pub const fn reach(_point: FailPoint) -> std::io::Result<()> {
    Ok(())
}

/// Whether to do this wrong on purpose.
#[cfg(not(feature = "planted-faults"))]
#[inline]
pub const fn is_planted(_name: &'static str) -> bool {
    false
}

#[cfg(feature = "planted-faults")]
mod armed {
    use std::{
        io,
        sync::{Mutex, MutexGuard, PoisonError},
    };

    use super::FailPoint;

    #[derive(Debug, Default)]
    struct State {
        /// The point that fails, and at which of its hits from now on.
        armed: Option<(FailPoint, u64)>,
        failed: bool,
        planted: Option<String>,
    }

    static STATE: Mutex<State> = Mutex::new(State {
        armed: None,
        failed: false,
        planted: None,
    });

    fn state() -> MutexGuard<'static, State> {
        STATE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the `nth` hit of this point from now on fail, once.
    pub fn arm(point: FailPoint, nth: u64) {
        state().armed = Some((point, nth));
    }

    /// Plants a fault; it stays until [`disarm`].
    pub fn plant(name: &str) {
        state().planted = Some(name.to_owned());
    }

    /// Nothing fails any more, and nothing has.
    pub fn disarm() {
        *state() = State::default();
    }

    /// Whether the armed point failed since [`disarm`].
    pub fn has_failed() -> bool {
        state().failed
    }

    /// A step that promises depend on; answers an error if the lab wants one here.
    pub fn reach(point: FailPoint) -> io::Result<()> {
        let mut state = state();
        if let Some((armed, left)) = &mut state.armed
            && *armed == point
        {
            *left -= 1;
            if *left == 0 {
                state.armed = None;
                state.failed = true;
                let name = point.as_str();
                return Err(io::Error::other(format!("fault point {name}")));
            }
        }
        Ok(())
    }

    /// Whether to do this wrong on purpose.
    pub fn is_planted(name: &'static str) -> bool {
        state().planted.as_deref() == Some(name)
    }
}
