//! Completes the search index after a sync, on a thread of its own, a little
//! at a time so that a save never waits long.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use crate::store::Store;

/// Ends its thread when dropped: the store's files are free then.
#[derive(Default)]
pub(crate) struct Indexer {
    stop: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Indexer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Indexer")
    }
}

impl Indexer {
    /// Goes to work, unless it is at work.
    pub(crate) fn start(&self, store: &Arc<Store>) {
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
