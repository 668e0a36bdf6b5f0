//! From a topic to a writer: the subject, the schema's id and the codec, found once and kept.

use super::cache::{Warm, same};
use super::error::SerdeError;
use super::language::{Language, codec_of, codec_of_local, label};
use super::record::{Framed, header_name};
use super::settings::{Framing, SchemaChoice, SerializerSettings, SubjectStrategy};
use super::subject::subject_of;
use crate::client::{ClientError, Deleted, Normalize, Registered, RegistryClient, Schema};
use crate::model::{Guid, SchemaId, Subject};
use crate::wire::frame::{self, SchemaKey};
use quick_cache::Equivalent;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use tokio::time::Instant;

/// Which of the records that one serializer writes.
#[derive(Clone, Copy)]
pub(super) struct Which<'a> {
    /// The type's full name.
    pub(super) name: &'a str,
    /// Tells apart types of one name: the address of their definition, which whoever keeps the writer keeps alive.
    pub(super) definition: usize,
}

/// Where a serializer writes records of one type only.
#[cfg(any(feature = "client-avro", feature = "client-json"))]
pub(super) const ONLY: Which<'static> = Which {
    name: "",
    definition: 0,
};

/// What a writer is kept under.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Place {
    topic: Box<str>,
    record: Box<str>,
    definition: usize,
}

struct PlaceOf<'a>(&'a str, Which<'a>);

// As `PlaceOf` hashes.
impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let which = Which {
            name: &self.record,
            definition: self.definition,
        };
        PlaceOf(&self.topic, which).hash(state);
    }
}

impl Hash for PlaceOf<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
        self.1.name.hash(state);
        self.1.definition.hash(state);
    }
}

impl Equivalent<Place> for PlaceOf<'_> {
    fn equivalent(&self, place: &Place) -> bool {
        self.1.definition == place.definition
            && same(self.1.name, &place.record)
            && same(self.0, &place.topic)
    }
}

/// Everything that the records of one topic have in common.
pub(super) struct Writer<C> {
    pub(super) codec: C,
    /// How errors call the schema.
    pub(super) label: Arc<str>,
    /// Under which subject the schema was found, if under one.
    pub(super) subject: Option<Subject>,
    /// What stands in front of each payload.
    prefix: Vec<u8>,
    header: Option<(&'static str, Arc<[u8]>)>,
    /// When it has to be found again.
    until: Option<Instant>,
    limit: usize,
}

impl<C> Writer<C> {
    fn is_fresh(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }

    /// A record of one payload, which `write` appends.
    #[inline]
    pub(super) fn record(
        &self,
        room: usize,
        write: impl FnOnce(&C, &mut Vec<u8>) -> Result<(), SerdeError>,
    ) -> Result<Framed, SerdeError> {
        let mut bytes = Vec::with_capacity(room);
        self.append(&mut bytes, write)?;
        Ok(Framed {
            bytes,
            header: self.header.clone(),
        })
    }

    /// The same at the end of `out`, which is as it was after an error.
    #[inline]
    pub(super) fn append(
        &self,
        out: &mut Vec<u8>,
        write: impl FnOnce(&C, &mut Vec<u8>) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        let before = out.len();
        out.extend_from_slice(&self.prefix);
        let written = write(&self.codec, out).and_then(|()| {
            let size = out.len() - before;
            if size > self.limit {
                return Err(SerdeError::TooLarge {
                    size,
                    limit: self.limit,
                });
            }
            Ok(())
        });
        if written.is_err() {
            out.truncate(before);
        }
        written
    }

