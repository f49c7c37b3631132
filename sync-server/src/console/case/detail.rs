//! `GET /cases/{id}`: where a case stands, how it came there, what the reader
//! may do now and why not the rest.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use serde::Deserialize;
use wangge_model::{
    OrgNodeId, PersonId, RecordId, RecordKind, Timestamp,
    case::{Case, CaseRefusal, CaseState, CaseSummary, CaseVerb, Needs, Requester},
    document::RecordDocument,
    incident::Incident,
    message::{message, message_id},
};

use super::{
    choice::{find_people_options, find_unit_options},
    list::light_words,
};
use crate::{
    AppState,
    auth::SignedIn,
    console::{
        class::class_words_at,
        error::PageError,
        field::choice,
        frame::{Frame, render},
        page::Page,
        select::SelectOption,
    },
    ingest::{authority, case_action},
    storage::StoredRecord,
};

#[derive(Template)]
#[template(path = "case.html")]
pub(crate) struct CasePageView {
    pub(crate) page: Page,
    pub(crate) case: CaseView,
}

/// A case in words.
#[derive(Debug, Default)]
pub(crate) struct CaseView {
    pub(crate) href: String,
    pub(crate) record_href: String,
    pub(crate) title: String,
    pub(crate) state: String,
    pub(crate) light: String,
    pub(crate) light_class: &'static str,
    pub(crate) is_supervised: String,
    pub(crate) version: u64,
    /// Label and value.
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) description: String,
    pub(crate) timeline: Vec<TimelineLine>,
    pub(crate) requests: Vec<RequestLine>,
    pub(crate) actions: Vec<ActionView>,
    /// Verbs that are not possible now, and why.
    pub(crate) others: Vec<(String, String)>,
    pub(crate) units: Vec<SelectOption>,
    /// Who could be named as the one who was asked first.
    pub(crate) people: Vec<SelectOption>,
    /// The incident it was merged into: address and number.
    pub(crate) merged_into: Option<(String, String)>,
    /// How many people reported it.
    pub(crate) reporters: u32,
    /// Whoever reported it, once something was merged into it.
    pub(crate) reports: Vec<ReportLine>,
    /// Incidents that may be the same.
    pub(crate) alike: Vec<AlikeLine>,
    /// Whether the reader may merge it.
    pub(crate) may_merge: bool,
    /// Where its file is, once it is closed.
    pub(crate) file: Option<String>,
}

/// A report that is part of a case.
#[derive(Debug, Default)]
pub(crate) struct ReportLine {
    /// Empty: this one.
    pub(crate) href: String,
    pub(crate) number: String,
    pub(crate) title: String,
    pub(crate) who: String,
    pub(crate) at: String,
}

/// An incident that may be the same, and why.
#[derive(Debug, Default)]
pub(crate) struct AlikeLine {
    pub(crate) href: String,
    pub(crate) number: String,
    pub(crate) title: String,
    pub(crate) state: String,
    pub(crate) at: String,
    pub(crate) why: String,
}

/// One decision in words.
#[derive(Debug, Default)]
pub(crate) struct TimelineLine {
    pub(crate) at: String,
    pub(crate) who: String,
    pub(crate) what: String,
    pub(crate) to: String,
    pub(crate) about: String,
    pub(crate) text: String,
}

/// What somebody asked for from a phone.
#[derive(Debug, Default)]
pub(crate) struct RequestLine {
    pub(crate) at: String,
    pub(crate) what: String,
    pub(crate) text: String,
    pub(crate) outcome: String,
    /// Class of the outcome's badge.
    pub(crate) outcome_class: &'static str,
}

/// Something the reader may do.
#[derive(Debug, Default)]
pub(crate) struct ActionView {
    pub(crate) verb: &'static str,
    pub(crate) label: String,
    /// What its form asks for.
    pub(crate) fields: Needs,
    /// Units that were whistled for and are as far as the verb needs.
    pub(crate) joint: Vec<SelectOption>,
}

/// What the address may say beside the case.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DetailQuery {
    done: String,
}

/// `GET /cases/{id}`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<DetailQuery>,
) -> Result<Response, PageError> {
    let case = view(&state, &frame, &signed_in, &id).await?;
    let mut page = frame.page_for(&signed_in);
    if let Some(verb) = CaseVerb::parse(&query.done) {
        let verb = page.t(&message_id("case-verb", verb.as_str()));
        let text = page.t1("console-case-done", "verb", verb);
        page = page.with_notice(text);
    }
    render(&CasePageView { page, case })
}

