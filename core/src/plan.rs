//! What a worker does with visits that should be made: the day's plan, the
//! month's progress, coverage, whether a visit counts, handing one over.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use wangge_model::{
    CivilDay, FieldPath, FieldValue, GridAttribute, GridCode, GridCodeScheme, GridId,
    LongitudeLatitude, PersonId, RecordId, RecordKind,
    document::FieldEdit,
    reference::{CAMPAIGN, VISIT_RULES},
    visit_plan::{
        Campaign, Coverage, LogEntry, Plan, PlanEntry, PlanHousehold, PlanInput, Progress, Verdict,
        VisitLog, VisitRules, judge_visits,
    },
};

use crate::{
    Core, Error, RecordRow, Result,
    store::{PlanSource, PlannedGrid, PlannedVisit},
};

/// Days of visits that are looked at: the year before this one too, for turns
/// that were missed.
pub(crate) const DAYS_BACK: i32 = 800;

/// Which plan is asked for. Default: today, all grids, no start, everything
/// that is due.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PlanQuery {
    /// The day; today if not given.
    pub on: Option<CivilDay>,
    /// Only this grid.
    pub grid: Option<GridId>,
    /// Where the walk begins, in WGS-84 degrees.
    pub start: Option<LongitudeLatitude>,
    /// At most this many households, the most pressing ones; 0 for all.
    pub limit: u32,
}

/// A day's plan, with what to show.
#[derive(Debug, Clone, PartialEq)]
pub struct DayPlan {
    /// The day.
    pub on: CivilDay,
    /// Where to go, in walking order.
    pub stops: Vec<DayStop>,
    /// What a colleague was asked to do.
    pub handed_over: Vec<DayEntry>,
    /// Households due in all, also those beyond the limit.
    pub due: usize,
    /// How many of them are how pressing, in
    /// [`wangge_model::visit_plan::Pressure::ALL`]'s order.
    pub by_pressure: Vec<usize>,
    /// Campaigns that ask for something on this day, by id.
    pub campaigns: Vec<Campaign>,
    /// Names of the rules that entries mention, by grid and rule.
    pub rules: BTreeMap<GridId, Arc<VisitRules>>,
}

/// A building, or a house, and whom to visit there.
#[derive(Debug, Clone, PartialEq)]
pub struct DayStop {
    /// What it is called.
    pub label: String,
    /// Whom to visit.
    pub entries: Vec<DayEntry>,
}

/// A household to visit, with its list row.
#[derive(Debug, Clone, PartialEq)]
pub struct DayEntry {
    /// Why and when.
    pub entry: PlanEntry,
    /// What to show of the household.
    pub row: RecordRow,
}

/// How much of a grid was visited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridCoverage {
    /// The grid.
    pub grid: GridId,
    /// Its name.
    pub name: String,
    /// The figures.
    pub coverage: Coverage,
}

/// The rules that hold in each grid, and the campaigns there are.
pub(crate) struct Rules {
    by_grid: BTreeMap<GridId, Arc<VisitRules>>,
    pub(crate) attributes: BTreeMap<GridId, Option<GridAttribute>>,
    built_in: Arc<VisitRules>,
}

impl Rules {
    pub(crate) fn of(source: &PlanSource) -> Self {
        let built_in = Arc::new(VisitRules::default());
        let mut read: HashMap<&[u8], Arc<VisitRules>> = HashMap::new();
        let mut by_grid = BTreeMap::new();
        let scheme = GridCodeScheme::shandong19();
        let mut attributes = BTreeMap::new();
        for (id, grid) in &source.grids {
            let rules = nearest(source, VISIT_RULES, *id, grid).map_or_else(
                || Arc::clone(&built_in),
                |body| {
                    let read = read.entry(body).or_insert_with(|| {
                        let rules = serde_json::from_slice(body).unwrap_or_else(|error| {
                            // The server checks before it publishes.
                            tracing::error!(%error, "visit rules cannot be read");
                            VisitRules::default()
                        });
                        Arc::new(rules)
                    });
                    Arc::clone(read)
                },
            );
            by_grid.insert(*id, rules);
            let parts = GridCode::parse(&grid.code, &scheme).and_then(|code| code.parts(&scheme));
            attributes.insert(
                *id,
                parts
                    .ok()
                    .and_then(|parts| GridAttribute::from_code(parts.attribute.as_deref()?)),
            );
        }
        Self {
            by_grid,
            attributes,
            built_in,
        }
    }

