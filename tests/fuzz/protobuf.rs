//! Random Protobuf schemas, edits and messages. Messages are written and read by the reflection library, which
//! shares nothing with the checker.

use crate::dice::Dice;
use crate::{Pair, Round};
use accord::format::truth::{Budget, Outcome, Truth};
use accord::format::{Limits, Parsed, Source, Strictness, truth};
use accord::model::SchemaType;
use prost::Message as _;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey,
    MessageDescriptor, ReflectMessage as _, Syntax, Value,
};
use std::collections::HashMap;

#[derive(Clone)]
struct File {
    proto2: bool,
    messages: Vec<Message>,
    enums: Vec<Vec<(String, i32)>>,
}

#[derive(Clone)]
struct Message {
    name: String,
    fields: Vec<Field>,
}

#[derive(Clone)]
struct Field {
    label: &'static str,
    kind: String,
    name: String,
    number: u32,
    oneof: bool,
    default: Option<i32>,
}

const SCALARS: [&str; 15] = [
    "double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32",
    "fixed64", "sfixed32", "sfixed64", "bool", "string", "bytes",
];

impl File {
    fn text(&self) -> String {
        let mut out = format!("syntax = \"proto{}\";\n", if self.proto2 { 2 } else { 3 });
        for (at, values) in self.enums.iter().enumerate() {
            out += &format!("enum E{at} {{\n");
            for (name, number) in values {
                out += &format!("  {name} = {number};\n");
            }
            out += "}\n";
        }
        for message in &self.messages {
            out += &format!("message {} {{\n", message.name);
            let line = |f: &Field, label: &str| {
                let default = match f.default {
                    Some(n) if self.proto2 && label == "optional" && f.kind == "int32" => {
                        format!(" [default = {n}]")
                    }
                    _ => String::new(),
                };
                format!("  {label} {} {} = {}{default};\n", f.kind, f.name, f.number)
            };
            for f in message.fields.iter().filter(|f| !f.oneof) {
                let label = if f.kind.starts_with("map<") {
                    ""
                } else {
                    f.label
                };
                let label = match (label, self.proto2) {
                    ("", true) if !f.kind.starts_with("map<") => "optional",
                    ("required", false) => "",
                    (label, _) => label,
                };
                out += &line(f, label);
            }
            let members: Vec<_> = message.fields.iter().filter(|f| f.oneof).collect();
            if !members.is_empty() {
                out += "  oneof choice {\n";
                for f in members {
                    out += &line(f, "");
                }
                out += "  }\n";
            }
            out += "}\n";
        }
        out
    }
}

fn file(dice: &mut Dice) -> File {
    let mut file = File {
        proto2: dice.chance(40),
        messages: (0..1 + dice.below(3))
            .map(|at| Message {
                name: format!("M{at}"),
                fields: Vec::new(),
            })
            .collect(),
        enums: (0..2).map(|at| enumeration(dice, at)).collect(),
    };
    for at in 0..file.messages.len() {
        let fields: Vec<Field> = (1..=1 + dice.below(4) as u32)
            .map(|number| field(dice, &file, number))
            .collect();
        file.messages[at].fields = fields;
    }
    file
}

fn enumeration(dice: &mut Dice, at: usize) -> Vec<(String, i32)> {
    let count = 1 + dice.below(4) as i32;
    (0..count)
        .map(|n| {
            (
                format!("E{at}_{n}"),
                if dice.chance(8) && n > 0 { -n } else { n },
            )
        })
        .collect()
}

fn kind(dice: &mut Dice, file: &File) -> String {
    match dice.below(10) {
        0 | 1 => format!("M{}", dice.below(file.messages.len())),
        2 | 3 => format!("E{}", dice.below(file.enums.len())),
        _ => (*dice.of(&SCALARS)).to_owned(),
    }
}

