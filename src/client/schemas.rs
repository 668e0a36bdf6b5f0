//! Schemas: by id, by GUID, by version, by content. Everything here is kept.

use super::RegistryClient;
use super::error::ClientError;
use super::fetch::body;
use super::key::Key;
use super::target::Target;
use super::transport::{Method, Request};
use super::types::{Deleted, Format, Normalize, Registered, Schema};
use crate::model::{Guid, SchemaId, Subject, TextId, Version};
use crate::wire::frame::SchemaKey;
use crate::wire::{RegisterResponse, SchemaResponse, SchemaStringResponse};
use bytes::Bytes;
use std::sync::Arc;

impl RegistryClient {
    /// The schema with an id. Ids are numbered in each context: with a subject, it is the subject's context, and
    /// without one, the client's.
    ///
    /// # Errors
    ///
    /// See [`ClientError`]; [`ClientError::is_not_found`] for an id that is not there.
    pub async fn schema_by_id(
        &self,
        id: SchemaId,
        subject: Option<&Subject>,
    ) -> Result<Arc<Registered>, ClientError> {
        self.schema_by_id_as(id, subject, Format::AsRegistered)
            .await
    }

    /// The same in a format.
    ///
    /// # Errors
    ///
    /// As [`RegistryClient::schema_by_id`].
    pub async fn schema_by_id_as(
        &self,
        id: SchemaId,
        subject: Option<&Subject>,
        format: Format,
    ) -> Result<Arc<Registered>, ClientError> {
        let subject = self.inner.place_id(subject);
        let request = || {
            let target = Target::path(&["schemas", "ids", &id.to_string()])?
                .with_some("subject", subject.as_ref().map(Subject::as_str))
                .with_some("format", format.parameter());
            Ok(get(target))
        };
        let key = Key::Id(id, subject.clone(), format);
        self.inner
            .kept(key, request, move |body| {
                let found: SchemaStringResponse = read(body)?;
                if found.id.is_some_and(|other| other != id) {
                    return Err("the schema of another id".to_owned());
                }
                let mut found = Registered::from(found);
                found.id = Some(id);
                Ok(found)
            })
            .await
    }

    /// The schema with an id, if it is in memory: no request, no waiting. The context is the client's; where that
    /// is not the default one, its name is put together for each call.
    #[inline]
    pub fn cached_by_id(&self, id: SchemaId) -> Option<Arc<Registered>> {
        let subject = self.inner.place_id(None);
        self.inner
            .memory
            .get(&Key::Id(id, subject, Format::AsRegistered))
    }

    /// The same as seen from a subject and in a format: what [`RegistryClient::schema_by_id_as`] has kept.
    pub fn cached_by_id_as(
        &self,
        id: SchemaId,
        subject: Option<&Subject>,
        format: Format,
    ) -> Option<Arc<Registered>> {
        let subject = self.inner.place_id(subject);
        self.inner.memory.get(&Key::Id(id, subject, format))
    }

    /// The schema with a GUID.
    ///
    /// # Errors
    ///
    /// See [`ClientError`]; [`ClientError::is_not_found`] for a GUID that is not there.
    pub async fn schema_by_guid(&self, guid: Guid) -> Result<Arc<Registered>, ClientError> {
        self.schema_by_guid_as(guid, Format::AsRegistered).await
    }

    /// The same in a format.
    ///
    /// # Errors
    ///
    /// As [`RegistryClient::schema_by_guid`].
    pub async fn schema_by_guid_as(
        &self,
        guid: Guid,
        format: Format,
    ) -> Result<Arc<Registered>, ClientError> {
        let request = || {
            let target = Target::path(&["schemas", "guids", &guid.to_string()])?
                .with_some("format", format.parameter());
            Ok(get(target))
        };
        self.inner
            .kept(Key::Guid(guid, format), request, move |body| {
                let found: SchemaStringResponse = read(body)?;
                if found.guid.is_some_and(|other| other != guid) {
                    return Err("the schema of another GUID".to_owned());
                }
                let mut found = positive(Registered::from(found))?;
                found.guid = Some(guid);
                Ok(found)
            })
            .await
    }

    /// The schema with a GUID, if it is in memory.
    pub fn cached_by_guid(&self, guid: Guid) -> Option<Arc<Registered>> {
        self.inner
            .memory
            .get(&Key::Guid(guid, Format::AsRegistered))
    }

