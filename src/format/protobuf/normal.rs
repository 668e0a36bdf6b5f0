//! Rewrites a file so that texts of equal meaning print the same.

use super::ast::*;
use super::check::SCALARS;
use super::normal_options::normal_options;
use super::scope::{Id, Scope};
use std::collections::HashMap;

/// The normal form of the first file of `scope`.
pub(super) fn normal(scope: &Scope<'_>) -> File {
    let Some(file) = scope.file(0) else {
        return File::default();
    };
    let n = Normal {
        scope,
        proto3: file.is_proto3(),
    };
    let package = scope.package_of(0);
    let mut imports = file.imports.clone();
    imports.sort();
    imports.dedup();
    File {
        syntax: file.syntax.filter(|s| *s != Syntax::Proto2),
        package: file.package.clone(),
        imports,
        options: n.options(&file.options, package, "FileOptions"),
        messages: n.messages(&file.messages, package),
        enums: n.enums(&file.enums, package),
        extends: n.extends(&file.extends, package),
        services: file
            .services
            .iter()
            .map(|service| n.service(service, package))
            .collect(),
    }
}

struct Normal<'s, 'a> {
    scope: &'s Scope<'a>,
    proto3: bool,
}

impl Normal<'_, '_> {
    fn options(&self, options: &[Opt], scope: Id, kind: &str) -> Vec<Opt> {
        normal_options(self.scope, options, scope, kind)
    }

    /// The full name with a leading dot; a name that leads nowhere stays.
    fn name(&self, name: &str, scope: Id) -> String {
        if SCALARS.contains(&name) {
            return name.to_owned();
        }
        match self.scope.any_type(name, scope, 0) {
            Some(id) => format!(".{}", self.scope.full_name(id)),
            None => name.to_owned(),
        }
    }

    fn messages(&self, messages: &[Message], parent: Id) -> Vec<Message> {
        messages.iter().map(|m| self.message(m, parent)).collect()
    }

    fn message(&self, message: &Message, parent: Id) -> Message {
        let scope = self.scope.child(parent, &message.name).unwrap_or(parent);
        let mut oneofs: Vec<Oneof> = message
            .oneofs
            .iter()
            .filter(|o| !(o.fields.is_empty() && o.groups.is_empty()))
            .map(|o| Oneof {
                name: o.name.clone(),
                options: self.options(&o.options, scope, "OneofOptions"),
                fields: self.fields(&o.fields, scope),
                groups: self.groups(&o.groups, scope),
            })
            .collect();
        oneofs.sort_by_key(|o| {
            let fields = o.fields.iter().map(|f| f.tag);
            fields.chain(o.groups.iter().map(|g| g.tag)).min()
        });
        Message {
            name: message.name.clone(),
            reserved: split_reserved(&message.reserved),
            options: self.options(&message.options, scope, "MessageOptions"),
            fields: self.fields(&message.fields, scope),
            oneofs,
            groups: self.groups(&message.groups, scope),
            extensions: self.extensions(&message.extensions, scope),
            extends: self.extends(&message.extends, scope),
            messages: self.messages(&message.messages, scope),
            enums: self.enums(&message.enums, scope),
        }
    }

    fn fields(&self, fields: &[Field], scope: Id) -> Vec<Field> {
        let mut out: Vec<Field> = fields
            .iter()
            .map(|field| Field {
                label: field.label,
                ty: match &field.ty {
                    Type::Named(name) => Type::Named(self.name(name, scope)),
                    Type::Map(key, value) => {
                        Type::Map(self.name(key, scope), self.name(value, scope))
                    }
                },
                name: field.name.clone(),
                tag: field.tag,
                options: self.options(&field.options, scope, "FieldOptions"),
            })
            .collect();
        out.sort_by_key(|f| f.tag);
        out
    }

