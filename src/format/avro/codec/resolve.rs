//! Bytes to datum: as the writer's schema has it, or resolved into the reader's.

use super::super::model::{Enum, Kind, Named, Primitive, Record, Schema, TypeId};
use super::{DEPTH, Datum, deeper};
use crate::format::json_text::{Node, Value};
use std::collections::HashMap;

/// Why a datum cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The two schemas do not resolve for this datum: where in it, and why.
    Resolution {
        /// The way into the datum: field names, array indexes, map keys.
        path: Vec<String>,
        /// In words.
        why: String,
    },
    /// The bytes are none of the writer's schema, or too much: not the schemas' fault.
    Bytes {
        /// The way into the datum.
        path: Vec<String>,
        /// What was expected, in words.
        why: &'static str,
    },
}

impl Failure {
    fn bytes(why: &'static str) -> Self {
        Self::Bytes {
            path: Vec::new(),
            why,
        }
    }

    /// The failure of a part, told by the whole: paths are built from the inside out.
    fn inside(self, part: impl FnOnce() -> String) -> Self {
        match self {
            Self::Bytes { mut path, why } => {
                path.push(part());
                Self::Bytes { path, why }
            }
            other => other,
        }
    }

    /// With a path that was built from the inside out the right way round, below `outer`.
    fn turned(self, outer: Vec<String>) -> Self {
        match self {
            Self::Bytes { path, why } => {
                let mut whole = outer;
                whole.extend(path.into_iter().rev());
                Self::Bytes { path: whole, why }
            }
            other => other,
        }
    }
}

/// What one datum may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// How deep it may nest.
    pub(crate) depth: usize,
    /// How many values it may be made of: some take no bytes at all.
    pub(crate) values: usize,
}

impl Bounds {
    #[cfg(feature = "engine")]
    /// For witnesses, which come from the checker and not from strangers.
    pub(in super::super) const WITNESS: Self = Self {
        depth: DEPTH,
        values: usize::MAX,
    };
}

/// Reads bytes with the schema that wrote them.
pub(in super::super) fn decode(
    writer: &Schema,
    of: TypeId,
    bytes: &[u8],
    bounds: Bounds,
) -> Result<Datum, Failure> {
    let mut input = Input::new(bytes, bounds);
    let datum = plain(writer, of, &mut input, 0).map_err(|e| e.turned(Vec::new()))?;
    input.end()?;
    Ok(datum)
}

/// Reads bytes with the schema that wrote them into what the reader's schema makes of them.
pub(in super::super) fn resolve(
    reader: &Schema,
    writer: &Schema,
    bytes: &[u8],
    bounds: Bounds,
) -> Result<Datum, Failure> {
    let mut reading = Reading {
        reader,
        writer,
        input: Input::new(bytes, bounds),
        path: Vec::new(),
        defaults: DEFAULTS,
    };
    let datum = match reading.value(reader.root, writer.root, 0) {
        Ok(datum) => datum,
        Err(failure) => return Err(failure.turned(reading.path)),
    };
    reading.input.end()?;
    Ok(datum)
}

/// How many values the defaults of one datum may be made of: defaults that use defaults can double each time.
const DEFAULTS: usize = 100_000;

/// What is expected of a record that nests too deep to be read.
pub(crate) const LESS_NESTING: &str = "less nesting";
/// What is expected of a record of too many values to be read.
pub(crate) const FEWER_VALUES: &str = "fewer values";
const BRANCH: &str = "the number of one of the union's branches";
const SYMBOL: &str = "the number of one of the enum's symbols";

struct Input<'a> {
    rest: &'a [u8],
    /// How deep it may nest.
    depth: usize,
    /// How many more values it may have.
    values: usize,
}

impl<'a> Input<'a> {
    fn new(bytes: &'a [u8], bounds: Bounds) -> Self {
        Self {
            rest: bytes,
            depth: bounds.depth,
            values: bounds.values,
        }
    }

    fn end(&self) -> Result<(), Failure> {
        match self.rest {
            [] => Ok(()),
            _ => Err(Failure::bytes(
                "the end of the record, but more bytes follow",
            )),
        }
    }

