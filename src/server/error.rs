//! Every answer that is not a success: `{"error_code", "message"}`. Sources: sections 1.5.1 to 1.5.3.

use super::request_id;
use crate::registry::refusal::Refusal;
use crate::service::{self, Reported};
use crate::wire::{ErrorBody, ErrorCode, media};
use axum::http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use std::borrow::Cow;

/// Why a request gets no success.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// The registry says no.
    Refused(Refusal),
    /// Something of ours failed.
    Fault(service::Fault),
    /// HTTP itself says no.
    Http(StatusCode, Cow<'static, str>),
    /// The path is known, the method is not one of its own.
    Method(String),
    /// The client was too slow or sent too much: the rest of its body is not read.
    Hangup(StatusCode, Cow<'static, str>),
    /// Too much is going on.
    Overload(&'static str),
}

/// What an error's answer depends on besides the error.
pub(crate) struct Scene<'a> {
    /// The code of incompatible registrations.
    pub incompatible_code: u32,
    /// The request's id.
    pub request_id: &'a HeaderValue,
    /// What was tried, in the contract's words, for faults.
    pub failure: &'a dyn Fn() -> Cow<'static, str>,
    /// The negotiated type.
    pub media: &'static str,
}

impl ApiError {
    /// No such path, or a number that is none.
    pub fn not_found() -> Self {
        Self::Http(StatusCode::NOT_FOUND, "HTTP 404 Not Found".into())
    }

    /// The request cannot be read.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Http(StatusCode::BAD_REQUEST, message.into())
    }

    /// What the client gets. Faults are logged here, and nowhere else.
    pub fn answer(self, scene: &Scene<'_>) -> Response {
        let mut reply = match self {
            Self::Refused(refusal) => refused(refusal, scene),
            Self::Fault(fault) => faulty(&fault, scene),
            Self::Http(status, message) => ErrorReply::plain(status, message),
            Self::Method(allow) => {
                let mut reply = ErrorReply::plain(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "HTTP 405 Method Not Allowed",
                );
                if let Ok(value) = HeaderValue::from_str(&allow) {
                    reply.extra = Some((ALLOW, value));
                }
                reply
            }
            Self::Hangup(status, message) => {
                let mut reply = ErrorReply::plain(status, message);
                reply.extra = Some((CONNECTION, HeaderValue::from_static("close")));
                reply
            }
            Self::Overload(message) => overload(message),
        };
        reply.media = scene.media;
        reply.into_response()
    }
}

impl From<service::Error> for ApiError {
    fn from(error: service::Error) -> Self {
        match error {
            service::Error::Refused(refusal) => Self::Refused(refusal),
            service::Error::Fault(fault) => Self::Fault(fault),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

fn refused(refusal: Refusal, scene: &Scene<'_>) -> ErrorReply {
    let code = match refusal.code() {
        ErrorCode::INCOMPATIBLE => ErrorCode(scene.incompatible_code),
        code => code,
    };
    let mut reply = ErrorReply::coded(code, refusal.to_string());
    if let Refusal::Incompatible { report, .. } = refusal {
        reply.body.report = report;
    }
    reply
}

/// Says no more than that it failed; the id leads to the line in the log that says why.
fn faulty(fault: &service::Fault, scene: &Scene<'_>) -> ErrorReply {
    let id = request_id::text(scene.request_id);
    if matches!(
        fault,
        service::Fault::Away | service::Fault::Busy | service::Fault::Stopping
    ) {
        tracing::warn!(request_id = %id, "refused a request: {fault}");
        return overload("The registry is busy, try again");
    }
    tracing::error!(request_id = %id, "a request failed: {fault}");
    match fault {
        service::Fault::Timeout => ErrorReply::coded(
            ErrorCode::TIMEOUT,
            format!("Operation timed out (request {id})"),
        ),
        service::Fault::Store(_) => ErrorReply::coded(
            ErrorCode::STORE,
            format!("{} (request {id})", (scene.failure)()),
        ),
        _ => ErrorReply::plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
    }
}

fn overload(message: &'static str) -> ErrorReply {
    let mut reply = ErrorReply::plain(StatusCode::SERVICE_UNAVAILABLE, message);
    reply.extra = Some((RETRY_AFTER, HeaderValue::from_static("1")));
    reply
}

/// An error as it is sent.
struct ErrorReply {
    body: Reported<ErrorBody>,
    media: &'static str,
    extra: Option<(axum::http::HeaderName, HeaderValue)>,
}

impl ErrorReply {
    fn coded(code: ErrorCode, message: String) -> Self {
        Self {
            body: Reported {
                answer: ErrorBody {
                    error_code: code,
                    message,
                },
                report: None,
            },
            media: media::V1,
            extra: None,
        }
    }

    fn plain(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::coded(
            ErrorCode(status.as_u16().into()),
            message.into().into_owned(),
        )
    }
}

impl IntoResponse for ErrorReply {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.body.answer.error_code.status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.body).unwrap_or_default();
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media));
        if let Some((name, value)) = self.extra {
            headers.insert(name, value);
        }
        response
    }
}
