//! A record as its page shows it. What the template reads; see
//! [`super::build`] for how it is made.

use std::collections::HashMap;

use wangge_model::{
    CivilDay, FieldPath, RecordId, RecordKind, access::Seat, collection::Form,
    document::RecordDocument, message::Language,
};

use super::hazard::HazardView;
use crate::{
    console::{
        duplicate::AliasView,
        list::{GridOption, ListRow},
        select::SelectOption,
    },
    storage::{Authorship, RecordName},
};

/// What a record's page is made of.
#[derive(Debug)]
pub(crate) struct RecordInput<'a> {
    /// Which.
    pub id: RecordId,
    /// The grid's name.
    pub grid_name: &'a str,
    /// The grid's code; may be empty.
    pub grid_code: &'a str,
    /// The record.
    pub document: &'a RecordDocument,
    /// Who handed in which change.
    pub authorship: &'a [Authorship],
    /// Names of records in scope that fields refer to.
    pub names: &'a HashMap<RecordId, RecordName>,
    /// What its place collects.
    pub form: &'a Form,
    /// The language.
    pub language: Language,
    /// The one field whose mask is lifted.
    pub shown: Option<&'a FieldPath>,
    /// What the reader's assignments make of them in the record's grid.
    pub seats: &'a [Seat],
    /// Today, in China.
    pub today: CivilDay,
}

/// A record's page.
#[derive(Debug, Default)]
pub(crate) struct RecordView {
    /// Its id.
    pub id: String,
    /// Its address.
    pub href: String,
    /// The list it is in.
    pub list_href: &'static str,
    /// Its title.
    pub title: String,
    /// Short facts beside the title.
    pub badges: Vec<String>,
    /// The grid's name.
    pub grid_name: String,
    /// The grid's code; may be empty.
    pub grid_code: String,
    /// Fields with several values.
    pub conflicts: Vec<ConflictView>,
    /// What is missing or does not fit together: the field and what to do.
    pub problems: Vec<(String, String)>,
    /// Single fields by subject.
    pub groups: Vec<GroupView>,
    /// Diary, notes, description: one each.
    pub texts: Vec<FieldView>,
    /// Members, labels and the like.
    pub tables: Vec<TableView>,
    /// Hazards of a household or place, with what to do about them.
    pub hazards: Vec<HazardView>,
    /// What a second look may have found, to choose from.
    pub recheck_options: Vec<SelectOption>,
    /// A household's or place's visits and incidents.
    pub related: Option<Vec<RelatedView>>,
    /// Every change, newest first.
    pub history: Vec<HistoryView>,
    /// The record this one was merged into, if the page is of an alias: its
    /// title and address.
    pub merged_into: Option<(String, String)>,
    /// Records merged into this one.
    pub aliases: Vec<AliasView>,
    /// The reader may take merges back.
    pub may_unmerge: bool,
    /// Grids the reader may move the record to; none if they may not.
    pub move_to: Vec<GridOption>,
    /// Where the reader may order a restricted follow-up, if they may.
    pub order_follow_up: Option<String>,
    /// Where the reader may make a code for residents, if they may.
    pub make_report_code: Option<String>,
    /// The reader may lift masks.
    pub may_unmask: bool,
    /// The reader may settle conflicts.
    pub may_settle: bool,
}

/// One field.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldView {
    /// Its path.
    pub path: String,
    /// Its name.
    pub label: String,
    /// Its value in words; empty where there is none.
    pub value: String,
    /// Part of the value is hidden.
    pub is_masked: bool,
    /// More than a line.
    pub is_long: bool,
    /// It has several values.
    pub is_conflicted: bool,
    /// Where it leads, if it names another record.
    pub link: Option<String>,
}

/// Fields of one subject.
#[derive(Debug)]
pub(crate) struct GroupView {
    /// The subject.
    pub title: String,
    /// Its fields.
    pub fields: Vec<FieldView>,
}

/// Entries of one collection.
#[derive(Debug)]
pub(crate) struct TableView {
    /// What they are.
    pub title: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// One row per entry.
    pub rows: Vec<RowView>,
}

/// One entry.
#[derive(Debug)]
pub(crate) struct RowView {
    /// A member who has left.
    pub has_left: bool,
    /// One field per column.
    pub cells: Vec<FieldView>,
}

/// One field with several values.
#[derive(Debug)]
pub(crate) struct ConflictView {
    /// Its path.
    pub path: String,
    /// Its name.
    pub label: String,
    /// Its values are partly hidden.
    pub is_masked: bool,
    /// A person may choose.
    pub is_settleable: bool,
    /// The values, the one now shown first.
    pub candidates: Vec<CandidateView>,
}

/// One of several values.
#[derive(Debug)]
pub(crate) struct CandidateView {
    /// The change that wrote it, as hex.
    pub change: String,
    /// The value; none where it was cleared.
    pub value: Option<String>,
    /// Who wrote it.
    pub author: String,
    /// With what.
    pub device: String,
    /// When, by the phone's clock.
    pub at: String,
    /// It is the one every copy shows meanwhile.
    pub is_shown: bool,
}

/// A household's or place's visits or incidents.
#[derive(Debug)]
pub(crate) struct RelatedView {
    /// Which of the two.
    pub title: String,
    /// They.
    pub rows: Vec<ListRow>,
}

/// One change.
#[derive(Debug)]
pub(crate) struct HistoryView {
    /// When, by the phone's clock.
    pub at: String,
    /// When it reached the server.
    pub received: Option<String>,
    /// Who.
    pub person: String,
    /// With what.
    pub device: String,
    /// What it wrote, as far as it is short.
    pub fields: Vec<HistoryFieldView>,
    /// The rest, shown when asked for.
    pub more: Vec<HistoryFieldView>,
}

/// One field a change wrote.
#[derive(Debug)]
pub(crate) struct HistoryFieldView {
    /// Its name.
    pub label: String,
    /// What it became; none where it was cleared.
    pub value: Option<String>,
}

/// The list a kind of record is in.
pub(crate) fn list_href(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Household => "/households",
        RecordKind::Visit => "/visits",
        RecordKind::Incident => "/incidents",
        RecordKind::Place => "/places",
    }
}
