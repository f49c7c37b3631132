//! Visits that should be made: the day's plan, progress, coverage, whether a
//! visit counts, handing one over. Days are `YYYY-MM-DD` of civil time in China;
//! no day means today.

use wangge_core::{DayEntry, PlanQuery};
use wangge_model::{
    CivilDay, GridId, LongitudeLatitude, PersonId, RecordId,
    message::{Language, message, message_id},
    visit_plan::{Pressure, Reason, VisitRules},
};

use crate::{AppError, Core, record::RecordRow};

/// Which plan is asked for; as it is made: today, everything that is due.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct PlanRequest {
    /// The day; today if not given.
    #[uniffi(default = None)]
    pub on: Option<String>,
    /// Only this grid.
    #[uniffi(default = None)]
    pub grid: Option<GridId>,
    /// Where the walk begins: degrees east (WGS-84). Without both no shortest
    /// way is looked for.
    #[uniffi(default = None)]
    pub start_longitude: Option<f64>,
    /// Where the walk begins: degrees north.
    #[uniffi(default = None)]
    pub start_latitude: Option<f64>,
    /// At most this many households, the most pressing ones; 0 for all.
    #[uniffi(default = 0)]
    pub limit: u32,
}

/// A day's plan.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct DayPlan {
    /// The day.
    pub on: String,
    /// Where to go, in walking order.
    pub stops: Vec<PlanStop>,
    /// What a colleague was asked to do.
    pub handed_over: Vec<PlannedHousehold>,
    /// Households due in all, also those beyond the limit.
    pub due: u32,
    /// How many of them are how pressing, most pressing first.
    pub by_pressure: Vec<PressureCount>,
    /// Campaigns of this day.
    pub campaigns: Vec<CampaignInfo>,
}

/// How many households are how pressing.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PressureCount {
    /// Stable code.
    pub code: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// How many.
    pub count: u32,
}

/// A building, or a house, and whom to visit there.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct PlanStop {
    /// What it is called.
    pub label: String,
    /// Whom to visit.
    pub entries: Vec<PlannedHousehold>,
}

/// A household to visit.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct PlannedHousehold {
    /// Its list row.
    pub row: RecordRow,
    /// Its place by how pressing it is, from 1; 0 for what was handed over.
    pub rank: u32,
    /// Why, most pressing first.
    pub reasons: Vec<PlanReason>,
    /// The last day a visit counted.
    pub visited_on: Option<String>,
    /// Somebody was there today and the visit did not count.
    pub was_tried: bool,
    /// Id of the person who was asked to go; empty if nobody was.
    pub handed_to: String,
}

/// Why a household is to be visited.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PlanReason {
    /// Stable code.
    pub code: String,
    /// By when or since when.
    pub day: String,
    /// The campaign it is about; empty for others.
    pub campaign: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// A campaign.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CampaignInfo {
    /// Its id: the `plan` of its visits.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub note: String,
    /// Kind its visits are entered as.
    pub kind: String,
    /// Its last day.
    pub ends_on: String,
    /// What to check at each household.
    pub checks: Vec<CampaignCheck>,
}

/// One thing to check; entered at `checks.<id>.item` and `.passed` of a visit.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CampaignCheck {
    /// Its entry in a visit's `checks`.
    pub id: String,
    /// What to check.
    pub text: String,
}

/// A worker's month so far.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct MonthProgress {
    /// Different households visited so that it counts.
    pub households: u32,
    /// How many there should be, if a rule says so.
    pub households_wanted: Option<u32>,
    /// Days with a visit that counts.
    pub days_out: u32,
    /// How many there should be, if a rule says so.
    pub days_wanted: Option<u32>,
    /// Visits that count.
    pub visits: u32,
    /// Visits that do not.
    pub not_counted: u32,
    /// Days of the month that are left, today among them.
    pub days_left: i32,
}

/// How much of a grid was visited.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CoverageOfGrid {
    /// The grid.
    pub grid: GridId,
    /// Its name.
    pub name: String,
    /// Households there are.
    pub households: u32,
    /// Visited this month.
    pub month: u32,
    /// Visited this quarter.
    pub quarter: u32,
    /// Visited this year.
    pub year: u32,
}

/// Whether a visit counts.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct VisitVerdict {
    /// Whether it counts.
    pub counts: bool,
    /// Why it does not; empty if it does.
    pub shortfalls: Vec<VisitRemark>,
    /// What looks odd and still counts.
    pub flags: Vec<VisitRemark>,
}

