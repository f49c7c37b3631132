//! `/rules`: how often whom to visit and which visits count, by place. What is
//! built in holds where nobody published rules; the nearest place upwards with
//! rules of its own holds otherwise.

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use wangge_model::{
    OrgNodeId, RecordKind,
    access::{Act, Data},
    document::schema::VISIT_RESULT,
    message::find_message,
    reference::{self, VISIT_RULES},
    visit_plan::{
        MOST_RULES, Period, RuleScope, RuleUnit, VisitRule, VisitRules, VisitValidity, groups,
    },
};

use super::{
    error::PageError,
    field::choice,
    frame::{Frame, render},
    page::Page,
    select::{SelectOption, node_options},
};
use crate::{
    AppState,
    auth::{Nothing, Scope, SignedForm, SignedIn, sign_in::audit},
    storage::{NewReference, OrgNode, ReferenceEdition},
};

/// Empty rows for new rules.
const BLANK_ROWS: usize = 3;
/// The figures of the form, by their names in the set.
const FIGURES: [&str; 5] = [
    "min_duration_s",
    "max_distance_m",
    "max_accuracy_m",
    "max_days_late",
    "moved_in_days",
];

#[derive(Template)]
#[template(path = "rules.html")]
pub(crate) struct RulesPage {
    pub(crate) page: Page,
    pub(crate) places: Vec<RulesPlace>,
    pub(crate) nodes: Vec<SelectOption>,
}

/// A place with rules of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RulesPlace {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) edition: u32,
    pub(crate) by: String,
    pub(crate) at: String,
}

#[derive(Template)]
#[template(path = "visit_rules.html")]
pub(crate) struct VisitRulesPage {
    pub(crate) page: Page,
    pub(crate) href: String,
    pub(crate) node_name: String,
    /// Whose rules these are.
    pub(crate) origin: String,
    /// The place has rules of its own.
    pub(crate) is_own: bool,
    pub(crate) may_write: bool,
    /// Number of the place's latest edition; 0 if it never had one.
    pub(crate) edition: u32,
    pub(crate) figures: Vec<FigureInput>,
    pub(crate) results: Vec<SelectOption>,
    pub(crate) once_a_day: bool,
    pub(crate) rules: Vec<RuleInput>,
    pub(crate) editions: Vec<RulesPlace>,
}

/// A number to enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FigureInput {
    pub(crate) name: &'static str,
    pub(crate) label: String,
    pub(crate) value: String,
}

/// A rule to enter, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleInput {
    pub(crate) number: usize,
    pub(crate) title: String,
    pub(crate) id: String,
    pub(crate) zh: String,
    pub(crate) en: String,
    pub(crate) count: String,
    pub(crate) priority: String,
    pub(crate) source: String,
    pub(crate) groups: Vec<SelectOption>,
    pub(crate) units: Vec<SelectOption>,
    pub(crate) periods: Vec<SelectOption>,
    pub(crate) scopes: Vec<SelectOption>,
    pub(crate) is_active: bool,
    pub(crate) is_removed: bool,
    pub(crate) is_blank: bool,
}

/// The form, as it was sent or as rules fill it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RulesForm(HashMap<String, String>);

