//! Builds a record's page from its document and the server's table of authors:
//! groups of fields, tables of entries, conflicts, history. Knows no request
//! and no storage.

use std::collections::{BTreeMap, HashMap};

use wangge_model::{
    ChangeHash, FieldPath, FieldValue, RecordKind, Timestamp,
    access::{self, Act, Data},
    collection::{ExtraType, FormItemKind},
    document::{
        FieldConflict,
        schema::{self, EXTRA, FieldOwner, FieldSpec, FieldType},
    },
    household::Household,
    merge,
    message::{find_message, message},
    survey::ANSWERS,
};

use super::{
    hazard::{hazard_views, recheck_options},
    view::{
        CandidateView, ConflictView, FieldView, GroupView, HistoryFieldView, HistoryView,
        RecordInput, RecordView, RowView, TableView, list_href,
    },
};
use crate::{
    console::{
        field::{self, FieldText},
        list::ledger_words,
    },
    storage::Authorship,
};

/// Fields that name somebody who works with the system by their id; whoever
/// changed the record is shown by name.
const STAFF: &[&str] = &[
    "hazards.*.rechecked_by",
    "handover.by",
    "handover.to",
    "visitor",
];
/// Fields that are ids of entries of other records: the link beside them says it.
const HIDDEN: &[&str] = &["hazard"];
/// What of the server's part a record's page shows: the case has a page of its
/// own.
const RECEIVED: [&str; 2] = ["case.number", "case.received_at"];
/// Columns of a table without entries.
const FIRST_COLUMNS: usize = 6;
/// Fields of one change shown at once; a new record has fifty.
const HISTORY_FIELDS: usize = 6;

/// Builds the page of a record.
pub(crate) fn record_view(input: &RecordInput<'_>) -> RecordView {
    let builder = Builder::new(input);
    let kind = input.document.kind();
    RecordView {
        id: input.id.to_string(),
        href: format!("{}/{}", list_href(kind), input.id),
        list_href: list_href(kind),
        title: builder.title(),
        badges: builder.badges(),
        grid_name: input.grid_name.to_owned(),
        grid_code: input.grid_code.to_owned(),
        conflicts: builder.conflicts(),
        problems: builder.problems(),
        groups: builder.groups(),
        texts: builder.texts(),
        tables: builder.tables(),
        hazards: hazard_views(
            input.document,
            input.names,
            input.seats,
            input.today,
            input.language,
        ),
        recheck_options: recheck_options(input.language),
        related: None,
        history: builder.history(),
        move_to: Vec::new(),
        merged_into: None,
        aliases: Vec::new(),
        may_unmerge: input
            .seats
            .iter()
            .any(|seat| access::may(*seat, Data::Unsettled, Act::Decide)),
        order_follow_up: input
            .seats
            .iter()
            .any(|seat| access::may(*seat, Data::FollowUpMark, Act::Order))
            .then(|| format!("/follow-up-marks/new?household={}", input.id))
            .filter(|_| kind == RecordKind::Household),
        make_report_code: input
            .seats
            .iter()
            .any(|seat| access::may(*seat, Data::Incident, Act::Assign))
            .then(|| format!("/report-codes?place={}", input.id))
            .filter(|_| kind == RecordKind::Place),
        may_unmask: input
            .seats
            .iter()
            .any(|seat| access::may_unmask(*seat, kind)),
        may_settle: input
            .seats
            .iter()
            .any(|seat| access::may(*seat, Data::Unsettled, Act::Settle)),
    }
}

struct Builder<'a> {
    input: &'a RecordInput<'a>,
    text: FieldText<'a>,
    authors: HashMap<ChangeHash, &'a Authorship>,
    conflicts: Vec<FieldConflict>,
}

impl<'a> Builder<'a> {
    fn new(input: &'a RecordInput<'a>) -> Self {
        Self {
            input,
            text: FieldText {
                document: input.document,
                language: input.language,
                shown: input.shown,
                names: input.names,
            },
            authors: input
                .authorship
                .iter()
                .map(|author| (author.hash, author))
                .collect(),
            conflicts: input.document.conflicts(),
        }
    }

    fn t(&self, id: &str) -> String {
        message(self.input.language, id, &[])
    }

    fn words(&self, path: &str) -> Option<String> {
        let path = FieldPath::new(path).ok()?;
        let value = self.input.document.value(&path)?;
        Some(self.text.value(&path, &value).text).filter(|text| !text.is_empty())
    }

