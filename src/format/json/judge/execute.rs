//! Executes documents: an independent validator says what a schema accepts. What it cannot be trusted with is
//! refused, never guessed.

use super::compiled::Compiled;
use super::walk::{Cost, Walk};
use crate::format::hash::HashSet;
use crate::format::json::Dialect;
use crate::format::json::contain::Side;
use crate::format::json::uri::resolve;
use crate::format::json_text::{Node, Value};
use crate::format::record::json::{decided, engines, problem};
use crate::format::record::{Problem, TOLD};
use jsonschema::{Draft, Registry, ValidationError, Validator};
use std::cell::{Cell, RefCell, RefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The base that the validator gives to a schema without an `$id`.
const BASE: &str = "json-schema:///";
/// Schemas that one validation may visit.
const VISITS: u64 = 200_000;
/// Objections to one document that are looked at.
const ERRORS: usize = 64;
/// Values that the validator may copy to compile a side; a kibibyte each.
const COPIED_VALUES: usize = 50_000;
/// Decimal digits that a double keeps apart.
const DIGITS: u64 = 15;
/// Exponents at which doubles lose digits or overflow.
const EXPONENT: i64 = 290;

/// One side, ready to be asked.
pub(super) struct Executor<'a> {
    compiled: Arc<Compiled>,
    walk: RefCell<Walk<'a>>,
    visited: Cell<u64>,
    /// The names of members that were compiled, if not all were; see [`Part`].
    part: Option<Part>,
}

/// The names of the members of a document. A schema that says something of another property says nothing of this
/// document, so such properties need not be compiled to execute it: they are most of a large schema.
pub(super) struct Part(HashSet<String>);

impl Part {
    /// Of a document, and of every one that is made of parts of it.
    fn of(document: &serde_json::Value) -> Self {
        let mut names = HashSet::default();
        let mut todo = vec![document];
        while let Some(value) = todo.pop() {
            match value {
                serde_json::Value::Array(items) => todo.extend(items),
                serde_json::Value::Object(members) => {
                    for (name, value) in members {
                        if !names.contains(name) {
                            names.insert(name.clone());
                        }
                        todo.push(value);
                    }
                }
                _ => {}
            }
        }
        Self(names)
    }

    /// Whether a document has no other names.
    fn covers(&self, document: &serde_json::Value) -> bool {
        match document {
            serde_json::Value::Array(items) => items.iter().all(|item| self.covers(item)),
            serde_json::Value::Object(members) => {
                (members.iter()).all(|(name, value)| self.0.contains(name) && self.covers(value))
            }
            _ => true,
        }
    }
}

/// Why a document cannot be executed.
pub(super) type Refusal = String;

impl<'a> Executor<'a> {
    /// Compiles what counts of a side for a document and its parts.
    pub(super) fn of(
        side: Side<'a>,
        formats: bool,
        document: &serde_json::Value,
    ) -> Result<Self, Refusal> {
        Self::ready(side, formats, Some(Part::of(document)))
    }

    /// Compiles a side.
    pub(super) fn new(side: Side<'a>, formats: bool) -> Result<Self, Refusal> {
        Self::ready(side, formats, None)
    }

    fn ready(side: Side<'a>, formats: bool, part: Option<Part>) -> Result<Self, Refusal> {
        let all = std::iter::once(side.root).chain(side.references.iter().map(|(_, node)| *node));
        for document in all {
            if !exact(document) {
                return Err("a number that a double does not hold".to_owned());
            }
        }
        let all = std::iter::once(side.root).chain(side.references.iter().map(|(_, node)| *node));
        if !copies_little(all) {
            return Err("a schema that costs too much to compile".to_owned());
        }
        let mut walk = Walk::new(&side);
        // A name of a schema may stand in any part; and what is missing must not depend on the document.
        let part = part.filter(|_| {
            (side.compiled).is_some_and(|kept| kept.is_plain(|| walk.leads_everywhere()))
                && !Compiled::is_kept(&side)
        });
        let partly = part.and_then(|part| {
            // What refers to a part that was left out is compiled as a whole.
            let compiled = Compiled::new(&side, formats, Some(&part)).ok()?;
            Some((compiled, part))
        });
        let (compiled, part) = match partly {
            Some((compiled, part)) => (compiled, Some(part)),
            None => (Compiled::of(&side, formats)?, None),
        };
        Ok(Self {
            compiled,
            part,
            walk: RefCell::new(walk),
            visited: Cell::new(0),
        })
    }

