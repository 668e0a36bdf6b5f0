//! After a text has been read: names used before their definition, second definitions, unions, and depth.

use super::model::{Field, Kind, Schema, Type, TypeId};
use super::parse::{Flaw, Reader, flaw};
use super::print::{self, Style};
use crate::format::InvalidSchema;
use crate::format::json_text::{Node, Value};
use std::collections::{HashMap, HashSet};

/// How deep any walk over a schema may go that follows names, references included. Far above what people
/// write, and low enough for the stack.
pub(super) const WALK_DEPTH: usize = 8_000;

/// Ties the types from `first` on together and checks what could not be checked before; gives the root's
/// final number.
pub(super) fn link(reader: &mut Reader, first: usize, root: TypeId) -> Result<TypeId, Flaw> {
    let mut moved: HashMap<TypeId, TypeId> = reader.again.iter().map(|&(a, b)| (b, a)).collect();
    for (i, of) in reader.types.iter().enumerate().skip(first) {
        if let Kind::Unresolved(full) = &of.kind {
            match reader.names.get(full) {
                Some(&known) => moved.insert(TypeId(i), known),
                None => return flaw(format!("Undefined type: {full}"), of.at),
            };
        }
    }
    let to = |id: &mut TypeId| {
        if let Some(&target) = moved.get(id) {
            *id = target;
        }
    };
    for of in reader.types.iter_mut().skip(first) {
        match &mut of.kind {
            Kind::Array(id) | Kind::Map(id) => to(id),
            Kind::Union(branches) => branches.iter_mut().for_each(to),
            Kind::Record(record) => record.fields.iter_mut().for_each(|f| to(&mut f.of)),
            _ => {}
        }
    }
    for (a, b) in std::mem::take(&mut reader.again) {
        let (Some(one), Some(other)) = (reader.types.get(a.0), reader.types.get(b.0)) else {
            continue;
        };
        if !same_definition(&reader.types, one, other) {
            let name = other.kind.named().map(|n| n.name.full().clone());
            return flaw(
                format!("Can't redefine: {}", name.unwrap_or_default()),
                other.at,
            );
        }
    }
    for of in reader.types.iter().skip(first) {
        if let Kind::Union(branches) = &of.kind {
            check_union(&reader.types, branches, of.at)?;
        }
    }
    let mut root = root;
    to(&mut root);
    Ok(root)
}

fn check_union(types: &[Type], branches: &[TypeId], at: usize) -> Result<(), Flaw> {
    let mut seen = HashSet::new();
    for branch in branches.iter().filter_map(|id| types.get(id.0)) {
        let name = match (&branch.kind, branch.kind.named()) {
            (Kind::Union(_), _) => {
                return flaw("Nested union: a union may not directly contain a union", at);
            }
            (_, Some(named)) => named.name.full().as_ref(),
            (kind, None) => kind.word(),
        };
        if !seen.insert(name) {
            return flaw(format!("Duplicate in union: {name}"), at);
        }
    }
    Ok(())
}

/// Whether a second definition of a name says what the first says. Documentation and aliases do not count;
/// named types inside are the same if their names are.
fn same_definition(types: &[Type], a: &Type, b: &Type) -> bool {
    let own = match (&a.kind, &b.kind) {
        (Kind::Record(a), Kind::Record(b)) => {
            a.fields.len() == b.fields.len()
                && a.fields
                    .iter()
                    .zip(&b.fields)
                    .all(|(a, b)| same_field(types, a, b))
        }
        (Kind::Enum(a), Kind::Enum(b)) => a.symbols == b.symbols,
        (Kind::Fixed(a), Kind::Fixed(b)) => a.size == b.size,
        _ => false,
    };
    own && same_props(&a.props, &b.props)
}

fn same_field(types: &[Type], a: &Field, b: &Field) -> bool {
    a.name == b.name
        && a.order == b.order
        && a.default == b.default
        && same_props(&a.props, &b.props)
        && same_type(types, a.of, b.of)
}

/// Bounded by the text's depth: it never enters a named type.
fn same_type(types: &[Type], a: TypeId, b: TypeId) -> bool {
    if a == b {
        return true;
    }
    let (Some(a), Some(b)) = (types.get(a.0), types.get(b.0)) else {
        return false;
    };
    let own = match (&a.kind, &b.kind) {
        (Kind::Primitive(a), Kind::Primitive(b)) => a == b,
        (Kind::Array(a), Kind::Array(b)) | (Kind::Map(a), Kind::Map(b)) => same_type(types, *a, *b),
        (Kind::Union(a), Kind::Union(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_type(types, *a, *b))
        }
        // Different numbers of one name were moved to the first definition already.
        _ => false,
    };
    own && same_props(&a.props, &b.props)
}

fn same_props(a: &[(String, Node)], b: &[(String, Node)]) -> bool {
    a.len() == b.len() && {
        let other: HashMap<&str, &Node> = b.iter().map(|(k, v)| (k.as_str(), v)).collect();
        a.iter()
            .all(|(k, v)| other.get(k.as_str()).is_some_and(|o| *o == v))
    }
}

/// Refuses what would nest deeper than `depth` when printed. A text is printed with each type at its first
/// use, so names used before their definition can nest it deeper than it was.
pub(super) fn check_depth(schema: &Schema, depth: usize) -> Result<(), InvalidSchema> {
    let deepest = |style: Style, bound: usize| Depth {
        schema,
        style,
        bound,
        seen: HashSet::new(),
    };
    let own = deepest(print::CANONICAL, depth).of(schema.root, 0);
    let all = deepest(print::RESOLVED, WALK_DEPTH).of(schema.root, 0);
    if own && all {
        Ok(())
    } else {
        Err(InvalidSchema::new(format!(
            "nested deeper than {depth} levels with each type written at its first use"
        )))
    }
}

struct Depth<'a> {
    schema: &'a Schema,
    style: Style,
    bound: usize,
    seen: HashSet<TypeId>,
}

impl Depth<'_> {
    /// Whether a type written at `level` stays within the bound; levels as the JSON parser counts them.
    fn of(&mut self, id: TypeId, level: usize) -> bool {
        if level > self.bound {
            return false;
        }
        let of = self.schema.get(id);
        if let Some(named) = of.kind.named()
            && ((named.referenced && !self.style.inline) || !self.seen.insert(id))
        {
            return true;
        }
        let props = |props: &[(String, Node)], level: usize| {
            props
                .iter()
                .all(|(_, v)| level + 1 + json_depth(v) <= self.bound)
        };
        if !props(&of.props, level) {
            return false;
        }
        match &of.kind {
            Kind::Array(of) | Kind::Map(of) => self.of(*of, level + 1),
            Kind::Union(branches) => branches.iter().all(|b| self.of(*b, level + 1)),
            Kind::Record(record) => record.fields.iter().all(|field| {
                let default = field.default.as_ref().map_or(0, json_depth);
                level + 3 + default <= self.bound
                    && field
                        .props
                        .iter()
                        .all(|(_, v)| level + 3 + json_depth(v) <= self.bound)
                    && self.of(field.of, level + 3)
            }),
            _ => true,
        }
    }
}

fn json_depth(node: &Node) -> usize {
    match &node.value {
        Value::Array(items) => 1 + items.iter().map(json_depth).max().unwrap_or(0),
        Value::Object(members) => {
            1 + members
                .iter()
                .map(|(_, v)| json_depth(v))
                .max()
                .unwrap_or(0)
        }
        _ => 0,
    }
}
