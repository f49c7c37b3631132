//! A household's file (一户一档), read from its document, and what follows from
//! it: its ledger, what is known of a rented dwelling, which labels hold.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::{
    RecordId,
    document::{Below, Fields, RecordDocument, read_each},
    hazard::{Hazard, read_hazards},
    place::read_address,
};

/// Age from which somebody is no longer a child whose data need a guardian (PIPL
/// art. 28 and 31).
pub const CHILD_YEARS: u32 = 14;

/// One household as it stands. Empty text means: not recorded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Household {
    /// Where it is.
    pub address: Address,
    /// The dwelling it lives in.
    pub dwelling: Dwelling,
    /// WGS-84 position, if taken.
    pub point: Option<crate::coordinate::Point>,
    /// The ledger as somebody chose it before it was derived; see
    /// [`Household::ledger_kind`].
    pub ledger: String,
    /// Whom to ring.
    pub contact: Contact,
    /// Members by id, those who left too.
    pub members: BTreeMap<String, Member>,
    /// Care-group labels by id.
    pub labels: BTreeMap<String, Label>,
    /// Who serves the household (党员联户 and the like), by id.
    pub links: BTreeMap<String, ServiceLink>,
    /// Hazards found in the dwelling, by id.
    pub hazards: BTreeMap<String, Hazard>,
    /// The visit a colleague was asked to make.
    pub handover: HouseholdHandover,
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
    /// Key in the public security's table of addresses (标准地址), where there is
    /// one.
    pub standard_key: String,
}

impl Address {
    /// The address as one line: the parts in order, or the free form.
    pub fn line(&self) -> String {
        let parts = [
            &self.estate,
            &self.building,
            &self.unit,
            &self.floor,
            &self.room,
        ];
        let joined: String = parts.into_iter().map(String::as_str).collect();
        if joined.is_empty() {
            self.detail.clone()
        } else {
            joined
        }
    }
}

/// The dwelling.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dwelling {
    /// Building use code (GB/T 31000-2015).
    pub building_use: String,
    /// How it is built, see [`crate::document::schema::STRUCTURE`].
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
    /// What it is let for, see [`crate::document::schema::RENTING_USE`].
    pub renting_use: String,
    /// Rooms that are let.
    pub let_rooms: Option<i64>,
    /// People who live in what is let.
    pub occupants: Option<i64>,
    /// Hazard code.
    pub hazard: String,
    /// How the letting breaks the rules, see
    /// [`crate::document::schema::ILLEGAL_LETTING`].
    pub illegal_letting: String,
    /// When the letting was last checked, `YYYY-MM-DD`.
    pub checked_on: String,
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

/// One resident. The id of the entry is the person's and stays the same when
/// the person moves to another household.
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
    /// Which document stands in for it, see
    /// [`crate::document::schema::PERMIT_KIND`].
    pub permit_kind: String,
    /// That document's number.
    pub permit_number: String,
    /// Phone number.
    pub phone: String,
    /// Relation to the head (GB/T 4761).
    pub relation: String,
    /// Population kind (实有人口).
    pub population_kind: String,
    /// Registered address (户籍地).
    pub registered_address: String,
    /// Whether the person is registered at this address (户籍在此).
    pub registered_here: Option<bool>,
    /// Whether the person lives here (人在此居住).
    pub lives_here: Option<bool>,
    /// Whether the person rents (租客).
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

/// The guardian of a child: another member, or somebody who lives elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Guardian {
    /// Id of the member who is it; empty if nobody of the household.
    pub member: String,
    /// Name of somebody who lives elsewhere.
    pub name: String,
    /// That person's phone number.
    pub phone: String,
    /// What the guardian is to the child, see
    /// [`crate::document::schema::GUARDIAN_RELATION`].
    pub relation: String,
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
    /// How closely, see [`crate::document::schema::CARE_LEVEL`]; may be empty.
    pub level: String,
}

/// A visit a colleague is asked to make.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HouseholdHandover {
    /// Id of the person who is to go; empty if nobody was asked.
    pub to: String,
    /// Id of the person who asked.
    pub by: String,
    /// Since when, `YYYY-MM-DD`.
    pub on: String,
}

/// Somebody who serves the household.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceLink {
    /// As what, see [`crate::document::schema::LINK_KIND`].
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

/// Which of the three ledgers a household is in (source 003), with the two ways
/// of being separated apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LedgerKind {
    /// Everybody is registered here and lives here (人户一致).
    Consistent,
    /// Registration and residence part (人户分离).
    Separated(Separation),
    /// The household rents (租房户).
    Tenant,
}

/// How registration and residence part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Separation {
    /// Registered here, lives elsewhere (户在人不在).
    RegisteredOnly,
    /// Lives here, registered elsewhere (人在户不在).
    ResidentOnly,
    /// Some the one, some the other; or it is not known which.
    Mixed,
}

