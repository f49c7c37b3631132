//! `/campaigns`: households to be visited by a day (集中走访): making a
//! campaign, following it, taking it from the phones.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use wangge_model::{
    CampaignId, CivilDay, RecordKind,
    access::{Act, Data},
    document::schema::{LEDGER, VISIT_KIND},
    text::typed_line,
    visit_plan::{Campaign, CampaignError, CheckItem, MOST_HOUSEHOLDS, Period},
};

use super::{
    coverage::Share,
    error::PageError,
    field::choice,
    frame::{Frame, render},
    page::Page,
    select::{SelectOption, node_options},
};
use crate::{
    AppState,
    auth::{Nothing, SignedForm, SignedIn, sign_in::audit},
    storage::{CampaignGrid, CampaignRow, HouseholdChoice, NewCampaign, period_number},
};

/// How long a campaign is unless somebody says otherwise, in days.
const USUAL_DAYS: i32 = 14;

#[derive(Template)]
#[template(path = "campaigns.html")]
pub(crate) struct CampaignsPage {
    pub(crate) page: Page,
    pub(crate) campaigns: Vec<CampaignView>,
    pub(crate) may_make: bool,
    pub(crate) is_behind: bool,
}

#[derive(Template)]
#[template(path = "campaign.html")]
pub(crate) struct CampaignPage {
    pub(crate) page: Page,
    pub(crate) campaign: CampaignView,
    pub(crate) grids: Vec<CampaignGridView>,
    pub(crate) may_close: bool,
    pub(crate) is_behind: bool,
}

#[derive(Template)]
#[template(path = "campaign_new.html")]
pub(crate) struct NewCampaignPage {
    pub(crate) page: Page,
    pub(crate) form: CampaignForm,
    pub(crate) kinds: Vec<SelectOption>,
    pub(crate) nodes: Vec<SelectOption>,
    pub(crate) ledgers: Vec<SelectOption>,
    pub(crate) periods: Vec<SelectOption>,
}

/// Message of how far something is that is asked for from one day to another.
pub(super) fn state_id(
    is_closed: bool,
    starts_on: CivilDay,
    ends_on: CivilDay,
    today: CivilDay,
) -> &'static str {
    if is_closed {
        "console-campaign-closed"
    } else if today > ends_on {
        "console-campaign-over"
    } else if today < starts_on {
        "console-campaign-coming"
    } else {
        "console-campaign-open"
    }
}

/// A campaign in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CampaignView {
    pub(crate) href: String,
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) kind: String,
    pub(crate) starts_on: String,
    pub(crate) ends_on: String,
    pub(crate) state: String,
    pub(crate) is_open: bool,
    pub(crate) created_by: String,
    pub(crate) checks: Vec<String>,
    pub(crate) households: u64,
    pub(crate) done: Share,
    pub(crate) left: u64,
}

impl CampaignView {
    pub(crate) fn new(row: &CampaignRow, page: &Page, today: CivilDay) -> Self {
        let state = state_id(row.closed_at.is_some(), row.starts_on, row.ends_on, today);
        Self {
            href: format!("/campaigns/{}", row.id),
            title: row.title.clone(),
            note: row.note.clone(),
            kind: choice(RecordKind::Visit, "kind", &row.kind, page.language),
            starts_on: row.starts_on.to_string(),
            ends_on: row.ends_on.to_string(),
            state: page.t(state),
            is_open: row.closed_at.is_none(),
            created_by: row.created_by.clone(),
            checks: row.checks.iter().map(|check| check.text.clone()).collect(),
            households: row.households,
            done: Share::of(row.done, row.households),
            left: row.households.saturating_sub(row.done),
        }
    }
}

/// How far a grid is, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CampaignGridView {
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) households: u64,
    pub(crate) done: Share,
    pub(crate) left: u64,
}

