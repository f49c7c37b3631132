//! What comes over together or not at all, and which entries of two records are
//! one.
//!
//! Half of one address or one contact beside half of another would be a home or
//! a person nobody wrote down. So such fields are one unit; an entry that only
//! the alias has (a member, a label) is one as well.

use std::collections::{BTreeMap, BTreeSet};

use super::Absorbed;
use crate::{
    FieldPath, FieldValue, RecordKind,
    document::{
        Fields,
        schema::{self, FieldOwner},
    },
    household::{Household, Member},
    text::to_half_width,
};

/// Whether people write the field and this build knows it.
pub(super) fn is_peoples(kind: RecordKind, path: &FieldPath) -> bool {
    schema::find_field(kind, path).is_some_and(|spec| spec.owner == FieldOwner::People)
}

/// The unit of a field, seen from the record that stays.
pub(super) fn unit_of(path: &FieldPath, kept: &Fields, carried: &BTreeSet<String>) -> String {
    let parts: Vec<&str> = path.parts().collect();
    if let [collection, entry, field] = parts.as_slice() {
        let whole = format!("{collection}.{entry}");
        let is_its_own = kept.entries(collection).contains(entry) && !carried.contains(&whole);
        if !is_its_own {
            return whole;
        }
        return ["permit", "guardian"]
            .into_iter()
            .find(|group| field.starts_with(group))
            .map_or_else(|| path.to_string(), |group| format!("{whole}.{group}"));
    }
    let text = path.as_str();
    let together = match path.root() {
        "address" if text != "address.standard_key" => Some("address"),
        root @ ("contact" | "point" | "handover") => Some(root),
        _ if text.starts_with("dwelling.owner_") && text != "dwelling.owner_lives_here" => {
            Some("dwelling.owner")
        }
        _ if text.starts_with("dwelling.landlord_") => Some("dwelling.landlord"),
        _ => None,
    };
    together.unwrap_or(text).to_owned()
}

/// Whether a unit is an entry as a whole.
pub(super) fn is_entry(unit: &str) -> bool {
    let mut parts = unit.split('.');
    let collection = parts.next().unwrap_or_default();
    let is_collection = matches!(
        collection,
        "members" | "labels" | "links" | "hazards" | "checks"
    );
    is_collection && parts.next().is_some() && parts.next().is_none()
}

impl Absorbed {
    /// A field of the alias as one of the record that stays.
    pub(super) fn to_kept(&self, path: &FieldPath) -> FieldPath {
        rename(path, &self.same)
    }

    /// The other way.
    pub(super) fn to_alias(&self, path: &FieldPath) -> FieldPath {
        rename(path, &self.turned())
    }

    /// A value of the alias as the record that stays would say it: members have
    /// other ids there.
    pub(super) fn value_to_kept(&self, path: &FieldPath, value: FieldValue) -> FieldValue {
        rename_value(path, value, &self.same)
    }

    /// The other way.
    pub(super) fn value_to_alias(&self, path: &FieldPath, value: FieldValue) -> FieldValue {
        rename_value(path, value, &self.turned())
    }

    fn turned(&self) -> BTreeMap<String, String> {
        self.same
            .iter()
            .map(|(theirs, mine)| (mine.clone(), theirs.clone()))
            .collect()
    }

    /// Notes which entries of the alias are entries of the record that stays;
    /// what was found once stays so.
    pub(super) fn find_same(&mut self, kind: RecordKind, kept: &Fields, alias: &Fields) {
        if kind != RecordKind::Household {
            return;
        }
        self.find_same_members(&Household::of(kept), &Household::of(alias));
        self.find_same_labels(kept, alias);
    }

    fn is_free(&self, mine: &str) -> bool {
        !self.same.values().any(|taken| taken == mine)
    }

    fn find_same_members(&mut self, kept: &Household, alias: &Household) {
        for (id, member) in &alias.members {
            if self.same.contains_key(id) || kept.members.contains_key(id) {
                continue;
            }
            let found = kept.members.iter().find(|(mine, other)| {
                self.is_free(mine)
                    && !alias.members.contains_key(*mine)
                    && is_same_person(member, other)
            });
            if let Some((mine, _)) = found {
                self.same.insert(id.clone(), mine.clone());
            }
        }
    }

    fn find_same_labels(&mut self, kept: &Fields, alias: &Fields) {
        let text =
            |fields: &Fields, id: &str, field: &str| fields.text(&format!("labels.{id}.{field}"));
        let mine = kept.entries("labels");
        for id in alias.entries("labels") {
            if self.same.contains_key(id) || mine.contains(&id) {
                continue;
            }
            let member = text(alias, id, "member");
            let member = self.same.get(&member).cloned().unwrap_or(member);
            let found = mine.iter().find(|other| {
                self.is_free(other)
                    && text(kept, other, "group") == text(alias, id, "group")
                    && text(kept, other, "until") == text(alias, id, "until")
                    && text(kept, other, "member") == member
            });
            if let Some(found) = found {
                self.same.insert(id.to_owned(), (*found).to_owned());
            }
        }
    }
}

fn rename(path: &FieldPath, names: &BTreeMap<String, String>) -> FieldPath {
    let parts: Vec<&str> = path.parts().collect();
    match parts.as_slice() {
        [collection, entry, field] => match names.get(*entry) {
            Some(name) => FieldPath::entry(collection, name, field),
            None => path.clone(),
        },
        _ => path.clone(),
    }
}

fn rename_value(
    path: &FieldPath,
    value: FieldValue,
    names: &BTreeMap<String, String>,
) -> FieldValue {
    let names_a_member = matches!(
        path.pattern().as_ref(),
        "labels.*.member" | "members.*.guardian"
    );
    match value.as_text().and_then(|text| names.get(text)) {
        Some(name) if names_a_member => FieldValue::Text(name.clone()),
        _ => value,
    }
}

/// Whether two members are one person: by identity number where both have one,
/// else by name, if nothing says otherwise. Somebody who has left one of the two
/// households and not the other stays apart: that is for a person to look at.
fn is_same_person(one: &Member, other: &Member) -> bool {
    if one.is_present() != other.is_present() {
        return false;
    }
    let both = |get: fn(&Member) -> &String| {
        let (one, other) = (get(one), get(other));
        (!one.is_empty() && !other.is_empty()).then(|| one == other)
    };
    let numbers = both(|member| &member.citizen_id).or(both(|member| &member.permit_number));
    if let Some(is_same) = numbers {
        return is_same;
    }
    let name = plain(&one.name);
    let is_same_birth = both(|member| &member.birth_date).unwrap_or(true);
    !name.is_empty() && name == plain(&other.name) && is_same_birth
}

fn plain(name: &str) -> String {
    to_half_width(name).split_whitespace().collect()
}
