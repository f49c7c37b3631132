//! `GET /v1/grids/{grid}/snapshot`: a grid's records as they stand, in pages
//! that are compressed once and kept (see [`crate::snapshot_cache`]).

use axum::{
    body::Bytes,
    extract::{Path, Query, State},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;
use wangge_model::{
    GridId, RecordId, RecordKind,
    protocol::{
        ProblemCode, SigningKey as _, SnapshotEntry, SnapshotPage, snapshot_page_message, to_cbor,
    },
};

use super::{admission::come_back, body, device_auth::authenticate};
use crate::{
    AppState, DeviceError,
    snapshot_cache::{KeptPage, PageKey},
    storage::SnapshotRow,
};

/// Most records and bytes of documents in a page: large enough to compress
/// well, small enough to be repeated on a bad line.
const PAGE_RECORDS: u32 = 1_000;
const PAGE_BYTES: usize = 1 << 20;

/// Places a kept chain may lie behind the feed's head before a new one is
/// begun: a phone reads them through the feed afterwards.
const STALE_PLACES: u64 = 256;

/// Which page.
#[derive(Debug, Deserialize)]
pub(super) struct PageQuery {
    as_of: Option<u64>,
    after: Option<String>,
    newest_kind: Option<u8>,
}

/// One page of a grid's records.
pub(super) async fn snapshot(
    State(state): State<AppState>,
    Path(grid): Path<String>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, DeviceError> {
    let device = authenticate(&state, &headers).await?;
    let grid: GridId = grid.parse().map_err(|_| ProblemCode::NotFound)?;
    let after = query
        .after
        .map(|text| text.parse::<RecordId>())
        .transpose()
        .map_err(|_| ProblemCode::BadRequest)?;
    if !state
        .storage
        .is_grid_held(&device.person, &grid, state.clock.now())
        .await?
    {
        return Err(ProblemCode::OutOfScope.into());
    }
    let _admitted = state.admission.admit(Some(0), state.entropy.as_ref())?;
    let (head, oldest) =
        state
            .storage
            .list_feed_heads(&[grid])
            .await?
            .pop()
            .map_or((0, 0), |head| {
                // A chain from before a move would bring a record that has left,
                // and a phone that knows no moves would fetch it for ever.
                (head.head_seq, head.floor_seq.max(head.moved_seq))
            });
    let as_of = match (query.as_of, after) {
        (Some(as_of), _) if as_of <= head => as_of,
        (None, None) => state
            .snapshots
            .chain(&grid)
            .filter(|chain| *chain <= head && *chain >= oldest && head - chain <= STALE_PLACES)
            .unwrap_or(head),
        _ => return Err(ProblemCode::BadRequest.into()),
    };
    let newest_kind = query
        .newest_kind
        .unwrap_or(RecordKind::NEWEST_UNSAID)
        .min(RecordKind::NEWEST);
    let key = PageKey {
        grid,
        as_of,
        after,
        newest_kind,
    };
    state.metrics.snapshot_pages.add(1);
    let page = match state.snapshots.get(&key) {
        Some(page) => {
            state.metrics.snapshot_hits.add(1);
            page
        }
        None => find_or_build(&state, key, query.as_of.is_none()).await?,
    };
    if let Some(next) = page.next_after
        && state.settings.reads_ahead
    {
        read_ahead(
            &state,
            PageKey {
                after: Some(next),
                ..key
            },
        );
    }
    Ok(body::sealed(&state, page.body))
}

/// Builds a page while the phone stores the one before it, if a processor is
/// free: it is what the phone asks for next.
fn read_ahead(state: &AppState, key: PageKey) {
    if state.guard_permits.available_permits() == 0 || state.snapshots.get(&key).is_some() {
        return;
    }
    let state = state.clone();
    tokio::spawn(async move {
        if let Err(error) = find_or_build(&state, key, false).await {
            // Whoever asks for the page is told.
            tracing::warn!(code = error.code.as_str(), "a page was not read ahead");
        }
    });
}

/// A page out of the cache, or built and put there; once, however many ask. It
/// begins the grid's chain only for a phone that did not name the moment itself.
async fn find_or_build(
    state: &AppState,
    key: PageKey,
    begins_chain: bool,
) -> Result<KeptPage, DeviceError> {
    let building = state.snapshots.building(key);
    let page = building
        .page
        .get_or_try_init(|| async {
            // Somebody else's work may have ended just before.
            if let Some(page) = state.snapshots.get(&key) {
                return Ok(page);
            }
            build(state, key).await
        })
        .await?
        .clone();
    if begins_chain {
        state.snapshots.put_first(key, page.clone());
    } else {
        state.snapshots.put_later(key, page.clone());
    }
    Ok(page)
}

/// Reads and compresses a page. One at a time per processor: many phones that
/// start at once must not fill the memory with pages.
async fn build(state: &AppState, key: PageKey) -> Result<KeptPage, DeviceError> {
    let _permit = state
        .guard_permits
        .acquire()
        .await
        .map_err(|_| come_back(state.entropy.as_ref()))?;
    let storage = &state.storage;
    let rows = storage
        .list_snapshot(&key.grid, key.after.as_ref(), PAGE_RECORDS, PAGE_BYTES)
        .await?;
    let total = storage.count_records(&key.grid).await?;
    let next_after = match rows.last() {
        Some(last) => {
            let id = last.record.id;
            let more = storage.list_snapshot(&key.grid, Some(&id), 1, 1).await?;
            (!more.is_empty()).then_some(id)
        }
        None => None,
    };
    let mut page = SnapshotPage {
        grid: key.grid,
        as_of: key.as_of,
        entries: rows
            .into_iter()
            .filter(|row| row.record.kind.number() <= key.newest_kind)
            .map(entry)
            .collect(),
        next_after,
        total,
        signature: None,
    };
    let message = snapshot_page_message(&state.identity.epoch, &page);
    let signature = state.identity.key.sign(&message).map_err(|error| {
        tracing::error!(%error, "a snapshot page could not be signed");
        ProblemCode::Internal
    })?;
    page.signature = Some(signature);
    let body = tokio::task::spawn_blocking(move || compress(&page))
        .await
        .map_err(|_| ProblemCode::Internal)??;
    Ok(KeptPage { body, next_after })
}

/// A record as a snapshot, or a move into a feed, brings it.
pub(super) fn entry(row: SnapshotRow) -> SnapshotEntry {
    SnapshotEntry {
        record: row.record.id,
        record_epoch: row.record.record_epoch,
        kind: row.record.kind,
        heads: row.record.heads,
        document: row.record.document,
        summary: row.summary,
        moves: (row.record.moves > 0).then_some(row.record.moves),
    }
}

/// zstd's level for pages. They are compressed once and sent to many phones,
/// but the first phone waits for it: 9 takes three times as long as 3 and saves
/// little.
const LEVEL: i32 = 3;

fn compress(page: &SnapshotPage) -> Result<Bytes, DeviceError> {
    let body = zstd::bulk::compress(&to_cbor(page), LEVEL).map_err(|error| {
        tracing::error!(%error, "a snapshot page could not be compressed");
        ProblemCode::Internal
    })?;
    Ok(body.into())
}