impl From<CampaignGrid> for CampaignGridView {
    fn from(grid: CampaignGrid) -> Self {
        Self {
            name: grid.name,
            code: grid.code,
            households: grid.households,
            done: Share::of(grid.done, grid.households),
            left: grid.households.saturating_sub(grid.done),
        }
    }
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CampaignForm {
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) kind: String,
    pub(crate) starts_on: String,
    pub(crate) ends_on: String,
    /// One thing to check a line.
    pub(crate) checks: String,
    /// Id of a place; empty for all.
    pub(crate) node: String,
    /// Of this ledger only.
    pub(crate) ledger: String,
    /// Not visited this `month`, `quarter` or `year`.
    pub(crate) unvisited: String,
    /// `count`: only say how many households that are.
    pub(crate) action: String,
}

impl CampaignForm {
    fn choice(&self, today: CivilDay) -> HouseholdChoice {
        let period = Period::ALL
            .into_iter()
            .find(|period| period.as_str() == self.unvisited);
        HouseholdChoice {
            node: self.node.parse().ok(),
            ledger: LEDGER
                .contains(&self.ledger.as_str())
                .then(|| self.ledger.clone()),
            not_visited_in: period.and_then(|period| period_number(period, today)),
            // One more than allowed, to notice.
            limit: u32::try_from(MOST_HOUSEHOLDS).map_or(u32::MAX, |most| most + 1),
        }
    }

    /// The campaign it describes, without households and id.
    fn campaign(&self) -> Result<Campaign, CampaignError> {
        let day = |text: &str| text.parse::<CivilDay>().map_err(|_| CampaignError::Days);
        let checks = self
            .checks
            .lines()
            .map(typed_line)
            .filter(|text| !text.is_empty());
        let checks = (1_u32..).zip(checks).map(|(number, text)| CheckItem {
            id: number.to_string(),
            text,
        });
        Ok(Campaign {
            id: String::new(),
            title: typed_line(&self.title),
            note: self.note.trim().replace("\r\n", "\n"),
            kind: self.kind.clone(),
            starts_on: day(&self.starts_on)?,
            ends_on: day(&self.ends_on)?,
            checks: checks.collect(),
            households: Vec::new(),
        })
    }
}

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CampaignQuery {
    made: String,
    closed: String,
}

/// `GET /campaigns`
pub(crate) async fn list(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let page = frame.page_for(&signed_in);
    let today = CivilDay::of(scope.at);
    let storage = &state.storage;
    let found = storage.list_campaigns(&scope.person, scope.at).await?;
    let campaigns = found
        .iter()
        .map(|row| CampaignView::new(row, &page, today))
        .collect();
    render(&CampaignsPage {
        campaigns,
        may_make: scope.may(Data::Campaign, Act::Write),
        is_behind: storage.has_visits_due().await?,
        page,
    })
}

/// `GET /campaigns/{id}`
pub(crate) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<CampaignQuery>,
) -> Result<Response, PageError> {
    let id: CampaignId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &signed_in.scope;
    let found = state
        .storage
        .find_campaign(&scope.person, scope.at, &id)
        .await?
        .ok_or(PageError::NotFound)?;
    let mut page = frame.page_for(&signed_in);
    let campaign = CampaignView::new(&found.campaign, &page, CivilDay::of(scope.at));
    let notice = if query.made == "1" {
        Some("console-campaign-made-notice")
    } else if query.closed == "1" {
        Some("console-campaign-closed-notice")
    } else {
        None
    };
    if let Some(notice) = notice {
        let text = page.t1(notice, "count", campaign.households);
        page = page.with_notice(text);
    }
    render(&CampaignPage {
        may_close: found.may_close && campaign.is_open,
        campaign,
        grids: found.grids.into_iter().map(Into::into).collect(),
        is_behind: state.storage.has_visits_due().await?,
        page,
    })
}

