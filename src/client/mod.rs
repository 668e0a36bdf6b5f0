//! A client for schema registries: Accord and everything else that speaks Confluent's REST API.
//!
//! [`RegistryClient`] asks a registry and remembers what it heard, so that a producer or consumer asks once per
//! schema. Clones share one memory. It needs no engine: schemas are texts here.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use accord::client::{MockTransport, Method, Normalize, RegistryClient, Reply, Schema};
//! use accord::model::{SchemaId, Subject};
//!
//! // Instead of `RegistryClient::new("https://registry-a:8081,https://registry-b:8081")?`
//! let registry = MockTransport::new("http://mock");
//! registry.on(Method::Post, "/subjects/orders-value/", Reply::ok(serde_json::json!({"id": 7})));
//! registry.on(Method::Get, "/schemas/ids/7", Reply::ok(serde_json::json!({"schema": "\"string\""})));
//! let client = RegistryClient::builder("").transport(registry.clone()).build()?;
//!
//! // A producer registers its schema, or finds that it is registered.
//! let orders = Subject::parse("orders-value");
//! let schema = Schema::avro("\"string\"");
//! let registered = client.register(&orders, &schema, Normalize::default()).await?;
//! assert_eq!(registered.id, Some(SchemaId(7)));
//!
//! // A consumer asks for the schema of an id once; from then on, it is in memory.
//! let found = client.schema_by_id(SchemaId(7), None).await?;
//! assert_eq!(found.schema, schema);
//! assert!(client.cached_by_id(SchemaId(7)).is_some());
//! assert_eq!(registry.requests().len(), 2);
//! # Ok::<(), accord::client::ClientError>(())
//! # }).unwrap();
//! ```

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
use std::fmt;
use std::sync::Arc;

/// A client of one registry, which may have several URLs. Cheap to clone; clones share caches and connections.
#[derive(Clone)]
pub struct RegistryClient {
    inner: Arc<Inner>,
}

impl fmt::Debug for RegistryClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryClient")
            .field("registry", &self.inner.pool.identity())
            .field("context", &self.inner.context)
            .finish_non_exhaustive()
    }
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

    /// Sends a request that the other methods do not know, with the same failover, credentials and retries, and gives
    /// the answer as it came. Nothing is kept, and the client's context is not added.
    ///
    /// # Errors
    ///
    /// See [`ClientError`]; every status but a success is one.
    pub async fn send(&self, request: &Request) -> Result<Answer, ClientError> {
        let retries = self.inner.tuning.retries;
        let (answer, _) = self.inner.pool.call(request, retries).await?;
        Ok(answer)
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        self.inner.stats()
    }
}
