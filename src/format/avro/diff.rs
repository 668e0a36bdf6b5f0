//! Whether a reader's schema reads what a writer's schema wrote, and every reason why not, in the order in
//! which the JVM library's walk meets them.
//!
//! A pair of types is judged once. While it is being judged it counts as compatible, which is sound for a
//! cycle as a whole: a real conflict on it is met elsewhere. A type's number is its identity, and the two
//! schemas keep their own numbers, so one name may mean different things on the two sides. Branches of unions
//! are only asked for a yes or no, in [`super::reads`].

use super::link::WALK_DEPTH;
use super::model::{Enum, Field, Kind, Named, Primitive, Record, Schema, TypeId};
use super::print::{CANONICAL, print_type};
use super::reads::Answers;
use crate::format::{Difference, Judgement, Limits, READER, TooComplex, WRITER};
use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::rc::Rc;

/// The kind of the one difference that ends a comparison: a reader's field that takes its value from two
/// fields of the writer. The JVM library gives up there, and its decoder fails on every record.
pub(super) const AMBIGUOUS: &str = "READER_FIELD_MATCHES_MULTIPLE_FIELDS";

/// Up to so many messages, one is repeated for each place that leads to its pair of types, as the JVM library
/// does; longer lists say each thing once, or they would double with each level of shared types.
const REPEATED: usize = 1_000;

/// What a message costs in steps: it is a text, and texts fill memory.
const MESSAGE: u64 = 20;

/// One step of a place in the reader.
#[derive(Debug, Clone, Copy)]
enum Step {
    Word(&'static str),
    Index(usize),
}

type Place = Vec<Step>;

/// Numbers of differences in [`Comparison::found`].
type Found = Rc<Vec<usize>>;

/// Such numbers while they are collected.
struct List {
    items: Vec<usize>,
    /// From this length on repetitions are looked for.
    limit: usize,
}

impl List {
    fn new() -> Self {
        Self {
            items: Vec::new(),
            limit: REPEATED,
        }
    }

    fn extend(&mut self, more: &[usize]) {
        self.items.extend_from_slice(more);
        if self.items.len() > self.limit {
            self.shorten();
            self.limit = REPEATED.max(self.items.len() * 2);
        }
    }

    fn shorten(&mut self) {
        let mut seen = HashSet::new();
        self.items.retain(|i| seen.insert(*i));
    }

    fn finish(mut self) -> Vec<usize> {
        if self.items.len() > REPEATED {
            self.shorten();
        }
        self.items
    }
}

pub(super) enum Judged {
    InProgress,
    Done(Found),
}

/// Why a comparison ends early.
pub(super) enum Stop {
    TooComplex,
    Ambiguous(Box<Difference>),
}

/// The differences between a reader and a writer.
pub(super) fn diff(
    reader: &Schema,
    writer: &Schema,
    limits: &Limits,
) -> Result<Vec<Difference>, TooComplex> {
    let mut comparison = Comparison {
        reader,
        writer,
        steps: limits.steps,
        judged: HashMap::new(),
        found: Vec::new(),
        none: Rc::new(Vec::new()),
        depth: 0,
        answers: Answers::default(),
        thorough: reader.types.iter().any(
            |t| matches!(&t.kind, Kind::Record(r) if r.fields.iter().any(|f| !f.aliases.is_empty())),
        ),
    };
    match comparison.pair(reader.root, writer.root, &mut Vec::new()) {
        Ok(list) => Ok(comparison.report(&list)),
        Err(Stop::Ambiguous(difference)) => Ok(vec![*difference]),
        Err(Stop::TooComplex) => Err(TooComplex),
    }
}

pub(super) struct Comparison<'a> {
    pub(super) reader: &'a Schema,
    pub(super) writer: &'a Schema,
    steps: u64,
    pub(super) judged: HashMap<(TypeId, TypeId), Judged>,
    found: Vec<Difference>,
    none: Found,
    pub(super) depth: usize,
    pub(super) answers: Answers,
    /// Whether a "no" must not end a walk, because a field that matches several may lie behind it.
    pub(super) thorough: bool,
}

