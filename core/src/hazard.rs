//! Hazards found at a household or place: reporting one as an incident, and
//! looking again.

use wangge_model::{
    CivilDay, FieldPath, RecordId, RecordKind,
    document::FieldEdit,
    hazard::{FoundHazard, Hazard, Recheck, read_hazards, recheck_edits, reported_edits},
};

use crate::{Core, Error, RecordRow, Result};

impl Core {
    /// Reports a hazard of a household or place as an incident of its grid, with
    /// what the hazard says and `edits` on top; the hazard then names the
    /// incident. Both are saved, or neither. A hazard that was reported already
    /// is not reported again: the answer is the incident there is.
    pub fn report_hazard(
        &self,
        record: RecordId,
        hazard: &str,
        edits: &[FieldEdit],
    ) -> Result<RecordId> {
        let (row, found) = self.load_hazard(record, hazard)?;
        if let Some(incident) = found.incident {
            return Ok(incident);
        }
        let report = FoundHazard {
            record,
            kind: row.kind,
            title: &row.summary.title,
            id: hazard,
            hazard: &found,
        }
        .report();
        let mut edits_of_incident = self.normalise(RecordKind::Incident, &report)?;
        let further = self.normalise(RecordKind::Incident, edits)?;
        edits_of_incident.retain(|edit| further.iter().all(|other| other.path != edit.path));
        edits_of_incident.extend(further);
        let incident = RecordId::make(self.clock.as_ref(), self.entropy.as_ref());
        let link = self.normalise(row.kind, &reported_edits(hazard, incident))?;
        let at = self.clock.now();
        let store = &self.store;
        store.create_linked(incident, row.grid, &edits_of_incident, record, &link, at)?;
        self.indexer.note_save(&self.store);
        Ok(incident)
    }

    /// Notes that somebody looked at a hazard again on a day (today if not
    /// given), and what they found.
    pub fn recheck_hazard(
        &self,
        record: RecordId,
        hazard: &str,
        result: Recheck,
        on: Option<CivilDay>,
    ) -> Result<()> {
        let (_, found) = self.load_hazard(record, hazard)?;
        let by = self.enrolled_person()?.to_string();
        let on = self.day_of(on)?;
        self.edit_record(record, &recheck_edits(hazard, &found, result, &by, on))
    }

    fn load_hazard(&self, record: RecordId, hazard: &str) -> Result<(RecordRow, Hazard)> {
        let not_found = || Error::NotFound { what: "hazard" };
        // An id that is no part of a path names no entry.
        FieldPath::new(format!("hazards.{hazard}.kind")).map_err(|_| not_found())?;
        let row = self.store.find_row(record)?.ok_or_else(not_found)?;
        if !matches!(row.kind, RecordKind::Household | RecordKind::Place) {
            return Err(not_found());
        }
        let document = self.store.find_document(record)?.ok_or_else(not_found)?;
        let found = read_hazards(&document.read()).remove(hazard);
        Ok((row, found.ok_or_else(not_found)?))
    }

    /// What a report says by itself: that it came about on the visit it names,
    /// or in a check for hazards, and whom that visit was to.
    pub(crate) fn complete_incident(&self, edits: &mut Vec<FieldEdit>) -> Result<()> {
        let value = |path: &str| {
            let edit = edits.iter().rev().find(|edit| edit.path.as_str() == path);
            edit.and_then(|edit| edit.value.as_ref()?.as_text().map(ToOwned::to_owned))
        };
        let mut further = Vec::new();
        let visit = value("visit").and_then(|id| id.parse::<RecordId>().ok());
        if value("source").is_none() {
            let source = match (visit, value("hazard")) {
                (Some(_), _) => Some("visit"),
                (None, Some(_)) => Some("check"),
                (None, None) => None,
            };
            further.extend(source.map(|source| ("source", source.to_owned())));
        }
        let names_nobody = value("household").is_none() && value("concerned_place").is_none();
        if let Some(visit) = visit.filter(|_| names_nobody)
            && let Some(row) = self.store.find_row(visit)?
        {
            let household = row
                .summary
                .household
                .map(|id| ("household", id.to_string()));
            let place = row
                .summary
                .place
                .map(|id| ("concerned_place", id.to_string()));
            further.extend(household.into_iter().chain(place));
        }
        for (path, text) in further {
            if let Ok(path) = FieldPath::new(path) {
                edits.push(FieldEdit::set(path, wangge_model::FieldValue::Text(text)));
            }
        }
        Ok(())
    }
}
