//! The HTTP API: one table of routes, thin handlers, and the limits that keep strangers' requests bounded.
//!
//! Nothing here decides anything about schemas: a handler turns a request into a call of the service and the
//! answer into the body that the contract names. Requests are matched on the raw path, because a subject may
//! hold `/`, `+` and `:`, which a router that decodes first cannot tell from its own.

mod body;
mod dispatch;
mod error;
mod handlers;
mod media;
mod metrics;
mod options;
mod path;
mod query;
mod reply;
mod request_id;
mod routes;
mod run;
mod stall;
#[cfg(test)]
mod tests;

pub use options::Options;
pub use routes::{ROUTES, Route};
pub use run::run;

use crate::service::Service;
use std::sync::Arc;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

/// Shorter answers cost more to compress than to send.
const COMPRESS_ABOVE: u64 = 2048;

/// The API of a service, without a listener.
pub fn router(service: Arc<Service>, options: &Options) -> axum::Router {
    router_of(Arc::new(dispatch::State::new(service, options.clone())))
}

fn router_of(state: Arc<dispatch::State>) -> axum::Router {
    axum::Router::new()
        .fallback(move |request| dispatch::answer(Arc::clone(&state), request))
        .layer(
            CompressionLayer::new()
                .gzip(true)
                .compress_when(SizeAbove::new(COMPRESS_ABOVE)),
        )
}
