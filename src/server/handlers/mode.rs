//! `/mode`. Source: section 2.11 of the API contract.

use super::super::dispatch::Call;
use super::super::error::ApiError;
use super::super::reply::Reply;
use crate::model::{Mode, Subject};
use crate::registry::refusal::Refusal;
use crate::wire::{ModeRequest, ModeResponse};

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
    let mode = call.service().mode(scope, to_global).await?;
    named(Some(mode))
}

/// Answers what was sent, as it was spelt.
async fn write(mut call: Call, scope: Subject) -> Result<Reply, ApiError> {
    let ModeRequest { mode } = call.json().await?;
    let Some(mode) = mode else {
        return Err(Refusal::InvalidMode.into());
    };
    let force = call.query.flag("force");
    call.writes().set_mode(scope, mode.clone(), force).await?;
    Reply::json(&ModeResponse { mode })
}

async fn remove(call: Call, scope: Subject) -> Result<Reply, ApiError> {
    let recursive = call.query.flag("recursive");
    let old = call.writes().delete_mode(scope, recursive).await?;
    named(old)
}

fn named(mode: Option<Mode>) -> Result<Reply, ApiError> {
    Reply::json(&ModeResponse {
        mode: mode.map(|mode| mode.as_str().to_owned()),
    })
}
