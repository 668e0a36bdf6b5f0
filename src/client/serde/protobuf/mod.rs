//! Protobuf records: prost messages that know their descriptor, and dynamic ones.
//!
//! Schemas travel as serialised file descriptors, so that no `.proto` text is parsed here. A file's imports are
//! schemas of their own, under subjects named by their import paths, and are registered before it.

mod codec;

pub use codec::{ProtobufCodec, indexes_of};

use super::error::{Mismatch, SerdeError};
use super::language::Language;
use super::read::{Reader, Readers};
use super::record::{Framed, Incoming};
use super::settings::{DeserializerSettings, Part, SchemaChoice, SerializerSettings};
use super::write::{Which, Writer, Writers};
use crate::client::{Deleted, Format, Normalize, Registered, RegistryClient, Schema};
use crate::model::{Reference, SchemaType, Subject};
use crate::wire::frame;
use prost::Message;
use prost_reflect::{DynamicMessage, FileDescriptor, MessageDescriptor, ReflectMessage};
use std::collections::HashMap;
use std::sync::Arc;

/// The language.
pub(super) struct Protobuf;

impl Language for Protobuf {
    type Codec = ProtobufCodec;
    const TYPE: SchemaType = SchemaType::Protobuf;
    const FORMAT: Format = Format::Serialized;

    fn compile(text: &str, references: &[(&str, &str)]) -> Result<ProtobufCodec, String> {
        ProtobufCodec::new(text, references)
    }
}

/// How many files one file may import, directly or not.
const MAX_IMPORTS: usize = 1_000;
/// What an id and message indexes take in front of a payload.
const FRAME: usize = 16;

/// How messages of one type are written.
struct Check {
    /// The registry's own message, which they are checked against, where it is not the writing program's.
    found: Option<MessageDescriptor>,
    /// Whose definition the writer is kept under: as long as it is held, no other one stands at its address.
    _own: MessageDescriptor,
}

/// What a writer of messages is kept under: their definition too, as programs that pass on what they read, or that
/// build their descriptors, may have several of one name.
fn which<'a>(descriptor: &'a MessageDescriptor) -> Which<'a> {
    let file = descriptor.parent_file();
    Which {
        name: descriptor.full_name(),
        definition: std::ptr::from_ref(file.file_descriptor_proto()).addr(),
    }
}

/// Writes Protobuf messages with the schema's id. Shared between threads by reference; one serves all messages.
pub struct ProtobufSerializer {
    writers: Writers<Check>,
    schema: Option<Schema>,
}

impl ProtobufSerializer {
    /// A serializer. The schema is the file that a message's descriptor comes from.
    pub fn new(client: RegistryClient, settings: SerializerSettings) -> Self {
        Self {
            writers: Writers::new(client, settings),
            schema: None,
        }
    }

    /// The same with the text that is registered or looked up instead of the descriptor's file, e.g. the `.proto`
    /// text with its references. Its messages have to be in the same places as the descriptor's.
    #[must_use]
    pub fn with_schema(mut self, schema: Schema) -> Self {
        self.schema = Some(schema);
        self
    }

    /// The client of its registry.
    pub fn client(&self) -> &RegistryClient {
        &self.writers.client
    }

    /// The part of Kafka records that it writes.
    pub fn part(&self) -> Part {
        self.writers.settings.part
    }

    /// The subject of messages of a type in a topic, if it was found already. There is none where the settings choose an id or a GUID.
    pub fn subject(&self, topic: &str, descriptor: &MessageDescriptor) -> Option<Subject> {
        let writer = self.writers.get(topic, which(descriptor))?;
        writer.subject.clone()
    }

    /// Finds everything that messages of a type need in a topic; from then on, the `*_cached` calls answer.
    ///
    /// # Errors
    ///
    /// Whatever keeps the schema from being found, registered or used.
    pub async fn prepare(
        &self,
        topic: &str,
        descriptor: &MessageDescriptor,
    ) -> Result<(), SerdeError> {
        self.writer(topic, descriptor).await.map(|_| ())
    }

    /// Writes a message.
    ///
    /// # Errors
    ///
    /// [`SerdeError::Record`] if the schema that was chosen does not know it; else as
    /// [`ProtobufSerializer::prepare`].
    pub async fn serialize<M: ReflectMessage>(
        &self,
        topic: &str,
        message: &M,
    ) -> Result<Framed, SerdeError> {
        self.serialize_as(topic, message, &message.descriptor())
            .await
    }

    /// Writes a message whose type does not know its descriptor.
    ///
    /// # Errors
    ///
    /// As [`ProtobufSerializer::serialize`].
    pub async fn serialize_as<M: Message>(
        &self,
        topic: &str,
        message: &M,
        descriptor: &MessageDescriptor,
    ) -> Result<Framed, SerdeError> {
        let writer = self.writer(topic, descriptor).await?;
        write(&writer, message)
    }

