//! See [`AssessmentStorage`]. What counting needs of each incident is kept beside
//! the records (`incident_fact`), in the order of grid and day, so that one pass
//! over it answers every formula of a place and period.

mod analysis;
mod fact;
mod figure;
mod freeze;
mod place;
mod rating;
mod row;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use wangge_model::{OrgNodeId, PersonId, Timestamp, assessment::AssessmentPeriod};

use super::SqliteStorage;
use crate::storage::{
    AssessmentStorage, CaseAnalysis, FigureQuery, FigureRowPage, FigureRowQuery, FigureTable,
    FrozenTable, NewFreeze, NewRating, OrgNode, RateableUnit, Rating, Repetition, StorageResult,
    WorkSpan, WorkerProblems, YearOnYear,
};

#[async_trait]
impl AssessmentStorage for SqliteStorage {
    async fn read_cases(&self, most: u32) -> StorageResult<u64> {
        self.write(move |connection, _| fact::read_due(connection, most))
            .await
    }

    async fn has_cases_due(&self) -> StorageResult<bool> {
        self.read(|connection| {
            Ok(connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM incident_due)")?
                .query_row([], |row| row.get(0))?)
        })
        .await
    }

    async fn list_assessed_places(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<OrgNode>> {
        let person = *person;
        self.read(move |connection| place::list(connection, &person, at))
            .await
    }

    async fn find_figures(
        &self,
        person: &PersonId,
        at: Timestamp,
        query: &FigureQuery,
    ) -> StorageResult<Option<FigureTable>> {
        let (person, query) = (*person, query.clone());
        self.read(move |connection| figure::find(connection, &person, at, &query))
            .await
    }

    async fn list_figure_rows(
        &self,
        person: &PersonId,
        at: Timestamp,
        query: &FigureRowQuery,
    ) -> StorageResult<Option<FigureRowPage>> {
        let (person, query) = (*person, query.clone());
        self.read(move |connection| row::list(connection, &person, at, &query))
            .await
    }

    async fn freeze_month(&self, new: &NewFreeze) -> StorageResult<bool> {
        let new = new.clone();
        self.write(move |connection, _| freeze::freeze(connection, &new))
            .await
    }

    async fn list_unfrozen(&self, month: AssessmentPeriod) -> StorageResult<Vec<OrgNodeId>> {
        self.read(move |connection| freeze::list_unfrozen(connection, month))
            .await
    }

    async fn is_frozen_by_itself(&self, place: &OrgNodeId) -> StorageResult<bool> {
        let place = *place;
        self.read(move |connection| freeze::is_root(connection, &place))
            .await
    }

    async fn find_frozen(
        &self,
        person: &PersonId,
        at: Timestamp,
        place: &OrgNodeId,
        month: AssessmentPeriod,
    ) -> StorageResult<Option<FrozenTable>> {
        let (person, place) = (*person, *place);
        self.read(move |connection| freeze::find(connection, &person, at, &place, month))
            .await
    }

    async fn list_rateable_units(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<RateableUnit>> {
        let person = *person;
        self.read(move |connection| rating::list_units(connection, &person, at))
            .await
    }

    async fn rate_unit(&self, new: &NewRating) -> StorageResult<()> {
        let new = new.clone();
        self.write(move |connection, _| rating::rate(connection, &new))
            .await
    }

    async fn list_ratings(
        &self,
        person: &PersonId,
        at: Timestamp,
        period: AssessmentPeriod,
    ) -> StorageResult<Vec<Rating>> {
        let person = *person;
        self.read(move |connection| rating::list(connection, &person, at, period))
            .await
    }

    async fn analyse_cases(
        &self,
        person: &PersonId,
        at: Timestamp,
        place: &OrgNodeId,
        days: YearOnYear,
        is_told: bool,
    ) -> StorageResult<Option<CaseAnalysis>> {
        let (person, place) = (*person, *place);
        self.read(move |connection| {
            analysis::analyse(connection, &person, at, &place, days, is_told)
        })
        .await
    }

    async fn list_repetitions(
        &self,
        person: &PersonId,
        at: Timestamp,
        place: &OrgNodeId,
        span: WorkSpan,
        least: u32,
    ) -> StorageResult<Vec<Repetition>> {
        let (person, place) = (*person, *place);
        self.read(move |connection| {
            analysis::list_repetitions(connection, &person, at, &place, span, least)
        })
        .await
    }

    async fn list_problems(
        &self,
        person: &PersonId,
        at: Timestamp,
        place: &OrgNodeId,
        span: WorkSpan,
        least: u32,
    ) -> StorageResult<Vec<WorkerProblems>> {
        let (person, place) = (*person, *place);
        self.read(move |connection| {
            analysis::list_problems(connection, &person, at, &place, span, least)
        })
        .await
    }
}
