//! The table of routes. Dispatch, `405` with `Allow`, `OPTIONS`, metrics and the test that compares this program
//! with `openapi.yaml` all read it.

use super::dispatch::Call;
use super::error::ApiError;
use super::handlers::{
    compatibility, config, contexts, metadata, mode, operations, schemas, subjects, versions,
};
use super::reply::Reply;
use std::future::Future;
use std::pin::Pin;

/// What a handler returns.
pub(crate) type Handling = Pin<Box<dyn Future<Output = Result<Reply, ApiError>> + Send>>;

/// One operation of the API.
#[derive(Clone, Copy)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path; a segment in braces stands for any one segment.
    pub template: &'static str,
    /// The name under which it is measured. Source: section 8 of the API contract.
    pub endpoint: &'static str,
    /// What a fault's message says was tried. Source: section 1.5.3.
    pub(crate) failure: &'static str,
    pub(crate) kind: Kind,
    pub(crate) handler: fn(Call) -> Handling,
}

/// How a route is treated before its handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Content types are negotiated, and it counts against the bound on concurrent requests.
    Api,
    /// For operators' tools: it answers in its own type, even when the server is full.
    Operations,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.template)
    }
}

macro_rules! route {
    ($kind:ident $method:literal $template:literal, $endpoint:literal, $failure:literal, $($handler:ident)::+) => {
        Route {
            method: $method,
            template: $template,
            endpoint: $endpoint,
            failure: $failure,
            kind: Kind::$kind,
            handler: |call| Box::pin($($handler)::+(call)),
        }
    };
}

