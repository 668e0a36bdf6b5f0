//! The names of a set of files, and what a name means from where it stands.
//!
//! Names are kept as a tree of single components that borrow from the files, so deep or long names cost no
//! more than the text that spells them.

use super::ast::*;
use std::collections::{HashMap, HashSet};

/// A name's place in the tree.
pub(super) type Id = usize;

/// What stands under a name.
#[derive(Debug, Clone, Copy)]
pub(super) enum What<'a> {
    Package,
    Message(&'a Message),
    Enum(&'a Enum),
    /// An extension, with the name of what it extends.
    Extension(&'a Field, &'a str),
    Service,
}

#[derive(Debug)]
pub(super) struct Node<'a> {
    pub parent: Option<Id>,
    pub name: &'a str,
    pub what: What<'a>,
    /// The files that declare it; one, except for packages.
    pub files: Vec<usize>,
    /// Length of the full name.
    pub length: usize,
}

#[derive(Debug)]
struct Unit<'a> {
    file: &'a File,
    package: Id,
    /// The file itself, its imports, and what those import publicly.
    visible: HashSet<usize>,
}

/// The names of some files. The first file is the one that is looked at, the others its dependencies.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    nodes: Vec<Node<'a>>,
    children: HashMap<(Id, &'a str), Id>,
    units: Vec<Unit<'a>>,
    /// Two declarations of one name in one file.
    pub duplicates: Vec<Id>,
    /// Extensions by where they are declared.
    extensions: Vec<Id>,
}

impl<'a> Scope<'a> {
    /// Collects the names; `files` are (import path, file).
    pub fn new(files: &[(&'a str, &'a File)]) -> Self {
        let root = Node {
            parent: None,
            name: "",
            what: What::Package,
            files: (0..files.len()).collect(),
            length: 0,
        };
        let mut scope = Self {
            nodes: vec![root],
            children: HashMap::new(),
            units: Vec::new(),
            duplicates: Vec::new(),
            extensions: Vec::new(),
        };
        let by_path: HashMap<&str, usize> = files
            .iter()
            .enumerate()
            .skip(1)
            .map(|(i, (path, _))| (*path, i))
            .collect();
        for (index, (_, file)) in files.iter().enumerate() {
            let package = scope.package(index, file);
            scope.types(index, package, &file.messages, &file.enums);
            scope.extends(index, package, &file.extends);
            for service in &file.services {
                scope.add(package, &service.name, What::Service, index);
            }
            scope.units.push(Unit {
                file,
                package,
                visible: visible(index, files, &by_path),
            });
        }
        scope
    }

    fn package(&mut self, index: usize, file: &'a File) -> Id {
        let mut at = 0;
        for part in file.package_parts() {
            at = match self.children.get(&(at, part)) {
                Some(&found) => {
                    if let Some(node) = self.nodes.get_mut(found)
                        && node.files.last() != Some(&index)
                    {
                        node.files.push(index);
                    }
                    found
                }
                None => self.add(at, part, What::Package, index),
            };
        }
        at
    }

