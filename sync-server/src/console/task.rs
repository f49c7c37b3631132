//! `/tasks`: what departments push down to grids (条线任务到块): filed by them, let in
//! or not by the county's desk (事项准入) unless they are on its list of matters,
//! and then a campaign of its grids.

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use wangge_model::{
    CampaignId, CivilDay, OrgNodeId, RecordKind, TaskId,
    access::{Act, Data},
    document::schema::VISIT_KIND,
    message::message_id,
    task::{Matter, MatterList, TASK_MATTERS, TaskError, TaskOrder, TaskState, is_reason},
    text::typed_line,
};

use super::{
    coverage::Share,
    error::PageError,
    field::choice,
    frame::{Frame, render, render_refusal},
    page::Page,
    select::{SelectOption, node_options},
};
use crate::{
    AppState,
    auth::{Scope, SignedForm, SignedIn, sign_in::audit},
    storage::{NewTask, OrgNode, StorageError, Task, TaskDecision, TaskOutcome},
};

/// How long a task is unless somebody says otherwise, in days.
const USUAL_DAYS: i32 = 30;
/// Places whose lists a page shows; nobody has more departments.
const MOST_TOPS: usize = 20;

#[derive(Template)]
#[template(path = "tasks.html")]
pub(crate) struct TasksPage {
    pub(crate) page: Page,
    pub(crate) tasks: Vec<TaskView>,
    pub(crate) may_file: bool,
    pub(crate) form: TaskForm,
    pub(crate) nodes: Vec<SelectOption>,
    pub(crate) kinds: Vec<SelectOption>,
    pub(crate) matters: Vec<SelectOption>,
    pub(crate) list: Vec<MatterView>,
}

/// A matter of the list in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MatterView {
    pub(crate) title: String,
    pub(crate) basis: String,
    pub(crate) kind: String,
    pub(crate) most_days: u16,
}

/// A task in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskView {
    pub(crate) href: String,
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) kind: String,
    pub(crate) node_name: String,
    pub(crate) starts_on: String,
    pub(crate) ends_on: String,
    pub(crate) basis: String,
    pub(crate) filed: String,
    pub(crate) state: String,
    pub(crate) is_open: bool,
    /// On the list: nobody had to decide.
    pub(crate) is_listed: bool,
    pub(crate) reason: String,
    pub(crate) decided_by: String,
    /// The campaign it became, and how far that is.
    pub(crate) campaign: Option<(String, Share)>,
    pub(crate) may_decide: bool,
}

impl TaskView {
    pub(crate) fn new(task: &Task, page: &Page) -> Self {
        Self {
            href: format!("/tasks/{}", task.id),
            title: task.order.title.clone(),
            note: task.order.note.clone(),
            kind: choice(RecordKind::Visit, "kind", &task.order.kind, page.language),
            node_name: task.node_name.clone(),
            starts_on: task.order.starts_on.to_string(),
            ends_on: task.order.ends_on.to_string(),
            basis: task.order.basis.clone(),
            filed: format!("{} {}", task.filed_by, task.filed_at.to_china_text()),
            state: page.t(&message_id("task-state", task.state.as_str())),
            is_open: task.state != TaskState::Refused,
            is_listed: !task.order.matter.is_empty(),
            reason: task.reason.clone(),
            decided_by: task.decided_by.clone(),
            campaign: task.campaign.map(|id| {
                let share = Share::of(task.done, task.households);
                (format!("/campaigns/{id}"), share)
            }),
            may_decide: task.may_decide,
        }
    }
}

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/tasks", get(list).post(file))
        .route("/tasks/{id}/admit", post(admit))
        .route("/tasks/{id}/refuse", post(refuse))
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TaskForm {
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) kind: String,
    pub(crate) node: String,
    pub(crate) starts_on: String,
    pub(crate) ends_on: String,
    pub(crate) basis: String,
    pub(crate) matter: String,
}

impl TaskForm {
    fn order(&self, today: CivilDay) -> Result<TaskOrder, TaskError> {
        let day = |text: &str| text.parse::<CivilDay>().map_err(|_| TaskError::Days);
        let order = TaskOrder {
            title: typed_line(&self.title),
            note: self.note.trim().replace("\r\n", "\n"),
            kind: self.kind.clone(),
            starts_on: day(&self.starts_on)?,
            ends_on: day(&self.ends_on)?,
            basis: typed_line(&self.basis),
            matter: self.matter.clone(),
        };
        order.check(today)?;
        Ok(order)
    }
}

