//! `/` and `/v1/metadata`. Sources: sections 2.1 and 2.15 of the API contract.

use super::super::dispatch::Call;
use super::super::error::ApiError;
use super::super::reply::Reply;
use crate::wire::{DeploymentResponse, ServerClusterResponse, VersionResponse};
use serde::de::IgnoredAny;
use std::collections::HashMap;

pub(in crate::server) async fn root(_call: Call) -> Result<Reply, ApiError> {
    Ok(Reply::empty_object())
}

/// Takes any JSON object.
pub(in crate::server) async fn post_root(mut call: Call) -> Result<Reply, ApiError> {
    call.json::<HashMap<String, IgnoredAny>>().await?;
    Ok(Reply::empty_object())
}

pub(in crate::server) async fn id(call: Call) -> Result<Reply, ApiError> {
    let options = &call.state.options;
    Reply::json(&ServerClusterResponse {
        scope: serde_json::json!({
            "path": [],
            "clusters": {
                "kafka-cluster": options.kafka_cluster_id,
                "schema-registry-cluster": options.cluster_id,
            },
        }),
    })
}

pub(in crate::server) async fn version(_call: Call) -> Result<Reply, ApiError> {
    Reply::json(&VersionResponse {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit_id: option_env!("ACCORD_COMMIT").unwrap_or("unknown").to_owned(),
    })
}

pub(in crate::server) async fn deployment(_call: Call) -> Result<Reply, ApiError> {
    Reply::json(&DeploymentResponse::default())
}

/// The number of the last committed change; a shared store is asked for news first. An addition of ours.
pub(in crate::server) async fn revision(call: Call) -> Result<Reply, ApiError> {
    call.service().refresh().await;
    Reply::json(&serde_json::json!({ "revision": call.service().stats().seq }))
}
