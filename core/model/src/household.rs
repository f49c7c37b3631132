//! A household's file (一户一档), read from its document.

use std::collections::BTreeMap;

use crate::document::RecordDocument;

/// One household as it stands. Empty text means: not recorded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Household {
    /// Where it is.
    pub address: Address,
    /// The dwelling it lives in.
    pub dwelling: Dwelling,
    /// WGS-84 position, if taken.
    pub point: Option<crate::coordinate::Point>,
    /// Ledger code, see [`crate::document::schema::LEDGER`].
    pub ledger: String,
    /// Whom to ring.
    pub contact: Contact,
    /// Members by id, those who left too.
    pub members: BTreeMap<String, Member>,
    /// Care-group labels by id.
    pub labels: BTreeMap<String, Label>,
    /// Notes two people may edit at once.
    pub notes: String,
}

/// An address in parts, or in free form where parts do not fit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
}

/// The dwelling.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dwelling {
    /// Building use code (GB/T 31000-2015).
    pub building_use: String,
    /// How it is held.
    pub ownership: String,
    /// Hazard code.
    pub hazard: String,
    /// Landlord's name, if rented.
    pub landlord_name: String,
    /// Landlord's phone number, if rented.
    pub landlord_phone: String,
}

/// Whom to ring about the household.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contact {
    /// Name.
    pub name: String,
    /// Phone number.
    pub phone: String,
}

/// One resident.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Member {
    /// Name.
    pub name: String,
    /// Sex code (GB/T 2261.1).
    pub sex: String,
    /// Birth date, `YYYY-MM-DD`.
    pub birth_date: String,
    /// Citizen identity number.
    pub citizen_id: String,
    /// Phone number.
    pub phone: String,
    /// Relation to the head (GB/T 4761).
    pub relation: String,
    /// Population kind (实有人口).
    pub population_kind: String,
    /// Registered address (户籍地).
    pub registered_address: String,
    /// When the person left the household; empty while they live here.
    pub left_on: String,
}

/// One welfare care-group label.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Label {
    /// Care group, see [`crate::document::schema::CARE_GROUP`].
    pub group: String,
    /// The member it is about; empty for the household.
    pub member: String,
    /// First day.
    pub since: String,
    /// Last day; empty while it lasts.
    pub until: String,
}

impl Household {
    /// Reads the whole record.
    pub fn read(document: &RecordDocument) -> Self {
        let fields = document.read();
        let text = |path: &str| fields.text(path);
        let member = |id: &str| {
            let field = |name: &str| text(&format!("members.{id}.{name}"));
            Member {
                name: field("name"),
                sex: field("sex"),
                birth_date: field("birth_date"),
                citizen_id: field("citizen_id"),
                phone: field("phone"),
                relation: field("relation"),
                population_kind: field("population_kind"),
                registered_address: field("registered_address"),
                left_on: field("left_on"),
            }
        };
        let label = |id: &str| {
            let field = |name: &str| text(&format!("labels.{id}.{name}"));
            Label {
                group: field("group"),
                member: field("member"),
                since: field("since"),
                until: field("until"),
            }
        };
        Self {
            address: Address {
                estate: text("address.estate"),
                building: text("address.building"),
                unit: text("address.unit"),
                floor: text("address.floor"),
                room: text("address.room"),
                detail: text("address.detail"),
            },
            dwelling: Dwelling {
                building_use: text("dwelling.use"),
                ownership: text("dwelling.ownership"),
                hazard: text("dwelling.hazard"),
                landlord_name: text("dwelling.landlord_name"),
                landlord_phone: text("dwelling.landlord_phone"),
            },
            point: fields.point(),
            ledger: text("ledger"),
            contact: Contact {
                name: text("contact.name"),
                phone: text("contact.phone"),
            },
            members: document
                .entries("members")
                .iter()
                .map(|id| (id.clone(), member(id)))
                .collect(),
            labels: document
                .entries("labels")
                .iter()
                .map(|id| (id.clone(), label(id)))
                .collect(),
            notes: text("notes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActorId, FieldPath, FieldValue, RecordKind, Timestamp, document::FieldEdit};

    #[test]
    fn what_was_written_is_read_back_whole() {
        let mut document = RecordDocument::new(RecordKind::Household);
        let set = |path: &str, value| FieldEdit::set(FieldPath::new(path).unwrap(), value);
        document
            .edit(
                &[
                    set("address.room", FieldValue::text("501")),
                    set("members.m.name", FieldValue::text("王小明")),
                    set("labels.l.group", FieldValue::text("solo_elder")),
                    set("point.longitude", FieldValue::Number(117.0)),
                    set("point.latitude", FieldValue::Number(36.0)),
                    set("notes", FieldValue::text("腿脚不便")),
                ],
                ActorId::from_bytes([1; 16]),
                Timestamp::from_millis(0),
            )
            .unwrap();
        let household = Household::read(&document);
        assert_eq!(household.address.room, "501");
        assert_eq!(household.members["m"].name, "王小明");
        assert_eq!(household.labels["l"].group, "solo_elder");
        assert_eq!(household.notes, "腿脚不便");
        assert!((household.point.unwrap().longitude - 117.0).abs() < 1e-9);
    }
}
