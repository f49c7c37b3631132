//! A reported incident with its case, read as a whole.

use wangge_model::{RecordId, Timestamp, coordinate::Point};

use crate::{AppError, Core};

/// One incident as it stands. Empty text means: not recorded.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Incident {
    /// Class code.
    pub category: String,
    /// Urgency.
    pub urgency: String,
    /// Handling kind.
    pub handling: String,
    /// How the report came about.
    pub source: String,
    /// The visit that led to it, if one did.
    pub visit: Option<RecordId>,
    /// One line.
    pub title: String,
    /// What happened; two people may write at once.
    pub description: String,
    /// The household it concerns, if any.
    pub household: Option<RecordId>,
    /// The place it concerns, if any.
    pub concerned_place: Option<RecordId>,
    /// The hazard it is about, in the file of that household or place; empty if
    /// none.
    pub hazard: String,
    /// Where, in words.
    pub place: String,
    /// Where, if taken.
    pub point: Option<Point>,
    /// When.
    pub occurred_at: Option<Timestamp>,
    /// People concerned, by id.
    pub parties: Vec<IncidentParty>,
    /// The server's part.
    pub case: IncidentCase,
}

/// A person concerned. Fields are at `parties.<id>.…`.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct IncidentParty {
    /// Id of the entry.
    pub id: String,
    /// Name.
    pub name: String,
    /// Phone number.
    pub phone: String,
}

/// What the server decided; empty until the report reached it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct IncidentCase {
    /// The case number.
    pub number: String,
    /// State.
    pub state: String,
    /// When the report reached the server.
    pub received_at: Option<Timestamp>,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// An incident as a whole.
    pub async fn incident(&self, id: RecordId) -> Result<Incident, AppError> {
        Ok(self.run(move |core| core.incident(id)).await?.into())
    }
}

impl From<wangge_model::incident::Incident> for Incident {
    fn from(incident: wangge_model::incident::Incident) -> Self {
        let party = |(id, party): (String, wangge_model::incident::Party)| IncidentParty {
            id,
            name: party.name,
            phone: party.phone,
        };
        Self {
            category: incident.category,
            urgency: incident.urgency,
            handling: incident.handling,
            source: incident.source,
            visit: incident.visit,
            title: incident.title,
            description: incident.description,
            household: incident.household,
            concerned_place: incident.concerned_place,
            hazard: incident.hazard,
            place: incident.place,
            point: incident.point,
            occurred_at: incident.occurred_at,
            parties: incident.parties.into_iter().map(party).collect(),
            case: IncidentCase {
                number: incident.case.number,
                state: incident.case.state,
                received_at: incident.case.received_at,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wangge_model::incident::{Case, Party};

    use super::*;

    #[test]
    fn parties_carry_their_ids_and_the_case_its_number() {
        let incident = Incident::from(wangge_model::incident::Incident {
            parties: BTreeMap::from([(
                "p1".to_owned(),
                Party {
                    name: "李雷".to_owned(),
                    phone: String::new(),
                },
            )]),
            case: Case {
                number: "20260001".to_owned(),
                state: "reported".to_owned(),
                received_at: Some(Timestamp::from_millis(3)),
                ..Case::default()
            },
            ..Default::default()
        });
        assert_eq!(incident.parties[0].id, "p1");
        assert_eq!(incident.parties[0].name, "李雷");
        assert_eq!(incident.case.number, "20260001");
        assert_eq!(incident.case.received_at, Some(Timestamp::from_millis(3)));
    }
}