    /// Registers a schema under a subject, or finds that it is there already. Repeated calls with the same content
    /// are answered from memory.
    ///
    /// # Errors
    ///
    /// See [`ClientError`]; [`ClientError::is_incompatible`] where the subject's rules refuse it.
    pub async fn register(
        &self,
        subject: &Subject,
        schema: &Schema,
        normalize: Normalize,
    ) -> Result<Arc<Registered>, ClientError> {
        let subject = self.inner.place(subject);
        let content = fingerprint(schema)?;
        let key = Key::Register(subject.clone(), content, normalize);
        let request = || {
            let target = Target::path(&["subjects", subject.as_str(), "versions"])?
                .with_flag("normalize", normalize == Normalize::Yes);
            Ok(post(target, body(&schema.request())?))
        };
        if let Some(known) = self.inner.memory.get(&key) {
            return Ok(known);
        }
        let sent = schema.clone();
        let of = subject.clone();
        let registered = self
            .inner
            .kept(key, request, move |body| {
                positive(as_registered(read(body)?, of, sent))
            })
            .await?;
        self.inner.memory.registered(&subject);
        Ok(registered)
    }

    /// What [`RegistryClient::register`] answered, if it is in memory.
    pub fn cached_registration(
        &self,
        subject: &Subject,
        schema: &Schema,
        normalize: Normalize,
    ) -> Option<Arc<Registered>> {
        let content = fingerprint(schema).ok()?;
        let subject = self.inner.place(subject);
        self.inner
            .memory
            .get(&Key::Register(subject, content, normalize))
    }

    /// The version of a subject that has this content.
    ///
    /// # Errors
    ///
    /// See [`ClientError`]; [`ClientError::is_not_found`] where there is none.
    pub async fn lookup(
        &self,
        subject: &Subject,
        schema: &Schema,
        normalize: Normalize,
        deleted: Deleted,
    ) -> Result<Arc<Registered>, ClientError> {
        let subject = self.inner.place(subject);
        let key = Key::Lookup(subject.clone(), fingerprint(schema)?, normalize, deleted);
        let request = || {
            let target = Target::path(&["subjects", subject.as_str()])?
                .with_flag("normalize", normalize == Normalize::Yes)
                .with_flag("deleted", deleted == Deleted::Included);
            Ok(post(target, body(&schema.request())?))
        };
        self.inner.kept(key, request, read_version).await
    }

    /// The latest version of a subject. It is kept for [`Tuning::latest_ttl`](super::Tuning::latest_ttl).
    ///
    /// # Errors
    ///
    /// See [`ClientError`]; [`ClientError::is_not_found`] for a subject without versions.
    pub async fn latest(&self, subject: &Subject) -> Result<Arc<Registered>, ClientError> {
        self.latest_as(subject, Format::AsRegistered).await
    }

    /// The same in a format.
    ///
    /// # Errors
    ///
    /// As [`RegistryClient::latest`].
    pub async fn latest_as(
        &self,
        subject: &Subject,
        format: Format,
    ) -> Result<Arc<Registered>, ClientError> {
        let subject = self.inner.place(subject);
        let request = || {
            let target = Target::path(&["subjects", subject.as_str(), "versions", "latest"])?
                .with_some("format", format.parameter());
            Ok(get(target))
        };
        let key = Key::Latest(subject.clone(), format);
        self.inner.kept(key, request, read_version).await
    }

    /// The latest version of a subject, if it is in memory and not too old.
    pub fn cached_latest(&self, subject: &Subject) -> Option<Arc<Registered>> {
        let subject = self.inner.place(subject);
        self.inner
            .memory
            .get(&Key::Latest(subject, Format::AsRegistered))
    }

    /// The latest version of a subject whose metadata has all of these properties, kept like
    /// [`RegistryClient::latest`].
    ///
    /// # Errors
    ///
    /// See [`ClientError`]; [`ClientError::is_not_found`] where there is none.
    pub async fn latest_with_metadata(
        &self,
        subject: &Subject,
        properties: &[(String, String)],
        format: Format,
    ) -> Result<Arc<Registered>, ClientError> {
        let subject = self.inner.place(subject);
        let mut properties = properties.to_vec();
        properties.sort_unstable();
        let request = || {
            let mut target = Target::path(&["subjects", subject.as_str(), "metadata"])?;
            for (name, value) in &properties {
                target = target.with("key", name).with("value", value);
            }
            Ok(get(target.with_some("format", format.parameter())))
        };
        let key = Key::LatestWith(subject.clone(), Arc::from(properties.clone()), format);
        self.inner.kept(key, request, read_version).await
    }

    /// A version of a subject.
    ///
    /// # Errors
    ///
    /// See [`ClientError`]; [`ClientError::is_not_found`] where there is none.
    pub async fn version(
        &self,
        subject: &Subject,
        version: Version,
        deleted: Deleted,
    ) -> Result<Arc<Registered>, ClientError> {
        self.version_as(subject, version, deleted, Format::AsRegistered)
            .await
    }

