//! A model as descriptors of the reflection library, which writes witnesses and knows the JSON mapping.

use super::model::{Field, Kind, Model, Msg, Presence};
use super::value::{Content, Value};
use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, MapKey, MessageDescriptor,
    SerializeOptions, Value as Reflected,
};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, EnumValueDescriptorProto,
    FieldDescriptorProto, FieldOptions, FileDescriptorProto, MessageOptions, OneofDescriptorProto,
};
use std::collections::HashMap;

/// The types with a JSON form of their own come from the library.
const WELL_KNOWN: [&str; 6] = [
    "any",
    "duration",
    "field_mask",
    "struct",
    "timestamp",
    "wrappers",
];

/// A model's descriptors.
pub(super) struct Reflection<'m> {
    model: &'m Model,
    messages: HashMap<Msg, MessageDescriptor>,
}

impl<'m> Reflection<'m> {
    /// The descriptors of some messages and of all they lead to. Names are made up, as packages of several files
    /// cannot be kept in one; everything that is written or printed is kept.
    pub(super) fn of(model: &'m Model, roots: &[Msg]) -> Option<Self> {
        let mut wanted = Vec::new();
        let mut seen: std::collections::HashSet<Msg> = roots.iter().copied().collect();
        let mut open: Vec<Msg> = roots.to_vec();
        let mut enums: Vec<usize> = Vec::new();
        while let Some(at) = open.pop() {
            wanted.push(at);
            let message = model.message(at)?;
            if message.is_well_known() {
                continue;
            }
            for field in &message.fields {
                match field.kind {
                    Kind::Enum(of) => enums.push(of),
                    kind => {
                        if let Some(inner) = kind.message()
                            && seen.insert(inner)
                        {
                            open.push(inner);
                        }
                    }
                }
            }
        }
        enums.sort_unstable();
        enums.dedup();
        let is_own = |at: &&Msg| {
            model
                .message(**at)
                .is_some_and(|m| !m.is_well_known() && !m.is_entry)
        };
        let mut file = FileDescriptorProto {
            name: Some("model.proto".to_owned()),
            syntax: Some("proto2".to_owned()),
            dependency: WELL_KNOWN
                .iter()
                .map(|name| format!("google/protobuf/{name}.proto"))
                .collect(),
            ..FileDescriptorProto::default()
        };
        for at in wanted.iter().filter(is_own) {
            file.message_type.push(described(model, *at)?);
        }
        for at in enums {
            file.message_type.push(enumeration(model, at)?);
        }
        let mut pool = DescriptorPool::global();
        pool.add_file_descriptor_proto(file).ok()?;
        let messages = wanted
            .into_iter()
            .filter(|at| model.message(*at).is_some_and(|m| !m.is_entry))
            .filter_map(|at| Some((at, pool.get_message_by_name(&name_of(model, at)?)?)))
            .collect();
        Some(Self { model, messages })
    }

    /// The encoded bytes; `None` if the content is none of this message.
    pub(super) fn encode(&self, of: Msg, content: &Content) -> Option<Vec<u8>> {
        Some(self.message(of, content, 0)?.encode_to_vec())
    }

    /// The JSON text of a message.
    pub(super) fn json(&self, of: Msg, content: &Content) -> Option<String> {
        let message = self.message(of, content, 0)?;
        let mut out = Vec::new();
        let mut printer = serde_json::Serializer::new(&mut out);
        message
            .serialize_with_options(&mut printer, &SerializeOptions::new())
            .ok()?;
        String::from_utf8(out).ok()
    }

    /// What a strict parser makes of a JSON text: the message, or why it fails.
    pub(super) fn read_json(&self, of: Msg, json: &str) -> Option<Result<Content, String>> {
        let descriptor = self.messages.get(&of)?.clone();
        let mut parser = serde_json::Deserializer::from_str(json);
        let options = DeserializeOptions::new().deny_unknown_fields(true);
        Some(
            match DynamicMessage::deserialize_with_options(descriptor, &mut parser, &options) {
                Ok(message) => super::decode::decode(self.model, of, &message.encode_to_vec()),
                Err(error) => {
                    let why = error.to_string();
                    // The place in a text of one line says nothing.
                    let end = why.rfind(" at line ").unwrap_or(why.len());
                    Err(why.get(..end).unwrap_or_default().to_owned())
                }
            },
        )
    }