fn field(dice: &mut Dice, file: &File, number: u32) -> Field {
    let of = kind(dice, file);
    let kind = if dice.chance(12) {
        let keys = [
            "int32", "int64", "uint32", "string", "bool", "sint32", "fixed64",
        ];
        format!("map<{}, {of}>", dice.of(&keys))
    } else {
        of
    };
    let is_map = kind.starts_with("map<");
    let label = match dice.below(10) {
        0..3 => "repeated",
        3 | 4 => "optional",
        5 if file.proto2 && dice.chance(50) && !kind.starts_with('M') => "required",
        _ => "",
    };
    Field {
        label,
        oneof: !is_map && label.is_empty() && dice.chance(25),
        kind,
        name: format!("f{number}"),
        number,
        default: dice.chance(15).then(|| dice.below(3) as i32),
    }
}

fn edited(dice: &mut Dice, old: &File) -> File {
    let mut new = old.clone();
    for _ in 0..1 + dice.below(2) {
        let at = dice.below(new.messages.len());
        let snapshot = new.clone();
        let fields = &mut new.messages[at].fields;
        if fields.is_empty() || dice.chance(10) {
            let number = 1 + dice.below(6) as u32;
            if fields.iter().all(|f| f.number != number) {
                fields.push(field(dice, &snapshot, number));
            }
            continue;
        }
        let which = dice.below(fields.len());
        match dice.below(12) {
            0 => drop(fields.remove(which)),
            1..=4 => {
                let number = fields[which].number;
                let name = fields[which].name.clone();
                fields[which] = Field {
                    name,
                    ..field(dice, &snapshot, number)
                };
            }
            5 => {
                if !fields[which].kind.starts_with("map<") {
                    fields[which].oneof = !fields[which].oneof;
                    fields[which].label = "";
                }
            }
            6 => {
                if !fields[which].kind.starts_with("map<") {
                    fields[which].oneof = false;
                    fields[which].label = *dice.of(&["", "optional", "repeated"]);
                }
            }
            7 => {
                let at = dice.below(new.enums.len());
                new.enums[at] = enumeration(dice, at);
            }
            8 => {
                let at = dice.below(new.enums.len());
                let of = &mut new.enums[at];
                if of.len() > 2 {
                    let (a, b) = (1 + dice.below(of.len() - 1), 1 + dice.below(of.len() - 1));
                    let swap = of[a].1;
                    of[a].1 = of[b].1;
                    of[b].1 = swap;
                }
            }
            9 => new.proto2 = !new.proto2,
            10 => fields[which].name += "x",
            _ => fields[which].default = Some(dice.below(3) as i32),
        }
    }
    for message in &mut new.messages {
        // A type that needs itself could not be written.
        for f in &mut message.fields {
            if f.label == "required" && f.kind.starts_with('M') {
                f.label = "";
            }
        }
    }
    new
}

fn parsed(text: &str) -> Option<Parsed> {
    let source = Source {
        text,
        references: &[],
        strictness: Strictness::New,
        limits: Limits::default(),
    };
    Parsed::parse(SchemaType::Protobuf, &source).ok()
}

fn pool(text: &str) -> Option<DescriptorPool> {
    let file = protox::file::File::from_source("x.proto", text).ok()?;
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_proto(file.file_descriptor_proto().clone())
        .ok()?;
    Some(pool)
}

/// The truth about the pair of this seed.
fn pair(seed: u64) -> Option<(String, String, Truth)> {
    let mut dice = Dice::new(seed);
    let old = file(&mut dice);
    let new = edited(&mut dice, &old);
    let (old, new) = (old.text(), new.text());
    let found = truth(&parsed(&new)?, &parsed(&old)?, &Budget::default());
    Some((old, new, found))
}