    /// Whether the side accepts a document; `None` if that cannot be said.
    pub(super) fn accepts(&self, document: &serde_json::Value) -> Option<bool> {
        if !self.covers(document) {
            return None;
        }
        let cost = self.walk.borrow_mut().cost(document, VISITS);
        let visits = match cost {
            Cost::Visits(visits) => visits,
            Cost::TooMuch => {
                // Finding that out was work too.
                self.visited.set(self.visited.get().saturating_add(VISITS));
                return None;
            }
        };
        self.visited.set(self.visited.get().saturating_add(visits));
        catch_unwind(AssertUnwindSafe(|| {
            if self.compiled.validator.is_valid(document) {
                return Some(true);
            }
            let trusted =
                (self.compiled.validator.iter_errors(document)).all(|error| decided(&error));
            trusted.then_some(false)
        }))
        .ok()
        .flatten()
    }

    /// Whether what was compiled is enough for a document.
    pub(super) fn covers(&self, document: &serde_json::Value) -> bool {
        (self.part.as_ref()).is_none_or(|part| part.covers(document))
    }

    /// Whether a pattern is matched by backtracking, which can take as many steps as are allowed.
    pub(super) fn backtracks(&self) -> bool {
        self.compiled.backtracks
    }

    /// Whether a document can be asked about within so many visits.
    pub(super) fn can_afford(&self, document: &serde_json::Value, visits: u64) -> bool {
        matches!(
            self.walk.borrow_mut().cost(document, visits),
            Cost::Visits(_)
        )
    }

    /// What it objects to in a document whose cost is known, up to one more than is told; `None` if the validator
    /// gives up.
    pub(super) fn problems(&self, document: &serde_json::Value) -> Option<Vec<Problem>> {
        catch_unwind(AssertUnwindSafe(|| {
            if self.compiled.validator.is_valid(document) {
                return Some(Vec::new());
            }
            let mut problems = Vec::new();
            for error in self.compiled.validator.iter_errors(document).take(TOLD + 1) {
                if !decided(&error) {
                    return None;
                }
                problems.push(problem(&error));
            }
            (!problems.is_empty()).then_some(problems)
        }))
        .ok()
        .flatten()
    }

    /// How many schemas all executions visited.
    pub(super) fn visited(&self) -> u64 {
        self.visited.get()
    }

    /// What it objects to in a document that [`Self::accepts`] was asked about.
    pub(super) fn errors(&self, document: &serde_json::Value) -> Vec<ValidationError<'static>> {
        catch_unwind(AssertUnwindSafe(|| {
            (self.compiled.validator.iter_errors(document))
                .take(ERRORS)
                .map(ValidationError::to_owned)
                .collect()
        }))
        .unwrap_or_default()
    }

    /// Whether one of the objections to such a document is of a kind.
    pub(super) fn objects(
        &self,
        document: &serde_json::Value,
        is: impl FnMut(ValidationError<'_>) -> bool,
    ) -> bool {
        catch_unwind(AssertUnwindSafe(|| {
            (self.compiled.validator.iter_errors(document))
                .take(ERRORS)
                .any(is)
        }))
        .unwrap_or(false)
    }

    /// The side, to be walked.
    pub(super) fn walk(&self) -> RefMut<'_, Walk<'a>> {
        self.walk.borrow_mut()
    }
}

