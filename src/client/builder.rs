//! Putting a client together.

use super::auth::{Auth, Secret, TokenSource};
use super::disk::DiskOptions;
use super::error::ClientError;
use super::http::{self, HttpSettings};
use super::transport::Transport;
use super::tuning::Tuning;
use super::{Inner, RegistryClient};
use crate::model::Context;
use reqwest::Url;
use std::sync::Arc;

/// A client in the making; see [`RegistryClient::builder`].
#[derive(Debug, Clone)]
pub struct ClientBuilder {
    urls: Secret,
    auth: Auth,
    headers: Vec<(String, Secret)>,
    user_agent: String,
    ca_pem: Option<Vec<u8>>,
    identity_pem: Option<Secret>,
    context: Context,
    tuning: Tuning,
    disk: Option<DiskOptions>,
    transports: Vec<Arc<dyn Transport>>,
}

impl ClientBuilder {
    pub(super) fn new(urls: &str) -> Self {
        Self {
            urls: Secret::new(urls),
            auth: Auth::None,
            headers: Vec::new(),
            user_agent: concat!("accord-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            ca_pem: None,
            identity_pem: None,
            context: Context::default_context(),
            tuning: Tuning::default(),
            disk: None,
            transports: Vec::new(),
        }
    }

    /// Basic authentication, at every URL. Without it, `user:password@` in front of a URL's host counts.
    #[must_use]
    pub fn basic_auth(mut self, user: &str, password: &str) -> Self {
        self.auth = Auth::Basic {
            user: Secret::new(user),
            password: Secret::new(password),
        };
        self
    }

    /// A bearer token that stays the same.
    #[must_use]
    pub fn bearer(mut self, token: &str) -> Self {
        self.auth = Auth::Bearer(Secret::new(token));
        self
    }

    /// Bearer tokens that are asked for when needed.
    #[must_use]
    pub fn bearer_from(mut self, source: Arc<dyn TokenSource>) -> Self {
        self.auth = Auth::BearerFrom(source);
        self
    }

    /// A header of every request. Its value is treated as a secret.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), Secret::new(value)));
        self
    }

    /// Another name than `accord-client/VERSION` for the program, as servers log it.
    #[must_use]
    pub fn user_agent(mut self, name: &str) -> Self {
        name.clone_into(&mut self.user_agent);
        self
    }

    /// The certificate authorities to trust instead of the system's: PEM, one or more.
    #[must_use]
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_pem = Some(pem.into());
        self
    }

    /// The certificate to show (mTLS): PEM with the chain and its private key.
    #[must_use]
    pub fn identity_pem(mut self, pem: &str) -> Self {
        self.identity_pem = Some(Secret::new(pem));
        self
    }

    /// The context of subjects that name none, and of ids that are asked for without a subject.
    #[must_use]
    pub fn context(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// Times and sizes.
    #[must_use]
    pub fn tuning(mut self, tuning: Tuning) -> Self {
        self.tuning = tuning;
        self
    }

    /// A folder in which to keep schemas, so that the program can start while the registry is away.
    #[must_use]
    pub fn disk(mut self, options: DiskOptions) -> Self {
        self.disk = Some(options);
        self
    }

    /// A way to a registry that is not HTTP; several are tried in their order. The URLs, credentials and TLS
    /// settings are of no use then.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transports.push(transport);
        self
    }

    /// The client. Nothing is asked yet: the registry may be down.
    ///
    /// # Errors
    ///
    /// [`ClientError::Invalid`] for URLs, headers or certificates that are none.
    pub fn build(self) -> Result<RegistryClient, ClientError> {
        let tenant = self.tenant();
        let transports = if self.transports.is_empty() {
            http::transports(&HttpSettings {
                urls: self.urls,
                auth: self.auth,
                headers: self.headers,
                user_agent: self.user_agent,
                ca_pem: self.ca_pem,
                identity_pem: self.identity_pem,
                connect_timeout: self.tuning.connect_timeout,
            })?
        } else {
            self.transports
        };
        Ok(RegistryClient {
            inner: Arc::new(Inner::new(
                transports,
                self.context,
                self.tuning,
                self.disk.as_ref(),
                &tenant,
            )?),
        })
    }

    /// What besides the URLs decides which registry answers: hosts that serve several tell them by a header, or by
    /// the user (as an API key is). Passwords and tokens change too often to count. Nothing, where neither is sent.
    fn tenant(&self) -> Secret {
        if !self.transports.is_empty() {
            return Secret::new("");
        }
        let mut parts: Vec<String> = self
            .headers
            .iter()
            .map(|(name, value)| format!("{:?}={:?}", name.to_lowercase(), value.reveal()))
            .collect();
        parts.sort_unstable();
        match &self.auth {
            Auth::Basic { user, .. } => parts.push(format!("{:?}", user.reveal())),
            Auth::None => {
                let urls = self.urls.reveal().split(',');
                let mut users: Vec<String> = urls
                    .filter_map(|url| Url::parse(url.trim()).ok())
                    .filter(|url| !url.username().is_empty())
                    .map(|url| format!("{:?}", url.username()))
                    .collect();
                users.sort_unstable();
                users.dedup();
                parts.append(&mut users);
            }
            Auth::Bearer(_) | Auth::BearerFrom(_) => {}
        }
        Secret::new(parts.join(" "))
    }
}
