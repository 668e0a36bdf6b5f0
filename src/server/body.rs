//! Reading a request's body: bounded in length and time, JSON whatever type it was declared as.

use super::error::ApiError;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How much of a body is taken, and how long it is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub bytes: usize,
    pub time: Duration,
}

/// The whole body.
pub(crate) async fn read(
    body: Body,
    headers: &HeaderMap,
    bounds: Bounds,
) -> Result<Bytes, ApiError> {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    // Refused before it is sent, for clients that wait for a "100 Continue".
    if declared.is_some_and(|length| length > bounds.bytes as u64) {
        return Err(too_large());
    }
    let limited = Limited::new(body, bounds.bytes).collect();
    match tokio::time::timeout(bounds.time, limited).await {
        Err(_) => Err(ApiError::Hangup(
            StatusCode::REQUEST_TIMEOUT,
            "The request's body was not sent in time".into(),
        )),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(ApiError::Hangup(
            StatusCode::BAD_REQUEST,
            "The request's body ended before it was complete".into(),
        )),
    }
}

fn too_large() -> ApiError {
    ApiError::Hangup(
        StatusCode::PAYLOAD_TOO_LARGE,
        "The request's body is too large".into(),
    )
}

/// The body as a value: JSON that cannot be read is a 400, a body that is missing or `null` a 422.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
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
    serde_json::from_slice(text).map_err(|error| ApiError::bad_request(error.to_string()))
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