/// The validator, and whether it matches patterns by backtracking.
pub(super) fn compile(
    side: &Side<'_>,
    formats: bool,
    part: Option<&Part>,
) -> Result<(Validator, bool), Refusal> {
    let dialect = Dialect::declared(side.root).unwrap_or(side.dialect);
    let draft = draft_of(dialect);
    let own = (side.root.get(dialect.id_keyword())).and_then(Node::as_str);
    let base = resolve(BASE, own.unwrap_or_default());
    let documents: Vec<(&str, Draft, serde_json::Value)> = (side.references.iter())
        .map(|(name, document)| {
            let name = name.split('#').next().unwrap_or_default();
            let executed = executed(document, Holds::Keywords, part);
            let draft = match Dialect::declared(document) {
                Some(_) => draft.detect(&executed),
                None => draft,
            };
            (name, draft, executed)
        })
        .collect();
    let schema = executed(side.root, Holds::Keywords, part);
    // A document is nearly always known by one URI; each further one is crawled like a document of its own.
    let nearest = build(&schema, &base, &documents, draft, formats, Names::Nearest);
    match nearest {
        Err(_) if !documents.is_empty() => {
            build(&schema, &base, &documents, draft, formats, Names::All)
        }
        outcome => outcome,
    }
}

/// By which URIs the documents that are referred to are known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Their names, as the root resolves them.
    Nearest,
    /// Also their names by themselves.
    All,
}

fn build(
    schema: &serde_json::Value,
    base: &str,
    documents: &[(&str, Draft, serde_json::Value)],
    draft: Draft,
    formats: bool,
    names: Names,
) -> Result<(Validator, bool), Refusal> {
    let refused =
        |error: &dyn std::fmt::Display| shown("a reference that the validator refuses", error);
    let registry = match documents {
        // Without references there is nothing to look up, and nothing to make ready for it.
        [] => None,
        _ => {
            let mut registry = Registry::new().draft(draft);
            for (name, draft, document) in documents {
                let mut uris = vec![resolve(base, name)];
                if names == Names::All {
                    uris.push(resolve(BASE, name));
                    uris.dedup();
                }
                for uri in uris {
                    registry = (registry.add(uri, draft.create_resource_ref(document)))
                        .map_err(|error| refused(&error))?;
                }
            }
            Some(registry.prepare().map_err(|error| refused(&error))?)
        }
    };
    let options = || {
        let options = jsonschema::options();
        let options = match &registry {
            Some(registry) => options.with_registry(registry),
            None => options,
        };
        options
            .with_draft(draft)
            .with_base_uri(BASE)
            .should_validate_formats(formats)
    };
    let (linear, backtracking) = engines();
    if let Ok(validator) = options().with_pattern_options(linear).build(schema) {
        return Ok((validator, false));
    }
    (options().with_pattern_options(backtracking).build(schema))
        .map(|validator| (validator, true))
        .map_err(|error| shown("a schema that the validator refuses", &error))
}

/// What the members of an object are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// Keywords.
    Keywords,
    /// Schemas by name.
    Schemas,
    /// Schemas by the name of the member that they are for.
    Properties,
    /// A value to compare with.
    Data,
}

/// A schema as the validator gets it: without the prose, which is most of many a schema, and without properties that
/// the part does not have.
fn executed(node: &Node, holds: Holds, part: Option<&Part>) -> serde_json::Value {
    const PROSE: [&str; 4] = ["title", "description", "$comment", "markdownDescription"];
    let members = match &node.value {
        Value::Array(items) => {
            return (items.iter())
                .map(|item| executed(item, holds, part))
                .collect();
        }
        Value::Object(members) => members,
        _ => return node.to_serde(),
    };
    (members.iter())
        .filter(|(name, value)| match holds {
            Holds::Keywords => value.as_str().is_none() || !PROSE.contains(&name.as_str()),
            Holds::Properties => part.is_none_or(|part| part.0.contains(name)),
            Holds::Schemas | Holds::Data => true,
        })
        .map(|(name, value)| {
            let inner = match (holds, name.as_str()) {
                (Holds::Data, _) | (Holds::Keywords, "enum" | "const") => Holds::Data,
                (Holds::Schemas | Holds::Properties, _) => Holds::Keywords,
                (Holds::Keywords, "properties") => Holds::Properties,
                (
                    Holds::Keywords,
                    "patternProperties" | "definitions" | "$defs" | "dependencies"
                    | "dependentSchemas",
                ) => Holds::Schemas,
                (Holds::Keywords, _) => Holds::Keywords,
            };
            (name.clone(), executed(value, inner, part))
        })
        .collect()
}

