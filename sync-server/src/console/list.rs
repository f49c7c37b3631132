//! Lists of records: their search form, their pages and their rows in words.

use std::{collections::HashMap, fmt};

use serde::Deserialize;
use wangge_model::{
    GridId, MaskingKind, RecordId, RecordKind,
    document::schema::SOURCE,
    message::{Language, find_message, message, message_id},
};

use super::{
    class::class_words, field::choice, link::with_query, record::view::list_href,
    select::SelectOption,
};
use crate::storage::{ListedRecord, OrgNode, RecordFilter, RecordName, RecordOrder};

/// Rows of one page.
pub(crate) const PAGE_ROWS: u32 = 50;
/// Longest search text looked at, in characters.
const SEARCH_CHARS: usize = 60;

/// What the search form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListForm {
    /// Words to look for.
    pub q: String,
    /// Id of a grid; empty for all.
    pub grid: String,
    /// How incidents came about; empty for all.
    pub source: String,
    /// `1`: only records with conflicts.
    pub conflicts: String,
    /// Number of the page, from 1.
    pub page: String,
}

/// The form as the list understands it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListFilter {
    /// Words to look for.
    pub q: String,
    /// One grid only.
    pub grid: Option<GridId>,
    /// Only incidents that came about in this way.
    pub source: Option<&'static str>,
    /// Only records with conflicts.
    pub conflicts: bool,
    /// Number of the page, from 1.
    pub page: u64,
}

impl From<ListForm> for ListFilter {
    fn from(form: ListForm) -> Self {
        Self {
            q: form
                .q
                .trim()
                .chars()
                .take(SEARCH_CHARS)
                .filter(|c| !c.is_control())
                .collect(),
            grid: form.grid.parse().ok(),
            source: SOURCE.iter().copied().find(|code| *code == form.source),
            conflicts: form.conflicts == "1",
            page: form.page.parse().unwrap_or(1).clamp(1, 1_000_000),
        }
    }
}

impl ListFilter {
    /// Whether the list is narrowed.
    pub(crate) fn is_set(&self) -> bool {
        !self.q.is_empty() || self.grid.is_some() || self.source.is_some() || self.conflicts
    }

    /// Whether it is narrowed to this grid.
    pub(crate) fn is_grid(&self, id: impl fmt::Display) -> bool {
        self.grid
            .is_some_and(|grid| grid.to_string() == id.to_string())
    }

    /// What storage is asked.
    pub(crate) fn to_record_filter(&self, kind: Option<RecordKind>) -> RecordFilter {
        RecordFilter {
            kind,
            grid: self.grid,
            text: self.q.clone(),
            // Other kinds have none: their lists do not offer it.
            source: self
                .source
                .filter(|_| kind == Some(RecordKind::Incident))
                .map(ToOwned::to_owned),
            has_conflict: self.conflicts,
            order: RecordOrder::Edited,
            offset: (self.page - 1).saturating_mul(u64::from(PAGE_ROWS)),
            limit: PAGE_ROWS,
            ..RecordFilter::default()
        }
    }

    fn link(&self, action: &str, page: u64) -> String {
        let grid = self.grid.map(|grid| grid.to_string()).unwrap_or_default();
        let conflicts = if self.conflicts { "1" } else { "" };
        let page = if page > 1 {
            page.to_string()
        } else {
            String::new()
        };
        with_query(
            action,
            &[
                ("q", &self.q),
                ("grid", &grid),
                ("source", self.source.unwrap_or_default()),
                ("conflicts", conflicts),
                ("page", &page),
            ],
        )
    }
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct ListPage<R> {
    /// The list's address.
    pub action: &'static str,
    /// What it was narrowed to.
    pub filter: ListFilter,
    /// Grids to choose from.
    pub grids: Vec<GridOption>,
    /// Ways in which incidents come about, to choose from; none in other lists.
    pub sources: Vec<SelectOption>,
    /// The rows.
    pub rows: Vec<R>,
    /// Rows of all pages.
    pub total: u64,
    /// Number of this page, from 1.
    pub number: u64,
}

/// A grid to choose.
#[derive(Debug, Clone)]
pub(crate) struct GridOption {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl From<&OrgNode> for GridOption {
    fn from(node: &OrgNode) -> Self {
        Self {
            id: node.id.to_string(),
            name: node.name.clone(),
        }
    }
}

impl<R> ListPage<R> {
    /// Number of pages, at least 1.
    pub(crate) fn pages(&self) -> u64 {
        self.total.div_ceil(u64::from(PAGE_ROWS)).max(1)
    }

    /// Where the page before is, if there is one.
    pub(crate) fn previous(&self) -> Option<String> {
        (self.number > 1).then(|| self.filter.link(self.action, self.number - 1))
    }