    /// The same in a format.
    ///
    /// # Errors
    ///
    /// As [`RegistryClient::version`].
    pub async fn version_as(
        &self,
        subject: &Subject,
        version: Version,
        deleted: Deleted,
        format: Format,
    ) -> Result<Arc<Registered>, ClientError> {
        let subject = self.inner.place(subject);
        let request = || {
            let number = version.to_string();
            let target = Target::path(&["subjects", subject.as_str(), "versions", &number])?
                .with_flag("deleted", deleted == Deleted::Included)
                .with_some("format", format.parameter());
            Ok(get(target))
        };
        let key = Key::Version(subject.clone(), version, deleted, format);
        self.inner
            .kept(key, request, move |body| {
                let found = read_version(body)?;
                if found.version != Some(version) {
                    return Err("another version".to_owned());
                }
                Ok(found)
            })
            .await
    }

    /// Notes that a schema is of no use to this program, such as one that cannot be parsed. For a while,
    /// [`RegistryClient::usable`] says so.
    pub fn mark_bad(
        &self,
        schema: SchemaKey,
        subject: Option<&Subject>,
        reason: impl Into<Arc<str>>,
    ) {
        let reason = reason.into();
        tracing::warn!(%schema, subject = subject.map(Subject::as_str), %reason, "unusable schema");
        self.inner.memory.put_bad(schema, subject, reason);
    }

    /// Whether a schema is not known to be of no use.
    ///
    /// # Errors
    ///
    /// [`ClientError::BadSchema`], if [`RegistryClient::mark_bad`] was called for it within
    /// [`Tuning::bad_schema_ttl`](super::Tuning::bad_schema_ttl).
    pub fn usable(&self, schema: SchemaKey, subject: Option<&Subject>) -> Result<(), ClientError> {
        match self.inner.memory.bad(schema, subject) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

pub(super) fn get(target: Target) -> Request {
    Request {
        method: Method::Get,
        target: target.into_text(),
        body: None,
    }
}

fn post(target: Target, body: Bytes) -> Request {
    Request {
        method: Method::Post,
        target: target.into_text(),
        body: Some(body),
    }
}

fn fingerprint(schema: &Schema) -> Result<TextId, ClientError> {
    schema
        .fingerprint()
        .map_err(|error| ClientError::invalid(format!("the schema cannot be sent: {error}")))
}

pub(super) fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn read_version(body: &[u8]) -> Result<Registered, String> {
    positive(Registered::from(read::<SchemaResponse>(body)?))
}

/// Ids are positive. Some registries answer 0 or -1 where they have none, and no record should carry that.
fn positive(found: Registered) -> Result<Registered, String> {
    match found.id {
        Some(id) if id.0 <= 0 => Err(format!("the id {id}, which no schema has")),
        _ => Ok(found),
    }
}

impl From<SchemaStringResponse> for Registered {
    fn from(found: SchemaStringResponse) -> Self {
        Self {
            id: found.id,
            guid: found.guid,
            subject: found.subject,
            version: found.version,
            schema: Schema {
                schema_type: found.schema_type,
                text: found.schema,
                references: found.references,
                metadata: found.metadata,
                rule_set: found.rule_set,
            },
            deleted: found.deleted.unwrap_or(false),
        }
    }
}

impl From<SchemaResponse> for Registered {
    fn from(found: SchemaResponse) -> Self {
        Self {
            id: Some(found.id),
            guid: found.guid,
            subject: Some(found.subject),
            version: Some(found.version),
            schema: Schema {
                schema_type: found.schema_type,
                text: found.schema,
                references: found.references,
                metadata: found.metadata,
                rule_set: found.rule_set,
            },
            deleted: found.deleted,
        }
    }
}

/// What was registered: the answer leaves out what is as it was sent, and older registries name the id alone.
fn as_registered(answer: RegisterResponse, subject: Subject, sent: Schema) -> Registered {
    Registered {
        id: Some(answer.id),
        guid: answer.guid,
        subject: Some(subject),
        version: answer.version,
        schema: Schema {
            schema_type: sent.schema_type,
            text: answer.schema.unwrap_or(sent.text),
            references: if answer.references.is_empty() {
                sent.references
            } else {
                answer.references
            },
            metadata: answer.metadata.or(sent.metadata),
            rule_set: answer.rule_set.or(sent.rule_set),
        },
        deleted: answer.deleted.unwrap_or(false),
    }
}
