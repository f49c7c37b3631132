//! Ledgers on their way in or out at the console. A person hands in a file,
//! looks at what it would do, and says yes; or asks for a table and fetches it
//! when it is written. In between it is a job: kept in memory, its file without
//! a name in a folder of the server, both gone an hour after anybody looked.
//!
//! One table is read or written at a time, so that what jobs take in memory does
//! not grow with their number and phones that sync are not kept waiting. A
//! server that stops forgets its jobs; what was committed stays, and the same
//! file brought in again goes on from there.

pub mod export;
pub mod import;

use std::{
    collections::HashMap,
    fs::File,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Semaphore;
use wangge_model::{Entropy, PersonId, Timestamp};

use export::ExportJob;
use import::ImportJob;

/// Jobs kept at a time, each with a file on disk.
const MOST_JOBS: usize = 32;
/// Milliseconds for which a job is kept after somebody looked at it.
const KEPT_MS: i64 = 3_600_000;

/// No more jobs are kept at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many ledgers are being worked on")]
pub struct JobsFull;

/// A job of one of the two kinds.
#[derive(Debug, Clone)]
enum Job {
    Import(Arc<ImportJob>),
    Export(Arc<ExportJob>),
}

impl Job {
    fn owner(&self) -> &Owner {
        match self {
            Self::Import(job) => &job.owner,
            Self::Export(job) => &job.owner,
        }
    }

    fn is_busy(&self) -> bool {
        match self {
            Self::Import(job) => job.stage().is_busy(),
            Self::Export(job) => job.stage().is_busy(),
        }
    }

    fn is_import(&self) -> bool {
        matches!(self, Self::Import(_))
    }
}

/// Whose a job is and when somebody last looked at it.
#[derive(Debug)]
pub(crate) struct Owner {
    person: PersonId,
    seen_at: Mutex<Timestamp>,
}

impl Owner {
    fn new(person: PersonId, at: Timestamp) -> Self {
        Self {
            person,
            seen_at: Mutex::new(at),
        }
    }
}

/// Everything that is under way.
#[derive(Debug)]
pub struct LedgerJobs {
    jobs: Mutex<HashMap<String, Job>>,
    /// Whoever reads or writes a table holds the one permit.
    turn: Semaphore,
}

impl Default for LedgerJobs {
    fn default() -> Self {
        Self {
            jobs: Mutex::default(),
            turn: Semaphore::new(1),
        }
    }
}

/// What is behind a lock, also if somebody panicked over it: jobs hold nothing
/// that could be half done.
fn open<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LedgerJobs {
    /// Keeps an import under an id nobody can guess. An import of the same
    /// person that is not being committed is given up for it.
    pub fn add_import(
        &self,
        job: Arc<ImportJob>,
        entropy: &dyn Entropy,
        at: Timestamp,
    ) -> Result<String, JobsFull> {
        self.add(Job::Import(job), entropy, at)
    }

    /// Keeps an export in the same way.
    pub fn add_export(
        &self,
        job: Arc<ExportJob>,
        entropy: &dyn Entropy,
        at: Timestamp,
    ) -> Result<String, JobsFull> {
        self.add(Job::Export(job), entropy, at)
    }

    fn add(&self, new: Job, entropy: &dyn Entropy, at: Timestamp) -> Result<String, JobsFull> {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        let id = hex::encode(bytes);
        let person = new.owner().person;
        let mut jobs = open(&self.jobs);
        jobs.retain(|_, job| {
            let seen_at = *open(&job.owner().seen_at);
            let is_kept = seen_at.plus_millis(KEPT_MS) > at;
            let is_followed = job.owner().person == person && job.is_import() == new.is_import();
            job.is_busy() || (is_kept && !is_followed)
        });
        if jobs.len() >= MOST_JOBS {
            return Err(JobsFull);
        }
        jobs.insert(id.clone(), new);
        Ok(id)
    }

    fn find(&self, id: &str, person: &PersonId, at: Timestamp) -> Option<Job> {
        let mut jobs = open(&self.jobs);
        let job = jobs.get(id).filter(|job| job.owner().person == *person)?;
        let job = job.clone();
        let is_over = open(&job.owner().seen_at).plus_millis(KEPT_MS) <= at;
        if is_over && !job.is_busy() {
            jobs.remove(id);
            return None;
        }
        *open(&job.owner().seen_at) = at;
        Some(job)
    }

    /// The person's import of this id; of another's there is none.
    pub fn find_import(
        &self,
        id: &str,
        person: &PersonId,
        at: Timestamp,
    ) -> Option<Arc<ImportJob>> {
        match self.find(id, person, at)? {
            Job::Import(job) => Some(job),
            Job::Export(_) => None,
        }
    }

    /// The person's export of this id.
    pub fn find_export(
        &self,
        id: &str,
        person: &PersonId,
        at: Timestamp,
    ) -> Option<Arc<ExportJob>> {
        match self.find(id, person, at)? {
            Job::Export(job) => Some(job),
            Job::Import(_) => None,
        }
    }

    /// The person's latest job of each kind, if there is one: import, export.
    pub fn list_of(&self, person: &PersonId, at: Timestamp) -> (Option<String>, Option<String>) {
        let jobs = open(&self.jobs);
        let own = |is_import: bool| {
            jobs.iter()
                .filter(|(_, job)| {
                    job.owner().person == *person
                        && job.is_import() == is_import
                        && open(&job.owner().seen_at).plus_millis(KEPT_MS) > at
                })
                .max_by_key(|(_, job)| *open(&job.owner().seen_at))
                .map(|(id, _)| id.clone())
        };
        (own(true), own(false))
    }

    /// Gives a job up, unless it is at work.
    pub fn remove(&self, id: &str, person: &PersonId) {
        let mut jobs = open(&self.jobs);
        let may_go = |job: &Job| job.owner().person == *person && !job.is_busy();
        if jobs.get(id).is_some_and(may_go) {
            jobs.remove(id);
        }
    }

    /// Gives up what nobody looked at for an hour.
    pub fn sweep(&self, at: Timestamp) {
        open(&self.jobs)
            .retain(|_, job| job.is_busy() || open(&job.owner().seen_at).plus_millis(KEPT_MS) > at);
    }
}

/// A file without a name, gone with the last that has it open; in `folder`, or
/// where the system keeps such files.
pub fn nameless_file(folder: Option<&Path>) -> io::Result<File> {
    match folder {
        Some(folder) => tempfile::tempfile_in(folder),
        None => tempfile::tempfile(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::export::{ExportOptions, FileForm};
    use wangge_model::{message::Language, testing::SeededEntropy};

    fn export_job(byte: u8, at: i64) -> Arc<ExportJob> {
        let options = ExportOptions {
            form: FileForm::Csv,
            language: Language::Chinese,
            grid: None,
            ledger: None,
            unmasked: false,
        };
        let job = ExportJob::new(
            PersonId::from_bytes([byte; 16]),
            Timestamp::from_millis(at),
            options,
        );
        job.fail();
        Arc::new(job)
    }

    #[test]
    fn a_job_is_its_persons_only_and_goes_an_hour_after_the_last_look() {
        let jobs = LedgerJobs::default();
        let entropy = SeededEntropy::new(7);
        let now = Timestamp::from_millis;
        let id = jobs.add_export(export_job(1, 0), &entropy, now(0)).unwrap();
        let (one, two) = (PersonId::from_bytes([1; 16]), PersonId::from_bytes([2; 16]));
        assert!(jobs.find_export(&id, &two, now(1)).is_none());
        assert!(jobs.find_import(&id, &one, now(1)).is_none());
        assert!(jobs.find_export(&id, &one, now(KEPT_MS - 1)).is_some());
        assert!(jobs.find_export(&id, &one, now(2 * KEPT_MS - 2)).is_some());
        assert!(jobs.find_export(&id, &one, now(4 * KEPT_MS)).is_none());
    }

    #[test]
    fn a_person_has_one_job_of_a_kind_and_all_have_a_limit() {
        let jobs = LedgerJobs::default();
        let entropy = SeededEntropy::new(7);
        let at = Timestamp::from_millis(0);
        let first = jobs.add_export(export_job(1, 0), &entropy, at).unwrap();
        let second = jobs.add_export(export_job(1, 0), &entropy, at).unwrap();
        let person = PersonId::from_bytes([1; 16]);
        assert!(jobs.find_export(&first, &person, at).is_none());
        assert_eq!(jobs.list_of(&person, at), (None, Some(second)));
        for byte in 2..=u8::try_from(MOST_JOBS).unwrap() {
            jobs.add_export(export_job(byte, 0), &entropy, at).unwrap();
        }
        assert_eq!(
            jobs.add_export(export_job(99, 0), &entropy, at),
            Err(JobsFull)
        );
        jobs.sweep(Timestamp::from_millis(KEPT_MS));
        assert!(jobs.add_export(export_job(99, 0), &entropy, at).is_ok());
    }
}
