//! The id by which one request is known on both sides. Source: section 1.3 of the API contract.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header that carries it, in requests and in every answer.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The client's id if it sent exactly one that is not blank, else a random one.
pub(crate) fn of(headers: &HeaderMap) -> HeaderValue {
    let mut sent = headers.get_all(X_REQUEST_ID).into_iter();
    match (sent.next(), sent.next()) {
        (Some(one), None) if !is_blank(one) => one.clone(),
        _ => random(),
    }
}

fn is_blank(value: &HeaderValue) -> bool {
    value.as_bytes().iter().all(u8::is_ascii_whitespace)
}

fn random() -> HeaderValue {
    let mut buffer = Uuid::encode_buffer();
    let text = Uuid::new_v4().hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("none"))
}

/// The id as logs print it.
pub(crate) fn text(id: &HeaderValue) -> String {
    String::from_utf8_lossy(id.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_is_echoed() {
        let mut headers = HeaderMap::new();
        assert_eq!(of(&headers).len(), 36);
        headers.append(X_REQUEST_ID, HeaderValue::from_static("  "));
        assert_eq!(of(&headers).len(), 36);
        headers.insert(X_REQUEST_ID, HeaderValue::from_static("abc"));
        assert_eq!(of(&headers), "abc");
        headers.append(X_REQUEST_ID, HeaderValue::from_static("def"));
        assert_eq!(of(&headers).len(), 36);
    }
}