    fn title(&self) -> String {
        match self.input.document.kind() {
            RecordKind::Household => {
                let title = self.input.document.summary().title;
                if title.is_empty() {
                    self.t("console-address-missing")
                } else {
                    title
                }
            }
            RecordKind::Visit => {
                let parts = [self.words("kind"), self.words("started_at")];
                let joined: Vec<String> = parts.into_iter().flatten().collect();
                if joined.is_empty() {
                    self.t("kind-visit")
                } else {
                    joined.join(" · ")
                }
            }
            RecordKind::Incident => self
                .words("title")
                .unwrap_or_else(|| self.t("console-title-missing")),
            RecordKind::Place => self
                .words("name")
                .unwrap_or_else(|| self.t("console-name-missing")),
        }
    }

    fn badges(&self) -> Vec<String> {
        let paths: &[&str] = match self.input.document.kind() {
            RecordKind::Household => &["dwelling.ownership"],
            RecordKind::Visit => &["result"],
            RecordKind::Incident => &["case.number", "urgency"],
            RecordKind::Place => &["kind", "state"],
        };
        let ledger = match self.input.document.kind() {
            RecordKind::Household => Household::read(self.input.document).ledger_kind(),
            _ => None,
        };
        ledger
            .map(|ledger| ledger_words(ledger.as_str(), ledger.residence(), self.input.language))
            .into_iter()
            .chain(paths.iter().filter_map(|path| self.words(path)))
            .collect()
    }

    fn is_conflicted(&self, path: &FieldPath) -> bool {
        self.conflicts.iter().any(|conflict| conflict.path == *path)
    }

    fn field(&self, path: &FieldPath) -> FieldView {
        let mut shown = self
            .input
            .document
            .value(path)
            .map(|value| self.text.value(path, &value))
            .unwrap_or_default();
        if STAFF.contains(&path.pattern().as_ref()) {
            let authors = self.input.authorship.iter();
            let mut authors = authors
                .filter(|author| author.person.is_some_and(|id| id.to_string() == shown.text));
            if let Some(name) = authors.find_map(|author| author.person_name.clone()) {
                shown.text = name;
            }
        }
        FieldView {
            label: self.text.short_label(path),
            is_masked: shown.is_masked,
            is_long: shown.text.contains('\n') || shown.text.chars().count() > 60,
            is_conflicted: self.is_conflicted(path),
            value: shown.text,
            link: shown.link,
            path: path.to_string(),
        }
    }

    /// Single fields, in the order of the schema; those of newer builds last.
    fn groups(&self) -> Vec<GroupView> {
        let kind = self.input.document.kind();
        let mut order: Vec<&str> = Vec::new();
        let mut fields: BTreeMap<&str, Vec<FieldView>> = BTreeMap::new();
        let single = |spec: &&FieldSpec| {
            !spec.path.contains('*') && !is_long_text(spec) && !HIDDEN.contains(&spec.path)
        };
        for spec in schema::fields(kind).iter().filter(single) {
            // Merges have a place of their own on the page.
            if merge::is_mark_root(spec.path) {
                continue;
            }
            // The server's own fields are in no collection list.
            let is_collected = match spec.owner {
                // What was decided has a page of its own.
                FieldOwner::Server => RECEIVED.contains(&spec.path),
                FieldOwner::Requester => false,
                FieldOwner::People => self.is_in_form(spec.path),
            };
            if !is_collected {
                continue;
            }
            let subject = spec
                .path
                .split_once('.')
                .map_or("main", |(subject, _)| subject);
            if !order.contains(&subject) {
                order.push(subject);
            }
            if let Ok(path) = FieldPath::new(spec.path) {
                fields.entry(subject).or_default().push(self.field(&path));
            }
        }
        let mut groups: Vec<GroupView> = order
            .into_iter()
            .filter_map(|subject| {
                let fields = fields.remove(subject)?;
                // A position nobody took says nothing in three lines, and the
                // ledger is derived by now.
                let is_worth_showing = !matches!(subject, "point" | "main")
                    || fields.iter().any(|field| !field.value.is_empty());
                is_worth_showing.then(|| GroupView {
                    title: self.t(&format!("console-group-{subject}")),
                    fields,
                })
            })
            .collect();
        let added: Vec<FieldView> = self.added();
        if !added.is_empty() {
            groups.push(GroupView {
                title: self.t("console-group-extra"),
                fields: added,
            });
        }
        let unknown: Vec<FieldView> = self
            .input
            .document
            .fields()
            .into_iter()
            .filter(|(path, _)| {
                schema::find_field(kind, path).is_none()
                    || (path.root() == EXTRA && !self.is_in_form(path.as_str()))
            })
            .map(|(path, _)| self.field(&path))
            .collect();
        if !unknown.is_empty() {
            groups.push(GroupView {
                title: self.t("console-group-other"),
                fields: unknown,
            });
        }
        groups
    }