    /// Before each value: whether there may be one more, and so deep.
    fn enter(&mut self, depth: usize) -> Result<(), Failure> {
        if depth > self.depth {
            return Err(Failure::bytes(LESS_NESTING));
        }
        self.values = (self.values.checked_sub(1)).ok_or(Failure::bytes(FEWER_VALUES))?;
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Failure> {
        let taken = self.rest.split_at_checked(count);
        let (taken, rest) = taken.ok_or(Failure::bytes("more bytes"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn long(&mut self) -> Result<i64, Failure> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first().ok_or(Failure::bytes("a number"))?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
        }
        Err(Failure::bytes("a number of at most ten bytes"))
    }

    fn int(&mut self) -> Result<i32, Failure> {
        i32::try_from(self.long()?).map_err(|_| Failure::bytes("a number of 32 bits"))
    }

    fn index(&mut self) -> Result<usize, Failure> {
        usize::try_from(self.long()?).map_err(|_| Failure::bytes("a number that is not negative"))
    }

    fn block(&mut self) -> Result<&'a [u8], Failure> {
        let length = self.index()?;
        self.take(length)
    }

    fn text(&mut self) -> Result<String, Failure> {
        String::from_utf8(self.block()?.to_vec()).map_err(|_| Failure::bytes("UTF-8"))
    }

    fn float(&mut self) -> Result<f32, Failure> {
        let bytes = self
            .take(4)?
            .try_into()
            .map_err(|_| Failure::bytes("four bytes"))?;
        Ok(f32::from_le_bytes(bytes))
    }

    fn double(&mut self) -> Result<f64, Failure> {
        let bytes = self
            .take(8)?
            .try_into()
            .map_err(|_| Failure::bytes("eight bytes"))?;
        Ok(f64::from_le_bytes(bytes))
    }

    /// The number of items in the next block; a negative one is followed by the block's size.
    fn count(&mut self) -> Result<u64, Failure> {
        let count = self.long()?;
        if count < 0 {
            self.long()?;
        }
        Ok(count.unsigned_abs())
    }

    fn scalar(&mut self, of: Primitive) -> Result<Datum, Failure> {
        Ok(match of {
            Primitive::Null => Datum::Null,
            Primitive::Boolean => match self.take(1)? {
                [0] => Datum::Boolean(false),
                [1] => Datum::Boolean(true),
                _ => return Err(Failure::bytes("a boolean, 0 or 1")),
            },
            Primitive::Int => Datum::Int(self.int()?),
            Primitive::Long => Datum::Long(self.long()?),
            Primitive::Float => Datum::Float(self.float()?),
            Primitive::Double => Datum::Double(self.double()?),
            Primitive::Bytes => Datum::Bytes(self.block()?.to_vec()),
            Primitive::String => Datum::String(self.text()?),
        })
    }
}

/// As the writer has it; also how what the reader does not want is skipped.
fn plain(
    schema: &Schema,
    of: TypeId,
    input: &mut Input<'_>,
    depth: usize,
) -> Result<Datum, Failure> {
    input.enter(depth)?;
    let inner = |of: TypeId, input: &mut Input<'_>| deeper(|| plain(schema, of, input, depth + 1));
    Ok(match schema.kind(of) {
        Kind::Primitive(primitive) => input.scalar(*primitive)?,
        Kind::Array(of) => {
            let mut items = Vec::new();
            loop {
                let count = input.count()?;
                if count == 0 {
                    break;
                }
                for _ in 0..count {
                    let item = inner(*of, input);
                    items.push(item.map_err(|e| e.inside(|| items.len().to_string()))?);
                }
            }
            Datum::Array(items)
        }
        Kind::Map(of) => {
            let mut entries = Vec::new();
            loop {
                let count = input.count()?;
                if count == 0 {
                    break;
                }
                for _ in 0..count {
                    let key = input.text()?;
                    let value = inner(*of, input).map_err(|e| e.inside(|| key.clone()))?;
                    entries.push((key, value));
                }
            }
            Datum::Map(entries)
        }
        Kind::Union(branches) => {
            let at = input.index()?;
            let branch = *branches.get(at).ok_or(Failure::bytes(BRANCH))?;
            Datum::Union(at, Box::new(inner(branch, input)?))
        }
        Kind::Record(record) => {
            let mut values = Vec::new();
            for field in &record.fields {
                let value = inner(field.of, input);
                values.push(value.map_err(|e| e.inside(|| field.name.to_string()))?);
            }
            Datum::Record(values)
        }
        Kind::Enum(of) => {
            let at = input.index()?;
            of.symbols.get(at).ok_or(Failure::bytes(SYMBOL))?;
            Datum::Enum(at)
        }
        Kind::Fixed(of) => {
            let size = usize::try_from(of.size).map_err(|_| Failure::bytes("a size"))?;
            Datum::Fixed(input.take(size)?.to_vec())
        }
        Kind::Unresolved(_) => return Err(Failure::bytes("a type that is defined")),
    })
}

struct Reading<'a> {
    reader: &'a Schema,
    writer: &'a Schema,
    input: Input<'a>,
    path: Vec<String>,
    /// How many more values defaults may be made of.
    defaults: usize,
}

