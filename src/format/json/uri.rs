//! URI references: split, resolve against a base, decode. Only what `$id` and `$ref` need (RFC 3986, section 5).

/// A URI reference without its fragment, and the fragment.
pub fn split_fragment(reference: &str) -> (&str, Option<&str>) {
    match reference.split_once('#') {
        Some((uri, fragment)) => (uri, Some(fragment)),
        None => (reference, None),
    }
}

struct Parts<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
}

fn scheme_of(uri: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = uri.split_once(':')?;
    let mut bytes = scheme.bytes();
    let fits = bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    fits.then_some((scheme, rest))
}

fn split(uri: &str) -> Parts<'_> {
    let (scheme, rest) = match scheme_of(uri) {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, uri),
    };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    let (authority, path) = match rest.strip_prefix("//") {
        Some(after) => match after.find('/') {
            Some(at) => {
                let (authority, path) = after.split_at(at);
                (Some(authority), path)
            }
            None => (Some(after), ""),
        },
        None => (None, rest),
    };
    Parts {
        scheme,
        authority,
        path,
        query,
    }
}

/// Takes `.` and `..` out of a path.
fn without_dots(path: &str) -> String {
    if !path.split('/').any(|s| s == "." || s == "..") {
        return path.to_owned();
    }
    let absolute = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    let mut ends_in_directory = false;
    for segment in path.split('/').skip(usize::from(absolute)) {
        ends_in_directory = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            other => kept.push(other),
        }
    }
    let mut out = String::with_capacity(path.len());
    if absolute {
        out.push('/');
    }
    out.push_str(&kept.join("/"));
    if ends_in_directory && !out.ends_with('/') && !kept.is_empty() {
        out.push('/');
    }
    out
}

/// `reference` (without a fragment) seen from `base` (without a fragment).
pub fn resolve(base: &str, reference: &str) -> String {
    if reference.is_empty() {
        return base.to_owned();
    }
    let r = split(reference);
    if r.scheme.is_some() {
        return reference.to_owned();
    }
    let b = split(base);
    let mut out = String::with_capacity(base.len() + reference.len());
    if let Some(scheme) = b.scheme {
        // A base such as `urn:x:y` has no hierarchy to resolve in.
        if b.authority.is_none() && !b.path.starts_with('/') && !b.path.is_empty() {
            return reference.to_owned();
        }
        out.push_str(scheme);
        out.push(':');
    }
    if let Some(authority) = r.authority.or(b.authority) {
        out.push_str("//");
        out.push_str(authority);
    }
    let (path, query) = if r.authority.is_some() {
        (without_dots(r.path), r.query)
    } else if r.path.is_empty() {
        (b.path.to_owned(), r.query.or(b.query))
    } else if r.path.starts_with('/') {
        (without_dots(r.path), r.query)
    } else {
        let folder = match b.path.rfind('/') {
            Some(at) => b.path.get(..=at).unwrap_or_default(),
            None if b.authority.is_some() => "/",
            None => "",
        };
        (without_dots(&format!("{folder}{}", r.path)), r.query)
    };
    out.push_str(&path);
    if let Some(query) = query {
        out.push('?');
        out.push_str(query);
    }
    out
}

/// Whether it names a document of the web.
pub fn is_remote(uri: &str) -> bool {
    matches!(scheme_of(uri), Some((s, _)) if s.eq_ignore_ascii_case("http") || s.eq_ignore_ascii_case("https"))
}

/// Undoes percent-encoding; a broken escape stays as it is.
pub fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values: RFC 3986, section 5.4.
    #[test]
    fn resolution() {
        let base = "http://a/b/c/d;p?q";
        for (reference, resolved) in [
            ("g:h", "g:h"),
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../../../g", "http://a/g"),
            ("g;x=1/../y", "http://a/b/c/y"),
        ] {
            assert_eq!(resolve(base, reference), resolved, "{reference}");
        }
        assert_eq!(resolve("", "address.json"), "address.json");
        assert_eq!(resolve("schemas/a.json", "b.json"), "schemas/b.json");
        assert_eq!(resolve("urn:x:y", "b.json"), "b.json");
    }

    #[test]
    fn decoding() {
        assert_eq!(percent_decoded("a%20b%2"), "a b%2");
    }
}
