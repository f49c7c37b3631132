//! Made-up households of one grid: address, dwelling, people, ledger, welfare
//! labels. Depends on the seed and the grid's number alone, so grids can be
//! made in any order and at the same time.

use std::collections::HashSet;

use chrono::{Days, NaiveDate};
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use wangge_model::{
    CitizenId, FieldPath, FieldValue, GridId, MemberId, RecordId, Sex, Timestamp,
    document::FieldEdit,
};

use super::{
    address::Addresses,
    layout::{Community, GridPlan},
    name::{full_name, pick, surname},
};
use crate::ingest::bulk::NewHousehold;

/// The day the district stands at; ages are counted back from here.
const TODAY: NaiveDate = match NaiveDate::from_ymd_opt(2026, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};
/// 2025-03-01, when the first household was entered, in milliseconds UTC.
const FIRST_ENTERED: i64 = 1_740_758_400_000;
/// 300 days: how long entering all of them took.
const ENTERING: i64 = 300 * 86_400_000;

/// How many of a hundred households have so many people: 2.8 on average.
const SIZES: [(u32, u32); 6] = [(1, 18), (2, 28), (3, 27), (4, 16), (5, 8), (6, 3)];
/// Prefixes of mobile numbers; the four digits after them are zeros.
const PHONE_PREFIXES: u32 = 70;
/// Phone numbers set aside for each grid.
const PHONES_OF_GRID: u32 = 990;

const NOTES: [&str; 8] = [
    "门铃坏了，请敲门。",
    "老人耳背，说话大声些。",
    "白天上班，晚上七点后在家。",
    "楼道内有电动车停放，已提醒。",
    "希望小区增加充电桩。",
    "家中有犬，进门前先打电话。",
    "阳台堆放杂物，已宣传消防知识。",
    "春节前后回老家，节后再访。",
];
const ELSEWHERE: [&str; 8] = [
    "山东省泰安市岱岳区",
    "山东省德州市齐河县",
    "河南省周口市太康县",
    "河北省邯郸市大名县",
    "安徽省阜阳市临泉县",
    "江苏省徐州市沛县",
    "黑龙江省绥化市青冈县",
    "四川省达州市宣汉县",
];

/// The three ledgers of residents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ledger {
    Consistent,
    Separated,
    Tenant,
}

impl Ledger {
    const fn code(self) -> &'static str {
        match self {
            Self::Consistent => "consistent",
            Self::Separated => "separated",
            Self::Tenant => "tenant",
        }
    }
}

/// Somebody who does not exist.
#[derive(Debug, Clone)]
struct Resident {
    id: MemberId,
    name: String,
    sex: Sex,
    birth: NaiveDate,
    relation: &'static str,
    kind: &'static str,
    registered: Option<String>,
    phone: Option<String>,
    citizen_id: Option<String>,
    /// A child whose parents work elsewhere.
    is_left_behind: bool,
}

impl Resident {
    fn age(&self) -> u32 {
        TODAY.years_since(self.birth).unwrap_or(0)
    }
}

/// Makes the households of one grid, one after the other.
#[derive(Debug)]
pub(super) struct HouseholdMaker<'a> {
    rng: ChaCha8Rng,
    addresses: Addresses<'a>,
    grid: &'a GridPlan,
    is_village: bool,
    phones: u32,
    numbers: HashSet<String>,
}