impl RulesForm {
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.trim())
    }

    fn of_rule(&self, name: &str, number: usize) -> &str {
        self.get(&format!("{name}_{number}"))
    }

    fn rows(&self) -> usize {
        let rows = self.get("rows").parse().unwrap_or(0);
        std::cmp::min(rows, MOST_RULES + BLANK_ROWS)
    }

    /// The form filled with rules.
    pub(crate) fn of(rules: &VisitRules) -> Self {
        let mut values = HashMap::new();
        let mut put = |name: String, value: String| values.insert(name, value);
        let validity = &rules.validity;
        let figures = [
            validity.min_duration_s,
            validity.max_distance_m,
            validity.max_accuracy_m,
            validity.max_days_late,
            rules.moved_in_days,
        ];
        for (name, value) in FIGURES.into_iter().zip(figures) {
            put(name.to_owned(), value.to_string());
        }
        for result in &validity.results {
            put(format!("result_{result}"), "1".to_owned());
        }
        let flag = |is_set: bool| if is_set { "1" } else { "" }.to_owned();
        put("once_a_day".to_owned(), flag(validity.once_a_day));
        put("rows".to_owned(), rules.rules.len().to_string());
        for (number, rule) in rules.rules.iter().enumerate() {
            for (name, value) in [
                ("id", rule.id.clone()),
                ("zh", rule.zh.clone()),
                ("en", rule.en.clone()),
                ("group", rule.group.clone()),
                ("unit", rule.unit.as_str().to_owned()),
                ("count", rule.count.to_string()),
                ("period", rule.period.as_str().to_owned()),
                ("scope", rule.scope.as_str().to_owned()),
                ("priority", rule.priority.to_string()),
                ("active", flag(rule.active)),
                ("source", rule.source.clone()),
            ] {
                put(format!("{name}_{number}"), value);
            }
        }
        Self(values)
    }

    /// The rules it describes; otherwise what to say to whoever typed it.
    pub(crate) fn read(&self, page: &Page) -> Result<VisitRules, String> {
        let figure = |name: &str| {
            self.get(name).parse::<u32>().map_err(|_| {
                let label = page.t(&figure_message(name));
                page.t1("console-rules-number", "what", label)
            })
        };
        let [
            min_duration_s,
            max_distance_m,
            max_accuracy_m,
            max_days_late,
            moved_in_days,
        ] = FIGURES;
        let mut rules = VisitRules {
            validity: VisitValidity {
                results: VISIT_RESULT
                    .iter()
                    .filter(|result| self.get(&format!("result_{result}")) == "1")
                    .map(|result| (*result).to_owned())
                    .collect(),
                min_duration_s: figure(min_duration_s)?,
                max_distance_m: figure(max_distance_m)?,
                max_accuracy_m: figure(max_accuracy_m)?,
                max_days_late: figure(max_days_late)?,
                once_a_day: self.get("once_a_day") == "1",
            },
            rules: Vec::new(),
            moved_in_days: figure(moved_in_days)?,
        };
        for number in 0..self.rows() {
            let of = |name: &str| self.of_rule(name, number);
            let is_blank = ["id", "zh", "en"].iter().all(|name| of(name).is_empty());
            if is_blank || of("removed") == "1" {
                continue;
            }
            let place = rules.rules.len() + 1;
            let say = |what: &str| {
                let what = page.t(what);
                page.t2("console-rules-rule-number", "place", place, "what", what)
            };
            let line = |name: &str| of(name).chars().filter(|c| !c.is_control()).collect();
            rules.rules.push(VisitRule {
                id: of("id").to_owned(),
                zh: line("zh"),
                en: line("en"),
                group: of("group").to_owned(),
                unit: RuleUnit::parse(of("unit")).ok_or_else(|| say("console-rules-unit"))?,
                count: of("count")
                    .parse()
                    .map_err(|_| say("console-rules-count"))?,
                period: Period::parse(of("period")).ok_or_else(|| say("console-rules-period"))?,
                scope: RuleScope::parse(of("scope")).ok_or_else(|| say("console-rules-scope"))?,
                priority: of("priority")
                    .parse()
                    .map_err(|_| say("console-rules-priority"))?,
                active: of("active") == "1",
                source: line("source"),
            });
        }
        rules.check().map_err(|error| error.text(page.language))?;
        Ok(rules)
    }

    /// One rule as inputs; beyond those there are, an empty one.
    fn input(&self, page: &Page, number: usize) -> RuleInput {
        let of = |name: &str| self.of_rule(name, number);
        let or = |name: &str, usual: &str| match of(name) {
            "" => usual.to_owned(),
            value => value.to_owned(),
        };
        let is_blank = number >= self.rows();
        let (zh, en) = (of("zh").to_owned(), of("en").to_owned());
        let name = match page.language {
            wangge_model::message::Language::Chinese => &zh,
            wangge_model::message::Language::English => &en,
        };
        let title = if name.is_empty() {
            page.t("console-rules-new-rule")
        } else {
            name.clone()
        };
        let words = |prefix: &str, word: &str| {
            page.t(&format!("visit-{prefix}-{}", word.replace('_', "-")))
        };
        let (unit, period, scope) = (
            or("unit", "visit"),
            or("period", "month"),
            or("scope", "all"),
        );
        RuleInput {
            number,
            title,
            id: of("id").to_owned(),
            count: or("count", "1"),
            priority: or("priority", "5"),
            source: of("source").to_owned(),
            groups: groups()
                .map(|group| SelectOption::new(group, group_text(page, group), of("group")))
                .collect(),
            units: RuleUnit::ALL
                .map(|one| SelectOption::new(one.as_str(), words("unit", one.as_str()), &unit))
                .to_vec(),
            periods: Period::ALL
                .map(|one| SelectOption::new(one.as_str(), words("period", one.as_str()), &period))
                .to_vec(),
            scopes: RuleScope::ALL
                .map(|one| SelectOption::new(one.as_str(), words("scope", one.as_str()), &scope))
                .to_vec(),
            is_active: is_blank || of("active") == "1",
            is_removed: of("removed") == "1",
            is_blank,
            zh,
            en,
        }
    }
}

fn figure_message(name: &str) -> String {
    format!("visit-validity-{}", name.replace('_', "-"))
}