/// A remark on a visit.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct VisitRemark {
    /// Stable code.
    pub code: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// Whom to visit on a day, why, and in which order to walk.
    pub async fn plan(&self, request: PlanRequest) -> Result<DayPlan, AppError> {
        let query = PlanQuery {
            on: day(request.on)?,
            grid: request.grid,
            start: request
                .start_longitude
                .zip(request.start_latitude)
                .map(|(longitude, latitude)| LongitudeLatitude::new(longitude, latitude)),
            limit: request.limit,
        };
        let plan = self.run(move |core| core.plan(&query)).await?;
        Ok(DayPlan::from(plan))
    }

    /// The person's month so far, up to a day.
    pub async fn progress(&self, on: Option<String>) -> Result<MonthProgress, AppError> {
        let on = day(on)?;
        let progress = self.run(move |core| core.progress(on)).await?;
        Ok(MonthProgress {
            households: size(progress.households),
            households_wanted: progress.households_wanted,
            days_out: size(progress.days_out),
            days_wanted: progress.days_wanted,
            visits: size(progress.visits),
            not_counted: size(progress.not_counted),
            days_left: progress.days_left,
        })
    }

    /// How much of each grid was visited in the month, quarter and year of a
    /// day, by anybody.
    pub async fn coverage(&self, on: Option<String>) -> Result<Vec<CoverageOfGrid>, AppError> {
        let on = day(on)?;
        let grids = self.run(move |core| core.coverage(on)).await?;
        Ok(grids
            .into_iter()
            .map(|grid| CoverageOfGrid {
                grid: grid.grid,
                name: grid.name,
                households: size(grid.coverage.households),
                month: size(grid.coverage.month),
                quarter: size(grid.coverage.quarter),
                year: size(grid.coverage.year),
            })
            .collect())
    }

    /// Whether a visit counts, why not, and what looks odd.
    pub async fn visit_verdict(&self, id: RecordId) -> Result<VisitVerdict, AppError> {
        let verdict = self.run(move |core| core.visit_verdict(id)).await?;
        let remark = |code: &str, zh: String, en: String| VisitRemark {
            code: code.to_owned(),
            zh,
            en,
        };
        Ok(VisitVerdict {
            counts: verdict.counts(),
            shortfalls: verdict
                .shortfalls
                .iter()
                .map(|one| {
                    let text = |language| one.text(language);
                    remark(one.code(), text(Language::Chinese), text(Language::English))
                })
                .collect(),
            flags: verdict
                .flags
                .iter()
                .map(|one| {
                    let text = |language| one.text(language);
                    remark(one.code(), text(Language::Chinese), text(Language::English))
                })
                .collect(),
        })
    }

    /// Asks a colleague to make the next visit to a household.
    pub async fn hand_over(&self, household: RecordId, to: PersonId) -> Result<(), AppError> {
        self.run(move |core| core.hand_over(household, to)).await
    }

    /// Takes a visit back that was handed over.
    pub async fn take_back(&self, household: RecordId) -> Result<(), AppError> {
        self.run(move |core| core.take_back(household)).await
    }
}

/// A day as shells write it.
pub(crate) fn day(text: Option<String>) -> Result<Option<CivilDay>, AppError> {
    text.map(|text| text.parse::<CivilDay>())
        .transpose()
        .map_err(|error| wangge_core::Error::Unexpected(error.to_string()).into())
}

