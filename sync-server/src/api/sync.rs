//! `POST /v1/sync`: one request that pushes and pulls.

use std::{
    collections::{BTreeSet, HashSet},
    time::Instant,
};

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use wangge_model::{
    GridId, RecordKind,
    fault_point::{self, FailPoint},
    protocol::{
        Directive, OLDEST_PROTOCOL, PROTOCOL, ProblemCode, SyncRequest, SyncResponse, limits,
    },
};

use super::{
    body,
    device_auth::{authenticate, note_seen},
    feed_page::{Asker, News, news},
    grants, reference, roll_call, roster,
};
use crate::{AppState, DeviceError, ingest, storage::Device};

/// Requests up to this size hand in next to nothing and wait for nobody.
const SMALL_BYTES: usize = 4 << 10;

/// Most decisions in one answer.
const MOST_DECISIONS: u32 = 1_000;

/// Pushes what the phone has and answers what it lacks.
pub(super) async fn sync(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, DeviceError> {
    let started = Instant::now();
    let result = try_sync(&state, &headers, body).await;
    match &result {
        Ok(_) => {
            state.metrics.sync_requests.add(1);
            state.metrics.sync_seconds.observe(started.elapsed());
        }
        Err(error) if error.code == ProblemCode::Unavailable => state.metrics.shed_requests.add(1),
        Err(_) => state.metrics.refused_requests.add(1),
    }
    result
}

async fn try_sync(
    state: &AppState,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, DeviceError> {
    let device = authenticate(state, headers).await?;
    let admitted = state
        .admission
        .admit(body::content_length(headers), state.entropy.as_ref())?;
    let bytes = body::collect(state, headers, body).await?;
    // From here on nothing waits for the phone.
    let turn = if bytes.len() > SMALL_BYTES {
        Some(
            state
                .work_permits
                .acquire()
                .await
                .map_err(|_| ProblemCode::Unavailable)?,
        )
    } else {
        None
    };
    let request: SyncRequest = body::inflate(bytes).await?;
    check(&request)?;
    let now = state.clock.now();
    note_seen(state, &device, &request.app_version, now);
    let response = exchange(state, &device, request).await?;
    fault_point::reach(FailPoint::ServerAnswerMade).map_err(|_| ProblemCode::Internal)?;
    drop((admitted, turn));
    let brings_nothing = response.pages.is_empty()
        && response.grants.is_none()
        && response.decisions.is_none()
        && response.reference.is_none()
        && response.roster.is_none()
        && response.roll_outcomes.is_none();
    if brings_nothing {
        return Ok(body::answer_small(state, &response));
    }
    body::answer(state, response).await
}

fn check(request: &SyncRequest) -> Result<(), DeviceError> {
    // A newer phone may mean something else by the same keys; it keeps what it
    // has. An older one's changes are taken in.
    if request.protocol > PROTOCOL {
        return Err(ProblemCode::ProtocolUnsupported.into());
    }
    if request.cursors.len() > limits::CURSORS || request.items.len() > limits::PUSH_ITEMS {
        return Err(ProblemCode::TooManyItems.into());
    }
    let grids: BTreeSet<GridId> = request.cursors.iter().map(|cursor| cursor.grid).collect();
    let wanted = request.wants_reference.as_ref().map_or(0, Vec::len);
    let answers = request.roll_answers.as_ref().map_or(0, Vec::len);
    if wanted > limits::REFERENCE_SETS || answers > limits::ROLL_ANSWERS {
        return Err(ProblemCode::TooManyItems.into());
    }
    if grids.len() != request.cursors.len()
        || (request.manifest.is_none() != request.items.is_empty())
    {
        return Err(ProblemCode::BadRequest.into());
    }
    Ok(())
}

async fn exchange(
    state: &AppState,
    device: &Device,
    request: SyncRequest,
) -> Result<SyncResponse, DeviceError> {
    let granted = state
        .storage
        .list_granted_grids(&device.person, state.clock.now())
        .await?;
    let grants = grants::of_grids(device.person, &device.person_name, &granted);
    let grids: HashSet<GridId> = granted.iter().map(|granted| granted.grid).collect();
    let pushed = match request.manifest {
        Some(signed) => Some(ingest::push(state, device, &granted, signed, request.items).await?),
        None => None,
    };
    let epoch = state.identity.epoch;
    if request.protocol < OLDEST_PROTOCOL {
        // Its work is safe; what it could misread it does not get.
        return Ok(SyncResponse {
            server_epoch: epoch,
            time: state.clock.now(),
            receipt: pushed.map(|pushed| pushed.receipt),
            pages: Vec::new(),
            grants: None,
            directives: vec![Directive::Upgrade {
                minimum: env!("CARGO_PKG_VERSION").to_owned(),
            }],
            decisions: None,
            reference: None,
            roster: None,
            roll_outcomes: None,
        });
    }
    let decisions = match request.decisions_after {
        Some(after) if request.server_epoch == Some(epoch) => {
            let storage = &state.storage;
            storage
                .list_decisions(&device.id, after, MOST_DECISIONS)
                .await?
        }
        _ => Vec::new(),
    };
    let reference = if request.server_epoch == Some(epoch) {
        let asked = reference::Asked {
            held: request.reference.as_ref(),
            wants: request.wants_reference.as_deref(),
            page_bytes: request.page_bytes,
        };
        reference::news(state, &asked, &grants).await?
    } else {
        None
    };
    let roll_outcomes = match &request.roll_answers {
        Some(answers) if request.server_epoch == Some(epoch) => {
            Some(roll_call::decide(state, device, answers).await?)
        }
        _ => None,
    };
    let roster = match &request.roster {
        Some(held) if request.server_epoch == Some(epoch) => {
            roster::news(state, device, held, &granted).await?
        }
        _ => None,
    };
    let news = if request.server_epoch == Some(epoch) {
        let nothing = HashSet::new();
        let own = match &pushed {
            _ if request.whole == Some(true) => None,
            Some(pushed) => Some(pushed.actor),
            None => state
                .storage
                .list_actors(&device.id)
                .await?
                .first()
                .copied(),
        };
        let asker = Asker {
            grids: &grids,
            own,
            receipted: pushed.as_ref().map_or(&nothing, |pushed| &pushed.places),
            page_bytes: request.page_bytes,
            knows_moves: request.knows_moves == Some(true),
            newest_kind: request.newest_kind.unwrap_or(RecordKind::NEWEST_UNSAID),
        };
        news(state, &request.cursors, &asker).await?
    } else {
        // Cursors of another life mean nothing here.
        News {
            directives: vec![Directive::Reoffer],
            ..News::default()
        }
    };
    Ok(SyncResponse {
        server_epoch: epoch,
        time: state.clock.now(),
        receipt: pushed.map(|pushed| pushed.receipt),
        pages: news.pages,
        grants: (request.grants_version != grants.version).then_some(grants),
        directives: news.directives,
        decisions: (!decisions.is_empty()).then_some(decisions),
        reference,
        roster,
        roll_outcomes,
    })
}