    fn is_in_form(&self, path: &str) -> bool {
        let mut items = self.input.form.items.iter();
        items.any(|item| item.path.as_str() == path)
    }

    /// What collection lists add, of the record and of its entries.
    fn added(&self) -> Vec<FieldView> {
        let items = self.input.form.items.iter();
        items
            .filter_map(|item| {
                let FormItemKind::Extra(extra) = &item.kind else {
                    return None;
                };
                let language = self.input.language;
                let mut view = self.field(&item.path);
                let own = item.label.in_language(language);
                let parts: Vec<&str> = item.path.parts().collect();
                view.label = match (parts.as_slice(), &extra.of) {
                    ([_, entry, _], Some(collection)) => {
                        format!("{} · {own}", self.text.entry_name(collection, entry))
                    }
                    _ => own.to_owned(),
                };
                if let ExtraType::Choice { choices } | ExtraType::Choices { choices } = &extra.value
                {
                    let words = |code: &str| {
                        let choice = choices.iter().find(|choice| choice.code == code);
                        choice
                            .map_or(code, |choice| choice.label.in_language(language))
                            .to_owned()
                    };
                    let words: Vec<String> = view.value.split(',').map(words).collect();
                    view.value = words.join("、");
                }
                Some(view)
            })
            .collect()
    }

    /// What is missing or does not fit together.
    fn problems(&self) -> Vec<(String, String)> {
        let problems = self.input.form.problems();
        problems
            .map(|(item, problem)| {
                let label = match item.kind {
                    FormItemKind::BuiltIn(_) => self.text.label(&item.path),
                    FormItemKind::Extra(_) => {
                        item.label.in_language(self.input.language).to_owned()
                    }
                };
                (label, problem.message(self.input.language))
            })
            .collect()
    }

    /// Fields of many lines, which need the width of the page.
    fn texts(&self) -> Vec<FieldView> {
        schema::fields(self.input.document.kind())
            .iter()
            .filter(|spec| {
                is_long_text(spec)
                    && spec.owner == FieldOwner::People
                    && !merge::is_mark_root(spec.path)
            })
            .filter_map(|spec| FieldPath::new(spec.path).ok())
            .map(|path| self.field(&path))
            .collect()
    }

    fn tables(&self) -> Vec<TableView> {
        let kind = self.input.document.kind();
        let mut collections: Vec<(&str, Vec<&str>)> = Vec::new();
        let own =
            |spec: &&FieldSpec| spec.owner == FieldOwner::People && !merge::is_mark_root(spec.path);
        for spec in schema::fields(kind).iter().filter(own) {
            let mut parts = spec.path.split('.');
            if let (Some(collection), Some("*"), Some(name)) =
                (parts.next(), parts.next(), parts.next())
            {
                match collections
                    .iter_mut()
                    .find(|(known, _)| *known == collection)
                {
                    Some((_, names)) => names.push(name),
                    None => collections.push((collection, vec![name])),
                }
            }
        }
        collections
            .iter()
            .map(|(collection, names)| (*collection, self.table(collection, names)))
            // That nobody lives there is worth saying; that nothing else is
            // recorded is not.
            .filter(|(collection, table)| *collection == "members" || !table.rows.is_empty())
            // What somebody answered is counted, and shown without names only.
            .filter(|(collection, _)| *collection != ANSWERS)
            .map(|(_, table)| table)
            .collect()
    }

    /// Columns in which no entry has anything are left out.
    fn table(&self, collection: &str, names: &[&str]) -> TableView {
        let kind = self.input.document.kind();
        let fields = self.input.document.read();
        let entries = fields.entries(collection);
        let is_used = |name: &&&str| {
            let path = |entry: &&str| format!("{collection}.{entry}.{name}");
            entries
                .iter()
                .any(|entry| fields.value(&path(entry)).is_some())
        };
        let names: Vec<&str> = if entries.is_empty() {
            names.iter().take(FIRST_COLUMNS).copied().collect()
        } else {
            names.iter().filter(is_used).copied().collect()
        };
        let names = names.as_slice();
        let mut rows: Vec<(bool, String, RowView)> = self
            .input
            .document
            .entries(collection)
            .iter()
            .map(|entry| {
                let cells: Vec<FieldView> = names
                    .iter()
                    .filter_map(|name| FieldPath::new(format!("{collection}.{entry}.{name}")).ok())
                    .map(|path| self.field(&path))
                    .collect();
                let text = |name: &str| {
                    self.input
                        .document
                        .text(&format!("{collection}.{entry}.{name}"))
                };
                let row = RowView {
                    has_left: text("left_on").is_some(),
                    cells,
                };
                (row.has_left, text("relation").unwrap_or_default(), row)
            })
            .collect();
        // The head of the household (code 0) comes first, those who left last.
        rows.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        TableView {
            title: find_message(
                self.input.language,
                &format!("console-group-{collection}"),
                &[],
            )
            .unwrap_or_else(|| collection.to_owned()),
            columns: names
                .iter()
                .map(|name| {
                    field::label(kind, &format!("{collection}.*.{name}"), self.input.language)
                })
                .collect(),
            rows: rows.into_iter().map(|(_, _, row)| row).collect(),
        }
    }

