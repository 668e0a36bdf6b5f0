//! The checks that a new schema must pass beyond its syntax: numbers, names, and types that exist.

use super::ast::*;
use super::read::NAME;
use super::scope::{Id, Scope, What};
use crate::format::InvalidSchema;
use std::collections::HashSet;

/// The words that are types by themselves.
pub(super) const SCALARS: [&str; 15] = [
    "double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32",
    "fixed64", "sfixed32", "sfixed64", "bool", "string", "bytes",
];

const LARGEST_FIELD: i64 = 536_870_911;

type Check = Result<(), InvalidSchema>;

fn refuse<T>(details: String) -> Result<T, InvalidSchema> {
    Err(InvalidSchema::new(details))
}

/// Refuses names so long that repeating them would blow up what is derived from the text.
pub(super) fn name_lengths(scope: &Scope<'_>) -> Check {
    let mut id = 0;
    while let Some(node) = scope.node(id) {
        if node.length > NAME {
            return refuse(format!("a full name is longer than {NAME} characters"));
        }
        id += 1;
    }
    Ok(())
}

/// Checks the first file of `scope`; `missing` are the imports that nobody provides.
pub(super) fn check(scope: &Scope<'_>, missing: &[String]) -> Check {
    let Some(file) = scope.file(0) else {
        return Ok(());
    };
    if let Some(id) = scope.duplicates.iter().find(|&&id| scope.file_of(id) == 0) {
        return refuse(format!("\"{}\" is already defined", scope.full_name(*id)));
    }
    let checker = Checker {
        scope,
        missing,
        proto3: file.is_proto3(),
    };
    let package = scope.package_of(0);
    checker.types(package, &file.messages, &file.enums)?;
    checker.extends(package, &file.extends)?;
    for service in &file.services {
        let mut names = HashSet::new();
        for rpc in &service.rpcs {
            if !names.insert(&rpc.name) {
                return refuse(format!(
                    "\"{}.{}\" is already defined",
                    service.name, rpc.name
                ));
            }
            checker.message_type(&rpc.request, package)?;
            checker.message_type(&rpc.response, package)?;
        }
    }
    Ok(())
}

struct Checker<'s, 'a> {
    scope: &'s Scope<'a>,
    missing: &'s [String],
    proto3: bool,
}

impl Checker<'_, '_> {
    fn types(&self, parent: Id, messages: &[Message], enums: &[Enum]) -> Check {
        for item in enums {
            self.enumeration(item)?;
        }
        messages.iter().try_for_each(|m| self.message(parent, m))
    }

    fn message(&self, parent: Id, message: &Message) -> Check {
        let name = &message.name;
        let scope = self.scope.child(parent, name).unwrap_or(parent);
        let mut numbers = HashSet::new();
        let mut names = HashSet::new();
        let taken = Taken::new(&message.reserved);
        let oneofs = message.oneofs.iter();
        for field in message.all_fields() {
            self.number(field.tag, &field.name)?;
            self.ty(&field.ty, scope, &field.name)?;
            if !numbers.insert(field.tag) {
                return refuse(format!(
                    "field number {} has already been used in \"{name}\"",
                    field.tag
                ));
            }
            if !names.insert(field.name.as_str()) {
                return refuse(format!(
                    "\"{}\" is already defined in \"{name}\"",
                    field.name
                ));
            }
            taken.check(&field.name, field.tag, name)?;
        }
        for oneof in oneofs {
            if !names.insert(&oneof.name) {
                return refuse(format!(
                    "\"{}\" is already defined in \"{name}\"",
                    oneof.name
                ));
            }
        }
        for group in message.all_groups() {
            self.number(group.tag, &group.body.name)?;
            if !numbers.insert(group.tag) {
                return refuse(format!(
                    "field number {} has already been used in \"{name}\"",
                    group.tag
                ));
            }
            self.message(scope, &group.body)?;
        }
        self.extends(scope, &message.extends)?;
        self.types(scope, &message.messages, &message.enums)
    }

    fn extends(&self, scope: Id, extends: &[Extend]) -> Check {
        for extend in extends {
            // The options of descriptor.proto may be extended without an import: the reference allows it.
            let known = extend
                .name
                .trim_start_matches('.')
                .starts_with("google.protobuf.");
            if !known {
                self.message_type(&extend.name, scope)?;
            }
            for field in &extend.fields {
                self.number(field.tag, &field.name)?;
                self.ty(&field.ty, scope, &field.name)?;
            }
            for group in &extend.groups {
                self.number(group.tag, &group.body.name)?;
                self.message(scope, &group.body)?;
            }
        }
        Ok(())
    }