impl<'a> Comparison<'a> {
    fn report(&self, list: &[usize]) -> Vec<Difference> {
        list.iter()
            .filter_map(|&i| self.found.get(i).cloned())
            .collect()
    }

    pub(super) fn step(&mut self, cost: usize) -> Result<(), Stop> {
        self.steps = self
            .steps
            .checked_sub(cost as u64)
            .ok_or(Stop::TooComplex)?;
        Ok(())
    }

    /// Judges a pair, or remembers how it was judged.
    fn pair(&mut self, r: TypeId, w: TypeId, place: &mut Place) -> Result<Found, Stop> {
        self.step(1)?;
        match self.judged.get(&(r, w)) {
            Some(Judged::InProgress) => return Ok(self.none.clone()),
            Some(Judged::Done(list)) => return Ok(list.clone()),
            None => {}
        }
        self.step(alias_cost(self.reader.kind(r)))?;
        if self.depth >= WALK_DEPTH {
            return Err(Stop::TooComplex);
        }
        self.depth += 1;
        self.judged.insert((r, w), Judged::InProgress);
        let list = Rc::new(self.judge(r, w, place)?);
        let list = if list.is_empty() {
            self.none.clone()
        } else {
            list
        };
        self.judged.insert((r, w), Judged::Done(list.clone()));
        self.depth -= 1;
        Ok(list)
    }

    /// A pair one step further into the reader.
    fn inner(
        &mut self,
        step: Step,
        r: TypeId,
        w: TypeId,
        place: &mut Place,
        into: &mut List,
    ) -> Result<(), Stop> {
        place.push(step);
        let list = self.pair(r, w, place)?;
        place.pop();
        // Copying numbers is cheaper than comparing types.
        self.step(list.len() / 4)?;
        into.extend(&list);
        Ok(())
    }

    fn judge(&mut self, r: TypeId, w: TypeId, place: &mut Place) -> Result<Vec<usize>, Stop> {
        let (reader, writer) = (self.reader, self.writer);
        let mut list = List::new();
        match (reader.kind(r), writer.kind(w)) {
            (Kind::Union(_), Kind::Union(branches)) => {
                for (i, &branch) in branches.iter().enumerate() {
                    if !self.reads(r, branch).map_err(|stop| stop.at(place))? {
                        place.push(Step::Index(i));
                        list.items
                            .push(self.missing_branch(writer.kind(branch), place));
                        place.pop();
                    }
                }
            }
            (_, Kind::Union(branches)) => {
                for (i, &branch) in branches.iter().enumerate() {
                    self.inner(Step::Index(i), r, branch, place, &mut list)?;
                }
            }
            (Kind::Union(branches), written) => {
                let mut read = false;
                for &branch in branches {
                    if self.reads(branch, w).map_err(|stop| stop.at(place))? {
                        read = true;
                        break;
                    }
                }
                if !read {
                    list.items.push(self.missing_branch(written, place));
                }
            }
            (Kind::Primitive(r), Kind::Primitive(w)) if promotes(*w, *r) => {}
            (Kind::Array(r), Kind::Array(w)) => {
                self.inner(Step::Word("items"), *r, *w, place, &mut list)?;
            }
            (Kind::Map(r), Kind::Map(w)) => {
                self.inner(Step::Word("values"), *r, *w, place, &mut list)?;
            }
            (Kind::Fixed(r), Kind::Fixed(w)) => {
                self.names(&r.named, &w.named, place, &mut list);
                if r.size != w.size {
                    let info = format!("expected: {}, found: {}", w.size, r.size);
                    list.items.push(self.add(
                        "FIXED_SIZE_MISMATCH",
                        place,
                        Some("size"),
                        &info,
                        |p, _| {
                            format!(
                                "The size of FIXED type field at path '{p}' in the {READER} schema does not \
                                 match with the {WRITER} schema"
                            )
                        },
                    ));
                }
            }
            (Kind::Enum(r), Kind::Enum(w)) => {
                self.names(&r.named, &w.named, place, &mut list);
                self.step(w.symbols.len())?;
                self.symbols(r, w, place, &mut list);
            }
            (Kind::Record(r), Kind::Record(w_record)) => {
                self.names(&r.named, &w_record.named, place, &mut list);
                place.push(Step::Word("fields"));
                for (i, field) in r.fields.iter().enumerate() {
                    place.push(Step::Index(i));
                    self.field(field, i, w, w_record, place, &mut list)?;
                    place.pop();
                }
                place.pop();
            }
            (read, written) => {
                let info = format!(
                    "reader type: {} not compatible with writer type: {}",
                    upper(read),
                    upper(written)
                );
                list.items.push(self.add("TYPE_MISMATCH", place, None, &info, |p, _| {
                    format!(
                        "The type (path '{p}') of a field in the {READER} schema does not match with the \
                         {WRITER} schema"
                    )
                }));
            }
        }
        Ok(list.finish())
    }

