//! `GET /cases/live`: a stream of hints that the inbox changed, so that a desk
//! sees a report without asking. A hint carries no content: the page that hears
//! one is fetched again, with everything that is asked of whoever fetches it.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::StatusCode,
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, stream};
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, sleep_until},
};

use crate::{
    AppState,
    auth::{NotSignedIn, SignedIn},
    console::error::PageError,
    state::CaseHint,
    storage::CaseScope,
};

/// Often enough for whatever stands between a desk and the server.
const KEEP_ALIVE: Duration = Duration::from_secs(25);
/// A stream ends after so long; the browser asks again, and whether somebody is
/// signed in and what they may see is looked at anew.
const LONGEST: Duration = Duration::from_mins(10);

/// Streams hints for the person's cases.
pub(super) async fn get(
    State(state): State<AppState>,
    signed_in: Result<SignedIn, NotSignedIn>,
) -> Result<Response, PageError> {
    // No way to a form: a stream that is refused is not tried again.
    let signed_in = match signed_in {
        Ok(signed_in) => signed_in,
        Err(NotSignedIn::Storage(error)) => return Err(error.into()),
        Err(NotSignedIn::Nobody { .. }) => return Ok(StatusCode::NO_CONTENT.into_response()),
    };
    // Listens before it looks, so that nothing falls in between.
    let hints = state.case_hints();
    let scope = &signed_in.scope;
    let listener = Listener {
        hints,
        stopped: state.stopped(),
        scope: state
            .storage
            .find_case_scope(&scope.person, scope.at)
            .await?,
        until: Instant::now() + LONGEST,
    };
    Ok(Sse::new(listener.into_stream())
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response())
}

struct Listener {
    hints: broadcast::Receiver<Arc<CaseHint>>,
    stopped: watch::Receiver<bool>,
    scope: CaseScope,
    until: Instant,
}

impl Listener {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut listener| async move {
            listener.next().await?;
            // Browsers pass over events without data.
            let event = Event::default().event("cases").data("changed");
            Some((Ok(event), listener))
        })
    }

    fn concerns(&self, hint: &CaseHint) -> bool {
        self.scope.grids.contains(&hint.grid)
            || hint
                .units
                .iter()
                .any(|unit| self.scope.units.contains(unit))
    }

    /// Waits for a hint that concerns the person; `None` when it is over.
    async fn next(&mut self) -> Option<()> {
        loop {
            let hint = tokio::select! {
                hint = self.hints.recv() => hint,
                // An error means the server is gone, which is a stop too.
                _ = self.stopped.wait_for(|stopped| *stopped) => return None,
                () = sleep_until(self.until) => return None,
            };
            match hint {
                Ok(hint) if self.concerns(&hint) => return Some(()),
                Ok(_) => {}
                // Hints were missed: one of them may have been ours.
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(()),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
