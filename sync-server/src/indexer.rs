//! Keeps what is derived from records a moment behind them while the server
//! runs: the search index, the visits that count, what is counted of incidents,
//! reports that may be one; lets go of ledgers nobody came back for. Owns when;
//! how is `storage`'s.

use std::time::Duration;

use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, timeout},
};

use wangge_model::CivilDay;

use crate::{
    AppState,
    ingest::{case_action, merge},
    memory,
    state::GridHint,
};

/// Records of one step: a few hundredths of a second of the writer's time.
const STEP: usize = 200;
/// Visits of one step; each is read from its document.
const VISITS: u32 = 50;
/// Incidents of one step; each is read from its document.
const CASES: u32 = 50;
/// Merged records of one step; each and the one it stands for are opened.
const MERGES: u32 = 20;
/// Incidents of one step; each is opened and compared with 200 at most.
const COMPARED: u32 = 20;
/// A campaign stays on the phones for so many days after its last one, for
/// whoever comes back late.
const CAMPAIGN_GRACE_DAYS: i32 = 7;
/// With no news for this long, nobody waits for the writer. Looked at between
/// steps too: a burst of pushes is not to share the processor with what the
/// one before left to do.
const QUIET: Duration = Duration::from_millis(300);
/// However busy it is, the index is not further behind than this.
const MOST_BEHIND: Duration = Duration::from_secs(10);
/// Looks after what other programs wrote (imports at the command line) so often.
const UNTOLD: Duration = Duration::from_secs(30);

/// Indexes and counts whenever records changed and there is a quiet moment; ends when the
/// server stops.
pub async fn keep_indexed(state: AppState) {
    let mut pace = Pace::of(&state);
    let mut stopped = state.stopped();
    loop {
        bring_all(&state).await;
        index_all(&state, &mut pace).await;
        count_all(&state, &mut pace).await;
        compare_all(&state, &mut pace).await;
        state.ledgers.sweep(state.clock.now());
        memory::give_back();
        // Whatever ends the wait, there may be something to index.
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            goes_on = pace.wait_for_news() => if !goes_on {
                return;
            }
        }
        pace.wait_for_quiet().await;
    }
}

/// When to work: while nobody waits for the writer, or when too far behind.
#[derive(Debug)]
struct Pace {
    hints: Receiver<GridHint>,
    /// When the news came that are not indexed yet.
    behind_since: Instant,
    /// See [`QUIET`].
    quiet: Duration,
    /// See [`MOST_BEHIND`].
    most_behind: Duration,
}

impl Pace {
    fn of(state: &AppState) -> Self {
        Self {
            hints: state.hints(),
            behind_since: Instant::now(),
            quiet: QUIET,
            most_behind: MOST_BEHIND,
        }
    }

    /// Whether there will be more; everything before is done with.
    async fn wait_for_news(&mut self) -> bool {
        let news = timeout(UNTOLD, self.hints.recv()).await;
        self.behind_since = Instant::now();
        !matches!(news, Ok(Err(RecvError::Closed)))
    }

    /// Lets whoever hands something in go first.
    async fn wait_for_quiet(&mut self) {
        while self.behind_since.elapsed() < self.most_behind {
            if timeout(self.quiet, self.hints.recv()).await.is_err() {
                return;
            }
        }
    }

    /// As [`Self::wait_for_quiet`], between two steps: only if news came
    /// during the last one.
    async fn give_way(&mut self) {
        if !self.hints.is_empty() {
            self.wait_for_quiet().await;
        }
    }
}

async fn index_all(state: &AppState, pace: &mut Pace) {
    while !state.is_stopping() {
        pace.give_way().await;
        match state.storage.index_some(STEP).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::error!(%error, "the search index is behind; lists read what it lacks");
                return;
            }
        }
    }
}

/// Changes of merged records come to the records they stand for before lists
/// and figures follow.
async fn bring_all(state: &AppState) {
    while !state.is_stopping() {
        match merge::bring_over(state, MERGES).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "changes of merged records are behind");
                return;
            }
        }
    }
}