impl LedgerKind {
    /// The ledger's code, see [`crate::document::schema::LEDGER`].
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consistent => "consistent",
            Self::Separated(_) => "separated",
            Self::Tenant => "tenant",
        }
    }

    /// How registration and residence part, as a code; empty where they do not
    /// or it is not known. Its texts are `residence-<code>`.
    pub const fn residence(self) -> &'static str {
        match self {
            Self::Separated(Separation::RegisteredOnly) => "registered_only",
            Self::Separated(Separation::ResidentOnly) => "resident_only",
            Self::Separated(Separation::Mixed) | Self::Consistent | Self::Tenant => "",
        }
    }
}

/// Which of the five things about a rented dwelling are known (五清).
#[expect(
    clippy::struct_excessive_bools,
    reason = "five answers, yes or no each"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FiveClear {
    /// How many rooms are let (底数清).
    pub number: bool,
    /// How it is built (结构清).
    pub structure: bool,
    /// Who and how many live there (人员清).
    pub occupants: bool,
    /// Which hazards there are (隐患清).
    pub hazards: bool,
    /// Whether the letting breaks rules (违规清).
    pub illegal_letting: bool,
}

impl FiveClear {
    /// How many of the five.
    pub fn count(self) -> u8 {
        [
            self.number,
            self.structure,
            self.occupants,
            self.hazards,
            self.illegal_letting,
        ]
        .into_iter()
        .map(u8::from)
        .sum()
    }
}

impl Household {
    /// Reads the whole record.
    pub fn read(document: &RecordDocument) -> Self {
        Self::of(&document.read())
    }

    /// The household that these fields say.
    pub fn of(fields: &Fields) -> Self {
        let mut contact = fields.below("contact");
        let mut handover = fields.below("handover");
        Self {
            address: read_address(fields),
            dwelling: read_dwelling(fields),
            point: fields.point(),
            ledger: fields.text("ledger"),
            contact: Contact {
                name: contact.text("name"),
                phone: contact.text("phone"),
            },
            members: read_each(fields, "members", read_member),
            labels: read_each(fields, "labels", |mut label| Label {
                group: label.text("group"),
                member: label.text("member"),
                since: label.text("since"),
                until: label.text("until"),
                level: label.text("level"),
            }),
            links: read_each(fields, "links", |mut link| ServiceLink {
                kind: link.text("kind"),
                name: link.text("name"),
                phone: link.text("phone"),
                since: link.text("since"),
                until: link.text("until"),
            }),
            hazards: read_hazards(fields),
            handover: HouseholdHandover {
                to: handover.text("to"),
                by: handover.text("by"),
                on: handover.text("on"),
            },
            notes: fields.text("notes"),
        }
    }

    /// Which ledger the household is in, by the rule of domain section 3.4;
    /// `None` if neither its fields nor the old field `ledger` say.
    ///
    /// A tenant if the dwelling is let and the household is not the owner's;
    /// else consistent if every member who has not left is registered here and
    /// lives here; else separated. What was entered before these questions
    /// existed answers them as far as it can: a dwelling held as `rented` is
    /// let, a registered resident (户籍人口) is registered here and the others are
    /// not, and a member who has not left lives here.
    pub fn ledger_kind(&self) -> Option<LedgerKind> {
        let dwelling = &self.dwelling;
        let is_let = dwelling.rented.or(match dwelling.ownership.as_str() {
            "" => None,
            ownership => Some(ownership == "rented"),
        });
        let is_owners = dwelling.owner_lives_here == Some(true);
        match is_let {
            Some(true) if !is_owners => return Some(LedgerKind::Tenant),
            None if self.ledger == "tenant" && !is_owners => return Some(LedgerKind::Tenant),
            _ => {}
        }
        let mut registered_only = false;
        let mut resident_only = false;
        let mut members = 0_u32;
        let present = self.members.values().filter(|member| member.is_present());
        for member in present {
            let Some(registered) = member.is_registered_here() else {
                return self.ledger_as_chosen();
            };
            members += 1;
            match (registered, member.lives_here.unwrap_or(true)) {
                (true, true) => {}
                (true, false) => registered_only = true,
                (false, true) => resident_only = true,
                // Neither registered nor living here, but not said to have left.
                (false, false) => {
                    registered_only = true;
                    resident_only = true;
                }
            }
        }
        match (members, registered_only, resident_only) {
            (0, _, _) => self.ledger_as_chosen(),
            (_, false, false) => Some(LedgerKind::Consistent),
            (_, true, false) => Some(LedgerKind::Separated(Separation::RegisteredOnly)),
            (_, false, true) => Some(LedgerKind::Separated(Separation::ResidentOnly)),
            (_, true, true) => Some(LedgerKind::Separated(Separation::Mixed)),
        }
    }

