//! Logical types, as far as the normal form needs them. They never decide about validity or compatibility.

use super::model::{Kind, Primitive, Type};

/// A logical type that fits the type it stands on.
pub(super) enum Logical<'a> {
    Plain(&'a str),
    Decimal { precision: i64, scale: i64 },
}

/// The logical type of `of`, if it is one of the specification's and valid; an invalid one is just a property.
pub(super) fn logical(of: &Type) -> Option<Logical<'_>> {
    let prop = |name: &str| of.props.iter().find(|(k, _)| k == name).map(|(_, v)| v);
    let word = prop("logicalType")?.as_str()?;
    let fits = match (word, &of.kind) {
        ("decimal", kind) => {
            let digits = match kind {
                Kind::Primitive(Primitive::Bytes) => i64::MAX,
                // The digits that always fit into that many bytes of two's complement.
                Kind::Fixed(f) => {
                    (f64::from(f.size).mul_add(8.0, -1.0) * 2f64.log10()).floor() as i64
                }
                _ => return None,
            };
            let integer = |name: &str| match prop(name) {
                None => Some(None),
                Some(node) => node
                    .as_number()
                    .filter(|n| n.is_integer_literal())
                    .and_then(|n| n.to_i64())
                    .map(Some),
            };
            let precision = integer("precision")??;
            let scale = integer("scale")?.unwrap_or(0);
            let valid = precision > 0 && precision <= digits && scale >= 0 && scale <= precision;
            return valid.then_some(Logical::Decimal { precision, scale });
        }
        ("date" | "time-millis", Kind::Primitive(Primitive::Int)) => true,
        (
            "time-micros"
            | "timestamp-millis"
            | "timestamp-micros"
            | "timestamp-nanos"
            | "local-timestamp-millis"
            | "local-timestamp-micros"
            | "local-timestamp-nanos",
            Kind::Primitive(Primitive::Long),
        ) => true,
        ("uuid", Kind::Primitive(Primitive::String)) => true,
        ("uuid", Kind::Fixed(f)) => f.size == 16,
        ("duration", Kind::Fixed(f)) => f.size == 12,
        ("big-decimal", Kind::Primitive(Primitive::Bytes)) => true,
        _ => false,
    };
    fits.then_some(Logical::Plain(word))
}
