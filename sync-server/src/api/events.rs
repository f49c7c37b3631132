//! `GET /v1/events`: a stream of hints that a feed grew, so that a phone in use
//! need not ask again and again. A hint carries no content; a phone that
//! misses one loses nothing but time.

use std::{collections::HashSet, convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, stream};
use tokio::sync::{broadcast, watch};
use wangge_model::GridId;

use super::device_auth::authenticate;
use crate::{AppState, DeviceError, state::GridHint};

/// Often enough to keep the NAT of a mobile network open.
const KEEP_ALIVE: Duration = Duration::from_secs(25);

/// Streams hints for the person's grids.
pub(super) async fn events(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, DeviceError> {
    let device = authenticate(&state, &headers).await?;
    // Listens before it looks, so that nothing falls in between.
    let hints = state.hints();
    let grids: HashSet<GridId> = state
        .storage
        .list_granted_grids(&device.person, state.clock.now())
        .await?
        .into_iter()
        .map(|granted| granted.grid)
        .collect();
    let listener = Listener {
        hints,
        stopped: state.stopped(),
        grids,
    };
    Ok(Sse::new(listener.into_stream())
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response())
}

struct Listener {
    hints: broadcast::Receiver<GridHint>,
    stopped: watch::Receiver<bool>,
    grids: HashSet<GridId>,
}

impl Listener {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut listener| async move {
            let event = listener.next().await?;
            Some((Ok(event), listener))
        })
    }

    /// The next hint that concerns this phone; `None` when the server stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let hint = tokio::select! {
                hint = self.hints.recv() => hint,
                // An error means the server is gone, which is a stop too.
                _ = self.stopped.wait_for(|stopped| *stopped) => return None,
            };
            match hint {
                Ok(hint) if self.grids.contains(&hint.grid) => {
                    let data = format!("{} {}", hint.grid, hint.head_seq);
                    return Some(Event::default().event("grid").data(data));
                }
                Ok(_) => {}
                // Hints were missed: which, nobody knows, so ask about all.
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    return Some(Event::default().event("sync").data("all"));
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
