//! From a flaw of a pair to what is told: the record, executed, the places, and the words.

use super::super::codec::{self, Bounds, Datum, Failure};
use super::super::diff;
use super::super::model::{Kind, Primitive, Schema, TypeId};
use super::lossy::Loss;
use super::pairs::{Flaw, Reached, Step, Walk, What};
use super::places::Places;
use crate::format::truth::{Arguments, Break, Budget, Effect, Place, Witness};
use crate::format::{Difference, Limits};
use std::fmt::Write;

/// Why a flaw is not told.
pub(super) enum Untold {
    /// The smallest record is larger than a witness may be.
    TooLarge(Place),
    /// The record was executed, and did not show it.
    NotReproduced(Place),
}

/// Tells flaws.
pub(super) struct Teller<'a> {
    reader: &'a Schema,
    writer: &'a Schema,
    walk: &'a Walk<'a>,
    limit: u64,
    reader_places: Places<'a>,
    writer_places: Places<'a>,
    /// What the rules say of the same schemas, to name the same things by the same names.
    differences: Vec<Difference>,
    /// How many bytes the records had that were executed, as they are shown.
    pub(super) executed_bytes: usize,
}

/// How the JVM library's walk names a place: words and numbers.
struct Path {
    text: String,
    /// Whether the walk ends at a union of the reader, whose branches it does not tell apart.
    is_closed: bool,
}

impl<'a> Teller<'a> {
    pub(super) fn new(
        reader: &'a Schema,
        writer: &'a Schema,
        budget: &Budget,
        walk: &'a Walk<'a>,
    ) -> Self {
        let limits = Limits {
            steps: budget.steps,
            ..Limits::default()
        };
        let differences = if walk.flaws.is_empty() {
            Vec::new()
        } else {
            // What the rules cannot say within the bounds has no name there.
            diff::diff(reader, writer, &limits).unwrap_or_default()
        };
        Self {
            reader,
            writer,
            walk,
            limit: budget.witness_bytes as u64,
            reader_places: Places::of(reader),
            writer_places: Places::of(writer),
            differences,
            executed_bytes: 0,
        }
    }

    /// Where a flaw comes in the order of the reader's text.
    pub(super) fn order(&self, flaw: &Flaw) -> (usize, usize) {
        let pair = self.pair(flaw.pair);
        let (text, at) = self.reader_places.order(pair.reader);
        let field = match &flaw.what {
            What::Missing(place) | What::Unusable(place) | What::Ambiguous(place) => {
                match self.reader.kind(pair.reader) {
                    Kind::Record(record) => record.fields.get(*place).map(|field| field.at),
                    _ => None,
                }
            }
            _ => None,
        };
        (text, field.unwrap_or(at))
    }

    pub(super) fn tell(&mut self, flaw: &Flaw) -> Result<Break, Untold> {
        let (reader, writer) = self.places(flaw);
        let leaf = self.leaf(flaw).ok_or(Untold::TooLarge(reader.clone()))?;
        let datum = self
            .wrapped(flaw.pair, leaf)
            .ok_or(Untold::TooLarge(reader.clone()))?;
        let witness = self
            .executed(&datum, flaw)
            .ok_or(Untold::NotReproduced(reader.clone()))?;
        self.executed_bytes += witness.record.len();
        let (rule, effect, arguments) = self.words(flaw);
        Ok(Break {
            rule,
            effect,
            reader,
            writer,
            difference: self.difference(flaw),
            arguments,
            witness,
        })
    }

    fn pair(&self, at: usize) -> Reached {
        self.walk.reached.get(at).copied().unwrap_or(Reached {
            reader: self.reader.root,
            writer: self.writer.root,
            from: None,
        })
    }

    /// A small datum of the pair's writer type that shows the flaw.
    fn leaf(&self, flaw: &Flaw) -> Option<Datum> {
        let pair = self.pair(flaw.pair);
        let smallest = || self.walk.minimal.datum(pair.writer, self.limit);
        let kind = self.writer.kind(pair.writer);
        Some(match &flaw.what {
            What::Symbols(unknown) => Datum::Enum(*unknown.first()?),
            What::Lossy(Loss::Symbol(place)) => Datum::Enum(*place),
            What::Lossy(Loss::Rounded(number)) => number.clone(),
            What::Lossy(Loss::Bytes) => Datum::Bytes(vec![0xff]),
            What::Lossy(Loss::Uuid) => Datum::String("not-a-uuid".to_owned()),
            What::Lossy(Loss::Decimal) => match (kind, smallest()?) {
                // 1234, in as many bytes as there are.
                (Kind::Fixed(_), Datum::Fixed(mut bytes)) => {
                    let small: &[u8] = if bytes.len() < 2 {
                        &[12]
                    } else {
                        &[0x04, 0xd2]
                    };
                    for (to, from) in bytes.iter_mut().rev().zip(small.iter().rev()) {
                        *to = *from;
                    }
                    Datum::Fixed(bytes)
                }
                _ => Datum::Bytes(vec![0x04, 0xd2]),
            },
            What::Lossy(Loss::Logical) => match kind {
                Kind::Primitive(Primitive::Int) => Datum::Int(1),
                Kind::Primitive(Primitive::Long) => Datum::Long(1),
                _ => smallest()?,
            },
            _ => smallest()?,
        })
    }