    /// Writes a message without waiting; `None` if its schema has yet to be found.
    pub fn serialize_cached<M: ReflectMessage>(
        &self,
        topic: &str,
        message: &M,
    ) -> Option<Result<Framed, SerdeError>> {
        let descriptor = message.descriptor();
        self.writers
            .with(topic, which(&descriptor), |writer| write(writer, message))
    }

    async fn writer(
        &self,
        topic: &str,
        descriptor: &MessageDescriptor,
    ) -> Result<Arc<Writer<Check>>, SerdeError> {
        let name = descriptor.full_name();
        if let Some(writer) = self.writers.get(topic, which(descriptor)) {
            return Ok(writer);
        }
        let made;
        let given = match (&self.schema, &self.writers.settings.choice) {
            (Some(schema), _) => Some(schema),
            (None, SchemaChoice::AutoRegister | SchemaChoice::Registered) => {
                made = self.schema_of(&descriptor.parent_file()).await?;
                Some(&made)
            }
            _ => None,
        };
        let chosen = self
            .writers
            .choose::<Protobuf>(topic, Some(name), given)
            .await?;
        let (indexes, check) = match &chosen.fetched {
            None => (indexes_of(descriptor), None),
            Some(_) => {
                let codec = self.writers.codec::<Protobuf>(&chosen, None).await?;
                let Some(found) = codec.message_named(name) else {
                    return Err(SerdeError::Record {
                        schema: chosen.label(),
                        mismatch: Mismatch::one(
                            "",
                            format!("one of its messages ({})", codec.message_names().join(", ")),
                            format!("a message {name}"),
                        ),
                    });
                };
                let indexes = indexes_of(&found);
                let same = codec::is_same(&found.parent_file(), &descriptor.parent_file());
                (indexes, (!same).then_some(found))
            }
        };
        let check = Check {
            found: check,
            _own: descriptor.clone(),
        };
        self.writers
            .put(topic, which(descriptor), &chosen, check, Some(&indexes))
    }

    /// A file as a schema, after everything it imports has been registered, or found.
    async fn schema_of(&self, file: &FileDescriptor) -> Result<Schema, SerdeError> {
        let mut done: HashMap<String, Arc<Registered>> = HashMap::new();
        // Bottom-up without recursion: a file stays until all its imports are done.
        let mut open = vec![file.clone()];
        while let Some(top) = open.last() {
            if done.len() + open.len() > MAX_IMPORTS {
                return Err(SerdeError::settings(format!(
                    "{} imports more than {MAX_IMPORTS} files",
                    file.name()
                )));
            }
            let missing = top
                .dependencies()
                .find(|d| !codec::is_builtin(d.name()) && !done.contains_key(d.name()));
            if let Some(missing) = missing {
                open.push(missing);
                continue;
            }
            let references = top
                .dependencies()
                .filter_map(|d| done.get(d.name()).map(|r| (d.name().to_owned(), r)))
                .map(|(name, registered)| {
                    let version = registered.version.ok_or_else(|| {
                        SerdeError::settings(format!("the registry told no version of {name}"))
                    })?;
                    Ok(Reference {
                        subject: name.clone(),
                        name,
                        version: version.0,
                    })
                })
                .collect::<Result<Vec<_>, SerdeError>>()?;
            let schema = Schema::protobuf(codec::text_of(top)).with_references(references);
            if open.len() == 1 {
                return Ok(schema);
            }
            let registered = self.import(top.name(), &schema).await?;
            done.insert(top.name().to_owned(), registered);
            open.pop();
        }
        Err(SerdeError::settings("there is no file"))
    }

    async fn import(&self, path: &str, schema: &Schema) -> Result<Arc<Registered>, SerdeError> {
        let Writers {
            client, settings, ..
        } = &self.writers;
        let subject = Subject::parse(path);
        let normalize = if settings.normalize {
            Normalize::Yes
        } else {
            Normalize::AsConfigured
        };
        if settings.choice == SchemaChoice::AutoRegister {
            let registered = client.register(&subject, schema, normalize).await?;
            if registered.version.is_some() {
                return Ok(registered);
            }
        }
        // Older registries tell the version only here.
        Ok(client
            .lookup(&subject, schema, normalize, Deleted::Hidden)
            .await?)
    }
}

fn write<M: Message>(writer: &Writer<Check>, message: &M) -> Result<Framed, SerdeError> {
    writer.record(message.encoded_len() + FRAME, |check, out| {
        let error = |mismatch| SerdeError::Record {
            schema: writer.label.clone(),
            mismatch,
        };
        let before = out.len();
        // A vector has room for everything.
        message.encode(out).map_err(|e| {
            error(Mismatch::one(
                "",
                "a message that can be written",
                e.to_string(),
            ))
        })?;
        match (&check.found, out.get(before..)) {
            (Some(descriptor), Some(payload)) => {
                codec::check_known(descriptor, payload).map_err(error)
            }
            _ => Ok(()),
        }
    })
}

/// Reads Protobuf messages by the schema's id. Shared between threads by reference; one serves all messages.
pub struct ProtobufDeserializer {
    readers: Readers<Protobuf>,
}

