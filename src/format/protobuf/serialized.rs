//! The output formats: a serialized FileDescriptorProto, and the text without extensions.

use super::Schema;
use super::ast::*;
use super::check::SCALARS;
use super::scope::{Id, Scope};
use super::{builtin, print, unlinked, wire};
use prost_reflect::FileDescriptor;
use protox::file::{File as SourceFile, FileResolver, GoogleFileResolver};
use std::collections::HashMap;

/// The compiler enters imports recursively; more files than this are not compiled.
const MOST_FILES: usize = 2_000;

/// The field of a FileDescriptorProto that holds source positions.
const SOURCE_CODE_INFO: u64 = 9;

/// The bytes of the descriptor, with resolved types and interpreted options. Where the linker is stricter than
/// the registry, custom options are given up first, then the linker; `None` when a type is not there.
pub(super) fn serialized(schema: &Schema) -> Option<Vec<u8>> {
    if schema.imports.len() > MOST_FILES {
        return None;
    }
    let scope = schema.scope();
    let root = linkable(schema, &scope);
    compile(schema, &root).or_else(|| {
        let plain = without_custom_options(root);
        compile(schema, &plain).or_else(|| unlinked::descriptor(&plain, &scope))
    })
}

/// The file with everything it imports, for reading records; `None` when a type is not there.
pub(super) fn linked(schema: &Schema) -> Option<FileDescriptor> {
    if schema.imports.len() > MOST_FILES {
        return None;
    }
    let root = linkable(schema, &schema.scope());
    link(schema, &root).or_else(|| link(schema, &without_custom_options(root)))
}

fn without_custom_options(mut file: File) -> File {
    each_options(&mut file, &mut |options| options.retain(|o| !o.is_custom()));
    file
}

fn compile(schema: &Schema, root: &File) -> Option<Vec<u8>> {
    let file = link(schema, root)?;
    // Source positions are of our own print and more than half of the bytes; nobody needs them.
    wire::without(&file.encode_to_vec(), SOURCE_CODE_INFO).ok()
}

fn link(schema: &Schema, root: &File) -> Option<FileDescriptor> {
    let mut name = "default".to_owned();
    while schema.imports.iter().any(|i| i.path == name) {
        name.push('_');
    }
    let mut sources: HashMap<String, String> = schema
        .imports
        .iter()
        .filter(|i| !i.path.starts_with("google/protobuf/"))
        .map(|i| (i.path.clone(), print::print(&i.file)))
        .collect();
    sources.insert(name.clone(), print::print(root));
    let mut compiler = protox::Compiler::with_file_resolver(Sources {
        sources,
        google: GoogleFileResolver::new(),
    });
    compiler.open_file(&name).ok()?;
    compiler.descriptor_pool().get_file_by_name(&name)
}

struct Sources {
    sources: HashMap<String, String>,
    google: GoogleFileResolver,
}

impl FileResolver for Sources {
    fn open_file(&self, name: &str) -> Result<SourceFile, protox::Error> {
        if let Some(text) = self.sources.get(name) {
            return SourceFile::from_source(name, text);
        }
        match builtin::text(name) {
            Some(text) => SourceFile::from_source(name, text),
            None => self.google.open_file(name),
        }
    }
}

/// The root in a form that a strict linker takes: absolute names, no import that nobody provides, no custom
/// option that nobody defines.
fn linkable(schema: &Schema, scope: &Scope<'_>) -> File {
    let mut file = schema.meaning().clone();
    let mut seen = std::collections::HashSet::new();
    file.imports.retain(|import| {
        schema.imports.iter().any(|i| i.path == import.path) && seen.insert(import.path.clone())
    });
    let package = scope.package_of(0);
    let linker = Linker { scope };
    let extends_options = file.extends.iter().any(|e| {
        e.name
            .trim_start_matches('.')
            .starts_with("google.protobuf.")
    });
    let descriptor = "google/protobuf/descriptor.proto";
    if extends_options && !file.imports.iter().any(|i| i.path == descriptor) {
        file.imports.push(Import {
            kind: ImportKind::Plain,
            path: descriptor.to_owned(),
        });
    }
    for message in &mut file.messages {
        linker.message(message, package);
    }
    linker.extends(&mut file.extends, package);
    for rpc in file.services.iter_mut().flat_map(|s| &mut s.rpcs) {
        linker.name(&mut rpc.request, package);
        linker.name(&mut rpc.response, package);
    }
    each_options(&mut file, &mut |options| {
        options.retain(|o| match o.name.first() {
            Some(part) if part.custom => scope.extension(&part.name, package, 0).is_some(),
            _ => true,
        });
    });
    file
}