    /// The datum with everything around it that leads to it.
    fn wrapped(&self, pair: usize, leaf: Datum) -> Option<Datum> {
        let mut datum = leaf;
        let mut at = pair;
        while let Some((from, step)) = self.pair(at).from {
            datum = match step {
                Step::Chosen => datum,
                Step::Branch(place) => Datum::Union(place, Box::new(datum)),
                Step::Item => Datum::Array(vec![datum]),
                Step::Value => Datum::Map(vec![("key".to_owned(), datum)]),
                Step::Field(_, place) => {
                    let Kind::Record(record) = self.writer.kind(self.pair(from).writer) else {
                        return None;
                    };
                    let mut values = Vec::with_capacity(record.fields.len());
                    let mut own = Some(datum);
                    for (i, field) in record.fields.iter().enumerate() {
                        values.push(if i == place {
                            own.take()?
                        } else {
                            self.walk.minimal.datum(field.of, self.limit)?
                        });
                    }
                    Datum::Record(values)
                }
            };
            at = from;
        }
        Some(datum)
    }

    /// Writes the datum and reads it. `None` if that does not show the flaw.
    fn executed(&self, datum: &Datum, flaw: &Flaw) -> Option<Witness> {
        let bytes = codec::encode(self.writer, self.writer.root, datum)?;
        if bytes.len() as u64 > self.limit
            || codec::decode(self.writer, self.writer.root, &bytes, Bounds::WITNESS).ok()? != *datum
        {
            return None;
        }
        let record = codec::show(self.writer, self.writer.root, datum)?;
        let read = codec::resolve(self.reader, self.writer, &bytes, Bounds::WITNESS);
        let reading = match (&flaw.what, read) {
            (What::Lossy(_), Ok(read)) => {
                let written = codec::meaning(self.writer, self.writer.root, datum)?;
                let read = codec::meaning(self.reader, self.reader.root, &read)?;
                if written == read {
                    return None;
                }
                format!("written as {written}, read as {read}")
            }
            (What::Lossy(_), Err(_)) | (_, Ok(_) | Err(Failure::Bytes { .. })) => return None,
            (_, Err(Failure::Resolution { path, why })) if path.is_empty() => why,
            (_, Err(Failure::Resolution { path, why })) => {
                format!("at {}: {why}", path.join("."))
            }
        };
        let mut hex = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Some(Witness {
            record,
            root: None,
            hex: Some(hex),
            reading,
        })
    }

    fn places(&mut self, flaw: &Flaw) -> (Place, Place) {
        let pair = self.pair(flaw.pair);
        let reader = self.place(pair, true);
        let writer = self.place(pair, false);
        let below = |mut place: Place, word: &str| {
            place.pointer.push('/');
            place.pointer.push_str(word);
            place
        };
        match &flaw.what {
            What::Renamed => (
                below(self.reader_places.of_type(pair.reader), "name"),
                below(self.writer_places.of_type(pair.writer), "name"),
            ),
            What::Size => (
                below(self.reader_places.of_type(pair.reader), "size"),
                below(self.writer_places.of_type(pair.writer), "size"),
            ),
            What::Symbols(_) | What::Lossy(Loss::Symbol(_)) => (
                below(self.reader_places.of_type(pair.reader), "symbols"),
                below(self.writer_places.of_type(pair.writer), "symbols"),
            ),
            What::Missing(at) | What::Unusable(at) | What::Ambiguous(at) => {
                let field = match self.reader.kind(pair.reader) {
                    Kind::Record(record) => record.fields.get(*at).map(|field| field.at),
                    _ => None,
                };
                let reader = match field {
                    Some(at) => self.reader_places.of_field(pair.reader, at),
                    None => reader,
                };
                (reader, self.writer_places.of_type(pair.writer))
            }
            _ => (reader, writer),
        }
    }