    /// The header that goes along with each record, if there is one.
    #[cfg(feature = "client-avro")]
    pub(super) fn header(&self) -> Option<(&'static str, Arc<[u8]>)> {
        self.header.clone()
    }
}

/// The writers of one serializer.
pub(super) struct Writers<C> {
    pub(super) client: RegistryClient,
    pub(super) settings: SerializerSettings,
    warm: Warm<Place, Writer<C>>,
}

/// A schema that records are to be written with.
pub(super) struct Chosen {
    pub(super) subject: Subject,
    pub(super) id: Option<SchemaId>,
    pub(super) guid: Option<Guid>,
    /// As the registry has it; none if the given one is used.
    pub(super) fetched: Option<Arc<Registered>>,
}

impl<C> Writers<C> {
    pub(super) fn new(client: RegistryClient, settings: SerializerSettings) -> Self {
        Self {
            client,
            warm: Warm::new(settings.limits.schemas),
            settings,
        }
    }

    /// Hands the writer to `write`, if it was found before and is not too old.
    #[inline]
    pub(super) fn with<R>(
        &self,
        topic: &str,
        record: Which<'_>,
        write: impl FnOnce(&Writer<C>) -> R,
    ) -> Option<R> {
        let place = PlaceOf(topic, record);
        if let Some(writer) = self.warm.first(&place) {
            return Some(write(writer));
        }
        let writer = self.warm.other(&place)?;
        writer.is_fresh().then(|| write(&writer))
    }

    /// The writer, if it was found before and is not too old.
    pub(super) fn get(&self, topic: &str, record: Which<'_>) -> Option<Arc<Writer<C>>> {
        let writer = self.warm.get(&PlaceOf(topic, record))?;
        writer.is_fresh().then_some(writer)
    }

    /// Keeps a writer. `indexes` follow the id of a Protobuf record.
    pub(super) fn put(
        &self,
        topic: &str,
        record: Which<'_>,
        chosen: &Chosen,
        codec: C,
        indexes: Option<&[i32]>,
    ) -> Result<Arc<Writer<C>>, SerdeError> {
        let mut prefix = Vec::new();
        let mut header = None;
        match self.settings.framing {
            Framing::Prefix => {
                let id = chosen.id.ok_or_else(|| {
                    SerdeError::settings(
                        "the registry told no id of the schema, which stands in front of the payload; use the header form",
                    )
                })?;
                if id.0 < 1 {
                    return Err(SerdeError::Client(ClientError::Invalid(
                        format!("the registry told the id {id}, and ids count from 1").into(),
                    )));
                }
                prefix.extend(frame::prefix(id));
                if let Some(indexes) = indexes {
                    frame::write_indexes(indexes, &mut prefix);
                }
            }
            Framing::Header => {
                let guid = chosen.guid.ok_or_else(|| {
                    SerdeError::settings(
                        "the registry told no GUID of the schema, which the header form needs",
                    )
                })?;
                let mut value = frame::header(guid).to_vec();
                if let Some(indexes) = indexes {
                    frame::write_indexes(indexes, &mut value);
                }
                header = Some((header_name(self.settings.part), value.into()));
            }
        }
        let ages = matches!(
            self.settings.choice,
            SchemaChoice::Latest | SchemaChoice::LatestWithMetadata(_)
        ) || matches!(self.settings.strategy, SubjectStrategy::Associated { .. });
        let writer = Arc::new(Writer {
            codec,
            label: chosen.label(),
            subject: chosen.subject().cloned(),
            prefix,
            header,
            until: ages.then(|| Instant::now() + self.settings.latest_for),
            limit: self.settings.limits.record_bytes,
        });
        let place = Place {
            topic: topic.into(),
            record: record.name.into(),
            definition: record.definition,
        };
        if writer.until.is_none() {
            self.warm.insert_for_good(place, writer.clone());
        } else {
            self.warm.insert(place, writer.clone());
        }
        Ok(writer)
    }