/// One pair of schemas and some messages. An error is a contradiction.
pub fn round(seed: u64) -> Round {
    // Some of what is made up is no schema.
    let (old_text, new_text, found, old, new) = (0..1_000)
        .find_map(|more| {
            let (old_text, new_text, found) = pair(seed.wrapping_add(more))?;
            let (old, new) = (pool(&old_text)?, pool(&new_text)?);
            Some((old_text, new_text, found, old, new))
        })
        .ok_or("no schema in a thousand")?;
    let tell = |what: String| {
        Err(format!(
            "seed {seed}: {} but {what}\n--- writer\n{old_text}\n--- reader\n{new_text}",
            found.outcome
        ))
    };
    if found.unreproduced > 0 {
        return tell(format!(
            "a witness did not reproduce: {:?}",
            found.obstacles
        ));
    }
    for broken in &found.breaks {
        let root = broken.witness.root.as_deref().unwrap_or_default();
        let bytes = unhex(broken.witness.hex.as_deref().unwrap_or_default());
        let Some(writer) = old.get_message_by_name(root) else {
            return tell(format!("the witness is of {root}"));
        };
        let Some(reader) = new.get_message_by_name(root) else {
            continue;
        };
        let written = DynamicMessage::decode(writer, bytes.as_slice())
            .map_err(|e| format!("seed {seed}: the witness is not the writer's: {e}"))?;
        if survives(&written, &bytes, reader).is_ok() {
            return tell(format!(
                "the witness survives: {} ({})",
                broken.witness.record, broken.rule
            ));
        }
    }
    if found.outcome == Outcome::Proved {
        let mut dice = Dice::new(seed ^ 0x5555);
        for message in old.all_messages().filter(|m| !m.is_map_entry()) {
            let Some(reader) = new.get_message_by_name(message.full_name()) else {
                return tell(format!("{} is gone", message.full_name()));
            };
            for _ in 0..6 {
                let written = random(&mut dice, &message, 3);
                let bytes = written.encode_to_vec();
                if let Err(why) = survives(&written, &bytes, reader.clone()) {
                    return tell(format!("{written} does not survive: {why}"));
                }
            }
        }
    }
    Ok(Pair {
        reader: new_text,
        writer: old_text,
        truth: found,
    })
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .filter_map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok())
        .collect()
}

fn random(dice: &mut Dice, of: &MessageDescriptor, depth: usize) -> DynamicMessage {
    let mut made = DynamicMessage::new(of.clone());
    for field in of.fields() {
        let is_required = field.cardinality() == Cardinality::Required;
        if !is_required && dice.chance(40) {
            continue;
        }
        if depth == 0 && matches!(field.kind(), Kind::Message(_)) {
            continue;
        }
        let value = if field.is_map() {
            let entry = field.kind().as_message().expect("an entry").clone();
            let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
            if depth == 0 && matches!(value.kind(), Kind::Message(_)) {
                continue;
            }
            let mut map = HashMap::new();
            for _ in 0..dice.below(3) {
                let key = match one(dice, &key, depth) {
                    Value::Bool(v) => MapKey::Bool(v),
                    Value::I32(v) => MapKey::I32(v),
                    Value::I64(v) => MapKey::I64(v),
                    Value::U32(v) => MapKey::U32(v),
                    Value::U64(v) => MapKey::U64(v),
                    Value::String(v) => MapKey::String(v),
                    _ => continue,
                };
                map.insert(key, one(dice, &value, depth));
            }
            Value::Map(map)
        } else if field.is_list() {
            Value::List(
                (0..dice.below(3))
                    .map(|_| one(dice, &field, depth))
                    .collect(),
            )
        } else {
            one(dice, &field, depth)
        };
        made.set_field(&field, value);
    }
    made
}

fn one(dice: &mut Dice, field: &FieldDescriptor, depth: usize) -> Value {
    let small = dice.below(4) as i64 - 1;
    let wide = match dice.below(6) {
        0 => i64::MAX,
        1 => i64::MIN,
        2 => (1 << 32) + 1,
        3 => i64::from(i32::MAX) + 1,
        _ => small,
    };
    match field.kind() {
        Kind::Double => Value::F64([0.0, 1.5, -2.25, 1e300][dice.below(4)]),
        Kind::Float => Value::F32([0.0, 1.5, -2.25][dice.below(3)]),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(match dice.below(4) {
            0 => i32::MAX,
            1 => i32::MIN,
            _ => small as i32,
        }),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(wide),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(if dice.chance(30) {
            u32::MAX
        } else {
            dice.below(4) as u32
        }),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(if dice.chance(30) {
            u64::MAX
        } else {
            dice.below(4) as u64
        }),
        Kind::Bool => Value::Bool(dice.chance(50)),
        Kind::String => Value::String((*dice.of(&["", "x", "é"])).to_owned()),
        Kind::Bytes => Value::Bytes(vec![[0x00, 0x61, 0xff][dice.below(3)]; dice.below(3)].into()),
        Kind::Enum(of) => {
            let values: Vec<_> = of.values().collect();
            Value::EnumNumber(values[dice.below(values.len())].number())
        }
        Kind::Message(of) => Value::Message(random(dice, &of, depth.saturating_sub(1))),
    }
}

