//! From a record's frame to a reader: the codec of who wrote it, and of what it is read into, found once and kept.

use super::cache::{Warm, same};
use super::error::SerdeError;
use super::language::{Language, codec_of, codec_of_local, label};
use super::record::Incoming;
use super::settings::{DeserializerSettings, ReaderSchema};
use super::subject::subject_of;
use crate::client::RegistryClient;
use crate::model::{Context, Subject};
use crate::wire::frame::{self, SchemaKey};
use quick_cache::Equivalent;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// What a reader is kept under. The topic counts where it decides what is read into; else it is empty.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Origin {
    key: SchemaKey,
    topic: Box<str>,
}

struct OriginOf<'a>(SchemaKey, &'a str);

// As `OriginOf` hashes.
impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        OriginOf(self.key, &self.topic).hash(state);
    }
}

impl Hash for OriginOf<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
        self.1.hash(state);
    }
}

impl Equivalent<Origin> for OriginOf<'_> {
    fn equivalent(&self, origin: &Origin) -> bool {
        self.0 == origin.key && same(self.1, &origin.topic)
    }
}

/// How records of one schema are read.
pub(super) struct Reader<C> {
    /// Who wrote them.
    pub(super) writer: C,
    /// What they are read into, if that is something else.
    #[cfg_attr(
        not(any(feature = "client-avro", feature = "client-json")),
        expect(dead_code, reason = "Protobuf messages are read into types")
    )]
    pub(super) into: Option<Arc<C>>,
    /// How errors call the writer's schema.
    pub(super) label: Arc<str>,
    until: Option<Instant>,
}

impl<C> Reader<C> {
    fn is_fresh(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }
}

/// The readers of one deserializer.
pub(super) struct Readers<L: Language> {
    client: RegistryClient,
    pub(super) settings: DeserializerSettings,
    context: Option<Subject>,
    given: OnceCell<Arc<L::Codec>>,
    warm: Warm<Origin, Reader<L::Codec>>,
}

/// The schema of a record, and its payload. For Protobuf, the message indexes stand in front of `rest`, which is
/// the header's end or the payload's beginning.
pub(super) struct Opened<'a> {
    pub(super) key: SchemaKey,
    pub(super) rest: &'a [u8],
    /// The payload, if the frame was in a header.
    pub(super) payload: Option<&'a [u8]>,
}

impl<L: Language> Readers<L> {
    pub(super) fn new(
        client: RegistryClient,
        settings: DeserializerSettings,
    ) -> Result<Self, SerdeError> {
        let context = match &settings.context {
            None => None,
            Some(name) => {
                let context =
                    Context::parse(name).map_err(|e| SerdeError::settings(e.to_string()))?;
                Some(Subject::new(&context, ""))
            }
        };
        Ok(Self {
            client,
            context,
            given: OnceCell::new(),
            warm: Warm::new(settings.limits.schemas),
            settings,
        })
    }

