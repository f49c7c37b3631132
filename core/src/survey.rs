//! Surveys that are asked in a grid, and the sheet that is filled in on a visit.

use wangge_model::{
    CivilDay, GridId,
    document::FieldEdit,
    reference,
    survey::{SURVEY, Survey},
};

use crate::{Core, Error, Result};

impl Core {
    /// The surveys that are asked in a grid on a day (today if not given): its own
    /// and those of the places above it, the one that ends first first.
    pub fn surveys(&self, grid: GridId, on: Option<CivilDay>) -> Result<Vec<Survey>> {
        let on = self.day_of(on)?;
        let mut surveys = self.all_surveys(grid)?;
        surveys.retain(|survey| survey.is_open(on));
        surveys.sort_by(|one, two| (one.ends_on, &one.id).cmp(&(two.ends_on, &two.id)));
        Ok(surveys)
    }

    /// What to write into a visit in this grid for the answers to a survey, each a
    /// question and the codes chosen; an empty choice takes an answer back. The
    /// edits go with the visit's other fields, into a draft or a record.
    pub fn survey_edits(
        &self,
        grid: GridId,
        survey: &str,
        answers: &[(String, Vec<String>)],
    ) -> Result<Vec<FieldEdit>> {
        let surveys = self.all_surveys(grid)?;
        let survey = surveys.into_iter().find(|one| one.id == survey);
        let survey = survey.ok_or(Error::NotFound { what: "survey" })?;
        Ok(survey.edits(answers)?)
    }

    fn all_surveys(&self, grid: GridId) -> Result<Vec<Survey>> {
        let source = self.store.load_rule_source()?;
        let Some(place) = source.grids.get(&grid) else {
            return Ok(Vec::new());
        };
        let holds = |node| node == grid.into() || place.above.contains(&node);
        let sets = source.reference.iter();
        Ok(sets
            .filter(|set| set.name.starts_with(SURVEY) && holds(set.node))
            .filter_map(|set| {
                // The server checks before it publishes.
                let checked = reference::check(&set.name, &set.body);
                let read = checked.map_err(|error| error.to_string()).and_then(|()| {
                    serde_json::from_slice(&set.body).map_err(|error| error.to_string())
                });
                read.inspect_err(|error| tracing::error!(%error, "a survey cannot be read"))
                    .ok()
            })
            .collect())
    }
}
