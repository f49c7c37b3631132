//! Surveys that are asked in a grid, and the sheet that is filled in on a visit.

use wangge_model::{
    CivilDay, GridId,
    document::FieldEdit,
    survey::{SURVEY, Survey},
};

use crate::{Core, Error, Result};

impl Core {
    /// The surveys that are asked in a grid on a day (today if not given): its own
    /// and those of the places above it, the one that ends first first.
    pub fn surveys(&self, grid: GridId, on: Option<CivilDay>) -> Result<Vec<Survey>> {
        let on = self.day_of(on)?;
        let mut surveys = self.read_references::<Survey>(SURVEY, grid)?;
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
        let surveys = self.read_references::<Survey>(SURVEY, grid)?;
        let survey = surveys.into_iter().find(|one| one.id == survey);
        let survey = survey.ok_or(Error::NotFound { what: "survey" })?;
        Ok(survey.edits(answers)?)
    }
}
