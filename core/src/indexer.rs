//! Completes the search index after a sync and after many saves, on a thread of
//! its own, a little at a time so that a save never waits long.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::{self, JoinHandle},
};

use crate::store::Store;

/// Saves after which the index is completed if neither a sync nor an idle
/// moment did it before. Searching reads what is not indexed, about ten
/// microseconds a record.
const SAVES: u32 = 256;

/// Ends its thread when dropped: the store's files are free then.
#[derive(Default)]
pub(crate) struct Indexer {
    stop: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
    saves: AtomicU32,
}

impl fmt::Debug for Indexer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Indexer")
    }
}

impl Indexer {
    /// Counts a save; goes to work after many.
    pub(crate) fn note_save(&self, store: &Arc<Store>) {
        if self.saves.fetch_add(1, Ordering::Relaxed) + 1 >= SAVES {
            self.start(store);
        }
    }

    /// Begins to count anew: the index was completed otherwise.
    pub(crate) fn note_tidied(&self) {
        self.saves.store(0, Ordering::Relaxed);
    }

    /// Goes to work, unless it is at work.
    pub(crate) fn start(&self, store: &Arc<Store>) {
        self.note_tidied();
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        let (store, stop) = (Arc::clone(store), Arc::clone(&self.stop));
        let started = thread::Builder::new()
            .name("search-index".to_owned())
            .spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    match store.index_some() {
                        Ok(true) => {}
                        Ok(false) => break,
                        // What is not indexed is found all the same, slower.
                        Err(error) => {
                            tracing::warn!(%error, "the search index stays incomplete");
                            break;
                        }
                    }
                }
            });
        match started {
            Ok(started) => *thread = Some(started),
            Err(error) => tracing::warn!(%error, "no thread for the search index"),
        }
    }
}

impl Drop for Indexer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // It catches nothing that could panic but the store's own defects.
            let _ = thread.join();
        }
    }
}
