//! A place that is not a home (驻社区单位、商铺、学校、场所、设施), read from its
//! document, and which of the five kinds of object (人、地、事、物、组织) it is.

use std::collections::BTreeMap;

use crate::{
    document::{Fields, RecordDocument, read_each},
    hazard::{Hazard, HazardState, read_hazards},
    household::{Address, Contact},
};

/// One place as it stands. Empty text means: not recorded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Place {
    /// What it is called.
    pub name: String,
    /// What it is, see [`crate::document::schema::PLACE_KIND`].
    pub kind: String,
    /// Whether it is in use, see [`crate::document::schema::PLACE_STATE`].
    pub state: String,
    /// Where it is.
    pub address: Address,
    /// WGS-84 position, if taken.
    pub point: Option<crate::coordinate::Point>,
    /// Unified social credit code.
    pub credit_code: String,
    /// People who work there.
    pub employee_count: Option<i64>,
    /// Area in square metres.
    pub area_m2: Option<f64>,
    /// Whom to ring.
    pub contact: Contact,
    /// Whether it has a party organisation of its own (source 003).
    pub party_organisation: Option<bool>,
    /// Number of party members there, as a number only (source 003).
    pub party_member_count: Option<i64>,
    /// What was checked, by id.
    pub checks: BTreeMap<String, Check>,
    /// Hazards found, by id.
    pub hazards: BTreeMap<String, Hazard>,
    /// Notes two people may edit at once.
    pub notes: String,
}

/// One item of a check list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Check {
    /// What was looked at.
    pub item: String,
    /// Whether it was in order; `None` before somebody looked.
    pub passed: Option<bool>,
    /// What was found.
    pub remark: String,
    /// When, `YYYY-MM-DD`; empty in a visit, which has its own time.
    pub checked_on: String,
}

/// Which of the five kinds of object something is that a grid holds (人、地、事、
/// 物、组织); people are members of households, matters are incidents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlaceClass {
    /// 地: land and premises open to many.
    Land,
    /// 物: things that stand there.
    Thing,
    /// 组织: organisations.
    Organisation,
}

impl PlaceClass {
    /// The class of a kind of place; `None` for `other` and for codes of newer
    /// builds.
    pub fn of_kind(kind: &str) -> Option<Self> {
        match kind {
            "unit" | "enterprise" | "shop" | "restaurant" | "school" | "kindergarten"
            | "medical" | "social_org" | "property" | "hotel" | "courier" => {
                Some(Self::Organisation)
            }
            "entertainment" | "market" | "construction" | "transport" | "public_space"
            | "parking" => Some(Self::Land),
            "charging" | "fire_equipment" | "dangerous_goods" | "facility" => Some(Self::Thing),
            _ => None,
        }
    }

    /// Stable word; its texts are `place-class-<word>`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Land => "land",
            Self::Thing => "thing",
            Self::Organisation => "organisation",
        }
    }
}

impl Place {
    /// Reads the whole record.
    pub fn read(document: &RecordDocument) -> Self {
        Self::of(&document.read())
    }

    /// The place that these fields say.
    pub fn of(fields: &Fields) -> Self {
        let text = |path: &str| fields.text(path);
        Self {
            name: text("name"),
            kind: text("kind"),
            state: text("state"),
            address: read_address(fields),
            point: fields.point(),
            credit_code: text("credit_code"),
            employee_count: fields.integer("employee_count"),
            area_m2: fields.number("area_m2"),
            contact: Contact {
                name: text("contact.name"),
                phone: text("contact.phone"),
            },
            party_organisation: fields.flag("party_organisation"),
            party_member_count: fields.integer("party_member_count"),
            checks: read_checks(fields),
            hazards: read_hazards(fields),
            notes: text("notes"),
        }
    }

    /// Hazards that nobody has fixed.
    pub fn open_hazards(&self) -> impl Iterator<Item = &Hazard> {
        self.hazards
            .values()
            .filter(|hazard| hazard.state() == HazardState::Open)
    }
}

/// The address in `address`.
pub(crate) fn read_address(fields: &Fields) -> Address {
    let mut address = fields.below("address");
    Address {
        estate: address.text("estate"),
        building: address.text("building"),
        unit: address.text("unit"),
        floor: address.text("floor"),
        room: address.text("room"),
        detail: address.text("detail"),
        standard_key: address.text("standard_key"),
    }
}

/// The check list in `checks`.
pub(crate) fn read_checks(fields: &Fields) -> BTreeMap<String, Check> {
    read_each(fields, "checks", |mut check| Check {
        item: check.text("item"),
        passed: check.flag("passed"),
        remark: check.text("remark"),
        checked_on: check.text("checked_on"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ActorId, FieldPath, FieldValue, RecordKind, Timestamp,
        document::{FieldEdit, schema},
    };

    #[test]
    fn a_place_is_read_back_with_its_checks_and_hazards() {
        let mut document = RecordDocument::new(RecordKind::Place);
        let set = |path: &str, value| FieldEdit::set(FieldPath::new(path).unwrap(), value);
        let text = |path: &str, text: &str| set(path, FieldValue::text(text));
        let edits = [
            text("name", "好邻居便利店"),
            text("kind", "shop"),
            text("credit_code", "91370102000000000N"),
            set("employee_count", FieldValue::Integer(3)),
            set("party_organisation", FieldValue::Flag(false)),
            text("checks.c.item", "灭火器"),
            set("checks.c.passed", FieldValue::Flag(false)),
            text("hazards.h.kind", "02"),
            text("hazards.h.found_on", "2026-11-02"),
            text("hazards.g.kind", "01"),
            text("hazards.g.fixed_on", "2026-11-03"),
        ];
        let actor = ActorId::from_bytes([1; 16]);
        document
            .edit(&edits, actor, Timestamp::from_millis(0))
            .unwrap();
        let place = Place::read(&document);
        assert_eq!(place.name, "好邻居便利店");
        assert_eq!(place.employee_count, Some(3));
        assert_eq!(place.party_organisation, Some(false));
        assert_eq!(place.checks["c"].passed, Some(false));
        let open: Vec<_> = place.open_hazards().map(|hazard| &hazard.kind).collect();
        assert_eq!(open, ["02"]);
    }

    #[test]
    fn every_kind_of_place_but_the_last_has_a_class() {
        for kind in schema::PLACE_KIND {
            assert_eq!(
                PlaceClass::of_kind(kind).is_none(),
                *kind == "other",
                "{kind}"
            );
        }
    }
}
