//! The matrix itself, row by row in the order of the seats.

use super::{
    Act::{
        self, Approve, Assign, Count, Decide, Draft, Escalate, File, Hold, Order, Propose, Read,
        Report, Settle, Unmask, Verify, Write,
    },
    Data,
    Reach::{self, Case, Door, Named, Own, OwnKind, Sample, Scope, Trail},
    Seat,
};

/// What one seat may do with one kind of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// People's names and numbers are masked.
    pub is_masked: bool,
    /// What may be done, and how far; what is not named is not allowed.
    pub acts: &'static [(Act, Reach)],
}

/// The cell of a seat and a kind of data.
pub const fn cell(seat: Seat, data: Data) -> Cell {
    let row = match data {
        Data::GridMap => &GRID_MAP,
        Data::Household => &HOUSEHOLD,
        Data::SpecialGroup => &SPECIAL_GROUP,
        Data::FollowUpMark => &FOLLOW_UP_MARK,
        Data::Visit => &VISIT,
        Data::Incident => &INCIDENT,
        Data::Assessment => &ASSESSMENT,
        Data::Reference => &REFERENCE,
        Data::Account => &ACCOUNT,
        Data::Audit => &AUDIT,
        Data::Unsettled => &UNSETTLED,
        Data::HomeGrid => &HOME_GRID,
        Data::Campaign => &CAMPAIGN,
        Data::Task => &TASK,
        Data::Emergency => &EMERGENCY,
    };
    let [
        light,
        worker,
        head,
        community,
        street,
        county,
        department,
        assessor,
        auditor,
        admin,
    ] = row;
    *match seat {
        Seat::Light => light,
        Seat::GridWorker => worker,
        Seat::GridHead => head,
        Seat::Community => community,
        Seat::Street => street,
        Seat::County => county,
        Seat::Department => department,
        Seat::Assessor => assessor,
        Seat::Auditor => auditor,
        Seat::Admin => admin,
    }
}

type Row = [Cell; 10];

/// Nothing at all.
const NONE: Cell = open(&[]);

const fn open(acts: &'static [(Act, Reach)]) -> Cell {
    Cell {
        is_masked: false,
        acts,
    }
}

const fn masked(acts: &'static [(Act, Reach)]) -> Cell {
    Cell {
        is_masked: true,
        acts,
    }
}

const GRID_MAP: Row = [
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope), (Draft, Scope)]),
    open(&[(Read, Scope), (Write, Scope)]),
    open(&[(Read, Scope), (Write, Scope), (Approve, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
];

const HOUSEHOLD: Row = [
    masked(&[(Read, Door)]),
    masked(&[
        (Count, Scope),
        (Read, Scope),
        (Hold, Scope),
        (Write, Scope),
        (Unmask, Scope),
    ]),
    masked(&[
        (Count, Scope),
        (Read, Scope),
        (Hold, Scope),
        (Write, Scope),
        (Unmask, Scope),
    ]),
    masked(&[
        (Count, Scope),
        (Read, Scope),
        (Hold, Scope),
        (Write, Scope),
        (Unmask, Scope),
    ]),
    masked(&[
        (Count, Scope),
        (Read, Scope),
        (Hold, Scope),
        (Unmask, Scope),
    ]),
    masked(&[(Count, Scope), (Read, Scope), (Unmask, Scope)]),
    masked(&[(Read, Case)]),
    open(&[(Count, Scope)]),
    NONE,
    NONE,
];

const SPECIAL_GROUP: Row = [
    NONE,
    masked(&[(Read, Named)]),
    masked(&[
        (Count, Scope),
        (Read, Scope),
        (Write, Scope),
        (Unmask, Scope),
    ]),
    masked(&[
        (Count, Scope),
        (Read, Scope),
        (Write, Scope),
        (Unmask, Scope),
    ]),
    masked(&[(Count, Scope), (Read, Scope), (Unmask, Scope)]),
    masked(&[(Count, Scope), (Read, Scope), (Unmask, Scope)]),
    masked(&[(Read, OwnKind)]),
    open(&[(Count, Scope)]),
    NONE,
    NONE,
];

const FOLLOW_UP_MARK: Row = [
    NONE,
    masked(&[(Read, Named)]),
    masked(&[(Read, Named)]),
    masked(&[(Read, Own), (Order, Scope)]),
    masked(&[(Read, Own), (Order, Scope)]),
    NONE,
    NONE,
    open(&[(Count, Scope)]),
    NONE,
    NONE,
];

const VISIT: Row = [
    masked(&[(Write, Own)]),
    masked(&[(Count, Scope), (Read, Scope), (Write, Scope)]),
    // Collects too, beside reading what the team wrote.
    masked(&[(Count, Scope), (Read, Scope), (Write, Scope)]),
    masked(&[(Count, Scope), (Read, Scope)]),
    masked(&[(Count, Scope), (Read, Scope)]),
    masked(&[(Count, Scope), (Read, Sample)]),
    NONE,
    masked(&[(Count, Scope), (Read, Sample)]),
    masked(&[(Count, Scope), (Read, Scope)]),
    NONE,
];

const INCIDENT: Row = [
    masked(&[(Report, Scope), (Read, Own)]),
    masked(&[(Count, Scope), (Read, Scope), (Report, Scope)]),
    masked(&[
        (Count, Scope),
        (Read, Scope),
        (Report, Scope),
        (Write, Scope),
        (Verify, Scope),
    ]),
    masked(&[
        (Count, Scope),
        (Read, Scope),
        (Report, Scope),
        (Write, Scope),
        (File, Scope),
        (Assign, Scope),
        (Verify, Scope),
    ]),
    masked(&[
        (Count, Scope),
        (Read, Scope),
        (Report, Scope),
        (Assign, Scope),
        (Escalate, Scope),
    ]),
    masked(&[
        (Count, Scope),
        (Read, Scope),
        (Report, Scope),
        (Write, Scope),
        (File, Scope),
        (Assign, Scope),
        (Verify, Scope),
        (Escalate, Scope),
    ]),
    masked(&[(Read, Case), (Write, Case)]),
    masked(&[(Count, Scope), (Read, Scope)]),
    masked(&[(Read, Trail)]),
    NONE,
];

const ASSESSMENT: Row = [
    open(&[(Read, Own)]),
    open(&[(Read, Own)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Own)]),
    open(&[(Read, Scope), (Write, Scope)]),
    open(&[(Read, Scope)]),
    NONE,
];

const REFERENCE: Row = [
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope), (Write, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope), (Write, OwnKind)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope), (Write, Scope)]),
];