    /// The ledger somebody chose before it was derived.
    fn ledger_as_chosen(&self) -> Option<LedgerKind> {
        match self.ledger.as_str() {
            "consistent" => Some(LedgerKind::Consistent),
            "separated" => Some(LedgerKind::Separated(Separation::Mixed)),
            "tenant" => Some(LedgerKind::Tenant),
            _ => None,
        }
    }

    /// What is known of the letting.
    pub fn five_clear(&self) -> FiveClear {
        let dwelling = &self.dwelling;
        FiveClear {
            number: dwelling.let_rooms.is_some(),
            structure: !dwelling.structure.is_empty(),
            occupants: dwelling.occupants.is_some()
                || self.members.values().any(Member::is_present),
            hazards: !dwelling.hazard.is_empty() || !self.hazards.is_empty(),
            illegal_letting: !dwelling.illegal_letting.is_empty(),
        }
    }

    /// The labels in force on a day.
    pub fn labels_on(&self, day: NaiveDate) -> impl Iterator<Item = &Label> {
        self.labels
            .values()
            .filter(move |label| is_within(&label.since, &label.until, day))
    }
}

impl Member {
    /// Whether the person still belongs to the household.
    pub fn is_present(&self) -> bool {
        self.left_on.is_empty()
    }

    /// Whether the person is registered at this address; `None` if nobody said.
    fn is_registered_here(&self) -> Option<bool> {
        self.registered_here
            .or(match self.population_kind.as_str() {
                "" => None,
                kind => Some(kind == "01"),
            })
    }

    /// Whole years of age on a day; `None` without a birth date.
    pub fn age_on(&self, day: NaiveDate) -> Option<u32> {
        let birth: NaiveDate = self.birth_date.parse().ok()?;
        day.years_since(birth)
    }
}

/// Whether a day lies within a span of days written `YYYY-MM-DD`, both ends
/// included; an empty end is open.
pub fn is_within(since: &str, until: &str, day: NaiveDate) -> bool {
    let day = day.format("%Y-%m-%d").to_string();
    (since.is_empty() || since <= day.as_str()) && (until.is_empty() || day.as_str() <= until)
}

fn read_dwelling(fields: &Fields) -> Dwelling {
    let mut dwelling = fields.below("dwelling");
    Dwelling {
        building_use: dwelling.text("use"),
        structure: dwelling.text("structure"),
        area_m2: dwelling.number("area_m2"),
        ownership: dwelling.text("ownership"),
        owner_name: dwelling.text("owner_name"),
        owner_phone: dwelling.text("owner_phone"),
        rented: dwelling.flag("rented"),
        owner_lives_here: dwelling.flag("owner_lives_here"),
        renting_use: dwelling.text("renting_use"),
        let_rooms: dwelling.integer("let_rooms"),
        occupants: dwelling.integer("occupants"),
        hazard: dwelling.text("hazard"),
        illegal_letting: dwelling.text("illegal_letting"),
        checked_on: dwelling.text("checked_on"),
        landlord_name: dwelling.text("landlord_name"),
        landlord_phone: dwelling.text("landlord_phone"),
    }
}