/// A group of households in words.
fn group_text(page: &Page, group: &str) -> String {
    let id = format!("visit-group-{}", group.replace('_', "-"));
    find_message(page.language, &id, &[]).unwrap_or_else(|| {
        choice(
            RecordKind::Household,
            "labels.*.group",
            group,
            page.language,
        )
    })
}

impl VisitRulesPage {
    /// The page of a place; `form` is what the inputs show.
    pub(crate) fn new(page: Page, place: Place, form: &RulesForm) -> Self {
        let figures = FIGURES
            .map(|name| FigureInput {
                name,
                label: page.t(&figure_message(name)),
                value: form.get(name).to_owned(),
            })
            .to_vec();
        let results = VISIT_RESULT
            .iter()
            .map(|result| SelectOption {
                value: (*result).to_owned(),
                label: choice(RecordKind::Visit, "result", result, page.language),
                is_chosen: form.get(&format!("result_{result}")) == "1",
            })
            .collect();
        let blank = if place.may_write { BLANK_ROWS } else { 0 };
        let rules = (0..form.rows() + blank)
            .map(|number| form.input(&page, number))
            .collect();
        let origin = match &place.holds {
            Some(edition) if edition.node == place.node.id => page.t("console-rules-own"),
            Some(edition) => page.t1("console-rules-above", "name", &edition.node_name),
            None => page.t("console-rules-built-in"),
        };
        Self {
            href: format!("/rules/{}", place.node.id),
            origin,
            is_own: place.is_own(),
            may_write: place.may_write,
            edition: place.editions.first().map_or(0, |edition| edition.number),
            figures,
            results,
            once_a_day: form.get("once_a_day") == "1",
            rules,
            editions: place
                .editions
                .iter()
                .map(|edition| rules_place(&page, edition))
                .collect(),
            node_name: place.node.name,
            page,
        }
    }
}

fn rules_place(page: &Page, edition: &ReferenceEdition) -> RulesPlace {
    RulesPlace {
        href: format!("/rules/{}", edition.node),
        name: edition.node_name.clone(),
        edition: edition.number,
        by: if edition.person_name.is_empty() {
            page.t("console-rules-by-command")
        } else {
            edition.person_name.clone()
        },
        at: edition.at.to_china_text(),
    }
}

/// A place and its rules.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) node: OrgNode,
    /// The edition that holds there; `None`: what is built in does.
    pub(crate) holds: Option<ReferenceEdition>,
    /// The place's own editions, latest first.
    pub(crate) editions: Vec<ReferenceEdition>,
    pub(crate) may_write: bool,
}

impl Place {
    fn is_own(&self) -> bool {
        let holds = self.holds.as_ref();
        holds.is_some_and(|edition| edition.node == self.node.id)
    }

    async fn find(state: &AppState, scope: &Scope, id: &str) -> Result<Self, PageError> {
        let id: OrgNodeId = id.parse().map_err(|_| PageError::NotFound)?;
        let storage = state.storage.as_ref();
        let nodes = storage.list_nodes_in_scope(&scope.person, scope.at).await?;
        let node = nodes.into_iter().find(|node| node.id == id);
        Ok(Self {
            node: node.ok_or(PageError::NotFound)?,
            holds: storage.find_reference_above(VISIT_RULES, &id).await?,
            editions: storage.list_reference_editions(VISIT_RULES, &id).await?,
            may_write: scope
                .may_in(storage, &id, Data::Reference, Act::Write)
                .await?,
        })
    }

    /// The rules that hold; what a newer build wrote and this one cannot read is
    /// not to be lost by editing it.
    fn rules(&self) -> (VisitRules, bool) {
        let body = self
            .holds
            .as_ref()
            .and_then(|edition| edition.body.as_ref());
        let Some(body) = body else {
            return (VisitRules::default(), true);
        };
        let json = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
        match VisitRules::read_strictly(&json) {
            Ok(rules) => (rules, true),
            Err(_) => (serde_json::from_value(json).unwrap_or_default(), false),
        }
    }
}

/// What is asked or was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RulesQuery {
    node: String,
    done: String,
}

/// `GET /rules`
pub(crate) async fn list(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<RulesQuery>,
) -> Result<Response, PageError> {
    if let Ok(node) = query.node.parse::<OrgNodeId>() {
        return Ok(Redirect::to(&format!("/rules/{node}")).into_response());
    }
    let scope = &signed_in.scope;
    let page = frame.page_for(&signed_in);
    let storage = &state.storage;
    let nodes = storage.list_nodes_in_scope(&scope.person, scope.at).await?;
    let sets = storage.list_references().await?;
    let places = sets
        .iter()
        .filter(|set| set.name == VISIT_RULES && nodes.iter().any(|node| node.id == set.node))
        .map(|set| rules_place(&page, set))
        .collect();
    render(&RulesPage {
        places,
        nodes: node_options(nodes, ""),
        page,
    })
}