async fn page_of(
    state: &AppState,
    page: Page,
    scope: &Scope,
    form: TaskForm,
) -> Result<TasksPage, PageError> {
    let storage = &state.storage;
    let may_file = scope.may(Data::Task, Act::Propose);
    let nodes = if may_file {
        storage.list_nodes_in_scope(&scope.person, scope.at).await?
    } else {
        Vec::new()
    };
    let tasks = storage.list_tasks(&scope.person, scope.at).await?;
    let list = find_matters(state, &nodes).await?;
    let kind = |code: &&str| {
        let label = choice(RecordKind::Visit, "kind", code, page.language);
        SelectOption::new(*code, label, &form.kind)
    };
    Ok(TasksPage {
        tasks: tasks
            .iter()
            .map(|task| TaskView::new(task, &page))
            .collect(),
        may_file,
        matters: std::iter::once(("", page.t("console-task-matter-none")))
            .chain(list.iter().map(|matter| {
                let code = matter.code.as_str();
                (code, matter.title.clone())
            }))
            .map(|(code, label)| SelectOption::new(code, label, &form.matter))
            .collect(),
        list: list
            .iter()
            .map(|matter| MatterView {
                title: matter.title.clone(),
                basis: matter.basis.clone(),
                kind: choice(RecordKind::Visit, "kind", &matter.kind, page.language),
                most_days: matter.most_days,
            })
            .collect(),
        kinds: VISIT_KIND.iter().map(kind).collect(),
        nodes: node_options(nodes, &form.node),
        form,
        page,
    })
}

/// The list that holds at a place.
async fn find_list(state: &AppState, node: &OrgNodeId) -> Result<MatterList, PageError> {
    let set = state
        .storage
        .find_reference_above(TASK_MATTERS, node)
        .await?;
    let body = set.and_then(|set| set.body);
    Ok(body.map_or_else(MatterList::default, |body| MatterList::read(&body)))
}

/// The matters of the lists that hold at the topmost of these places, each once.
async fn find_matters(state: &AppState, nodes: &[OrgNode]) -> Result<Vec<Matter>, PageError> {
    let mut matters: Vec<Matter> = Vec::new();
    let is_top = |node: &&OrgNode| !nodes.iter().any(|one| Some(one.id) == node.parent);
    for node in nodes.iter().filter(is_top).take(MOST_TOPS) {
        for matter in find_list(state, &node.id).await?.rows {
            if !matters.iter().any(|known| known.code == matter.code) {
                matters.push(matter);
            }
        }
    }
    Ok(matters)
}

/// The form of a task that nobody typed anything into.
fn empty_form(today: CivilDay) -> TaskForm {
    TaskForm {
        kind: "campaign".to_owned(),
        starts_on: today.to_string(),
        ends_on: today.plus(USUAL_DAYS).to_string(),
        ..TaskForm::default()
    }
}

/// The page again, with what is wrong.
async fn refused(
    state: &AppState,
    page: Page,
    scope: &Scope,
    form: TaskForm,
    error: TaskError,
) -> Result<Response, PageError> {
    let text = error.text(page.language);
    let page = page_of(state, page.with_problem(text), scope, form).await?;
    render_refusal(&page, error.code())
}

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TaskQuery {
    done: String,
}

/// `GET /tasks`
async fn list(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<TaskQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let mut page = frame.page_for(&signed_in);
    if ["filed", "listed", "admitted", "refused", "decided"].contains(&query.done.as_str()) {
        let text = page.t(&format!("console-task-{}-notice", query.done));
        page = page.with_notice(text);
    }
    let form = empty_form(CivilDay::of(scope.at));
    render(&page_of(&state, page, scope, form).await?)
}

