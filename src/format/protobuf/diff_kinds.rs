//! Which types of fields may stand for each other.

use super::check::SCALARS;
use super::scope::{Id, Scope, What};

/// The coarse kind of a type; maps are told apart by their syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Enums included: they are numbers on the wire.
    Scalar,
    Message,
}

/// The kind of a named type used inside `at`.
pub(super) fn kind_of(scope: &Scope<'_>, name: &str, at: Id) -> Kind {
    if SCALARS.contains(&name) {
        return Kind::Scalar;
    }
    let node = scope
        .any_type(name, at, scope.file_of(at))
        .and_then(|id| scope.node(id));
    match node.map(|n| n.what) {
        Some(What::Enum(_)) => Kind::Scalar,
        _ => Kind::Message,
    }
}

/// Scalars of one family have one encoding, as far as the registry's rules go.
pub(super) fn scalar_family(name: &str) -> u8 {
    match name {
        "sint32" | "sint64" => 1,
        "string" | "bytes" => 2,
        "fixed32" | "sfixed32" => 3,
        "fixed64" | "sfixed64" => 4,
        "float" => 5,
        "double" => 6,
        // int32, int64, uint32, uint64, bool and every enum.
        _ => 0,
    }
}
