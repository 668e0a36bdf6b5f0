//! The dialects of JSON Schema and what differs between them when a schema is read.

use crate::format::json_text::Node;

/// A published version of the specification, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// draft-04
    Draft4,
    /// draft-06
    Draft6,
    /// draft-07
    Draft7,
    /// 2019-09
    Draft2019,
    /// 2020-12
    Draft2020,
}

impl Dialect {
    /// What a `$schema` URI names, if it is known.
    pub fn of_uri(uri: &str) -> Option<Self> {
        let rest = uri
            .strip_prefix("http://")
            .or_else(|| uri.strip_prefix("https://"))?;
        match rest.trim_end_matches('#') {
            "json-schema.org/draft-04/schema" => Some(Self::Draft4),
            "json-schema.org/draft-06/schema" => Some(Self::Draft6),
            "json-schema.org/draft-07/schema" => Some(Self::Draft7),
            "json-schema.org/draft/2019-09/schema" => Some(Self::Draft2019),
            "json-schema.org/draft/2020-12/schema" => Some(Self::Draft2020),
            _ => None,
        }
    }

    /// The dialect a document declares, if it declares a known one.
    pub fn declared(root: &Node) -> Option<Self> {
        Self::of_uri(root.get("$schema")?.as_str()?)
    }

    /// 2019-09 and later: `$ref` has siblings, and the `unevaluated*` keywords exist.
    pub fn is_modern(self) -> bool {
        self >= Self::Draft2019
    }

    /// The keyword that names a schema.
    pub fn id_keyword(self) -> &'static str {
        if self == Self::Draft4 { "id" } else { "$id" }
    }
}

/// Whether the URI (no fragment) is one of the meta-schemas or their vocabularies: a `$ref` to it needs no
/// document from us.
pub fn is_meta_schema(uri: &str) -> bool {
    let Some(rest) = uri
        .strip_prefix("http://")
        .or_else(|| uri.strip_prefix("https://"))
    else {
        return false;
    };
    rest == "json-schema.org/schema"
        || Dialect::of_uri(uri).is_some()
        || matches!(
            rest,
            "json-schema.org/draft-03/schema" | "json-schema.org/draft-05/schema"
        )
        || rest.starts_with("json-schema.org/draft/2019-09/meta/")
        || rest.starts_with("json-schema.org/draft/2020-12/meta/")
}
