//! Group commit: one thread owns the writing connection. It takes every write
//! that waits, runs each in a savepoint of one transaction, commits once with
//! one sync of the disk, and only then answers them all. A write that fails
//! takes back its own savepoint and nobody else's.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;
use wangge_model::{
    GridId,
    fault_point::{self, FailPoint},
};

use super::feed;
use crate::storage::{FeedHead, StorageError, StorageResult};

/// Most writes in one transaction, so that none waits for a very long one.
const MOST_JOBS: usize = 256;

/// Without a write for this long, the log is folded back.
const QUIET: Duration = Duration::from_millis(200);

/// Pages of log (4 KiB) after which a commit folds it back after all, should no
/// such moment come.
const LOG_PAGES: u32 = 16_000;

/// Sends a write's result once it is known whether the commit succeeded.
type Answer = Box<dyn FnOnce(Result<(), String>) + Send>;
type Job = Box<dyn FnOnce(&Connection, &mut Batch) -> Answer + Send>;

enum Message {
    Job(Job),
    Stop,
}

/// What one transaction remembers between its writes: where feeds stand, so
/// that a busy grid's row is read and written once and not per push.
#[derive(Debug, Default)]
pub(super) struct Batch {
    settled: HashMap<GridId, FeedHead>,
    staged: HashMap<GridId, FeedHead>,
}

impl Batch {
    /// The feed of a grid, to be changed by the present write.
    pub(super) fn feed(
        &mut self,
        connection: &Connection,
        grid: &GridId,
    ) -> StorageResult<&mut FeedHead> {
        if !self.staged.contains_key(grid) {
            let head = match self.settled.get(grid) {
                Some(head) => head.clone(),
                None => feed::find_head(connection, grid)?.unwrap_or_default(),
            };
            self.staged.insert(*grid, head);
        }
        self.staged
            .get_mut(grid)
            .ok_or(StorageError::Corrupt("feed"))
    }

    fn keep(&mut self) {
        self.settled.extend(self.staged.drain());
    }

    fn drop_staged(&mut self) {
        self.staged.clear();
    }

    fn flush(&mut self, connection: &Connection) -> StorageResult<()> {
        for (grid, head) in self.settled.drain() {
            feed::put_head(connection, &grid, &head)?;
        }
        Ok(())
    }
}

