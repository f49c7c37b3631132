//! Assessment: which list of indicators holds where, the points of a table, and
//! freezing a month once it is over. Owns neither what is counted
//! ([`crate::storage::AssessmentStorage`]) nor how points are made of it
//! ([`wangge_model::assessment`]).

use std::collections::BTreeSet;

use wangge_model::{
    AssessmentFreezeId, AuditId, CivilDay, OrgNodeId, PersonId, Timestamp,
    assessment::{ASSESSMENT_LIST, AssessmentList, AssessmentPeriod, Formula, combine, score},
};

use crate::{
    AppState,
    storage::{AuditEntry, NewFreeze, PlaceFigures, Rating, Storage, StorageResult},
};

/// The lease's name.
const JOB: &str = "assessment";
/// How long the lease holds; longer than freezing a county's month takes.
const LEASE_MS: i64 = 300_000;

/// The list that holds at a place, and its version; the built-in one has none.
pub(crate) async fn find_list(
    storage: &dyn Storage,
    place: &OrgNodeId,
) -> StorageResult<(AssessmentList, String)> {
    let set = storage.find_reference_above(ASSESSMENT_LIST, place).await?;
    // Of a newer build: better the built-in one, named as such, than none.
    let given = set.and_then(|set| {
        let list = set.read(AssessmentList::from_json)?;
        Some((list, set.version.to_string()))
    });
    Ok(given.unwrap_or_default())
}

/// The formulas of the list for a kind of period.
pub(crate) fn formulas(list: &AssessmentList, period: AssessmentPeriod) -> BTreeSet<Formula> {
    list.of(period.kind()).map(|one| one.formula).collect()
}

/// The points of a place, in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Points {
    /// By the indicators; `None`: there was nothing to count.
    pub(crate) computed: Option<u32>,
    /// What it gave itself.
    pub(crate) own: Option<u32>,
    /// What its peers gave it, on average.
    pub(crate) mutual: Option<u32>,
    /// How many peers that were.
    pub(crate) peers: u32,
    /// All of it, by the shares of the list.
    pub(crate) total: Option<u32>,
}

impl Points {
    pub(crate) fn of(
        list: &AssessmentList,
        period: AssessmentPeriod,
        place: &PlaceFigures,
        ratings: &[Rating],
    ) -> Self {
        let figures = list.of(period.kind()).map(|indicator| {
            let figure = place.figures.get(&indicator.formula);
            (indicator, figure.copied().unwrap_or_default())
        });
        let computed = score(figures, period.months());
        let of_place = || ratings.iter().filter(|rating| rating.unit == place.place);
        let own = of_place()
            .find(|rating| rating.is_self())
            .map(|rating| u32::from(rating.points) * 100);
        let (sum, peers) = of_place()
            .filter(|rating| !rating.is_self())
            .fold((0_u32, 0_u32), |(sum, peers), rating| {
                (sum + u32::from(rating.points), peers + 1)
            });
        let mutual = (sum * 100).checked_div(peers);
        // Points that only units gave are no assessment.
        let total = computed.and_then(|computed| {
            combine(&[
                (Some(computed), list.computed_share()),
                (own, list.self_share),
                (mutual, list.mutual_share),
            ])
        });
        Self {
            computed,
            own,
            mutual,
            peers,
            total,
        }
    }
}

/// Freezes a month by the list that holds at the place, and notes it; `false` if
/// it is frozen. Whether the person may, storage says.
pub(crate) async fn freeze(
    state: &AppState,
    node: OrgNodeId,
    month: AssessmentPeriod,
    person: Option<PersonId>,
) -> StorageResult<bool> {
    let storage = state.storage.as_ref();
    let (list, version) = find_list(storage, &node).await?;
    let now = state.clock.now();
    let new = NewFreeze {
        id: AssessmentFreezeId::make(state.clock.as_ref(), state.entropy.as_ref()),
        node,
        month,
        list,
        version: version.clone(),
        person,
        at: now,
    };
    if !storage.freeze_month(&new).await? {
        return Ok(false);
    }
    let list = if version.is_empty() {
        "built_in"
    } else {
        version.as_str()
    };
    let entry = AuditEntry {
        id: AuditId::make(state.clock.as_ref(), state.entropy.as_ref()),
        at: now,
        person,
        device: None,
        action: "assessment_frozen".to_owned(),
        target: node.to_string(),
        detail: format!("{} {list}", month.text()),
    };
    storage.create_audit(&entry).await?;
    Ok(true)
}