    fn groups(&self, groups: &[Group], scope: Id) -> Vec<Group> {
        let mut out: Vec<Group> = groups
            .iter()
            .map(|group| Group {
                label: group.label,
                tag: group.tag,
                options: self.options(&group.options, scope, "FieldOptions"),
                body: self.message(&group.body, scope),
            })
            .collect();
        out.sort_by_key(|g| g.tag);
        out
    }

    fn extensions(&self, extensions: &[Extensions], scope: Id) -> Vec<Extensions> {
        let mut out: Vec<Extensions> = extensions
            .iter()
            .flat_map(|e| {
                let options = self.options(&e.options, scope, "ExtensionRangeOptions");
                e.ranges.iter().map(move |range| Extensions {
                    ranges: vec![collapse(range)],
                    options: options.clone(),
                })
            })
            .collect();
        out.sort_by_cached_key(|e| e.ranges.first().map(sort_key));
        out
    }

    /// All extensions of one type in one place, where it is first extended.
    fn extends(&self, extends: &[Extend], scope: Id) -> Vec<Extend> {
        let mut out: Vec<Extend> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for extend in extends {
            let name = self.name(&extend.name, scope);
            let at = *places.entry(name.clone()).or_insert(out.len());
            if at == out.len() {
                out.push(Extend {
                    name,
                    ..Extend::default()
                });
            }
            if let Some(into) = out.get_mut(at) {
                into.fields.extend(self.fields(&extend.fields, scope));
                into.groups.extend(self.groups(&extend.groups, scope));
            }
        }
        for extend in &mut out {
            extend.fields.sort_by_key(|f| f.tag);
            extend.groups.sort_by_key(|g| g.tag);
        }
        out
    }

    fn enums(&self, enums: &[Enum], parent: Id) -> Vec<Enum> {
        let one = |item: &Enum| {
            let mut constants: Vec<Constant> = item
                .constants
                .iter()
                .map(|c| Constant {
                    name: c.name.clone(),
                    tag: c.tag,
                    options: self.options(&c.options, parent, "EnumValueOptions"),
                })
                .collect();
            // proto3 wants zero first; a plain sort would put negative numbers there and give a text that
            // no compiler takes.
            let key = |c: &Constant| (self.proto3 && c.tag != 0, c.tag);
            constants.sort_by(|a, b| (key(a), &a.name).cmp(&(key(b), &b.name)));
            Enum {
                name: item.name.clone(),
                reserved: split_reserved(&item.reserved),
                options: self.options(&item.options, parent, "EnumOptions"),
                constants,
            }
        };
        enums.iter().map(one).collect()
    }

    fn service(&self, service: &Service, package: Id) -> Service {
        let scope = self.scope.child(package, &service.name).unwrap_or(package);
        Service {
            name: service.name.clone(),
            options: self.options(&service.options, scope, "ServiceOptions"),
            rpcs: service
                .rpcs
                .iter()
                .map(|rpc| Rpc {
                    name: rpc.name.clone(),
                    request: self.name(&rpc.request, scope),
                    request_stream: rpc.request_stream,
                    response: self.name(&rpc.response, scope),
                    response_stream: rpc.response_stream,
                    options: self.options(&rpc.options, scope, "MethodOptions"),
                })
                .collect(),
        }
    }
}

/// A range of one number is that number.
fn collapse(item: &Reserved) -> Reserved {
    match item {
        Reserved::Range(start, Some(end)) if start == end => Reserved::Number(*start),
        other => other.clone(),
    }
}

/// Numbers before names.
fn sort_key(item: &Reserved) -> (u8, i64, i64, String) {
    match item {
        Reserved::Number(n) => (0, *n, *n, String::new()),
        Reserved::Range(a, b) => (0, *a, b.unwrap_or(i64::MAX), String::new()),
        Reserved::Name(name) => (1, 0, 0, name.clone()),
    }
}

fn split_reserved(statements: &[Vec<Reserved>]) -> Vec<Vec<Reserved>> {
    let mut items: Vec<Reserved> = statements.iter().flatten().map(collapse).collect();
    items.sort_by_cached_key(sort_key);
    items.into_iter().map(|item| vec![item]).collect()
}