    fn conflicts(&self) -> Vec<ConflictView> {
        let kind = self.input.document.kind();
        self.conflicts
            .iter()
            .map(|conflict| {
                let mut is_masked = false;
                let candidates = conflict
                    .candidates
                    .iter()
                    .enumerate()
                    .map(|(index, candidate)| {
                        let shown = candidate
                            .value
                            .as_ref()
                            .map(|value: &FieldValue| self.text.value(&conflict.path, value));
                        is_masked |= shown.as_ref().is_some_and(|shown| shown.is_masked);
                        let (author, device) = self.author(candidate.change);
                        CandidateView {
                            change: candidate
                                .change
                                .map(|hash| hash.to_string())
                                .unwrap_or_default(),
                            value: shown.map(|shown| shown.text),
                            author,
                            device,
                            at: time(candidate.at),
                            is_shown: index == 0,
                        }
                    })
                    .collect();
                ConflictView {
                    path: conflict.path.to_string(),
                    label: self.text.label(&conflict.path),
                    is_masked,
                    is_settleable: schema::find_field(kind, &conflict.path)
                        .is_some_and(|spec| spec.owner == FieldOwner::People),
                    candidates,
                }
            })
            .collect()
    }

    fn history(&self) -> Vec<HistoryView> {
        let mut entries = self.input.document.history();
        entries.reverse();
        entries
            .into_iter()
            .map(|entry| {
                let (person, device) = self.author(Some(entry.hash));
                let received = self.authors.get(&entry.hash).map(|a| time(a.received_at));
                let mut written: Vec<_> = entry.fields.iter().collect();
                written.retain(|written| written.path.root() != merge::ABSORBED);
                written.sort_by_cached_key(|written| self.place(&written.path));
                let mut fields: Vec<HistoryFieldView> = written
                    .into_iter()
                    .map(|written| HistoryFieldView {
                        label: self.text.label(&written.path),
                        value: written
                            .value
                            .as_ref()
                            .map(|value| self.text.past_value(&written.path, value)),
                    })
                    .collect();
                let more = if fields.len() > HISTORY_FIELDS + 1 {
                    fields.split_off(HISTORY_FIELDS)
                } else {
                    Vec::new()
                };
                HistoryView {
                    at: time(entry.at),
                    received,
                    person,
                    device,
                    fields,
                    more,
                }
            })
            .collect()
    }

    /// Where a field stands on the page: in the schema's order, entry by entry.
    fn place(&self, path: &FieldPath) -> (usize, String, usize) {
        let pattern = path.pattern();
        let specs = schema::fields(self.input.document.kind());
        let position =
            |found: &dyn Fn(&str) -> bool| specs.iter().position(|spec| found(spec.path));
        let own = position(&|spec| spec == pattern).unwrap_or(usize::MAX);
        let parts: Vec<&str> = path.parts().collect();
        match parts.as_slice() {
            [collection, entry, _] => {
                let start = format!("{collection}.*.");
                let first = position(&|spec| spec.starts_with(&start)).unwrap_or(own);
                (first, (*entry).to_owned(), own)
            }
            _ => (own, String::new(), own),
        }
    }

    /// The person and the device of a change, as the server knows them.
    fn author(&self, change: Option<ChangeHash>) -> (String, String) {
        match change.and_then(|hash| self.authors.get(&hash)) {
            None => (self.t("console-unknown-person"), String::new()),
            Some(author) => match (&author.person_name, &author.device_name) {
                (Some(person), Some(device)) => (person.clone(), device.clone()),
                (Some(person), None) => (person.clone(), self.t("console-history-console")),
                (None, _) if author.person.is_none() => (self.t("console-server"), String::new()),
                (None, _) => (self.t("console-unknown-person"), String::new()),
            },
        }
    }
}

fn is_long_text(spec: &FieldSpec) -> bool {
    matches!(
        spec.kind,
        FieldType::Paragraph(_) | FieldType::SharedText(_)
    )
}

fn time(at: Timestamp) -> String {
    at.to_china_text()
}
