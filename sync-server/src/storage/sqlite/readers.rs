//! A few reading connections; each read runs on a blocking thread.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::open_connection;
use crate::storage::{StorageError, StorageResult};

/// Connections of the pool. Reads are short and mostly served from memory;
/// more than this on two cores only costs memory.
const READERS: usize = 4;

#[derive(Debug)]
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> StorageResult<Self> {
        let idle: Vec<Connection> = (0..READERS)
            .map(|_| open_connection(path, true))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            idle: Arc::new(Mutex::new(idle)),
            permits: Arc::new(Semaphore::new(READERS)),
        })
    }

    /// Runs a read; all of it sees one state of the database.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> StorageResult<T> + Send + 'static,
    ) -> StorageResult<T> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| StorageError::Closed)?;
        let idle = Arc::clone(&self.idle);
        let work = move || {
            let _permit = permit;
            let connection = idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop()
                .ok_or(StorageError::Closed)?;
            // A panic drops the connection with its transaction; the pool then
            // has one less, and the lock is not held meanwhile.
            let result = connection
                .unchecked_transaction()
                .map_err(StorageError::from)
                .and_then(|transaction| {
                    let result = read(&transaction);
                    transaction.finish()?;
                    result
                });
            idle.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            result
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| StorageError::Database("a read panicked".to_owned()))?
    }

    /// Refuses further reads and closes idle connections.
    pub(super) fn close(&self) {
        self.permits.close();
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}