pub(crate) fn size(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A reason in words; a rule goes by its name.
fn reason(reason: &Reason, rules: Option<&VisitRules>) -> PlanReason {
    let text = |language: Language| {
        let id = match reason {
            Reason::Overdue { rule, .. }
            | Reason::Care { rule, .. }
            | Reason::Regular { rule, .. } => rule.as_str(),
            _ => "",
        };
        let rule = rules.and_then(|rules| rules.rules.iter().find(|rule| rule.id == id));
        message(
            language,
            &message_id("visit-reason", reason.code()),
            &[
                ("rule", rule.map_or(id, |rule| rule.name(language))),
                ("day", &reason.day().to_string()),
            ],
        )
    };
    PlanReason {
        code: reason.code().to_owned(),
        day: reason.day().to_string(),
        campaign: match reason {
            Reason::Campaign { id, .. } => id.clone(),
            _ => String::new(),
        },
        zh: text(Language::Chinese),
        en: text(Language::English),
    }
}

impl From<wangge_core::DayPlan> for DayPlan {
    fn from(plan: wangge_core::DayPlan) -> Self {
        let planned = |entry: DayEntry| {
            let rules = plan.rules.get(&entry.row.grid).map(AsRef::as_ref);
            let DayEntry { entry, row } = entry;
            PlannedHousehold {
                row: row.into(),
                rank: size(entry.rank),
                reasons: entry.reasons.iter().map(|one| reason(one, rules)).collect(),
                visited_on: entry.visited_on.map(|day| day.to_string()),
                was_tried: entry.was_tried,
                handed_to: entry
                    .handover
                    .map(|handover| handover.to)
                    .unwrap_or_default(),
            }
        };
        let by_pressure = Pressure::ALL
            .iter()
            .zip(&plan.by_pressure)
            .map(|(pressure, found)| {
                let text = |language| {
                    message(
                        language,
                        &message_id("visit-pressure", pressure.as_str()),
                        &[],
                    )
                };
                PressureCount {
                    code: pressure.as_str().to_owned(),
                    zh: text(Language::Chinese),
                    en: text(Language::English),
                    count: size(*found),
                }
            })
            .collect();
        let campaigns = plan
            .campaigns
            .into_iter()
            .map(|campaign| CampaignInfo {
                id: campaign.id,
                title: campaign.title,
                note: campaign.note,
                kind: campaign.kind,
                ends_on: campaign.ends_on.to_string(),
                checks: campaign
                    .checks
                    .into_iter()
                    .map(|check| CampaignCheck {
                        id: check.id,
                        text: check.text,
                    })
                    .collect(),
            })
            .collect();
        Self {
            on: plan.on.to_string(),
            due: size(plan.due),
            by_pressure,
            campaigns,
            handed_over: plan.handed_over.into_iter().map(planned).collect(),
            stops: plan
                .stops
                .into_iter()
                .map(|stop| PlanStop {
                    label: stop.label,
                    entries: stop.entries.into_iter().map(planned).collect(),
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_names_its_rule_and_day_in_both_languages() {
        let overdue = Reason::Overdue {
            rule: "ordinary".to_owned(),
            since: "2026-06-30".parse().unwrap(),
        };
        let told = reason(&overdue, Some(&VisitRules::default()));
        assert_eq!(told.zh, "一般户走访：应于 2026-06-30 前走访，已逾期");
        assert_eq!(told.en, "Ordinary households: was due by 2026-06-30");
        let unknown = reason(&overdue, None);
        assert!(unknown.en.starts_with("ordinary"), "{}", unknown.en);
    }

    #[test]
    fn every_reason_and_pressure_has_words() {
        let on: CivilDay = "2026-06-30".parse().unwrap();
        let visit = RecordId::from_bytes([1; 16]);
        let reasons = [
            Reason::Care {
                rule: "hardship".to_owned(),
                group: "hardship".to_owned(),
                due_by: on,
            },
            Reason::Recheck {
                hazard: "h".to_owned(),
                due_on: on,
            },
            Reason::Promise { visit, due_on: on },
            Reason::FollowUp { visit, due_on: on },
            Reason::OpenDemand { visit, since: on },
            Reason::HandedOver {
                by: String::new(),
                on,
            },
            Reason::MovedIn { on },
            Reason::Campaign {
                id: "gas".to_owned(),
                due_by: on,
            },
            Reason::Regular {
                rule: "ordinary".to_owned(),
                due_by: on,
            },
        ];
        for one in &reasons {
            let told = reason(one, Some(&VisitRules::default()));
            for text in [&told.zh, &told.en] {
                assert!(text.contains("2026-06-30"), "{text}");
                assert!(!text.starts_with("visit-reason"), "{text}");
            }
        }
        for pressure in Pressure::ALL {
            let id = message_id("visit-pressure", pressure.as_str());
            assert_ne!(message(Language::Chinese, &id, &[]), id);
        }
    }

    #[test]
    fn a_day_is_written_one_way() {
        assert_eq!(day(None).unwrap(), None);
        assert!(day(Some("2026-03-01".to_owned())).unwrap().is_some());
        assert!(day(Some("tomorrow".to_owned())).is_err());
    }
}