/// Whether a reader sees what was written under every number that it knows.
fn survives(
    written: &DynamicMessage,
    bytes: &[u8],
    reader: MessageDescriptor,
) -> Result<(), String> {
    match DynamicMessage::decode(reader, bytes) {
        Ok(read) => same(written, &read),
        Err(error) => Err(error.to_string()),
    }
}

fn same(written: &DynamicMessage, read: &DynamicMessage) -> Result<(), String> {
    for g in read.descriptor().fields() {
        if g.cardinality() == Cardinality::Required && !read.has_field(&g) {
            return Err(format!("{} is required", g.name()));
        }
    }
    for f in written.descriptor().fields() {
        let Some(g) = read.descriptor().get_field(f.number()) else {
            continue;
        };
        if !written.has_field(&f) {
            let defaults = (plain(&f.default_value()), plain(&g.default_value()));
            if let (Some(a), Some(b)) = defaults
                && !f.is_list()
                && !g.is_list()
                && !f.is_map()
                && !g.is_map()
                && !read.has_field(&g)
                && a != b
                && a.0 == b.0
            {
                return Err(format!("{} reads as {} instead of {}", f.name(), b.1, a.1));
            }
            continue;
        }
        let values = list(&written.get_field(&f));
        let others = list(&read.get_field(&g));
        let others: Vec<Value> =
            if read.has_field(&g) || !g.supports_presence() && !g.is_list() && !g.is_map() {
                others
            } else {
                Vec::new()
            };
        let others: Vec<Value> = others.into_iter().filter(|v| is_known(&g, v)).collect();
        if values.len() != others.len() {
            return Err(format!(
                "{}: {} values, {} read",
                f.name(),
                values.len(),
                others.len()
            ));
        }
        let mut rest = others;
        for (at, value) in values.iter().enumerate() {
            // The order of a map's entries says nothing.
            let place = if f.is_map() || g.is_map() {
                rest.iter()
                    .position(|other| equal(&f, value, &g, other).is_ok())
            } else {
                Some(0)
            };
            let Some(place) = place else {
                return Err(format!("{}: entry {at} is gone", f.name()));
            };
            let other = rest.remove(place);
            equal(&f, value, &g, &other).map_err(|why| format!("{}: {why}", f.name()))?;
        }
    }
    Ok(())
}

/// Closed enums do not know some numbers.
fn is_known(g: &FieldDescriptor, value: &Value) -> bool {
    let known = |of: &EnumDescriptor, n: i32| {
        of.parent_file().syntax() != Syntax::Proto2 || of.get_value(n).is_some()
    };
    match (g.kind(), value) {
        (Kind::Enum(of), Value::EnumNumber(n)) => known(&of, *n),
        (Kind::Message(entry), Value::Message(inner)) if g.is_map() => {
            let value = entry.map_entry_value_field();
            is_known(&value, &inner.get_field(&value))
        }
        (Kind::Message(entry), Value::List(parts)) if g.is_map() => parts
            .get(1)
            .is_none_or(|value| is_known(&entry.map_entry_value_field(), value)),
        _ => true,
    }
}

/// A scalar as its domain and its text.
fn plain(value: &Value) -> Option<(&'static str, String)> {
    Some(match value {
        Value::Bool(v) => ("number", i32::from(*v).to_string()),
        Value::I32(v) | Value::EnumNumber(v) => ("number", v.to_string()),
        Value::I64(v) => ("number", v.to_string()),
        Value::U32(v) => ("number", v.to_string()),
        Value::U64(v) => ("number", v.to_string()),
        Value::F32(v) => ("real", f64::from(*v).to_string()),
        Value::F64(v) => ("real", v.to_string()),
        Value::String(v) => ("bytes", format!("{:?}", v.as_bytes())),
        Value::Bytes(v) => ("bytes", format!("{:?}", v.to_vec())),
        _ => return None,
    })
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Message(message) if message.fields().next().is_none())
}

