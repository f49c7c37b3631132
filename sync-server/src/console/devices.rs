//! `/devices`: the phones of the people in scope.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use wangge_model::{
    DeviceId,
    access::{Act, Data},
};

use super::{
    error::PageError,
    frame::{Frame, render},
    link::with_query,
    page::Page,
};
use crate::{
    auth::{AuthState, Nothing, SignedForm, SignedIn, sign_in::audit},
    storage::Device,
};

#[derive(Template)]
#[template(path = "devices.html")]
pub(crate) struct DevicesPage {
    pub(crate) page: Page,
    pub(crate) devices: Vec<Device>,
    pub(crate) may_revoke: bool,
}

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DevicesQuery {
    revoked: String,
}

/// `GET /devices`
pub(crate) async fn get(
    State(auth): State<AuthState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<DevicesQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let devices = auth
        .storage
        .list_devices_in_scope(&scope.person, scope.at)
        .await?;
    let mut page = frame.page_for(&signed_in);
    if let Some(device) = devices
        .iter()
        .find(|device| device.id.to_string() == query.revoked)
    {
        let text = page.t1("console-device-revoked-notice", "name", &device.name);
        page = page.with_notice(text);
    }
    render(&DevicesPage {
        page,
        devices,
        may_revoke: scope.may(Data::Account, Act::Approve),
    })
}

/// `POST /devices/{id}/revoke`
pub(crate) async fn revoke(
    State(auth): State<AuthState>,
    Path(id): Path<String>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let scope = &sent.signed_in.scope;
    let id: DeviceId = id.parse().map_err(|_| PageError::NotFound)?;
    if !scope.may(Data::Account, Act::Approve) {
        return Err(PageError::Forbidden);
    }
    let devices = auth
        .storage
        .list_devices_in_scope(&scope.person, scope.at)
        .await?;
    if !devices.iter().any(|device| device.id == id) {
        return Err(PageError::NotFound);
    }
    auth.storage.revoke_device(&id, scope.at).await?;
    audit(&auth, scope.person, "device_revoked", &id.to_string(), "").await?;
    Ok(Redirect::to(&with_query("/devices", &[("revoked", &id.to_string())])).into_response())
}
