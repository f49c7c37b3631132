//! Seeded records of the size and mix that field work has: per 20 records five
//! households (about 2 KB with four members), 13 visits (with a diary of 200
//! characters) and two incidents. Every person, number and address is made up;
//! identity numbers carry a county code that was never assigned.
//!
//! Owns what is in a record, not who enters it or where it goes.

use anyhow::Context as _;
use chrono::NaiveDate;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use wangge_model::{
    ActorId, CitizenId, Entropy, FieldPath, FieldValue, GridId, MemberId, RecordId, RecordKind,
    Timestamp,
    document::{FieldEdit, LocalChange, RecordDocument},
    protocol::{PushItem, SnapshotEntry},
    testing::{FakeClock, SeededEntropy},
};

use crate::statistics::count;

const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
    "何", "郭", "马", "罗", "欧阳", "司马", "诸葛", "上官",
];
const GIVEN: &[&str] = &[
    "小明", "秀英", "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰",
    "娟", "涛", "超", "霞", "平", "刚", "桂英", "玉兰", "建国", "建华", "志强", "秀兰", "海燕",
];
const ESTATES: &[&str] = &[
    "槐荫小区",
    "千佛山花园",
    "泉城家园",
    "历山新村",
    "柳埠雅苑",
    "文昌公寓",
];
/// What grid workers write again and again.
const PHRASES: &[&str] = &[
    "入户走访，了解家庭近况。",
    "老人身体状况良好，嘱咐按时服药。",
    "楼道堆放杂物，已劝导清理。",
    "宣传防火、防盗、防电信诈骗知识。",
    "反映楼道灯不亮，已联系物业维修。",
    "核对居住人员信息，登记联系电话。",
    "提醒燃气使用安全，检查灶具软管。",
    "询问子女就学和就业情况。",
];
/// First of the common characters that free text is drawn from.
const HANZI_FIRST: u32 = 0x4E00;
const HANZI_COUNT: u32 = 3_000;

/// A record to be entered.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// What kind.
    pub kind: RecordKind,
    /// Its fields.
    pub edits: Vec<FieldEdit>,
}

/// A record with the one change that creates it.
#[derive(Debug)]
pub struct AuthoredRecord {
    /// Its id.
    pub id: RecordId,
    /// The document.
    pub document: RecordDocument,
    /// The change that created it.
    pub change: LocalChange,
}

impl AuthoredRecord {
    /// The record as a phone pushes it.
    pub fn push_item(&self, grid: GridId) -> PushItem {
        PushItem {
            record: self.id,
            record_epoch: 0,
            kind: self.document.kind(),
            grid,
            hash: self.change.hash,
            change: self.change.bytes.clone(),
        }
    }

    /// The record as a snapshot carries it.
    pub fn snapshot_entry(&self) -> SnapshotEntry {
        SnapshotEntry {
            moves: None,
            record: self.id,
            record_epoch: 0,
            kind: self.document.kind(),
            heads: self.document.heads(),
            document: self.document.save(),
            summary: self.document.summary(),
        }
    }
}

/// Makes records; the same seed makes the same ones.
#[derive(Debug)]
pub struct Workload {
    random: ChaCha8Rng,
    ids: SeededEntropy,
    clock: FakeClock,
    made: u64,
}

