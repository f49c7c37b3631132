//! A household's file, read as a whole.

use wangge_model::{
    FieldPath, RecordId,
    coordinate::Point,
    document::schema::FieldError,
    household::{Address, Contact, Dwelling, Guardian, LedgerKind},
    member_move::MemberMove,
};

use crate::{
    AppError, Core,
    place::{HazardEntry, hazards},
};

/// An address in parts, or in free form where parts do not fit.
#[uniffi::remote(Record)]
pub struct Address {
    /// Housing estate (小区).
    pub estate: String,
    /// Building (楼栋).
    pub building: String,
    /// Stairwell (单元).
    pub unit: String,
    /// Floor (层).
    pub floor: String,
    /// Room (室).
    pub room: String,
    /// Free form.
    pub detail: String,
    /// Key in the public security's table of addresses, where there is one.
    pub standard_key: String,
}

/// The dwelling.
#[uniffi::remote(Record)]
pub struct Dwelling {
    /// Building use code.
    pub building_use: String,
    /// How it is built.
    pub structure: String,
    /// Floor area in square metres.
    pub area_m2: Option<f64>,
    /// How it is held.
    pub ownership: String,
    /// Owner's name, if it is another than the head of the household.
    pub owner_name: String,
    /// Owner's phone number.
    pub owner_phone: String,
    /// Whether it, or part of it, is let.
    pub rented: Option<bool>,
    /// Whether the household is the owner's.
    pub owner_lives_here: Option<bool>,
    /// What it is let for.
    pub renting_use: String,
    /// Rooms that are let.
    pub let_rooms: Option<i64>,
    /// People who live in what is let.
    pub occupants: Option<i64>,
    /// Hazard code.
    pub hazard: String,
    /// How the letting breaks the rules.
    pub illegal_letting: String,
    /// When the letting was last checked, `YYYY-MM-DD`.
    pub checked_on: String,
    /// Landlord's name, if rented.
    pub landlord_name: String,
    /// Landlord's phone number, if rented.
    pub landlord_phone: String,
}

/// Whom to ring about the household.
#[uniffi::remote(Record)]
pub struct Contact {
    /// Name.
    pub name: String,
    /// Phone number.
    pub phone: String,
}

/// A place in China, WGS-84.
#[uniffi::remote(Record)]
pub struct Point {
    /// Degrees east.
    pub longitude: f64,
    /// Degrees north.
    pub latitude: f64,
    /// Radius in metres within which the place is, if the device told.
    pub accuracy_m: Option<f64>,
}

/// One household as it stands. Empty text means: not recorded.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Household {
    /// Where it is.
    pub address: Address,
    /// The dwelling it lives in.
    pub dwelling: Dwelling,
    /// Where, if taken.
    pub point: Option<Point>,
    /// Ledger code, derived from dwelling and members; empty if it is not known.
    pub ledger: String,
    /// How registration and residence part; empty where they do not.
    pub residence: String,
    /// How many of the five things about a rented dwelling are clear (五清).
    pub clear_count: u8,
    /// Whom to ring.
    pub contact: Contact,
    /// Members by id, those who left too.
    pub members: Vec<HouseholdMember>,
    /// Care-group labels by id.
    pub labels: Vec<HouseholdLabel>,
    /// Who serves the household, by id.
    pub links: Vec<HouseholdLink>,
    /// Hazards found in the dwelling, by id.
    pub hazards: Vec<HazardEntry>,
    /// Notes two people may edit at once.
    pub notes: String,
}

/// One resident. Fields are at `members.<id>.…`.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HouseholdMember {
    /// Id of the entry.
    pub id: String,
    /// Name.
    pub name: String,
    /// Sex code.
    pub sex: String,
    /// Birth date, `YYYY-MM-DD`.
    pub birth_date: String,
    /// Citizen identity number.
    pub citizen_id: String,
    /// Which document stands in for it.
    pub permit_kind: String,
    /// That document's number.
    pub permit_number: String,
    /// Phone number.
    pub phone: String,
    /// Relation to the head.
    pub relation: String,
    /// Population kind (实有人口).
    pub population_kind: String,
    /// Registered address (户籍地).
    pub registered_address: String,
    /// Whether the person is registered at this address, if somebody said.
    pub registered_here: Option<bool>,
    /// Whether the person lives here, if somebody said.
    pub lives_here: Option<bool>,
    /// Whether the person rents.
    pub tenant: bool,
    /// When the person joined the household; empty if not known.
    pub joined_on: String,
    /// When the person left the household; empty while they belong to it.
    pub left_on: String,
    /// The household the person came from.
    pub moved_from: Option<RecordId>,
    /// The household the person went to.
    pub moved_to: Option<RecordId>,
    /// Who looks after a child under 14.
    pub guardian: Guardian,
}

/// The guardian of a child.
#[uniffi::remote(Record)]
pub struct Guardian {
    /// Id of the member who is it; empty if nobody of the household.
    pub member: String,
    /// Name of somebody who lives elsewhere.
    pub name: String,
    /// That person's phone number.
    pub phone: String,
    /// What the guardian is to the child.
    pub relation: String,
}