impl<'a> HouseholdMaker<'a> {
    pub(super) fn new(seed: u64, community: &'a Community, grid: &'a GridPlan) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Stream 0 plans the district.
        rng.set_stream(u64::from(grid.number) + 1);
        Self {
            addresses: Addresses::new(community, grid, &mut rng),
            rng,
            grid,
            is_village: community.is_village,
            phones: grid.number.wrapping_mul(PHONES_OF_GRID),
            numbers: HashSet::new(),
        }
    }

    /// The next household, in the grid of this id.
    pub(super) fn household(&mut self, grid: GridId) -> NewHousehold {
        let at = FIRST_ENTERED + self.rng.random_range(0..ENTERING);
        let fields = self.fields();
        NewHousehold {
            id: self.record_id(at),
            grid,
            at: Timestamp::from_millis(at),
            fields,
        }
    }

    fn fields(&mut self) -> Vec<FieldEdit> {
        let ledger = match self.rng.random_range(0..100) {
            0..54 => Ledger::Consistent,
            54..87 => Ledger::Separated,
            _ => Ledger::Tenant,
        };
        let address = self.addresses.next(&mut self.rng);
        let mut edits: Vec<FieldEdit> = address
            .parts
            .iter()
            .map(|(path, value)| text(path, value))
            .collect();
        edits.push(number("point.longitude", address.point.0));
        edits.push(number("point.latitude", address.point.1));
        edits.push(number(
            "point.accuracy_m",
            f64::from(self.rng.random_range(4..30)),
        ));
        self.dwelling(ledger, &mut edits);
        edits.push(text("ledger", ledger.code()));
        let residents = self.residents(ledger, &address.line);
        if let Some(contact) = residents.iter().find(|one| one.phone.is_some()) {
            edits.push(text("contact.name", &contact.name));
            edits.push(text(
                "contact.phone",
                contact.phone.as_deref().unwrap_or_default(),
            ));
        }
        for resident in &residents {
            member_fields(resident, &mut edits);
        }
        self.labels(ledger, &residents, &mut edits);
        if self.rng.random_range(0..5) == 0 {
            edits.push(text("notes", pick(&mut self.rng, &NOTES)));
        }
        edits
    }

    fn dwelling(&mut self, ledger: Ledger, edits: &mut Vec<FieldEdit>) {
        let (building_use, ownership) = match (ledger, self.rng.random_range(0..40)) {
            (Ledger::Tenant, 0) => ("06", "business"),
            (Ledger::Tenant, 1..4) => ("01", "collective"),
            (Ledger::Tenant, _) => ("01", "rented"),
            (_, 0) => ("06", "own"),
            (_, 1) => ("01", "collective"),
            _ => ("01", "own"),
        };
        edits.push(text("dwelling.use", building_use));
        edits.push(text("dwelling.ownership", ownership));
        if ledger == Ledger::Tenant {
            let hazard = match self.rng.random_range(0..20) {
                0 => "01",
                1 => "03",
                _ => "00",
            };
            edits.push(text("dwelling.hazard", hazard));
            let family = surname(&mut self.rng);
            let landlord = full_name(&mut self.rng, family, Sex::Male);
            edits.push(text("dwelling.landlord_name", &landlord));
            let phone = self.phone_number();
            edits.push(text("dwelling.landlord_phone", &phone));
        }
    }

    fn residents(&mut self, ledger: Ledger, address: &str) -> Vec<Resident> {
        let size = self.size();
        let family = surname(&mut self.rng);
        let head_age = if ledger == Ledger::Tenant {
            self.rng.random_range(20..55)
        } else if size == 1 {
            self.rng.random_range(24..90)
        } else {
            self.rng.random_range(28..78)
        };
        let head_sex = if self.rng.random_range(0..4) == 0 {
            Sex::Female
        } else {
            Sex::Male
        };
        let mut residents = vec![self.resident(family, head_sex, head_age, "0")];
        while residents.len() < size {
            let place = residents.len();
            let resident = self.relative(family, place, head_sex, head_age);
            residents.push(resident);
        }
        self.register(ledger, address, &mut residents);
        residents
    }

    fn size(&mut self) -> usize {
        let mut at = self.rng.random_range(0..100);
        for (size, share) in SIZES {
            if at < share {
                return size as usize;
            }
            at -= share;
        }
        1
    }

    /// One more of a family: first the spouse, then children, parents,
    /// grandchildren, as the head's age allows.
    fn relative(&mut self, family: &str, place: usize, head_sex: Sex, head_age: u32) -> Resident {
        if place == 1 && self.rng.random_range(0..10) < 8 {
            let own = surname(&mut self.rng);
            let sex = match head_sex {
                Sex::Male => Sex::Female,
                Sex::Female => Sex::Male,
            };
            let age = (head_age + self.rng.random_range(0..7))
                .saturating_sub(3)
                .max(20);
            return self.resident(own, sex, age, "1");
        }
        let sex = if self.rng.random_range(0..2) == 0 {
            Sex::Male
        } else {
            Sex::Female
        };
        match self.rng.random_range(0..10) {
            0 if head_age < 60 => {
                let age = (head_age + self.rng.random_range(22..34)).min(98);
                self.resident(family, sex, age, "5")
            }
            1 | 2 if head_age > 52 => {
                let age = self.rng.random_range(0..(head_age - 44).min(20));
                self.resident(family, sex, age, "4")
            }
            _ => {
                let oldest = head_age.saturating_sub(21).max(1);
                let youngest = head_age.saturating_sub(40);
                let age = self.rng.random_range(youngest..oldest.max(youngest + 1));
                let relation = if sex == Sex::Male { "2" } else { "3" };
                self.resident(family, sex, age, relation)
            }
        }
    }

    fn resident(&mut self, family: &str, sex: Sex, age: u32, relation: &'static str) -> Resident {
        let days = u64::from(age) * 1461 / 4 + self.rng.random_range(0..365);
        let birth = TODAY.checked_sub_days(Days::new(days)).unwrap_or(TODAY);
        let name = full_name(&mut self.rng, family, sex);
        let has_phone = match age {
            0..12 => false,
            12..18 => self.rng.random_range(0..3) == 0,
            80.. => self.rng.random_range(0..2) == 0,
            _ => self.rng.random_range(0..20) > 0,
        };
        let phone = has_phone.then(|| self.phone_number());
        Resident {
            id: self.member_id(),
            name,
            sex,
            birth,
            relation,
            kind: "01",
            registered: None,
            phone,
            citizen_id: None,
            is_left_behind: false,
        }
    }

    /// Who is registered where, and with which number.
    fn register(&mut self, ledger: Ledger, address: &str, residents: &mut [Resident]) {
        let elsewhere = format!(
            "{}{}号",
            pick(&mut self.rng, &ELSEWHERE),
            self.rng.random_range(1..400)
        );
        // Of a family that lives apart from its registration sometimes only one
        // does.
        let only_one = ledger == Ledger::Separated && self.rng.random_range(0..4) == 0;
        let last = residents.len().saturating_sub(1);
        for (place, resident) in residents.iter_mut().enumerate() {
            let is_here = match ledger {
                Ledger::Consistent => true,
                Ledger::Separated => only_one && place != last,
                Ledger::Tenant => false,
            };
            resident.registered = Some(if is_here { address } else { &elsewhere }.to_owned());
            if ledger == Ledger::Tenant {
                resident.kind = "02";
            }
            resident.is_left_behind = ledger != Ledger::Tenant
                && self.is_village
                && resident.age() < 14
                && self.rng.random_range(0..4) == 0;
            let is_foreign = ledger == Ledger::Tenant && self.rng.random_range(0..60) == 0;
            let is_unregistered = resident.age() == 0 && self.rng.random_range(0..3) == 0;
            if is_foreign {
                resident.kind = "03";
                resident.registered = None;
            } else if is_unregistered {
                resident.kind = "04";
                resident.registered = None;
            } else {
                resident.citizen_id = self.citizen_id(resident.birth, resident.sex);
            }
        }
    }

    /// A number of a county that was never assigned; no two are alike in a
    /// district of up to 999 grids.
    fn citizen_id(&mut self, birth: NaiveDate, sex: Sex) -> Option<String> {
        let county = 379_001 + self.grid.number % 999;
        for _ in 0..100 {
            let serial = self.rng.random_range(0_u16..499) * 2;
            let sequence = serial + u16::from(sex == Sex::Male);
            let id = CitizenId::synthetic(county, birth, sequence)?;
            if self.numbers.insert(id.as_str().to_owned()) {
                return Some(id.as_str().to_owned());
            }
        }
        None
    }

    /// Welfare labels where a household's people fit them.
    fn labels(&mut self, ledger: Ledger, residents: &[Resident], edits: &mut Vec<FieldEdit>) {
        let alone = residents.len() == 1;
        let mut given: Vec<(&'static str, Option<&Resident>)> = Vec::new();
        for resident in residents {
            let age = resident.age();
            if alone && age >= 65 {
                let group = if self.rng.random_range(0..5) == 0 {
                    "lone_elder"
                } else {
                    "solo_elder"
                };
                given.push((group, Some(resident)));
            }
            if resident.is_left_behind {
                given.push(("left_child", Some(resident)));
            }
            if (20..60).contains(&age) && self.rng.random_range(0..50) == 0 {
                given.push(("unemployed", Some(resident)));
            }
        }
        if ledger != Ledger::Tenant {
            match self.rng.random_range(0..100) {
                0 | 1 => given.push(("dibao", None)),
                2 | 3 => given.push(("hardship", None)),
                4 => given.push(("dibao_edge", None)),
                5 if self.is_village => given.push(("wubao", None)),
                6 => given.push(("entitled", residents.first())),
                _ => {}
            }
        }
        for (group, resident) in given {
            let id = self.member_id();
            let field = |name, value: &str| entry("labels", &id, name, value);
            edits.push(field("group", group));
            if let Some(resident) = resident {
                edits.push(field("member", &resident.id.to_string()));
            }
            let since = self.rng.random_range(0..1_500);
            if let Some(day) = TODAY.checked_sub_days(Days::new(since)) {
                edits.push(field("since", &day.format("%Y-%m-%d").to_string()));
            }
        }
    }

    /// A number in a block of zeros, such as 139-0000-0001.
    fn phone_number(&mut self) -> String {
        let number = self.phones;
        self.phones = self.phones.wrapping_add(1);
        let prefix = 130 + number / 10_000 % PHONE_PREFIXES;
        format!("{prefix}0000{:04}", number % 10_000)
    }

    fn member_id(&mut self) -> MemberId {
        let mut bytes = [0; 16];
        self.rng.fill_bytes(&mut bytes);
        MemberId::from_bytes(bytes)
    }

    /// In the order of entry, as ids made from a clock are.
    fn record_id(&mut self, at: i64) -> RecordId {
        let mut bytes = [0; 16];
        self.rng.fill_bytes(&mut bytes);
        let millis = at.to_be_bytes();
        for (to, from) in bytes.iter_mut().zip(millis.iter().skip(2)) {
            *to = *from;
        }
        if let Some(version) = bytes.get_mut(6) {
            *version = *version & 0x0F | 0x70;
        }
        if let Some(variant) = bytes.get_mut(8) {
            *variant = *variant & 0x3F | 0x80;
        }
        RecordId::from_bytes(bytes)
    }
}

