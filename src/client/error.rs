//! Why a call of the client failed. No message holds a credential.

use crate::model::{Subject, Version};
use crate::wire::ErrorCode;
use crate::wire::frame::SchemaKey;
use std::sync::Arc;

/// A call that failed. Cheap to clone, because one failure may answer many callers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The registry answered with an error.
    #[error("{url} answered {status} (error code {code}): {message}")]
    Refused {
        /// The request's address, without credentials.
        url: Arc<str>,
        /// The HTTP status.
        status: u16,
        /// The registry's code; the status where the answer names none.
        code: ErrorCode,
        /// The registry's message.
        message: Arc<str>,
    },
    /// No registry answered: connections fail, break off or take too long.
    #[error("no answer from {url} after {attempts} attempts: {reason}")]
    Unreachable {
        /// The address that was tried last, without credentials.
        url: Arc<str>,
        /// How many requests were sent or tried.
        attempts: u32,
        /// What the last one failed for.
        reason: Arc<str>,
    },
    /// There is an answer, and it is not one of a schema registry, such as a proxy's page of whatever status.
    #[error("{url} answered {status} with something else than a registry would: {reason}")]
    Unreadable {
        /// The request's address, without credentials.
        url: Arc<str>,
        /// The HTTP status.
        status: u16,
        /// What is wrong with it.
        reason: Arc<str>,
    },
    /// The answer is longer than the client takes.
    #[error("the answer of {url} is longer than {limit} bytes")]
    TooLarge {
        /// The request's address, without credentials.
        url: Arc<str>,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A schema that was found unusable a short while ago, and is not tried again yet.
    #[error("the schema {key} {}cannot be used: {reason}", of_subject(subject.as_ref()))]
    BadSchema {
        /// Its id or GUID.
        key: SchemaKey,
        /// The subject it was asked for with.
        subject: Option<Subject>,
        /// What is wrong with it.
        reason: Arc<str>,
    },
    /// The references of a schema cannot be followed.
    #[error("reference to {subject} version {version}: {reason}")]
    Reference {
        /// The subject referred to.
        subject: Subject,
        /// The version.
        version: Version,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The settings of the client do not fit together, or the call cannot be made.
    #[error("{0}")]
    Invalid(Arc<str>),
    /// Credentials could not be had.
    #[error("no credentials: {0}")]
    Credentials(Arc<str>),
}

fn of_subject(subject: Option<&Subject>) -> String {
    subject.map_or_else(String::new, |subject| format!("of {subject} "))
}

impl ClientError {
    /// Whether the registry says that there is no such thing. A 404 that no registry wrote does not say so.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// Whether the registry refuses a schema as incompatible (409).
    pub fn is_incompatible(&self) -> bool {
        self.status() == Some(409)
    }

    /// Whether the registry is out of reach or unable, or something else answers in its place: asking again later
    /// may help, and what was known before is used meanwhile.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Unreadable { .. } | Self::Credentials(_) => true,
            Self::Refused { status, .. } => is_transient(*status),
            _ => false,
        }
    }

    /// Whether there is no registry that could be asked anything. A registry that fails at one question may well
    /// answer others.
    pub(super) fn is_away(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Credentials(_) => true,
            Self::Refused { status, .. } => matches!(status, 502..=504),
            _ => false,
        }
    }

    /// The HTTP status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } | Self::Unreadable { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The registry's error code, if it gave one.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    pub(super) fn invalid(message: impl Into<Arc<str>>) -> Self {
        Self::Invalid(message.into())
    }
}

/// Whether the same request may be answered better a little later.
pub(super) fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}
