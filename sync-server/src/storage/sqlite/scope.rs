//! What a person may see, as SQL: the places at or below those they are assigned
//! to now, as far as the access matrix goes. Queries name it; no caller filters
//! afterwards.

use std::{fmt::Write as _, sync::OnceLock};

use rusqlite::{Connection, functions::FunctionFlags, named_params};
use wangge_model::{
    OrgLevel, OrgNodeId, PersonId, RecordKind, Role, Timestamp,
    access::{self, Act, Data, Reach},
    assessment,
};

use crate::storage::{StorageError, StorageResult};

/// The functions the queries ask the model with:
///
/// * `may(role, level, data, act)`: whether a role at a place of that level may
///   do this with everything in its scope;
/// * `may_write(role, level, kind)`: whether it may write records of a kind;
/// * `reaches(role, level, data, act, reach)`: whether it may do this just so far,
///   for example with what it is `named` for;
/// * `has_cases(role, level)`: whether it sees the incidents of its unit's cases;
/// * `may_rate(role, level)`: whether it speaks for its place in ratings;
/// * `needs_training(role)`.
///
/// A word this build does not know may nothing.
pub(super) fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("may", 4, flags, |context| {
        let seat = seat(&context.get::<String>(0)?, &context.get::<String>(1)?);
        let (data, act) = (context.get::<String>(2)?, context.get::<String>(3)?);
        let data = Data::ALL.iter().find(|one| one.as_str() == data);
        let act = Act::ALL.iter().find(|one| one.as_str() == act);
        Ok(match (seat, data, act) {
            (Some(seat), Some(data), Some(act)) => access::may(seat, *data, *act),
            _ => false,
        })
    })?;
    connection.create_scalar_function("may_write", 3, flags, |context| {
        let seat = seat(&context.get::<String>(0)?, &context.get::<String>(1)?);
        let kind = RecordKind::from_number(context.get(2)?);
        Ok(match (seat, kind) {
            (Some(seat), Some(kind)) => access::may_write_record(seat, kind),
            _ => false,
        })
    })?;
    connection.create_scalar_function("reaches", 5, flags, |context| {
        let seat = seat(&context.get::<String>(0)?, &context.get::<String>(1)?);
        let (data, act) = (context.get::<String>(2)?, context.get::<String>(3)?);
        let wanted = context.get::<String>(4)?;
        let data = Data::ALL.iter().find(|one| one.as_str() == data);
        let act = Act::ALL.iter().find(|one| one.as_str() == act);
        Ok(match (seat, data, act) {
            (Some(seat), Some(data), Some(act)) => {
                access::reach(seat, *data, *act).is_some_and(|reach| reach.as_str() == wanted)
            }
            _ => false,
        })
    })?;
    connection.create_scalar_function("has_cases", 2, flags, |context| {
        let seat = seat(&context.get::<String>(0)?, &context.get::<String>(1)?);
        let reach = seat.and_then(|seat| access::reach(seat, Data::Incident, Act::Read));
        Ok(reach == Some(Reach::Case))
    })?;
    connection.create_scalar_function("may_rate", 2, flags, |context| {
        let seat = seat(&context.get::<String>(0)?, &context.get::<String>(1)?);
        Ok(seat.is_some_and(assessment::may_rate))
    })?;
    connection.create_scalar_function("needs_training", 1, flags, |context| {
        let role = context.get::<String>(0)?.parse::<Role>();
        Ok(role.is_ok_and(|role| role.spec().needs_training))
    })
}

fn seat(role: &str, level: &str) -> Option<access::Seat> {
    let (role, level) = (role.parse::<Role>().ok()?, level.parse::<OrgLevel>().ok()?);
    Some(role.seat(level))
}

