//! What is to be done about each household of a ledger: whether it is new, was
//! imported before, or is in the register already; and the exact edits.
//!
//! The same household imported again is recognised by what the file calls it and
//! compared with what the file said last time, not with the register: somebody
//! may have corrected the register since, and an old file must not undo that.
//! See docs/adr/0027.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use wangge_model::{
    FieldPath, FieldValue, GridId, MemberId, RecordId,
    document::{FieldEdit, RecordDocument},
    duplicate::{MatchDigest, MatchSecret},
};

use super::{
    column::household_fields,
    draft::{Draft, DraftKeys, DraftMember},
    remark::{Reason, Remark, Remarks},
    scope::GridNames,
    value::CellError,
};
use crate::{
    auth::Scope,
    storage::{LedgerRow, Storage, StorageResult, StoredRecord},
};

/// Bytes of a remembered cell: which field, and its value's hash.
const CELL: usize = 10;

/// What happens to households the register has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// They are left as they are.
    #[default]
    Skip,
    /// Their empty fields are filled.
    Fill,
    /// They are entered a second time.
    Add,
}

impl Duplicates {
    /// All, in the order of a form.
    pub const ALL: [Self; 3] = [Self::Skip, Self::Fill, Self::Add];

    /// The word on the command line and in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Fill => "fill",
            Self::Add => "add",
        }
    }
}

impl std::str::FromStr for Duplicates {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|one| one.as_str() == text)
            .ok_or_else(|| "skip, fill, add".to_owned())
    }
}

/// What is to be done about one household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is new.
    New,
    /// It was imported and the file says something else now.
    Changed(RecordId),
    /// It was imported and the file says the same.
    Unchanged,
    /// The register has it; nothing is done.
    Skipped,
    /// The register has it; its empty fields are filled.
    Filled(RecordId),
    /// It cannot be taken.
    HeldBack,
}

/// A household with what is to be done about it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// As the file has it; none if it is held back.
    pub draft: Option<Draft>,
    /// What is to be done.
    pub decision: Decision,
    /// What the file said last time, if it was imported.
    pub remembered: Option<LedgerRow>,
}

impl Judged {
    const fn held_back() -> Self {
        Self {
            draft: None,
            decision: Decision::HeldBack,
            remembered: None,
        }
    }
}

/// Households and people seen so far in this file, to find those given twice.
#[derive(Debug, Default)]
pub struct Seen {
    /// Row of each key.
    rows: HashMap<MatchDigest, u32>,
}

/// Judges households.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// The register.
    pub storage: &'a dyn Storage,
    /// Who imports.
    pub scope: &'a Scope,
    /// The grids they may write to.
    pub grids: &'a GridNames,
    /// Makes keys.
    pub secret: &'a MatchSecret,
    /// What happens to households the register has already.
    pub duplicates: Duplicates,
}