/// Every operation.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    route!(Api "GET" "/", "root.get", "Error while answering", metadata::root),
    route!(Api "POST" "/", "root.post", "Error while answering", metadata::post_root),

    route!(Api "GET" "/subjects", "subjects.list", "Error while listing subjects", subjects::list),
    route!(Api "POST" "/subjects/{subject}", "subjects.get-schema", "Error while looking up schema under subject {subject}", subjects::lookup),
    route!(Api "DELETE" "/subjects/{subject}", "subjects.delete-subject", "Error while deleting the subject {subject}", subjects::delete),
    route!(Api "GET" "/subjects/{subject}/metadata", "subjects.get-latest-with-metadata", "Error while retrieving schema for subject {subject}", subjects::metadata),

    route!(Api "GET" "/subjects/{subject}/versions", "subjects.versions.list", "Error while listing all versions for subject {subject}", versions::list),
    route!(Api "POST" "/subjects/{subject}/versions", "subjects.versions.register", "Error while registering schema", versions::register),
    route!(Api "GET" "/subjects/{subject}/versions/{version}", "subjects.versions.get-schema", "Error while retrieving schema for subject {subject} with version {version} from the schema registry", versions::get),
    route!(Api "DELETE" "/subjects/{subject}/versions/{version}", "subjects.versions.deleteSchemaVersion-schema", "Error while deleting Schema Version", versions::delete),
    route!(Api "GET" "/subjects/{subject}/versions/{version}/schema", "subjects.versions.get-schema.only", "Error while retrieving schema for subject {subject} with version {version} from the schema registry", versions::text),
    route!(Api "GET" "/subjects/{subject}/versions/{version}/referencedby", "subjects.versions.list-schema-refs", "Error while listing schemas that reference subject {subject} with version {version}", versions::referenced_by),
    route!(Api "POST" "/subjects/{subject}/versions/{version}/validate", "subjects.versions.validate", "Error while validating a record", versions::validate),
    route!(Api "POST" "/subjects/{subject}/versions/{version}/tags", "subjects.versions.modify.tags", "Error while registering schema", versions::tag),

    route!(Api "GET" "/schemas", "schemas.get-schemas", "Error while listing schemas", schemas::list),
    route!(Api "GET" "/schemas/types", "schemas.get-types", "Error while listing schema types", schemas::types),
    route!(Api "GET" "/schemas/ids/{id}", "schemas.ids.get-schema", "Error while retrieving schema with id {id} from the schema registry", schemas::by_id),
    route!(Api "GET" "/schemas/ids/{id}/schema", "schemas.ids.get-schema.only", "Error while retrieving schema with id {id} from the schema registry", schemas::text_by_id),
    route!(Api "GET" "/schemas/ids/{id}/subjects", "schemas.get-subjects", "Error while retrieving all subjects associated with schema id {id} from the schema registry", schemas::subjects_by_id),
    route!(Api "GET" "/schemas/ids/{id}/versions", "schemas.get-versions", "Error while retrieving all subjects associated with schema id {id} from the schema registry", schemas::versions_by_id),
    route!(Api "GET" "/schemas/guids/{guid}", "schemas.guids.get-schema", "Error while retrieving schema with guid {guid} from the schema registry", schemas::by_guid),
    route!(Api "GET" "/schemas/guids/{guid}/ids", "schemas.guids.get-ids", "Error while retrieving schema with guid {guid} from the schema registry", schemas::ids_by_guid),

    route!(Api "POST" "/compatibility/subjects/{subject}/versions", "compatibility.subjects.versions.verify", "Error while checking compatibility with subject {subject}", compatibility::with_subject),
    route!(Api "POST" "/compatibility/subjects/{subject}/versions/{version}", "compatibility.subjects.versions.verify", "Error while checking compatibility with subject {subject}", compatibility::with_version),

    route!(Api "GET" "/config", "config.get-global", "Error while getting compatibility level", config::get_global),
    route!(Api "PUT" "/config", "config.update-global", "Failed to update compatibility level", config::put_global),
    route!(Api "DELETE" "/config", "config.delete-global", "Failed to delete compatibility level", config::delete_global),
    route!(Api "GET" "/config/{subject}", "config.get-subject", "Error while getting compatibility level for subject {subject}", config::get),
    route!(Api "PUT" "/config/{subject}", "config.update-subject", "Failed to update compatibility level", config::put),
    route!(Api "DELETE" "/config/{subject}", "config.delete-subject", "Failed to delete compatibility level", config::delete),

    route!(Api "GET" "/mode", "mode.get-global", "Error while getting mode", mode::get_global),
    route!(Api "PUT" "/mode", "mode.update-global", "Failed to update mode", mode::put_global),
    route!(Api "DELETE" "/mode", "mode.delete-global", "Failed to delete mode", mode::delete_global),
    route!(Api "GET" "/mode/{subject}", "mode.get-subject", "Error while getting mode for subject {subject}", mode::get),
    route!(Api "PUT" "/mode/{subject}", "mode.update-subject", "Failed to update mode", mode::put),
    route!(Api "DELETE" "/mode/{subject}", "mode.delete-subject", "Failed to delete mode", mode::delete),

    route!(Api "GET" "/contexts", "contexts.list", "Error while listing contexts", contexts::list),
    route!(Api "DELETE" "/contexts/{context}", "context.delete", "Error while deleting context", contexts::delete),

    route!(Api "GET" "/v1/metadata/id", "metadata.id", "Error while answering", metadata::id),
    route!(Api "GET" "/v1/metadata/version", "metadata.version", "Error while answering", metadata::version),
    route!(Api "GET" "/v1/metadata/deployment", "metadata.deployment", "Error while answering", metadata::deployment),

    route!(Api "GET" "/accord/v1/revision", "accord.revision", "Error while answering", metadata::revision),

    route!(Operations "GET" "/livez", "livez", "Error while answering", operations::live),
    route!(Operations "GET" "/readyz", "readyz", "Error while answering", operations::ready),
    route!(Operations "GET" "/metrics", "metrics", "Error while answering", operations::metrics),
    route!(Operations "GET" "/openapi.yaml", "openapi", "Error while answering", operations::openapi),
];

