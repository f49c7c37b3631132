//! Rows of a ledger as households: which rows belong together, and what they say
//! about the household and each person in it.
//!
//! Offices write a household in one row, or a person in each row with the
//! household's cells repeated, merged, or only in the first. Does not own what
//! the register knows about it ([`super::judge`]).

use std::collections::{BTreeMap, HashMap};

use wangge_model::{
    CitizenId, FieldPath, FieldValue, GridId, MemberId, RecordId, RecordKind, Sex,
    document::{Fields, schema::FieldType},
    duplicate::{MatchDigest, MatchSecret, match_keys, normalise_address},
    household::Address,
};

use super::{
    column::{Column, Columns, Target},
    remark::{Reason, Remark},
    scope::GridNames,
    sheet::{Cell, CellKind, Row, Sheet},
    value::{CellError, Reading, choices, clean},
};

/// Cells with which a row begins that is no row of a ledger.
const FOOTERS: [&str; 9] = [
    "合计",
    "总计",
    "小计",
    "填表人",
    "填报人",
    "制表人",
    "审核人",
    "负责人",
    "填表日期",
];
/// Filled cells from which a row is taken for one of the ledger all the same.
const FOOTER_CELLS: usize = 4;
/// Most people of one household; beyond, something is wrong with the table.
const MOST_MEMBERS: usize = 100;

/// Everything that turns rows into households.
#[derive(Debug)]
pub struct Ledger<'a> {
    /// The table.
    pub sheet: &'a Sheet,
    /// What its columns are.
    pub columns: &'a Columns,
    /// How cells are read.
    pub reading: Reading,
    /// Makes keys.
    pub secret: &'a MatchSecret,
    /// The grids the person may write to.
    pub grids: &'a GridNames,
    /// The grid of rows that name none.
    pub default_grid: Option<GridId>,
}

/// The rows of one household.
#[derive(Debug, Clone)]
pub struct Group {
    /// Which household of which grid, as the ledger names it; `None` where it
    /// does not say.
    pub key: Option<MatchDigest>,
    /// Its grid, if it is known.
    pub grid: Option<GridId>,
    /// Places of its rows in the sheet.
    pub rows: Vec<u32>,
}

/// Households of a table, as row places.
#[derive(Debug, Default)]
pub struct Outline {
    /// In the order of their first rows.
    pub groups: Vec<Group>,
    /// What was left out.
    pub remarks: Vec<Remark>,
}

/// One household as the file has it.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Which one, see [`Group::key`].
    pub key: MatchDigest,
    /// Its grid.
    pub grid: GridId,
    /// Number of its first row.
    pub row: u32,
    /// The record it is, where the table says so.
    pub record: Option<RecordId>,
    /// Its fields, by path.
    pub fields: BTreeMap<&'static str, FieldValue>,
    /// Its care groups.
    pub labels: Vec<String>,
    /// Whether the table has a column of them.
    pub has_labels: bool,
    /// The people in it.
    pub members: Vec<DraftMember>,
}

/// One person of a household as the file has it.
#[derive(Debug, Clone)]
pub struct DraftMember {
    /// Number of the row.
    pub row: u32,
    /// Its id, where the table says so.
    pub id: Option<MemberId>,
    /// Its fields, by path with `*`.
    pub fields: BTreeMap<&'static str, FieldValue>,
    /// Its care groups.
    pub labels: Vec<String>,
    /// Whether the table has a column of them.
    pub has_labels: bool,
}

impl DraftMember {
    /// The text of a field, e.g. `name`; empty if it has none.
    pub fn text(&self, field: &str) -> &str {
        self.fields
            .iter()
            .find(|(path, _)| path.strip_prefix("members.*.") == Some(field))
            .and_then(|(_, value)| value.as_text())
            .unwrap_or_default()
    }