    fn message(&self, of: Msg, content: &Content, depth: usize) -> Option<DynamicMessage> {
        // Witnesses are small; deeper ones are not shown.
        if depth > 90 {
            return None;
        }
        let message = self.model.message(of)?;
        let mut made = DynamicMessage::new(self.messages.get(&of)?.clone());
        for (number, values) in content {
            let field = message.field(*number)?;
            let one = |value: &Value| self.value(field, value, depth);
            let value = if field.map {
                let mut map = HashMap::new();
                for entry in values {
                    let Value::Message(entry) = entry else {
                        return None;
                    };
                    let inner = self.model.message(field.kind.message()?)?;
                    let (key, value) = (inner.field(1)?, inner.field(2)?);
                    let part = |field: &Field| match entry.get(&field.number)?.first() {
                        Some(value) => self.value(field, value, depth),
                        None => None,
                    };
                    let key = match part(key) {
                        Some(key) => map_key(key)?,
                        None => map_key(zero(key.kind)?)?,
                    };
                    let value = match part(value) {
                        Some(value) => value,
                        None => match value.kind.message() {
                            Some(of) => {
                                Reflected::Message(self.message(of, &Content::new(), depth + 1)?)
                            }
                            None => zero(value.kind)?,
                        },
                    };
                    map.insert(key, value);
                }
                Reflected::Map(map)
            } else if field.repeated {
                Reflected::List(values.iter().map(one).collect::<Option<_>>()?)
            } else {
                one(values.last()?)?
            };
            made.try_set_field_by_number(*number, value).ok()?;
        }
        Some(made)
    }

    fn value(&self, field: &Field, value: &Value, depth: usize) -> Option<Reflected> {
        Some(match (field.kind, value) {
            (Kind::Double, Value::Real(n)) => Reflected::F64(*n),
            (Kind::Float, Value::Real(n)) => Reflected::F32(*n as f32),
            (Kind::Int32 | Kind::Sint32 | Kind::Sfixed32, Value::Number(n)) => {
                Reflected::I32(i32::try_from(*n).ok()?)
            }
            (Kind::Int64 | Kind::Sint64 | Kind::Sfixed64, Value::Number(n)) => {
                Reflected::I64(i64::try_from(*n).ok()?)
            }
            (Kind::Uint32 | Kind::Fixed32, Value::Number(n)) => {
                Reflected::U32(u32::try_from(*n).ok()?)
            }
            (Kind::Uint64 | Kind::Fixed64, Value::Number(n)) => {
                Reflected::U64(u64::try_from(*n).ok()?)
            }
            (Kind::Bool, Value::Number(n)) => Reflected::Bool(*n != 0),
            (Kind::Enum(_), Value::Number(n)) => Reflected::EnumNumber(i32::try_from(*n).ok()?),
            (Kind::String, Value::Bytes(bytes)) => {
                Reflected::String(String::from_utf8(bytes.clone()).ok()?)
            }
            (Kind::Bytes, Value::Bytes(bytes)) => Reflected::Bytes(bytes.clone().into()),
            (Kind::Message(of) | Kind::Group(of), Value::Message(content)) => {
                Reflected::Message(self.message(of, content, depth + 1)?)
            }
            _ => return None,
        })
    }
}

fn map_key(value: Reflected) -> Option<MapKey> {
    Some(match value {
        Reflected::Bool(v) => MapKey::Bool(v),
        Reflected::I32(v) => MapKey::I32(v),
        Reflected::I64(v) => MapKey::I64(v),
        Reflected::U32(v) => MapKey::U32(v),
        Reflected::U64(v) => MapKey::U64(v),
        Reflected::String(v) => MapKey::String(v),
        _ => return None,
    })
}

fn zero(kind: Kind) -> Option<Reflected> {
    Some(match kind {
        Kind::Double => Reflected::F64(0.0),
        Kind::Float => Reflected::F32(0.0),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Reflected::I32(0),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Reflected::I64(0),
        Kind::Uint32 | Kind::Fixed32 => Reflected::U32(0),
        Kind::Uint64 | Kind::Fixed64 => Reflected::U64(0),
        Kind::Bool => Reflected::Bool(false),
        Kind::Enum(_) => Reflected::EnumNumber(0),
        Kind::String => Reflected::String(String::new()),
        Kind::Bytes => Reflected::Bytes(Vec::new().into()),
        Kind::Message(_) | Kind::Group(_) | Kind::Missing => return None,
    })
}

/// The name of a message among the descriptors.
fn name_of(model: &Model, at: Msg) -> Option<String> {
    let message = model.message(at)?;
    Some(if message.is_well_known() {
        message.full_name.to_string()
    } else {
        let short = message.local_name.rsplit('.').next().unwrap_or("Message");
        format!("M{at}_{short}")
    })
}