impl Judge<'_> {
    /// Judges some households; none stands for one that is held back already.
    /// Whatever is remarked goes to `remarks`.
    pub async fn judge(
        &self,
        drafts: Vec<Option<Draft>>,
        seen: &mut Seen,
        remarks: &mut Remarks,
    ) -> StorageResult<Vec<Judged>> {
        let known = Known::load(self, &drafts).await?;
        Ok(drafts
            .into_iter()
            .map(|draft| match draft {
                None => Judged::held_back(),
                Some(draft) => self.judge_one(draft, &known, seen, remarks),
            })
            .collect())
    }

    fn judge_one(
        &self,
        draft: Draft,
        known: &Known,
        seen: &mut Seen,
        remarks: &mut Remarks,
    ) -> Judged {
        let keys = draft.keys(self.secret);
        seen.note(&draft, &keys, remarks);
        let remembered = known.rows.get(&draft.key).cloned();
        let row = draft.row;
        let hold_back = |remarks: &mut Remarks| {
            let reason = Reason::Cell(CellError::UnknownRecord);
            remarks.push(Remark::on_row(row, reason));
            Judged::held_back()
        };
        if let Some(record) = draft.record {
            // A table that was exported: the record says which household it is.
            if !known
                .homes
                .get(&record)
                .is_some_and(|grid| self.grids.contains(grid))
            {
                return hold_back(remarks);
            }
        }
        let target = draft
            .record
            .or_else(|| remembered.as_ref().map(|row| row.record));
        let decision = match (target, &remembered) {
            (Some(_), Some(row)) if row.digest == draft.digest(self.secret) => Decision::Unchanged,
            (Some(record), _) => match known.homes.get(&record) {
                Some(grid) if self.grids.contains(grid) => Decision::Changed(record),
                // It was moved out of this person's scope, or is gone.
                _ => return hold_back(remarks),
            },
            (None, _) => self.compare_with_register(&draft, &keys, known, remarks),
        };
        Judged {
            draft: Some(draft),
            decision,
            remembered,
        }
    }

    /// A household that was never imported: is it in the register all the same?
    fn compare_with_register(
        &self,
        draft: &Draft,
        keys: &DraftKeys,
        known: &Known,
        remarks: &mut Remarks,
    ) -> Decision {
        let mut home = None;
        let mut told = HashSet::new();
        for key in &keys.household {
            for record in known.matches(key) {
                let Some(title) = known.titles.get(record) else {
                    continue;
                };
                home.get_or_insert(*record);
                if !told.insert(*record) {
                    continue;
                }
                let reason = Reason::HouseholdInRegister(mask_title(title));
                remarks.push(Remark::on_row(draft.row, reason));
            }
        }
        for (member, keys) in draft.members.iter().zip(&keys.members) {
            let mut told = HashSet::new();
            for key in keys {
                for record in known.matches(key).filter(|record| Some(**record) != home) {
                    if let Some(title) = known.titles.get(record)
                        && told.insert(*record)
                    {
                        let reason = Reason::PersonInRegister(mask_title(title));
                        remarks.push(Remark::on_row(member.row, reason));
                    }
                }
            }
        }
        match (home, self.duplicates) {
            (Some(_), Duplicates::Skip) => Decision::Skipped,
            (Some(record), Duplicates::Fill) => Decision::Filled(record),
            _ => Decision::New,
        }
    }
}

fn mask_title(title: &str) -> String {
    wangge_model::MaskingKind::Address.mask(title)
}

impl Seen {
    /// Notes a household and its people, and remarks on those seen before.
    fn note(&mut self, draft: &Draft, keys: &DraftKeys, remarks: &mut Remarks) {
        let household = &keys.household;
        if let Some(row) = household.iter().find_map(|key| self.rows.get(key)) {
            let reason = Reason::AddressInFile(*row);
            remarks.push(Remark::on_row(draft.row, reason));
        }
        for key in household {
            self.rows.entry(*key).or_insert(draft.row);
        }
        for (member, keys) in draft.members.iter().zip(&keys.members) {
            if let Some(row) = keys.iter().find_map(|key| self.rows.get(key)) {
                let reason = Reason::PersonInFile(*row);
                remarks.push(Remark::on_row(member.row, reason));
            }
            for key in keys {
                self.rows.entry(*key).or_insert(member.row);
            }
        }
    }
}

/// What the register knows of some households.
struct Known {
    rows: HashMap<MatchDigest, LedgerRow>,
    matches: HashMap<MatchDigest, Vec<RecordId>>,
    /// Titles of matching households, as far as in scope.
    titles: HashMap<RecordId, String>,
    /// The grids of records that rows lead to.
    homes: HashMap<RecordId, GridId>,
}

impl Known {
    async fn load(judge: &Judge<'_>, drafts: &[Option<Draft>]) -> StorageResult<Self> {
        let storage = judge.storage;
        let drafts: Vec<&Draft> = drafts.iter().flatten().collect();
        let keys: Vec<MatchDigest> = drafts.iter().map(|draft| draft.key).collect();
        let rows: HashMap<MatchDigest, LedgerRow> = storage
            .list_ledger_rows(&keys)
            .await?
            .into_iter()
            .map(|row| (row.key, row))
            .collect();
        let mut wanted: Vec<RecordId> = drafts.iter().filter_map(|draft| draft.record).collect();
        wanted.extend(rows.values().map(|row| row.record));
        wanted.sort_unstable();
        wanted.dedup();
        let homes = storage.list_homes(&wanted).await?.into_iter().collect();
        let mut asked = Vec::new();
        for draft in drafts {
            if draft.record.is_none() && !rows.contains_key(&draft.key) {
                asked.extend(draft.keys(judge.secret).all());
            }
        }
        let mut matches: HashMap<MatchDigest, Vec<RecordId>> = HashMap::new();
        for (key, record) in storage.list_matches(&asked).await? {
            matches.entry(key).or_default().push(record);
        }
        let ids: Vec<RecordId> = matches
            .values()
            .flatten()
            .copied()
            .collect::<HashSet<_>>()
            .into_iter()
            .collect();
        let titles = storage
            .list_names_in_scope(&ids, &judge.scope.person, judge.scope.at)
            .await?
            .into_iter()
            .map(|(record, name)| (record, name.title))
            .collect();
        Ok(Self {
            rows,
            matches,
            titles,
            homes,
        })
    }

