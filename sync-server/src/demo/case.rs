//! The incident of the morning on its way through the six steps: two phones and
//! a desk, one of the phones offline in the middle.

use anyhow::{Context, ensure};
use wangge_core::{CaseQueue, CaseView};
use wangge_model::{
    RecordId,
    case::{CaseAction, CaseState, Supervision},
    message::{Language, message, message_id},
};

use super::{desk::Desk, phone::Phone, tell::Teller};

/// Lets the incident that `li` reported be handled by `zhang` and closed.
pub(super) async fn close(
    desk: &Desk,
    zhang: &mut Phone,
    li: &mut Phone,
    teller: Teller,
) -> anyhow::Result<RecordId> {
    let reported = li.core.list_cases(CaseQueue::Reported)?;
    let id = reported
        .first()
        .context("nobody reported an incident")?
        .row
        .id;
    desk.decide(id, CaseAction::File).await?;
    let unit = zhang.grid.into();
    desk.decide(id, CaseAction::Assign { unit }).await?;
    zhang.sync().await?;
    tell(teller, zhang, "demo-case-assigned", id)?;
    // Out of reach: what is asked for waits on the phone.
    zhang.core.request_case(id, &CaseAction::Sign)?;
    let result = "杂物已请物业清走，消防通道恢复畅通。".to_owned();
    let request = zhang
        .core
        .request_case(id, &CaseAction::HandIn { result })?;
    let waiting = zhang.core.case(id)?;
    ensure!(
        outcome(&waiting, &request.to_string()).is_none(),
        "an answer came without a sync"
    );
    teller.say("demo-case-offline", &[("owner", zhang.owner)]);
    // Meanwhile the desk, which knows nothing of it, loses patience.
    desk.watch(
        id,
        CaseAction::Supervise {
            card: Supervision::Yellow,
            reason: "消防通道被堵，请尽快处理。".to_owned(),
        },
    )
    .await?;
    zhang.sync().await?;
    let answered = zhang.core.case(id)?;
    ensure!(
        outcome(&answered, &request.to_string()) == Some(true),
        "the result was not accepted: {:?}",
        answered.requests
    );
    tell(teller, zhang, "demo-case-answered", id)?;
    desk.decide(id, CaseAction::VerifyPass).await?;
    let told = "已告知上报人，楼道畅通。".to_owned();
    desk.decide(id, CaseAction::Feedback { text: told }).await?;
    li.sync().await?;
    li.core.request_case(id, &CaseAction::Rate { stars: 5 })?;
    li.sync().await?;
    desk.decide(id, CaseAction::Archive).await?;
    for phone in [zhang, li] {
        phone.sync().await?;
        let case = phone.core.case(id)?;
        ensure!(
            case.case.as_ref().map(|case| case.state) == Some(CaseState::Archived),
            "{}: the case is not in the archive",
            phone.owner
        );
        ensure!(
            case.requests
                .iter()
                .all(|request| request.outcome.is_some()),
            "{}: a request was not answered",
            phone.owner
        );
        tell(teller, phone, "demo-case-over", id)?;
    }
    Ok(id)
}

fn outcome(case: &CaseView, request: &str) -> Option<bool> {
    let filed = case.requests.iter().find(|filed| filed.id == request)?;
    filed.outcome.as_ref().map(|outcome| outcome.is_accepted)
}

/// Where the case stands on this phone.
fn tell(teller: Teller, phone: &Phone, id: &str, record: RecordId) -> anyhow::Result<()> {
    let view = phone.core.case(record)?;
    let case = view.case.context("the report has not arrived")?;
    for language in Language::ALL {
        let state = message(
            language,
            &message_id("case-state", case.state.as_str()),
            &[],
        );
        teller.say_in(
            language,
            id,
            &[
                ("owner", phone.owner),
                ("state", &state),
                ("steps", &view.timeline.len().to_string()),
            ],
        );
    }
    Ok(())
}
