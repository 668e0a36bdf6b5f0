//! From a raw path to decoded segments, and the two rewritings that come before routing: the context prefix
//! (section 4.6 of the API contract) and aliases (section 4.7).

use super::error::ApiError;
use super::query::Query;
use crate::model::{Context, Subject};
use percent_encoding::percent_decode_str;

/// Splits a raw path at its slashes and decodes each segment; empty segments count for nothing, so trailing and
/// doubled slashes do not either. `base` is taken off the front if it is there.
pub(crate) fn segments(raw: &str, base: &str) -> Result<Vec<String>, ApiError> {
    let mut segments = Vec::new();
    for segment in split(raw) {
        // A name that is not UTF-8 is refused: replaced characters would make two names one.
        let decoded = percent_decode_str(segment)
            .decode_utf8()
            .map_err(|_| ApiError::bad_request("HTTP 400 Bad Request"))?;
        segments.push(decoded.into_owned());
    }
    let base: Vec<&str> = split(base).collect();
    if !base.is_empty()
        && segments.len() >= base.len()
        && segments.iter().zip(&base).all(|(a, b)| a == b)
    {
        segments.drain(..base.len());
    }
    Ok(segments)
}

fn split(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// Replaces a leading `/contexts/{c}` before a resource by qualified names in the rest of the request.
pub(crate) fn enter_context(segments: &mut Vec<String>, query: &mut Query) -> Result<(), ApiError> {
    if segments.first().map(String::as_str) != Some("contexts") {
        return Ok(());
    }
    let Some(name) = segments.get(1) else {
        return Ok(());
    };
    let context = Context::parse(name).map_err(|error| ApiError::bad_request(error.to_string()))?;
    if segments.len() == 2 {
        return Ok(());
    }
    segments.drain(..2);
    let prefix = context.delimited();
    if prefix.is_empty() {
        return Ok(());
    }
    if let Some(subject) = subject_at(segments).and_then(|at| segments.get_mut(at)) {
        *subject = qualified(&prefix, subject);
        return Ok(());
    }
    let names: Vec<&str> = segments.iter().map(String::as_str).collect();
    match names.as_slice() {
        ["config" | "mode", subject, ..] => {
            let subject = qualified(&prefix, subject);
            if let Some(place) = segments.get_mut(1) {
                *place = subject;
            }
        }
        ["config" | "mode"] => segments.push(prefix),
        ["subjects"] | ["schemas"] => prepend(query, "subjectPrefix", &prefix),
        ["schemas", "ids", ..] => prepend(query, "subject", &prefix),
        _ => {}
    }
    Ok(())
}

/// Replaces the subject of a path, or of a request by id, by the one its settings name as the real one.
pub(crate) fn follow_alias(
    segments: &mut [String],
    query: &mut Query,
    alias_of: impl Fn(&Subject) -> Option<Subject>,
) {
    if let Some(subject) = subject_at(segments).and_then(|at| segments.get_mut(at)) {
        if let Some(target) = alias_of(&Subject::parse(subject)) {
            *subject = target.as_str().to_owned();
        }
        return;
    }
    let by_id = matches!(segments, [schemas, ids, ..] if schemas == "schemas" && ids == "ids");
    if by_id
        && let Some(target) = query
            .filled("subject")
            .and_then(|subject| alias_of(&Subject::parse(subject)))
    {
        query.set("subject", target.as_str().to_owned());
    }
}

/// Where a path names a subject of `/subjects` or `/compatibility/subjects`.
fn subject_at(segments: &[String]) -> Option<usize> {
    let first = segments.first()?;
    if first == "subjects" && segments.len() > 1 {
        return Some(1);
    }
    let second = segments.get(1)?;
    (first == "compatibility" && second == "subjects" && segments.len() > 2).then_some(2)
}

/// A name in the context of `prefix`, unless it names a context itself.
fn qualified(prefix: &str, name: &str) -> String {
    if name.starts_with(":.") || name.starts_with(":*:") {
        name.to_owned()
    } else {
        format!("{prefix}{name}")
    }
}

fn prepend(query: &mut Query, parameter: &str, prefix: &str) {
    let given = query.text(parameter);
    query.set(parameter, qualified(prefix, &given));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(path: &str, raw_query: &str) -> (String, Query) {
        let mut parts = segments(path, "").unwrap();
        let mut query = Query::parse(raw_query);
        enter_context(&mut parts, &mut query).unwrap();
        (parts.join("/"), query)
    }

    #[test]
    fn slashes_and_escapes() {
        assert_eq!(
            segments("//subjects/a%2Fb+c%20d/%3A.x%3Ay//", "").unwrap(),
            ["subjects", "a/b+c d", ":.x:y"]
        );
        assert!(segments("/subjects/%FF", "").is_err());
        assert!(segments("/", "").unwrap().is_empty());
    }

    #[test]
    fn a_base_path_is_taken_off() {
        assert_eq!(
            segments("/api/registry/subjects", "/api/registry/").unwrap(),
            ["subjects"]
        );
        assert_eq!(
            segments("/subjects", "/api/registry").unwrap(),
            ["subjects"]
        );
        assert!(
            segments("/api/registry", "api/registry")
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            segments("/api/registrysubjects", "/api/registry")
                .unwrap()
                .len(),
            2
        );
    }

    /// Section 4.6, row by row.
    #[test]
    fn the_context_prefix() {
        for (from, to) in [
            (
                "/contexts/.c/subjects/foo/versions",
                "subjects/:.c:foo/versions",
            ),
            (
                "/contexts/c/subjects/foo/versions",
                "subjects/:.c:foo/versions",
            ),
            (
                "/contexts/%3A.c%3A/subjects/foo/versions",
                "subjects/:.c:foo/versions",
            ),
            (
                "/contexts/.c/compatibility/subjects/foo/versions/1",
                "compatibility/subjects/:.c:foo/versions/1",
            ),
            ("/contexts/.c/config", "config/:.c:"),
            ("/contexts/.c/mode/", "mode/:.c:"),
            ("/contexts/.c/config/foo", "config/:.c:foo"),
            ("/contexts/.c/mode/foo", "mode/:.c:foo"),
            ("/contexts/.c/config/:.d:foo", "config/:.d:foo"),
            (
                "/contexts/.c/subjects/%3A.d%3Afoo/versions",
                "subjects/:.d:foo/versions",
            ),
            (
                "/contexts/.c/subjects/config/versions",
                "subjects/:.c:config/versions",
            ),
            ("/contexts/%2E/subjects/foo", "subjects/foo"),
            ("/contexts/:.:/config", "config"),
            ("/contexts/.c", "contexts/.c"),
            ("/contexts/", "contexts"),
            ("/contexts/.c/schemas/types", "schemas/types"),
        ] {
            assert_eq!(rewritten(from, "").0, to, "{from}");
        }
    }

    #[test]
    fn the_context_in_parameters() {
        for (path, raw, parameter, value) in [
            ("/contexts/.c/subjects", "", "subjectPrefix", Some(":.c:")),
            (
                "/contexts/.c/subjects",
                "subjectPrefix=ab",
                "subjectPrefix",
                Some(":.c:ab"),
            ),
            (
                "/contexts/.c/subjects",
                "subjectPrefix=:*:",
                "subjectPrefix",
                Some(":*:"),
            ),
            ("/contexts/.c/schemas", "", "subjectPrefix", Some(":.c:")),
            ("/contexts/.c/schemas/ids/1", "", "subject", Some(":.c:")),
            (
                "/contexts/.c/schemas/ids/1/versions",
                "subject=s",
                "subject",
                Some(":.c:s"),
            ),
            ("/contexts/.c/schemas/types", "", "subject", None),
            ("/contexts/:.:/subjects", "", "subjectPrefix", None),
        ] {
            assert_eq!(
                rewritten(path, raw).1.first(parameter),
                value,
                "{path}?{raw}"
            );
        }
    }

    #[test]
    fn a_colon_in_a_context_is_refused() {
        let mut parts = segments("/contexts/foo:bar/subjects", "").unwrap();
        assert!(enter_context(&mut parts, &mut Query::default()).is_err());
    }

    #[test]
    fn aliases() {
        let alias_of = |subject: &Subject| (subject.as_str() == "a/x").then(|| Subject::parse("b"));
        let follow = |path: &str, raw: &str| {
            let mut parts = segments(path, "").unwrap();
            let mut query = Query::parse(raw);
            follow_alias(&mut parts, &mut query, alias_of);
            (parts.join("|"), query.text("subject"))
        };
        assert_eq!(
            follow("/subjects/a%2Fx/versions", "").0,
            "subjects|b|versions"
        );
        assert_eq!(
            follow("/compatibility/subjects/a%2Fx/versions", "").0,
            "compatibility|subjects|b|versions"
        );
        assert_eq!(follow("/schemas/ids/1/schema", "subject=a/x").1, "b");
        assert_eq!(follow("/config/a%2Fx", "").0, "config|a/x");
        assert_eq!(follow("/subjects", "subject=a/x").1, "a/x");
    }
}