/// `POST /tasks`
async fn file(
    State(state): State<AppState>,
    frame: Frame,
    sent: SignedForm<TaskForm>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    let scope = &signed_in.scope;
    if !scope.may(Data::Task, Act::Propose) {
        return Err(PageError::Forbidden);
    }
    let page = frame.page_for(&signed_in);
    let checked = form.order(CivilDay::of(scope.at)).and_then(|order| {
        let node = form.node.parse().map_err(|_| TaskError::Place)?;
        Ok((order, node))
    });
    let (order, node) = match checked {
        Ok(checked) => checked,
        Err(error) => return refused(&state, page, scope, form, error).await,
    };
    // What is on the list enters at once; the rest waits for the county.
    let listed = if order.matter.is_empty() {
        None
    } else {
        let list = find_list(&state, &node).await?;
        let matter = list.find(&order.matter);
        if !matter.is_some_and(|matter| matter.admits(&order)) {
            return refused(&state, page, scope, form, TaskError::Matter).await;
        }
        Some(CampaignId::make(
            state.clock.as_ref(),
            state.entropy.as_ref(),
        ))
    };
    let id = TaskId::make(state.clock.as_ref(), state.entropy.as_ref());
    let new = NewTask {
        id,
        node,
        order,
        listed,
        person: scope.person,
        at: scope.at,
    };
    match state.storage.file_task(&new).await {
        Ok(TaskOutcome::Done | TaskOutcome::Decided) => {}
        Ok(TaskOutcome::Nobody) => {
            return refused(&state, page, scope, form, TaskError::Nobody).await;
        }
        Ok(TaskOutcome::TooMany) => {
            return refused(&state, page, scope, form, TaskError::TooMany).await;
        }
        Err(StorageError::Missing(_)) => {
            return refused(&state, page, scope, form, TaskError::Place).await;
        }
        Err(error) => return Err(error.into()),
    }
    let target = id.to_string();
    let matter = new.order.matter.as_str();
    audit(&state.auth, scope.person, "task_filed", &target, matter).await?;
    let done = if new.listed.is_some() {
        "/tasks?done=listed"
    } else {
        "/tasks?done=filed"
    };
    Ok(Redirect::to(done).into_response())
}

/// Carries out a decision; answers the page, or why it was not.
async fn decide(
    state: &AppState,
    frame: &Frame,
    signed_in: &SignedIn,
    id: &str,
    decision: TaskDecision,
) -> Result<Response, PageError> {
    let id: TaskId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &signed_in.scope;
    let action = match decision {
        TaskDecision::Admit(..) => "task_admitted",
        TaskDecision::Refuse(_) => "task_refused",
    };
    let decided = state
        .storage
        .decide_task(&id, &scope.person, scope.at, &decision)
        .await;
    let error = match decided {
        Ok(TaskOutcome::Done) => {
            let target = id.to_string();
            audit(&state.auth, scope.person, action, &target, "").await?;
            let done = action.trim_start_matches("task_");
            return Ok(Redirect::to(&format!("/tasks?done={done}")).into_response());
        }
        Ok(TaskOutcome::Decided) => {
            return Ok(Redirect::to("/tasks?done=decided").into_response());
        }
        Ok(TaskOutcome::Nobody) => TaskError::Nobody,
        Ok(TaskOutcome::TooMany) => TaskError::TooMany,
        Err(StorageError::Missing(_)) => return Err(PageError::NotFound),
        Err(error) => return Err(error.into()),
    };
    let form = empty_form(CivilDay::of(scope.at));
    refused(state, frame.page_for(signed_in), scope, form, error).await
}

/// `POST /tasks/{id}/admit`
async fn admit(
    State(state): State<AppState>,
    frame: Frame,
    Path(id): Path<String>,
    sent: SignedForm<ReasonForm>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    if !is_reason(&form.reason) {
        return without_reason(&state, &frame, &signed_in).await;
    }
    let campaign = CampaignId::make(state.clock.as_ref(), state.entropy.as_ref());
    let decision = TaskDecision::Admit(campaign, typed_line(&form.reason));
    decide(&state, &frame, &signed_in, &id, decision).await
}

async fn without_reason(
    state: &AppState,
    frame: &Frame,
    signed_in: &SignedIn,
) -> Result<Response, PageError> {
    let page = frame.page_for(signed_in);
    let empty = empty_form(CivilDay::of(signed_in.scope.at));
    refused(state, page, &signed_in.scope, empty, TaskError::Reason).await
}

/// What the forms of a permission and of a refusal send.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReasonForm {
    reason: String,
}

/// `POST /tasks/{id}/refuse`
async fn refuse(
    State(state): State<AppState>,
    frame: Frame,
    Path(id): Path<String>,
    sent: SignedForm<ReasonForm>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    if !is_reason(&form.reason) {
        return without_reason(&state, &frame, &signed_in).await;
    }
    let decision = TaskDecision::Refuse(typed_line(&form.reason));
    decide(&state, &frame, &signed_in, &id, decision).await
}
