//! A morning's plan worked through: a supervisor makes a campaign, two phones
//! of one grid get it, each visits half of it without a network, and the plan
//! shrinks, first on each phone and then, once they met at the server, on both.

use anyhow::{Context, ensure};
use wangge_core::{DayPlan, PlanQuery};
use wangge_model::{
    CampaignId, CivilDay, FieldValue, RecordId, RecordKind, Timestamp,
    document::{FieldEdit, schema::VISIT_KIND},
    visit_plan::{CheckItem, Pressure},
};

use super::{
    desk::Desk,
    households::{number, set, text},
    phone::Phone,
    tell::Teller,
};
use crate::storage::NewCampaign;

/// What the campaign is called.
const TITLE: &str = "燃气安全排查";
const CHECKS: [&str; 2] = ["燃气软管是否老化", "报警器是否有效"];
/// Households of it; each phone visits half.
const HOUSEHOLDS: usize = 8;

/// Lets the two of them work through it.
pub(super) async fn work_through(
    desk: &Desk,
    zhang: &mut Phone,
    li: &mut Phone,
    households: &[RecordId],
    teller: Teller,
) -> anyhow::Result<()> {
    let campaign = make(desk, households, teller).await?;
    for phone in [&mut *zhang, &mut *li] {
        phone.sync().await?;
        ensure!(
            tell_plan("demo-plan", phone, teller)? == HOUSEHOLDS,
            "the campaign is not in the plan of {}",
            phone.owner
        );
    }
    let half = HOUSEHOLDS / 2;
    visit(zhang, |plan| plan.into_iter().take(half).collect())?;
    visit(li, |plan| plan.into_iter().skip(half).collect())?;
    for phone in [&*zhang, &*li] {
        ensure!(
            tell_plan("demo-plan-offline", phone, teller)? == half,
            "the plan of {} did not shrink by what was visited",
            phone.owner
        );
    }
    zhang.sync().await?;
    li.sync().await?;
    zhang.sync().await?;
    for phone in [&*zhang, &*li] {
        ensure!(
            tell_plan("demo-plan-online", phone, teller)? == 0,
            "{} is still asked for what the other did",
            phone.owner
        );
        tell_progress(phone, teller)?;
    }
    tell_campaign(desk, &campaign, teller).await
}

async fn make(desk: &Desk, households: &[RecordId], teller: Teller) -> anyhow::Result<CampaignId> {
    let state = desk.state();
    let now = state.clock.now();
    let id = CampaignId::make(state.clock.as_ref(), state.entropy.as_ref());
    let checks = (1_u32..).zip(CHECKS).map(|(number, text)| CheckItem {
        id: number.to_string(),
        text: text.to_owned(),
    });
    let kind = VISIT_KIND.iter().find(|kind| **kind == "campaign");
    let new = NewCampaign {
        id,
        title: TITLE.to_owned(),
        note: String::new(),
        kind: (*kind.context("there is no such kind of visit")?).to_owned(),
        // A visit just before midnight is of the day before.
        starts_on: CivilDay::of(now).plus(-1),
        ends_on: CivilDay::of(now).plus(13),
        checks: checks.collect(),
        // The first were visited in the morning, and a day counts once.
        households: households.iter().rev().take(HOUSEHOLDS).copied().collect(),
        person: desk.supervisor(),
        at: now,
    };
    state.storage.create_campaign(&new).await?;
    teller.say(
        "demo-campaign",
        &[
            ("title", TITLE),
            ("count", &new.households.len().to_string()),
        ],
    );
    Ok(id)
}

fn plan(phone: &Phone) -> anyhow::Result<DayPlan> {
    Ok(phone.core.plan(&PlanQuery::default())?)
}

/// Says how far a phone is; answers how many households the campaign still
/// asks for.
fn tell_plan(id: &str, phone: &Phone, teller: Teller) -> anyhow::Result<usize> {
    let plan = plan(phone)?;
    let campaign = of_campaign(&plan).len();
    teller.say(
        id,
        &[
            ("owner", phone.owner),
            ("due", &plan.due.to_string()),
            ("stops", &plan.stops.len().to_string()),
            ("campaign", &campaign.to_string()),
        ],
    );
    Ok(campaign)
}

