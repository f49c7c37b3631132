//! Compressed snapshot pages in memory: a grid's page is built and compressed
//! once and sent to every phone that starts.
//!
//! A page is kept under the feed number its chain started at. A record in it
//! may be newer than that number and never older, which is all a snapshot
//! promises (see [`wangge_model::protocol::SnapshotPage`]).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use lru::LruCache;
use tokio::sync::OnceCell;
use wangge_model::{GridId, RecordId};

/// A page's place: grid, feed number of its chain, and the record before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PageKey {
    /// The grid.
    pub grid: GridId,
    /// The feed number all pages of the chain carry.
    pub as_of: u64,
    /// The record the page follows.
    pub after: Option<RecordId>,
    /// Number of the newest kind of record in it.
    pub newest_kind: u8,
}

/// A page as it is sent, and where the one after it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPage {
    /// Compressed.
    pub body: Bytes,
    /// The next page follows this record; `None`: it is the last.
    pub next_after: Option<RecordId>,
}

/// A page that is being built: whoever wants the same one waits for it. Forgotten
/// when one of them is done with it or has gone away.
#[derive(Debug)]
pub struct Building<'a> {
    /// Set by whoever builds it.
    pub page: Arc<OnceCell<KeptPage>>,
    key: PageKey,
    cache: &'a SnapshotCache,
}

impl Drop for Building<'_> {
    fn drop(&mut self) {
        self.cache.lock().building.remove(&self.key);
    }
}

/// Pages within a budget of bytes; the least recently used go first.
#[derive(Debug)]
pub struct SnapshotCache {
    budget: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    pages: LruCache<PageKey, KeptPage>,
    chains: LruCache<GridId, u64>,
    bytes: usize,
    building: HashMap<PageKey, Arc<OnceCell<KeptPage>>>,
}

impl SnapshotCache {
    /// An empty cache of at most this many bytes.
    pub fn new(budget: usize) -> Self {
        Self {
            budget,
            inner: Mutex::new(Inner {
                pages: LruCache::unbounded(),
                chains: LruCache::unbounded(),
                bytes: 0,
                building: HashMap::new(),
            }),
        }
    }

    /// The feed number at which the grid's kept chain started.
    pub fn chain(&self, grid: &GridId) -> Option<u64> {
        self.lock().chains.get(grid).copied()
    }

    /// A kept page.
    pub fn get(&self, key: &PageKey) -> Option<KeptPage> {
        self.lock().pages.get(key).cloned()
    }

    /// The one place where a page is built, however many ask for it.
    pub fn building(&self, key: PageKey) -> Building<'_> {
        let page = Arc::clone(self.lock().building.entry(key).or_default());
        Building {
            page,
            key,
            cache: self,
        }
    }

    /// Keeps the first page of a new chain and forgets the grid's old one.
    pub fn put_first(&self, key: PageKey, page: KeptPage) {
        let mut inner = self.lock();
        if let Some(old) = inner.chains.put(key.grid, key.as_of)
            && old != key.as_of
        {
            let stale: Vec<PageKey> = inner
                .pages
                .iter()
                .map(|(kept, _)| *kept)
                .filter(|kept| kept.grid == key.grid && kept.as_of != key.as_of)
                .collect();
            for kept in stale {
                inner.remove(&kept);
            }
        }
        inner.insert(key, page, self.budget);
    }

    /// Keeps a later page, if its chain is the one that is kept: a phone may
    /// ask for any feed number and must not be able to fill the cache.
    pub fn put_later(&self, key: PageKey, page: KeptPage) {
        let mut inner = self.lock();
        if inner.chains.get(&key.grid) == Some(&key.as_of) {
            inner.insert(key, page, self.budget);
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn insert(&mut self, key: PageKey, page: KeptPage, budget: usize) {
        self.remove(&key);
        self.bytes += page.body.len();
        self.pages.put(key, page);
        while self.bytes > budget {
            let Some((key, page)) = self.pages.pop_lru() else {
                break;
            };
            self.bytes -= page.body.len();
            if key.after.is_none() {
                self.chains.pop(&key.grid);
            }
        }
    }

    fn remove(&mut self, key: &PageKey) {
        if let Some(page) = self.pages.pop(key) {
            self.bytes -= page.body.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(grid: u8, as_of: u64, after: Option<u8>) -> PageKey {
        PageKey {
            grid: GridId::from_bytes([grid; 16]),
            as_of,
            after: after.map(|byte| RecordId::from_bytes([byte; 16])),
            newest_kind: 4,
        }
    }

    fn page(body: &'static [u8]) -> KeptPage {
        KeptPage {
            body: Bytes::from_static(body),
            next_after: None,
        }
    }

    #[test]
    fn a_new_chain_replaces_the_grids_old_one() {
        let cache = SnapshotCache::new(1_000);
        cache.put_first(key(1, 5, None), page(b"first"));
        cache.put_later(key(1, 5, Some(9)), page(b"second"));
        cache.put_later(key(1, 4, Some(9)), page(b"strange"));
        assert_eq!(cache.bytes(), 11);
        cache.put_first(key(1, 8, None), page(b"newer"));
        assert_eq!(cache.chain(&GridId::from_bytes([1; 16])), Some(8));
        assert_eq!(cache.get(&key(1, 5, Some(9))), None);
        assert_eq!(cache.bytes(), 5);
    }

    #[test]
    fn the_budget_is_kept_by_forgetting_what_was_not_used() {
        let cache = SnapshotCache::new(10);
        cache.put_first(key(1, 1, None), page(b"12345"));
        cache.put_first(key(2, 1, None), page(b"12345"));
        assert!(cache.get(&key(1, 1, None)).is_some());
        cache.put_first(key(3, 1, None), page(b"12345"));
        assert_eq!(cache.get(&key(2, 1, None)), None);
        assert_eq!(cache.chain(&GridId::from_bytes([2; 16])), None);
        assert!(cache.bytes() <= 10);
    }
}