/// What a path and a method lead to.
#[derive(Debug)]
pub(crate) enum Match {
    /// An operation.
    Found(&'static Route),
    /// The path has other methods than this one.
    OtherMethods(Vec<&'static str>),
    /// No such path.
    Unknown,
}

/// Finds the operation of decoded segments. `HEAD` is looked for as `GET`.
pub(crate) fn find(method: &str, segments: &[String]) -> Match {
    let method = if method == "HEAD" { "GET" } else { method };
    let mut others = Vec::new();
    for route in ROUTES {
        if !route.matches(segments) {
            continue;
        }
        if route.method == method {
            return Match::Found(route);
        }
        others.push(route.method);
    }
    if others.is_empty() {
        Match::Unknown
    } else {
        Match::OtherMethods(others)
    }
}

/// The value of `Allow` for a path with these methods.
pub(crate) fn allow(methods: &[&str]) -> String {
    let mut all = methods.to_vec();
    if methods.contains(&"GET") {
        all.push("HEAD");
    }
    all.push("OPTIONS");
    all.join(", ")
}

impl Route {
    fn matches(&self, segments: &[String]) -> bool {
        let mut given = segments.iter();
        for part in self.parts() {
            match given.next() {
                Some(segment) if is_parameter(part) || segment == part => {}
                _ => return false,
            }
        }
        given.next().is_none()
    }

    /// The segments that stand where the template has braces, in order.
    pub(crate) fn parameters(&self, segments: Vec<String>) -> Vec<String> {
        self.parts()
            .zip(segments)
            .filter_map(|(part, segment)| is_parameter(part).then_some(segment))
            .collect()
    }

    /// What was tried, with the request's own names.
    pub(crate) fn failure_with(&self, parameters: &[String]) -> String {
        let names = self.parts().filter(|part| is_parameter(part));
        let mut text = self.failure.to_owned();
        for (name, value) in names.zip(parameters) {
            text = text.replace(name, value);
        }
        text
    }

    fn parts(&self) -> impl Iterator<Item = &'static str> {
        self.template.split('/').filter(|part| !part.is_empty())
    }
}

fn is_parameter(part: &str) -> bool {
    part.starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn segments(path: &str) -> Vec<String> {
        path.split('/')
            .filter(|s| !s.is_empty())
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn one_operation_per_method_and_template() {
        let mut seen = HashSet::new();
        for route in ROUTES {
            assert!(seen.insert((route.method, route.template)), "{route:?}");
        }
    }

    #[test]
    fn finding() {
        let found = |method, path| match find(method, &segments(path)) {
            Match::Found(route) => Some(route.endpoint),
            _ => None,
        };
        assert_eq!(found("GET", "/"), Some("root.get"));
        assert_eq!(found("HEAD", "/subjects"), Some("subjects.list"));
        assert_eq!(found("GET", "/schemas/types"), Some("schemas.get-types"));
        assert_eq!(
            found("POST", "/subjects/metadata"),
            Some("subjects.get-schema")
        );
        assert_eq!(
            found("GET", "/subjects/s/metadata"),
            Some("subjects.get-latest-with-metadata")
        );
        assert_eq!(found("GET", "/nothing"), None);
        assert!(matches!(
            find("GET", &segments("/associations/resources/a/b")),
            Match::Unknown
        ));
        match find("PATCH", &segments("/config/s")) {
            Match::OtherMethods(methods) => {
                assert_eq!(allow(&methods), "GET, PUT, DELETE, HEAD, OPTIONS")
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn parameters_and_failures() {
        let Match::Found(route) = find("GET", &segments("/subjects/s/versions/1")) else {
            panic!("not found");
        };
        let parameters = route.parameters(segments("/subjects/s/versions/1"));
        assert_eq!(parameters, ["s", "1"]);
        assert!(
            route
                .failure_with(&parameters)
                .contains("subject s with version 1 from")
        );
    }
}
