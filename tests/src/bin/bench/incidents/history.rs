//! Four months of incidents, in the order of time, through the server's own
//! ways in: reports as signed pushes of phones or from outside, decisions by
//! the case machine, both committed by the one writer; times by the clockwork.
//! What is left out is HTTP and the look at a session.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    sync::Arc,
};

use anyhow::Context as _;
use tokio::task::JoinSet;
use wangge_model::{
    Clock as _, GridId, OrgNodeId, PersonId, RecordId, RecordKind, RequestId, Timestamp,
    case::{Case, CaseAction, CaseLevel, CaseState, file_request},
    document::{AuthoredRecord, RecordDocument},
    protocol::PushItem,
    testing::FakeClock,
};
use wangge_server::{
    AppState,
    auth::Scope,
    clockwork,
    ingest::{
        case_action::{self, CaseActionError},
        outside_report::{self, OutsideReport},
    },
};

use super::{
    province::{Grid, Office, Province},
    story::{HOUR_MS, MINUTE_MS, Story, Way},
};

/// Everything within so long happens at once.
const TICK_MS: i64 = 10 * MINUTE_MS;
/// People at work at the same time.
const AT_ONCE: usize = 128;
/// How often a step is tried anew after the clockwork moved the case.
const TRIES: usize = 3;

/// The unit that has a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Grid,
    Street,
    County,
}

/// A case on its way, as far as whoever has the next step knows.
#[derive(Debug)]
struct Live {
    id: RecordId,
    grid: usize,
    story: Story,
    state: CaseState,
    level: CaseLevel,
    unit: Option<Unit>,
    /// The steps of a joint handling that are done.
    joint: u8,
    /// A delay was asked for and not decided.
    is_asking: bool,
    is_paused: bool,
    /// The incident it repeats, if it does.
    before: Option<RecordId>,
    at: Timestamp,
}

/// What came of it all.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    pub(super) reports: u64,
    /// Decisions of people.
    pub(super) moves: u64,
    /// Decisions of the clockwork.
    pub(super) signals: u64,
    /// Asked for and refused, because the clockwork had moved the case.
    pub(super) refused: u64,
    pub(super) archived: u64,
    /// Void and merged ones.
    pub(super) ended: u64,
}

/// What happens next.
enum Job {
    Report(Box<Live>),
    Step(Box<Live>),
}

/// What happened.
struct Done {
    live: Box<Live>,
    moves: u64,
    refused: u64,
    is_over: bool,
}

/// Everything that the jobs share.
pub(super) struct History {
    pub(super) state: AppState,
    pub(super) clock: Arc<FakeClock>,
    pub(super) province: Arc<Province>,
}

impl History {
    fn wind(&self, to: Timestamp) {
        let now = self.clock.now();
        self.clock
            .advance_millis(to.as_millis().saturating_sub(now.as_millis()).max(0));
    }

    /// Lets all that happen, until `end`. `told` hears of each day.
    pub(super) async fn run(
        &self,
        arrivals: &[Timestamp],
        seed: u64,
        end: Timestamp,
        mut told: impl FnMut(Timestamp, &Counts),
    ) -> anyhow::Result<Counts> {
        let mut counts = Counts::default();
        let mut waiting: BinaryHeap<Reverse<(Timestamp, u64)>> = BinaryHeap::new();
        let mut lives: HashMap<u64, Box<Live>> = HashMap::new();
        let mut last: HashMap<usize, RecordId> = HashMap::new();
        let mut arrivals = arrivals.iter().copied().zip(0_u64..).peekable();
        let (mut hour, mut day) = (i64::MIN, i64::MIN);
        loop {
            let report = arrivals.peek().map(|(at, _)| *at);
            let step = waiting.peek().map(|Reverse((at, _))| *at);
            let Some(next) = report.into_iter().chain(step).min().filter(|at| *at < end) else {
                break;
            };
            let until = Timestamp::from_millis(next.as_millis() / TICK_MS * TICK_MS + TICK_MS);
            let until = until.min(end);
            self.wind(until);
            let mut jobs = Vec::new();
            while let Some((at, number)) = arrivals.next_if(|(at, _)| *at < until) {
                let live = self.live(at, seed.wrapping_add(number), &last);
                last.insert(live.grid, live.id);
                jobs.push((number, Job::Report(Box::new(live))));
            }
            while let Some(Reverse((at, number))) = waiting.pop() {
                if at >= until {
                    waiting.push(Reverse((at, number)));
                    break;
                }
                let live = lives.remove(&number).context("a case nobody knows")?;
                jobs.push((number, Job::Step(live)));
            }
            let reports = jobs.iter().filter(|(_, job)| matches!(job, Job::Report(_)));
            counts.reports += reports.count() as u64;
            for (number, done) in self.perform(jobs).await? {
                counts.moves += done.moves;
                counts.refused += done.refused;
                if done.is_over {
                    let is_archived = done.live.state == CaseState::Archived;
                    counts.archived += u64::from(is_archived);
                    counts.ended += u64::from(!is_archived);
                } else {
                    waiting.push(Reverse((done.live.at, number)));
                    lives.insert(number, done.live);
                }
            }
            if until.as_millis() / HOUR_MS != hour {
                hour = until.as_millis() / HOUR_MS;
                counts.signals += clockwork::look(&self.state).await? as u64;
            }
            if until.as_millis() / (24 * HOUR_MS) != day {
                day = until.as_millis() / (24 * HOUR_MS);
                told(until, &counts);
            }
        }
        self.wind(end);
        counts.signals += clockwork::look(&self.state).await? as u64;
        Ok(counts)
    }

