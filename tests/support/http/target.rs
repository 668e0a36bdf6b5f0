//! Where the requests go: the router in this process, or a server at a URL.

use super::wire::{Answer, exchange};
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

/// A request, ready to go out.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The method.
    pub method: String,
    /// The path and the query as they go over the wire.
    pub path: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Vec<u8>>,
}

/// Where requests go.
#[derive(Clone)]
pub enum Target {
    /// A router.
    Router(axum::Router),
    /// A server.
    Server(Arc<Remote>),
}

/// A server somewhere else.
pub struct Remote {
    authority: String,
    base: String,
    /// Settings that scenarios have made, to be unmade before the next.
    settings: Mutex<Vec<String>>,
}

impl Remote {
    /// The server at `http://host:port[/base]`.
    pub fn new(url: &str) -> Result<Self, String> {
        let rest = url
            .strip_prefix("http://")
            .ok_or_else(|| format!("REGISTRY_URL must start with http://, not {url}"))?;
        let (authority, base) = rest.split_once('/').unwrap_or((rest, ""));
        let authority = if authority.contains(':') {
            authority.to_owned()
        } else {
            format!("{authority}:80")
        };
        let base = base.trim_matches('/');
        Ok(Self {
            authority,
            base: if base.is_empty() {
                String::new()
            } else {
                format!("/{base}")
            },
            settings: Mutex::new(Vec::new()),
        })
    }

    fn send(&self, outgoing: &Outgoing) -> Result<Answer, String> {
        let path = outgoing.path.split('?').next().unwrap_or_default();
        if outgoing.method == "PUT"
            && let Ok(mut settings) = self.settings.lock()
        {
            settings.push(path.to_owned());
        }
        exchange(
            &self.authority,
            &outgoing.method,
            &format!("{}{}", self.base, outgoing.path),
            &outgoing.headers,
            outgoing.body.as_deref(),
        )
    }

    /// Takes away what scenarios have left: settings first (an alias would divert the deletes), then every
    /// subject for good, then the contexts. Subjects that others refer to go in a later round.
    pub fn clear(&self) -> Result<(), String> {
        let ask = |method: &str, path: &str| {
            exchange(
                &self.authority,
                method,
                &format!("{}{path}", self.base),
                &[],
                None,
            )
        };
        let list = |path: &str| -> Result<Vec<String>, String> {
            let answer = ask("GET", path)?;
            serde_json::from_slice(&answer.body).map_err(|e| format!("GET {path}: {e}"))
        };
        let made = match self.settings.lock() {
            Ok(mut settings) => std::mem::take(&mut *settings),
            Err(e) => return Err(e.to_string()),
        };
        for path in made.iter().rev() {
            ask("DELETE", path)?;
        }
        let contexts = list("/contexts")?;
        let scopes = contexts
            .iter()
            .filter(|c| *c != ".")
            .map(|c| format!("/:{c}:"))
            .chain(["/:.__GLOBAL:".to_owned(), String::new()]);
        for scope in scopes {
            ask("DELETE", &format!("/mode{scope}?recursive=true"))?;
            ask("DELETE", &format!("/config{scope}"))?;
        }
        for _ in 0..20 {
            let subjects = list("/subjects?deleted=true")?;
            if subjects.is_empty() {
                break;
            }
            for subject in subjects {
                // The empty subject of the default context has a spelling that a path can hold.
                let subject = if subject.is_empty() {
                    ":.:".to_owned()
                } else {
                    escape(&subject)
                };
                ask("DELETE", &format!("/config/{subject}"))?;
                ask("DELETE", &format!("/mode/{subject}"))?;
                ask("DELETE", &format!("/subjects/{subject}"))?;
                ask("DELETE", &format!("/subjects/{subject}?permanent=true"))?;
            }
        }
        for context in contexts.iter().filter(|c| *c != ".") {
            ask("DELETE", &format!("/contexts/{context}"))?;
        }
        Ok(())
    }
}

/// Percent-encodes what a path segment cannot hold.
fn escape(segment: &str) -> String {
    segment
        .bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
                char::from(b).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

impl Target {
    /// Sends a request and waits for the whole answer.
    pub async fn send(self, outgoing: Outgoing) -> Result<Answer, String> {
        match self {
            Target::Server(remote) => tokio::task::spawn_blocking(move || remote.send(&outgoing))
                .await
                .map_err(|e| e.to_string())?,
            Target::Router(router) => {
                let mut request = Request::builder()
                    .method(outgoing.method.as_str())
                    .uri(&outgoing.path);
                for (name, value) in &outgoing.headers {
                    request = request.header(name, value);
                }
                let request = request
                    .body(outgoing.body.map_or_else(Body::empty, Body::from))
                    .map_err(|e| format!("{} is not a request: {e}", outgoing.path))?;
                let response = match router.oneshot(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                };
                let (parts, body) = response.into_parts();
                let body = body
                    .collect()
                    .await
                    .map_err(|e| format!("the body broke off: {e}"))?;
                let headers = parts
                    .headers
                    .iter()
                    .map(|(n, v)| {
                        let value = String::from_utf8_lossy(v.as_bytes()).into_owned();
                        (n.as_str().to_owned(), value)
                    })
                    .collect();
                Ok(Answer {
                    status: parts.status.as_u16(),
                    headers,
                    body: body.to_bytes().to_vec(),
                })
            }
        }
    }
}