    /// Finds the schema to write with. `given` is the serializer's own, `record` the name of its root.
    pub(super) async fn choose<L: Language>(
        &self,
        topic: &str,
        record: Option<&str>,
        given: Option<&Schema>,
    ) -> Result<Chosen, SerdeError> {
        let client = &self.client;
        let settings = &self.settings;
        let own = || {
            given.ok_or_else(|| {
                SerdeError::settings(
                    "the serializer was given no schema; give one, or choose the latest version, an id or a GUID",
                )
            })
        };
        let by_name = matches!(
            settings.strategy,
            SubjectStrategy::Record | SubjectStrategy::TopicRecord
        );
        match settings.choice {
            SchemaChoice::Guid(_) if settings.framing == Framing::Prefix => {
                return Err(SerdeError::settings(
                    "a schema that is chosen by its GUID can only be named in a header: registries do not tell its id",
                ));
            }
            SchemaChoice::Latest | SchemaChoice::LatestWithMetadata(_)
                if by_name && record.is_none() && given.is_none() =>
            {
                return Err(SerdeError::settings(
                    "subjects are named by record, and without a schema nothing tells the record's name; give one, or name subjects by topic",
                ));
            }
            _ => {}
        }
        let subject = match settings.choice {
            // They are found without one.
            SchemaChoice::Id(_) | SchemaChoice::Guid(_) => None,
            _ => {
                let strategy = &settings.strategy;
                Some(subject_of(client, strategy, settings.part, topic, record).await?)
            }
        };
        let subject = subject.unwrap_or_else(|| Subject::parse(""));
        let normalize = if settings.normalize {
            Normalize::Yes
        } else {
            Normalize::AsConfigured
        };
        let (registered, fetched) = match &settings.choice {
            SchemaChoice::AutoRegister => {
                let found = client.register(&subject, own()?, normalize).await?;
                (found, false)
            }
            SchemaChoice::Registered => {
                let found = client
                    .lookup(&subject, own()?, normalize, Deleted::Hidden)
                    .await?;
                (found, false)
            }
            SchemaChoice::Latest => (client.latest_as(&subject, L::FORMAT).await?, true),
            SchemaChoice::LatestWithMetadata(properties) => {
                let properties: Vec<(String, String)> = properties
                    .iter()
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect();
                let found = client
                    .latest_with_metadata(&subject, &properties, L::FORMAT)
                    .await?;
                (found, true)
            }
            SchemaChoice::Id(id) => (client.schema_by_id_as(*id, None, L::FORMAT).await?, true),
            SchemaChoice::Guid(guid) => (client.schema_by_guid_as(*guid, L::FORMAT).await?, true),
        };
        let guid = match (&settings.choice, registered.guid) {
            (SchemaChoice::Guid(guid), _) => Some(*guid),
            (_, guid) => guid,
        };
        let id = match (&settings.choice, registered.id) {
            (SchemaChoice::Id(id), _) => Some(*id),
            (_, id) => id,
        };
        Ok(Chosen {
            subject,
            id,
            guid,
            fetched: fetched.then_some(registered),
        })
    }

    /// The codec of the schema that was chosen.
    pub(super) async fn codec<L: Language>(
        &self,
        chosen: &Chosen,
        given: Option<&Schema>,
    ) -> Result<L::Codec, SerdeError> {
        match (&chosen.fetched, given) {
            (Some(fetched), _) => {
                let key = chosen.key()?;
                codec_of::<L>(&self.client, fetched, key, chosen.subject()).await
            }
            (None, Some(given)) => {
                let what = chosen.label();
                codec_of_local::<L>(&self.client, given, chosen.subject(), &what).await
            }
            (None, None) => Err(SerdeError::settings("the serializer was given no schema")),
        }
    }
}

impl Chosen {
    fn subject(&self) -> Option<&Subject> {
        (!self.subject.as_str().is_empty()).then_some(&self.subject)
    }

    fn key(&self) -> Result<SchemaKey, SerdeError> {
        match (self.id, self.guid) {
            (Some(id), _) => Ok(SchemaKey::Id(id)),
            (None, Some(guid)) => Ok(SchemaKey::Guid(guid)),
            (None, None) => Err(SerdeError::Client(ClientError::Invalid(
                "the registry told neither an id nor a GUID".into(),
            ))),
        }
    }

    pub(super) fn label(&self) -> Arc<str> {
        match self.key() {
            Ok(key) => label(key, self.subject()),
            Err(_) => "the schema".into(),
        }
    }
}