fn draft_of(dialect: Dialect) -> Draft {
    match dialect {
        Dialect::Draft4 => Draft::Draft4,
        Dialect::Draft6 => Draft::Draft6,
        Dialect::Draft7 => Draft::Draft7,
        Dialect::Draft2019 => Draft::Draft201909,
        Dialect::Draft2020 => Draft::Draft202012,
    }
}

/// Whether the validator takes a pattern.
pub(super) fn compiles_pattern(dialect: Dialect, pattern: &str) -> bool {
    let schema = serde_json::json!({ "pattern": pattern });
    let options = || jsonschema::options().with_draft(draft_of(dialect));
    let (linear, backtracking) = engines();
    catch_unwind(AssertUnwindSafe(|| {
        options()
            .with_pattern_options(linear)
            .build(&schema)
            .is_ok()
            || (options().with_pattern_options(backtracking).build(&schema)).is_ok()
    }))
    .unwrap_or(false)
}

/// Where the meta-schema refuses a document, as the tokens of pointers; `None` if it cannot say.
pub(super) fn meta_errors(document: &Node, dialect: Dialect) -> Option<Vec<Vec<String>>> {
    const MOST: usize = 1_000;
    let document = document.to_serde();
    catch_unwind(AssertUnwindSafe(|| {
        let validator = match dialect {
            Dialect::Draft4 => jsonschema::draft4::meta::validator(),
            Dialect::Draft6 => jsonschema::draft6::meta::validator(),
            Dialect::Draft7 => jsonschema::draft7::meta::validator(),
            Dialect::Draft2019 => jsonschema::draft201909::meta::validator(),
            Dialect::Draft2020 => jsonschema::draft202012::meta::validator(),
        };
        let all: Vec<Vec<String>> = (validator.iter_errors(&document))
            .take(MOST)
            .map(|error| super::attribute::tokens(error.instance_path().as_str()))
            .collect();
        (all.len() < MOST).then_some(all)
    }))
    .ok()
    .flatten()
}

fn shown(what: &str, error: &dyn std::fmt::Display) -> Refusal {
    let error: String = error.to_string().chars().take(200).collect();
    format!("{what}: {error}")
}

/// Whether what the validator copies when it compiles is not too much: it keeps what is under each `not`.
fn copies_little<'n>(documents: impl Iterator<Item = &'n Node>) -> bool {
    let mut todo: Vec<(&Node, usize)> = documents.map(|node| (node, 0)).collect();
    let mut copied = 0usize;
    while let Some((node, copies)) = todo.pop() {
        copied = copied.saturating_add(copies);
        if copied > COPIED_VALUES {
            return false;
        }
        match &node.value {
            Value::Array(items) => todo.extend(items.iter().map(|item| (item, copies))),
            Value::Object(members) => todo.extend((members.iter()).map(|(name, value)| {
                let more = usize::from(name == "not");
                (value, copies + more)
            })),
            _ => {}
        }
    }
    true
}

/// Whether doubles and 64-bit integers hold every number so that equality and order are those of the decimals.
pub(super) fn exact(node: &Node) -> bool {
    let mut todo = vec![node];
    while let Some(node) = todo.pop() {
        match &node.value {
            Value::Number(number) => {
                let text = number.as_spelt();
                if text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok() {
                    continue;
                }
                let (digits, scale) = number.value().normalized().into_bigint_and_exponent();
                let length = digits.magnitude().to_string().len() as u64;
                if length > DIGITS || scale.abs() > EXPONENT {
                    return false;
                }
            }
            Value::Array(items) => todo.extend(items),
            Value::Object(members) => todo.extend(members.iter().map(|(_, value)| value)),
            _ => {}
        }
    }
    true
}