    /// Takes a record's frame off.
    #[inline]
    pub(super) fn open<'a>(&self, record: &Incoming<'a>) -> Result<Opened<'a>, SerdeError> {
        let size = record.bytes.len();
        let limit = self.settings.limits.record_bytes;
        if size > limit {
            return Err(SerdeError::TooLarge { size, limit });
        }
        if size == 0 && record.header.is_none() {
            return Err(SerdeError::Null);
        }
        Ok(match record.header {
            Some(header) => {
                let (key, rest) = frame::split(header)?;
                Opened {
                    key,
                    rest,
                    payload: Some(record.bytes),
                }
            }
            None => {
                let (key, rest) = frame::split(record.bytes)?;
                Opened {
                    key,
                    rest,
                    payload: None,
                }
            }
        })
    }

    #[inline]
    fn topic<'a>(&self, topic: &'a str) -> &'a str {
        match self.settings.reader {
            ReaderSchema::Writers | ReaderSchema::Given(_) => "",
            ReaderSchema::Latest | ReaderSchema::LatestWithMetadata(_) => topic,
        }
    }

    /// Hands the reader to `read`, if it was found before and is not too old.
    #[inline]
    pub(super) fn with<R>(
        &self,
        key: SchemaKey,
        topic: &str,
        read: impl FnOnce(&Reader<L::Codec>) -> R,
    ) -> Option<R> {
        let origin = OriginOf(key, self.topic(topic));
        if let Some(reader) = self.warm.first(&origin) {
            return Some(read(reader));
        }
        let reader = self.warm.other(&origin)?;
        reader.is_fresh().then(|| read(&reader))
    }

    fn get(&self, key: SchemaKey, topic: &str) -> Option<Arc<Reader<L::Codec>>> {
        let reader = self.warm.get(&OriginOf(key, self.topic(topic)))?;
        reader.is_fresh().then_some(reader)
    }

    /// The reader, from memory or through the client. `alike` says whether two schemas read alike, `name` is the name
    /// of a schema's root.
    pub(super) async fn find(
        &self,
        key: SchemaKey,
        topic: &str,
        alike: impl Fn(&L::Codec, &L::Codec) -> bool,
        name: impl Fn(&L::Codec) -> Option<String>,
    ) -> Result<Arc<Reader<L::Codec>>, SerdeError> {
        if let Some(reader) = self.get(key, topic) {
            return Ok(reader);
        }
        let client = &self.client;
        let subject = self.context.as_ref();
        client.usable(key, subject)?;
        let registered = match key {
            SchemaKey::Id(id) => client.schema_by_id_as(id, subject, L::FORMAT).await?,
            SchemaKey::Guid(guid) => client.schema_by_guid_as(guid, L::FORMAT).await?,
        };
        let writer = codec_of::<L>(client, &registered, key, subject).await?;
        let (into, until) = match &self.settings.reader {
            ReaderSchema::Writers => (None, None),
            ReaderSchema::Given(schema) => {
                let make = || async {
                    let codec =
                        codec_of_local::<L>(client, schema, subject, "the reader's schema").await;
                    codec.map(Arc::new)
                };
                (Some(self.given.get_or_try_init(make).await?.clone()), None)
            }
            choice @ (ReaderSchema::Latest | ReaderSchema::LatestWithMetadata(_)) => {
                let settings = &self.settings;
                let record = name(&writer);
                let subject = subject_of(
                    client,
                    &settings.strategy,
                    settings.part,
                    topic,
                    record.as_deref(),
                )
                .await?;
                let latest = match choice {
                    ReaderSchema::LatestWithMetadata(properties) => {
                        let properties: Vec<(String, String)> = properties
                            .iter()
                            .map(|(k, v)| (k.clone(), v.clone()))
                            .collect();
                        client
                            .latest_with_metadata(&subject, &properties, L::FORMAT)
                            .await?
                    }
                    _ => client.latest_as(&subject, L::FORMAT).await?,
                };
                let key = match (latest.id, latest.guid) {
                    (Some(id), _) => SchemaKey::Id(id),
                    (None, Some(guid)) => SchemaKey::Guid(guid),
                    (None, None) => key,
                };
                let codec = codec_of::<L>(client, &latest, key, Some(&subject)).await?;
                let until = Instant::now() + settings.latest_for;
                (Some(Arc::new(codec)), Some(until))
            }
        };
        let into = into.filter(|into| !alike(into, &writer));
        let reader = Arc::new(Reader {
            writer,
            into,
            label: label(key, registered.subject.as_ref().or(subject)),
            until,
        });
        let origin = Origin {
            key,
            topic: self.topic(topic).into(),
        };
        if reader.until.is_none() {
            self.warm.insert_for_good(origin, reader.clone());
        } else {
            self.warm.insert(origin, reader.clone());
        }
        Ok(reader)
    }
}
