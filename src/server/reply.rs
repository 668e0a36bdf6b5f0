//! What a handler hands back.

use super::error::ApiError;
use crate::service::Fault;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use std::sync::Arc;

/// A success.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A body in the negotiated type.
    Body(Bytes),
    /// 204.
    Nothing,
    /// A body in a type of its own.
    Typed(&'static str, Bytes),
}

/// A shared text as the owner of a body's bytes, so that a schema is sent without being copied.
struct Shared(Arc<str>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl Reply {
    /// A value as JSON.
    pub fn json<T: Serialize>(value: &T) -> Result<Self, ApiError> {
        match serde_json::to_vec(value) {
            Ok(bytes) => Ok(Self::Body(bytes.into())),
            Err(error) => Err(ApiError::Fault(Fault::Bug(format!(
                "an answer cannot be written as JSON: {error}"
            )))),
        }
    }

    /// A schema's text as it is; the contract has it sent as JSON although it need not be.
    pub fn text(text: Arc<str>) -> Self {
        Self::Body(Bytes::from_owner(Shared(text)))
    }

    /// An empty object.
    pub fn empty_object() -> Self {
        Self::Body(Bytes::from_static(b"{}"))
    }

    /// The response.
    pub fn into_response(self, media: &'static str) -> Response {
        let (media, body) = match self {
            Self::Body(body) => (media, body),
            Self::Typed(media, body) => (media, body),
            Self::Nothing => {
                let mut response = Response::default();
                *response.status_mut() = StatusCode::NO_CONTENT;
                return response;
            }
        };
        let mut response = Response::new(body.into());
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(media));
        response
    }
}