struct Linker<'s, 'a> {
    scope: &'s Scope<'a>,
}

impl Linker<'_, '_> {
    fn name(&self, name: &mut String, at: Id) {
        if !SCALARS.contains(&name.as_str())
            && let Some(id) = self.scope.any_type(name, at, 0)
        {
            *name = format!(".{}", self.scope.full_name(id));
        }
    }

    fn fields(&self, fields: &mut [Field], at: Id) {
        for field in fields {
            match &mut field.ty {
                Type::Named(name) | Type::Map(_, name) => self.name(name, at),
            }
        }
    }

    fn groups(&self, groups: &mut [Group], at: Id) {
        for group in groups {
            self.message(&mut group.body, at);
        }
    }

    fn message(&self, message: &mut Message, parent: Id) {
        let at = self.scope.child(parent, &message.name).unwrap_or(parent);
        self.fields(&mut message.fields, at);
        self.groups(&mut message.groups, at);
        message
            .oneofs
            .retain(|o| !(o.fields.is_empty() && o.groups.is_empty()));
        for oneof in &mut message.oneofs {
            self.fields(&mut oneof.fields, at);
            self.groups(&mut oneof.groups, at);
        }
        self.extends(&mut message.extends, at);
        for nested in &mut message.messages {
            self.message(nested, at);
        }
    }

    fn extends(&self, extends: &mut [Extend], at: Id) {
        for extend in extends {
            self.name(&mut extend.name, at);
            self.fields(&mut extend.fields, at);
            self.groups(&mut extend.groups, at);
        }
    }
}

/// The file without extension ranges and without custom options, except Confluent's.
pub(super) fn without_extensions(file: &File) -> File {
    let mut file = file.clone();
    for message in &mut file.messages {
        drop_ranges(message);
    }
    each_options(&mut file, &mut |options| {
        options.retain(|o| match o.name.first() {
            Some(part) if part.custom => {
                part.name.trim_start_matches('.').starts_with("confluent.")
            }
            _ => true,
        });
    });
    file
}

fn drop_ranges(message: &mut Message) {
    message.extensions.clear();
    message.messages.iter_mut().for_each(drop_ranges);
    let in_oneofs = message.oneofs.iter_mut().flat_map(|o| &mut o.groups);
    for group in message.groups.iter_mut().chain(in_oneofs) {
        drop_ranges(&mut group.body);
    }
}

/// Calls `change` on the options of every element.
fn each_options(file: &mut File, change: &mut impl FnMut(&mut Vec<Opt>)) {
    change(&mut file.options);
    for message in &mut file.messages {
        message_options(message, change);
    }
    file.enums.iter_mut().for_each(|e| enum_options(e, change));
    file.extends
        .iter_mut()
        .for_each(|e| extend_options(e, change));
    for service in &mut file.services {
        change(&mut service.options);
        service.rpcs.iter_mut().for_each(|r| change(&mut r.options));
    }
}

fn message_options(message: &mut Message, change: &mut impl FnMut(&mut Vec<Opt>)) {
    change(&mut message.options);
    message
        .fields
        .iter_mut()
        .for_each(|f| change(&mut f.options));
    group_options(&mut message.groups, change);
    for oneof in &mut message.oneofs {
        change(&mut oneof.options);
        oneof.fields.iter_mut().for_each(|f| change(&mut f.options));
        group_options(&mut oneof.groups, change);
    }
    message
        .extensions
        .iter_mut()
        .for_each(|e| change(&mut e.options));
    message
        .extends
        .iter_mut()
        .for_each(|e| extend_options(e, change));
    message
        .enums
        .iter_mut()
        .for_each(|e| enum_options(e, change));
    for nested in &mut message.messages {
        message_options(nested, change);
    }
}

fn group_options(groups: &mut [Group], change: &mut impl FnMut(&mut Vec<Opt>)) {
    for group in groups {
        change(&mut group.options);
        message_options(&mut group.body, change);
    }
}

fn extend_options(extend: &mut Extend, change: &mut impl FnMut(&mut Vec<Opt>)) {
    extend
        .fields
        .iter_mut()
        .for_each(|f| change(&mut f.options));
    group_options(&mut extend.groups, change);
}

fn enum_options(item: &mut Enum, change: &mut impl FnMut(&mut Vec<Opt>)) {
    change(&mut item.options);
    item.constants
        .iter_mut()
        .for_each(|c| change(&mut c.options));
}