    pub(crate) fn at(&self, grid: &GridId) -> &Arc<VisitRules> {
        self.by_grid.get(grid).unwrap_or(&self.built_in)
    }

    pub(crate) fn log(&self, visits: &[PlannedVisit]) -> VisitLog {
        VisitLog::new(visits.iter().map(|visit| LogEntry {
            id: visit.id,
            fact: &visit.fact,
            rule: &self.at(&visit.grid).validity,
            is_mine: visit.is_mine,
        }))
    }
}

/// The content of the nearest set of this name: the grid's own, or that of a
/// place above.
pub(crate) fn nearest<'a>(
    source: &'a PlanSource,
    name: &str,
    id: GridId,
    grid: &PlannedGrid,
) -> Option<&'a [u8]> {
    std::iter::once(&id.into())
        .chain(&grid.above)
        .find_map(|node| {
            source
                .reference
                .iter()
                .find(|set| set.name == name && set.node == *node)
        })
        .map(|set| set.body.as_slice())
}

pub(crate) fn campaigns(source: &PlanSource) -> Vec<Campaign> {
    source
        .reference
        .iter()
        .filter(|set| set.name.starts_with(CAMPAIGN))
        .filter_map(|set| {
            serde_json::from_slice(&set.body)
                .inspect_err(|error| tracing::error!(%error, "a campaign cannot be read"))
                .ok()
        })
        .map(|mut campaign: Campaign| {
            // Whom to visit may have been merged since: one visit serves both.
            for household in &mut campaign.households {
                *household = source.aliases.resolve(*household);
            }
            campaign.households.sort_unstable();
            campaign.households.dedup();
            campaign
        })
        .collect()
}

impl Core {
    /// Whom to visit on a day, why, and in which order to walk. Opens no
    /// documents but those that changed since the last time.
    pub fn plan(&self, query: &PlanQuery) -> Result<DayPlan> {
        let on = self.day_of(query.on)?;
        let source = self.store.load_plan_source(on.plus(-DAYS_BACK))?;
        let rules = Rules::of(&source);
        let log = rules.log(&source.visits);
        let campaigns = campaigns(&source);
        let households: Vec<PlanHousehold<'_>> = source
            .households
            .iter()
            .filter(|household| query.grid.is_none_or(|grid| grid == household.grid))
            .map(|household| PlanHousehold {
                id: household.id,
                fact: &household.fact,
                attribute: rules.attributes.get(&household.grid).copied().flatten(),
                rules: rules.at(&household.grid),
            })
            .collect();
        let plan = Plan::make(&PlanInput {
            on,
            worker: &source.person,
            households: &households,
            log: &log,
            campaigns: &campaigns,
            start: query.start,
            limit: usize::try_from(query.limit).unwrap_or(usize::MAX),
        });
        self.dress(on, plan, campaigns, rules.by_grid)
    }