async fn form_page(
    state: &AppState,
    page: Page,
    signed_in: &SignedIn,
    form: CampaignForm,
) -> Result<NewCampaignPage, PageError> {
    let scope = &signed_in.scope;
    let nodes = state
        .storage
        .list_nodes_in_scope(&scope.person, scope.at)
        .await?;
    let of = |kind: RecordKind, field: &str, codes: &[&str], chosen: &str| {
        let option = |code: &&str| {
            SelectOption::new(*code, choice(kind, field, code, page.language), chosen)
        };
        codes.iter().map(option).collect::<Vec<_>>()
    };
    let periods = [Period::Month, Period::Quarter, Period::Year].map(|period| {
        let label = page.t(&format!("console-campaign-unvisited-{}", period.as_str()));
        SelectOption::new(period.as_str(), label, &form.unvisited)
    });
    Ok(NewCampaignPage {
        kinds: of(RecordKind::Visit, "kind", VISIT_KIND, &form.kind),
        ledgers: of(RecordKind::Household, "ledger", LEDGER, &form.ledger),
        nodes: node_options(nodes, &form.node),
        periods: periods.to_vec(),
        form,
        page,
    })
}

/// `GET /campaigns/new`
pub(crate) async fn new(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
) -> Result<Response, PageError> {
    if !signed_in.scope.may(Data::Campaign, Act::Write) {
        return Err(PageError::Forbidden);
    }
    let today = CivilDay::of(signed_in.scope.at);
    let form = CampaignForm {
        kind: "campaign".to_owned(),
        starts_on: today.to_string(),
        ends_on: today.plus(USUAL_DAYS).to_string(),
        ..CampaignForm::default()
    };
    let page = frame.page_for(&signed_in);
    render(&form_page(&state, page, &signed_in, form).await?)
}

/// `POST /campaigns/new`
pub(crate) async fn create(
    State(state): State<AppState>,
    frame: Frame,
    sent: SignedForm<CampaignForm>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    let scope = &signed_in.scope;
    if !scope.may(Data::Campaign, Act::Write) {
        return Err(PageError::Forbidden);
    }
    let page = frame.page_for(&signed_in);
    let choice = form.choice(CivilDay::of(scope.at));
    let storage = &state.storage;
    let households = storage
        .choose_households(&scope.person, scope.at, &choice)
        .await?;
    let id = CampaignId::make(state.clock.as_ref(), state.entropy.as_ref());
    let campaign = form.campaign().map(|campaign| Campaign {
        id: id.to_string(),
        households,
        ..campaign
    });
    let checked = campaign.and_then(|campaign| campaign.check().map(|()| campaign));
    let campaign = match checked {
        Ok(campaign) if form.action != "count" => campaign,
        Ok(campaign) => {
            let text = page.t1(
                "console-campaign-counted",
                "count",
                campaign.households.len(),
            );
            let page = page.with_notice(text);
            return render(&form_page(&state, page, &signed_in, form).await?);
        }
        Err(error) => {
            let text = error.text(page.language);
            let page = page.with_problem(text);
            let page = render(&form_page(&state, page, &signed_in, form).await?)?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let title = campaign.title.clone();
    storage
        .create_campaign(&NewCampaign {
            id,
            title: campaign.title,
            note: campaign.note,
            kind: campaign.kind,
            starts_on: campaign.starts_on,
            ends_on: campaign.ends_on,
            checks: campaign.checks,
            households: campaign.households,
            person: scope.person,
            at: scope.at,
        })
        .await?;
    let target = id.to_string();
    audit(&state.auth, scope.person, "campaign_made", &target, &title).await?;
    Ok(Redirect::to(&format!("/campaigns/{id}?made=1")).into_response())
}

/// `POST /campaigns/{id}/close`
pub(crate) async fn close(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let id: CampaignId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &sent.signed_in.scope;
    let storage = &state.storage;
    let found = storage
        .find_campaign(&scope.person, scope.at, &id)
        .await?
        .ok_or(PageError::NotFound)?;
    if !found.may_close {
        return Err(PageError::Forbidden);
    }
    if storage.close_campaign(&id, &scope.person, scope.at).await? {
        let target = id.to_string();
        audit(&state.auth, scope.person, "campaign_closed", &target, "").await?;
    }
    Ok(Redirect::to(&format!("/campaigns/{id}?closed=1")).into_response())
}