    fn matches(&self, key: &MatchDigest) -> impl Iterator<Item = &RecordId> {
        self.matches.get(key).into_iter().flatten()
    }
}

/// A value as it is hashed.
fn value_bytes(value: &FieldValue) -> Vec<u8> {
    let (kind, text) = match value {
        FieldValue::Text(text) => (b't', text.clone()),
        FieldValue::Integer(number) => (b'i', number.to_string()),
        FieldValue::Number(number) => (b'n', number.to_string()),
        FieldValue::Flag(flag) => (b'f', flag.to_string()),
        FieldValue::Time(time) => (b'm', time.as_millis().to_string()),
    };
    [&[kind], text.as_bytes()].concat()
}

impl Draft {
    /// Every cell as (which field of whom, value), in order.
    fn cells(&self) -> Vec<(String, Vec<u8>)> {
        let mut cells: Vec<(String, Vec<u8>)> = self
            .fields
            .iter()
            .map(|(path, value)| ((*path).to_owned(), value_bytes(value)))
            .collect();
        if self.has_labels {
            cells.push(("labels".to_owned(), label_bytes(&self.labels)));
        }
        for member in &self.members {
            let whom = member.identities().swap_remove(0);
            for (path, value) in &member.fields {
                cells.push((format!("{path} {whom}"), value_bytes(value)));
            }
            if member.has_labels {
                cells.push((format!("labels {whom}"), label_bytes(&member.labels)));
            }
        }
        cells.sort_unstable();
        cells
    }

    /// A hash of all cells.
    fn digest(&self, secret: &MatchSecret) -> MatchDigest {
        let cells = self.cells();
        let parts: Vec<&[u8]> = cells
            .iter()
            .flat_map(|(path, value)| [path.as_bytes(), value.as_slice()])
            .collect();
        secret.hash("ledger_digest", &parts)
    }

    /// The household as it is remembered.
    pub fn remember(&self, record: RecordId, secret: &MatchSecret) -> LedgerRow {
        let mut cells: Vec<[u8; CELL]> = self
            .cells()
            .iter()
            .map(|(path, value)| remembered_cell(secret, path, value))
            .collect();
        cells.sort_unstable();
        LedgerRow {
            key: self.key,
            record,
            digest: self.digest(secret),
            cells: cells.concat(),
        }
    }
}

fn label_bytes(labels: &[String]) -> Vec<u8> {
    let mut labels = labels.to_vec();
    labels.sort_unstable();
    labels.join(" ").into_bytes()
}

/// Four bytes for the field, six for its value.
fn remembered_cell(secret: &MatchSecret, path: &str, value: &[u8]) -> [u8; CELL] {
    let field = secret.hash("ledger_field", &[path.as_bytes()]);
    let value = secret.hash("ledger_value", &[path.as_bytes(), value]);
    let mut cell = [0; CELL];
    let bytes = field
        .as_bytes()
        .iter()
        .take(4)
        .chain(value.as_bytes().iter().take(6));
    for (to, from) in cell.iter_mut().zip(bytes) {
        *to = *from;
    }
    cell
}

/// What a file said last time, by field.
struct Before {
    cells: HashMap<[u8; 4], [u8; 6]>,
}

/// How a cell stands to the one before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Same,
    Other,
    Unknown,
}

impl Before {
    fn of(row: &LedgerRow) -> Self {
        let cells = row
            .cells
            .chunks_exact(CELL)
            .filter_map(|cell| {
                let (field, value) = cell.split_at_checked(4)?;
                Some((field.try_into().ok()?, value.try_into().ok()?))
            })
            .collect();
        Self { cells }
    }

