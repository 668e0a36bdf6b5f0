//! Reads that the specification allows and that change what was written.

use super::super::codec::Datum;
use super::super::logical::{Logical, logical};
use super::super::model::{Kind, Primitive, Schema, TypeId};

/// What gets lost.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Loss {
    /// A whole number that is not one of the reader's type: the number.
    Rounded(Datum),
    /// Bytes that are no text.
    Bytes,
    /// Decimals of another precision or scale.
    Decimal,
    /// Another unit or meaning of the same number.
    Logical,
    /// Any text where a UUID is meant.
    Uuid,
    /// A symbol that is read as the reader's default: its place in the writer's enum.
    Symbol(usize),
}

/// What may get lost between two types that resolve.
pub(super) fn loss(reader: &Schema, r: TypeId, writer: &Schema, w: TypeId) -> Option<Loss> {
    use Primitive as P;
    match (writer.kind(w), reader.kind(r)) {
        (Kind::Primitive(P::Int), Kind::Primitive(P::Float)) => {
            return Some(Loss::Rounded(Datum::Int((1 << 24) + 1)));
        }
        (Kind::Primitive(P::Long), Kind::Primitive(P::Float)) => {
            return Some(Loss::Rounded(Datum::Long((1 << 24) + 1)));
        }
        (Kind::Primitive(P::Long), Kind::Primitive(P::Double)) => {
            return Some(Loss::Rounded(Datum::Long((1 << 53) + 1)));
        }
        (Kind::Primitive(P::Bytes), Kind::Primitive(P::String)) => return Some(Loss::Bytes),
        _ => {}
    }
    let written = logical(writer.get(w));
    let read = logical(reader.get(r))?;
    match (written, read) {
        (Some(Logical::Decimal { scale: a, .. }), Logical::Decimal { scale: b, .. }) => {
            (a != b).then_some(Loss::Decimal)
        }
        (Some(Logical::Plain(a)), Logical::Plain(b)) if a == b => None,
        (None, Logical::Plain("uuid")) => match writer.kind(w) {
            Kind::Primitive(_) => Some(Loss::Uuid),
            _ => None,
        },
        // A number that only becomes a time on the reader's side was perhaps always meant as one.
        (None, _) => None,
        (Some(_), _) => Some(Loss::Logical),
    }
}