/// Common table expressions, to be followed by a `SELECT`. `:person` and `:at`
/// are bound by the caller.
///
/// * `assigned`: the person's assignments that hold: in time, not beforehand unless
///   called out, after training where the role needs it;
/// * `scope`: one row per node at or below one of them (with `depth`, `role` and
///   `seat_level` of the assignment); `scope_grid` one per grid;
/// * `scope_record`: the grids and kinds of records the person may read;
/// * `scope_unit`: the places for which the person works as a unit that has cases;
/// * `scope_count`: the grids of which the person may see figures;
/// * `scope_campaign`, `scope_campaign_write`: the grids whose campaigns the person
///   may see, and may make;
/// * `scope_work`: the grids of which the person may see who did how much;
/// * `scope_follow_up`: the grids in which the person may see restricted
///   follow-up marks, those they are named for (`may_named`) and those they
///   ordered (`may_own`); `scope_follow_up_order`, `scope_follow_up_count`: the
///   grids in which they may order some, and see how many there are;
/// * `scope_unsettled`: the grids whose conflicts, reviews and quarantine the
///   person may see;
/// * `scope_decide`: those of which the person decides on what others wrote;
/// * `person_unsettled`, `person_account`, `person_team`: the person, and
///   whoever works in places where the person decides on what is kept apart,
///   sees devices, or sees the staff.
///
/// A path is `/<hex>/<hex>/`, so everything below a node lies between its path
/// and its path followed by `g`, the letter after the last hex digit.
fn scope() -> &'static str {
    static SCOPE: OnceLock<String> = OnceLock::new();
    SCOPE.get_or_init(|| {
        let mut kinds = String::new();
        for (number, kind) in RecordKind::ALL.into_iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            // Writing to a string does not fail.
            let _ = write!(
                kinds,
                "{comma}({}, '{}')",
                kind.number(),
                Data::of_record(kind)
            );
        }
        format!(
            "WITH assigned AS MATERIALIZED (
                SELECT place.id AS node, place.path AS path, place.level AS level, assignment.role AS role
                       {flags}
                FROM assignment
                JOIN person ON person.id = assignment.person AND person.active = 1
                JOIN org_node AS place ON place.id = assignment.node
                WHERE assignment.person = :person
                  AND assignment.valid_from <= :at
                  AND (assignment.valid_to IS NULL OR assignment.valid_to > :at)
                  AND (assignment.reserve = 0 OR {CALLED_OUT})
                  AND (NOT needs_training(assignment.role)
                       OR person.trained_on <= date(:at / 1000 + 28800, 'unixepoch'))
            ),
            scope AS MATERIALIZED (
                SELECT node.id, node.parent, node.level, node.code, node.name, node.path,
                       node.attribute, node.valid_from, node.valid_to,
                       assigned.role AS role, assigned.level AS seat_level,
                       length(assigned.path) AS depth {flag_names}
                FROM assigned
                JOIN org_node AS node
                    ON node.path >= assigned.path AND node.path < assigned.path || 'g'
                WHERE node.valid_from <= :at AND (node.valid_to IS NULL OR node.valid_to > :at)
            ),
            scope_grid AS MATERIALIZED (
                SELECT DISTINCT id, name FROM scope WHERE level = 'grid'
            ),
            record_kind (kind, data) AS (VALUES {kinds}),
            assigned_kind AS MATERIALIZED (
                SELECT DISTINCT assigned.path, record_kind.kind FROM assigned JOIN record_kind
                WHERE may(assigned.role, assigned.level, record_kind.data, 'read')
            ),
            scope_record AS MATERIALIZED (
                SELECT DISTINCT node.id, node.name, assigned_kind.kind
                FROM assigned_kind
                JOIN org_node AS node
                    ON node.path >= assigned_kind.path AND node.path < assigned_kind.path || 'g'
                WHERE node.level = 'grid' AND node.valid_from <= :at
                  AND (node.valid_to IS NULL OR node.valid_to > :at)
            ),
            scope_unit AS MATERIALIZED (
                SELECT DISTINCT node AS id FROM assigned
                WHERE may(role, level, 'incident', 'read') OR has_cases(role, level)
            ),
            scope_count AS MATERIALIZED (
                {count}
            ),
            scope_unsettled AS MATERIALIZED (
                {unsettled}
            ),
            scope_decide AS MATERIALIZED (
                {decide_grids}
            ),
            scope_campaign AS MATERIALIZED (
                {campaign}
            ),
            scope_campaign_write AS MATERIALIZED (
                {campaign_write}
            ),
            scope_work AS MATERIALIZED (
                {work}
            ),
            scope_follow_up AS MATERIALIZED (
                SELECT id, name, max(reaches(role, seat_level, 'follow_up_mark', 'read', 'named'))
                           AS may_named,
                       max(reaches(role, seat_level, 'follow_up_mark', 'read', 'own')) AS may_own
                FROM scope WHERE level = 'grid' GROUP BY id, name
            ),
            scope_follow_up_order AS MATERIALIZED (
                {follow_up_order}
            ),
            scope_follow_up_count AS MATERIALIZED (
                {follow_up_count}
            ),
            person_unsettled AS MATERIALIZED (
                {decide}
            ),
            person_account AS MATERIALIZED (
                {account}
            ),
            person_team AS MATERIALIZED (
                {team}
            )
            ",
            flags = FLAGS.map(Flag::column).concat(),
            flag_names = FLAGS.map(|flag| format!(", {}", flag.name)).concat(),
            count = grids(COUNT),
            unsettled = grids(UNSETTLED),
            decide_grids = grids(DECIDE),
            campaign = grids(SEE_CAMPAIGN),
            campaign_write = grids(CAMPAIGN),
            work = grids(WORK),
            follow_up_order = grids(FOLLOW_UP_ORDER),
            follow_up_count = grids(FOLLOW_UP_COUNT),
            decide = people(DECIDE),
            account = people(ACCOUNT),
            team = people(TEAM),
        )
    })
}

