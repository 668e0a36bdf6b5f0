//! What operators' tools ask: is it alive, is it ready, how is it doing, what does it speak.

use super::super::dispatch::Call;
use super::super::error::ApiError;
use super::super::metrics;
use super::super::reply::Reply;
use axum::http::StatusCode;
use bytes::Bytes;
use std::time::Duration;

/// How long the database may take before the server counts as not ready.
const PING: Duration = Duration::from_secs(3);

const UP: Bytes = Bytes::from_static(br#"{"status":"UP"}"#);

/// The contract of this server.
const OPENAPI: &str = include_str!("../../../openapi.yaml");

/// The process answers: nothing else is asked, so that a failing database does not get it restarted.
pub(in crate::server) async fn live(_call: Call) -> Result<Reply, ApiError> {
    Ok(Reply::Body(UP))
}

pub(in crate::server) async fn ready(call: Call) -> Result<Reply, ApiError> {
    call.service().is_ready().map_err(not_ready)?;
    match tokio::time::timeout(PING, call.service().ping()).await {
        Ok(Ok(())) => Ok(Reply::Body(UP)),
        // What the database said is for the log of whoever looks at it, not for strangers.
        Ok(Err(_)) => Err(not_ready("the database does not answer".to_owned())),
        Err(_) => Err(not_ready("the database does not answer in time".to_owned())),
    }
}

fn not_ready(reason: String) -> ApiError {
    ApiError::Http(StatusCode::SERVICE_UNAVAILABLE, reason.into())
}

pub(in crate::server) async fn metrics(call: Call) -> Result<Reply, ApiError> {
    let text = call.state.metrics.render(&call.service().stats())?;
    Ok(Reply::Typed(metrics::MEDIA, text.into()))
}

pub(in crate::server) async fn openapi(_call: Call) -> Result<Reply, ApiError> {
    Ok(Reply::Typed(
        "application/yaml",
        Bytes::from_static(OPENAPI.as_bytes()),
    ))
}