    /// Whether two rows are about one person: by identity number, else by name
    /// and birth, else by name alone.
    fn is_same(&self, other: &Self) -> bool {
        let both = |field| {
            let (one, two) = (self.text(field), other.text(field));
            (!one.is_empty() && !two.is_empty()).then_some(one == two)
        };
        let same_name = self.text("name") == other.text("name");
        match (both("citizen_id"), both("birth_date")) {
            (Some(same), _) => same,
            (None, Some(same)) => same && same_name,
            (None, None) => same_name,
        }
    }

    /// By what the person is known, the surest first.
    pub fn identities(&self) -> Vec<String> {
        let (number, name, birth) = (
            self.text("citizen_id"),
            self.text("name"),
            self.text("birth_date"),
        );
        let mut identities = Vec::new();
        if !number.is_empty() {
            identities.push(format!("number {number}"));
        }
        if !birth.is_empty() {
            identities.push(format!("born {birth} {name}"));
        }
        identities.push(format!("name {name}"));
        identities
    }
}

/// By what a household of a file may be the same as another.
#[derive(Debug, Clone, Default)]
pub struct DraftKeys {
    /// The household itself.
    pub household: Vec<MatchDigest>,
    /// Each of its people, in the order of [`Draft::members`].
    pub members: Vec<Vec<MatchDigest>>,
}

impl DraftKeys {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = MatchDigest> {
        let members = self.members.iter().flatten();
        self.household.iter().chain(members).copied()
    }
}

impl Draft {
    /// By what it may be the same as another household.
    pub fn keys(&self, secret: &MatchSecret) -> DraftKeys {
        let mut fields = Fields::default();
        let mut enter = |path: String, value: &FieldValue| {
            if let Ok(path) = FieldPath::new(path) {
                fields.set(path, Some(value.clone()));
            }
        };
        for (path, value) in &self.fields {
            enter((*path).to_owned(), value);
        }
        // A member is known by its place here; it may have no id yet.
        for (place, member) in self.members.iter().enumerate() {
            for (path, value) in &member.fields {
                enter(path.replace('*', &place.to_string()), value);
            }
        }
        let mut keys = DraftKeys {
            household: Vec::new(),
            members: vec![Vec::new(); self.members.len()],
        };
        for key in match_keys(RecordKind::Household, &fields) {
            let digest = secret.digest_in(&self.grid, &key);
            let member = key.entry.parse::<usize>().ok();
            match member.and_then(|place| keys.members.get_mut(place)) {
                Some(member) => member.push(digest),
                None => keys.household.push(digest),
            }
        }
        keys
    }
}

impl<'a> Ledger<'a> {
    /// Which rows belong together.
    pub fn outline(&self) -> Outline {
        let mut outline = Outline::default();
        let mut by_key: HashMap<MatchDigest, usize> = HashMap::new();
        let mut last: Option<usize> = None;
        for place in self.columns.first_row..self.sheet.len() {
            let Some(row) = self.sheet.row(place) else {
                continue;
            };
            if !self.has_content(row) {
                continue;
            }
            if is_footer(row) {
                let remark = Remark::on_row(row.number, Reason::NotARow);
                outline.remarks.push(remark);
                continue;
            }
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            let own_grid = self.grid_of(row).ok().flatten();
            match self.household_of(row, own_grid) {
                Some(key) => {
                    let group = *by_key.entry(key).or_insert_with(|| {
                        outline.groups.push(Group {
                            key: Some(key),
                            grid: own_grid,
                            rows: Vec::new(),
                        });
                        outline.groups.len() - 1
                    });
                    last = Some(group);
                    if let Some(group) = outline.groups.get_mut(group) {
                        group.rows.push(place);
                    }
                }
                // A person below their household's first row.
                None => match last.and_then(|last| outline.groups.get_mut(last)) {
                    Some(group) if self.has_member(row) => group.rows.push(place),
                    _ => outline.groups.push(Group {
                        key: None,
                        grid: own_grid,
                        rows: vec![place],
                    }),
                },
            }
        }
        outline
    }

    fn has_content(&self, row: Row<'_>) -> bool {
        self.columns
            .columns
            .iter()
            .filter(|column| column.target != Target::Ignored)
            .any(|column| row.cell(column.place).is_some())
    }

