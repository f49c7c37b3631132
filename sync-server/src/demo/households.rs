//! Made-up households: names, addresses and numbers that belong to nobody.
//!
//! Identity numbers use county codes 379001-379099, which were never assigned
//! (GB/T 2260), and phone numbers lie in blocks of zeros, so that none can be
//! a real person's.

use chrono::NaiveDate;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wangge_model::{
    FieldPath, FieldValue, MemberId,
    citizen_id::{CitizenId, Sex},
    document::FieldEdit,
};

const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
    "何", "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "欧阳", "上官", "司马",
];
const GIVEN: &[&str] = &[
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明",
    "超", "秀兰", "霞", "平", "刚", "桂英", "建华", "文博", "子涵", "雨桐", "浩然",
];
const ESTATES: &[&str] = &["千佛山西苑", "历山花园", "棋盘小区", "佛山苑", "环山新居"];
const NOTES: &[&str] = &[
    "门铃坏了，请敲门。",
    "老人耳背，说话大声些。",
    "白天上班，晚上七点后在家。",
    "楼道内有电动车停放，已提醒。",
    "希望小区增加充电桩。",
];

/// A source of made-up households that depends on its seed alone.
#[derive(Debug)]
pub(super) struct HouseholdMaker {
    rng: ChaCha8Rng,
    phones: u32,
}

impl HouseholdMaker {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let phones = rng.random_range(0..9_000);
        Self { rng, phones }
    }

    /// Every field of a new household's file.
    pub(super) fn household(&mut self) -> Vec<FieldEdit> {
        let estate = self.pick(ESTATES);
        let building = self.rng.random_range(1..=24);
        let unit = self.rng.random_range(1..=4);
        let floor = self.rng.random_range(1..=11);
        let room = format!("{floor}0{}室", self.rng.random_range(1..=4));
        let surname = self.pick(SURNAMES);
        let ledger = match self.rng.random_range(0..10) {
            0..6 => "consistent",
            6..9 => "separated",
            _ => "tenant",
        };
        let ownership = if ledger == "tenant" { "rented" } else { "own" };
        let phone = self.phone_number();
        let mut edits = vec![
            text("address.estate", estate),
            text("address.building", &format!("{building}号楼")),
            text("address.unit", &format!("{unit}单元")),
            text("address.floor", &format!("{floor}层")),
            text("address.room", &room),
            text("dwelling.use", "01"),
            text("dwelling.ownership", ownership),
            text("ledger", ledger),
            text("contact.phone", &phone),
            number(
                "point.longitude",
                117.03 + f64::from(self.rng.random_range(0..1_000)) / 1e5,
            ),
            number(
                "point.latitude",
                36.64 + f64::from(self.rng.random_range(0..1_000)) / 1e5,
            ),
            number("point.accuracy_m", f64::from(self.rng.random_range(4..30))),
        ];
        if self.rng.random_range(0..3) == 0 {
            edits.push(text("notes", self.pick(NOTES)));
        }
        let members = self.rng.random_range(1..=4);
        for place in 0..members {
            let name = format!("{surname}{}", self.pick(GIVEN));
            if place == 0 {
                edits.push(text("contact.name", &name));
            }
            edits.extend(self.member(&name, place));
        }
        edits
    }

    /// The fields of one more member of a household.
    pub(super) fn member(&mut self, name: &str, place: u32) -> Vec<FieldEdit> {
        let id = self.member_id();
        let years_ago = if place < 2 { 25..75 } else { 1..18 };
        let year = 2026 - self.rng.random_range(years_ago);
        let birth = NaiveDate::from_ymd_opt(
            year,
            self.rng.random_range(1..=12),
            self.rng.random_range(1..=28),
        )
        .unwrap_or_default();
        let county = self.rng.random_range(379_001..=379_099);
        let citizen_id = CitizenId::synthetic(county, birth, self.rng.random_range(1..=998));
        let relation = match place {
            0 => "0",
            1 => "1",
            _ => "2",
        };
        let mut edits = vec![
            field(&id, "name", name),
            field(&id, "birth_date", &birth.format("%Y-%m-%d").to_string()),
            field(&id, "relation", relation),
            field(&id, "population_kind", "01"),
        ];
        if let Some(citizen_id) = citizen_id {
            let sex = if citizen_id.sex() == Sex::Male {
                "1"
            } else {
                "2"
            };
            edits.push(field(&id, "sex", sex));
            edits.push(field(&id, "citizen_id", citizen_id.as_str()));
        }
        edits
    }

    /// A number in the block 138-0000, in which the demo counts on.
    pub(super) fn phone_number(&mut self) -> String {
        self.phones = (self.phones + 1) % 10_000;
        format!("1380000{:04}", self.phones)
    }

    fn member_id(&mut self) -> MemberId {
        let mut bytes = [0; 16];
        self.rng.fill_bytes(&mut bytes);
        MemberId::from_bytes(bytes)
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        let index = self.rng.random_range(0..from.len());
        from.get(index).copied().unwrap_or_default()
    }
}

/// Sets a text field; the paths are written in this folder and well-formed.
pub(super) fn text(path: &str, value: &str) -> FieldEdit {
    set(path, FieldValue::text(value))
}

pub(super) fn number(path: &str, value: f64) -> FieldEdit {
    set(path, FieldValue::Number(value))
}

#[expect(
    clippy::expect_used,
    reason = "the paths are written in this folder; the demo test runs them"
)]
pub(super) fn set(path: &str, value: FieldValue) -> FieldEdit {
    FieldEdit::set(FieldPath::new(path).expect("a field path"), value)
}

fn field(member: &MemberId, name: &str, value: &str) -> FieldEdit {
    FieldEdit::set(
        FieldPath::entry("members", member, name),
        FieldValue::text(value),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_households() {
        let make = |seed| {
            let mut maker = HouseholdMaker::new(seed);
            (0..20).map(|_| maker.household()).collect::<Vec<_>>()
        };
        assert_eq!(make(7), make(7));
        assert_ne!(make(7), make(8));
    }

    #[test]
    fn no_identity_number_can_be_a_real_persons() {
        let mut maker = HouseholdMaker::new(1);
        let mut seen = 0;
        for _ in 0..200 {
            for edit in maker.household() {
                if edit.path.as_str().ends_with("citizen_id") {
                    let value = edit.value.unwrap();
                    assert!(value.as_text().unwrap().starts_with("3790"));
                    seen += 1;
                }
            }
        }
        assert!(seen > 100);
    }
}