impl ProtobufDeserializer {
    /// A deserializer. Readers' schemas are the types that are read into; those of the settings are not used.
    ///
    /// # Errors
    ///
    /// [`SerdeError::Settings`] for a context that is none.
    pub fn new(client: RegistryClient, settings: DeserializerSettings) -> Result<Self, SerdeError> {
        let settings = settings.reader(super::settings::ReaderSchema::Writers);
        Ok(Self {
            readers: Readers::new(client, settings)?,
        })
    }

    /// The part of Kafka records that it reads.
    pub fn part(&self) -> Part {
        self.readers.settings.part
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// [`SerdeError::Bytes`] if the bytes are no message of the schema they name, [`SerdeError::Reading`] if it is
    /// another message than `M` by its full name (unless
    /// [`validate`](DeserializerSettings::validate) is off) or cannot be read as one.
    pub async fn deserialize<M: ReflectMessage + Default>(
        &self,
        record: &Incoming<'_>,
    ) -> Result<M, SerdeError> {
        let wanted = M::default().descriptor();
        self.deserialize_as(record, wanted.full_name()).await
    }

    /// Reads a message without waiting; `None` if its schema has yet to be found.
    pub fn deserialize_cached<M: ReflectMessage + Default>(
        &self,
        record: &Incoming<'_>,
    ) -> Option<Result<M, SerdeError>> {
        let opened = match self.readers.open(record) {
            Ok(opened) => opened,
            Err(error) => return Some(Err(error)),
        };
        let wanted = M::default().descriptor();
        self.readers.with(opened.key, record.topic, |reader| {
            found(reader, &opened).and_then(|(message, payload)| {
                self.read(reader, &message, wanted.full_name(), payload)
            })
        })
    }

    /// Reads a message into a type that does not know its descriptor, with the message's full name.
    ///
    /// # Errors
    ///
    /// As [`ProtobufDeserializer::deserialize`].
    pub async fn deserialize_as<M: Message + Default>(
        &self,
        record: &Incoming<'_>,
        full_name: &str,
    ) -> Result<M, SerdeError> {
        let opened = self.readers.open(record)?;
        let reader = self.reader(record, &opened).await?;
        let (message, payload) = found(&reader, &opened)?;
        self.read(&reader, &message, full_name, payload)
    }

    /// Reads a message of whatever type its writer's schema says.
    ///
    /// # Errors
    ///
    /// [`SerdeError::Bytes`] if the bytes are no message of the schema they name.
    pub async fn deserialize_dynamic(
        &self,
        record: &Incoming<'_>,
    ) -> Result<DynamicMessage, SerdeError> {
        let opened = self.readers.open(record)?;
        let reader = self.reader(record, &opened).await?;
        let (message, payload) = found(&reader, &opened)?;
        codec::decode_dynamic(message, payload).map_err(|mismatch| SerdeError::Bytes {
            schema: reader.label.clone(),
            mismatch,
        })
    }

    async fn reader(
        &self,
        record: &Incoming<'_>,
        opened: &super::read::Opened<'_>,
    ) -> Result<Arc<Reader<ProtobufCodec>>, SerdeError> {
        self.readers
            .find(opened.key, record.topic, |_, _| true, |_| None)
            .await
    }

    fn read<M: Message + Default>(
        &self,
        reader: &Reader<ProtobufCodec>,
        message: &MessageDescriptor,
        wanted: &str,
        payload: &[u8],
    ) -> Result<M, SerdeError> {
        let written = message.full_name();
        if self.readers.settings.validate && written != wanted {
            return Err(SerdeError::Reading {
                schema: reader.label.clone(),
                mismatch: Mismatch::one(
                    "",
                    format!("a message {wanted}"),
                    format!("a message {written}"),
                ),
            });
        }
        M::decode(payload).map_err(|error| {
            let schema = reader.label.clone();
            // At fault are the bytes, unless their own schema takes them.
            match codec::decode_dynamic(message.clone(), payload) {
                Err(mismatch) => SerdeError::Bytes { schema, mismatch },
                Ok(_) => SerdeError::Reading {
                    schema,
                    mismatch: codec::broken(format!("a message {wanted}"), &error),
                },
            }
        })
    }
}

/// The message that the indexes name, and its bytes.
fn found<'a>(
    reader: &Reader<ProtobufCodec>,
    opened: &super::read::Opened<'a>,
) -> Result<(MessageDescriptor, &'a [u8]), SerdeError> {
    // A header without indexes means the first message.
    let (indexes, rest) = match (opened.payload, opened.rest) {
        (Some(_), []) => (vec![0], opened.rest),
        _ => frame::read_indexes(opened.rest)?,
    };
    let message = reader
        .writer
        .message(&indexes)
        .ok_or_else(|| SerdeError::Bytes {
            schema: reader.label.clone(),
            mismatch: Mismatch::one("", "message indexes of the schema", format!("{indexes:?}")),
        })?;
    Ok((message, opened.payload.unwrap_or(rest)))
}