/// The campaign's households in the order of the walk.
fn of_campaign(plan: &DayPlan) -> Vec<RecordId> {
    plan.stops
        .iter()
        .flat_map(|stop| &stop.entries)
        .filter(|entry| {
            let mut reasons = entry.entry.reasons.iter();
            reasons.any(|reason| reason.pressure() == Pressure::Campaign)
        })
        .map(|entry| entry.entry.household)
        .collect()
}

/// Visits some of the campaign's households, a quarter of an hour each.
fn visit(phone: &Phone, choose: impl FnOnce(Vec<RecordId>) -> Vec<RecordId>) -> anyhow::Result<()> {
    for household in choose(of_campaign(&plan(phone)?)) {
        let mut fields = fields(household, "campaign", "已检查燃气软管和报警器，未见异常。");
        fields.extend(at_the_door(phone, household)?);
        let id = phone
            .core
            .create_record(RecordKind::Visit, phone.grid, &fields)?;
        let verdict = phone.core.visit_verdict(id)?;
        ensure!(verdict.counts(), "{}: {verdict:?}", phone.owner);
    }
    Ok(())
}

/// The fields of a visit that ends now.
pub(super) fn fields(household: RecordId, kind: &str, diary: &str) -> Vec<FieldEdit> {
    let end = now();
    vec![
        text("household", &household.to_string()),
        text("kind", kind),
        text("form", "door"),
        text("result", "met"),
        text("demands", "recorded"),
        set(
            "started_at",
            FieldValue::Time(end.plus_millis(-15 * 60_000)),
        ),
        set("ended_at", FieldValue::Time(end)),
        text("diary", diary),
    ]
}

/// A position a few steps from a household's door.
pub(super) fn at_the_door(phone: &Phone, household: RecordId) -> anyhow::Result<Vec<FieldEdit>> {
    let fields = phone.record(household)?.fields;
    let degrees = |path: &str| {
        let found = fields.iter().find(|(field, _)| field.as_str() == path);
        match found {
            Some((_, FieldValue::Number(value))) => Some(*value),
            _ => None,
        }
    };
    let (Some(longitude), Some(latitude)) = (degrees("point.longitude"), degrees("point.latitude"))
    else {
        return Ok(Vec::new());
    };
    Ok(vec![
        number("point.longitude", longitude + 5e-5),
        number("point.latitude", latitude),
        number("point.accuracy_m", 8.0),
    ])
}

pub(super) fn now() -> Timestamp {
    wangge_model::Clock::now(&wangge_model::SystemClock)
}

fn tell_progress(phone: &Phone, teller: Teller) -> anyhow::Result<()> {
    let progress = phone.core.progress(None)?;
    let wanted = |figure: Option<u32>| figure.map_or_else(|| "—".to_owned(), |one| one.to_string());
    teller.say(
        "demo-progress",
        &[
            ("owner", phone.owner),
            ("households", &progress.households.to_string()),
            ("households_wanted", &wanted(progress.households_wanted)),
            ("days", &progress.days_out.to_string()),
            ("days_wanted", &wanted(progress.days_wanted)),
        ],
    );
    Ok(())
}

/// What the supervisor sees in the console.
async fn tell_campaign(desk: &Desk, id: &CampaignId, teller: Teller) -> anyhow::Result<()> {
    let state = desk.state();
    let now = state.clock.now();
    // The server does this by itself a moment after a sync; the demo does not wait.
    while state.storage.count_visits(50, now).await? > 0 {}
    let found = state
        .storage
        .find_campaign(&desk.supervisor(), now, id)
        .await?
        .context("the supervisor does not see the campaign")?;
    let (done, all) = (found.campaign.done, found.campaign.households);
    ensure!(done == all, "{done} of {all} households count");
    teller.say(
        "demo-campaign-done",
        &[
            ("title", TITLE),
            ("done", &done.to_string()),
            ("count", &all.to_string()),
        ],
    );
    Ok(())
}