    /// Where a pair's type is used: as a field's type, an item, a value or a branch.
    fn place(&mut self, pair: Reached, of_reader: bool) -> Place {
        let (own, schema) = if of_reader {
            (pair.reader, self.reader)
        } else {
            (pair.writer, self.writer)
        };
        let mut inner = pair;
        // The side that stays where it is when the other goes into a union.
        while let Some((from, step)) = inner.from {
            let outer = self.pair(from);
            let holder = if of_reader {
                outer.reader
            } else {
                outer.writer
            };
            let moved = if of_reader {
                !matches!(step, Step::Branch(_))
            } else {
                !matches!(step, Step::Chosen)
            };
            if !moved {
                inner = outer;
                continue;
            }
            let places = if of_reader {
                &mut self.reader_places
            } else {
                &mut self.writer_places
            };
            let mut place = match (step, schema.kind(holder)) {
                (Step::Field(r, w), Kind::Record(record)) => {
                    let at = if of_reader { r } else { w };
                    match record.fields.get(at) {
                        Some(field) => places.of_field(holder, field.at),
                        None => places.of_type(holder),
                    }
                }
                // A union's own text is used where it stands, so its place is its definition's.
                _ => places.of_type(holder),
            };
            match (step, schema.kind(holder)) {
                (Step::Field(..), _) => place.pointer.push_str("/type"),
                (Step::Item, _) => place.pointer.push_str("/items"),
                (Step::Value, _) => place.pointer.push_str("/values"),
                (Step::Branch(_) | Step::Chosen, Kind::Union(branches)) => {
                    let at = match step {
                        Step::Branch(at) => at,
                        _ => branches.iter().position(|b| *b == own).unwrap_or(0),
                    };
                    // Writing to a string cannot fail.
                    let _ = write!(place.pointer, "/{at}");
                }
                _ => {}
            }
            return place;
        }
        if of_reader {
            self.reader_places.of_type(own)
        } else {
            self.writer_places.of_type(own)
        }
    }

    /// The way to a pair as the rules' walk names it.
    fn path(&self, pair: usize) -> Path {
        let mut steps = Vec::new();
        let mut at = pair;
        while let Some((from, step)) = self.pair(at).from {
            steps.push((from, step));
            at = from;
        }
        let mut path = Path {
            text: String::new(),
            is_closed: false,
        };
        for (_, step) in steps.into_iter().rev() {
            // Writing to a string cannot fail.
            let _ = match step {
                Step::Chosen => {
                    path.is_closed = true;
                    break;
                }
                Step::Branch(place) => write!(path.text, "/{place}"),
                Step::Item => write!(path.text, "/items"),
                Step::Value => write!(path.text, "/values"),
                Step::Field(place, _) => write!(path.text, "/fields/{place}/type"),
            };
        }
        path
    }

    /// The rules' own name for a flaw, if they see it too.
    fn difference(&self, flaw: &Flaw) -> Option<(&'static str, String)> {
        let path = self.path(flaw.pair);
        let pair = self.pair(flaw.pair);
        let of_field = |place: usize| match self.reader.kind(pair.reader) {
            Kind::Record(record) => record.fields.get(place).map(
                |field| matches!(self.reader.kind(field.of), Kind::Enum(e) if e.default.is_some()),
            ),
            _ => None,
        };
        let (kind, last) = match &flaw.what {
            _ if path.is_closed => ("MISSING_UNION_BRANCH", String::new()),
            What::Mismatch => ("TYPE_MISMATCH", String::new()),
            What::NoBranch => ("MISSING_UNION_BRANCH", String::new()),
            What::Renamed => ("NAME_MISMATCH", "/name".to_owned()),
            What::Size => ("FIXED_SIZE_MISMATCH", "/size".to_owned()),
            What::Symbols(_) => ("MISSING_ENUM_SYMBOLS", "/symbols".to_owned()),
            What::Ambiguous(place) => (diff::AMBIGUOUS, format!("/fields/{place}")),
            // The rules take an enum's own default for the field's, and compare it with the whole record.
            What::Missing(place) if of_field(*place) == Some(true) => {
                ("TYPE_MISMATCH", format!("/fields/{place}/type"))
            }
            What::Missing(place) => (
                "READER_FIELD_MISSING_DEFAULT_VALUE",
                format!("/fields/{place}"),
            ),
            What::Unusable(_) | What::Lossy(_) => return None,
        };
        let mut wanted = path.text + &last;
        if wanted.is_empty() {
            wanted.push('/');
        }
        self.differences
            .iter()
            .find(|d| d.kind == kind && d.path == wanted)
            .map(|d| (d.kind, d.path.clone()))
    }