impl Reading<'_> {
    fn fail<T>(&self, why: impl Into<String>) -> Result<T, Failure> {
        Err(Failure::Resolution {
            path: self.path.clone(),
            why: why.into(),
        })
    }

    fn value(&mut self, r: TypeId, w: TypeId, depth: usize) -> Result<Datum, Failure> {
        self.input.enter(depth)?;
        deeper(|| self.resolved(r, w, depth + 1))
    }

    fn resolved(&mut self, r: TypeId, w: TypeId, depth: usize) -> Result<Datum, Failure> {
        let (reader, writer) = (self.reader, self.writer);
        // "If writer's is a union": the branch that was written counts.
        if let Kind::Union(branches) = writer.kind(w) {
            let at = self.input.index()?;
            let branch = *branches.get(at).ok_or(Failure::bytes(BRANCH))?;
            return self.value(r, branch, depth);
        }
        let written = writer.kind(w);
        match (reader.kind(r), written) {
            // "If reader's is a union, but writer's is not": the first branch that matches.
            (Kind::Union(branches), _) => {
                let Some(at) = branch_for(reader, branches, written) else {
                    return self.fail(format!(
                        "the reader's union has no branch for {}",
                        name_of(written)
                    ));
                };
                let branch = branches.get(at).copied().unwrap_or(r);
                let value = self.value(branch, w, depth)?;
                Ok(Datum::Union(at, Box::new(value)))
            }
            (Kind::Primitive(r), Kind::Primitive(w)) => self.promoted(*r, *w),
            (Kind::Array(r), Kind::Array(w)) => {
                let mut items = Vec::new();
                loop {
                    let count = self.input.count()?;
                    if count == 0 {
                        return Ok(Datum::Array(items));
                    }
                    for _ in 0..count {
                        self.path.push(items.len().to_string());
                        items.push(self.value(*r, *w, depth)?);
                        self.path.pop();
                    }
                }
            }
            (Kind::Map(r), Kind::Map(w)) => {
                let mut entries = Vec::new();
                loop {
                    let count = self.input.count()?;
                    if count == 0 {
                        return Ok(Datum::Map(entries));
                    }
                    for _ in 0..count {
                        let key = self.input.text()?;
                        self.path.push(key.clone());
                        entries.push((key, self.value(*r, *w, depth)?));
                        self.path.pop();
                    }
                }
            }
            (Kind::Enum(r), Kind::Enum(w)) => {
                self.same_name(&r.named, &w.named, "enum")?;
                let at = self.input.index()?;
                let symbol = w.symbols.get(at).ok_or(Failure::bytes(SYMBOL))?;
                self.symbol(r, symbol)
            }
            (Kind::Fixed(r), Kind::Fixed(w)) => {
                self.same_name(&r.named, &w.named, "fixed")?;
                if r.size != w.size {
                    return self.fail(format!(
                        "{} bytes were written, the reader wants {}",
                        w.size, r.size
                    ));
                }
                let size = usize::try_from(w.size).map_err(|_| Failure::bytes("a size"))?;
                Ok(Datum::Fixed(self.input.take(size)?.to_vec()))
            }
            (Kind::Record(r), Kind::Record(w)) => {
                self.same_name(&r.named, &w.named, "record")?;
                self.record(r, w, depth)
            }
            (read, written) => self.fail(format!(
                "{} was written, the reader wants {}",
                name_of(written),
                name_of(read)
            )),
        }
    }

    fn symbol(&self, of: &Enum, symbol: &str) -> Result<Datum, Failure> {
        let place = |wanted: &str| of.symbols.iter().position(|s| **s == *wanted);
        let default = || of.default.as_deref().and_then(place);
        match place(symbol).or_else(default) {
            Some(at) => Ok(Datum::Enum(at)),
            None => self.fail(format!(
                "the reader's enum {} has no symbol {symbol} and no default",
                of.named.name.short()
            )),
        }
    }

    fn promoted(&mut self, r: Primitive, w: Primitive) -> Result<Datum, Failure> {
        use Primitive as P;
        Ok(match (w, r) {
            (w, r) if w == r => self.input.scalar(w)?,
            (P::Int, P::Long) => Datum::Long(self.input.int()?.into()),
            (P::Int, P::Float) => Datum::Float(self.input.int()? as f32),
            (P::Int, P::Double) => Datum::Double(self.input.int()?.into()),
            (P::Long, P::Float) => Datum::Float(self.input.long()? as f32),
            (P::Long, P::Double) => Datum::Double(self.input.long()? as f64),
            (P::Float, P::Double) => Datum::Double(self.input.float()?.into()),
            (P::String, P::Bytes) => Datum::Bytes(self.input.block()?.to_vec()),
            (P::Bytes, P::String) => {
                Datum::String(String::from_utf8_lossy(self.input.block()?).into_owned())
            }
            (w, r) => {
                return self.fail(format!(
                    "{} was written, the reader wants {}",
                    w.as_str(),
                    r.as_str()
                ));
            }
        })
    }

    fn record(&mut self, r: &Record, w: &Record, depth: usize) -> Result<Datum, Failure> {
        let written: HashMap<&str, usize> = w
            .fields
            .iter()
            .enumerate()
            .map(|(at, field)| (&*field.name, at))
            .collect();
        for field in &r.fields {
            let names = std::iter::once(&*field.name).chain(field.aliases.iter().map(|a| &**a));
            let mut hits: Vec<usize> = names.filter_map(|n| written.get(n).copied()).collect();
            hits.sort_unstable();
            hits.dedup();
            if hits.len() > 1 {
                self.path.push(field.name.to_string());
                return self.fail("several fields of the writer match this one, by name or alias");
            }
        }
        // "As though" the writer's fields were called as the reader's aliases say: which field of the reader each
        // written one goes to. One that an alias takes is not there under its own name any more.
        let mut targets: HashMap<&str, usize> = HashMap::new();
        for (place, field) in r.fields.iter().enumerate() {
            targets.insert(&field.name, place);
        }
        for (place, field) in r.fields.iter().enumerate() {
            for alias in &field.aliases {
                targets.insert(alias, place);
            }
        }
        let mut sources: Vec<Option<usize>> = vec![None; r.fields.len()];
        for (at, written) in w.fields.iter().enumerate() {
            let Some(&place) = targets.get(&*written.name) else {
                continue;
            };
            let Some(source) = sources.get_mut(place) else {
                continue;
            };
            if source.replace(at).is_some() {
                let name = r.fields.get(place).map_or("", |field| &field.name);
                self.path.push(name.to_owned());
                return self.fail("several fields of the writer match this one, by name or alias");
            }
        }
        let mut wanted_by: Vec<Option<usize>> = vec![None; w.fields.len()];
        for (place, source) in sources.iter().enumerate() {
            if let Some(slot) = source.and_then(|at| wanted_by.get_mut(at)) {
                *slot = Some(place);
            }
        }
        let mut values: Vec<Option<Datum>> = vec![None; r.fields.len()];
        for (at, written) in w.fields.iter().enumerate() {
            self.path.push(written.name.to_string());
            match wanted_by.get(at).copied().flatten() {
                Some(place) => {
                    if let (Some(field), Some(value)) = (r.fields.get(place), values.get_mut(place))
                    {
                        *value = Some(self.value(field.of, written.of, depth)?);
                    }
                }
                None => {
                    plain(self.writer, written.of, &mut self.input, depth)?;
                }
            }
            self.path.pop();
        }
        let mut all = Vec::with_capacity(values.len());
        for (field, value) in r.fields.iter().zip(values) {
            all.push(match (value, &field.default) {
                (Some(value), _) => value,
                (None, Some(default)) => {
                    match default_value(self.reader, field.of, default, 0, &mut self.defaults) {
                        Some(value) => value,
                        None => {
                            self.path.push(field.name.to_string());
                            return self.fail("the reader's default does not fit the field's type");
                        }
                    }
                }
                (None, None) => {
                    self.path.push(field.name.to_string());
                    return self.fail("nothing was written for this field, and it has no default");
                }
            });
        }
        Ok(Datum::Record(all))
    }

    /// "Both schemas are … whose (unqualified) names match", or an alias of the reader's is the writer's name.
    fn same_name(&self, r: &Named, w: &Named, word: &str) -> Result<(), Failure> {
        if matches(r, w) {
            return Ok(());
        }
        self.fail(format!(
            "the {word} {} was written, the reader's is called {}",
            w.name.full(),
            r.name.full()
        ))
    }
}