    fn live(&self, at: Timestamp, seed: u64, last: &HashMap<usize, RecordId>) -> Live {
        // Grids are unlike: some have ten times as many incidents as others.
        let spread = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
        let (one, two) = (spread & 0xffff_ffff, spread.wrapping_mul(31) & 0xffff);
        let grids = self.province.grids.len() as u64;
        let even = one % grids.max(1);
        let busy = (one % (grids / 5).max(1)) * 5 % grids.max(1);
        let grid = if two % 10 < 7 { even } else { busy };
        let grid = usize::try_from(grid).unwrap_or(0);
        Live {
            id: RecordId::make(self.state.clock.as_ref(), self.state.entropy.as_ref()),
            grid,
            story: Story::new(seed),
            state: CaseState::Reported,
            level: CaseLevel::Community,
            unit: None,
            joint: 0,
            is_asking: false,
            is_paused: false,
            before: last.get(&grid).copied(),
            at,
        }
    }

    async fn perform(&self, jobs: Vec<(u64, Job)>) -> anyhow::Result<Vec<(u64, Done)>> {
        let mut running = JoinSet::new();
        let mut all = Vec::with_capacity(jobs.len());
        for (number, job) in jobs {
            if running.len() >= AT_ONCE
                && let Some(done) = running.join_next().await
            {
                all.push(done??);
            }
            let (state, province) = (self.state.clone(), Arc::clone(&self.province));
            running.spawn(async move {
                let done = match job {
                    Job::Report(live) => report(&state, &province, live).await?,
                    Job::Step(live) => step(&state, &province, live).await?,
                };
                Ok::<_, anyhow::Error>((number, done))
            });
        }
        while let Some(done) = running.join_next().await {
            all.push(done??);
        }
        Ok(all)
    }
}

/// Somebody reports it.
async fn report(state: &AppState, province: &Province, live: Box<Live>) -> anyhow::Result<Done> {
    let mut live = live;
    let grid = province.grid(live.grid)?;
    let now = state.clock.now();
    let mut edits = live.story.report(live.grid, live.at)?;
    let mut moves = 0;
    if live.story.source.is_none() {
        let new = OutsideReport {
            incident: live.id,
            grid: grid.id,
            edits,
        };
        anyhow::ensure!(outside_report::report(state, new).await?, "it was there");
    } else {
        if live.story.way == Way::OnTheSpot {
            // Report and result in one form (一般性), one change of the phone.
            let request = RequestId::make(state.clock.as_ref(), state.entropy.as_ref());
            let result = "现场处置完毕，已恢复正常。".to_owned();
            let action = CaseAction::HandleOnSpot { result };
            edits.extend(file_request(request, &action, None, now));
            live.state = CaseState::Handled;
            moves = 1;
        }
        let handset = province.handsets.get(live.grid).context("no phone")?;
        let mut handset = handset.lock().await;
        let item = new_item(&live, grid.id, &edits, handset.actor, now)?;
        handset.push(state, item).await?;
    }
    live.at = live.story.next_at(live.state, now);
    Ok(Done {
        live,
        moves,
        refused: 0,
        is_over: false,
    })
}

fn new_item(
    live: &Live,
    grid: GridId,
    edits: &[wangge_model::document::FieldEdit],
    actor: wangge_model::ActorId,
    at: Timestamp,
) -> anyhow::Result<PushItem> {
    let kind = RecordKind::Incident;
    let authored = AuthoredRecord::write(kind, edits, actor, at)?.context("an empty report")?;
    Ok(PushItem {
        record: live.id,
        record_epoch: 0,
        kind,
        grid,
        hash: authored.change.hash,
        change: authored.change.bytes,
    })
}