fn read_member(mut member: Below<'_>) -> Member {
    Member {
        name: member.text("name"),
        sex: member.text("sex"),
        birth_date: member.text("birth_date"),
        citizen_id: member.text("citizen_id"),
        permit_kind: member.text("permit_kind"),
        permit_number: member.text("permit_number"),
        phone: member.text("phone"),
        relation: member.text("relation"),
        population_kind: member.text("population_kind"),
        registered_address: member.text("registered_address"),
        registered_here: member.flag("registered_here"),
        lives_here: member.flag("lives_here"),
        tenant: member.flag("tenant") == Some(true),
        joined_on: member.text("joined_on"),
        left_on: member.text("left_on"),
        moved_from: member.text("moved_from").parse().ok(),
        moved_to: member.text("moved_to").parse().ok(),
        guardian: Guardian {
            member: member.text("guardian"),
            name: member.text("guardian_name"),
            phone: member.text("guardian_phone"),
            relation: member.text("guardian_relation"),
        },
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

    fn member(registered: Option<bool>, lives: Option<bool>) -> Member {
        Member {
            registered_here: registered,
            lives_here: lives,
            ..Member::default()
        }
    }

    fn of(members: &[Member]) -> Household {
        let numbered = members.iter().cloned().enumerate();
        Household {
            members: numbered.map(|(n, one)| (format!("m{n}"), one)).collect(),
            ..Household::default()
        }
    }

    #[test]
    fn the_ledger_follows_from_registration_and_residence() {
        use Separation::{Mixed, RegisteredOnly, ResidentOnly};
        let (yes, no) = (Some(true), Some(false));
        let here = member(yes, yes);
        let away = member(yes, no);
        let elsewhere = member(no, yes);
        let left = Member {
            left_on: "2026-01-01".to_owned(),
            ..away.clone()
        };
        for (members, ledger) in [
            (vec![here.clone()], LedgerKind::Consistent),
            (vec![here.clone(), left.clone()], LedgerKind::Consistent),
            (
                vec![here.clone(), away.clone()],
                LedgerKind::Separated(RegisteredOnly),
            ),
            (
                vec![here.clone(), elsewhere.clone()],
                LedgerKind::Separated(ResidentOnly),
            ),
            (vec![away, elsewhere], LedgerKind::Separated(Mixed)),
            (vec![member(no, no)], LedgerKind::Separated(Mixed)),
        ] {
            assert_eq!(of(&members).ledger_kind(), Some(ledger), "{members:?}");
        }
        assert_eq!(of(&[]).ledger_kind(), None);
        assert_eq!(of(&[left]).ledger_kind(), None, "nobody is left");
    }

    #[test]
    fn whoever_rents_is_a_tenant_and_an_owner_who_lets_rooms_is_not() {
        let mut household = of(&[member(Some(true), Some(true))]);
        household.dwelling.rented = Some(true);
        assert_eq!(household.ledger_kind(), Some(LedgerKind::Tenant));
        household.dwelling.owner_lives_here = Some(true);
        assert_eq!(household.ledger_kind(), Some(LedgerKind::Consistent));
        household.dwelling = Dwelling {
            ownership: "rented".to_owned(),
            ..Dwelling::default()
        };
        assert_eq!(household.ledger_kind(), Some(LedgerKind::Tenant));
        // A newer answer to the same question wins.
        household.dwelling.rented = Some(false);
        assert_eq!(household.ledger_kind(), Some(LedgerKind::Consistent));
    }

    #[test]
    fn what_was_entered_before_is_read_as_far_as_it_goes() {
        let mut household = of(&[Member::default()]);
        for (chosen, ledger) in [
            ("consistent", Some(LedgerKind::Consistent)),
            ("separated", Some(LedgerKind::Separated(Separation::Mixed))),
            ("tenant", Some(LedgerKind::Tenant)),
            ("", None),
        ] {
            chosen.clone_into(&mut household.ledger);
            assert_eq!(household.ledger_kind(), ledger);
        }
        let floating = Member {
            population_kind: "02".to_owned(),
            ..Member::default()
        };
        household = of(&[floating]);
        let resident = Some(LedgerKind::Separated(Separation::ResidentOnly));
        assert_eq!(household.ledger_kind(), resident);
        // Nobody asked then whether the dwelling is let.
        "tenant".clone_into(&mut household.ledger);
        assert_eq!(household.ledger_kind(), Some(LedgerKind::Tenant));
        household.dwelling.rented = Some(false);
        assert_eq!(household.ledger_kind(), resident);
    }

    #[test]
    fn five_things_are_to_be_clear_about_a_rented_dwelling() {
        let mut household = Household::default();
        assert_eq!(household.five_clear().count(), 0);
        household.dwelling = Dwelling {
            structure: "brick_concrete".to_owned(),
            let_rooms: Some(3),
            occupants: Some(0),
            hazard: "00".to_owned(),
            illegal_letting: "none".to_owned(),
            ..Dwelling::default()
        };
        assert_eq!(household.five_clear().count(), 5);
        household.dwelling.hazard.clear();
        assert!(!household.five_clear().hazards);
    }

    #[test]
    fn labels_hold_from_their_first_day_to_their_last() {
        let label = |since: &str, until: &str| Label {
            since: since.to_owned(),
            until: until.to_owned(),
            ..Label::default()
        };
        let household = Household {
            labels: BTreeMap::from([
                ("a".to_owned(), label("2026-01-01", "2026-06-30")),
                ("b".to_owned(), label("", "")),
            ]),
            ..Household::default()
        };
        let count = |day: &str| household.labels_on(day.parse().unwrap()).count();
        assert_eq!(count("2025-12-31"), 1);
        assert_eq!(count("2026-01-01"), 2);
        assert_eq!(count("2026-06-30"), 2);
        assert_eq!(count("2026-07-01"), 1);
    }

    #[test]
    fn age_counts_whole_years() {
        let member = Member {
            birth_date: "1896-02-29".to_owned(),
            ..Member::default()
        };
        assert_eq!(member.age_on("1910-02-28".parse().unwrap()), Some(13));
        assert_eq!(member.age_on("1910-03-01".parse().unwrap()), Some(14));
        assert_eq!(
            Member::default().age_on("1910-03-01".parse().unwrap()),
            None
        );
    }
}
