//! Who may see and do what: one table that phone, server and console all ask.
//!
//! Source: the access matrix of the domain reference (2.1), with rows of our
//! own. An assignment gives a [`Seat`]; the table says for each kind of
//! [`Data`] which [`Act`]s that seat may do and how far ([`Reach`]). Where
//! (which grids) is always the assignment's place and what lies below it.
//! Access is the union of a person's assignments.
//!
//! Does not own scope queries (the server's storage) nor who is who.

mod table;

use std::fmt;

pub use table::{Cell, cell};

use crate::{OrgLevel, RecordKind, Role};

/// A column of the matrix: what an assignment makes of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seat {
    /// Micro-grid head, building head, volunteer: a light account.
    Light,
    /// 网格员
    GridWorker,
    /// 网格长
    GridHead,
    /// Community desk, chief grid head.
    Community,
    /// 街道
    Street,
    /// County centre and above.
    County,
    /// A department that handles cases.
    Department,
    /// 考评督导
    Assessor,
    /// 安全审计员
    Auditor,
    /// 系统管理员
    Admin,
}

/// A row of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Data {
    /// Grid map and staff.
    GridMap,
    /// Households and ordinary residents; also places of work.
    Household,
    /// Special groups.
    SpecialGroup,
    /// Restricted follow-up marks.
    FollowUpMark,
    /// Visits and diaries.
    Visit,
    /// Incidents.
    Incident,
    /// Assessment figures.
    Assessment,
    /// Code tables, rules, calendar.
    Reference,
    /// Accounts and devices.
    Account,
    /// The audit list.
    Audit,
    /// Conflicts, changes under review, quarantine (our own row).
    Unsettled,
    /// Which grid a record is in (our own row).
    HomeGrid,
    /// Campaigns: whom to visit by when (our own row).
    Campaign,
    /// Tasks that departments push down to grids (our own row).
    Task,
    /// Emergencies: `order` declares level 2, `approve` level 3, `write` keeps the
    /// roll call (our own row).
    Emergency,
}

/// Something done with data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Seeing single ones, masked where the cell says so.
    Read,
    /// Seeing figures only.
    Count,
    /// Holding whole records on a phone.
    Hold,
    /// Making and changing.
    Write,
    /// Making what somebody else has to approve.
    Draft,
    /// Asking for a change.
    Propose,
    /// Saying yes to it.
    Approve,
    /// Lifting a mask with a reason, which is noted.
    Unmask,
    /// Reporting an incident.
    Report,
    /// Verifying that an incident is solved.
    Verify,
    /// Opening a case.
    File,
    /// Assigning a case.
    Assign,
    /// Passing a case upwards.
    Escalate,
    /// Ordering a follow-up.
    Order,
    /// Choosing one of several values of a field.
    Settle,
    /// Deciding on what was kept apart.
    Decide,
}

/// How far an act reaches within the places somebody is assigned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Name and door only.
    Door,
    /// What one wrote, or what is about oneself.
    Own,
    /// What one is named for.
    Named,
    /// What a case assigned to one carries.
    Case,
    /// One's own kind only.
    OwnKind,
    /// What was done, not the content.
    Trail,
    /// Single ones, as many as are looked at.
    Sample,
    /// Everything in scope.
    Scope,
}

