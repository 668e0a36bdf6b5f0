//! How a request gets to one registry and its answer back. HTTP is one way; tests have others.

use super::error::ClientError;
use super::target::Target;
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are HTTP's")]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    /// The name in HTTP.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// What is asked, apart from where and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query, percent-encoded, starting with `/` and relative to the base URL.
    pub target: String,
    /// A JSON document, if anything is sent.
    pub body: Option<Bytes>,
}

impl Request {
    /// A request of a path's segments and a query's names and values, which are encoded here. `body` is a JSON
    /// document.
    ///
    /// # Errors
    ///
    /// [`ClientError::Invalid`] for segments that no URL can carry: the empty one, `.` and `..`.
    pub fn new(
        method: Method,
        segments: &[&str],
        query: &[(&str, &str)],
        body: Option<Bytes>,
    ) -> Result<Self, ClientError> {
        let mut target = Target::path(segments)?;
        for (name, value) in query {
            target = target.with(name, value);
        }
        Ok(Self {
            method,
            target: target.into_text(),
            body,
        })
    }
}

/// An answer that arrived whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long the registry asks to wait before the next try.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// There was no connection, so the request did not get there.
    #[error("cannot connect: {0}")]
    Connect(Arc<str>),
    /// The connection broke before the answer was complete. The request may have taken effect.
    #[error("the connection broke: {0}")]
    Broken(Arc<str>),
    /// The answer takes too long. The request may have taken effect.
    #[error("no answer in time")]
    Timeout,
    /// The answer is longer than allowed.
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
    /// The request cannot be made.
    #[error("the request cannot be made: {0}")]
    Invalid(Arc<str>),
    /// A token could not be had.
    #[error("no credentials: {0}")]
    Credentials(Arc<str>),
}

/// A way to one registry.
#[async_trait]
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends a request and reads the whole answer, whatever its status. Bodies longer than `limit` bytes are not
    /// read to their end. Timeouts are the caller's.
    async fn send(&self, request: &Request, limit: usize) -> Result<Answer, TransportError>;

    /// The base URL, without credentials: for messages, and to keep what belongs to different registries apart.
    fn base(&self) -> &str;
}
