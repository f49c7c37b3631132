//! News of a phone's grids.

use std::collections::HashSet;

use wangge_model::{
    ActorId, GridId, RecordKind,
    protocol::{
        Cursor, Directive, FeedEntry, FeedPage, Frame, ProblemCode, SigningKey as _,
        feed_page_message,
    },
};

use super::snapshot;
use crate::{
    AppState, DeviceError,
    storage::{FeedChange, FeedHead, FeedPlace},
};

/// Fewest and most bytes of changes in one answer, whatever the phone asks.
const LEAST_BYTES: usize = 16 << 10;
const MOST_BYTES: usize = 4 << 20;

/// What one answer says about feeds.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) pages: Vec<FeedPage>,
    pub(super) directives: Vec<Directive>,
}

/// Who is asking.
#[derive(Debug)]
pub(super) struct Asker<'a> {
    /// The grids the person has.
    pub(super) grids: &'a HashSet<GridId>,
    /// The device's actor, whose changes it holds itself.
    pub(super) own: Option<ActorId>,
    /// Places that the receipt in this very answer names.
    pub(super) receipted: &'a HashSet<(GridId, u64)>,
    /// Most bytes of changes it wants.
    pub(super) page_bytes: u32,
    /// Whether it can be told of moves.
    pub(super) knows_moves: bool,
    /// Number of the newest kind of record it can read.
    pub(super) newest_kind: u8,
}

/// Reads on from each cursor.
pub(super) async fn news(
    state: &AppState,
    cursors: &[Cursor],
    asker: &Asker<'_>,
) -> Result<News, DeviceError> {
    let mut news = News::default();
    let (known, lost): (Vec<Cursor>, Vec<Cursor>) = cursors
        .iter()
        .partition(|cursor| asker.grids.contains(&cursor.grid));
    news.directives.extend(
        lost.iter()
            .map(|cursor| Directive::GridLost { grid: cursor.grid }),
    );
    if known.is_empty() {
        return Ok(news);
    }
    let grids: Vec<GridId> = known.iter().map(|cursor| cursor.grid).collect();
    let heads = state.storage.list_feed_heads(&grids).await?;
    let mut left = usize::try_from(asker.page_bytes)
        .unwrap_or(MOST_BYTES)
        .clamp(LEAST_BYTES, MOST_BYTES);
    for (cursor, head) in known.iter().zip(&heads) {
        let grid = cursor.grid;
        if cursor.seq > head.head_seq {
            // The phone has seen more than there is: data was lost without a
            // new epoch. The phones bring it back.
            tracing::error!(%grid, "a phone is ahead of its feed");
            news.directives.push(Directive::Reoffer);
            break;
        }
        if cursor.seq < head.floor_seq || (cursor.seq < head.moved_seq && !asker.knows_moves) {
            news.directives.push(Directive::Bootstrap { grid });
            continue;
        }
        let lacks_kinds = asker.newest_kind < RecordKind::NEWEST
            && state.storage.newest_kind(&grid).await? > asker.newest_kind;
        if cursor.seq == head.head_seq {
            // Without what it cannot read, its digest is another.
            if lacks_kinds {
                continue;
            }
            if cursor.digest != head.digest.total() {
                state.metrics.digest_mismatches.add(1);
                tracing::warn!(%grid, seq = cursor.seq, "a phone's digest differs");
                news.directives.push(Directive::DigestMismatch { grid });
            }
            continue;
        }
        if left == 0 && news.pages.iter().any(|page| page.more) {
            // The phone asks again because of that page; this grid's turn
            // comes then.
            continue;
        }
        let mut page = page(state, cursor, head, asker, &mut left).await?;
        if lacks_kinds {
            if page.entries.iter().any(|entry| is_newer(entry, asker)) {
                // It goes on handing in what it has; the rest comes once it can
                // read it.
                let upgrade = Directive::Upgrade {
                    minimum: env!("CARGO_PKG_VERSION").to_owned(),
                };
                if !news.directives.contains(&upgrade) {
                    news.directives.push(upgrade);
                }
                continue;
            }
            page.digest = None;
        }
        news.pages.push(page);
    }
    Ok(news)
}

/// Whether an entry is about a kind of record that the asker cannot read.
fn is_newer(entry: &FeedEntry, asker: &Asker<'_>) -> bool {
    let kind = match entry {
        FeedEntry::Change { frame } => frame.kind,
        FeedEntry::MovedIn { entry } => entry.kind,
        FeedEntry::Yours { .. } | FeedEntry::Receipted { .. } | FeedEntry::MovedOut { .. } => {
            return false;
        }
    };
    kind.number() > asker.newest_kind
}

async fn page(
    state: &AppState,
    cursor: &Cursor,
    head: &FeedHead,
    asker: &Asker<'_>,
    left: &mut usize,
) -> Result<FeedPage, DeviceError> {
    let places = state
        .storage
        .list_feed(
            &cursor.grid,
            cursor.seq,
            head.head_seq,
            asker.own.as_ref(),
            *left,
        )
        .await?;
    let sent = places.iter().map(FeedPlace::bytes).sum();
    let to = places.last().map_or(cursor.seq, FeedPlace::seq);
    let more = to < head.head_seq;
    *left = if more { 0 } else { left.saturating_sub(sent) };
    let mut entries: Vec<FeedEntry> = Vec::with_capacity(places.len());
    for place in places {
        push_entry(&mut entries, place, cursor.grid, asker);
    }
    let by_others = entries
        .iter()
        .filter(|entry| matches!(entry, FeedEntry::Change { .. }))
        .count();
    state.metrics.sent_changes.add(by_others as u64);
    let mut page = FeedPage {
        grid: cursor.grid,
        after: cursor.seq,
        to,
        entries,
        more,
        digest: (!more).then(|| head.digest.total()),
        signature: None,
    };
    if page.entries.iter().any(FeedEntry::needs_signature) {
        let message = feed_page_message(&state.identity.epoch, &page);
        let signature = state.identity.key.sign(&message).map_err(|error| {
            tracing::error!(%error, "a feed page could not be signed");
            ProblemCode::Internal
        })?;
        page.signature = Some(signature);
    }
    Ok(page)
}

fn push_entry(entries: &mut Vec<FeedEntry>, place: FeedPlace, grid: GridId, asker: &Asker<'_>) {
    let entry = match place {
        FeedPlace::Change(change) => return push_change(entries, change, grid, asker),
        FeedPlace::MovedIn { row, .. } => FeedEntry::MovedIn {
            entry: Box::new(snapshot::entry(*row)),
        },
        FeedPlace::MovedOut {
            record, to, moves, ..
        } => FeedEntry::MovedOut { record, to, moves },
    };
    entries.push(entry);
}

fn push_change(entries: &mut Vec<FeedEntry>, change: FeedChange, grid: GridId, asker: &Asker<'_>) {
    if asker.receipted.contains(&(grid, change.seq)) {
        match entries.last_mut() {
            Some(FeedEntry::Receipted { count }) => *count += 1,
            _ => entries.push(FeedEntry::Receipted { count: 1 }),
        }
    } else if asker.own == Some(change.actor) {
        entries.push(FeedEntry::Yours {
            record: change.record,
            hash: change.hash,
        });
    } else {
        entries.push(FeedEntry::Change {
            frame: Frame {
                record: change.record,
                record_epoch: change.record_epoch,
                kind: change.kind,
                hash: change.hash,
                change: change.bytes,
            },
        });
    }
}