    fn field(
        &mut self,
        field: &'a Field,
        position: usize,
        w: TypeId,
        record: &'a Record,
        place: &mut Place,
        list: &mut List,
    ) -> Result<(), Stop> {
        self.step(1 + field.aliases.len())?;
        match source_of(field, record) {
            Err(()) => {
                let path = written(place, None);
                return Err(ambiguous(
                    self.reader,
                    self.writer,
                    field,
                    position,
                    w,
                    path,
                ));
            }
            Ok(Some(source)) => {
                return self.inner(Step::Word("type"), field.of, source.of, place, list);
            }
            Ok(None) => {}
        }
        if field.default.is_some() {
            return Ok(());
        }
        // The library reads an enum's own default as one of the field, and then compares the enum with the
        // whole record.
        if let Kind::Enum(Enum {
            default: Some(_), ..
        }) = self.reader.kind(field.of)
        {
            return self.inner(Step::Word("type"), field.of, w, place, list);
        }
        list.items.push(self.add(
            "READER_FIELD_MISSING_DEFAULT_VALUE",
            place,
            None,
            &field.name,
            |p, info| {
                format!(
                    "The field '{info}' at path '{p}' in the {READER} schema has no default value and is \
                     missing in the {WRITER} schema"
                )
            },
        ));
        Ok(())
    }

    fn names(&mut self, r: &Named, w: &Named, place: &Place, list: &mut List) {
        if !names_match(r, w) {
            let info = format!("expected: {}", w.name.full());
            list.items.push(
                self.add("NAME_MISMATCH", place, Some("name"), &info, |p, _| {
                    format!("The name of the schema has changed (path '{p}')")
                }),
            );
        }
    }

    fn symbols(&mut self, r: &Enum, w: &Enum, place: &Place, list: &mut List) {
        if r.default.is_some() {
            return;
        }
        let mut missing: Vec<&str> = w
            .symbols
            .iter()
            .filter(|s| !r.known.contains(*s))
            .map(AsRef::as_ref)
            .collect();
        if missing.is_empty() {
            return;
        }
        missing.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
        let info = format!("[{}]", missing.join(", "));
        list.items.push(self.add(
            "MISSING_ENUM_SYMBOLS",
            place,
            Some("symbols"),
            &info,
            |p, info| {
                format!(
                    "The {READER} schema is missing enum symbols '{info}' at path '{p}' in the {WRITER} schema"
                )
            },
        ));
    }

    fn missing_branch(&mut self, written: &Kind, place: &Place) -> usize {
        let info = format!("reader union lacking writer type: {}", upper(written));
        self.add("MISSING_UNION_BRANCH", place, None, &info, |p, _| {
            format!(
                "The {READER} schema is missing a type inside a union field at path '{p}' in the {WRITER} schema"
            )
        })
    }

