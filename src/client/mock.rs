//! A registry for tests that is told what to answer, and remembers what it was asked.

use super::transport::{Answer, Method, Request, Transport, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a [`MockTransport`] does with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A status and a JSON document.
    Json(u16, Value),
    /// A status and any bytes.
    Bytes(u16, Bytes),
    /// A status, how long to wait before the next try, and nothing else.
    RetryAfter(u16, Duration),
    /// No connection.
    Refuse,
    /// A connection that breaks within the answer.
    Break,
    /// Nothing, ever.
    Silence,
    /// Something, after a while.
    After(Duration, Box<Reply>),
}

impl Reply {
    /// A success.
    pub fn ok(body: Value) -> Self {
        Self::Json(200, body)
    }

    /// An error of a registry.
    pub fn error(status: u16, code: u32, message: &str) -> Self {
        Self::Json(
            status,
            serde_json::json!({"error_code": code, "message": message}),
        )
    }
}

/// A transport that answers by rules. Without one that fits, the answer is a plain 404.
#[derive(Debug)]
pub struct MockTransport {
    base: String,
    script: Mutex<Script>,
}

#[derive(Debug, Default)]
struct Script {
    once: VecDeque<Reply>,
    rules: Vec<(Method, String, Reply)>,
    requests: Vec<Request>,
}

impl MockTransport {
    /// One without rules, at an address that is used for messages only.
    pub fn new(base: &str) -> Arc<Self> {
        Arc::new(Self {
            base: base.to_owned(),
            script: Mutex::default(),
        })
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, requests of this method whose path and query start with `target` get this reply. A newer rule
    /// comes before older ones.
    pub fn on(&self, method: Method, target: &str, reply: Reply) {
        self.script()
            .rules
            .insert(0, (method, target.to_owned(), reply));
    }

    /// From now on, everything gets this reply.
    pub fn always(&self, reply: Reply) {
        for method in [Method::Get, Method::Post, Method::Put, Method::Delete] {
            self.on(method, "", reply.clone());
        }
    }

    /// The next request gets this reply, whatever the rules are; several wait in line.
    pub fn once(&self, reply: Reply) {
        self.script().once.push_back(reply);
    }

    /// Forgets all rules and replies.
    pub fn reset(&self) {
        let mut script = self.script();
        script.once.clear();
        script.rules.clear();
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.script().requests.clone()
    }

    fn reply(&self, request: &Request) -> Reply {
        let mut script = self.script();
        script.requests.push(request.clone());
        if let Some(reply) = script.once.pop_front() {
            return reply;
        }
        script
            .rules
            .iter()
            .find(|(method, target, _)| {
                *method == request.method && request.target.starts_with(target)
            })
            .map_or_else(
                || Reply::error(404, 404, "HTTP 404 Not Found"),
                |(_, _, reply)| reply.clone(),
            )
    }
}

#[async_trait]
impl Transport for MockTransport {
    async fn send(&self, request: &Request, limit: usize) -> Result<Answer, TransportError> {
        let mut reply = self.reply(request);
        while let Reply::After(pause, then) = reply {
            tokio::time::sleep(pause).await;
            reply = *then;
        }
        let (status, body, retry_after) = match reply {
            Reply::Json(status, value) => (status, Bytes::from(value.to_string()), None),
            Reply::Bytes(status, body) => (status, body, None),
            Reply::RetryAfter(status, wait) => (status, Bytes::new(), Some(wait)),
            Reply::Refuse => return Err(TransportError::Connect(Arc::from("connection refused"))),
            Reply::Break | Reply::After(..) => {
                return Err(TransportError::Broken(Arc::from("connection reset")));
            }
            Reply::Silence => std::future::pending().await,
        };
        if body.len() > limit {
            return Err(TransportError::TooLarge(limit));
        }
        Ok(Answer {
            status,
            retry_after,
            body,
        })
    }

    fn base(&self) -> &str {
        &self.base
    }
}
