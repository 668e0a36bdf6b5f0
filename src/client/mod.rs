//! A client for schema registries: Accord and everything else that speaks Confluent's REST API.
//!
//! [`RegistryClient`] asks a registry and remembers what it heard, so that a producer or consumer asks once per
//! schema. Clones share one memory. It needs no engine: schemas are texts here.

mod admin;
mod auth;
mod builder;
mod disk;
mod error;
mod fetch;
mod flight;
mod http;
#[cfg(feature = "kafka")]
pub mod kafka;
mod key;
mod memory;
mod mock;
mod pool;
mod resolve;
mod schemas;
#[cfg(any(
    feature = "client-avro",
    feature = "client-json",
    feature = "client-protobuf"
))]
pub mod serde;
mod stats;
mod target;
mod tls;
mod transport;
mod tuning;
mod types;

pub use auth::TokenSource;
pub use builder::ClientBuilder;
pub use disk::DiskOptions;
pub use error::ClientError;
pub use mock::{MockTransport, Reply};
pub use stats::Stats;
pub use transport::{Answer, Method, Request, Transport, TransportError};
pub use tuning::Tuning;
pub use types::{
    Association, Deleted, Deletion, Format, Normalize, Registered, Resolved, ResolvedReference,
    Schema,
};

use fetch::Inner;
use std::sync::Arc;

/// A client of one registry, which may have several URLs. Cheap to clone; clones share caches and connections.
#[derive(Debug, Clone)]
pub struct RegistryClient {
    inner: Arc<Inner>,
}

impl RegistryClient {
    /// A client with default settings for a registry at one or more base URLs, separated by commas. A path in a
    /// URL is kept, and so are a user and a password.
    ///
    /// # Errors
    ///
    /// [`ClientError::Invalid`] for URLs that are none.
    pub fn new(urls: &str) -> Result<Self, ClientError> {
        Self::builder(urls).build()
    }

    /// The same with settings of one's own.
    pub fn builder(urls: &str) -> ClientBuilder {
        ClientBuilder::new(urls)
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        self.inner.stats()
    }
}