fn described(model: &Model, at: Msg) -> Option<DescriptorProto> {
    let message = model.message(at)?;
    let own = name_of(model, at)?;
    let mut made = DescriptorProto {
        name: Some(own.clone()),
        ..DescriptorProto::default()
    };
    for field in &message.fields {
        if field.kind == Kind::Missing {
            continue;
        }
        let mut of = one_field(model, field)?;
        if field.map {
            let entry = model.message(field.kind.message()?)?;
            let name = format!("E{}", field.number);
            made.nested_type.push(DescriptorProto {
                name: Some(name.clone()),
                field: entry
                    .fields
                    .iter()
                    .map(|part| one_field(model, part))
                    .collect::<Option<_>>()?,
                options: Some(MessageOptions {
                    map_entry: Some(true),
                    ..MessageOptions::default()
                }),
                ..DescriptorProto::default()
            });
            of.type_name = Some(format!(".{own}.{name}"));
        }
        made.field.push(of);
    }
    // Oneofs of fields that are not there would be empty, which is not allowed.
    let used: Vec<i32> = made.field.iter().filter_map(|f| f.oneof_index).collect();
    let kept: Vec<i32> = (0..i32::try_from(message.oneofs.len()).ok()?)
        .filter(|at| used.contains(at))
        .collect();
    made.oneof_decl = kept
        .iter()
        .map(|at| OneofDescriptorProto {
            name: usize::try_from(*at)
                .ok()
                .and_then(|at| message.oneofs.get(at))
                .map(|name| name.to_string()),
            options: None,
        })
        .collect();
    for field in &mut made.field {
        if let Some(at) = field.oneof_index {
            let place = kept.iter().position(|k| *k == at)?;
            field.oneof_index = Some(i32::try_from(place).ok()?);
        }
    }
    Some(made)
}

fn one_field(model: &Model, field: &Field) -> Option<FieldDescriptorProto> {
    let (ty, type_name) = match field.kind {
        Kind::Double => (Type::Double, None),
        Kind::Float => (Type::Float, None),
        Kind::Int32 => (Type::Int32, None),
        Kind::Int64 => (Type::Int64, None),
        Kind::Uint32 => (Type::Uint32, None),
        Kind::Uint64 => (Type::Uint64, None),
        Kind::Sint32 => (Type::Sint32, None),
        Kind::Sint64 => (Type::Sint64, None),
        Kind::Fixed32 => (Type::Fixed32, None),
        Kind::Fixed64 => (Type::Fixed64, None),
        Kind::Sfixed32 => (Type::Sfixed32, None),
        Kind::Sfixed64 => (Type::Sfixed64, None),
        Kind::Bool => (Type::Bool, None),
        Kind::String => (Type::String, None),
        Kind::Bytes => (Type::Bytes, None),
        Kind::Enum(at) => (Type::Enum, Some(format!(".E{at}.Enum"))),
        Kind::Message(at) => (Type::Message, Some(format!(".{}", name_of(model, at)?))),
        Kind::Group(at) => (Type::Group, Some(format!(".{}", name_of(model, at)?))),
        Kind::Missing => return None,
    };
    let label = if field.repeated {
        Label::Repeated
    } else if field.presence == Presence::Required {
        Label::Required
    } else {
        Label::Optional
    };
    Some(FieldDescriptorProto {
        name: Some(plain(&field.name)),
        number: Some(i32::try_from(field.number).ok()?),
        label: Some(label.into()),
        r#type: Some(ty.into()),
        type_name,
        json_name: Some(field.json_name.to_string()),
        oneof_index: match field.oneof {
            Some(at) => Some(i32::try_from(at).ok()?),
            None => None,
        },
        options: (field.repeated && field.kind.is_packable()).then(|| FieldOptions {
            packed: Some(field.packed),
            ..FieldOptions::default()
        }),
        ..FieldDescriptorProto::default()
    })
}

/// A name that a field may have: extensions have brackets and dots.
fn plain(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_alphanumeric() || c == '_' {
                c
            } else {
                '_'
            }
        })
        .collect()
}

/// An enum, in a message of its own so that its constants clash with nobody's.
fn enumeration(model: &Model, at: usize) -> Option<DescriptorProto> {
    let of = model.enumeration(at)?;
    let mut value: Vec<EnumValueDescriptorProto> = of
        .values
        .iter()
        .map(|(name, number)| EnumValueDescriptorProto {
            name: Some(name.to_string()),
            number: Some(*number),
            options: None,
        })
        .collect();
    if value.is_empty() {
        value.push(EnumValueDescriptorProto {
            name: Some("NONE".to_owned()),
            number: Some(0),
            options: None,
        });
    }
    Some(DescriptorProto {
        name: Some(format!("E{at}")),
        enum_type: vec![EnumDescriptorProto {
            name: Some("Enum".to_owned()),
            value,
            options: Some(EnumOptions {
                allow_alias: Some(true),
                ..EnumOptions::default()
            }),
            ..EnumDescriptorProto::default()
        }],
        ..DescriptorProto::default()
    })
}