    /// Where the next page is, if there is one.
    pub(crate) fn next(&self) -> Option<String> {
        (self.number < self.pages()).then(|| self.filter.link(self.action, self.number + 1))
    }
}

/// The ways in which incidents come about, the `chosen` one marked.
pub(crate) fn source_options(chosen: Option<&str>, language: Language) -> Vec<SelectOption> {
    let option = |code: &&str| {
        let label = choice(RecordKind::Incident, "source", code, language);
        SelectOption::new(*code, label, chosen.unwrap_or_default())
    };
    SOURCE.iter().map(option).collect()
}

/// A record in a list, in words.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListRow {
    /// Its address.
    pub href: String,
    /// What kind of record.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// The contact or who was met.
    pub person_name: String,
    /// The phone number, masked.
    pub phone: String,
    /// Ledger, result or case state.
    pub state: String,
    /// Kind of visit.
    pub category: String,
    /// Urgency.
    pub urgency: String,
    /// It is more than ordinary.
    pub is_pressing: bool,
    /// How the report came about.
    pub source: String,
    /// Case number.
    pub number: String,
    /// Title of the household it belongs to.
    pub belongs_to: String,
    /// When it started or happened.
    pub occurred_at: String,
    /// Residents.
    pub member_count: u32,
    /// Fields with several values.
    pub conflict_count: u32,
    /// The grid's name.
    pub grid_name: String,
    /// Last edit by any phone's clock.
    pub edited_at: String,
}

/// A record's row in words.
pub(crate) fn list_row(
    record: &ListedRecord,
    names: &HashMap<RecordId, RecordName>,
    language: Language,
) -> ListRow {
    let t = |id: &str| message(language, id, &[]);
    let summary = &record.summary;
    let words = |pattern: &str, code: &str| choice(record.kind, pattern, code, language);
    let (title, state, category) = match record.kind {
        RecordKind::Household => (
            or(&summary.title, || t("console-address-missing")),
            ledger_words(
                &summary.state,
                summary.residence.as_deref().unwrap_or_default(),
                language,
            ),
            words("dwelling.use", &summary.category),
        ),
        RecordKind::Visit => {
            let kind = words("kind", &summary.category);
            (
                or(&kind, || t("kind-visit")),
                words("result", &summary.state),
                kind,
            )
        }
        RecordKind::Incident => (
            or(&summary.title, || t("console-title-missing")),
            case_state_words(&summary.state, language),
            class_words(&summary.category, language),
        ),
        RecordKind::Place => (
            or(&summary.title, || t("console-name-missing")),
            words("state", &summary.state),
            words("kind", &summary.category),
        ),
    };
    let at = summary.occurred_at.unwrap_or(summary.edited_at);
    ListRow {
        href: format!("{}/{}", list_href(record.kind), record.id),
        kind: t(&format!("kind-{}", record.kind)),
        title,
        person_name: summary.person_name.clone(),
        phone: MaskingKind::Mobile.mask(&summary.phone),
        state,
        category,
        is_pressing: !matches!(summary.urgency.as_str(), "" | "normal"),
        urgency: words("urgency", &summary.urgency),
        source: words("source", summary.source.as_deref().unwrap_or_default()),
        number: summary.number.clone(),
        belongs_to: summary
            .household
            .or(summary.place)
            .and_then(|id| names.get(&id))
            .map(|name| name.title.clone())
            .unwrap_or_default(),
        occurred_at: at.to_china_text(),
        member_count: summary.member_count,
        conflict_count: summary.conflict_count,
        grid_name: record.grid_name.clone(),
        edited_at: summary.edited_at.to_china_text(),
    }
}

/// Where a case stands in words; a report that has not arrived stands nowhere.
pub(crate) fn case_state_words(state: &str, language: Language) -> String {
    find_message(language, &message_id("case-state", state), &[]).unwrap_or_default()
}

/// A ledger in words, with the way registration and residence part.
pub(crate) fn ledger_words(ledger: &str, residence: &str, language: Language) -> String {
    let words = choice(RecordKind::Household, "ledger", ledger, language);
    let residence = find_message(language, &message_id("residence", residence), &[]);
    match residence {
        Some(residence) => format!("{words} · {residence}"),
        None => words,
    }
}

fn or(text: &str, otherwise: impl FnOnce() -> String) -> String {
    if text.is_empty() {
        otherwise()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(number: u64, total: u64) -> ListPage<()> {
        let form = ListForm {
            q: " 王 ".to_owned(),
            conflicts: "1".to_owned(),
            page: number.to_string(),
            ..ListForm::default()
        };
        ListPage {
            action: "/households",
            filter: ListFilter::from(form),
            grids: Vec::new(),
            sources: Vec::new(),
            rows: Vec::new(),
            total,
            number,
        }
    }

    #[test]
    fn pages_lead_to_their_neighbours_and_keep_the_search() {
        let first = page(1, 120);
        assert_eq!(first.pages(), 3);
        assert_eq!(first.previous(), None);
        assert_eq!(
            first.next().as_deref(),
            Some("/households?q=%E7%8E%8B&conflicts=1&page=2")
        );
        let last = page(3, 120);
        assert_eq!(last.next(), None);
        assert_eq!(page(1, 0).pages(), 1);
    }

    #[test]
    fn nonsense_in_the_address_is_the_first_page_of_everything() {
        let form = ListForm {
            grid: "x".to_owned(),
            page: "-3".to_owned(),
            ..ListForm::default()
        };
        let filter = ListFilter::from(form);
        assert!(!filter.is_set());
        assert_eq!(filter.to_record_filter(Some(RecordKind::Visit)).offset, 0);
    }
}