/// The writer thread's handle.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Message>>>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> StorageResult<Self> {
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        let (queue, jobs) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || work(connection, &jobs))
            .map_err(|error| StorageError::Database(error.to_string()))?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Queues a write and waits until it is durable.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection, &mut Batch) -> StorageResult<T> + Send + 'static,
    ) -> StorageResult<T> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |connection, batch| {
            let result = in_savepoint(connection, batch, write);
            Box::new(move |committed| {
                let result = match committed {
                    Ok(()) => result,
                    Err(reason) => Err(StorageError::Database(reason)),
                };
                // Whoever asked may have gone; the write stands all the same.
                let _ = sender.send(result);
            })
        });
        {
            let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            let queue = queue.as_ref().ok_or(StorageError::Closed)?;
            queue
                .send(Message::Job(job))
                .map_err(|_| StorageError::Closed)?;
        }
        receiver
            .await
            .map_err(|_| StorageError::Database("the writer gave up".to_owned()))?
    }

    /// Finishes what is queued and ends the thread.
    pub(super) fn stop(&self) {
        let queue = self
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(queue) = queue {
            // Fails only if the thread is gone already.
            let _ = queue.send(Message::Stop);
        }
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the writer thread panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn in_savepoint<T>(
    connection: &Connection,
    batch: &mut Batch,
    write: impl FnOnce(&Connection, &mut Batch) -> StorageResult<T>,
) -> StorageResult<T> {
    run_cached(connection, "SAVEPOINT job")?;
    let result = catch_unwind(AssertUnwindSafe(|| write(connection, batch)))
        .unwrap_or_else(|_| Err(StorageError::Database("a write panicked".to_owned())));
    if result.is_ok() {
        batch.keep();
    } else {
        batch.drop_staged();
        run_cached(connection, "ROLLBACK TO job")?;
    }
    run_cached(connection, "RELEASE job")?;
    result
}

fn run_cached(connection: &Connection, sql: &str) -> StorageResult<()> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// The next message; `None` once nobody can send one. Folds the write-ahead log
/// back if a moment passes without one: SQLite would do it inside a commit,
/// every thousand pages, with a hundred phones waiting.
fn wait(
    connection: &Connection,
    jobs: &mpsc::Receiver<Message>,
    unfolded: &mut bool,
) -> Option<Message> {
    if !*unfolded {
        return jobs.recv().ok();
    }
    match jobs.recv_timeout(QUIET) {
        Ok(message) => Some(message),
        Err(mpsc::RecvTimeoutError::Timeout) => {
            *unfolded = false;
            fold(connection, "PRAGMA wal_checkpoint(PASSIVE)");
            jobs.recv().ok()
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => None,
    }
}

fn fold(connection: &Connection, pragma: &str) {
    if let Err(error) = connection.query_row(pragma, [], |_| Ok(())) {
        tracing::warn!(%error, "the write-ahead log stays for now");
    }
}

fn work(mut connection: Connection, jobs: &mpsc::Receiver<Message>) {
    let mut batch = Batch::default();
    let mut stop = false;
    let mut unfolded = false;
    while !stop {
        let Some(Message::Job(first)) = wait(&connection, jobs, &mut unfolded) else {
            break;
        };
        let mut waiting = vec![first];
        while waiting.len() < MOST_JOBS {
            match jobs.try_recv() {
                Ok(Message::Job(job)) => waiting.push(job),
                Ok(Message::Stop) => {
                    stop = true;
                    break;
                }
                Err(_) => break,
            }
        }
        let mut answers = Vec::with_capacity(waiting.len());
        let committed = commit_all(&mut connection, &mut batch, waiting, &mut answers)
            .map_err(|error| error.to_string());
        let committed = if fault_point::is_planted("server.answers_before_the_commit") {
            Ok(())
        } else {
            committed
        };
        if let Err(error) = &committed {
            tracing::error!(%error, "a group commit failed; nothing of it was kept");
            batch = Batch::default();
        }
        for answer in answers {
            answer(committed.clone());
        }
        unfolded = true;
    }
    fold(&connection, "PRAGMA wal_checkpoint(TRUNCATE)");
}

#[expect(clippy::needless_pass_by_value, reason = "takes what `map_err` gives")]
fn failed(error: std::io::Error) -> StorageError {
    StorageError::Database(error.to_string())
}

fn commit_all(
    connection: &mut Connection,
    batch: &mut Batch,
    jobs: Vec<Job>,
    answers: &mut Vec<Answer>,
) -> StorageResult<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in jobs {
        answers.push(job(&transaction, batch));
    }
    batch.flush(&transaction)?;
    fault_point::reach(FailPoint::ServerWriteBeforeCommit).map_err(failed)?;
    transaction.commit()?;
    fault_point::reach(FailPoint::ServerWriteCommitted).map_err(failed)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> (tempfile::TempDir, Writer) {
        let folder = tempfile::tempdir().unwrap();
        let connection =
            crate::storage::sqlite::open_connection(&folder.path().join("t"), false).unwrap();
        connection
            .execute_batch("CREATE TABLE t (a INTEGER PRIMARY KEY)")
            .unwrap();
        (folder, Writer::start(connection).unwrap())
    }

    fn insert(connection: &Connection, value: i64) -> StorageResult<()> {
        connection.execute("INSERT INTO t VALUES (?1)", [value])?;
        Ok(())
    }

    #[tokio::test]
    async fn a_failing_or_panicking_write_takes_nothing_with_it() {
        let (_folder, writer) = writer();
        let good = writer.run(|connection, _| insert(connection, 1));
        let bad = writer.run(|connection, _| {
            insert(connection, 2)?;
            Err::<(), _>(StorageError::Missing("test"))
        });
        let worse = writer.run(|connection, _| {
            insert(connection, 3)?;
            panic!("on purpose");
            #[expect(unreachable_code, reason = "gives the closure its type")]
            Ok(())
        });
        let also_good = writer.run(|connection, _| insert(connection, 4));
        let (good, bad, worse, also_good) = tokio::join!(good, bad, worse, also_good);
        good.unwrap();
        also_good.unwrap();
        assert!(matches!(bad, Err(StorageError::Missing("test"))));
        assert!(worse.is_err());
        let sum: i64 = writer
            .run(|connection, _| {
                Ok(connection.query_row("SELECT sum(a) FROM t", [], |row| row.get(0))?)
            })
            .await
            .unwrap();
        assert_eq!(sum, 5);
    }

    #[tokio::test]
    async fn stopping_finishes_what_is_queued() {
        let (folder, writer) = writer();
        let queued: Vec<_> = (0..50)
            .map(|n| writer.run(move |connection, _| insert(connection, n)))
            .collect();
        for write in queued {
            write.await.unwrap();
        }
        writer.stop();
        assert!(matches!(
            writer.run(|connection, _| insert(connection, 99)).await,
            Err(StorageError::Closed)
        ));
        let connection = Connection::open(folder.path().join("t")).unwrap();
        let count: i64 = connection
            .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
            .unwrap();
        assert_eq!(count, 50);
    }
}
