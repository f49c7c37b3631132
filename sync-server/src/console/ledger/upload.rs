//! `POST /ledgers/import`: a file comes in, piece by piece onto the disk.

use std::{io, sync::Arc};

use axum::{
    extract::{State, multipart::Field},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use tokio::{fs::File, io::AsyncWriteExt as _};

use super::{LedgersPage, writable_grids};
use crate::{
    AppState,
    auth::SignedUpload,
    console::{
        error::PageError,
        frame::{Frame, render},
    },
    ledger::{
        explain::sheet_text,
        job::{
            import::{ImportJob, ImportSettings},
            nameless_file,
        },
        sheet::{Limits, SheetError},
    },
};

/// Bytes of a part that is no file.
const TEXT_BYTES: usize = 4 << 10;
/// Longest file name shown, in characters.
const NAME_CHARS: usize = 80;

/// A file as it came in.
pub(in crate::console) struct Incoming {
    pub(in crate::console) name: String,
    pub(in crate::console) file: std::fs::File,
    pub(in crate::console) bytes: u64,
}

/// `POST /ledgers/import`
pub(super) async fn post(
    State(state): State<AppState>,
    frame: Frame,
    upload: SignedUpload,
) -> Result<Response, PageError> {
    let SignedUpload {
        signed_in,
        mut parts,
    } = upload;
    let scope = &signed_in.scope;
    let writable = writable_grids(&state, scope).await?;
    if writable.is_empty() {
        return Err(PageError::Forbidden);
    }
    let mut settings = ImportSettings::default();
    let mut incoming = None;
    let mut is_too_large = false;
    while let Some(part) = parts
        .next_field()
        .await
        .map_err(|_| PageError::BadRequest)?
    {
        match part.name().unwrap_or_default() {
            "file" => match receive(&state, part).await? {
                Some(file) => incoming = Some(file),
                None => is_too_large = true,
            },
            "grid" => {
                let grid = text(part).await?.parse().ok();
                // Of other grids there is nothing to say: it is as if none was named.
                settings.grid = grid.filter(|grid| writable.iter().any(|own| own.grid == *grid));
            }
            "sheet" => settings.sheet = text(part).await?,
            "duplicates" => settings.duplicates = text(part).await?.parse().unwrap_or_default(),
            _ => drop(text(part).await?),
        }
    }
    let page = frame.page_for(&signed_in);
    let problem = match incoming {
        Some(incoming) if incoming.bytes > 0 => {
            let at = state.clock.now();
            let job = ImportJob::new(scope.person, at, incoming.name, incoming.file, settings);
            let job = Arc::new(job);
            let added = state
                .ledgers
                .add_import(Arc::clone(&job), state.entropy.as_ref(), at);
            if let Ok(id) = added {
                let checking = state.clone();
                tokio::spawn(async move { job.check(&checking).await });
                return Ok(Redirect::to(&format!("/ledgers/import/{id}")).into_response());
            }
            (
                StatusCode::SERVICE_UNAVAILABLE,
                page.t("console-ledger-full"),
            )
        }
        _ if is_too_large => {
            let error = SheetError::TooLarge {
                what: "bytes",
                limit: Limits::CONSOLE.file_bytes,
            };
            let text = sheet_text(&error, page.language);
            (StatusCode::PAYLOAD_TOO_LARGE, text)
        }
        _ => (
            StatusCode::UNPROCESSABLE_ENTITY,
            page.t("console-ledger-no-file"),
        ),
    };
    // The page's own address takes no `GET`.
    let mut page = page.with_problem(problem.1);
    "/ledgers".clone_into(&mut page.path);
    let page = render(&LedgersPage::find(&state, page, scope).await?)?;
    Ok((problem.0, page).into_response())
}

/// Writes a file part to the disk; `None` if it is too large, after the rest was
/// read and thrown away, so that the browser listens to the answer.
pub(in crate::console) async fn receive(
    state: &AppState,
    mut part: Field<'_>,
) -> Result<Option<Incoming>, PageError> {
    let failed = |error: io::Error| PageError::internal(&error);
    let name: String = part
        .file_name()
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(NAME_CHARS)
        .collect();
    let folder = state.settings.scratch_folder.as_deref();
    let file = nameless_file(folder).map_err(failed)?;
    let mut writing = File::from_std(file.try_clone().map_err(failed)?);
    let mut bytes = 0;
    while let Some(piece) = part.chunk().await.map_err(|_| PageError::TooLarge)? {
        bytes += piece.len() as u64;
        if bytes <= Limits::CONSOLE.file_bytes {
            writing.write_all(&piece).await.map_err(failed)?;
        }
    }
    writing.flush().await.map_err(failed)?;
    let incoming = Incoming { name, file, bytes };
    Ok((bytes <= Limits::CONSOLE.file_bytes).then_some(incoming))
}

pub(in crate::console) async fn text(mut part: Field<'_>) -> Result<String, PageError> {
    let mut bytes = Vec::new();
    while let Some(piece) = part.chunk().await.map_err(|_| PageError::BadRequest)? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > TEXT_BYTES {
            return Err(PageError::TooLarge);
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| PageError::BadRequest)?;
    Ok(text.trim().to_owned())
}