const ACCOUNT: Row = [
    open(&[(Read, Own)]),
    open(&[(Read, Own)]),
    NONE,
    open(&[(Read, Scope), (Propose, Scope)]),
    open(&[(Read, Scope), (Propose, Scope), (Approve, Scope)]),
    open(&[(Read, Scope), (Propose, Scope), (Approve, Scope)]),
    NONE,
    NONE,
    open(&[(Read, Scope)]),
    open(&[
        (Read, Scope),
        (Propose, Scope),
        (Approve, Scope),
        (Write, Scope),
    ]),
];

const AUDIT: Row = [
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    open(&[(Read, Scope)]),
    NONE,
];

const UNSETTLED: Row = [
    masked(&[(Read, Own)]),
    masked(&[(Read, Scope), (Settle, Scope)]),
    masked(&[(Read, Scope), (Settle, Scope), (Decide, Scope)]),
    masked(&[(Read, Scope), (Settle, Scope), (Decide, Scope)]),
    masked(&[(Read, Scope), (Settle, Scope), (Decide, Scope)]),
    masked(&[(Read, Scope), (Settle, Scope), (Decide, Scope)]),
    NONE,
    NONE,
    NONE,
    NONE,
];

const HOME_GRID: Row = [
    NONE,
    NONE,
    NONE,
    open(&[(Write, Scope)]),
    open(&[(Write, Scope)]),
    open(&[(Write, Scope)]),
    NONE,
    NONE,
    NONE,
    NONE,
];

/// Whoever looks after several households' visits may ask for some of them;
/// whoever counts visits sees how far a campaign is.
const CAMPAIGN: Row = [
    NONE,
    open(&[(Read, Scope)]),
    open(&[(Read, Scope), (Write, Scope)]),
    open(&[(Read, Scope), (Write, Scope)]),
    open(&[(Read, Scope), (Write, Scope)]),
    open(&[(Read, Scope), (Write, Scope)]),
    NONE,
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    NONE,
];

/// Domain document, section 5.5: the county's office reinforces an area, its head
/// commands the response; a street reinforces its own. Whoever works there sees
/// that it is so, and the desks note who has come.
const EMERGENCY: Row = [
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope), (Write, Scope)]),
    open(&[(Read, Scope), (Order, Scope), (Write, Scope)]),
    open(&[
        (Read, Scope),
        (Order, Scope),
        (Approve, Scope),
        (Write, Scope),
    ]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    NONE,
];

/// Departments ask, the county lets in (事项准入); whoever works below sees what is
/// asked of the own places.
const TASK: Row = [
    NONE,
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope), (Propose, Scope)]),
    open(&[(Read, Scope), (Propose, Scope), (Approve, Scope)]),
    open(&[(Read, Scope), (Propose, Scope)]),
    open(&[(Read, Scope)]),
    open(&[(Read, Scope)]),
    NONE,
];
