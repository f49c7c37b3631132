//! Many records at once: made on two threads, handed over page by page in the
//! order of their ids, so that nobody holds them all.

use std::{sync::mpsc, thread};

use anyhow::Context as _;
use wangge_model::{ActorId, Timestamp};

use crate::workload::{AuthoredRecord, Workload};

/// Which records to make.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    /// Seed of the whole.
    pub seed: u64,
    /// Time of the first record.
    pub from: Timestamp,
    /// Who enters them.
    pub actor: ActorId,
    /// How many pages.
    pub pages: usize,
    /// How many records on each.
    pub per_page: usize,
}

/// Threads that make pages.
const THREADS: usize = 2;
/// Pages ready before the taker takes one, per thread.
const AHEAD: usize = 2;
/// Between the first records of two pages, in milliseconds: more than a page
/// has records, so that ids rise from page to page.
const PAGE_MILLIS: i64 = 10_000;

impl Batch {
    /// Makes one page.
    fn page<T>(&self, page: usize, form: &impl Fn(AuthoredRecord) -> T) -> anyhow::Result<Vec<T>> {
        let number = i64::try_from(page)?;
        let mut workload = Workload::new(
            self.seed.wrapping_mul(1_000_003).wrapping_add(page as u64),
            self.from.plus_millis(number * PAGE_MILLIS),
        );
        (0..self.per_page)
            .map(|_| Ok(form(workload.next_authored(self.actor)?)))
            .collect()
    }

    /// Makes every page with `form` on other threads and gives them, in order,
    /// to `take` on this one.
    pub fn for_each_page<T: Send>(
        &self,
        form: impl Fn(AuthoredRecord) -> T + Sync,
        mut take: impl FnMut(usize, Vec<T>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        thread::scope(|scope| {
            let form = &form;
            let pages: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let (sender, receiver) = mpsc::sync_channel(AHEAD);
                    scope.spawn(move || {
                        for page in (thread..self.pages).step_by(THREADS) {
                            if sender.send(self.page(page, form)).is_err() {
                                return;
                            }
                        }
                    });
                    receiver
                })
                .collect();
            for page in 0..self.pages {
                let receiver = pages.get(page % THREADS).context("no such thread")?;
                take(
                    page,
                    receiver.recv().context("a thread making records ended")??,
                )?;
            }
            Ok(())
        })
    }

    /// Makes every page and keeps them all.
    pub fn collect<T: Send>(
        &self,
        form: impl Fn(AuthoredRecord) -> T + Sync,
    ) -> anyhow::Result<Vec<T>> {
        let mut all = Vec::with_capacity(self.pages * self.per_page);
        self.for_each_page(form, |_, page| {
            all.extend(page);
            Ok(())
        })?;
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_in_the_order_of_their_ids_whichever_thread_made_them() {
        let batch = Batch {
            seed: 1,
            from: Timestamp::from_millis(1_767_225_600_000),
            actor: ActorId::from_bytes([1; 16]),
            pages: 5,
            per_page: 20,
        };
        let ids = batch.collect(|record| record.id).unwrap();
        assert_eq!(ids.len(), 100);
        assert!(ids.is_sorted());
        assert_eq!(ids, batch.collect(|record| record.id).unwrap());
    }
}