fn matches(r: &Named, w: &Named) -> bool {
    let aliased = |alias: &super::super::name::Name| {
        alias.full() == w.name.full()
            && (alias.namespace().is_some() || r.name.namespace().is_none())
    };
    r.name.short() == w.name.short() || r.aliases.iter().any(aliased)
}

/// The place of the branch that reads what was written: named types by full name, else as they match; others
/// of the same type, else the first that it promotes to.
fn branch_for(reader: &Schema, branches: &[TypeId], written: &Kind) -> Option<usize> {
    let find = |accepts: &dyn Fn(&Kind) -> bool| {
        branches
            .iter()
            .position(|branch| accepts(reader.kind(*branch)))
    };
    if let Some(w) = written.named() {
        let same = |kind: &Kind| kind.word() == written.word();
        return find(&|kind| {
            same(kind) && kind.named().is_some_and(|r| r.name.full() == w.name.full())
        })
        .or_else(|| find(&|kind| same(kind) && kind.named().is_some_and(|r| matches(r, w))));
    }
    find(&|kind| kind.word() == written.word()).or_else(|| {
        find(&|kind| {
            matches!(
                (written.word(), kind.word()),
                ("int", "long" | "float" | "double")
                    | ("long", "float" | "double")
                    | ("float", "double")
                    | ("string", "bytes")
                    | ("bytes", "string")
            )
        })
    })
}