/// Freezes last month wherever its list says that it is time; answers how many
/// places that were. Nothing, while another server does it or something is
/// still to be counted.
pub(crate) async fn freeze_what_is_over(state: &AppState) -> StorageResult<usize> {
    let storage = state.storage.as_ref();
    let now = state.clock.now();
    let today = CivilDay::of(now);
    let month = AssessmentPeriod::month(today).previous();
    let places = storage.list_unfrozen(month).await?;
    if places.is_empty() || !is_counted(storage).await? {
        return Ok(0);
    }
    let holder = *state.identity.actor.as_bytes();
    let until = now.plus_millis(LEASE_MS);
    if !storage.lease_job(JOB, &holder, now, until).await? {
        return Ok(0);
    }
    let mut frozen = 0;
    for place in places {
        if is_due(storage, &place, month, now).await? && freeze(state, place, month, None).await? {
            frozen += 1;
        }
    }
    Ok(frozen)
}

/// Whether everything that was handed in is counted.
pub(crate) async fn is_counted(storage: &dyn Storage) -> StorageResult<bool> {
    Ok(!storage.has_visits_due().await? && !storage.has_cases_due().await?)
}

async fn is_due(
    storage: &dyn Storage,
    place: &OrgNodeId,
    month: AssessmentPeriod,
    now: Timestamp,
) -> StorageResult<bool> {
    let (list, _) = find_list(storage, place).await?;
    let after = i32::from(list.freeze_after_days);
    Ok(after > 0 && CivilDay::of(now).days_since(month.last()) > after)
}

#[cfg(test)]
mod tests {
    use wangge_model::{OrgLevel, assessment::Figure};

    use super::*;
    use crate::testing::TestServer;

    fn rated(unit: u8, rater: u8, points: u8) -> Rating {
        let node = |byte| OrgNodeId::from_bytes([byte; 16]);
        Rating {
            unit: node(unit),
            unit_name: String::new(),
            rater: node(rater),
            rater_name: String::new(),
            points,
            reason: String::new(),
            person_name: String::new(),
            at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn points_are_computed_and_rated_by_their_shares() {
        let list = AssessmentList::default();
        let month = AssessmentPeriod::month("2026-03-01".parse().unwrap());
        let place = |part, whole| PlaceFigures {
            place: OrgNodeId::from_bytes([1; 16]),
            name: String::new(),
            code: String::new(),
            level: OrgLevel::Grid,
            figures: [(Formula::Settled, Figure { part, whole })].into(),
        };
        let ratings = [
            rated(1, 1, 100),
            rated(1, 2, 60),
            rated(1, 3, 80),
            rated(2, 1, 10),
        ];
        let points = Points::of(&list, month, &place(97, 100), &ratings);
        assert_eq!(points.computed, Some(10_000));
        assert_eq!((points.own, points.mutual), (Some(10_000), Some(7_000)));
        assert_eq!((points.peers, points.total), (2, Some(9_700)));
        let nothing = Points::of(&list, month, &place(0, 0), &ratings);
        assert_eq!((nothing.computed, nothing.total), (None, None));
    }

    #[tokio::test]
    async fn a_month_is_frozen_once_some_days_after_its_end_and_noted() {
        let server = TestServer::start(9).await;
        let state = &server.state;
        // 1 January 2026; December is frozen after five days.
        assert_eq!(freeze_what_is_over(state).await.unwrap(), 0);
        server.clock.advance_millis(5 * 86_400_000);
        assert_eq!(freeze_what_is_over(state).await.unwrap(), 1);
        assert_eq!(freeze_what_is_over(state).await.unwrap(), 0, "once");
        let audit = state.storage.list_audit(1).await.unwrap();
        assert_eq!(audit[0].action, "assessment_frozen");
        assert_eq!(audit[0].detail, "2025-12 built_in");
        assert_eq!(audit[0].person, None);
        let month = AssessmentPeriod::month("2025-12-01".parse().unwrap());
        assert!(state.storage.list_unfrozen(month).await.unwrap().is_empty());
    }
}