/// Whoever has it takes the next step.
async fn step(state: &AppState, province: &Province, live: Box<Live>) -> anyhow::Result<Done> {
    let mut live = live;
    let (mut moves, mut refused) = (0, 0);
    for _ in 0..TRIES {
        let (action, person) = next(&mut live, province)?;
        let scope = Scope {
            person,
            at: state.clock.now(),
            role: None,
            seats: Vec::new(),
        };
        match case_action::decide(state, &scope, live.id, action.clone(), None).await {
            Ok(()) => {
                moves += 1;
                follow(&mut live, &action);
                break;
            }
            // A unit no longer sees what the clockwork took from it.
            Err(CaseActionError::Refused(_) | CaseActionError::NotFound) => {
                refused += 1;
                // What it repeats may have gone that way itself.
                live.before = None;
                look_again(state, &mut live).await?;
            }
            Err(error) => {
                return Err(error).with_context(|| format!("{action:?} of {live:?}"));
            }
        }
    }
    anyhow::ensure!(moves > 0, "nothing can be done with {live:?}");
    let is_over = matches!(
        live.state,
        CaseState::Archived | CaseState::Void | CaseState::Merged
    );
    live.at = live.story.next_at(live.state, state.clock.now());
    Ok(Done {
        live,
        moves,
        refused,
        is_over,
    })
}

/// Reads where a case stands that the clockwork moved.
async fn look_again(state: &AppState, live: &mut Live) -> anyhow::Result<()> {
    let stored = state.storage.find_record(&live.id).await?;
    let stored = stored.context("no such incident")?;
    let document = RecordDocument::load(stored.kind, Some(&stored.document), [])?;
    let case = Case::read(&document.read()).context("no case")?;
    (live.state, live.level) = (case.state, case.level);
    if case.unit.is_none() {
        live.unit = None;
    }
    live.is_asking = case.delay.is_some();
    live.is_paused = case.clock.is_some_and(|clock| clock.is_stopped());
    Ok(())
}

/// The next step of a case and who takes it.
fn next(live: &mut Live, province: &Province) -> anyhow::Result<(CaseAction, PersonId)> {
    let grid = province.grid(live.grid)?;
    let office = province.office(grid, live.level)?;
    let street = province.office(grid, CaseLevel::Street)?;
    let county = province.office(grid, CaseLevel::County)?;
    let desk = office.desk;
    let handler = match live.unit {
        Some(Unit::Street) => street.handler,
        Some(Unit::County) => county.handler,
        _ => grid.worker,
    };
    let words = |text: &str| text.to_owned();
    Ok(match live.state {
        CaseState::Reported => match (live.story.way, live.before) {
            (Way::Void, _) => {
                let reason = words("现场核实无此情况。");
                (CaseAction::Void { reason }, desk)
            }
            (Way::Duplicate, Some(into)) => (CaseAction::Merge { into }, desk),
            (Way::Emergency, _) => (CaseAction::File, county.desk),
            _ if live.story.stays_in_grid => (CaseAction::File, grid.head),
            _ => (CaseAction::File, desk),
        },
        CaseState::Filed if live.story.way == Way::Approval => (CaseAction::Approve, desk),
        CaseState::Filed if live.level < live.story.goal => {
            let reason = words("超出本级职责，报上级处理。");
            (CaseAction::Escalate { reason }, desk)
        }
        CaseState::Filed => {
            let (unit, node) = choose_unit(live, grid, street, county);
            live.unit = Some(unit);
            (CaseAction::Assign { unit: node }, desk)
        }
        CaseState::Assigned if live.story.refusals > 0 => {
            let reason = words("不属于本单位职责。");
            (CaseAction::Refuse { reason }, handler)
        }
        CaseState::Assigned => (CaseAction::Sign, handler),
        CaseState::InProgress => in_progress(live, street, desk, handler),
        CaseState::Explained => (CaseAction::Resume, desk),
        CaseState::Handled => {
            // Above the community the unit is the desk's own, and nobody finds
            // their own work done.
            let is_own = live.level > CaseLevel::Community;
            let checker = if is_own { grid.head } else { desk };
            if live.story.failed_checks > 0 {
                let reason = words("现场查看问题仍在。");
                (CaseAction::VerifyFail { reason }, checker)
            } else {
                (CaseAction::VerifyPass, checker)
            }
        }
        CaseState::Verified => {
            let text = words("已电话告知反映人处理结果。");
            (CaseAction::Feedback { text }, desk)
        }
        CaseState::Closed => match live.story.stars {
            Some(stars) => (CaseAction::Rate { stars }, grid.worker),
            None if live.story.is_reopened => {
                let reason = words("反映人称问题再次出现。");
                (CaseAction::Reopen { reason }, desk)
            }
            None => (CaseAction::Archive, desk),
        },
        state => anyhow::bail!("nothing follows {state:?}"),
    })
}

