//! `/compatibility`. Source: section 2.9 of the API contract.

use super::super::dispatch::Call;
use super::super::error::ApiError;
use super::super::reply::Reply;
use crate::model::VersionSpec;
use crate::service::CheckOptions;
use crate::wire::RegisterRequest;

pub(in crate::server) async fn with_subject(mut call: Call) -> Result<Reply, ApiError> {
    let request = call.json().await?;
    check(call, None, request).await
}

pub(in crate::server) async fn with_version(mut call: Call) -> Result<Reply, ApiError> {
    let request = call.json().await?;
    let version = call.version()?;
    check(call, Some(version), request).await
}

async fn check(
    call: Call,
    version: Option<VersionSpec>,
    request: RegisterRequest,
) -> Result<Reply, ApiError> {
    let options = CheckOptions {
        normalize: call.query.flag("normalize"),
        verbose: call.query.flag("verbose"),
        detail: call.query.detail()?,
    };
    let verdict = call
        .service()
        .check(call.subject(), version, request, options)
        .await?;
    Reply::json(&verdict)
}