fn is_zero(value: &Value) -> bool {
    plain(value).is_some_and(|(_, text)| matches!(text.as_str(), "0" | "[]" | "-0"))
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::List(items) => items.clone(),
        Value::Map(entries) => entries
            .iter()
            .map(|(key, value)| Value::List(vec![key.clone().into(), value.clone()]))
            .collect(),
        other => vec![other.clone()],
    }
}

fn equal(f: &FieldDescriptor, a: &Value, g: &FieldDescriptor, b: &Value) -> Result<(), String> {
    let differ = || Err(format!("{a} became {b}"));
    match (a, b) {
        (Value::List(x), Value::List(y)) => {
            let parts = |f: &FieldDescriptor| {
                let entry = f.kind().as_message().expect("an entry").clone();
                [entry.map_entry_key_field(), entry.map_entry_value_field()]
            };
            for ((f, x), (g, y)) in parts(f).iter().zip(x).zip(parts(g).iter().zip(y)) {
                equal(f, x, g, y)?;
            }
            Ok(())
        }
        // A map's entry beside a message with a key and a value.
        (Value::List(parts), Value::Message(whole))
        | (Value::Message(whole), Value::List(parts)) => {
            let is_written = matches!(a, Value::List(_));
            for (number, part) in [1, 2].into_iter().zip(parts) {
                let Some(field) = whole.descriptor().get_field(number) else {
                    continue;
                };
                let mut found = list(&whole.get_field(&field));
                found.retain(|value| is_known(&field, value));
                // The library leaves zeros out of entries.
                if found.is_empty() && is_zero(part) {
                    continue;
                }
                let [other] = found.as_slice() else {
                    return differ();
                };
                // Neither was written, so that they need not be zeros of one kind.
                let is_unwritten = is_zero(part) || !is_written && is_empty(part);
                if is_unwritten && is_zero(other) && !whole.has_field(&field) {
                    continue;
                }
                if matches!(
                    (part, other),
                    (Value::Message(_), Value::Bytes(_)) | (Value::Bytes(_), Value::Message(_))
                ) {
                    continue;
                }
                let entry = if is_written { f } else { g };
                let entry = entry.kind().as_message().expect("an entry").clone();
                let own = if number == 1 {
                    entry.map_entry_key_field()
                } else {
                    entry.map_entry_value_field()
                };
                if is_written {
                    equal(&own, part, &field, other)?;
                } else {
                    equal(&field, other, &own, part)?;
                }
            }
            let needed = |g: &FieldDescriptor| g.cardinality() == Cardinality::Required;
            if is_written
                && let Some(g) = whole
                    .descriptor()
                    .fields()
                    .find(|g| needed(g) && !whole.has_field(g))
            {
                return Err(format!("{} is required", g.name()));
            }
            Ok(())
        }
        // An entry that is read as bytes is there in its encoding.
        (Value::List(_), Value::Bytes(_)) if f.is_map() => Ok(()),
        (Value::Message(x), Value::Message(y)) => same(x, y),
        (Value::Message(x), Value::Bytes(y)) => {
            if x.encode_to_vec() == y.to_vec() {
                Ok(())
            } else {
                differ()
            }
        }
        _ => {
            if plain(a) != plain(b) {
                return differ();
            }
            let (Kind::Enum(x), Kind::Enum(y), Value::EnumNumber(n)) = (f.kind(), g.kind(), a)
            else {
                return Ok(());
            };
            // A name that moved to another number.
            let (Some(old), Some(new)) = (x.get_value(*n), y.get_value(*n)) else {
                return Ok(());
            };
            let moved = old.name() != new.name()
                && (y.get_value_by_name(old.name()).is_some()
                    || x.get_value_by_name(new.name()).is_some());
            if moved { differ() } else { Ok(()) }
        }
    }
}