fn choose_unit(live: &Live, grid: &Grid, street: &Office, county: &Office) -> (Unit, OrgNodeId) {
    match live.level {
        CaseLevel::Community if live.story.stays_in_grid => (Unit::Grid, grid.id.into()),
        CaseLevel::Community | CaseLevel::Street => (Unit::Street, street.node),
        CaseLevel::County => (Unit::County, county.node),
    }
}

/// What is done about a case that somebody works on, and by whom.
fn in_progress(
    live: &Live,
    street: &Office,
    desk: PersonId,
    handler: PersonId,
) -> (CaseAction, PersonId) {
    let words = |text: &str| text.to_owned();
    let unit = street.node;
    match live.joint {
        0 if live.story.wants_joint && live.unit == Some(Unit::County) => {
            let (units, reason) = (vec![unit], words("需街道到场配合。"));
            return (CaseAction::RequestJoint { units, reason }, desk);
        }
        1 => return (CaseAction::Arrive { unit }, street.handler),
        2 => {
            let result = words("已到场配合清理。");
            return (CaseAction::ReportJoint { unit, result }, street.handler);
        }
        3 => return (CaseAction::RateJoint { unit, stars: 5 }, desk),
        _ => {}
    }
    if live.is_asking {
        let (is_granted, reason) = (true, words("同意延期。"));
        return (CaseAction::DecideDelay { is_granted, reason }, desk);
    }
    let action = if live.is_paused {
        CaseAction::Continue
    } else if live.story.wants_delay {
        let (days, reason) = (3, words("需采购配件。"));
        CaseAction::RequestDelay { days, reason }
    } else if live.story.wants_pause {
        let reason = words("等待反映人补充材料。");
        CaseAction::Pause { reason }
    } else if live.story.is_explained {
        let text = words("涉及历史遗留问题，暂不具备解决条件，已向居民说明。");
        CaseAction::Explain { text }
    } else {
        let result = words("已到现场处理完毕，恢复正常使用。");
        CaseAction::HandIn { result }
    };
    (action, handler)
}

/// Where a case stands after a step that was granted, as the machine has it.
fn follow(live: &mut Live, action: &CaseAction) {
    match action {
        CaseAction::Void { .. } => live.state = CaseState::Void,
        CaseAction::Merge { .. } => live.state = CaseState::Merged,
        CaseAction::File => live.state = CaseState::Filed,
        CaseAction::Approve => match live.level.above() {
            Some(level) => live.level = level,
            None => live.state = CaseState::Handled,
        },
        CaseAction::Escalate { .. } => {
            live.level = live.level.above().unwrap_or(live.level);
            live.unit = None;
        }
        CaseAction::Assign { .. } => live.state = CaseState::Assigned,
        CaseAction::Refuse { .. } => {
            (live.state, live.unit) = (CaseState::Filed, None);
            live.story.refusals -= 1;
        }
        CaseAction::Sign | CaseAction::Resume => live.state = CaseState::InProgress,
        CaseAction::RequestJoint { .. } => live.joint = 1,
        CaseAction::Arrive { .. } => live.joint = 2,
        CaseAction::ReportJoint { .. } => live.joint = 3,
        CaseAction::RateJoint { .. } => live.joint = 4,
        CaseAction::RequestDelay { .. } => {
            live.story.wants_delay = false;
            live.is_asking = true;
        }
        CaseAction::DecideDelay { .. } => live.is_asking = false,
        CaseAction::Pause { .. } => {
            live.story.wants_pause = false;
            live.is_paused = true;
        }
        CaseAction::Continue => live.is_paused = false,
        CaseAction::Explain { .. } => {
            live.state = CaseState::Explained;
            live.story.is_explained = false;
        }
        CaseAction::HandIn { .. } => live.state = CaseState::Handled,
        CaseAction::VerifyFail { .. } => {
            live.state = CaseState::InProgress;
            live.story.failed_checks -= 1;
        }
        CaseAction::VerifyPass => live.state = CaseState::Verified,
        CaseAction::Feedback { .. } => live.state = CaseState::Closed,
        CaseAction::Rate { .. } => live.story.stars = None,
        CaseAction::Reopen { .. } => {
            live.state = CaseState::InProgress;
            live.story.is_reopened = false;
        }
        CaseAction::Archive => live.state = CaseState::Archived,
        _ => {}
    }
}