    /// Whether a cell is as it was; asked for each name the field may have had.
    fn compare(&self, secret: &MatchSecret, paths: &[String], value: Option<&[u8]>) -> Change {
        for path in paths {
            let cell = remembered_cell(secret, path, value.unwrap_or_default());
            let (Some(field), Some(hash)) = (cell.first_chunk::<4>(), cell.last_chunk::<6>())
            else {
                continue;
            };
            if let Some(known) = self.cells.get(field) {
                return if value.is_some() && known == hash {
                    Change::Same
                } else {
                    Change::Other
                };
            }
        }
        Change::Unknown
    }
}

/// A household on its way into a document.
#[derive(Debug)]
pub struct Entry<'a> {
    /// As the file has it.
    pub draft: &'a Draft,
    /// Makes keys, and ids from them.
    pub secret: &'a MatchSecret,
    /// When labels that are gone end.
    pub today: NaiveDate,
}

impl Entry<'_> {
    /// The fields of a new record of this id.
    pub fn new_fields(&self, record: &RecordId) -> Vec<FieldEdit> {
        let mut edits: Vec<FieldEdit> = self
            .draft
            .fields
            .iter()
            .filter_map(|(path, value)| set(path, value.clone()))
            .collect();
        for group in &self.draft.labels {
            edits.extend(self.new_label(record, group, None));
        }
        for member in &self.draft.members {
            let id = self.member_id(record, member);
            for (path, value) in &member.fields {
                edits.extend(set(&path.replace('*', &id), value.clone()));
            }
            for group in &member.labels {
                edits.extend(self.new_label(record, group, Some(&id)));
            }
        }
        edits
    }

    /// The edits of a record that was imported before, or is filled: what the
    /// file says otherwise than last time. `before` is what it said; without it
    /// only empty fields are filled, unless `overwrite`.
    pub fn edits(
        &self,
        record: &StoredRecord,
        document: &RecordDocument,
        before: Option<&LedgerRow>,
        overwrite: bool,
    ) -> Vec<FieldEdit> {
        let before = before.map(Before::of);
        let mut edits = Vec::new();
        let mut put = |path: String, names: Vec<String>, value: Option<&FieldValue>| {
            let Ok(path) = FieldPath::new(path) else {
                return;
            };
            let shown = document.value(&path);
            if shown.as_ref() == value {
                return;
            }
            let bytes = value.map(value_bytes);
            let change = before
                .as_ref()
                .map(|before| before.compare(self.secret, &names, bytes.as_deref()));
            let is_wanted = match (change, value) {
                // The file says what it said: whatever the register says since
                // stands.
                (Some(Change::Same), _) | (None, None) => false,
                (Some(Change::Other), _) => true,
                // New in the file; and never remembered as there, so nothing to
                // clear.
                (Some(Change::Unknown), value) => value.is_some(),
                (None, Some(_)) => overwrite || shown.is_none(),
            };
            if is_wanted {
                edits.push(FieldEdit {
                    path,
                    value: value.cloned(),
                });
            }
        };
        for spec in household_fields().filter(|spec| !spec.path.contains('*')) {
            let value = self.draft.fields.get(spec.path);
            put(spec.path.to_owned(), vec![spec.path.to_owned()], value);
        }
        let mut ids = Vec::new();
        for member in &self.draft.members {
            let id = self.find_member(&record.id, document, member);
            for spec in household_fields().filter(|spec| spec.path.contains('*')) {
                let names = member
                    .identities()
                    .iter()
                    .map(|whom| format!("{} {whom}", spec.path))
                    .collect();
                let value = member.fields.get(spec.path);
                put(spec.path.replace('*', &id), names, value);
            }
            ids.push(id);
        }
        if self.draft.has_labels {
            self.label_edits(
                record,
                document,
                None,
                &self.draft.labels,
                before.as_ref(),
                &mut edits,
            );
        }
        for (member, id) in self.draft.members.iter().zip(&ids) {
            if member.has_labels {
                let groups = &member.labels;
                self.label_edits(
                    record,
                    document,
                    Some((id, member)),
                    groups,
                    before.as_ref(),
                    &mut edits,
                );
            }
        }
        edits
    }

    /// Adds labels that are new, and ends those that are gone from the file.
    fn label_edits(
        &self,
        record: &StoredRecord,
        document: &RecordDocument,
        whom: Option<(&String, &DraftMember)>,
        groups: &[String],
        before: Option<&Before>,
        edits: &mut Vec<FieldEdit>,
    ) {
        let names: Vec<String> = match whom {
            None => vec!["labels".to_owned()],
            Some((_, member)) => member
                .identities()
                .iter()
                .map(|whom| format!("labels {whom}"))
                .collect(),
        };
        let bytes = label_bytes(groups);
        let change = before.map(|before| before.compare(self.secret, &names, Some(&bytes)));
        if change == Some(Change::Same) {
            return;
        }
        let member = whom.map_or("", |(id, _)| id.as_str());
        let text = |label: &str, field: &str| {
            document
                .text(&format!("labels.{label}.{field}"))
                .unwrap_or_default()
        };
        let present: Vec<(String, String)> = document
            .entries("labels")
            .into_iter()
            .filter(|label| text(label, "member") == member && text(label, "until").is_empty())
            .map(|label| {
                let group = text(&label, "group");
                (label, group)
            })
            .collect();
        for group in groups {
            if !present.iter().any(|(_, known)| known == group) {
                edits.extend(self.new_label(&record.id, group, whom.map(|(id, _)| id)));
            }
        }
        if change == Some(Change::Other) {
            for (label, group) in present {
                if !groups.contains(&group) {
                    let day = self.today.format("%Y-%m-%d").to_string();
                    edits.extend(set(&format!("labels.{label}.until"), FieldValue::Text(day)));
                }
            }
        }
    }

    fn new_label(&self, record: &RecordId, group: &str, member: Option<&String>) -> Vec<FieldEdit> {
        let whom = member.map_or("", String::as_str);
        let parts: [&[u8]; 3] = [record.as_bytes(), group.as_bytes(), whom.as_bytes()];
        let id = MemberId::from_bytes(*self.secret.hash("ledger_label", &parts).as_bytes());
        let mut edits: Vec<FieldEdit> = set(&format!("labels.{id}.group"), FieldValue::text(group))
            .into_iter()
            .collect();
        if member.is_some() {
            edits.extend(set(&format!("labels.{id}.member"), FieldValue::text(whom)));
        }
        // One that ended and is there again.
        edits.extend(
            FieldPath::new(format!("labels.{id}.until"))
                .ok()
                .map(FieldEdit::clear),
        );
        edits
    }

    /// The id of a person of this file: the same each time it is imported.
    fn member_id(&self, record: &RecordId, member: &DraftMember) -> String {
        if let Some(id) = member.id {
            return id.to_string();
        }
        let whom = member.identities().swap_remove(0);
        let parts: [&[u8]; 2] = [record.as_bytes(), whom.as_bytes()];
        let key = self.secret.hash("ledger_member", &parts);
        MemberId::from_bytes(*key.as_bytes()).to_string()
    }

    /// The id under which the record knows a person, or the one to enter them
    /// under.
    fn find_member(
        &self,
        record: &RecordId,
        document: &RecordDocument,
        member: &DraftMember,
    ) -> String {
        let own = self.member_id(record, member);
        let entries = document.entries("members");
        if entries.contains(&own) {
            return own;
        }
        let text = |id: &str, field: &str| {
            document
                .text(&format!("members.{id}.{field}"))
                .unwrap_or_default()
        };
        let (number, name, birth) = (
            member.text("citizen_id"),
            member.text("name"),
            member.text("birth_date"),
        );
        let by_number = entries
            .iter()
            .find(|id| !number.is_empty() && text(id, "citizen_id") == number);
        let by_birth = || {
            entries.iter().find(|id| {
                !birth.is_empty() && text(id, "name") == name && text(id, "birth_date") == birth
            })
        };
        // By name alone where one side knows no more.
        let by_name = || {
            let mut same = entries.iter().filter(|id| {
                text(id, "name") == name
                    && (birth.is_empty() || text(id, "birth_date").is_empty())
                    && (number.is_empty() || text(id, "citizen_id").is_empty())
            });
            same.next().filter(|_| same.next().is_none())
        };
        by_number
            .or_else(by_birth)
            .or_else(by_name)
            .cloned()
            .unwrap_or(own)
    }
}

fn set(path: &str, value: FieldValue) -> Option<FieldEdit> {
    Some(FieldEdit::set(FieldPath::new(path).ok()?, value))
}