macro_rules! words {
    ($type:ident { $($name:ident = $word:literal),* $(,)? }) => {
        impl $type {
            /// All of them, in the order of the matrix.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word in tables and interfaces.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(Seat {
    Light = "light",
    GridWorker = "grid_worker",
    GridHead = "grid_head",
    Community = "community",
    Street = "street",
    County = "county",
    Department = "department",
    Assessor = "assessor",
    Auditor = "auditor",
    Admin = "admin",
});

words!(Data {
    GridMap = "grid_map",
    Household = "household",
    SpecialGroup = "special_group",
    FollowUpMark = "follow_up_mark",
    Visit = "visit",
    Incident = "incident",
    Assessment = "assessment",
    Reference = "reference",
    Account = "account",
    Audit = "audit",
    Unsettled = "unsettled",
    HomeGrid = "home_grid",
    Campaign = "campaign",
    Task = "task",
    Emergency = "emergency",
});

words!(Act {
    Read = "read",
    Count = "count",
    Hold = "hold",
    Write = "write",
    Draft = "draft",
    Propose = "propose",
    Approve = "approve",
    Unmask = "unmask",
    Report = "report",
    Verify = "verify",
    File = "file",
    Assign = "assign",
    Escalate = "escalate",
    Order = "order",
    Settle = "settle",
    Decide = "decide",
});

words!(Reach {
    Door = "door",
    Own = "own",
    Named = "named",
    Case = "case",
    OwnKind = "own_kind",
    Trail = "trail",
    Sample = "sample",
    Scope = "scope",
});

impl Data {
    /// The row a kind of record belongs to.
    pub const fn of_record(kind: RecordKind) -> Self {
        match kind {
            RecordKind::Household | RecordKind::Place => Self::Household,
            RecordKind::Visit => Self::Visit,
            RecordKind::Incident => Self::Incident,
        }
    }
}

/// How far a seat's act on this data reaches; `None`: not at all.
pub fn reach(seat: Seat, data: Data, act: Act) -> Option<Reach> {
    cell(seat, data)
        .acts
        .iter()
        .find(|(of, _)| *of == act)
        .map(|(_, reach)| *reach)
}

/// Whether a seat may do this with everything in its scope, one by one.
pub fn may(seat: Seat, data: Data, act: Act) -> bool {
    matches!(reach(seat, data, act), Some(Reach::Scope | Reach::Sample))
}

/// Whether a seat may make and change records of this kind: an incident is
/// reported, everything else written.
pub fn may_write_record(seat: Seat, kind: RecordKind) -> bool {
    let data = Data::of_record(kind);
    may(seat, data, Act::Write) || may(seat, data, Act::Report)
}

/// Whether a seat may lift the mask of people's fields. Names and numbers in
/// visits and incidents are residents' data like those in a household's file.
pub fn may_unmask(seat: Seat, kind: RecordKind) -> bool {
    may(seat, Data::of_record(kind), Act::Read) && may(seat, Data::Household, Act::Unmask)
}

/// Whether a seat's phone may hold the whole records of its grids.
pub fn may_hold(seat: Seat) -> bool {
    may(seat, Data::Household, Act::Hold)
}

/// Whether a seat may give somebody another one, and take it away. Whoever
/// approves accounts does; but those who keep, check and assess the system are
/// appointed by who keeps it, and who keeps it is not watched by people of their
/// own choosing (separation of duties, GB/T 22239-2019 8.1.5).
pub fn may_appoint(seat: Seat, target: Seat) -> bool {
    match target {
        Seat::Auditor => false,
        Seat::Admin | Seat::Assessor => may(seat, Data::Account, Act::Write),
        _ => may(seat, Data::Account, Act::Approve),
    }
}

/// Every role and level of place with the seat they give, for queries that
/// judge many assignments at once.
pub fn seats() -> impl Iterator<Item = (Role, OrgLevel, Seat)> {
    Role::ALL.iter().flat_map(|role| {
        OrgLevel::ALL
            .into_iter()
            .map(|level| (*role, level, role.seat(level)))
    })
}

/// Whether somebody with this role in a grid may make and change records of
/// this kind there, as far as a phone can know: a role only a newer server
/// knows is left to the server to judge.
pub fn may_role_write(role: &str, kind: RecordKind) -> bool {
    role.parse::<Role>().map_or(true, |role| {
        may_write_record(role.seat(OrgLevel::Grid), kind)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn matrix() -> Value {
        serde_json::from_str(include_str!("../../vectors/access_matrix.json")).unwrap()
    }

    #[test]
    fn every_cell_is_that_of_the_matrix() {
        let matrix = matrix();
        let rows = matrix["rows"].as_array().unwrap();
        let found: Vec<&str> = rows
            .iter()
            .map(|row| row["data"].as_str().unwrap())
            .collect();
        let known: Vec<&str> = Data::ALL.iter().map(|data| data.as_str()).collect();
        assert_eq!(found, known);
        let seats: Vec<&str> = Seat::ALL.iter().map(|seat| seat.as_str()).collect();
        assert_eq!(matrix["seats"], serde_json::json!(seats));
        let mut cells = 0;
        for (row, data) in rows.iter().zip(Data::ALL) {
            assert_eq!(row["cells"].as_object().unwrap().len(), Seat::ALL.len());
            for seat in Seat::ALL {
                let published = &row["cells"][seat.as_str()];
                let acts = published["acts"].as_object().unwrap();
                for act in Act::ALL {
                    let expected = acts.get(act.as_str()).and_then(Value::as_str);
                    let found = reach(*seat, *data, *act).map(Reach::as_str);
                    assert_eq!(found, expected, "{seat} {act} {data}");
                }
                let known: Vec<&str> = Act::ALL.iter().map(|act| act.as_str()).collect();
                assert!(
                    acts.keys().all(|act| known.contains(&act.as_str())),
                    "{data} {seat}"
                );
                let is_masked = published["masked"].as_bool().unwrap();
                assert_eq!(cell(*seat, *data).is_masked, is_masked, "{seat} {data}");
                cells += 1;
            }
        }
        assert_eq!(cells, 150);
    }

    #[test]
    fn nobody_sees_more_than_they_may_unmask_or_hold() {
        for seat in Seat::ALL {
            for data in Data::ALL {
                let one = cell(*seat, *data);
                let mut acts: Vec<Act> = one.acts.iter().map(|(act, _)| *act).collect();
                acts.sort_unstable();
                acts.dedup();
                assert_eq!(acts.len(), one.acts.len(), "an act twice: {seat} {data}");
                for act in [Act::Unmask, Act::Hold, Act::Settle, Act::Decide] {
                    if may(*seat, *data, act) {
                        assert!(may(*seat, *data, Act::Read), "{seat} {act} {data}");
                    }
                }
            }
        }
    }

    #[test]
    fn who_keeps_the_system_sees_no_resident() {
        for seat in [Seat::Admin, Seat::Auditor] {
            for data in [Data::Household, Data::SpecialGroup, Data::FollowUpMark] {
                assert!(cell(seat, data).acts.is_empty(), "{seat} {data}");
            }
        }
        for kind in RecordKind::ALL {
            assert!(!may(Seat::Admin, Data::of_record(kind), Act::Read));
            assert!(!may_write_record(Seat::Admin, kind));
        }
        let readers: Vec<Seat> = Seat::ALL
            .iter()
            .copied()
            .filter(|seat| may(*seat, Data::Audit, Act::Read))
            .collect();
        assert_eq!(readers, [Seat::Auditor], "nobody watches over themselves");
    }

    #[test]
    fn nobody_appoints_who_watches_over_them_or_stands_above() {
        for target in Seat::ALL {
            let appoints: Vec<Seat> = Seat::ALL
                .iter()
                .copied()
                .filter(|seat| may_appoint(*seat, *target))
                .collect();
            let expected: &[Seat] = match target {
                Seat::Auditor => &[],
                Seat::Admin | Seat::Assessor => &[Seat::Admin],
                _ => &[Seat::Street, Seat::County, Seat::Admin],
            };
            assert_eq!(appoints, expected, "{target}");
        }
    }

    #[test]
    fn a_phone_asks_by_the_word_of_a_role() {
        assert!(may_role_write("grid_worker", RecordKind::Household));
        assert!(!may_role_write("volunteer", RecordKind::Household));
        assert!(may_role_write("volunteer", RecordKind::Incident));
        assert!(!may_role_write("auditor", RecordKind::Incident));
        assert!(
            may_role_write("a_role_of_2030", RecordKind::Household),
            "the server decides"
        );
    }
}
