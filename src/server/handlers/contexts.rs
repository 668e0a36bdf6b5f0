//! `/contexts`. Source: section 2.12 of the API contract.

use super::super::dispatch::Call;
use super::super::error::ApiError;
use super::super::reply::Reply;
use crate::model::Context;

pub(in crate::server) async fn list(call: Call) -> Result<Reply, ApiError> {
    let page = call.query.page()?;
    let prefix = call.query.text("contextPrefix");
    let contexts = call.service().contexts(prefix, page).await?;
    Reply::json(&contexts)
}

pub(in crate::server) async fn delete(call: Call) -> Result<Reply, ApiError> {
    let context = Context::parse(call.parameter(0))
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    call.writes().delete_context(context).await?;
    Ok(Reply::Nothing)
}
