//! What becomes of one incident: drawn from a seed when it is reported, after
//! the flows and limits of the domain document, sections 5.2 to 5.4, and the
//! share of 97.08 % that Shanxi's platforms had handled. The shares of the flows
//! are our own choice; the sources give none.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use wangge_model::{
    FieldPath, FieldValue, Timestamp,
    case::{CaseLevel, CaseState},
    document::FieldEdit,
    working_day::WorkingCalendar,
};

pub(super) const MINUTE_MS: i64 = 60_000;
pub(super) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;
/// China is eight hours ahead.
const ZONE_MS: i64 = 8 * HOUR_MS;
/// When desks open and close, in minutes of the day.
const OPENS: i64 = 8 * 60 + 30;
const CLOSES: i64 = 17 * 60 + 30;

/// Classes with how many of a thousand reports have them.
const CLASSES: &[(&str, u32)] = &[
    ("100299", 45),
    ("100203", 20),
    ("100104", 20),
    ("100701", 15),
    ("100402", 25),
    ("2004", 35),
    ("2002", 20),
    ("2006", 25),
    ("2099", 10),
    ("3001", 90),
    ("3006", 60),
    ("3005", 25),
    ("3002", 20),
    ("3010", 15),
    ("3099", 10),
    ("4001", 90),
    ("4002", 45),
    ("4006", 60),
    ("4009", 35),
    ("4008", 20),
    ("4005", 10),
    ("5011", 60),
    ("5001", 40),
    ("5008", 30),
    ("5012", 35),
    ("5099", 15),
    ("6001", 30),
    ("6005", 15),
    ("7001", 30),
    ("7002", 10),
    ("9001", 30),
    ("8002", 6),
    ("8001", 4),
];
/// How workers' reports came about, in hundredths.
const SOURCES: &[(&str, u32)] = &[
    ("patrol", 45),
    ("visit", 30),
    ("check", 15),
    ("reception", 5),
    ("meeting", 3),
    ("other", 2),
];
/// Reports of each hour of a day, in thousandths: the busiest has nearly ten
/// times as many as the mean (section 10).
const HOURS: [u32; 24] = [
    2, 1, 1, 1, 1, 4, 12, 40, 450, 110, 70, 40, 15, 20, 60, 70, 60, 90, 30, 18, 12, 7, 4, 2,
];
/// Reports of a day that is no working day, of those of one that is.
const QUIET_DAY: f64 = 0.35;
const ESTATES: &[&str] = &[
    "槐荫小区",
    "汾河花园",
    "迎泽家园",
    "晋阳新村",
    "柳巷雅苑",
    "文庙公寓",
];
const PROBLEMS: &[&str] = &[
    "楼道堆放杂物",
    "路灯不亮",
    "电动车进楼充电",
    "井盖松动",
    "水管漏水",
    "邻里噪声纠纷",
    "占道经营",
    "垃圾未清运",
    "独居老人需要帮助",
    "燃气软管老化",
    "墙皮脱落",
    "拖欠工资反映",
];
const PHRASES: &[&str] = &[
    "网格员巡查时发现，已拍照。",
    "住户多次反映，影响出行。",
    "已向物业说明情况，尚未处理。",
    "涉及附近十余户居民。",
    "现场已做简单防护，提醒过往行人。",
    "希望有关单位尽快到场查看。",
];

/// What kind of way it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Done by whoever found it (一般性).
    OnTheSpot,
    /// Through desks and units (协调性).
    Coordinated,
    /// At once (突发性).
    Emergency,
    /// Papers, level by level (审批性).
    Approval,
    /// No incident after all.
    Void,
    /// Reported before.
    Duplicate,
}

/// An incident's whole life as far as people decide it.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent turns a life may take, each drawn by itself"
)]
pub(super) struct Story {
    pub(super) way: Way,
    pub(super) class: &'static str,
    /// `None`: told from outside, by a resident or the hotline.
    pub(super) source: Option<&'static str>,
    /// The level whose desk ends up with it.
    pub(super) goal: CaseLevel,
    /// Given to the grid itself and not to a unit of the street.
    pub(super) stays_in_grid: bool,
    pub(super) refusals: u8,
    pub(super) failed_checks: u8,
    pub(super) wants_delay: bool,
    pub(super) wants_pause: bool,
    pub(super) wants_joint: bool,
    pub(super) is_explained: bool,
    pub(super) stars: Option<u8>,
    pub(super) is_reopened: bool,
    /// Whoever has it is slow.
    is_slow: bool,
    random: ChaCha8Rng,
}

