//! `/config`. Source: section 2.10 of the API contract.

use super::super::dispatch::Call;
use super::super::error::ApiError;
use super::super::reply::Reply;
use crate::model::Subject;
use crate::wire::{ConfigResponse, ConfigUpdateResponse};

fn global() -> Subject {
    Subject::parse("")
}

pub(in crate::server) async fn get_global(call: Call) -> Result<Reply, ApiError> {
    read(call, global()).await
}

pub(in crate::server) async fn get(call: Call) -> Result<Reply, ApiError> {
    let scope = call.subject();
    read(call, scope).await
}

pub(in crate::server) async fn put_global(call: Call) -> Result<Reply, ApiError> {
    write(call, global()).await
}

pub(in crate::server) async fn put(call: Call) -> Result<Reply, ApiError> {
    let scope = call.subject();
    write(call, scope).await
}

pub(in crate::server) async fn delete_global(call: Call) -> Result<Reply, ApiError> {
    remove(call, global()).await
}

pub(in crate::server) async fn delete(call: Call) -> Result<Reply, ApiError> {
    let scope = call.subject();
    remove(call, scope).await
}

async fn read(call: Call, scope: Subject) -> Result<Reply, ApiError> {
    let to_global = call.query.flag("defaultToGlobal");
    let config = call.service().config(scope, to_global).await?;
    Reply::json(&ConfigResponse(config))
}

async fn write(mut call: Call, scope: Subject) -> Result<Reply, ApiError> {
    let request = call.json().await?;
    let merged = call.writes().set_config(scope, request).await?;
    Reply::json(&ConfigUpdateResponse::from(merged))
}

async fn remove(call: Call, scope: Subject) -> Result<Reply, ApiError> {
    let old = call.writes().delete_config(scope).await?;
    Reply::json(&ConfigResponse(old))
}