/// The case as this reader may see it.
pub(super) async fn view(
    state: &AppState,
    frame: &Frame,
    signed_in: &SignedIn,
    id: &str,
) -> Result<CaseView, PageError> {
    let id: RecordId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &signed_in.scope;
    let stored = state
        .storage
        .find_case(&id, &scope.person, scope.at)
        .await?
        .ok_or(PageError::NotFound)?;
    let document = open(&stored).await?;
    let incident = Incident::read(&document);
    let summary = document.summary().case.unwrap_or_default();
    let case = incident.case.decided.clone().ok_or(PageError::NotFound)?;
    let named = case.joint.keys().copied().chain(case.unit);
    let context = case_action::gather(state, &stored, named).await?;
    let standing =
        authority::find_standing(state.storage.as_ref(), &scope.person, scope.at).await?;
    let requester = standing.requester(&case, &context.place.nodes);
    let possible = case.possible(id, &requester, &context.place.rules.limits, scope.at);
    let words = Words {
        state,
        frame,
        units: &context.units,
    };
    let needs_unit = possible
        .iter()
        .any(|(verb, refusal)| refusal.is_none() && (verb.needs().unit || verb.needs().units));
    let units = if needs_unit {
        find_unit_options(state, signed_in, &context.place.nodes, &context.units).await?
    } else {
        Vec::new()
    };
    let needs_person = possible
        .iter()
        .any(|(verb, refusal)| refusal.is_none() && verb.needs().person);
    let people = if needs_person {
        find_people_options(state, &context.place.nodes, scope.at).await?
    } else {
        Vec::new()
    };
    let (light, light_class) = light_words(summary.light(scope.at), frame.language);
    let may_merge = possible
        .iter()
        .any(|(verb, refusal)| *verb == CaseVerb::Merge && refusal.is_none());
    let storage = state.storage.as_ref();
    let merged_into = match case.merged_into {
        Some(into) => storage.find_case(&into, &scope.person, scope.at).await?,
        None => None,
    };
    let merged_into = match merged_into {
        Some(into) => {
            let number = Incident::read(&open(&into).await?).case.number;
            Some((format!("/cases/{}", into.id), number))
        }
        None => None,
    };
    Ok(CaseView {
        file: matches!(case.state, CaseState::Closed | CaseState::Archived)
            .then(|| format!("/cases/{id}/archive.zip")),
        merged_into,
        may_merge,
        reporters: storage.count_reporters(&id).await?,
        reports: words.reports(signed_in, &incident, id).await?,
        alike: words.alike(signed_in, id).await?,
        href: format!("/cases/{id}"),
        record_href: format!("/incidents/{id}"),
        title: if incident.title.is_empty() {
            frame.t("console-title-missing")
        } else {
            incident.title.clone()
        },
        state: frame.t(&message_id("case-state", case.state.as_str())),
        light,
        light_class,
        is_supervised: case
            .supervision
            .map(|card| frame.t(&message_id("case-card", card.as_str())))
            .unwrap_or_default(),
        version: case.version,
        facts: words.facts(&incident, &case, &summary, &stored).await?,
        timeline: words.timeline(&incident),
        requests: words.requests(&incident),
        description: incident.description,
        actions: words.actions(&case, &possible, &requester),
        others: words.others(possible),
        units,
        people,
    })
}

async fn open(stored: &StoredRecord) -> Result<RecordDocument, PageError> {
    let (kind, bytes) = (stored.kind, stored.document.clone());
    let opened = tokio::task::spawn_blocking(move || RecordDocument::load(kind, Some(&bytes), []));
    opened
        .await
        .map_err(|error| PageError::internal(&error))?
        .map_err(|error| PageError::internal(&error))
}

struct Words<'a> {
    state: &'a AppState,
    frame: &'a Frame,
    units: &'a std::collections::BTreeMap<OrgNodeId, String>,
}