fn member_fields(resident: &Resident, edits: &mut Vec<FieldEdit>) {
    let mut put = |name, value: &str| edits.push(entry("members", &resident.id, name, value));
    put("name", &resident.name);
    put("sex", if resident.sex == Sex::Male { "1" } else { "2" });
    put("birth_date", &resident.birth.format("%Y-%m-%d").to_string());
    if let Some(number) = &resident.citizen_id {
        put("citizen_id", number);
    }
    if let Some(phone) = &resident.phone {
        put("phone", phone);
    }
    put("relation", resident.relation);
    put("population_kind", resident.kind);
    if let Some(address) = &resident.registered {
        put("registered_address", address);
    }
}

fn entry(collection: &str, id: &MemberId, name: &str, value: &str) -> FieldEdit {
    FieldEdit::set(
        FieldPath::entry(collection, id, name),
        FieldValue::text(value),
    )
}

fn text(path: &'static str, value: &str) -> FieldEdit {
    set(path, FieldValue::text(value))
}

fn number(path: &'static str, value: f64) -> FieldEdit {
    set(path, FieldValue::Number(value))
}

#[expect(
    clippy::expect_used,
    reason = "the paths are written in this folder; a test makes households"
)]
fn set(path: &'static str, value: FieldValue) -> FieldEdit {
    FieldEdit::set(FieldPath::new(path).expect("a field path"), value)
}