/// Somebody who serves the household. Fields are at `links.<id>.…`.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HouseholdLink {
    /// Id of the entry.
    pub id: String,
    /// As what.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Phone number.
    pub phone: String,
    /// First day.
    pub since: String,
    /// Last day; empty while it lasts.
    pub until: String,
}

/// One welfare care-group label. Fields are at `labels.<id>.…`.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HouseholdLabel {
    /// Id of the entry.
    pub id: String,
    /// Care group.
    pub group: String,
    /// The member it is about; empty for the household.
    pub member: String,
    /// First day.
    pub since: String,
    /// Last day; empty while it lasts.
    pub until: String,
    /// How closely; may be empty.
    pub level: String,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// A household as a whole.
    pub async fn household(&self, id: RecordId) -> Result<Household, AppError> {
        Ok(self.run(move |core| core.household(id)).await?.into())
    }

    /// Moves a person from one household on this phone to another; the id stays.
    /// `on` is the day of it, `YYYY-MM-DD`; `relation` is what the person is to
    /// the head of the new household, or empty. [`AppError::Invalid`] says why
    /// not.
    pub async fn move_member(
        &self,
        member: String,
        from: RecordId,
        to: RecordId,
        on: String,
        relation: String,
        registered_here: Option<bool>,
    ) -> Result<(), AppError> {
        let on = on.parse().map_err(|_| wangge_core::Error::Invalid {
            path: FieldPath::entry("members", &member, "joined_on"),
            reason: FieldError::NotADate,
        })?;
        let step = MemberMove {
            member,
            from,
            to,
            on,
            relation,
            registered_here,
        };
        self.run(move |core| core.move_member(&step)).await
    }
}

impl From<wangge_model::household::Household> for Household {
    fn from(household: wangge_model::household::Household) -> Self {
        let ledger = household.ledger_kind();
        let clear_count = household.five_clear().count();
        Self {
            address: household.address,
            dwelling: household.dwelling,
            point: household.point,
            ledger: ledger
                .map(LedgerKind::as_str)
                .unwrap_or_default()
                .to_owned(),
            residence: ledger
                .map(LedgerKind::residence)
                .unwrap_or_default()
                .to_owned(),
            clear_count,
            contact: household.contact,
            members: household
                .members
                .into_iter()
                .map(HouseholdMember::from)
                .collect(),
            labels: household
                .labels
                .into_iter()
                .map(HouseholdLabel::from)
                .collect(),
            links: household
                .links
                .into_iter()
                .map(HouseholdLink::from)
                .collect(),
            hazards: hazards(household.hazards),
            notes: household.notes,
        }
    }
}

impl From<(String, wangge_model::household::ServiceLink)> for HouseholdLink {
    fn from((id, link): (String, wangge_model::household::ServiceLink)) -> Self {
        Self {
            id,
            kind: link.kind,
            name: link.name,
            phone: link.phone,
            since: link.since,
            until: link.until,
        }
    }
}

impl From<(String, wangge_model::household::Member)> for HouseholdMember {
    fn from((id, member): (String, wangge_model::household::Member)) -> Self {
        Self {
            id,
            name: member.name,
            sex: member.sex,
            birth_date: member.birth_date,
            citizen_id: member.citizen_id,
            permit_kind: member.permit_kind,
            permit_number: member.permit_number,
            phone: member.phone,
            relation: member.relation,
            population_kind: member.population_kind,
            registered_address: member.registered_address,
            registered_here: member.registered_here,
            lives_here: member.lives_here,
            tenant: member.tenant,
            joined_on: member.joined_on,
            left_on: member.left_on,
            moved_from: member.moved_from,
            moved_to: member.moved_to,
            guardian: member.guardian,
        }
    }
}

impl From<(String, wangge_model::household::Label)> for HouseholdLabel {
    fn from((id, label): (String, wangge_model::household::Label)) -> Self {
        Self {
            id,
            group: label.group,
            member: label.member,
            since: label.since,
            until: label.until,
            level: label.level,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn members_and_labels_carry_their_ids() {
        let member = wangge_model::household::Member {
            name: "王小明".to_owned(),
            left_on: "2026-01-01".to_owned(),
            ..Default::default()
        };
        let label = wangge_model::household::Label {
            group: "solo_elder".to_owned(),
            member: "m1".to_owned(),
            ..Default::default()
        };
        let household = Household::from(wangge_model::household::Household {
            members: BTreeMap::from([("m1".to_owned(), member)]),
            labels: BTreeMap::from([("l1".to_owned(), label)]),
            notes: "腿脚不便".to_owned(),
            ..Default::default()
        });
        let [member] = household.members.as_slice() else {
            panic!()
        };
        assert_eq!((member.id.as_str(), member.name.as_str()), ("m1", "王小明"));
        assert_eq!(member.left_on, "2026-01-01");
        let [label] = household.labels.as_slice() else {
            panic!()
        };
        assert_eq!(
            (label.id.as_str(), label.group.as_str()),
            ("l1", "solo_elder")
        );
        assert_eq!(household.notes, "腿脚不便");
    }
}