impl Words<'_> {
    fn t(&self, id: &str) -> String {
        self.frame.t(id)
    }

    async fn person(&self, id: Option<PersonId>) -> Result<String, PageError> {
        let Some(id) = id else {
            return Ok(String::new());
        };
        let person = self.state.storage.find_person(&id).await?;
        Ok(person.map(|person| person.name).unwrap_or_default())
    }

    async fn facts(
        &self,
        incident: &Incident,
        case: &Case,
        summary: &CaseSummary,
        stored: &StoredRecord,
    ) -> Result<Vec<(String, String)>, PageError> {
        let language = self.frame.language;
        let code = |path: &str, code: &str| choice(RecordKind::Incident, path, code, language);
        let grid = self.state.storage.find_node(&stored.grid.into()).await?;
        let time = |time: Option<Timestamp>| time.map(Timestamp::to_china_text).unwrap_or_default();
        let due = match (summary.due_at, summary.due_problem.as_str()) {
            (Some(due), _) => due.to_china_text(),
            (None, "")
                if case
                    .clock
                    .as_ref()
                    .is_some_and(wangge_model::case::CaseClock::is_stopped) =>
            {
                self.t("console-case-clock-stopped")
            }
            (None, "") => String::new(),
            (None, problem) => self.t(&message_id("case-due-problem", problem)),
        };
        let class = class_words_at(
            self.state.storage.as_ref(),
            &stored.grid.into(),
            &incident.category,
            language,
        )
        .await?;
        let unit = case.unit.map(|unit| self.units.get(&unit).cloned());
        let stars = case.rating.map(|stars| "★".repeat(usize::from(stars)));
        let facts = [
            ("incident-case-number", incident.case.number.clone()),
            (
                "console-case-level",
                self.t(&message_id("case-level", case.level.as_str())),
            ),
            ("incident-case-unit", unit.flatten().unwrap_or_default()),
            ("incident-case-handler", self.person(case.handler).await?),
            ("incident-case-due-at", due),
            ("incident-category", class),
            ("incident-urgency", code("urgency", case.urgency.as_str())),
            (
                "incident-handling",
                code("handling", case.handling.as_str()),
            ),
            (
                "console-grid",
                grid.map(|grid| grid.name).unwrap_or_default(),
            ),
            ("incident-place", incident.place.clone()),
            ("incident-occurred-at", time(incident.occurred_at)),
            ("incident-case-received-at", time(incident.case.received_at)),
            ("incident-case-reporter", self.person(case.reporter).await?),
            (
                "incident-case-first-handler",
                self.person(case.first_handler).await?,
            ),
            (
                "incident-case-first-asked",
                self.person(case.first_asked).await?,
            ),
            ("incident-case-rating", stars.unwrap_or_default()),
        ];
        Ok(facts
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(label, value)| (self.t(label), value))
            .collect())
    }

    /// Who reported it: itself first, then what was merged into it. Nothing, if
    /// that is nothing.
    async fn reports(
        &self,
        signed_in: &SignedIn,
        incident: &Incident,
        id: RecordId,
    ) -> Result<Vec<ReportLine>, PageError> {
        let scope = &signed_in.scope;
        let storage = &self.state.storage;
        let merged = storage.list_merged(&id, &scope.person, scope.at).await?;
        if merged.is_empty() {
            return Ok(Vec::new());
        }
        let reporter = incident.case.decided.as_ref();
        let mut lines = vec![ReportLine {
            number: incident.case.number.clone(),
            title: incident.title.clone(),
            who: self
                .reporter(reporter.and_then(|case| case.reporter))
                .await?,
            at: incident
                .case
                .received_at
                .map(Timestamp::to_china_text)
                .unwrap_or_default(),
            ..ReportLine::default()
        }];
        for report in merged {
            let case = report.summary.case.unwrap_or_default();
            lines.push(ReportLine {
                href: format!("/cases/{}", report.id),
                number: report.summary.number,
                title: report.summary.title,
                who: self.reporter(case.reporter).await?,
                at: report.created_at.to_china_text(),
            });
        }
        Ok(lines)
    }

    async fn reporter(&self, id: Option<PersonId>) -> Result<String, PageError> {
        let name = self.person(id).await?;
        Ok(if name.is_empty() {
            self.t("console-case-reporter-unknown")
        } else {
            name
        })
    }

    async fn alike(&self, signed_in: &SignedIn, id: RecordId) -> Result<Vec<AlikeLine>, PageError> {
        let scope = &signed_in.scope;
        let storage = &self.state.storage;
        let found = storage.list_alike(&id, &scope.person, scope.at).await?;
        let lines = found.into_iter().map(|alike| {
            let (summary, likeness) = (alike.record.summary, alike.likeness);
            let (minutes, percent) = (likeness.minutes, likeness.percent.to_string());
            let apart = if minutes < 120 {
                self.frame
                    .t1("console-case-alike-minutes", "count", minutes)
            } else {
                let hours = minutes / 60;
                self.frame.t1("console-case-alike-hours", "count", hours)
            };
            let place = likeness.metres.map_or_else(
                || self.t("console-case-alike-no-place"),
                |metres| self.frame.t1("console-case-alike-metres", "count", metres),
            );
            let words = self
                .frame
                .t1("console-case-alike-words", "percent", percent);
            AlikeLine {
                href: format!("/cases/{}", alike.record.id),
                number: summary.number,
                title: summary.title,
                state: self.t(&message_id("case-state", &summary.state)),
                at: alike.record.created_at.to_china_text(),
                why: [place, apart, words].join(" · "),
            }
        });
        Ok(lines.collect())
    }

    fn timeline(&self, incident: &Incident) -> Vec<TimelineLine> {
        let lines = incident
            .case
            .timeline
            .iter()
            .rev()
            .map(|entry| TimelineLine {
                at: entry.at.to_china_text(),
                who: if entry.person.is_some() {
                    entry.name.clone()
                } else {
                    self.t("console-case-by-system")
                },
                what: self.t(&message_id("case-verb", &entry.verb)),
                to: if entry.from == entry.to {
                    String::new()
                } else {
                    self.t(&message_id("case-state", &entry.to))
                },
                about: if entry.named_name.is_empty() {
                    entry.unit_name.clone()
                } else {
                    entry.named_name.clone()
                },
                text: entry.text.clone(),
            });
        lines.collect()
    }

    fn requests(&self, incident: &Incident) -> Vec<RequestLine> {
        let language = self.frame.language;
        let asked = incident.case.requests.iter().rev();
        asked
            .map(|request| {
                let (outcome, outcome_class) = match &request.outcome {
                    None => (self.t("console-case-pending"), "warn"),
                    Some(outcome) if outcome.is_accepted => {
                        (self.t("console-case-accepted"), "good")
                    }
                    Some(outcome) => {
                        let why = CaseRefusal::text_of(language, &outcome.code, outcome.limit);
                        (why, "bad")
                    }
                };
                RequestLine {
                    at: request
                        .asked_at
                        .map(Timestamp::to_china_text)
                        .unwrap_or_default(),
                    what: CaseVerb::parse(&request.verb).map_or_else(
                        || request.verb.clone(),
                        |verb| self.t(&message_id("case-verb", verb.as_str())),
                    ),
                    text: request.arguments.text.clone(),
                    outcome,
                    outcome_class,
                }
            })
            .collect()
    }

    fn actions(
        &self,
        case: &Case,
        possible: &[(CaseVerb, Option<CaseRefusal>)],
        requester: &Requester,
    ) -> Vec<ActionView> {
        possible
            .iter()
            .filter(|(_, refusal)| refusal.is_none())
            .map(|(verb, _)| {
                let needs = verb.needs();
                let is_own = matches!(verb, CaseVerb::Arrive | CaseVerb::ReportJoint);
                let joint = case.joint.iter().filter(|(unit, joint)| {
                    Some(joint.state) == needs.joint && (!is_own || requester.units.contains(unit))
                });
                ActionView {
                    verb: verb.as_str(),
                    label: self.t(&message_id("case-verb", verb.as_str())),
                    joint: joint
                        .map(|(unit, _)| {
                            let name = self.units.get(unit).cloned();
                            SelectOption::new(unit.to_string(), name.unwrap_or_default(), "")
                        })
                        .collect(),
                    fields: needs,
                }
            })
            .collect()
    }

    /// What somebody in another role could do, or what will be possible later.
    fn others(&self, possible: Vec<(CaseVerb, Option<CaseRefusal>)>) -> Vec<(String, String)> {
        let language = self.frame.language;
        possible
            .into_iter()
            .filter_map(|(verb, refusal)| {
                // What another state would allow is told by the state itself.
                let refusal = refusal.filter(|refusal| {
                    !matches!(
                        refusal,
                        CaseRefusal::WrongState { .. } | CaseRefusal::AlreadyAssigned { .. }
                    )
                })?;
                let label = message(language, &message_id("case-verb", verb.as_str()), &[]);
                Some((label, refusal.text(language)))
            })
            .collect()
    }
}