impl Workload {
    /// A stream of records that depends on `seed` and `now` alone; `now` goes
    /// into ids and dates.
    pub fn new(seed: u64, now: Timestamp) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            ids: SeededEntropy::new(seed),
            clock: FakeClock::at(now),
            made: 0,
        }
    }

    /// The next record of the mix.
    pub fn next_record(&mut self) -> anyhow::Result<NewRecord> {
        let place = self.made % 20;
        self.made += 1;
        let (kind, edits) = match place % 4 {
            0 => (RecordKind::Household, self.household()?),
            _ if place == 9 || place == 19 => (RecordKind::Incident, self.incident()?),
            _ => (RecordKind::Visit, self.visit()?),
        };
        Ok(NewRecord { kind, edits })
    }

    /// The next record of the mix as `actor` would enter it.
    pub fn next_authored(&mut self, actor: ActorId) -> anyhow::Result<AuthoredRecord> {
        let record = self.next_record()?;
        let at = wangge_model::Clock::now(&self.clock);
        self.clock.advance_millis(1);
        let mut document = RecordDocument::new(record.kind);
        let change = document
            .edit(&record.edits, actor, at)?
            .context("a record of the workload is empty")?;
        Ok(AuthoredRecord {
            id: RecordId::make(&self.clock, &self.ids),
            document,
            change,
        })
    }

    /// An edit of one field of a household, never twice the same.
    pub fn household_edit(&mut self) -> anyhow::Result<FieldEdit> {
        Ok(FieldEdit::set(
            FieldPath::new("contact.phone")?,
            self.phone(),
        ))
    }

    /// A household of four.
    pub fn household(&mut self) -> anyhow::Result<Vec<FieldEdit>> {
        let mut edits = Vec::with_capacity(64);
        let estate = self.pick(ESTATES);
        let building = format!("{}号楼", self.number(1, 30));
        let unit = format!("{}单元", self.number(1, 6));
        let room = format!("{}", self.number(1, 18) * 100 + self.number(1, 4));
        let detail = format!(
            "历下区文化东路{}号{estate}{building}{unit}{room}室",
            self.number(1, 200)
        );
        for (path, text) in [
            ("address.estate", estate.to_owned()),
            ("address.building", building),
            ("address.unit", unit),
            ("address.floor", format!("{}", self.number(1, 18))),
            ("address.room", room),
            ("address.detail", detail),
            ("dwelling.use", "01".to_owned()),
            (
                "dwelling.ownership",
                self.pick(&["own", "rented"]).to_owned(),
            ),
            ("dwelling.hazard", "00".to_owned()),
            ("dwelling.landlord_name", self.name()),
            (
                "ledger",
                self.pick(&["consistent", "separated", "tenant"]).to_owned(),
            ),
            ("contact.name", self.name()),
            ("notes", self.note(30)),
        ] {
            edits.push(set(path, FieldValue::Text(text))?);
        }
        edits.push(set("dwelling.landlord_phone", self.phone())?);
        edits.push(set("contact.phone", self.phone())?);
        self.point(&mut edits)?;
        for relation in ["0", "1", "2", "4"] {
            self.member(relation, &mut edits)?;
        }
        let label = self.id();
        edits.push(entry("labels", &label, "group", "solo_elder"));
        edits.push(entry("labels", &label, "since", "2024-03-01"));
        Ok(edits)
    }

    /// A visit with a diary of 200 characters.
    pub fn visit(&mut self) -> anyhow::Result<Vec<FieldEdit>> {
        let household = RecordId::make(&self.clock, &self.ids).to_string();
        let started =
            wangge_model::Clock::now(&self.clock).plus_millis(-self.number(1, 864) * 100_000);
        let mut edits = vec![
            set("household", FieldValue::Text(household))?,
            set(
                "kind",
                FieldValue::text(self.pick(&["household", "care", "rental"])),
            )?,
            set("form", FieldValue::text("door"))?,
            set("started_at", FieldValue::Time(started))?,
            set(
                "ended_at",
                FieldValue::Time(started.plus_millis(self.number(5, 40) * 60_000)),
            )?,
            set(
                "result",
                FieldValue::text(self.pick(&["met", "not_at_home"])),
            )?,
            set("person_met", FieldValue::Text(self.name()))?,
            set(
                "demands",
                FieldValue::text(self.pick(&["none", "recorded"])),
            )?,
            set("diary", FieldValue::Text(self.note(200)))?,
        ];
        self.point(&mut edits)?;
        Ok(edits)
    }

    /// An incident with two people concerned.
    pub fn incident(&mut self) -> anyhow::Result<Vec<FieldEdit>> {
        let occurred =
            wangge_model::Clock::now(&self.clock).plus_millis(-self.number(1, 100) * 60_000);
        let mut edits = vec![
            set(
                "category",
                FieldValue::Text(format!("{:04}", self.number(101, 999))),
            )?,
            set(
                "urgency",
                FieldValue::text(self.pick(&["normal", "urgent"])),
            )?,
            set("handling", FieldValue::text("coordinated"))?,
            set(
                "title",
                FieldValue::Text(format!("{}{}", self.pick(ESTATES), self.hanzi(12))),
            )?,
            set("description", FieldValue::Text(self.note(160)))?,
            set(
                "place",
                FieldValue::Text(format!("文化东路{}号", self.number(1, 200))),
            )?,
            set("occurred_at", FieldValue::Time(occurred))?,
        ];
        self.point(&mut edits)?;
        for _ in 0..2 {
            let party = self.id();
            let name = self.name();
            edits.push(entry("parties", &party, "name", &name));
            edits.push(FieldEdit::set(
                FieldPath::entry("parties", &party, "phone"),
                self.phone(),
            ));
        }
        Ok(edits)
    }

    /// A shop with a check and a hazard.
    pub fn place(&mut self) -> anyhow::Result<Vec<FieldEdit>> {
        let name = format!("{}{}店", self.pick(ESTATES), self.hanzi(3));
        let mut edits = vec![
            set("name", FieldValue::Text(name))?,
            set("kind", FieldValue::text(self.pick(&["shop", "restaurant"])))?,
            set("state", FieldValue::text("open"))?,
            set(
                "address.detail",
                FieldValue::Text(format!("文化东路{}号", self.number(1, 200))),
            )?,
            set("employee_count", FieldValue::Integer(self.number(1, 30)))?,
            set("contact.name", FieldValue::Text(self.name()))?,
            set("contact.phone", self.phone())?,
            set("party_organisation", FieldValue::Flag(false))?,
            set("notes", FieldValue::Text(self.note(60)))?,
        ];
        self.point(&mut edits)?;
        let (check, hazard) = (self.id(), self.id());
        edits.push(entry("checks", &check, "item", "灭火器"));
        edits.push(FieldEdit::set(
            FieldPath::entry("checks", &check, "passed"),
            FieldValue::Flag(false),
        ));
        edits.push(entry("hazards", &hazard, "kind", "02"));
        edits.push(entry("hazards", &hazard, "found_on", "2026-11-02"));
        Ok(edits)
    }

    fn member(&mut self, relation: &str, edits: &mut Vec<FieldEdit>) -> anyhow::Result<()> {
        let member = self.id();
        let born = NaiveDate::from_ymd_opt(
            i32::try_from(self.number(1940, 2020))?,
            u32::try_from(self.number(1, 12))?,
            u32::try_from(self.number(1, 28))?,
        )
        .context("no such date")?;
        let sequence = u16::try_from(self.number(1, 999))?;
        let citizen_id =
            CitizenId::synthetic(379_001, born, sequence).context("no synthetic number")?;
        let sex = if sequence % 2 == 1 { "1" } else { "2" };
        let home = format!(
            "山东省济南市历下区{}{}号",
            self.pick(ESTATES),
            self.number(1, 99)
        );
        for (field, text) in [
            ("name", self.name().as_str()),
            ("sex", sex),
            ("birth_date", born.format("%Y-%m-%d").to_string().as_str()),
            ("citizen_id", citizen_id.as_str()),
            ("relation", relation),
            ("population_kind", "01"),
            ("registered_address", home.as_str()),
        ] {
            edits.push(entry("members", &member, field, text));
        }
        edits.push(FieldEdit::set(
            FieldPath::entry("members", &member, "phone"),
            self.phone(),
        ));
        Ok(())
    }

    fn point(&mut self, edits: &mut Vec<FieldEdit>) -> anyhow::Result<()> {
        let degrees = |millionths: i64| count(millionths.unsigned_abs()) / 1e6;
        edits.push(set(
            "point.longitude",
            FieldValue::Number(degrees(self.number(116_900_000, 117_200_000))),
        )?);
        edits.push(set(
            "point.latitude",
            FieldValue::Number(degrees(self.number(36_550_000, 36_750_000))),
        )?);
        edits.push(set(
            "point.accuracy_m",
            FieldValue::Number(count(self.number(3, 40).unsigned_abs())),
        )?);
        Ok(())
    }

    /// A name that nobody in particular has.
    pub fn name(&mut self) -> String {
        format!("{}{}", self.pick(SURNAMES), self.pick(GIVEN))
    }

    fn phone(&mut self) -> FieldValue {
        FieldValue::Text(format!("1380000{:04}", self.number(0, 9_999)))
    }

    /// Half what everybody writes, half free text.
    fn note(&mut self, characters: usize) -> String {
        let mut text = String::new();
        while text.chars().count() < characters {
            if self.number(0, 1) == 0 {
                text.push_str(self.pick(PHRASES));
            } else {
                text.push_str(&self.hanzi(10));
                text.push('。');
            }
        }
        text.chars().take(characters).collect()
    }

    fn hanzi(&mut self, count: usize) -> String {
        (0..count)
            .filter_map(|_| char::from_u32(HANZI_FIRST + self.random.random_range(0..HANZI_COUNT)))
            .collect()
    }

    fn id(&mut self) -> MemberId {
        MemberId::make(&self.clock, &self.ids)
    }

    fn number(&mut self, from: i64, to: i64) -> i64 {
        self.random.random_range(from..=to)
    }

    fn pick(&mut self, from: &'static [&'static str]) -> &'static str {
        let place = self.random.random_range(0..from.len());
        from.get(place).copied().unwrap_or_default()
    }

    /// Random bytes of the same stream, for keys.
    pub fn entropy(&self) -> &dyn Entropy {
        &self.ids
    }
}