    /// Adds to a plan what to show.
    fn dress(
        &self,
        on: CivilDay,
        plan: Plan,
        campaigns: Vec<Campaign>,
        rules: BTreeMap<GridId, Arc<VisitRules>>,
    ) -> Result<DayPlan> {
        let entries = plan.entries().chain(&plan.handed_over);
        let ids: Vec<RecordId> = entries.map(|entry| entry.household).collect();
        let mut rows: HashMap<RecordId, RecordRow> = self
            .store
            .list_rows(&ids)?
            .into_iter()
            .map(|row| (row.id, row))
            .collect();
        // A record that went while the plan was made is not in it.
        let mut dress = |entries: Vec<PlanEntry>| -> Vec<DayEntry> {
            entries
                .into_iter()
                .filter_map(|entry| {
                    let row = rows.remove(&entry.household)?;
                    Some(DayEntry { entry, row })
                })
                .collect()
        };
        let stops = plan
            .stops
            .into_iter()
            .map(|stop| DayStop {
                label: stop.label,
                entries: dress(stop.entries),
            })
            .filter(|stop| !stop.entries.is_empty())
            .collect();
        Ok(DayPlan {
            on,
            stops,
            handed_over: dress(plan.handed_over),
            due: plan.due,
            by_pressure: plan.by_pressure.to_vec(),
            campaigns: campaigns
                .into_iter()
                .filter(|campaign| campaign.starts_on <= on && campaign.ends_on >= on)
                .collect(),
            rules,
        })
    }

    /// The month of a day (today if not given) so far, of the person whose
    /// phone this is. What is asked of them is what the rules of their first
    /// grid ask.
    pub fn progress(&self, on: Option<CivilDay>) -> Result<Progress> {
        let on = self.day_of(on)?;
        let source = self.store.load_plan_source(on.month_start())?;
        let rules = Rules::of(&source);
        let first = self.store.list_grids()?.first().map(|grant| grant.grid);
        let wanted = first.map_or(&rules.built_in, |grid| rules.at(&grid));
        Ok(Progress::of(&rules.log(&source.visits), wanted, on))
    }

    /// How much of each grid had a visit that counts in the month, quarter and
    /// year of a day (today if not given), by anybody.
    pub fn coverage(&self, on: Option<CivilDay>) -> Result<Vec<GridCoverage>> {
        let on = self.day_of(on)?;
        let source = self.store.load_plan_source(on.plus_months_start(-12))?;
        let log = Rules::of(&source).log(&source.visits);
        Ok(source
            .grids
            .iter()
            .map(|(id, grid)| {
                let households = source
                    .households
                    .iter()
                    .filter(|household| household.grid == *id && !household.fact.is_place)
                    .map(|household| household.id);
                GridCoverage {
                    grid: *id,
                    name: grid.name.clone(),
                    coverage: Coverage::of(households, &log, on),
                }
            })
            .collect())
    }

    /// Of each visit to a household that the person made within some days,
    /// whether it counts.
    pub(crate) fn own_visits(&self, first: CivilDay, last: CivilDay) -> Result<Vec<bool>> {
        let source = self.store.load_plan_source(first)?;
        let log = Rules::of(&source).log(&source.visits);
        let visits = log.iter().flat_map(|(_, visits)| visits);
        Ok(visits
            .filter(|visit| visit.is_mine && visit.day >= first && visit.day <= last)
            .map(wangge_model::visit_plan::LoggedVisit::counts)
            .collect())
    }

    /// Whether a visit counts, why not, and what looks odd.
    pub fn visit_verdict(&self, id: RecordId) -> Result<Verdict> {
        let visits = self.store.load_visits_beside(id)?;
        let rules = Rules::of(&self.store.load_rule_source(VISIT_RULES)?);
        let mut verdicts = judge_visits(
            visits
                .iter()
                .map(|visit| (visit.id, &visit.fact, &rules.at(&visit.grid).validity)),
        );
        verdicts
            .remove(&id)
            .ok_or(Error::NotFound { what: "visit" })
    }

    /// The visit rules that hold in a grid.
    pub fn visit_rules(&self, grid: GridId) -> Result<Arc<VisitRules>> {
        let source = self.store.load_rule_source(VISIT_RULES)?;
        Ok(Arc::clone(Rules::of(&source).at(&grid)))
    }

