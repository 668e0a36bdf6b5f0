//! Reading a request's body: bounded in length and time, JSON whatever type it was declared as.

use super::error::ApiError;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use bytes::BytesMut;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The memory that bodies may take, in units, so that many large ones together are bounded too.
#[derive(Debug)]
pub(crate) struct Room(Arc<Semaphore>);

/// Small enough that a usual body takes little more than it needs.
const UNIT: usize = 1024;

impl Room {
    /// Room for so many bytes.
    pub fn new(bytes: usize) -> Self {
        let units = bytes.div_ceil(UNIT).min(Semaphore::MAX_PERMITS);
        Self(Arc::new(Semaphore::new(units)))
    }
}

/// How much of a body is taken, and how long it is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub bytes: usize,
    pub time: Duration,
}

/// A body, and the room it takes until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub bytes: BytesMut,
    room: Option<OwnedSemaphorePermit>,
}

impl Held {
    fn add(&mut self, data: &[u8], bounds: Bounds, room: &Room) -> Result<(), ApiError> {
        let length = self.bytes.len() + data.len();
        if length > bounds.bytes {
            return Err(too_large());
        }
        let has = self
            .room
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let more = length.div_ceil(UNIT).saturating_sub(has);
        if more > 0 {
            let more = u32::try_from(more).map_err(|_| too_large())?;
            let permit = Arc::clone(&room.0)
                .try_acquire_many_owned(more)
                .map_err(|_| {
                    ApiError::Overload("The registry holds too many requests, try again")
                })?;
            match &mut self.room {
                Some(room) => room.merge(permit),
                None => self.room = Some(permit),
            }
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }
}

/// The whole body.
pub(crate) async fn read(
    mut body: Body,
    headers: &HeaderMap,
    bounds: Bounds,
    room: &Room,
) -> Result<Held, ApiError> {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    // Refused before it is sent, for clients that wait for a "100 Continue".
    if declared.is_some_and(|length| length > bounds.bytes as u64) {
        return Err(too_large());
    }
    let reading = async {
        let mut held = Held::default();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| {
                ApiError::Hangup(
                    StatusCode::BAD_REQUEST,
                    "The request's body ended before it was complete".into(),
                )
            })?;
            if let Some(data) = frame.data_ref() {
                held.add(data, bounds, room)?;
            }
        }
        Ok(held)
    };
    tokio::time::timeout(bounds.time, reading)
        .await
        .unwrap_or_else(|_| {
            Err(ApiError::Hangup(
                StatusCode::REQUEST_TIMEOUT,
                "The request's body was not sent in time".into(),
            ))
        })
}

fn too_large() -> ApiError {
    ApiError::Hangup(
        StatusCode::PAYLOAD_TOO_LARGE,
        "The request's body is too large".into(),
    )
}

/// The body as a value: JSON that cannot be read is a 400, a body that is missing or `null` a 422.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let text = object(bytes)?;
    serde_json::from_slice(text).or_else(|error| {
        // The API's JSON knows the numbers that are none, in members that are ignored or may be absent.
        without_not_numbers(text)
            .and_then(|text| serde_json::from_slice(&text).ok())
            .ok_or_else(|| ApiError::bad_request(error.to_string()))
    })
}

/// The same where `NaN` must not pass for `null`.
pub(crate) fn parse_strictly<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(object(bytes)?).map_err(|error| ApiError::bad_request(error.to_string()))
}

/// The text of a body that has to be an object.
fn object(bytes: &[u8]) -> Result<&[u8], ApiError> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = text.trim_ascii();
    if text.is_empty() || text == b"null" {
        return Err(ApiError::Http(
            StatusCode::UNPROCESSABLE_ENTITY,
            "The request's body must not be null (was null)".into(),
        ));
    }
    // serde would read a list as a struct's members in order.
    if !text.starts_with(b"{") {
        return Err(ApiError::bad_request(
            "The request's body is not a JSON object",
        ));
    }
    Ok(text)
}

/// The text with `null` for `NaN`, `Infinity` and `-Infinity`; `None` if it has none of them outside strings.
fn without_not_numbers(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    let mut quoted = false;
    while let [first, tail @ ..] = rest {
        let token = [&b"-Infinity"[..], b"Infinity", b"NaN"]
            .into_iter()
            .find(|token| !quoted && rest.starts_with(token));
        if let Some(token) = token {
            found = true;
            out.extend_from_slice(b"null");
            rest = rest.get(token.len()..).unwrap_or_default();
            continue;
        }
        out.push(*first);
        rest = tail;
        match (first, tail) {
            (b'\\', [escaped, after @ ..]) if quoted => {
                out.push(*escaped);
                rest = after;
            }
            (b'"', _) => quoted = !quoted,
            _ => {}
        }
    }
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::RegisterRequest;

    fn status(text: &str) -> Option<u16> {
        match parse::<RegisterRequest>(text.as_bytes()) {
            Ok(_) => None,
            Err(ApiError::Http(status, _)) => Some(status.as_u16()),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn bodies() {
        assert_eq!(status(r#"{"schema":"x","unknown":{"a":[1]}}"#), None);
        assert_eq!(status("\u{feff}{}"), None);
        assert_eq!(status(""), Some(422));
        assert_eq!(status("  null\n"), Some(422));
        assert_eq!(status("{"), Some(400));
        assert_eq!(status("[]"), Some(400));
        assert_eq!(status(r#"{"schema":{"type":"string"}}"#), Some(400));
    }
}
