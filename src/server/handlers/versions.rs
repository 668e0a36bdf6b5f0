//! `/subjects/{subject}/versions`. Source: section 2.4 of the API contract.
//!
//! A body is read before the version is looked at, so that an unreadable one is the first thing reported.

use super::super::dispatch::Call;
use super::super::error::ApiError;
use super::super::reply::Reply;
use super::read_options;
use crate::service::RegisterOptions;

pub(in crate::server) async fn list(call: Call) -> Result<Reply, ApiError> {
    let page = call.query.page()?;
    let negative = call.query.flag("deletedAsNegative");
    let versions = call
        .service()
        .versions(call.subject(), call.query.deleted(), negative, page)
        .await?;
    Reply::json(&versions)
}

pub(in crate::server) async fn register(mut call: Call) -> Result<Reply, ApiError> {
    let request = call.json().await?;
    let options = RegisterOptions {
        normalize: call.query.flag("normalize"),
        force: call.query.flag("force"),
        format: call.query.text("format"),
        detail: call.query.detail()?,
    };
    let registered = call
        .writes()
        .register(call.subject(), request, options)
        .await?;
    Reply::json(&registered)
}

pub(in crate::server) async fn get(call: Call) -> Result<Reply, ApiError> {
    let version = call.version()?;
    let found = call
        .service()
        .version(call.subject(), version, read_options(&call))
        .await?;
    Reply::json(&found)
}

pub(in crate::server) async fn text(call: Call) -> Result<Reply, ApiError> {
    let version = call.version()?;
    let deleted = call.query.flag("deleted");
    let text = call
        .service()
        .version_text(call.subject(), version, deleted, call.query.text("format"))
        .await?;
    Ok(Reply::text(text))
}

pub(in crate::server) async fn referenced_by(call: Call) -> Result<Reply, ApiError> {
    let page = call.query.page()?;
    let version = call.version()?;
    let deleted = call.query.flag("deleted");
    let ids = call
        .service()
        .referenced_by(call.subject(), version, deleted, page)
        .await?;
    Reply::json(&ids)
}

/// The largest body of a request to validate: what is read from a record takes several times its bytes.
const RECORD_BYTES: usize = 4 << 20;

pub(in crate::server) async fn validate(mut call: Call) -> Result<Reply, ApiError> {
    let request = call.strict_json(RECORD_BYTES).await?;
    let version = call.version()?;
    let deleted = call.query.flag("deleted");
    let verdict = call
        .service()
        .validate(call.subject(), version, deleted, request)
        .await?;
    Reply::json(&verdict)
}

pub(in crate::server) async fn delete(call: Call) -> Result<Reply, ApiError> {
    let version = call.version()?;
    let permanent = call.query.flag("permanent");
    let deleted = call
        .writes()
        .delete_version(call.subject(), version, permanent)
        .await?;
    Reply::json(&deleted)
}

pub(in crate::server) async fn tag(mut call: Call) -> Result<Reply, ApiError> {
    let request = call.json().await?;
    let version = call.version()?;
    let registered = call.writes().tag(call.subject(), version, request).await?;
    Reply::json(&registered)
}