    /// Asks a colleague to make the next visit to a household, from today on.
    /// It leaves this phone's plan and enters theirs, once both have synced,
    /// until somebody made a visit that counts.
    pub fn hand_over(&self, household: RecordId, to: PersonId) -> Result<()> {
        let by = self.enrolled_person()?;
        let today = self.day_of(None)?;
        let set = |field: &str, value: String| -> Result<FieldEdit> {
            Ok(FieldEdit::set(
                FieldPath::new(format!("handover.{field}"))
                    .map_err(|error| Error::Unexpected(error.to_string()))?,
                FieldValue::text(value),
            ))
        };
        self.require_household(household)?;
        self.edit_record(
            household,
            &[
                set("to", to.to_string())?,
                set("by", by.to_string())?,
                set("on", today.to_string())?,
            ],
        )
    }

    /// Takes a visit back that was handed over, also one handed to oneself.
    pub fn take_back(&self, household: RecordId) -> Result<()> {
        self.require_household(household)?;
        let clear = ["to", "by", "on"]
            .into_iter()
            .map(|field| {
                FieldPath::new(format!("handover.{field}"))
                    .map(FieldEdit::clear)
                    .map_err(|error| Error::Unexpected(error.to_string()))
            })
            .collect::<Result<Vec<_>>>()?;
        self.edit_record(household, &clear)
    }

    fn require_household(&self, id: RecordId) -> Result<()> {
        match self.store.find_kind(id)? {
            Some(RecordKind::Household) => Ok(()),
            _ => Err(Error::NotFound { what: "household" }),
        }
    }

    pub(crate) fn day_of(&self, on: Option<CivilDay>) -> Result<CivilDay> {
        match on {
            Some(on) => Ok(on),
            None => self.today(),
        }
    }

    pub(crate) fn enrolled_person(&self) -> Result<PersonId> {
        use crate::sync::SyncStore as _;
        let enrolment = self.store.find_enrolment()?;
        Ok(enrolment.ok_or(crate::StoreError::NotEnrolled)?.person)
    }

    /// What the phone itself says of a visit about to be entered: who makes it,
    /// and how far from the door it is, unless the form says so. Of a visit that
    /// is there already, `visit` is its id.
    pub(crate) fn complete_visit(
        &self,
        edits: &mut Vec<FieldEdit>,
        visit: Option<RecordId>,
    ) -> Result<()> {
        let value = |path: &str| {
            let edit = edits.iter().rev().find(|edit| edit.path.as_str() == path);
            edit.map(|edit| edit.value.as_ref())
        };
        let number = |path: &str| value(path).flatten().and_then(FieldValue::as_number);
        let here = number("point.longitude")
            .zip(number("point.latitude"))
            .filter(|_| value("door_distance_m").is_none())
            .map(|(longitude, latitude)| LongitudeLatitude::new(longitude, latitude));
        let household = value("household")
            .flatten()
            .and_then(FieldValue::as_text)
            .and_then(|id| id.parse().ok());
        let needs_visitor = visit.is_none() && value("visitor").is_none();
        if here.is_none() && !needs_visitor {
            return Ok(());
        }
        let context = self
            .store
            .load_visit_context(visit, household, here.is_some())?;
        let mut set = |path: &str, value: FieldValue| {
            if let Ok(path) = FieldPath::new(path) {
                edits.push(FieldEdit::set(path, value));
            }
        };
        if let Some(person) = context.person.filter(|_| needs_visitor) {
            set("visitor", FieldValue::text(person.to_string()));
        }
        if let (Some(here), Some(door)) = (here, context.door) {
            let there = LongitudeLatitude::new(door.longitude, door.latitude);
            // To the decimetre, and within the field's bounds.
            let metres = (here.distance_m(there).min(100_000.0) * 10.0).round() / 10.0;
            set("door_distance_m", FieldValue::Number(metres));
        }
        Ok(())
    }
}