/// Finds reports that may be one. Two people who merged two incidents into one
/// another at the same moment would leave nobody with either: one is taken back.
async fn compare_all(state: &AppState, pace: &mut Pace) {
    while !state.is_stopping() {
        pace.give_way().await;
        let compared = match state.storage.compare_incidents(COMPARED).await {
            Ok(compared) if compared.count == 0 => return,
            Ok(compared) => compared,
            Err(error) => {
                tracing::error!(%error, "reports that may be one are behind");
                return;
            }
        };
        if let Some(record) = compared.tangled.first()
            && let Err(error) = case_action::untangle(state, *record).await
        {
            tracing::warn!(%record, %error, "incidents merged into one another stay so");
        }
    }
}

async fn count_all(state: &AppState, pace: &mut Pace) {
    let now = state.clock.now();
    let over = CivilDay::of(now).plus(-CAMPAIGN_GRACE_DAYS);
    if let Err(error) = state.storage.close_campaigns_before(over, now).await {
        tracing::error!(%error, "campaigns that are over stay on the phones");
    }
    if let Err(error) = state.storage.close_surveys_before(over, now).await {
        tracing::error!(%error, "surveys that are over stay on the phones");
    }
    if let Err(error) = state.storage.note_contacts(now).await {
        tracing::error!(%error, "phones in touch in an emergency were not noted");
    }
    if let Err(error) = state.storage.untell_emergencies(now).await {
        tracing::error!(%error, "emergencies that are over stay on the phones");
    }
    let today = CivilDay::of(now);
    if let Err(error) = state.storage.end_follow_up_marks_before(today).await {
        tracing::error!(%error, "follow-up marks that are over stay");
    }
    while !state.is_stopping() {
        pace.give_way().await;
        match state.storage.count_visits(VISITS, state.clock.now()).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "coverage and campaigns are behind");
                break;
            }
        }
    }
    while !state.is_stopping() {
        pace.give_way().await;
        match state.storage.read_cases(CASES).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "figures of incidents are behind");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast;
    use wangge_model::{GridId, RecordKind};

    use super::*;
    use crate::testing::{SimDevice, TestServer};

    #[tokio::test]
    async fn it_gives_way_to_pushes_until_it_is_too_far_behind() {
        let (quiet, most_behind) = (Duration::from_millis(20), Duration::from_millis(200));
        let (news, hints) = broadcast::channel(16);
        let hint = GridHint {
            grid: GridId::from_bytes([1; 16]),
            head_seq: 1,
        };
        let mut pace = Pace {
            hints,
            behind_since: Instant::now(),
            quiet,
            most_behind,
        };
        news.send(hint).unwrap();
        let begun = Instant::now();
        pace.give_way().await;
        assert!(begun.elapsed() >= quiet, "it waits until no more comes");
        assert!(pace.hints.is_empty());
        pace.behind_since = Instant::now();
        let busy = tokio::spawn(async move {
            while news.send(hint).is_ok() {
                tokio::task::yield_now().await;
            }
        });
        while pace.hints.is_empty() {
            tokio::task::yield_now().await;
        }
        // They never stop; it works beside them once it must.
        pace.give_way().await;
        assert!(pace.behind_since.elapsed() >= most_behind);
        drop(pace);
        busy.await.unwrap();
    }

    #[tokio::test]
    async fn it_indexes_and_counts_what_waits_and_ends_with_the_server() {
        let server = TestServer::start(5).await;
        let person = server.add_worker("网格员甲", server.grids[0]).await;
        let mut phone = SimDevice::enrol(&server, person).await;
        phone.create(
            &server,
            RecordKind::Household,
            server.grids[0],
            &[("address.room", "501室")],
        );
        phone.create(
            &server,
            RecordKind::Visit,
            server.grids[0],
            &[("diary", "无人在家")],
        );
        phone.sync(&server).await;
        let state = server.state.clone();
        assert_eq!(state.storage.count_unindexed().await.unwrap(), 2);
        assert!(state.storage.has_visits_due().await.unwrap());
        let task = tokio::spawn(keep_indexed(state.clone()));
        while state.storage.count_unindexed().await.unwrap() > 0
            || state.storage.has_visits_due().await.unwrap()
        {
            tokio::task::yield_now().await;
        }
        state.stop();
        task.await.unwrap();
    }
}
