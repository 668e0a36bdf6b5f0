//! Which media types are answered and accepted. Source: section 1.2 of the API contract.

use crate::wire::media::{JSON, OCTET_STREAM, UNVERSIONED, V1};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};

/// What is served, the preferred one first.
const SERVED: [&str; 3] = [V1, UNVERSIONED, JSON];
/// What a body may be declared as.
const ACCEPTED: [&str; 4] = [V1, UNVERSIONED, JSON, OCTET_STREAM];

/// A member of an `Accept` header.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: u16,
}

impl<'a> Range<'a> {
    /// Reads a member. A lone `*`, which Java's default header holds, stands for `*/*`; anything else that is no
    /// range is passed over.
    fn parse(member: &'a str) -> Option<Self> {
        let mut parts = member.split(';').map(str::trim);
        let range = parts.next()?;
        let (kind, subtype) = if range == "*" {
            ("*", "*")
        } else {
            range.split_once('/')?
        };
        if kind.is_empty() || subtype.is_empty() {
            return None;
        }
        let quality = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .map_or(1000, |(_, value)| thousandths(value.trim()));
        Some(Self {
            kind,
            subtype,
            quality,
        })
    }

    /// How closely this range names a type; `None` if it does not.
    fn specificity(&self, media: &str) -> Option<u8> {
        let (kind, subtype) = media.split_once('/')?;
        if self.kind == "*" {
            return (self.subtype == "*").then_some(0);
        }
        if !self.kind.eq_ignore_ascii_case(kind) {
            return None;
        }
        if self.subtype == "*" {
            return Some(1);
        }
        self.subtype.eq_ignore_ascii_case(subtype).then_some(2)
    }
}

/// A weight in thousandths; one that cannot be read is no wish against the type.
fn thousandths(text: &str) -> u16 {
    match text.parse::<f32>() {
        Ok(q) if (0.0..=1.0).contains(&q) => (q * 1000.0).round() as u16,
        _ => 1000,
    }
}

/// The type to answer with; `None` when the client accepts none that is served.
pub(crate) fn negotiate(headers: &HeaderMap) -> Option<&'static str> {
    let mut ranges = Vec::new();
    for text in texts(headers, ACCEPT) {
        ranges.extend(text.split(',').filter_map(Range::parse));
    }
    if ranges.is_empty() {
        return Some(V1);
    }
    let mut best: Option<(&'static str, u16)> = None;
    for media in SERVED {
        let quality = ranges
            .iter()
            .filter_map(|range| Some((range.specificity(media)?, range.quality)))
            .max()
            .map_or(0, |(_, quality)| quality);
        // On a tie the earlier type stays: the served ones stand in order of preference.
        if quality > 0 && best.is_none_or(|(_, known)| quality > known) {
            best = Some((media, quality));
        }
    }
    best.map(|(media, _)| media)
}

/// Whether a body of this declared type is read; one without a type is.
pub(crate) fn accepts_body(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return true;
    };
    let Ok(text) = value.to_str() else {
        return false;
    };
    let essence = text.split(';').next().unwrap_or_default().trim();
    essence.is_empty()
        || ACCEPTED
            .iter()
            .any(|media| media.eq_ignore_ascii_case(essence))
}

fn texts(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn accepting(text: &'static str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(text));
        negotiate(&headers)
    }

    #[test]
    fn the_answers_type() {
        assert_eq!(negotiate(&HeaderMap::new()), Some(V1));
        for (accept, media) in [
            ("", Some(V1)),
            ("*/*", Some(V1)),
            ("application/*", Some(V1)),
            ("application/json", Some(JSON)),
            ("APPLICATION/JSON; charset=utf-8", Some(JSON)),
            (
                "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
                Some(V1),
            ),
            (
                "application/vnd.schemaregistry+json, application/json",
                Some(UNVERSIONED),
            ),
            ("application/json, */*;q=0.1", Some(JSON)),
            ("application/json;qs=0.9", Some(JSON)),
            (
                "application/vnd.schemaregistry.v1+json;q=0, */*",
                Some(UNVERSIONED),
            ),
            ("text/plain", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(accepting(accept), media, "{accept}");
        }
    }

    #[test]
    fn the_bodys_type() {
        let declared = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(text));
            accepts_body(&headers)
        };
        assert!(accepts_body(&HeaderMap::new()));
        assert!(declared(
            "application/vnd.schemaregistry.v1+json; charset=utf-8"
        ));
        assert!(declared("application/octet-stream"));
        assert!(!declared("application/x-www-form-urlencoded"));
        assert!(!declared("text/plain"));
    }
}