    fn add(&mut self, parent: Id, name: &'a str, what: What<'a>, file: usize) -> Id {
        let id = self.nodes.len();
        let length = self.nodes.get(parent).map_or(0, |n| n.length) + name.len() + 1;
        self.nodes.push(Node {
            parent: Some(parent),
            name,
            what,
            files: vec![file],
            length,
        });
        match self.children.entry((parent, name)) {
            std::collections::hash_map::Entry::Occupied(old) => {
                // Files of one package may only clash with each other; a clash inside one file is an error.
                let old = *old.get();
                if self.nodes.get(old).is_some_and(|n| n.files.contains(&file)) {
                    self.duplicates.push(id);
                }
            }
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(id);
            }
        }
        id
    }

    fn types(&mut self, file: usize, parent: Id, messages: &'a [Message], enums: &'a [Enum]) {
        for item in enums {
            self.add(parent, &item.name, What::Enum(item), file);
        }
        for message in messages {
            self.message(file, parent, message);
        }
    }

    fn message(&mut self, file: usize, parent: Id, message: &'a Message) {
        let id = self.add(parent, &message.name, What::Message(message), file);
        self.types(file, id, &message.messages, &message.enums);
        for group in message.all_groups() {
            self.message(file, id, &group.body);
        }
        self.extends(file, id, &message.extends);
    }

    fn extends(&mut self, file: usize, parent: Id, extends: &'a [Extend]) {
        for extend in extends {
            for field in &extend.fields {
                let id = self.add(
                    parent,
                    &field.name,
                    What::Extension(field, &extend.name),
                    file,
                );
                self.extensions.push(id);
            }
            for group in &extend.groups {
                self.message(file, parent, &group.body);
            }
        }
    }

    pub fn node(&self, id: Id) -> Option<&Node<'a>> {
        self.nodes.get(id)
    }

    /// The package's node of the file.
    pub fn package_of(&self, file: usize) -> Id {
        self.units.get(file).map_or(0, |u| u.package)
    }

    /// The file with this number.
    pub fn file(&self, file: usize) -> Option<&'a File> {
        self.units.get(file).map(|u| u.file)
    }

    /// The file that declares a type.
    pub fn file_of(&self, id: Id) -> usize {
        self.nodes
            .get(id)
            .and_then(|n| n.files.first().copied())
            .unwrap_or(0)
    }

    /// The node of a name directly below another.
    pub fn child(&self, parent: Id, name: &str) -> Option<Id> {
        self.children.get(&(parent, name)).copied()
    }

    pub fn message_at(&self, id: Id) -> Option<&'a Message> {
        match self.nodes.get(id)?.what {
            What::Message(message) => Some(message),
            _ => None,
        }
    }

    fn is_type(&self, id: Id) -> bool {
        matches!(
            self.nodes.get(id).map(|n| n.what),
            Some(What::Message(_) | What::Enum(_))
        )
    }

    fn seen(&self, id: Id, from: Option<usize>) -> bool {
        let Some(from) = from.and_then(|f| self.units.get(f)) else {
            return true;
        };
        self.nodes
            .get(id)
            .is_some_and(|n| n.files.iter().any(|f| from.visible.contains(f)))
    }

    fn walk(&self, mut at: Id, name: &str, from: Option<usize>) -> Option<Id> {
        for part in name.split('.') {
            at = self.child(at, part)?;
            if !self.seen(at, from) {
                return None;
            }
        }
        Some(at)
    }

    /// What `name` means inside `scope`: from the innermost scope outward, absolute with a leading dot. With
    /// `from`, only what that file imports is seen.
    fn find(
        &self,
        name: &str,
        scope: Id,
        from: Option<usize>,
        wanted: impl Fn(&Self, Id) -> bool,
    ) -> Option<Id> {
        if let Some(absolute) = name.strip_prefix('.') {
            return self.walk(0, absolute, from).filter(|&id| wanted(self, id));
        }
        let (first, rest) = match name.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (name, None),
        };
        let mut at = Some(scope);
        while let Some(id) = at {
            if let Some(found) = self.child(id, first).filter(|&f| self.seen(f, from)) {
                match rest {
                    None if wanted(self, found) => return Some(found),
                    // The innermost scope that knows the first component decides.
                    Some(rest)
                        if !matches!(
                            self.nodes.get(found).map(|n| n.what),
                            Some(What::Extension(..))
                        ) =>
                    {
                        return self.walk(found, rest, from).filter(|&id| wanted(self, id));
                    }
                    _ => {}
                }
            }
            at = self.nodes.get(id).and_then(|n| n.parent);
        }
        None
    }

    /// The type that `name` means, by the rules of the language.
    pub fn strict_type(&self, name: &str, scope: Id, file: usize) -> Option<Id> {
        self.find(name, scope, Some(file), Self::is_type)
    }

    /// The type that `name` most likely means: what an older check let through still gets a meaning.
    pub fn any_type(&self, name: &str, scope: Id, file: usize) -> Option<Id> {
        self.strict_type(name, scope, file)
            .or_else(|| self.find(name, scope, None, Self::is_type))
            .or_else(|| self.walk(0, name, None).filter(|&id| self.is_type(id)))
    }

    /// The extension that an option's parenthesised name means.
    pub fn extension(&self, name: &str, scope: Id, file: usize) -> Option<Id> {
        let wanted =
            |s: &Self, id: Id| matches!(s.nodes.get(id).map(|n| n.what), Some(What::Extension(..)));
        self.find(name, scope, Some(file), wanted)
            .or_else(|| self.find(name, scope, None, wanted))
            .or_else(|| self.walk(0, name, None).filter(|&id| wanted(self, id)))
    }

    /// All extensions by (extended message, number).
    pub fn extensions_by_number(&self) -> HashMap<(Id, i64), Id> {
        let mut map = HashMap::new();
        for &id in &self.extensions {
            if let Some(node) = self.nodes.get(id)
                && let What::Extension(field, extended) = node.what
                && let Some(target) =
                    self.any_type(extended, node.parent.unwrap_or(0), self.file_of(id))
            {
                map.entry((target, field.tag)).or_insert(id);
            }
        }
        map
    }

    /// The components of a name, outermost first, below `top`.
    fn parts(&self, id: Id, top: Id) -> Vec<&'a str> {
        let mut parts = Vec::new();
        let mut at = Some(id);
        while let Some(node) = at.filter(|&i| i != top).and_then(|i| self.nodes.get(i)) {
            if node.parent.is_some() {
                parts.push(node.name);
            }
            at = node.parent;
        }
        parts.reverse();
        parts
    }

    /// The full name, without leading dot.
    pub fn full_name(&self, id: Id) -> String {
        self.parts(id, 0).join(".")
    }

    /// The name relative to the package of its file.
    pub fn local_name(&self, id: Id) -> String {
        self.parts(id, self.package_of(self.file_of(id))).join(".")
    }

    /// How one would write the type inside `scope`: the shortest name for a type of the same package, the
    /// full name for others.
    pub fn short_name(&self, id: Id, scope: Id, file: usize) -> String {
        let same_package = self.package_of(self.file_of(id)) == self.package_of(file);
        if same_package {
            let parts = self.parts(id, self.package_of(file));
            let mut name = String::new();
            for part in parts.iter().rev() {
                name = if name.is_empty() {
                    (*part).to_owned()
                } else {
                    format!("{part}.{name}")
                };
                if self.strict_type(&name, scope, file) == Some(id) {
                    return name;
                }
            }
        }
        let full = self.full_name(id);
        if self.strict_type(&full, scope, file) == Some(id) {
            full
        } else {
            format!(".{full}")
        }
    }
}

fn visible<'a>(
    index: usize,
    files: &[(&'a str, &'a File)],
    by_path: &HashMap<&str, usize>,
) -> HashSet<usize> {
    let mut seen = HashSet::from([index]);
    let mut todo = Vec::new();
    if let Some((_, file)) = files.get(index) {
        todo.extend(
            file.imports
                .iter()
                .filter_map(|i| by_path.get(i.path.as_str())),
        );
    }
    while let Some(&next) = todo.pop() {
        if seen.insert(next)
            && let Some((_, file)) = files.get(next)
        {
            let public = file.imports.iter().filter(|i| i.kind == ImportKind::Public);
            todo.extend(public.filter_map(|i| by_path.get(i.path.as_str())));
        }
    }
    seen
}
