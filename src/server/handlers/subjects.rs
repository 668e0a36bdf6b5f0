//! `/subjects` and `/subjects/{subject}`. Sources: sections 2.2 and 2.3 of the API contract.

use super::super::dispatch::Call;
use super::super::error::ApiError;
use super::super::reply::Reply;
use crate::service::LookupOptions;

pub(in crate::server) async fn list(call: Call) -> Result<Reply, ApiError> {
    // Absent means every context, empty means the default one.
    let prefix = call.query.first("subjectPrefix").map(str::to_owned);
    let page = call.query.page()?;
    let subjects = call
        .service()
        .subjects(prefix, call.query.deleted(), page)
        .await?;
    Reply::json(&subjects)
}

pub(in crate::server) async fn lookup(mut call: Call) -> Result<Reply, ApiError> {
    let request = call.json().await?;
    let options = LookupOptions {
        normalize: call.query.flag("normalize"),
        deleted: call.query.flag("deleted"),
        format: call.query.text("format"),
    };
    let found = call
        .service()
        .lookup(call.subject(), request, options)
        .await?;
    Reply::json(&found)
}

pub(in crate::server) async fn delete(call: Call) -> Result<Reply, ApiError> {
    let permanent = call.query.flag("permanent");
    let versions = call
        .writes()
        .delete_subject(call.subject(), permanent)
        .await?;
    Reply::json(&versions)
}

pub(in crate::server) async fn metadata(call: Call) -> Result<Reply, ApiError> {
    let query = &call.query;
    let pairs = query
        .all("key")
        .zip(query.all("value"))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let found = call
        .service()
        .metadata(
            call.subject(),
            pairs,
            query.flag("deleted"),
            query.text("format"),
        )
        .await?;
    Reply::json(&found)
}