    /// The rule, what happens, and the words for its sentences.
    fn words(&self, flaw: &Flaw) -> (&'static str, Effect, Arguments) {
        let pair = self.pair(flaw.pair);
        let mut arguments = Arguments::default();
        let mut say = |name: &'static str, word: String| {
            arguments.0.insert(name, word);
        };
        let read = self.reader.kind(pair.reader);
        let written = self.writer.kind(pair.writer);
        say("reader", name_of(self.reader, pair.reader));
        say("writer", name_of(self.writer, pair.writer));
        say("place", self.spoken_place(flaw.pair));
        let field_of = |place: &usize| match read {
            Kind::Record(record) => record.fields.get(*place).map(|field| (record, field)),
            _ => None,
        };
        let (rule, effect) = match &flaw.what {
            What::Mismatch | What::NoBranch => {
                let is_null = matches!(written, Kind::Primitive(Primitive::Null));
                let is_narrower = match (read, written) {
                    (Kind::Primitive(r), Kind::Primitive(w)) => rank(*w)
                        .zip(rank(*r))
                        .is_some_and(|(written, read)| written > read),
                    _ => false,
                };
                let rule = if is_null {
                    "null-not-allowed"
                } else if matches!(flaw.what, What::NoBranch) {
                    "union-branch-missing"
                } else if is_narrower {
                    "number-narrowed"
                } else {
                    "type-changed"
                };
                (rule, Effect::Fails)
            }
            What::Renamed => {
                say("kind", written.word().to_owned());
                if let Some(named) = written.named() {
                    say("alias", named.name.full().to_string());
                }
                ("type-renamed", Effect::Fails)
            }
            What::Size => {
                if let (Kind::Fixed(r), Kind::Fixed(w)) = (read, written) {
                    say("read_size", r.size.to_string());
                    say("written_size", w.size.to_string());
                }
                ("fixed-size-changed", Effect::Fails)
            }
            What::Symbols(unknown) => {
                if let Kind::Enum(w) = written {
                    let symbols: Vec<_> = unknown
                        .iter()
                        .take(SYMBOLS)
                        .filter_map(|at| w.symbols.get(*at))
                        .map(|symbol| format!("`{symbol}`"))
                        .collect();
                    let more = unknown.len().saturating_sub(SYMBOLS);
                    let mut list = symbols.join(", ");
                    if more > 0 {
                        // Writing to a string cannot fail.
                        let _ = write!(list, " and {more} more");
                    }
                    say("symbols", list);
                    if let Kind::Enum(r) = read
                        && let Some(first) = r.symbols.first()
                    {
                        say("default", format!("\"{first}\""));
                    }
                }
                ("enum-symbol-missing", Effect::Fails)
            }
            What::Missing(place) | What::Unusable(place) | What::Ambiguous(place) => {
                if let Some((record, field)) = field_of(place) {
                    say("field", field.name.to_string());
                    say("record", record.named.name.short().to_owned());
                    say("type", name_of(self.reader, field.of));
                    if let Some(default) = sensible_default(self.reader, field.of) {
                        say("default", default);
                    }
                    if let Some(old) = self.renamed_from(pair, record, *place) {
                        say("old", old);
                    }
                    if let (What::Ambiguous(_), Kind::Record(w)) = (&flaw.what, written) {
                        let sources: Vec<_> = w
                            .fields
                            .iter()
                            .filter(|f| {
                                f.name == field.name || field.aliases.iter().any(|a| **a == *f.name)
                            })
                            .map(|f| format!("`{}`", f.name))
                            .collect();
                        say("sources", sources.join(", "));
                    }
                }
                let rule = match &flaw.what {
                    What::Missing(_) => "field-without-default",
                    What::Unusable(_) => "default-does-not-fit",
                    _ => "field-matches-several",
                };
                (rule, Effect::Fails)
            }
            What::Lossy(loss) => {
                let rule = match loss {
                    Loss::Rounded(_) => "number-rounded",
                    Loss::Bytes => "bytes-read-as-text",
                    Loss::Decimal => "decimal-scale-changed",
                    Loss::Logical => "logical-type-changed",
                    Loss::Uuid => "text-read-as-uuid",
                    Loss::Symbol(at) => {
                        if let (Kind::Enum(w), Kind::Enum(r)) = (written, read) {
                            if let Some(symbol) = w.symbols.get(*at) {
                                say("symbol", symbol.to_string());
                            }
                            if let Some(default) = &r.default {
                                say("default", default.clone());
                            }
                        }
                        "enum-symbol-replaced"
                    }
                };
                (rule, Effect::Changed)
            }
        };
        (rule, effect, arguments)
    }

    /// A field of the writer that the reader does not know and that has the same type: perhaps the old name.
    fn renamed_from(
        &self,
        pair: Reached,
        record: &super::super::model::Record,
        place: usize,
    ) -> Option<String> {
        let Kind::Record(written) = self.writer.kind(pair.writer) else {
            return None;
        };
        let of = name_of(self.reader, record.fields.get(place)?.of);
        let known = |name: &str| {
            record
                .fields
                .iter()
                .take(MANY)
                .any(|f| *f.name == *name || f.aliases.iter().any(|a| **a == *name))
        };
        let mut candidates = written
            .fields
            .iter()
            .take(MANY)
            .filter(|f| !known(&f.name) && name_of(self.writer, f.of) == of);
        let first = candidates.next()?;
        // Several would be a guess.
        candidates.next().is_none().then(|| first.name.to_string())
    }

    /// Where a pair is, in the names of the fields that lead there.
    fn spoken_place(&self, pair: usize) -> String {
        let mut words = Vec::new();
        let mut at = pair;
        while let Some((from, step)) = self.pair(at).from {
            match step {
                Step::Field(place, _) => {
                    if let Kind::Record(record) = self.reader.kind(self.pair(from).reader)
                        && let Some(field) = record.fields.get(place)
                    {
                        words.push(field.name.to_string());
                    }
                }
                Step::Item => words.push("(items)".to_owned()),
                Step::Value => words.push("(values)".to_owned()),
                Step::Branch(_) | Step::Chosen => {}
            }
            at = from;
        }
        if words.is_empty() {
            return "The record".to_owned();
        }
        words.reverse();
        format!("`{}`", words.join("."))
    }
}

