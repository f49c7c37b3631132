//! What an answer must fulfil before the store sees it.

use std::collections::{BTreeMap, BTreeSet};

use wangge_model::{
    GridId, ServerEpoch,
    protocol::{
        Cursor, FeedEntry, FeedPage, PublicKey, Receipt, ReferenceNews, ReferenceStamp,
        SignedManifest, SnapshotPage, Verdict, feed_page_message, limits, reference_message,
    },
    reference::check_name,
};

use super::{Bootstrap, SyncError};

fn bad<T>(what: impl Into<String>) -> Result<T, SyncError> {
    Err(SyncError::BadAnswer(what.into()))
}

/// The receipt answers exactly the manifest that was sent.
pub(super) fn check_receipt(
    receipt: &Receipt,
    sent: &SignedManifest,
    counter: u64,
    items: usize,
) -> Result<(), SyncError> {
    if receipt.counter != counter || receipt.manifest_digest != sent.digest() {
        return bad("a receipt for another push");
    }
    // A run of zero items would let a huge list of runs name nothing.
    if receipt.verdicts.iter().any(|run| run.count == 0) || receipt.count() != items as u64 {
        return bad(format!("{} verdicts for {items} items", receipt.count()));
    }
    Ok(())
}

/// The pages continue the cursors that were sent, without a gap, and are
/// signed where they bring changes.
pub(super) fn check_pages(
    pages: &[FeedPage],
    cursors: &[Cursor],
    receipt: Option<&Receipt>,
    epoch: &ServerEpoch,
    key: &PublicKey,
) -> Result<(), SyncError> {
    let mut at: BTreeMap<GridId, u64> = cursors
        .iter()
        .map(|cursor| (cursor.grid, cursor.seq))
        .collect();
    let mut receipted: u64 = 0;
    for page in pages {
        let Some(seq) = at.get_mut(&page.grid) else {
            return bad(format!(
                "news of grid {}, which was not asked for",
                page.grid
            ));
        };
        if page.after != *seq {
            return bad(format!(
                "news after {} where {seq} was asked for",
                page.after
            ));
        }
        let places = page
            .entries
            .iter()
            .try_fold(0_u64, |sum, entry| sum.checked_add(entry.places()))
            .and_then(|places| page.after.checked_add(places));
        if places != Some(page.to) {
            return bad(format!(
                "a page from {} to {} has a gap",
                page.after, page.to
            ));
        }
        if page.more && page.to == page.after {
            return bad("an empty page that promises more");
        }
        *seq = page.to;
        let needed = page.entries.iter().any(FeedEntry::needs_signature);
        for entry in &page.entries {
            if let FeedEntry::Receipted { count } = entry {
                receipted += u64::from(*count);
            }
        }
        let signed = page.signature.as_ref().is_some_and(|signature| {
            key.verify(&feed_page_message(epoch, page), signature)
                .is_ok()
        });
        if (needed || page.signature.is_some()) && !signed {
            return Err(SyncError::FeedSignature(page.grid));
        }
    }
    // Places "the receipt names" must be ones the receipt can name; otherwise
    // a feed could skip over changes this phone never had.
    let named = receipt.map_or(0, count_stored);
    if receipted > named {
        return bad(format!("{receipted} places for {named} receipted changes"));
    }
    Ok(())
}

/// The sets that came are listed, within the limits and the server's.
pub(super) fn check_reference(
    news: &ReferenceNews,
    epoch: &ServerEpoch,
    key: &PublicKey,
) -> Result<(), SyncError> {
    if news.stamps.len() > limits::REFERENCE_SETS {
        return bad(format!("{} reference sets", news.stamps.len()));
    }
    if let Some(stamp) = news
        .stamps
        .iter()
        .find(|one| check_name(&one.name).is_err())
    {
        return bad(format!("a set named {:?}", stamp.name));
    }
    let listed: BTreeSet<&ReferenceStamp> = news.stamps.iter().collect();
    for set in &news.sets {
        if set.body.len() > limits::REFERENCE_BYTES || !listed.contains(&set.stamp()) {
            return bad(format!("a set {} that is not listed", set.name));
        }
        let message = reference_message(epoch, &set.name, &set.node, &set.body);
        if key.verify(&message, &set.signature).is_err() {
            return Err(SyncError::ReferenceSignature(set.name.clone()));
        }
    }
    Ok(())
}

/// Items of the receipt that have a place in a feed.
fn count_stored(receipt: &Receipt) -> u64 {
    receipt
        .verdicts
        .iter()
        .filter(|run| matches!(run.verdict, Verdict::Accepted { .. } | Verdict::Duplicate))
        .map(|run| u64::from(run.count))
        .sum()
}

/// The page is the one that was asked for and gets on.
pub(super) fn check_snapshot(page: &SnapshotPage, asked: &Bootstrap) -> Result<(), SyncError> {
    if page.grid != asked.grid {
        return bad("a snapshot of another grid");
    }
    if asked.as_of.is_some_and(|as_of| as_of != page.as_of) {
        return bad("a snapshot page of another moment");
    }
    let mut after = asked.after;
    for entry in &page.entries {
        if after.is_some_and(|after| after >= entry.record) {
            return bad("records of a snapshot out of order");
        }
        after = Some(entry.record);
    }
    match page.next_after {
        Some(next) if after.is_some_and(|last| next < last) || asked.after == Some(next) => {
            bad("a snapshot that does not get on")
        }
        _ => Ok(()),
    }
}
