//! What an operator sets for the HTTP side.

use std::time::Duration;

/// Limits and names of the HTTP side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The `error_code` of an incompatible registration: 409, which every client knows, or 40901.
    pub incompatible_code: u32,
    /// Longer request bodies are refused.
    pub max_body_bytes: usize,
    /// How much memory the bodies of all requests may take together; beyond it they get a 503.
    pub max_buffered_bytes: usize,
    /// How long a request may take, its body included.
    pub request_timeout: Duration,
    /// How long a client may take to send a body, and how long it may take nothing of an answer.
    pub body_read_timeout: Duration,
    /// How long a connection may take to send a request's head. It is also the time a connection may stay idle,
    /// so it has to be longer than clients keep pooled connections.
    pub header_read_timeout: Duration,
    /// How long requests in flight may take to finish when the server is told to stop.
    pub shutdown_timeout: Duration,
    /// How many requests are worked on at once; more get a 503.
    pub max_concurrent_requests: usize,
    /// How many connections are open at once; more wait to be accepted.
    pub max_connections: usize,
    /// A path in front of every resource, such as `/api/registry`; the resources stay reachable without it.
    pub base_path: String,
    /// The registry's name in `GET /v1/metadata/id`.
    pub cluster_id: String,
    /// The Kafka cluster's id there.
    pub kafka_cluster_id: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            incompatible_code: 409,
            max_body_bytes: 16 * 1024 * 1024,
            max_buffered_bytes: 256 * 1024 * 1024,
            request_timeout: Duration::from_secs(60),
            body_read_timeout: Duration::from_secs(30),
            header_read_timeout: Duration::from_secs(75),
            shutdown_timeout: Duration::from_secs(20),
            max_concurrent_requests: 1024,
            max_connections: 10_000,
            base_path: String::new(),
            cluster_id: "schema-registry".to_owned(),
            kafka_cluster_id: String::new(),
        }
    }
}