    /// Notes a difference; `describe` makes the sentence from path and additional information.
    fn add(
        &mut self,
        kind: &'static str,
        place: &Place,
        last: Option<&'static str>,
        info: &str,
        describe: impl Fn(&str, &str) -> String,
    ) -> usize {
        let path = written(place, last);
        let info = without_nul(info);
        // Long paths cost memory; the next step notices when it has been too much.
        self.steps = self.steps.saturating_sub(MESSAGE + place.len() as u64 / 4);
        let template = format!(
            "{{errorType:'{kind}', description:'{}', additionalInfo:'{info}'}}",
            describe(&path, &info)
        );
        self.found.push(Difference {
            kind,
            path,
            judgement: Judgement::Incompatible,
            template,
        });
        self.found.len() - 1
    }
}

impl Stop {
    /// The same with a place, if it has none.
    fn at(self, place: &Place) -> Self {
        match self {
            Stop::Ambiguous(mut difference) if difference.path.is_empty() => {
                difference.path = written(place, None);
                Stop::Ambiguous(difference)
            }
            other => other,
        }
    }
}

/// The writer's field for a reader's, by name or alias; an error if there are several.
pub(super) fn source_of<'w>(field: &Field, record: &'w Record) -> Result<Option<&'w Field>, ()> {
    let mut hits = std::iter::once(field.name.as_ref())
        .chain(field.aliases.iter().map(String::as_str))
        .filter_map(|name| record.index.get(name));
    let source = hits.next().and_then(|&i| record.fields.get(i));
    match hits.next() {
        Some(_) => Err(()),
        None => Ok(source),
    }
}

/// The end of a comparison that met a field with several sources.
pub(super) fn ambiguous(
    reader: &Schema,
    writer: &Schema,
    field: &Field,
    position: usize,
    w: TypeId,
    path: String,
) -> Stop {
    let text = format!(
        "Unexpected exception during compatibility check: Reader record field {} type:{} pos:{position} \
         matches multiple fields in writer record schema {}",
        field.name,
        upper(reader.kind(field.of)),
        print_type(writer, w, CANONICAL)
    );
    Stop::Ambiguous(Box::new(Difference {
        kind: AMBIGUOUS,
        path,
        judgement: Judgement::Incompatible,
        template: without_nul(&text),
    }))
}

/// What looking through a type's aliases costs in steps.
pub(super) fn alias_cost(kind: &Kind) -> usize {
    kind.named().map_or(0, |named| named.aliases.len() / 4)
}

/// Names match without their namespaces, or through an alias of the reader.
pub(super) fn names_match(r: &Named, w: &Named) -> bool {
    r.name.short() == w.name.short()
        || r.aliases.iter().any(|alias| {
            // An alias without namespace on a type with one is, in the library's eyes, never met.
            let hidden = alias.namespace().is_none() && r.name.namespace().is_some();
            !hidden && alias.full() == w.name.full()
        })
}

/// Whether a reader of `to` reads what was written as `from`.
pub(super) fn promotes(from: Primitive, to: Primitive) -> bool {
    use Primitive::{Bytes, Double, Float, Int, Long, String};
    from == to
        || matches!(
            (from, to),
            (Int, Long | Float | Double)
                | (Long, Float | Double)
                | (Float, Double)
                | (String, Bytes)
                | (Bytes, String)
        )
}

fn upper(kind: &Kind) -> String {
    kind.word().to_ascii_uppercase()
}

/// A place as a path: words and numbers only, so nothing needs an escape.
fn written(place: &Place, last: Option<&'static str>) -> String {
    let mut out = String::new();
    for step in place {
        // Writing to a string cannot fail.
        let _ = match step {
            Step::Word(word) => write!(out, "/{word}"),
            Step::Index(i) => write!(out, "/{i}"),
        };
    }
    if let Some(last) = last {
        out.push('/');
        out.push_str(last);
    }
    if out.is_empty() {
        out.push('/');
    }
    out
}

/// NUL marks the places of the two words in a template, and a stored schema's namespace may hold anything.
fn without_nul(text: &str) -> String {
    text.replace('\u{0}', "\u{fffd}")
}