    fn has_member(&self, row: Row<'_>) -> bool {
        self.columns
            .columns
            .iter()
            .filter(|column| column.target.is_of_member())
            .any(|column| row.cell(column.place).is_some())
    }

    fn cell<'r>(&self, row: Row<'r>, target: Target) -> Option<(&'a Column, Cell<'r>)> {
        let column = self.columns.of(target)?;
        Some((column, row.cell(column.place)?))
    }

    /// The grid a row names, or the one for rows that name none.
    fn grid_of(&self, row: Row<'_>) -> Result<Option<GridId>, CellError> {
        match self.cell(row, Target::Grid) {
            Some((_, cell)) => self.grids.find(clean(cell.text)).map(Some),
            None => Ok(self.default_grid),
        }
    }

    /// Which household a row is about: by the record, the office's number, or
    /// the address.
    fn household_of(&self, row: Row<'_>, grid: Option<GridId>) -> Option<MatchDigest> {
        if let Some((_, cell)) = self.cell(row, Target::Record) {
            let text = clean(cell.text).to_lowercase();
            return Some(self.secret.hash("ledger_record", &[text.as_bytes()]));
        }
        let grid = grid.map(|grid| *grid.as_bytes()).unwrap_or_default();
        if let Some((_, cell)) = self.cell(row, Target::HouseholdNumber) {
            let number = clean(cell.text);
            let number = number.strip_suffix(".0").unwrap_or(number);
            return Some(
                self.secret
                    .hash("ledger_number", &[&grid, number.as_bytes()]),
            );
        }
        let text = |path: &str| {
            self.columns
                .columns
                .iter()
                .find(|column| column.target.to_string() == path)
                .and_then(|column| row.cell(column.place))
                .map(|cell| clean(cell.text).to_owned())
                .unwrap_or_default()
        };
        let address = Address {
            estate: text("address.estate"),
            building: text("address.building"),
            unit: text("address.unit"),
            floor: text("address.floor"),
            room: text("address.room"),
            detail: text("address.detail"),
            ..Address::default()
        };
        let address = normalise_address(&address.line());
        (!address.is_empty()).then(|| {
            self.secret
                .hash("ledger_address", &[&grid, address.as_bytes()])
        })
    }

    /// The household of a group, or why it is held back; and what else is to be
    /// said of it.
    pub fn draft(&self, group: &Group) -> (Option<Draft>, Vec<Remark>) {
        let mut drafting = Drafting::default();
        let first = group
            .rows
            .first()
            .and_then(|place| self.sheet.row(*place as usize));
        let Some(first) = first else {
            return (None, Vec::new());
        };
        let grid = self.draft_grid(group, &mut drafting);
        if group.key.is_none() {
            drafting.refuse_row(first.number, CellError::NoHousehold);
        }
        let record = self.draft_record(first, &mut drafting);
        for place in &group.rows {
            if let Some(row) = self.sheet.row(*place as usize) {
                self.draft_row(row, &mut drafting);
            }
        }
        let Drafting {
            fields,
            labels,
            members,
            remarks,
            failed,
        } = drafting;
        let draft = match (group.key, grid) {
            (Some(key), Some(grid)) if !failed => Some(Draft {
                key,
                grid,
                row: first.number,
                record,
                fields: fields
                    .into_iter()
                    .map(|(path, (_, value))| (path, value))
                    .collect(),
                labels,
                has_labels: self.columns.of(Target::HouseholdLabels).is_some(),
                members,
            }),
            _ => None,
        };
        (draft, remarks)
    }

    fn draft_grid(&self, group: &Group, drafting: &mut Drafting) -> Option<GridId> {
        for place in &group.rows {
            let Some(row) = self.sheet.row(*place as usize) else {
                continue;
            };
            match (self.grid_of(row), self.cell(row, Target::Grid)) {
                (Err(error), Some((column, cell))) => {
                    drafting.refuse(row.number, column, cell.text, error);
                    return None;
                }
                (Ok(Some(grid)), _) if group.grid.is_none_or(|known| known == grid) => {
                    return Some(grid);
                }
                _ => {}
            }
        }
        if let Some(row) = group.rows.first().and_then(|p| self.sheet.row(*p as usize)) {
            drafting.refuse_row(row.number, CellError::NoGrid);
        }
        None
    }

    fn draft_record(&self, row: Row<'_>, drafting: &mut Drafting) -> Option<RecordId> {
        let (column, cell) = self.cell(row, Target::Record)?;
        if let Ok(record) = clean(cell.text).parse() {
            return Some(record);
        }
        drafting.refuse(row.number, column, cell.text, CellError::UnknownRecord);
        None
    }

    fn draft_row(&self, row: Row<'_>, drafting: &mut Drafting) {
        let mut people: BTreeMap<u8, DraftMember> = BTreeMap::new();
        for column in &self.columns.columns {
            let Some(cell) = row.cell(column.place) else {
                continue;
            };
            let result = match column.target {
                Target::Ignored | Target::Grid | Target::HouseholdNumber | Target::Record => Ok(()),
                Target::HouseholdLabels => Self::labels(cell).map(|labels| {
                    for label in labels {
                        if !drafting.labels.contains(&label) {
                            drafting.labels.push(label);
                        }
                    }
                }),
                Target::Member => {
                    let person = self.person(&mut people, column.slot, row.number);
                    person.id = clean(cell.text).parse().ok();
                    Ok(())
                }
                Target::MemberLabels => Self::labels(cell).map(|labels| {
                    self.person(&mut people, column.slot, row.number).labels = labels;
                }),
                Target::Field(path) => self.field(column, cell).map(|value| match value {
                    None => {}
                    Some(value) if column.target.is_of_member() => {
                        let person = self.person(&mut people, column.slot, row.number);
                        person.fields.insert(path, value);
                    }
                    Some(value) => drafting.put(row.number, column, cell, path, value),
                }),
            };
            if let Err(error) = result {
                drafting.refuse(row.number, column, cell.text, error);
            } else if column.target == Target::Field("members.*.citizen_id") && is_old_number(cell)
            {
                let remark = Remark::on_cell(row.number, column, cell.text, Reason::Converted);
                drafting.remarks.push(remark);
            }
        }
        for person in people.into_values() {
            self.draft_person(row, person, drafting);
        }
    }

    fn person<'p>(
        &self,
        people: &'p mut BTreeMap<u8, DraftMember>,
        slot: u8,
        row: u32,
    ) -> &'p mut DraftMember {
        people.entry(slot).or_insert_with(|| DraftMember {
            row,
            id: None,
            fields: BTreeMap::new(),
            labels: Vec::new(),
            has_labels: self.columns.of(Target::MemberLabels).is_some(),
        })
    }

    fn field(&self, column: &Column, cell: Cell<'_>) -> Result<Option<FieldValue>, CellError> {
        match column.target.spec() {
            Some(spec) => self.reading.value(cell, spec),
            None => Ok(None),
        }
    }

    fn labels(cell: Cell<'_>) -> Result<Vec<String>, CellError> {
        if cell.kind == CellKind::Error {
            return Err(CellError::Formula);
        }
        choices(cell.text, LABEL_GROUP, label_codes())
    }

    /// Checks one person against their own number and those before.
    fn draft_person(&self, row: Row<'_>, mut person: DraftMember, drafting: &mut Drafting) {
        let column = |field: &str| {
            self.columns
                .columns
                .iter()
                .find(|column| column.target.to_string() == format!("members.*.{field}"))
        };
        if person.fields.is_empty() && person.id.is_none() {
            return;
        }
        if person.text("name").is_empty() {
            match column("name") {
                Some(column) => drafting.refuse(row.number, column, "", CellError::NoName),
                None => drafting.refuse_row(row.number, CellError::NoName),
            }
            return;
        }
        let number = person.text("citizen_id").to_owned();
        let known = CitizenId::parse(&number, self.reading.today, self.reading.policy).ok();
        if let Some(id) = known {
            let birth = id.birth_date().format("%Y-%m-%d").to_string();
            let sex = if id.sex() == Sex::Male { "1" } else { "2" };
            for (field, path, right, error) in [
                (
                    "birth_date",
                    "members.*.birth_date",
                    birth.as_str(),
                    CellError::BirthMismatch,
                ),
                ("sex", "members.*.sex", sex, CellError::SexMismatch),
            ] {
                let said = person.text(field).to_owned();
                if said.is_empty() {
                    // The number says it.
                    person.fields.insert(path, FieldValue::text(right));
                } else if said != right && !(field == "sex" && matches!(said.as_str(), "0" | "9")) {
                    let shown = column(field).and_then(|column| {
                        let cell = row.cell(column.place)?;
                        Some((column, cell.text))
                    });
                    match shown {
                        Some((column, text)) => drafting.refuse(row.number, column, text, error),
                        None => drafting.refuse_row(row.number, error),
                    }
                }
            }
        }
        let before = drafting.members.iter().find(|other| other.is_same(&person));
        if let Some(before) = before {
            let same = before.fields == person.fields && before.labels == person.labels;
            let reason = if same {
                Reason::RepeatedRow(before.row)
            } else {
                drafting.failed = true;
                Reason::Cell(CellError::SamePerson { row: before.row })
            };
            drafting.remarks.push(Remark::on_row(row.number, reason));
            return;
        }
        if drafting.members.len() >= MOST_MEMBERS {
            drafting.refuse_row(row.number, CellError::TooLarge);
            return;
        }
        drafting.members.push(person);
    }
}

