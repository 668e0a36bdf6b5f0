//! Protobuf: `.proto` texts and serialized descriptors, proto2 and proto3.
//!
//! A text is read into `ast`, which keeps what the canonical text needs and a descriptor would lose.
//! `scope` resolves names over the file and its imports; everything else builds on these two. Only
//! `format=serialized` goes through a compiler.

mod ast;
mod builtin;
mod check;
mod descriptor;
mod descriptor_options;
mod diff;
mod diff_kinds;
mod diff_words;
mod lex;
mod locate;
mod normal;
mod normal_options;
mod print;
mod read;
mod read_others;
mod read_value;
mod record;
mod scope;
mod serialized;
mod size;
mod sugar;
mod tagging;
#[cfg(test)]
mod tests;
mod truth;
mod unlinked;
mod wire;

use super::truth::{Budget, Truth};
use super::{Difference, InvalidSchema, Limits, Source, Strictness, TagEdit, Tagged, TooComplex};
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
pub(in crate::format) use record::check_record;
use scope::Scope;
use std::collections::HashSet;
use std::sync::Arc;

/// The standard alphabet, padded or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A parsed schema with the files it imports, directly or not.
#[derive(Debug)]
pub struct Schema {
    /// As written.
    root: Box<ast::File>,
    /// With short maps, where the text spells them out.
    short: Option<Box<ast::File>>,
    imports: Vec<Import>,
}

#[derive(Debug)]
struct Import {
    path: String,
    file: Arc<ast::File>,
}

impl Schema {
    /// The file for everything but the canonical text.
    fn meaning(&self) -> &ast::File {
        self.short.as_deref().unwrap_or(&self.root)
    }

    fn spelled(root: ast::File, imports: Vec<Import>) -> Self {
        let short = sugar::is_needed(&root).then(|| {
            let mut file = root.clone();
            sugar::restore(&mut file);
            Box::new(file)
        });
        Self {
            root: Box::new(root),
            short,
            imports,
        }
    }

    fn scope(&self) -> Scope<'_> {
        let mut files: Vec<(&str, &ast::File)> = Vec::with_capacity(self.imports.len() + 1);
        files.push(("", self.meaning()));
        files.extend(self.imports.iter().map(|i| (i.path.as_str(), &*i.file)));
        Scope::new(&files)
    }
}

/// A text's syntax tree, or the bytes of a descriptor.
enum Spelling {
    Text(ast::File),
    Descriptor(Vec<u8>, ast::File),
}

fn spelling(text: &str, limits: &Limits) -> Result<Spelling, InvalidSchema> {
    let wrong = match read::read(text, limits) {
        Ok(file) => return Ok(Spelling::Text(file)),
        Err(wrong) => wrong,
    };
    let trimmed = text.trim();
    let Some(bytes) = BASE64.decode(trimmed).ok().filter(|b| !b.is_empty()) else {
        return Err(wrong);
    };
    let file = descriptor::read(&bytes, None)?;
    Ok(Spelling::Descriptor(bytes, file))
}

/// Reads a text, or a base64 FileDescriptorProto.
pub fn parse(source: &Source<'_>) -> Result<Schema, InvalidSchema> {
    let (file, bytes) = match spelling(source.text, &source.limits)? {
        Spelling::Text(file) => (file, None),
        Spelling::Descriptor(bytes, file) => (file, Some(bytes)),
    };
    size::check(&file)?;
    let (imports, missing) = load(&file, source)?;
    let mut schema = Schema::spelled(file, imports);
    if let Some(bytes) = bytes {
        // The second reading knows the types and so can name them and read the options.
        check::name_lengths(&schema.scope())?;
        let rooted = {
            let scope = schema.scope();
            let options = descriptor_options::Options::new(&scope);
            descriptor::read(&bytes, Some(&options))?
        };
        schema.root = Box::new(rooted);
    }
    let scope = schema.scope();
    check::name_lengths(&scope)?;
    if source.strictness == Strictness::New {
        check::check(&scope, &missing)?;
    }
    drop(scope);
    Ok(schema)
}

