//! `GET /first-asked`: what somebody was asked first and how each of it stands
//! (首问责任、跟踪问效): their own list, and for whoever leads them everybody's.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;
use wangge_model::{OrgNodeId, PersonId, Timestamp, case::CaseState, message::message_id};

use super::list::{CaseRowView, case_row};
use crate::{
    AppState,
    auth::SignedIn,
    console::{
        error::PageError,
        frame::{Frame, render},
        list::PAGE_ROWS,
        page::Page,
        pager::Pager,
    },
    ingest::authority,
    storage::{CaseFilter, ListedCase, StorageResult},
};

/// Days that are summed up: a year, as the counter of complaints (一年四次).
const SUMMED_DAYS: i64 = 365;

#[derive(Template)]
#[template(path = "first_asked.html")]
pub(crate) struct FirstAskedPage {
    pub(crate) page: Page,
    /// Whose list it is.
    pub(crate) name: String,
    pub(crate) rows: Vec<FirstAskedRow>,
    pub(crate) list: Pager,
    /// By person; none where the reader sees but the own list.
    pub(crate) sums: Vec<FirstAskedSumRow>,
    pub(crate) days: i64,
}

/// A case with where it is now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FirstAskedRow {
    pub(crate) case: CaseRowView,
    pub(crate) received_at: String,
    /// Who has it now: the unit and who signed for it, or the desk.
    pub(crate) holder: String,
    /// When the result was handed in; empty: not yet.
    pub(crate) ended_at: String,
    /// The reporter was told.
    pub(crate) is_told: bool,
}

/// How one person's cases stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FirstAskedSumRow {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) is_current: bool,
    pub(crate) total: u64,
    pub(crate) open: u64,
    pub(crate) overdue: u64,
    pub(crate) untold: u64,
    pub(crate) told: u64,
}

/// Whose list is asked for; one's own if that is nobody.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FirstAskedQuery {
    person: String,
    page: String,
}

/// `GET /first-asked`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<FirstAskedQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let storage = &state.storage;
    let since = scope.at.plus_days(-SUMMED_DAYS);
    let until = scope.at.plus_millis(1);
    let sums = storage
        .sum_first_asked((since, until), &scope.person, scope.at)
        .await?;
    // Whoever is not among them is nobody the reader may ask about.
    let asked: Option<PersonId> = query.person.parse().ok();
    let asked = asked.filter(|asked| sums.iter().any(|sum| sum.person == *asked));
    let person = asked.unwrap_or(scope.person);
    let chosen = asked.map(|asked| asked.to_string()).unwrap_or_default();
    let mut list = Pager::new("/first-asked", ("person", &chosen), &query.page);
    let filter = CaseFilter {
        first_asked: Some(person),
        offset: list.offset(),
        limit: PAGE_ROWS,
        ..CaseFilter::default()
    };
    let found = storage.list_cases(&filter, &scope.person, scope.at).await?;
    list.total = found.total;
    let names = Names::find(&state, &found.cases, scope.at).await?;
    let rows = found
        .cases
        .iter()
        .map(|case| names.row(case, scope.at, &frame));
    let rows: Vec<FirstAskedRow> = rows.collect();
    let leads = sums.iter().any(|sum| sum.person != scope.person);
    let name = sums
        .iter()
        .find(|sum| sum.person == person)
        .map_or_else(|| signed_in.name.clone(), |sum| sum.name.clone());
    let sums = sums.into_iter().filter(|_| leads);
    render(&FirstAskedPage {
        page: frame.page_for(&signed_in),
        name,
        rows,
        list,
        sums: sums
            .map(|sum| FirstAskedSumRow {
                href: format!("/first-asked?person={}", sum.person),
                is_current: sum.person == person,
                name: sum.name,
                total: sum.total,
                open: sum.open,
                overdue: sum.overdue,
                untold: sum.untold,
                told: sum.told,
            })
            .collect(),
        days: SUMMED_DAYS,
    })
}

/// Names of the units and people that have the cases of a page.
struct Names {
    units: BTreeMap<OrgNodeId, String>,
    people: BTreeMap<PersonId, String>,
}

impl Names {
    async fn find(state: &AppState, cases: &[ListedCase], at: Timestamp) -> StorageResult<Self> {
        let storage = state.storage.as_ref();
        let stands = || {
            cases
                .iter()
                .filter_map(|case| case.record.summary.case.as_ref())
        };
        let units: BTreeSet<OrgNodeId> = stands().filter_map(|case| case.unit).collect();
        let handlers: BTreeSet<PersonId> = stands().filter_map(|case| case.handler).collect();
        let mut people = BTreeMap::new();
        for person in handlers {
            if let Some(found) = storage.find_person(&person).await? {
                people.insert(person, found.name);
            }
        }
        Ok(Self {
            units: authority::find_units(storage, units, at).await?,
            people,
        })
    }

    fn row(&self, listed: &ListedCase, now: Timestamp, frame: &Frame) -> FirstAskedRow {
        let record = &listed.record;
        let stands = record.summary.case.clone().unwrap_or_default();
        let state = CaseState::parse(&record.summary.state);
        let time = |time: Option<Timestamp>| time.map(Timestamp::to_china_text);
        let unit = stands.unit.and_then(|unit| self.units.get(&unit).cloned());
        let handler = stands
            .handler
            .and_then(|person| self.people.get(&person).cloned());
        let desk = || frame.t(&message_id("console-cases-queue", stands.level()));
        let holder = match (unit, handler) {
            (Some(unit), Some(handler)) => format!("{unit} · {handler}"),
            (Some(unit), None) => unit,
            (None, Some(handler)) => handler,
            (None, None) => desk(),
        };
        let is_over = state.is_some_and(CaseState::is_over);
        FirstAskedRow {
            case: case_row(listed, now, frame.language),
            received_at: record.created_at.to_china_text(),
            holder: if is_over { String::new() } else { holder },
            ended_at: time(stands.ended_at).unwrap_or_default(),
            is_told: matches!(state, Some(CaseState::Closed | CaseState::Archived)),
        }
    }
}