    fn enumeration(&self, item: &Enum) -> Check {
        let name = &item.name;
        let Some(first) = item.constants.first() else {
            return refuse(format!("enum \"{name}\" must contain at least one value"));
        };
        if self.proto3 && first.tag != 0 {
            return refuse(format!(
                "the first value of enum \"{name}\" must be zero in proto3"
            ));
        }
        let alias = item
            .options
            .iter()
            .any(|o| o.is("allow_alias") && o.value == Value::Word("true".to_owned()));
        let taken = Taken::new(&item.reserved);
        let mut names = HashSet::new();
        let mut numbers = HashSet::new();
        for constant in &item.constants {
            if i32::try_from(constant.tag).is_err() {
                return refuse(format!("value of \"{}\" is out of range", constant.name));
            }
            if !names.insert(&constant.name) {
                return refuse(format!(
                    "\"{}\" is already defined in \"{name}\"",
                    constant.name
                ));
            }
            if !numbers.insert(constant.tag) && !alias {
                return refuse(format!(
                    "\"{}\" uses the same enum value as another constant of \"{name}\"",
                    constant.name
                ));
            }
            taken.check(&constant.name, constant.tag, name)?;
        }
        Ok(())
    }

    fn number(&self, tag: i64, name: &str) -> Check {
        if tag < 1 {
            return refuse(format!("field number of \"{name}\" must be positive"));
        }
        if tag > LARGEST_FIELD {
            return refuse(format!(
                "field number of \"{name}\" must not exceed {LARGEST_FIELD}"
            ));
        }
        if (19_000..20_000).contains(&tag) {
            return refuse(format!(
                "field numbers 19000 to 19999 are reserved for Protobuf itself, see \"{name}\""
            ));
        }
        Ok(())
    }

    fn ty(&self, ty: &Type, scope: Id, field: &str) -> Check {
        match ty {
            Type::Named(name) => self.named(name, scope, field),
            Type::Map(key, value) => {
                if !SCALARS.contains(&key.as_str())
                    || matches!(key.as_str(), "double" | "float" | "bytes")
                {
                    return refuse(format!(
                        "key type of map \"{field}\" must be an integer, bool or string"
                    ));
                }
                self.named(value, scope, field)
            }
        }
    }

    fn named(&self, name: &str, scope: Id, field: &str) -> Check {
        if SCALARS.contains(&name) || self.scope.strict_type(name, scope, 0).is_some() {
            return Ok(());
        }
        refuse(format!(
            "type \"{name}\" of \"{field}\" is not defined{}",
            self.hint()
        ))
    }

    fn message_type(&self, name: &str, scope: Id) -> Check {
        match self
            .scope
            .strict_type(name, scope, 0)
            .and_then(|id| self.scope.node(id))
        {
            Some(node) if matches!(node.what, What::Message(_)) => Ok(()),
            Some(_) => refuse(format!("\"{name}\" is not a message type")),
            None => refuse(format!("\"{name}\" is not defined{}", self.hint())),
        }
    }

    fn hint(&self) -> String {
        match self.missing {
            [] => String::new(),
            missing => format!(" (unresolved imports: {})", missing.join(", ")),
        }
    }
}

/// What `reserved` statements take away.
struct Taken<'m> {
    names: HashSet<&'m str>,
    ranges: Vec<(i64, i64)>,
}

impl<'m> Taken<'m> {
    fn new(statements: &'m [Vec<Reserved>]) -> Self {
        let mut names = HashSet::new();
        let mut ranges = Vec::new();
        for item in statements.iter().flatten() {
            match item {
                Reserved::Name(name) => {
                    names.insert(name.as_str());
                }
                Reserved::Number(n) => ranges.push((*n, *n)),
                Reserved::Range(a, b) => ranges.push((*a, b.unwrap_or(i64::MAX))),
            }
        }
        // Sorted by start with running ends, so that one binary search answers for overlapping ranges too.
        ranges.sort_unstable();
        let mut end = i64::MIN;
        for range in &mut ranges {
            end = end.max(range.1);
            range.1 = end;
        }
        Self { names, ranges }
    }

    fn check(&self, name: &str, tag: i64, owner: &str) -> Check {
        if self.names.contains(name) {
            return refuse(format!("\"{name}\" is a reserved name of \"{owner}\""));
        }
        let after = self.ranges.partition_point(|r| r.0 <= tag);
        let inside = after.checked_sub(1).and_then(|i| self.ranges.get(i));
        if inside.is_some_and(|r| tag <= r.1) {
            return refuse(format!(
                "\"{name}\" uses the reserved number {tag} of \"{owner}\""
            ));
        }
        Ok(())
    }
}
