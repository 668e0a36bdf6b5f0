//! Credentials, which never show in messages or debug output.

use super::error::ClientError;
use async_trait::async_trait;
use percent_encoding::percent_decode_str;
use reqwest::Url;
use std::fmt;
use std::sync::Arc;

/// A text that is not shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(Arc<str>);

impl Secret {
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// Where bearer tokens come from. It is asked before every request, so it keeps what it got for as long as that
/// is valid.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// A token that is valid now.
    async fn token(&self) -> Result<String, Box<dyn std::error::Error + Send + Sync>>;
}

/// How requests are authorized.
#[derive(Clone)]
pub(super) enum Auth {
    /// Not at all, unless a URL has credentials.
    None,
    Basic {
        user: Secret,
        password: Secret,
    },
    Bearer(Secret),
    BearerFrom(Arc<dyn TokenSource>),
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Basic { .. } => "Basic",
            Self::Bearer(_) => "Bearer",
            Self::BearerFrom(_) => "BearerFrom",
        })
    }
}

impl Auth {
    /// The credentials in front of a URL's host.
    pub fn of_url(url: &Url) -> Result<Self, ClientError> {
        if url.username().is_empty() && url.password().is_none() {
            return Ok(Self::None);
        }
        let plain = |text: &str| {
            percent_decode_str(text)
                .decode_utf8()
                .map(|text| Secret::new(text.as_ref()))
                .map_err(|_| ClientError::invalid("the credentials in a URL are not UTF-8"))
        };
        Ok(Self::Basic {
            user: plain(url.username())?,
            password: plain(url.password().unwrap_or_default())?,
        })
    }
}
