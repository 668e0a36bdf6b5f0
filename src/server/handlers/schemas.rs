//! `/schemas`. Sources: sections 2.5 to 2.8 of the API contract.

use super::super::dispatch::Call;
use super::super::error::ApiError;
use super::super::query::Query;
use super::super::reply::Reply;
use super::read_options;
use crate::model::{SchemaId, SchemaType, Subject};
use crate::registry::query::SchemasQuery;
use crate::service::ByIdOptions;

pub(in crate::server) async fn list(call: Call) -> Result<Reply, ApiError> {
    let query = &call.query;
    let request = SchemasQuery {
        prefix: query.text("subjectPrefix"),
        aliases: query.flag("aliases"),
        deleted: query.flag("deleted"),
        latest_only: query.flag("latestOnly"),
        rule_type: query.text("ruleType"),
        page: query.page()?,
        require_association: requires_association(query)?,
    };
    let schemas = call.service().schemas(request).await?;
    Reply::json(&schemas)
}

/// Whether the association filters leave out schemas without one. There are no associations here, so nothing is
/// left then.
fn requires_association(query: &Query) -> Result<bool, ApiError> {
    let lifecycles: Vec<&str> = query.all("lifecycle").filter(|l| !l.is_empty()).collect();
    if lifecycles
        .iter()
        .any(|lifecycle| !matches!(*lifecycle, "NONE" | "STRONG" | "WEAK"))
    {
        return Err(ApiError::not_found());
    }
    let filtered = !lifecycles.is_empty()
        || query.filled("resourceType").is_some()
        || query.filled("associationType").is_some();
    Ok(filtered && !lifecycles.contains(&"NONE"))
}

pub(in crate::server) async fn types(_call: Call) -> Result<Reply, ApiError> {
    Reply::json(&SchemaType::ALL)
}

/// The id; a segment that is no int32 names nothing.
fn id(call: &Call) -> Result<SchemaId, ApiError> {
    call.parameter(0)
        .trim()
        .parse()
        .map(SchemaId)
        .map_err(|_| ApiError::not_found())
}

fn subject(call: &Call) -> Option<Subject> {
    call.query.filled("subject").map(Subject::parse)
}

pub(in crate::server) async fn by_id(call: Call) -> Result<Reply, ApiError> {
    let id = id(&call)?;
    let subject = subject(&call);
    let asked = subject.is_some();
    let options = ByIdOptions {
        subject,
        fetch_max_id: call.query.flag("fetchMaxId"),
        read: read_options(&call),
    };
    let mut found = call.service().schema_by_id(id, options).await?;
    if !asked {
        // Any of several subjects would be named; clients were tried with none.
        found.subject = None;
        found.version = None;
    }
    Reply::json(&found)
}

pub(in crate::server) async fn text_by_id(call: Call) -> Result<Reply, ApiError> {
    let text = call
        .service()
        .schema_text_by_id(id(&call)?, subject(&call), call.query.text("format"))
        .await?;
    Ok(Reply::text(text))
}

pub(in crate::server) async fn subjects_by_id(call: Call) -> Result<Reply, ApiError> {
    let page = call.query.page()?;
    let deleted = call.query.flag("deleted");
    let subjects = call
        .service()
        .subjects_by_id(id(&call)?, subject(&call), deleted, page)
        .await?;
    Reply::json(&subjects)
}

pub(in crate::server) async fn versions_by_id(call: Call) -> Result<Reply, ApiError> {
    let page = call.query.page()?;
    let deleted = call.query.flag("deleted");
    let versions = call
        .service()
        .versions_by_id(id(&call)?, subject(&call), deleted, page)
        .await?;
    Reply::json(&versions)
}

pub(in crate::server) async fn by_guid(call: Call) -> Result<Reply, ApiError> {
    let found = call
        .service()
        .schema_by_guid(call.parameter(0).to_owned(), call.query.text("format"))
        .await?;
    Reply::json(&found)
}

pub(in crate::server) async fn ids_by_guid(call: Call) -> Result<Reply, ApiError> {
    let ids = call
        .service()
        .ids_by_guid(call.parameter(0).to_owned())
        .await?;
    Reply::json(&ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn association_filters() {
        let requires = |raw: &str| requires_association(&Query::parse(raw)).ok();
        assert_eq!(requires(""), Some(false));
        assert_eq!(requires("resourceType=topic"), Some(true));
        assert_eq!(requires("associationType=key&lifecycle=NONE"), Some(false));
        assert_eq!(requires("lifecycle=WEAK&lifecycle=STRONG"), Some(true));
        assert_eq!(requires("lifecycle=SOMETIMES"), None);
    }
}
