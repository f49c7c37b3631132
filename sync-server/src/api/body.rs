//! Reading a device's request body and writing its answer, within limits.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use http_body_util::{BodyExt as _, Limited};
use wangge_model::protocol::{CodecError, MEDIA_TYPE, ProblemCode, limits, open, seal};

use crate::{AppState, DeviceError};

/// Bodies up to this size are opened and sealed where they are; larger ones on
/// a blocking thread, so that nobody waits behind them.
const SMALL_BYTES: usize = 16 << 10;

/// The declared length of a body.
pub(super) fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Collects a body; stops reading at the limit.
pub(super) async fn collect(
    state: &AppState,
    headers: &HeaderMap,
    body: Body,
) -> Result<Bytes, DeviceError> {
    let declared = content_length(headers);
    if declared.is_some_and(|bytes| bytes > limits::BODY_BYTES) {
        return Err(ProblemCode::BodyTooLarge.into());
    }
    let collected = Limited::new(body, limits::BODY_BYTES)
        .collect()
        .await
        .map_err(|error| {
            if error.is::<http_body_util::LengthLimitError>() {
                ProblemCode::BodyTooLarge
            } else {
                // The connection broke: whoever sent it reads no answer either.
                ProblemCode::BadRequest
            }
        })?;
    let bytes = collected.to_bytes();
    state.metrics.bytes_received.add(bytes.len() as u64);
    Ok(bytes)
}

/// Reads, inflates and decodes a request.
pub(super) async fn read<T>(
    state: &AppState,
    headers: &HeaderMap,
    body: Body,
) -> Result<T, DeviceError>
where
    T: for<'b> minicbor::Decode<'b, ()> + Send + 'static,
{
    inflate(collect(state, headers, body).await?).await
}

/// Inflates and decodes a body.
pub(super) async fn inflate<T>(bytes: Bytes) -> Result<T, DeviceError>
where
    T: for<'b> minicbor::Decode<'b, ()> + Send + 'static,
{
    let opened = if bytes.len() <= SMALL_BYTES {
        // A small body cannot become large: its ratio is limited too.
        open(&bytes)
    } else {
        tokio::task::spawn_blocking(move || open(&bytes))
            .await
            .map_err(|_| ProblemCode::Internal)?
    };
    opened.map_err(|error| DeviceError::from(refusal(&error)))
}

fn refusal(error: &CodecError) -> ProblemCode {
    if error.is_too_large() {
        ProblemCode::BodyTooLarge
    } else {
        ProblemCode::BadRequest
    }
}

/// An answer with as few headers as HTTP allows.
pub(super) async fn answer<T>(state: &AppState, message: T) -> Result<Response, DeviceError>
where
    T: minicbor::Encode<()> + Send + 'static,
{
    let body = tokio::task::spawn_blocking(move || seal(&message))
        .await
        .map_err(|_| ProblemCode::Internal)?;
    Ok(sealed(state, body.into()))
}

/// A small answer.
pub(super) fn answer_small<T: minicbor::Encode<()>>(state: &AppState, message: &T) -> Response {
    sealed(state, seal(message).into())
}

/// An answer whose body is sealed already.
pub(super) fn sealed(state: &AppState, body: Bytes) -> Response {
    state.metrics.bytes_sent.add(body.len() as u64);
    let mut response = body.into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    response
}
