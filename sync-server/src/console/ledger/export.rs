//! `/ledgers/export`: the register as a table, within one's scope.

use std::sync::Arc;

use askama::Template;
use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use futures_util::stream;
use serde::Deserialize;
use wangge_model::{
    access::{Act, Data},
    document::schema::LEDGER,
};

use super::{LedgersPage, REFRESH};
use crate::{
    AppState,
    auth::{Scope, SignedForm, SignedIn, sign_in::audit},
    console::{
        error::PageError,
        frame::{Frame, render},
        link::attachment,
        page::Page,
    },
    ledger::{
        export::{ExportOptions, FileForm},
        job::export::{ExportJob, ExportStage},
    },
};

/// Bytes sent at once.
const PIECE: usize = 64 << 10;
/// Characters of a reason.
const REASON_CHARS: std::ops::RangeInclusive<usize> = 2..=100;

#[derive(Template)]
#[template(path = "ledger_export.html")]
pub(crate) struct ExportPage {
    pub(crate) page: Page,
    pub(crate) href: String,
    /// The file's name.
    pub(crate) name: String,
    /// How far it is, in words.
    pub(crate) state: String,
    pub(crate) is_masked: bool,
    /// It can be fetched; its bytes in KiB, rounded up.
    pub(crate) ready: Option<u64>,
    pub(crate) is_failed: bool,
}

impl ExportPage {
    /// The page of an export as it stands.
    pub(crate) fn new(
        page: Page,
        href: String,
        name: String,
        masked: bool,
        stage: &ExportStage,
    ) -> Self {
        let state = match stage {
            ExportStage::Writing { done } => page.t1("console-ledger-writing", "count", done),
            ExportStage::Ready { exported, .. } => page.t2(
                "console-ledger-ready",
                "households",
                exported.households,
                "rows",
                exported.rows,
            ),
            ExportStage::Failed => page.t("console-ledger-export-failed"),
        };
        Self {
            href,
            name,
            state,
            is_masked: masked,
            ready: match stage {
                ExportStage::Ready { bytes, .. } => Some(bytes.div_ceil(1024)),
                _ => None,
            },
            is_failed: matches!(stage, ExportStage::Failed),
            page,
        }
    }
}

/// What the form asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ExportForm {
    form: String,
    grid: String,
    ledger: String,
    unmask: String,
    reason: String,
}

/// `POST /ledgers/export`
pub(super) async fn post(
    State(state): State<AppState>,
    frame: Frame,
    sent: SignedForm<ExportForm>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    let scope = signed_in.scope.clone();
    if !scope.may(Data::Household, Act::Read) {
        return Err(PageError::Forbidden);
    }
    let unmasked = form.unmask == "1";
    if unmasked && !scope.may(Data::Household, Act::Unmask) {
        return Err(PageError::Forbidden);
    }
    let mut page = frame.page_for(&signed_in);
    "/ledgers".clone_into(&mut page.path);
    let reason = form.reason.trim().replace(char::is_control, " ");
    if unmasked && !REASON_CHARS.contains(&reason.chars().count()) {
        let text = page.t("console-ledger-reason-missing");
        let page = LedgersPage::find(&state, page.with_problem(text), &scope).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)?).into_response());
    }
    let options = ExportOptions {
        form: form.form.parse().unwrap_or(FileForm::Xlsx),
        language: page.language,
        grid: form.grid.parse().ok(),
        ledger: LEDGER
            .contains(&form.ledger.as_str())
            .then(|| form.ledger.clone()),
        unmasked,
    };
    let target = options.grid.map(|grid| grid.to_string());
    let job = Arc::new(ExportJob::new(scope.person, scope.at, options));
    let added = state
        .ledgers
        .add_export(Arc::clone(&job), state.entropy.as_ref(), scope.at);
    let Ok(id) = added else {
        let text = page.t("console-ledger-full");
        let page = LedgersPage::find(&state, page.with_problem(text), &scope).await?;
        return Ok((StatusCode::SERVICE_UNAVAILABLE, render(&page)?).into_response());
    };
    // Noted before a byte leaves.
    let detail = if unmasked {
        format!("unmasked: {reason}")
    } else {
        "masked".to_owned()
    };
    audit(
        &state.auth,
        scope.person,
        "ledger_exported",
        &target.unwrap_or_default(),
        &detail,
    )
    .await?;
    tokio::spawn(async move { job.write(&state, &scope).await });
    Ok(Redirect::to(&format!("/ledgers/export/{id}")).into_response())
}

fn find(state: &AppState, scope: &Scope, id: &str) -> Result<Arc<ExportJob>, PageError> {
    state
        .ledgers
        .find_export(id, &scope.person, scope.at)
        .ok_or(PageError::NotFound)
}

/// Day and ending of the file's name; the page and the browser put the word
/// before it.
fn file_name(job: &ExportJob) -> String {
    let day = job.at.to_china_date().unwrap_or_default();
    format!("{day}.{}", job.options.form.as_str())
}

/// `GET /ledgers/export/{id}`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let job = find(&state, &signed_in.scope, &id)?;
    let stage = job.stage();
    let page = frame.page_for(&signed_in);
    let name = page.t1("console-ledger-file-name", "day", file_name(&job));
    let href = format!("/ledgers/export/{id}");
    let page = ExportPage::new(page, href, name, !job.options.unmasked, &stage);
    let mut response = render(&page)?;
    if stage.is_busy() {
        response.headers_mut().insert(header::REFRESH, REFRESH);
    }
    Ok(response)
}

/// `GET /ledgers/export/{id}/file`
pub(super) async fn file(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let job = find(&state, &signed_in.scope, &id)?;
    let ExportStage::Ready { bytes, .. } = job.stage() else {
        return Err(PageError::NotFound);
    };
    let day = file_name(&job);
    let name = frame.page().t1("console-ledger-file-name", "day", &day);
    let disposition = attachment(&format!("ledger-{day}"), &name);
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(job.options.form.media_type()),
        ),
        (header::CONTENT_LENGTH, HeaderValue::from(bytes)),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&disposition).map_err(|error| PageError::internal(&error))?,
        ),
        // Nothing of it stays in a browser that several people use.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let pieces = stream::try_unfold(0, move |from| {
        let job = Arc::clone(&job);
        async move {
            let piece = tokio::task::spawn_blocking(move || job.read(from, PIECE)).await??;
            let next = from + piece.len() as u64;
            Ok::<_, std::io::Error>((!piece.is_empty()).then_some((Bytes::from(piece), next)))
        }
    });
    Ok((headers, Body::from_stream(pieces)).into_response())
}