/// `GET /rules/{node}`
pub(crate) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<RulesQuery>,
) -> Result<Response, PageError> {
    let mut place = Place::find(&state, &signed_in.scope, &id).await?;
    let mut page = frame.page_for(&signed_in);
    let notice = match query.done.as_str() {
        "published" => Some("console-rules-published-notice"),
        "withdrawn" => Some("console-rules-withdrawn-notice"),
        "same" => Some("console-rules-same-notice"),
        _ => None,
    };
    if let Some(notice) = notice {
        let text = page.t(notice);
        page = page.with_notice(text);
    }
    let (rules, is_known) = place.rules();
    if !is_known {
        place.may_write = false;
        let text = page.t("console-rules-newer");
        page = page.with_problem(text);
    }
    render(&VisitRulesPage::new(page, place, &RulesForm::of(&rules)))
}

/// `POST /rules/{node}`
pub(crate) async fn publish(
    State(state): State<AppState>,
    frame: Frame,
    Path(id): Path<String>,
    sent: SignedForm<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    let place = Place::find(&state, &signed_in.scope, &id).await?;
    if !place.may_write || !place.rules().1 {
        return Err(PageError::Forbidden);
    }
    let form = RulesForm(form);
    let page = frame.page_for(&signed_in);
    let latest = place.editions.first();
    let known = form.get("edition").parse().unwrap_or(0);
    let read = if latest.map_or(0, |edition| edition.number) == known {
        form.read(&page)
    } else {
        Err(page.t("console-rules-changed-meanwhile"))
    };
    let body = read.and_then(|rules| {
        // Rules always turn into JSON; `check` refuses what would not.
        let body = serde_json::to_vec(&rules).unwrap_or_default();
        reference::check(VISIT_RULES, &body).map_err(|error| error.text(page.language))?;
        Ok(body)
    });
    match body {
        Ok(body) => replace(&state, &signed_in.scope, &place, Some(body)).await,
        Err(problem) => {
            let page = page.with_problem(problem);
            let page = render(&VisitRulesPage::new(page, place, &form))?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// `POST /rules/{node}/withdraw`
pub(crate) async fn withdraw(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let scope = &sent.signed_in.scope;
    let place = Place::find(&state, scope, &id).await?;
    if !place.may_write {
        return Err(PageError::Forbidden);
    }
    replace(&state, scope, &place, None).await
}

async fn replace(
    state: &AppState,
    scope: &Scope,
    place: &Place,
    body: Option<Vec<u8>>,
) -> Result<Response, PageError> {
    let (action, done) = match body {
        Some(_) => ("reference_published", "published"),
        None => ("reference_withdrawn", "withdrawn"),
    };
    let new = NewReference {
        name: VISIT_RULES.to_owned(),
        node: place.node.id,
        body,
        person: Some(scope.person),
        at: scope.at,
    };
    let changed = state.storage.publish_references(&[new]).await? > 0;
    let done = if changed { done } else { "same" };
    if changed {
        let target = format!("{VISIT_RULES} {}", place.node.id);
        audit(&state.auth, scope.person, action, &target, "").await?;
    }
    Ok(Redirect::to(&format!("/rules/{}?done={done}", place.node.id)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_survive_the_form() {
        let rules = VisitRules::default();
        let form = RulesForm::of(&rules);
        assert_eq!(form.read(&Page::default()), Ok(rules));
    }

    #[test]
    fn what_is_typed_wrong_is_named() {
        let said = |change: &dyn Fn(&mut HashMap<String, String>)| {
            let mut form = RulesForm::of(&VisitRules::default());
            change(&mut form.0);
            form.read(&Page::default()).unwrap_err()
        };
        let put = |form: &mut HashMap<String, String>, name: &str, value: &str| {
            form.insert(name.to_owned(), value.to_owned());
        };
        assert!(said(&|form| put(form, "max_days_late", "七")).contains("补录期限"));
        assert!(said(&|form| put(form, "max_days_late", "400")).contains("366"));
        assert!(said(&|form| put(form, "count_1", "")).contains('2'));
        assert!(said(&|form| put(form, "id_1", "worker_households")).contains("worker_households"));
        assert!(said(&|form| put(form, "result_met", "")).contains("走访结果"));
    }

    #[test]
    fn a_removed_rule_and_an_empty_row_are_left_out() {
        let rules = VisitRules::default();
        let mut form = RulesForm::of(&rules);
        let rows = rules.rules.len();
        form.0.insert("removed_0".to_owned(), "1".to_owned());
        form.0
            .insert("rows".to_owned(), (rows + BLANK_ROWS).to_string());
        let read = form.read(&Page::default()).unwrap();
        assert_eq!(read.rules, rules.rules[1..]);
    }
}