/// Whether the reserve (`assignment`, at `place`) is called out at `:at`.
pub(super) const CALLED_OUT: &str = "EXISTS (
         SELECT 1 FROM call_out JOIN org_node AS called ON called.id = call_out.node
         WHERE place.path >= called.path AND place.path < called.path || 'g'
           AND call_out.starts_at <= :at AND call_out.ends_at > :at)";

/// A column of `assigned` and `scope`: whether the assignment allows something.
/// Asked once per assignment, not once per place.
#[derive(Clone, Copy)]
pub(super) struct Flag {
    name: &'static str,
    data: Data,
    act: Act,
}

impl Flag {
    const fn new(name: &'static str, data: Data, act: Act) -> Self {
        Self { name, data, act }
    }

    /// Its column of `assigned` and `scope`.
    pub(super) const fn name(self) -> &'static str {
        self.name
    }

    fn column(self) -> String {
        let Self { name, data, act } = self;
        format!(", may(assignment.role, place.level, '{data}', '{act}') AS {name}")
    }
}

const COUNT: Flag = Flag::new("may_count", Data::Household, Act::Count);
const UNSETTLED: Flag = Flag::new("may_see_unsettled", Data::Unsettled, Act::Read);
const DECIDE: Flag = Flag::new("may_decide", Data::Unsettled, Act::Decide);
const ACCOUNT: Flag = Flag::new("may_see_accounts", Data::Account, Act::Read);
pub(super) const TEAM: Flag = Flag::new("may_see_team", Data::GridMap, Act::Read);
const CAMPAIGN: Flag = Flag::new("may_campaign", Data::Campaign, Act::Write);
const SEE_CAMPAIGN: Flag = Flag::new("may_see_campaign", Data::Campaign, Act::Read);
const FOLLOW_UP_ORDER: Flag = Flag::new("may_order_follow_up", Data::FollowUpMark, Act::Order);
const FOLLOW_UP_COUNT: Flag = Flag::new("may_count_follow_up", Data::FollowUpMark, Act::Count);
const WORK: Flag = Flag::new("may_see_work", Data::Assessment, Act::Read);
pub(super) const APPROVE: Flag = Flag::new("may_approve", Data::Account, Act::Approve);
const SEE_TASK: Flag = Flag::new("may_see_task", Data::Task, Act::Read);
pub(super) const PROPOSE_TASK: Flag = Flag::new("may_propose_task", Data::Task, Act::Propose);
const APPROVE_TASK: Flag = Flag::new("may_approve_task", Data::Task, Act::Approve);
/// A desk: assigns cases, and looks after what residents are told.
pub(super) const DESK: Flag = Flag::new("may_assign_incident", Data::Incident, Act::Assign);
/// Looks whether what workers did is done: leads them.
pub(super) const LEAD: Flag = Flag::new("may_verify_incident", Data::Incident, Act::Verify);
const SEE_EMERGENCY: Flag = Flag::new("may_see_emergency", Data::Emergency, Act::Read);
pub(super) const DECLARE: Flag = Flag::new("may_declare", Data::Emergency, Act::Order);
pub(super) const DECLARE_RESPONSE: Flag =
    Flag::new("may_declare_response", Data::Emergency, Act::Approve);
const KEEP_ROLL: Flag = Flag::new("may_keep_roll", Data::Emergency, Act::Write);
pub(super) const ASSESS: Flag = Flag::new("may_assess", Data::Assessment, Act::Write);
const FLAGS: [Flag; 21] = [
    COUNT,
    UNSETTLED,
    DECIDE,
    ACCOUNT,
    TEAM,
    CAMPAIGN,
    SEE_CAMPAIGN,
    FOLLOW_UP_ORDER,
    FOLLOW_UP_COUNT,
    WORK,
    APPROVE,
    SEE_TASK,
    PROPOSE_TASK,
    APPROVE_TASK,
    DESK,
    LEAD,
    SEE_EMERGENCY,
    DECLARE,
    DECLARE_RESPONSE,
    KEEP_ROLL,
    ASSESS,
];

