//! `POST /v1/enrol`: a one-time code makes a phone known.

use std::net::{IpAddr, SocketAddr};

use axum::{
    body::Body,
    extract::{ConnectInfo, Extension, State},
    http::HeaderMap,
    response::Response,
};
use wangge_model::{
    AuditId, DeviceId, derive_device_actor,
    protocol::{
        EnrolRequest, EnrolResponse, OLDEST_PROTOCOL, PROTOCOL, ProblemCode, Session, enrol_message,
    },
};

use super::{body, grants::grants, session::SESSION_MS, token};
use crate::{
    AppState, DeviceError,
    enrolment::hash_code,
    storage::{AuditEntry, EnrolmentOutcome, NewDevice},
};

/// Longest name of a phone and longest app version kept, in characters.
const NAME_CHARS: usize = 60;
const VERSION_CHARS: usize = 40;

/// Makes a phone known.
pub(super) async fn enrol(
    State(state): State<AppState>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, DeviceError> {
    let peer = peer.map(|Extension(ConnectInfo(peer))| peer.ip());
    let result = try_enrol(&state, peer, &headers, body).await;
    if result.is_err() {
        state.metrics.refused_requests.add(1);
    }
    result.map(|response| body::answer_small(&state, &response))
}

async fn try_enrol(
    state: &AppState,
    peer: Option<IpAddr>,
    headers: &HeaderMap,
    body: Body,
) -> Result<EnrolResponse, DeviceError> {
    let now = state.clock.now();
    state.rate_limits.check(peer, now)?;
    let _admitted = state
        .admission
        .admit(body::content_length(headers), state.entropy.as_ref())?;
    let request: EnrolRequest = body::read(state, headers, body).await?;
    // Nobody begins with an app that gets no news.
    if !(OLDEST_PROTOCOL..=PROTOCOL).contains(&request.protocol) {
        return Err(ProblemCode::ProtocolUnsupported.into());
    }
    let message = enrol_message(&request.code, &request.public_key, &request.incarnation);
    request
        .public_key
        .verify(&message, &request.signature)
        .map_err(|_| ProblemCode::BadSignature)?;
    let device = DeviceId::make(state.clock.as_ref(), state.entropy.as_ref());
    let session = Session {
        token: token::make_token(state.entropy.as_ref()),
        expires_at: now.plus_millis(SESSION_MS),
    };
    let new = NewDevice {
        id: device,
        name: request
            .device_name
            .chars()
            .filter(|c| !c.is_control())
            .take(NAME_CHARS)
            .collect(),
        app_version: request.app_version.chars().take(VERSION_CHARS).collect(),
        public_key: request.public_key,
        incarnation: request.incarnation,
        actor: derive_device_actor(&device, &request.incarnation),
        session_hash: token::hash_token(&session.token),
        session_expires_at: session.expires_at,
    };
    let code_hash = hash_code(&request.code);
    let refused = |code: ProblemCode| {
        // Only wrong codes count: a training room enrols many phones at once.
        state.rate_limits.note_failure(peer, now);
        Err(DeviceError::from(code))
    };
    let (person, person_name) = match state.storage.enrol_device(&code_hash, &new, now).await? {
        EnrolmentOutcome::Enrolled {
            person,
            person_name,
        } => (person, person_name),
        EnrolmentOutcome::CodeInvalid => return refused(ProblemCode::EnrolmentCodeInvalid),
        EnrolmentOutcome::CodeExpired => return refused(ProblemCode::EnrolmentCodeExpired),
        EnrolmentOutcome::PersonInactive => return refused(ProblemCode::PersonInactive),
    };
    state.metrics.enrolments.add(1);
    tracing::info!(%device, "a device enrolled");
    let entry = AuditEntry {
        id: AuditId::make(state.clock.as_ref(), state.entropy.as_ref()),
        at: now,
        person: Some(person),
        device: Some(device),
        action: "device_enrolled".to_owned(),
        target: device.to_string(),
        detail: String::new(),
    };
    state.storage.create_audit(&entry).await?;
    Ok(EnrolResponse {
        device,
        person,
        server_epoch: state.identity.epoch,
        server_key: state.identity.public_key.clone(),
        time: now,
        session,
        grants: grants(state, person, &person_name, now).await?,
        person_name,
    })
}