fn name_of(kind: &Kind) -> String {
    match kind.named() {
        Some(named) => format!("{} {}", kind.word(), named.name.short()),
        None => kind.word().to_owned(),
    }
}

/// A default as a value. Defaults of old schemas may be sloppy; those that fit no branch are none.
pub(in super::super) fn default_value(
    schema: &Schema,
    of: TypeId,
    default: &Node,
    depth: usize,
    left: &mut usize,
) -> Option<Datum> {
    if depth > DEPTH {
        return None;
    }
    *left = left.checked_sub(1)?;
    let mut inner =
        |of: TypeId, node: &Node| deeper(|| default_value(schema, of, node, depth + 1, left));
    let latin = |text: &str| {
        text.chars()
            .map(|c| u8::try_from(u32::from(c)).ok())
            .collect::<Option<Vec<u8>>>()
    };
    Some(match (schema.kind(of), &default.value) {
        (Kind::Union(branches), _) => {
            let (at, value) = branches
                .iter()
                .enumerate()
                .find_map(|(at, branch)| Some((at, inner(*branch, default)?)))?;
            Datum::Union(at, Box::new(value))
        }
        (Kind::Primitive(Primitive::Null), Value::Null) => Datum::Null,
        (Kind::Primitive(Primitive::Boolean), Value::Bool(yes)) => Datum::Boolean(*yes),
        (Kind::Primitive(Primitive::Int), Value::Number(n)) => {
            Datum::Int(i32::try_from(n.to_i64()?).ok()?)
        }
        (Kind::Primitive(Primitive::Long), Value::Number(n)) => Datum::Long(n.to_i64()?),
        (Kind::Primitive(Primitive::Float), Value::Number(n)) => Datum::Float(n.to_f64() as f32),
        (Kind::Primitive(Primitive::Double), Value::Number(n)) => Datum::Double(n.to_f64()),
        (Kind::Primitive(Primitive::Float), Value::String(s)) => Datum::Float(s.parse().ok()?),
        (Kind::Primitive(Primitive::Double), Value::String(s)) => Datum::Double(s.parse().ok()?),
        (Kind::Primitive(Primitive::Bytes), Value::String(s)) => Datum::Bytes(latin(s)?),
        (Kind::Primitive(Primitive::String), Value::String(s)) => Datum::String(s.clone()),
        (Kind::Fixed(of), Value::String(s)) => {
            let bytes = latin(s)?;
            if usize::try_from(of.size).ok()? != bytes.len() {
                return None;
            }
            Datum::Fixed(bytes)
        }
        (Kind::Enum(of), Value::String(s)) => {
            Datum::Enum(of.symbols.iter().position(|symbol| **symbol == **s)?)
        }
        (Kind::Array(of), Value::Array(items)) => Datum::Array(
            items
                .iter()
                .map(|item| inner(*of, item))
                .collect::<Option<_>>()?,
        ),
        (Kind::Map(of), Value::Object(members)) => Datum::Map(
            members
                .iter()
                .map(|(key, value)| Some((key.clone(), inner(*of, value)?)))
                .collect::<Option<_>>()?,
        ),
        (Kind::Record(of), Value::Object(_)) => {
            let mut values = Vec::with_capacity(of.fields.len());
            for field in &of.fields {
                let node = default.get(&field.name).or(field.default.as_ref())?;
                values.push(inner(field.of, node)?);
            }
            Datum::Record(values)
        }
        _ => return None,
    })
}