/// The grids in which an assignment of the person allows this.
fn grids(flag: Flag) -> String {
    format!(
        "SELECT DISTINCT id, name, code FROM scope WHERE level = 'grid' AND {}",
        flag.name
    )
}

/// The person, and whoever works where an assignment of the person allows this.
fn people(flag: Flag) -> String {
    format!(
        "SELECT DISTINCT assignment.person AS id
         FROM scope JOIN assignment ON assignment.node = scope.id WHERE scope.{}
         UNION SELECT :person",
        flag.name
    )
}

/// The scope's tables, followed by `query`.
pub(super) fn in_scope(query: &str) -> String {
    format!("{}{query}", scope())
}

/// Whether the person may read the incidents of the grid that `column` names, asked
/// row by row: to name every grid of a province first would take longer than to
/// find the page of a list.
pub(super) fn reads_incidents_of(column: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM org_node AS inside JOIN assigned_kind
                     ON inside.path >= assigned_kind.path
                    AND inside.path < assigned_kind.path || 'g'
                 WHERE inside.id = {column} AND assigned_kind.kind = {incident} AND {IN_USE})",
        incident = RecordKind::Incident.number(),
    )
}

/// How many grids there are whose incidents the person may read, counted up to
/// `most`.
pub(super) fn count_incident_grids(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    most: u64,
) -> StorageResult<u64> {
    let count: i64 = connection
        .prepare_cached(&in_scope(&format!(
            "SELECT count(*) FROM (SELECT DISTINCT inside.id FROM assigned_kind
                 JOIN org_node AS inside ON inside.path >= assigned_kind.path
                    AND inside.path < assigned_kind.path || 'g'
                 WHERE assigned_kind.kind = {incident} AND {IN_USE} LIMIT {most})",
            incident = RecordKind::Incident.number(),
        )))?
        .query_row(
            named_params! { ":person": person.as_bytes(), ":at": at.as_millis() },
            |row| row.get(0),
        )?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// A grid (`inside`) that is in use at `:at`.
const IN_USE: &str = "inside.level = 'grid' AND inside.valid_from <= :at
     AND (inside.valid_to IS NULL OR inside.valid_to > :at)";

/// Says that there is no such place if the person may not do this there.
pub(super) fn require_at(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    node: &OrgNodeId,
    flag: Flag,
) -> StorageResult<()> {
    let may: bool = connection
        .prepare_cached(&in_scope(&format!(
            "SELECT EXISTS (SELECT 1 FROM scope WHERE id = :node AND {})",
            flag.name
        )))?
        .query_row(
            named_params! {
                ":person": person.as_bytes(), ":at": at.as_millis(),
                ":node": node.as_bytes(),
            },
            |row| row.get(0),
        )?;
    if may {
        Ok(())
    } else {
        Err(StorageError::Missing("org_node"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_and_the_matrix_say_the_same() {
        let connection = Connection::open_in_memory().unwrap();
        add_functions(&connection).unwrap();
        let mut may = connection.prepare("SELECT may(?1, ?2, ?3, ?4)").unwrap();
        for (role, level, seat) in access::seats() {
            for data in Data::ALL {
                for act in Act::ALL {
                    let words = [role.as_str(), level.as_str(), data.as_str(), act.as_str()];
                    let found: bool = may.query_row(words, |row| row.get(0)).unwrap();
                    assert_eq!(found, access::may(seat, *data, *act), "{words:?}");
                }
            }
        }
        let mut unknown =
            |words: [&str; 4]| -> bool { may.query_row(words, |row| row.get(0)).unwrap() };
        assert!(!unknown(["king", "grid", "household", "read"]));
        assert!(!unknown(["grid_worker", "grid", "gold", "read"]));
        let mut write = connection.prepare("SELECT may_write(?1, ?2, ?3)").unwrap();
        for (role, level, seat) in access::seats() {
            for kind in RecordKind::ALL {
                let values = rusqlite::params![role.as_str(), level.as_str(), kind.number()];
                let found: bool = write.query_row(values, |row| row.get(0)).unwrap();
                assert_eq!(found, access::may_write_record(seat, kind));
            }
        }
    }
}