/// The package, and the paths that a text imports and that are not built in.
pub(super) fn imports(
    text: &str,
    limits: &Limits,
) -> Result<(Option<String>, Vec<String>), InvalidSchema> {
    let (Spelling::Text(file) | Spelling::Descriptor(_, file)) = spelling(text, limits)?;
    let paths = file.imports.into_iter().map(|import| import.path);
    let outside = paths.filter(|path| builtin::file(path).is_none());
    Ok((file.package, outside.collect()))
}

/// The files that `root` imports, directly or not, and the paths that nobody provides.
fn load(
    root: &ast::File,
    source: &Source<'_>,
) -> Result<(Vec<Import>, Vec<String>), InvalidSchema> {
    let mut imports = Vec::new();
    let mut missing = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut todo: Vec<String> = root.imports.iter().rev().map(|i| i.path.clone()).collect();
    // Options are read and normalized by their types, also when nothing imports these.
    todo.insert(0, "google/protobuf/descriptor.proto".to_owned());
    let by_name: std::collections::HashMap<&str, &str> = source
        .references
        .iter()
        .map(|r| (&*r.name, &*r.text))
        .collect();
    while let Some(path) = todo.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let file = match by_name.get(path.as_str()) {
            Some(text) => match spelling(text, &source.limits) {
                Ok(Spelling::Text(mut file) | Spelling::Descriptor(_, mut file)) => {
                    sugar::restore(&mut file);
                    Some(Arc::new(file))
                }
                Err(wrong) if source.strictness == Strictness::New => {
                    return Err(InvalidSchema::new(format!(
                        "reference \"{path}\": {}",
                        wrong.details
                    )));
                }
                Err(_) => None,
            },
            None => builtin::file(&path),
        };
        match file {
            Some(file) => {
                todo.extend(file.imports.iter().rev().map(|i| i.path.clone()));
                imports.push(Import { path, file });
            }
            None => missing.push(path),
        }
    }
    Ok((imports, missing))
}

/// The canonical text.
pub fn canonical(schema: &Schema) -> String {
    print::print(&schema.root)
}

/// The normalized text.
pub fn normalized(schema: &Schema) -> String {
    print::print(&normal::normal(&schema.scope()))
}

/// The text in an output format.
pub fn formatted(schema: &Schema, format: &str) -> Option<String> {
    if format.eq_ignore_ascii_case("serialized") {
        serialized::serialized(schema).map(|bytes| BASE64.encode(bytes))
    } else if format.eq_ignore_ascii_case("ignore_extensions") {
        Some(print::print(&serialized::without_extensions(&schema.root)))
    } else {
        None
    }
}

/// The names of the first message's fields.
pub fn field_names(schema: &Schema) -> Vec<String> {
    let Some(message) = schema.meaning().messages.first() else {
        return Vec::new();
    };
    message
        .all_fields()
        .map(|f| f.name.clone())
        .chain(message.all_groups().map(|g| g.body.name.to_lowercase()))
        .collect()
}

/// The inline tags.
pub fn tags(schema: &Schema) -> Vec<Tagged> {
    tagging::tags(&schema.root)
}

/// The canonical text with edited inline tags.
pub fn with_tags(schema: &Schema, edits: &[TagEdit]) -> Result<String, InvalidSchema> {
    Ok(print::print(&tagging::with_tags(&schema.root, edits)?))
}

/// The differences between a reader and a writer.
pub fn diff(
    reader: &Schema,
    writer: &Schema,
    limits: &Limits,
) -> Result<Vec<Difference>, TooComplex> {
    diff::diff(&reader.scope(), &writer.scope(), limits)
}

/// What is true of a reader and a writer.
pub fn truth(reader: &Schema, writer: &Schema, budget: &Budget) -> Truth {
    truth::truth(reader, writer, None, budget)
}

/// The same of records of one message alone, by its name without the package.
pub fn truth_of_message(reader: &Schema, writer: &Schema, message: &str, budget: &Budget) -> Truth {
    truth::truth(reader, writer, Some(message), budget)
}

/// Where the name of an element is declared in a text; `pointer` as in [`Place`](super::truth::Place).
pub fn locate(text: &str, pointer: &str) -> Option<std::ops::Range<usize>> {
    locate::locate(text, pointer)
}
