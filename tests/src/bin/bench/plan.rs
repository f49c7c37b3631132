//! The day's plan on a phone of many households: reading the facts after a
//! first sync, then plan, progress, coverage and verdict.

use std::time::Instant;

use wangge_core::{PlanQuery, port::SyncStore as _};
use wangge_model::{
    ActorId, FieldPath, FieldValue, GridId, LongitudeLatitude, RecordId, RecordKind, SystemClock,
    Timestamp,
    document::{FieldEdit, RecordDocument},
    protocol::{SnapshotEntry, SnapshotPage},
    testing::{FakeClock, SeededEntropy},
};
use wangge_tests::{
    phone::Phone,
    statistics::{count, median, millis},
};

use crate::report::Figures;

/// Records on each page the phone takes in while it is filled.
const PER_PAGE: usize = 500;
/// Households of one building.
const PER_BUILDING: usize = 40;
const DAY_MS: i64 = 24 * 3_600_000;

/// Makes the records in the order of their ids.
struct Maker {
    clock: FakeClock,
    entropy: SeededEntropy,
    now: Timestamp,
}

impl Maker {
    fn new(seed: u64) -> Self {
        let now = wangge_model::Clock::now(&SystemClock);
        Self {
            clock: FakeClock::at(now.plus_millis(-600 * DAY_MS)),
            entropy: SeededEntropy::new(seed),
            now,
        }
    }

    fn entry(
        &self,
        kind: RecordKind,
        fields: &[(&str, FieldValue)],
    ) -> anyhow::Result<SnapshotEntry> {
        self.clock.advance_millis(1);
        let mut document = RecordDocument::new(kind);
        let edits = fields
            .iter()
            .map(|(path, value)| Ok(FieldEdit::set(FieldPath::new(*path)?, value.clone())))
            .collect::<anyhow::Result<Vec<_>>>()?;
        document.edit(&edits, ActorId::from_bytes([9; 16]), self.now)?;
        Ok(SnapshotEntry {
            record: RecordId::make(&self.clock, &self.entropy),
            record_epoch: 0,
            kind,
            heads: document.heads(),
            document: document.save(),
            summary: document.summary(),
            moves: None,
        })
    }

    fn household(&self, number: usize) -> anyhow::Result<SnapshotEntry> {
        let building = number / PER_BUILDING;
        let text = |text: String| FieldValue::Text(text);
        let mut fields = vec![
            ("address.estate", text(format!("花园{}区", building / 20))),
            (
                "address.building",
                text(format!("{}号楼", building % 20 + 1)),
            ),
            ("address.room", text(format!("{}室", number % PER_BUILDING))),
            (
                "point.longitude",
                FieldValue::Number(117.0 + count(building as u64 % 100) / 1e3),
            ),
            (
                "point.latitude",
                FieldValue::Number(36.6 + count(building as u64 / 100) / 1e3),
            ),
        ];
        if number.is_multiple_of(8) {
            fields.push(("labels.l.group", text("solo_elder".to_owned())));
        }
        self.entry(RecordKind::Household, &fields)
    }

    fn visit(&self, household: RecordId, number: usize) -> anyhow::Result<SnapshotEntry> {
        let days = i64::try_from(number * 7 % 380)?;
        let started_at = self.now.plus_millis(-days * DAY_MS);
        self.entry(
            RecordKind::Visit,
            &[
                ("household", FieldValue::Text(household.to_string())),
                ("kind", FieldValue::text("household")),
                ("result", FieldValue::text("met")),
                ("started_at", FieldValue::Time(started_at)),
                (
                    "ended_at",
                    FieldValue::Time(started_at.plus_millis(240_000)),
                ),
                ("point.longitude", FieldValue::Number(117.0)),
                ("point.latitude", FieldValue::Number(36.6)),
                ("door_distance_m", FieldValue::Number(12.0)),
                ("diary", FieldValue::text("一切平安，提醒注意用电。")),
            ],
        )
    }
}

/// Fills a phone with so many households, two of three visited once.
fn fill(phone: &Phone, grid: GridId, households: usize, seed: u64) -> anyhow::Result<()> {
    let maker = Maker::new(seed);
    let mut visited = Vec::new();
    let mut entries = Vec::new();
    for number in 0..households {
        let entry = maker.household(number)?;
        if !number.is_multiple_of(3) {
            visited.push(entry.record);
        }
        entries.push(entry);
    }
    for (number, household) in visited.into_iter().enumerate() {
        entries.push(maker.visit(household, number)?);
    }
    let total = entries.len();
    let mut stored = 0;
    while stored < total {
        let page: Vec<SnapshotEntry> = entries.drain(..PER_PAGE.min(entries.len())).collect();
        stored += page.len();
        phone.core.store().apply_snapshot(&SnapshotPage {
            grid,
            as_of: 1,
            next_after: page
                .last()
                .filter(|_| stored < total)
                .map(|last| last.record),
            entries: page,
            total: total as u64,
            signature: None,
        })?;
    }
    Ok(())
}

/// Measures at one size.
pub(crate) fn run(
    name: &str,
    households: usize,
    seed: u64,
    runs: usize,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let grid = GridId::from_bytes([1; 16]);
    let phone = Phone::enrol_alone(grid)?;
    fill(&phone, grid, households, seed)?;
    let query = PlanQuery {
        start: Some(LongitudeLatitude::new(117.02, 36.61)),
        limit: 30,
        ..PlanQuery::default()
    };
    // Reads the facts of every record first.
    let begun = Instant::now();
    let due = phone.core.plan(&query)?.due;
    figures.set(format!("{name}.first_plan_ms"), millis(begun.elapsed()));
    figures.set(format!("{name}.due"), count(due as u64));
    let mut time = |what: &str, work: &dyn Fn() -> anyhow::Result<()>| -> anyhow::Result<()> {
        let mut took = Vec::new();
        for _ in 0..runs {
            let begun = Instant::now();
            work()?;
            took.push(millis(begun.elapsed()));
        }
        figures.set(format!("{name}.{what}_ms"), median(&took));
        Ok(())
    };
    time("plan", &|| Ok(phone.core.plan(&query).map(|_| ())?))?;
    let all = PlanQuery { limit: 0, ..query };
    time("plan_all", &|| Ok(phone.core.plan(&all).map(|_| ())?))?;
    time("progress", &|| Ok(phone.core.progress(None).map(|_| ())?))?;
    time("coverage", &|| Ok(phone.core.coverage(None).map(|_| ())?))?;
    let visits = phone.core.list_records(&wangge_core::RecordQuery {
        kind: Some(RecordKind::Visit),
        limit: 1,
        ..wangge_core::RecordQuery::default()
    })?;
    if let Some(visit) = visits.first() {
        time("verdict", &|| {
            Ok(phone.core.visit_verdict(visit.id).map(|_| ())?)
        })?;
    }
    Ok(())
}