/// The field behind care groups.
pub(super) const LABEL_GROUP: &str = "labels.*.group";

/// The codes of care groups.
pub(super) fn label_codes() -> &'static [&'static str] {
    wangge_model::document::schema::fields(RecordKind::Household)
        .iter()
        .find(|spec| spec.path == LABEL_GROUP)
        .map_or(&[], |spec| match spec.kind {
            FieldType::Choice(codes) => codes,
            _ => &[],
        })
}

fn is_old_number(cell: Cell<'_>) -> bool {
    clean(cell.text)
        .chars()
        .filter(char::is_ascii_digit)
        .count()
        == 15
        && clean(cell.text).chars().count() == 15
}

fn is_footer(row: Row<'_>) -> bool {
    let mut cells = row.cells();
    let Some(first) = cells.next() else {
        return false;
    };
    let text: String = clean(first.text)
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    FOOTERS.iter().any(|word| text.starts_with(word)) && cells.count() < FOOTER_CELLS
}

/// A household while its rows are read.
#[derive(Default)]
struct Drafting {
    /// Values with the row they came from.
    fields: BTreeMap<&'static str, (u32, FieldValue)>,
    labels: Vec<String>,
    members: Vec<DraftMember>,
    remarks: Vec<Remark>,
    failed: bool,
}

impl Drafting {
    fn refuse(&mut self, row: u32, column: &Column, value: &str, error: CellError) {
        self.failed = true;
        let remark = Remark::on_cell(row, column, value, Reason::Cell(error));
        self.remarks.push(remark);
    }

    fn refuse_row(&mut self, row: u32, error: CellError) {
        self.failed = true;
        self.remarks.push(Remark::on_row(row, Reason::Cell(error)));
    }

    /// A field of the household: every row that has it must say the same.
    fn put(
        &mut self,
        row: u32,
        column: &Column,
        cell: Cell<'_>,
        path: &'static str,
        value: FieldValue,
    ) {
        match self.fields.get(path) {
            None => {
                self.fields.insert(path, (row, value));
            }
            Some((_, known)) if *known == value => {}
            Some((before, _)) => {
                let error = CellError::Differs { row: *before };
                self.refuse(row, column, cell.text, error);
            }
        }
    }
}
