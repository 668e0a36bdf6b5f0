//! The transport over HTTP and TLS.

use super::auth::{Auth, Secret};
use super::error::ClientError;
use super::tls;
use super::transport::{Answer, Method, Request, Transport, TransportError};
use crate::wire::media;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::Url;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use std::sync::Arc;
use std::time::Duration;

/// Tells registries not to refuse members of bodies that they do not know.
const ACCEPT_UNKNOWN: HeaderName = HeaderName::from_static("confluent-accept-unknown-properties");

/// What the HTTP side of a client is made of.
#[derive(Debug, Clone)]
pub(super) struct HttpSettings {
    pub urls: Secret,
    pub auth: Auth,
    pub headers: Vec<(String, Secret)>,
    pub user_agent: String,
    pub ca_pem: Option<Vec<u8>>,
    pub identity_pem: Option<Secret>,
    pub connect_timeout: Duration,
}

/// One registry behind a base URL.
#[derive(Debug)]
pub(super) struct HttpTransport {
    http: reqwest::Client,
    /// Without credentials and without a slash at the end.
    base: String,
    auth: Auth,
}

/// One transport for each of the comma-separated URLs, in their order.
pub(super) fn transports(settings: &HttpSettings) -> Result<Vec<Arc<dyn Transport>>, ClientError> {
    let mut headers = HeaderMap::new();
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("application/vnd.schemaregistry.v1+json"),
    );
    headers.insert(ACCEPT_UNKNOWN, HeaderValue::from_static("true"));
    for (name, value) in &settings.headers {
        let invalid = || ClientError::invalid(format!("the header {name} cannot be sent"));
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
        let mut value = HeaderValue::from_str(value.reveal()).map_err(|_| invalid())?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    let urls: Vec<&str> = settings
        .urls
        .reveal()
        .split(',')
        .map(str::trim)
        .filter(|url| !url.is_empty())
        .collect();
    let identity = settings.identity_pem.as_ref();
    let tls = tls::config(
        settings.ca_pem.as_deref(),
        identity.map(|pem| pem.reveal().as_bytes()),
        urls.iter().any(|url| !url.starts_with("http://")),
    )?;
    let http = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .default_headers(headers)
        .user_agent(&settings.user_agent)
        .connect_timeout(settings.connect_timeout)
        // Less than servers and proxies keep idle connections, so that none is used that they are closing.
        .pool_idle_timeout(Duration::from_secs(30))
        // An API that moves is a mistake of somebody's, and credentials must not follow it elsewhere.
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| ClientError::invalid(told(error)))?;

    let mut found: Vec<Arc<dyn Transport>> = Vec::new();
    for url in urls {
        found.push(Arc::new(HttpTransport::new(&http, url, &settings.auth)?));
    }
    if found.is_empty() {
        return Err(ClientError::invalid("no URL of a registry is given"));
    }
    Ok(found)
}

impl HttpTransport {
    fn new(http: &reqwest::Client, text: &str, auth: &Auth) -> Result<Self, ClientError> {
        // The text is not repeated: it may hold a password.
        let mut url = Url::parse(text)
            .map_err(|error| ClientError::invalid(format!("a registry's URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(ClientError::invalid(
                "a registry's URL starts with http:// or https:// and names a host",
            ));
        }
        let auth = match auth {
            Auth::None => Auth::of_url(&url)?,
            given => given.clone(),
        };
        // These fail for URLs without a host only.
        let cleared = url.set_username("").and(url.set_password(None));
        if cleared.is_err() {
            return Err(ClientError::invalid("a registry's URL names a host"));
        }
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self {
            http: http.clone(),
            base: url.as_str().trim_end_matches('/').to_owned(),
            auth,
        })
    }

    async fn authorize(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::RequestBuilder, TransportError> {
        match &self.auth {
            Auth::None => Ok(request),
            Auth::Basic { user, password } => {
                Ok(request.basic_auth(user.reveal(), Some(password.reveal())))
            }
            Auth::Bearer(token) => bearer(request, token.reveal()),
            Auth::BearerFrom(source) => {
                let token = source
                    .token()
                    .await
                    .map_err(|reason| TransportError::Credentials(Arc::from(reason.to_string())))?;
                bearer(request, &token)
            }
        }
    }
}

fn bearer(
    request: reqwest::RequestBuilder,
    token: &str,
) -> Result<reqwest::RequestBuilder, TransportError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
        TransportError::Credentials(Arc::from("the token holds what a header cannot carry"))
    })?;
    value.set_sensitive(true);
    Ok(request.header(AUTHORIZATION, value))
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: &Request, limit: usize) -> Result<Answer, TransportError> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let url = format!("{}{}", self.base, request.target);
        let mut sent = self.http.request(method, url);
        if let Some(body) = &request.body {
            sent = sent.header(CONTENT_TYPE, media::V1).body(body.clone());
        }
        let mut response = self
            .authorize(sent)
            .await?
            .send()
            .await
            .map_err(transport_error)?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.trim().parse().ok())
            .map(Duration::from_secs);
        Ok(Answer {
            status,
            retry_after,
            body: read(&mut response, limit).await?,
        })
    }

    fn base(&self) -> &str {
        &self.base
    }
}

/// The whole body, which may announce a length and be longer.
async fn read(response: &mut reqwest::Response, limit: usize) -> Result<Bytes, TransportError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(transport_error)? {
        if chunk.len() > limit.saturating_sub(body.len()) {
            return Err(TransportError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn transport_error(error: reqwest::Error) -> TransportError {
    if error.is_builder() {
        TransportError::Invalid(told(error))
    } else if error.is_connect() {
        TransportError::Connect(told(error))
    } else if error.is_timeout() {
        TransportError::Timeout
    } else {
        TransportError::Broken(told(error))
    }
}

/// The error and its causes in one line, without the URL, which messages name themselves.
fn told(error: reqwest::Error) -> Arc<str> {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    Arc::from(text)
}