fn set(path: &str, value: FieldValue) -> anyhow::Result<FieldEdit> {
    Ok(FieldEdit::set(FieldPath::new(path)?, value))
}

fn entry(collection: &str, id: &MemberId, field: &str, text: &str) -> FieldEdit {
    FieldEdit::set(
        FieldPath::entry(collection, id, field),
        FieldValue::text(text),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_twenty_records_are_five_households_thirteen_visits_and_two_incidents() {
        let mut workload = Workload::new(7, Timestamp::from_millis(1_767_225_600_000));
        let kinds: Vec<_> = (0..20)
            .map(|_| workload.next_record().unwrap().kind)
            .collect();
        let count = |kind| kinds.iter().filter(|one| **one == kind).count();
        assert_eq!(count(RecordKind::Household), 5);
        assert_eq!(count(RecordKind::Visit), 13);
        assert_eq!(count(RecordKind::Incident), 2);
    }

    #[test]
    fn the_same_seed_makes_the_same_records_and_they_fit_the_schema() {
        let actor = ActorId::from_bytes([3; 16]);
        let now = Timestamp::from_millis(1_767_225_600_000);
        let make = |seed| {
            let mut workload = Workload::new(seed, now);
            (0..40)
                .map(|_| workload.next_authored(actor).unwrap().change.hash)
                .collect::<Vec<_>>()
        };
        assert_eq!(make(1), make(1));
        assert_ne!(make(1), make(2));
    }
}