fn pick(random: &mut ChaCha8Rng, of: &[(&'static str, u32)]) -> &'static str {
    let whole: u32 = of.iter().map(|(_, share)| share).sum();
    let mut left = random.random_range(0..whole.max(1));
    for (one, share) in of {
        match left.checked_sub(*share) {
            None => return one,
            Some(less) => left = less,
        }
    }
    ""
}

impl Story {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let class = pick(&mut random, CLASSES);
        let mut one_in_thousand = |share: u32| random.random_range(0..1_000) < share;
        let is_outside = one_in_thousand(200);
        let is_void = one_in_thousand(10);
        let is_duplicate = one_in_thousand(12);
        let (on_the_spot, approval) = (one_in_thousand(560), one_in_thousand(130));
        let way = if class.starts_with("80") {
            Way::Emergency
        } else if is_void {
            Way::Void
        } else if is_duplicate {
            Way::Duplicate
        } else if on_the_spot && !is_outside {
            Way::OnTheSpot
        } else if approval && class.starts_with("50") {
            Way::Approval
        } else {
            Way::Coordinated
        };
        let (street, county) = (one_in_thousand(300), one_in_thousand(350));
        let goal = match (way, street, county) {
            (Way::Approval, ..) | (Way::Coordinated, true, true) => CaseLevel::County,
            (Way::Coordinated, true, false) => CaseLevel::Street,
            _ => CaseLevel::Community,
        };
        let is_coordinated = way == Way::Coordinated;
        let stays_in_grid = one_in_thousand(400);
        let refusals = u8::from(one_in_thousand(40));
        let failed_checks = u8::from(is_coordinated && one_in_thousand(60));
        let (wants_delay, wants_pause) = (one_in_thousand(40), one_in_thousand(30));
        let wants_joint = goal == CaseLevel::County && is_coordinated && one_in_thousand(300);
        let is_explained = is_coordinated && one_in_thousand(25);
        let (is_rated, is_reopened) = (one_in_thousand(400), one_in_thousand(15));
        let is_slow = one_in_thousand(50);
        let source = (!is_outside).then(|| pick(&mut random, SOURCES));
        let stars = [5, 5, 5, 5, 5, 5, 4, 4, 4, 3, 2, 1];
        let stars = stars[random.random_range(0..stars.len())];
        Self {
            way,
            class,
            source,
            goal,
            stays_in_grid,
            refusals,
            failed_checks,
            wants_delay: is_coordinated && wants_delay,
            wants_pause: is_coordinated && wants_pause,
            wants_joint,
            is_explained,
            stars: is_rated.then_some(stars),
            is_reopened: is_coordinated && is_reopened,
            is_slow,
            random,
        }
    }

    /// What the report says.
    pub(super) fn report(&mut self, grid: usize, at: Timestamp) -> anyhow::Result<Vec<FieldEdit>> {
        let mut number = |most: u32| self.random.random_range(0..most);
        let place = |list: &[&'static str], of: u32| list[of as usize % list.len()];
        let estate = place(ESTATES, number(6));
        let title = format!(
            "{estate}{}号楼{}",
            number(30) + 1,
            place(PROBLEMS, number(12))
        );
        let phrases: Vec<&str> = (0..3 + number(5))
            .map(|_| place(PHRASES, number(6)))
            .collect();
        // Grids side by side, a kilometre or so each.
        let (column, line) = (f64::from(u32::try_from(grid % 300)?), grid / 300);
        let line = f64::from(u32::try_from(line)?);
        let longitude = 110.5 + column * 0.012 + f64::from(number(80)) * 1e-4;
        let latitude = 34.8 + line * 0.018 + f64::from(number(120)) * 1e-4;
        let (handling, urgency) = match self.way {
            Way::OnTheSpot => ("on_the_spot", "normal"),
            Way::Emergency => ("emergency", "emergency"),
            Way::Approval => ("approval", "normal"),
            _ if number(10) == 0 => ("coordinated", "urgent"),
            _ => ("coordinated", "normal"),
        };
        let occurred = at.plus_millis(-i64::from(number(60)) * MINUTE_MS);
        let source = self
            .source
            .unwrap_or(["resident", "hotline"][number(2) as usize]);
        let text = FieldValue::text;
        let fields = [
            ("category", text(self.class)),
            ("urgency", text(urgency)),
            ("handling", text(handling)),
            ("source", text(source)),
            ("title", FieldValue::Text(title)),
            ("description", FieldValue::Text(phrases.concat())),
            (
                "place",
                FieldValue::Text(format!("{estate}东门{}米", number(300))),
            ),
            ("point.longitude", FieldValue::Number(longitude)),
            ("point.latitude", FieldValue::Number(latitude)),
            ("occurred_at", FieldValue::Time(occurred)),
        ];
        fields
            .into_iter()
            .map(|(path, value)| Ok(FieldEdit::set(FieldPath::new(path)?, value)))
            .collect()
    }

    /// When the next step is taken of a case in this state.
    pub(super) fn next_at(&mut self, state: CaseState, at: Timestamp) -> Timestamp {
        let minutes = match (self.way, state) {
            (Way::Emergency, CaseState::InProgress) => 70.0,
            (Way::Emergency, CaseState::Handled | CaseState::Verified) => 60.0,
            (Way::Emergency, _) => 5.0,
            (_, CaseState::Reported) => 75.0,
            (_, CaseState::Filed) => 20.0,
            (_, CaseState::Assigned) => 15.0,
            (_, CaseState::InProgress) => match self.goal {
                CaseLevel::Community => 150.0,
                CaseLevel::Street => 300.0,
                CaseLevel::County => 500.0,
            },
            (_, CaseState::Handled) => 120.0,
            (_, CaseState::Closed) => 2.0 * 24.0 * 60.0,
            (_, CaseState::Explained) => 10.0 * 24.0 * 60.0,
            // Also checked, and to be told.
            _ => 60.0,
        };
        let slow = if self.is_slow && state == CaseState::InProgress {
            12.0
        } else {
            1.0
        };
        // Most are quick and some take several times as long.
        let share: f64 = self.random.random_range(0.000_1..1.0);
        #[expect(clippy::cast_possible_truncation, reason = "weeks in milliseconds")]
        let wait = (-share.ln() * minutes * slow * 60_000.0) as i64;
        let next = at.plus_millis(wait.max(MINUTE_MS));
        if self.way == Way::Emergency && state != CaseState::Closed {
            return next;
        }
        let late = i64::from(self.random.random_range(0..90_u32)) * MINUTE_MS;
        at_work(next, late)
    }
}

/// Whether desks are open on the day.
fn is_working_day(at: Timestamp) -> bool {
    let date = at.to_china_date();
    date.is_none_or(|date| {
        // A year nobody knows the holidays of is worked through.
        WorkingCalendar::built_in()
            .is_working_day(date)
            .unwrap_or(true)
    })
}

/// That moment if desks are open then, otherwise so late after the next opening.
fn at_work(at: Timestamp, late: i64) -> Timestamp {
    let minute = (at.as_millis() + ZONE_MS).rem_euclid(DAY_MS) / MINUTE_MS;
    if is_working_day(at) && (OPENS..CLOSES).contains(&minute) {
        return at;
    }
    let mut day = at.plus_millis(-minute * MINUTE_MS);
    if minute >= OPENS {
        day = day.plus_millis(DAY_MS);
    }
    for _ in 0..15 {
        if is_working_day(day) {
            break;
        }
        day = day.plus_millis(DAY_MS);
    }
    day.plus_millis(OPENS * MINUTE_MS + late)
}

/// When so many reports come in over these days, in order.
pub(super) fn arrivals(seed: u64, first: Timestamp, days: u32, reports: usize) -> Vec<Timestamp> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let begin = first.plus_millis(-(first.as_millis() + ZONE_MS).rem_euclid(DAY_MS));
    let hours: u32 = HOURS.iter().sum();
    let mut all = Vec::with_capacity(reports);
    while all.len() < reports {
        let day = begin.plus_millis(i64::from(random.random_range(0..days.max(1))) * DAY_MS);
        let is_quiet = !is_working_day(day.plus_millis(12 * HOUR_MS));
        if is_quiet && random.random_range(0.0..1.0) > QUIET_DAY {
            continue;
        }
        let mut left = random.random_range(0..hours);
        let mut hour = 0;
        for share in HOURS {
            match left.checked_sub(share) {
                None => break,
                Some(less) => (left, hour) = (less, hour + 1),
            }
        }
        let within = i64::from(random.random_range(0..3_600_000_u32));
        all.push(day.plus_millis(hour * HOUR_MS + within));
    }
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_tells_the_same_stories_in_the_shares_that_are_said() {
        let stories: Vec<Story> = (0..20_000).map(Story::new).collect();
        let share = |way: Way| stories.iter().filter(|one| one.way == way).count();
        assert!((8_000..10_000).contains(&share(Way::OnTheSpot)));
        assert!((120..300).contains(&share(Way::Emergency)));
        assert!((120..600).contains(&share(Way::Approval)));
        let outside = stories.iter().filter(|one| one.source.is_none()).count();
        assert!((3_700..4_300).contains(&outside), "{outside}");
        let at = Timestamp::from_millis(1_767_225_600_000);
        let edits = |seed| Story::new(seed).report(7, at).unwrap();
        assert_eq!(edits(3), edits(3));
        assert_ne!(edits(3), edits(4));
    }

    #[test]
    fn desks_work_in_their_hours_on_working_days() {
        // Friday, 2 January 2026, is a holiday, the Sunday after it is worked.
        let friday = Timestamp::from_millis(1_767_322_800_000); // 11:00
        let sunday = at_work(friday, 0);
        assert_eq!(sunday.to_china_text(), "2026-01-04 08:30");
        assert_eq!(at_work(sunday, 0), sunday);
        let times = arrivals(1, friday, 10, 5_000);
        assert!(times.is_sorted());
        let at_eight = |at: &&Timestamp| at.to_china_text().contains(" 08:");
        assert!(times.iter().filter(at_eight).count() > 1_200);
    }
}
