//! A whole registry inside the process, for tests of programs that use one: no port, no disk, no waiting.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use accord::client::{Normalize, Schema};
//! use accord::model::Subject;
//! use accord::testing::TestRegistry;
//!
//! let registry = TestRegistry::start().await?;
//! let client = registry.client()?;
//! let subject = Subject::parse("orders-value");
//! let schema = Schema::avro(r#""string""#);
//! let registered = client.register(&subject, &schema, Normalize::default()).await?;
//! assert_eq!(registered.id.map(|id| id.0), Some(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

use crate::client::{
    Answer, ClientBuilder, ClientError, Method, RegistryClient, Request, Transport, TransportError,
};
use crate::registry::Settings;
use crate::server::{self, Options};
use crate::service::{Fault, Service};
use crate::store::memory::Memory;
use crate::wire::media;
use async_trait::async_trait;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use http_body_util::{BodyExt, Limited};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// A name for one registry: no two share a folder on disk, not even those of different runs.
fn base() -> String {
    format!("http://in-process-{:016x}", rand::random::<u64>())
}

/// A registry with an empty store in memory. It ends when it is dropped together with its clients.
#[derive(Debug)]
pub struct TestRegistry {
    service: Arc<Service>,
    options: Options,
    transport: Arc<InProcess>,
}

impl TestRegistry {
    /// One with the server's default settings.
    ///
    /// # Errors
    ///
    /// A [`Fault`], as at any start of the service.
    pub async fn start() -> Result<Self, Fault> {
        Self::start_with(Settings::default(), Options::default()).await
    }

    /// The same with given settings.
    ///
    /// # Errors
    ///
    /// As [`TestRegistry::start`].
    pub async fn start_with(settings: Settings, options: Options) -> Result<Self, Fault> {
        let service = Service::start(Arc::new(Memory::new()), settings).await?;
        let router = server::router(Arc::clone(&service), &options);
        Ok(Self {
            service,
            options,
            transport: Arc::new(InProcess {
                router,
                base: base(),
            }),
        })
    }

    /// A client that calls the registry directly. Each has caches of its own.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::build`].
    pub fn client(&self) -> Result<RegistryClient, ClientError> {
        self.builder().build()
    }

    /// The same before it is built.
    pub fn builder(&self) -> ClientBuilder {
        RegistryClient::builder("").transport(self.transport())
    }

    /// The way to the registry.
    pub fn transport(&self) -> Arc<dyn Transport> {
        Arc::clone(&self.transport) as Arc<dyn Transport>
    }

    /// The service behind it.
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// The same registry at a free port of 127.0.0.1, for clients that need one, until the answer is dropped.
    ///
    /// # Errors
    ///
    /// What the system says against listening.
    pub async fn listen(&self) -> io::Result<Listening> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server::run(
            listener,
            Arc::clone(&self.service),
            self.options.clone(),
            async {
                // Dropping the sender is the signal, too.
                let _ = stopped.await;
            },
        ));
        Ok(Listening {
            address,
            stop: Some(stop),
            task: Some(task),
        })
    }
}

/// A port at which a [`TestRegistry`] listens.
#[derive(Debug)]
pub struct Listening {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<io::Result<()>>>,
}

impl Listening {
    /// The base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers what was asked, and closes the port.
    ///
    /// # Errors
    ///
    /// What went wrong while it was listening.
    pub async fn stop(mut self) -> io::Result<()> {
        self.stop = None;
        match self.task.take() {
            Some(task) => task.await.map_err(io::Error::other)?,
            None => Ok(()),
        }
    }
}

/// A call of the router instead of a connection.
#[derive(Debug)]
struct InProcess {
    router: axum::Router,
    /// What messages call the registry.
    base: String,
}

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: &Request, limit: usize) -> Result<Answer, TransportError> {
        let method = match request.method {
            Method::Get => axum::http::Method::GET,
            Method::Post => axum::http::Method::POST,
            Method::Put => axum::http::Method::PUT,
            Method::Delete => axum::http::Method::DELETE,
        };
        let body = request.body.clone().map_or_else(Body::empty, Body::from);
        let call = axum::http::Request::builder()
            .method(method)
            .uri(&request.target)
            .header(CONTENT_TYPE, media::V1)
            .body(body)
            .map_err(|error| TransportError::Invalid(Arc::from(error.to_string())))?;
        let response = match self.router.clone().oneshot(call).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse().ok())
            .map(Duration::from_secs);
        let body = Limited::new(response.into_body(), limit)
            .collect()
            .await
            .map_err(|error| {
                if error.is::<http_body_util::LengthLimitError>() {
                    TransportError::TooLarge(limit)
                } else {
                    TransportError::Broken(Arc::from(error.to_string()))
                }
            })?
            .to_bytes();
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