/// How many symbols a message names.
const SYMBOLS: usize = 5;
/// How many fields are looked at for a hint.
const MANY: usize = 200;

/// How much a number type holds.
fn rank(of: Primitive) -> Option<u8> {
    Some(match of {
        Primitive::Int => 0,
        Primitive::Long => 1,
        Primitive::Float => 2,
        Primitive::Double => 3,
        _ => return None,
    })
}

/// A type as people call it.
fn name_of(schema: &Schema, of: TypeId) -> String {
    match schema.kind(of) {
        Kind::Union(branches) => {
            let names: Vec<_> = branches
                .iter()
                .take(SYMBOLS)
                .map(|branch| match schema.kind(*branch) {
                    Kind::Union(_) => "union".to_owned(),
                    _ => name_of(schema, *branch),
                })
                .collect();
            let more = if branches.len() > SYMBOLS {
                ", …"
            } else {
                ""
            };
            format!("[{}{more}]", names.join(", "))
        }
        kind => match kind.named() {
            Some(named) => format!("{} {}", kind.word(), named.name.short()),
            None => kind.word().to_owned(),
        },
    }
}

/// A default that a field of this type could have, as JSON.
fn sensible_default(schema: &Schema, of: TypeId) -> Option<String> {
    Some(match schema.kind(of) {
        Kind::Primitive(Primitive::Null) => "null".to_owned(),
        Kind::Primitive(Primitive::Boolean) => "false".to_owned(),
        Kind::Primitive(Primitive::Int | Primitive::Long) => "0".to_owned(),
        Kind::Primitive(Primitive::Float | Primitive::Double) => "0.0".to_owned(),
        Kind::Primitive(Primitive::Bytes | Primitive::String) => "\"\"".to_owned(),
        Kind::Array(_) => "[]".to_owned(),
        Kind::Map(_) => "{}".to_owned(),
        Kind::Enum(e) => format!("\"{}\"", e.symbols.first()?),
        Kind::Union(branches) => {
            let is_null =
                |b: &&TypeId| matches!(schema.kind(**b), Kind::Primitive(Primitive::Null));
            // The first branch is what every version of the libraries accepts.
            let first = *branches.first()?;
            match branches.iter().find(is_null) {
                Some(_) if is_null(&&first) => "null".to_owned(),
                _ if matches!(schema.kind(first), Kind::Union(_)) => return None,
                _ => return sensible_default(schema, first),
            }
        }
        Kind::Record(_) | Kind::Fixed(_) | Kind::Unresolved(_) => return None,
    })
}
