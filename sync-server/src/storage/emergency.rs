//! Emergencies: declaring and ending them, what holds where, and who came.

use async_trait::async_trait;
use wangge_model::{
    CallOutId, EmergencyId, OrgNodeId, PersonId, RequestId, Timestamp,
    emergency::EmergencyLevel,
    roll_call::{RollRefusal, RollState},
};

use super::StorageResult;

/// An emergency to declare; the caller has checked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEmergency {
    /// Its id.
    pub id: EmergencyId,
    /// The id of the call-out it makes.
    pub call_out: CallOutId,
    /// The place and what lies below it.
    pub node: OrgNodeId,
    /// How far it goes.
    pub level: EmergencyLevel,
    /// Why.
    pub reason: String,
    /// Who commands, in words.
    pub ordered_by: String,
    /// From when on.
    pub starts_at: Timestamp,
    /// From when on no more.
    pub ends_at: Timestamp,
    /// Who declares it.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
}

/// An emergency as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmergencyRow {
    /// Its id.
    pub id: EmergencyId,
    /// The place.
    pub node_name: String,
    /// How far it goes.
    pub level: EmergencyLevel,
    /// Why.
    pub reason: String,
    /// Who commands, in words.
    pub ordered_by: String,
    /// From when on.
    pub starts_at: Timestamp,
    /// From when on no more; earlier than declared if somebody ended it.
    pub ends_at: Timestamp,
    /// Who declared it.
    pub declared_by: String,
    /// When.
    pub declared_at: Timestamp,
    /// Who ended it before its time; empty: nobody.
    pub ended_by: String,
    /// Whether the person may end it.
    pub may_end: bool,
    /// Whether the person may see who came, and note it.
    pub may_keep_roll: bool,
}

/// Somebody who is to check in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollRow {
    /// Who.
    pub person: PersonId,
    /// Name.
    pub name: String,
    /// Where they work.
    pub node_name: String,
    /// Whether they were called out for it.
    pub is_reserve: bool,
    /// When their phone was first in touch since it began.
    pub phone_at: Option<Timestamp>,
    /// When they reported for duty.
    pub arrived_at: Option<Timestamp>,
    /// Who noted that.
    pub noted_by: String,
    /// What they answered last from their phone, as far as it counts.
    pub said: Option<RollSaid>,
}

impl RollRow {
    /// When they came: reported for duty, or said from their phone that they are
    /// in place.
    pub fn came_at(&self) -> Option<Timestamp> {
        let said = self.said.as_ref();
        let in_place = said.filter(|said| said.state == RollState::InPlace);
        self.arrived_at.or(in_place.map(|said| said.given_at))
    }
}

/// What somebody answered from their phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollSaid {
    /// What.
    pub state: RollState,
    /// Why not; may be empty.
    pub reason: String,
    /// When.
    pub given_at: Timestamp,
}

/// An answer to a roll call that came from a phone; state and reason are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRollAnswer {
    /// The id the phone gave it.
    pub id: RequestId,
    /// Which emergency.
    pub emergency: EmergencyId,
    /// Whose phone.
    pub person: PersonId,
    /// What.
    pub state: RollState,
    /// Why not; may be empty.
    pub reason: String,
    /// When it was given, not after `at`.
    pub given_at: Timestamp,
    /// Now.
    pub at: Timestamp,
}

/// What was decided on an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RollDecision {
    /// Why it does not count; `None`: it does.
    pub refusal: Option<RollRefusal>,
    /// When that was decided.
    pub at: Timestamp,
    /// Whether it was decided just now.
    pub is_new: bool,
}

/// Emergencies.
#[async_trait]
pub trait EmergencyStorage {
    /// Declares an emergency: calls out the reserves below its place and tells
    /// phones, in one step. `Missing("org_node")` unless the person declares
    /// emergencies of that level there.
    async fn declare_emergency(&self, new: &NewEmergency) -> StorageResult<()>;
    /// Ends an emergency now, its call-out with it. Answers whether it was not
    /// over; `Missing("emergency")` unless the person declares such there.
    async fn end_emergency(
        &self,
        id: &EmergencyId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<bool>;
    /// Emergencies of places in the person's scope and of places above those
    /// the person works in, the latest 200, latest first.
    async fn list_emergencies(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<EmergencyRow>>;
    /// The highest level that holds at a place at that moment.
    async fn find_emergency_level(
        &self,
        node: &OrgNodeId,
        at: Timestamp,
    ) -> StorageResult<Option<EmergencyLevel>>;
    /// Everybody who works in grids below an emergency's place, by grid and name,
    /// 2,000 at most. Nobody, unless the person keeps the roll somewhere there.
    async fn list_roll(
        &self,
        id: &EmergencyId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<RollRow>>;
    /// Notes that somebody reported for duty: oneself, or whoever works where the
    /// person keeps the roll. Answers whether that was new;
    /// `Missing("person")` unless the emergency holds and they are on its roll.
    async fn check_in(
        &self,
        id: &EmergencyId,
        who: &PersonId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<bool>;
    /// Decides on an answer from a phone ([`wangge_model::roll_call::decide`]), once:
    /// the same one again gets what was decided.
    async fn answer_roll_call(&self, new: &NewRollAnswer) -> StorageResult<RollDecision>;
    /// Notes whose phones were in touch since their emergency began. Answers how
    /// many are new.
    async fn note_contacts(&self, at: Timestamp) -> StorageResult<u64>;
    /// Takes emergencies that are over from the phones. Answers how many.
    async fn untell_emergencies(&self, at: Timestamp) -> StorageResult<u64>;
    /// Emergency reports in the person's scope that nobody took in yet.
    async fn count_alarms(&self, person: &PersonId, at: Timestamp) -> StorageResult<u64>;
}
