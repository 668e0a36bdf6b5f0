//! Everything about subjects, settings and contexts. It is asked anew each time, but for associations.

use super::RegistryClient;
use super::error::ClientError;
use super::fetch::body;
use super::key::Key;
use super::schemas::{get, read};
use super::target::Target;
use super::transport::Method;
use super::types::{Association, Deleted, Deletion, Normalize, Schema};
use crate::model::{
    Config, ConfigPatch, Context, Guid, Mode, SchemaId, Subject, Version, VersionSpec,
};
use crate::wire::{
    CompatibilityResponse, ConfigRequest, ConfigUpdateResponse, ContextIdResponse, ModeRequest,
    ModeResponse, ServerClusterResponse, SubjectVersionResponse,
};
use std::sync::Arc;

/// The most associations that are taken of one resource; there are two, of its keys and of its values.
const ASSOCIATIONS: usize = 100;

impl RegistryClient {
    /// The subjects whose qualified names start with `prefix`. Without one, those of the client's context, or of all
    /// contexts where that is the default one.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn subjects(
        &self,
        prefix: Option<&str>,
        deleted: Deleted,
    ) -> Result<Vec<Subject>, ClientError> {
        let context = self.inner.context.delimited();
        let prefix = prefix.or((!context.is_empty()).then_some(context.as_str()));
        let target = Target::path(&["subjects"])?
            .with_some("subjectPrefix", prefix)
            .with_flag("deleted", deleted == Deleted::Included);
        self.inner.value(Method::Get, target, None).await
    }

    /// The versions of a subject, in ascending order.
    ///
    /// # Errors
    ///
    /// See [`ClientError`]; [`ClientError::is_not_found`] for a subject without versions.
    pub async fn versions(
        &self,
        subject: &Subject,
        deleted: Deleted,
    ) -> Result<Vec<Version>, ClientError> {
        let subject = self.inner.place(subject);
        let target = Target::path(&["subjects", subject.as_str(), "versions"])?
            .with_flag("deleted", deleted == Deleted::Included);
        self.inner.value(Method::Get, target, None).await
    }

    /// The subjects and versions that have an id.
    ///
    /// # Errors
    ///
    /// See [`ClientError`]; [`ClientError::is_not_found`] for an id that is not there.
    pub async fn versions_by_id(
        &self,
        id: SchemaId,
        subject: Option<&Subject>,
        deleted: Deleted,
    ) -> Result<Vec<SubjectVersionResponse>, ClientError> {
        let subject = self.inner.place_id(subject);
        let target = Target::path(&["schemas", "ids", &id.to_string(), "versions"])?
            .with_some("subject", subject.as_ref().map(Subject::as_str))
            .with_flag("deleted", deleted == Deleted::Included);
        self.inner.value(Method::Get, target, None).await
    }

    /// The contexts and ids that have a GUID's content.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn ids_by_guid(&self, guid: Guid) -> Result<Vec<ContextIdResponse>, ClientError> {
        let target = Target::path(&["schemas", "guids", &guid.to_string(), "ids"])?;
        self.inner.value(Method::Get, target, None).await
    }

    /// The ids of schemas that refer to a version.
    ///
    /// # Errors
    ///
    /// See [`ClientError`]; [`ClientError::is_not_found`] for a version that is not there.
    pub async fn referenced_by(
        &self,
        subject: &Subject,
        version: Version,
    ) -> Result<Vec<SchemaId>, ClientError> {
        let subject = self.inner.place(subject);
        let version = version.to_string();
        let segments = [
            "subjects",
            subject.as_str(),
            "versions",
            version.as_str(),
            "referencedby",
        ];
        let target = Target::path(&segments)?;
        self.inner.value(Method::Get, target, None).await
    }

    /// What ties a topic to subjects, kept like [`RegistryClient::latest`]. Topics without associations give the
    /// empty list, and so do registries that know none: a 404 in a registry's words, not in a proxy's.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn associations(
        &self,
        namespace: &str,
        topic: &str,
    ) -> Result<Vec<Association>, ClientError> {
        let request = || {
            let target = Target::path(&["associations", "resources", namespace, topic])?
                .with("resourceType", "topic")
                .with("associationType", "key")
                .with("associationType", "value")
                .with("offset", "0")
                .with("limit", &ASSOCIATIONS.to_string());
            Ok(get(target))
        };
        let key = Key::Associations(Arc::from(namespace), Arc::from(topic));
        let found: Arc<Vec<Association>> = self.inner.kept(key, request, read_associations).await?;
        Ok(found.as_ref().clone())
    }

    /// Whether a schema may join a subject, with the reasons if not: against one version, or without one against
    /// those that the subject's level asks for.
    ///
    /// # Errors
    ///
    /// See [`ClientError`]; [`ClientError::is_not_found`] for a version that is not there.
    pub async fn is_compatible(
        &self,
        subject: &Subject,
        schema: &Schema,
        against: Option<VersionSpec>,
        normalize: Normalize,
    ) -> Result<CompatibilityResponse, ClientError> {
        let subject = self.inner.place(subject);
        let version = match against {
            None => None,
            Some(VersionSpec::Latest) => Some("latest".to_owned()),
            Some(VersionSpec::Exact(version)) => Some(version.to_string()),
        };
        let mut segments = vec!["compatibility", "subjects", subject.as_str(), "versions"];
        segments.extend(version.as_deref());
        let target = Target::path(&segments)?
            .with("verbose", "true")
            .with_flag("normalize", normalize == Normalize::Yes);
        let body = body(&schema.request())?;
        self.inner.value(Method::Post, target, Some(body)).await
    }

    /// The settings of a subject, or of everything. With `inherited`, what a subject does not set is taken from
    /// where it comes from; without, a subject that sets nothing is not found.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn config(
        &self,
        subject: Option<&Subject>,
        inherited: bool,
    ) -> Result<Config, ClientError> {
        let target = self
            .scoped("config", subject)?
            .with_flag("defaultToGlobal", inherited);
        self.inner.value(Method::Get, target, None).await
    }

    /// Changes settings of a subject, or of everything, and gives those that were set.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn set_config(
        &self,
        subject: Option<&Subject>,
        change: ConfigPatch,
    ) -> Result<ConfigUpdateResponse, ClientError> {
        let target = self.scoped("config", subject)?;
        let body = body(&ConfigRequest::from(change))?;
        self.inner.value(Method::Put, target, Some(body)).await
    }

    /// Forgets the settings of a subject, or of everything, and gives those that were.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn delete_config(&self, subject: Option<&Subject>) -> Result<Config, ClientError> {
        let target = self.scoped("config", subject)?;
        self.inner.value(Method::Delete, target, None).await
    }

    /// The mode of a subject, or of everything; `inherited` as for [`RegistryClient::config`].
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn mode(
        &self,
        subject: Option<&Subject>,
        inherited: bool,
    ) -> Result<Mode, ClientError> {
        let target = self
            .scoped("mode", subject)?
            .with_flag("defaultToGlobal", inherited);
        let answer: ModeResponse = self.inner.value(Method::Get, target, None).await?;
        named_mode(answer)
    }

    /// Sets the mode of a subject, or of everything. With `force`, also to [`Mode::Import`] where there are schemas.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn set_mode(
        &self,
        subject: Option<&Subject>,
        mode: Mode,
        force: bool,
    ) -> Result<(), ClientError> {
        let target = self.scoped("mode", subject)?.with_flag("force", force);
        let body = body(&ModeRequest {
            mode: Some(Some(mode.as_str().to_owned())),
        })?;
        let answer: ModeResponse = self.inner.value(Method::Put, target, Some(body)).await?;
        named_mode(answer).map(|_| ())
    }

    /// Forgets the mode of a subject, or of everything.
    ///
    /// # Errors
    ///
    /// See [`ClientError`]; [`ClientError::is_not_found`] for a subject without a mode of its own.
    pub async fn delete_mode(&self, subject: Option<&Subject>) -> Result<(), ClientError> {
        let target = self.scoped("mode", subject)?;
        let _was: ModeResponse = self.inner.value(Method::Delete, target, None).await?;
        Ok(())
    }

    /// Deletes all versions of a subject and gives their numbers. A delete whose answer is lost is not repeated.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn delete_subject(
        &self,
        subject: &Subject,
        deletion: Deletion,
    ) -> Result<Vec<Version>, ClientError> {
        let subject = self.inner.place(subject);
        let target = Target::path(&["subjects", subject.as_str()])?
            .with_flag("permanent", deletion == Deletion::Permanent);
        let outcome = self.inner.value(Method::Delete, target, None).await;
        self.inner.deleted(&subject).await;
        outcome
    }

    /// Deletes a version and gives its number. A delete whose answer is lost is not repeated.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn delete_version(
        &self,
        subject: &Subject,
        version: VersionSpec,
        deletion: Deletion,
    ) -> Result<Version, ClientError> {
        let subject = self.inner.place(subject);
        let version = match version {
            VersionSpec::Latest => "latest".to_owned(),
            VersionSpec::Exact(version) => version.to_string(),
        };
        let target = Target::path(&["subjects", subject.as_str(), "versions", &version])?
            .with_flag("permanent", deletion == Deletion::Permanent);
        let outcome = self.inner.value(Method::Delete, target, None).await;
        self.inner.deleted(&subject).await;
        outcome
    }

    /// The contexts.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn contexts(&self) -> Result<Vec<Context>, ClientError> {
        let target = Target::path(&["contexts"])?;
        self.inner.value(Method::Get, target, None).await
    }

    /// What the registry calls itself, as `GET /v1/metadata/id` tells it.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn cluster(&self) -> Result<ServerClusterResponse, ClientError> {
        let target = Target::path(&["v1", "metadata", "id"])?;
        self.inner.value(Method::Get, target, None).await
    }

    /// `/what`, or `/what/{subject}`; the client's context, if it has one and there is no subject.
    fn scoped(&self, what: &str, subject: Option<&Subject>) -> Result<Target, ClientError> {
        match self.inner.place_id(subject) {
            None => Target::path(&[what]),
            Some(subject) => Target::path(&[what, subject.as_str()]),
        }
    }
}

fn read_associations(body: &[u8]) -> Result<Vec<Association>, String> {
    let found: Vec<Association> = read(body)?;
    if found.len() > ASSOCIATIONS {
        return Err(format!(
            "more than the {ASSOCIATIONS} associations asked for"
        ));
    }
    Ok(found)
}

fn named_mode(answer: ModeResponse) -> Result<Mode, ClientError> {
    answer.mode.as_deref().and_then(Mode::parse).ok_or_else(|| {
        ClientError::invalid(format!(
            "the registry names a mode that this client does not know: {}",
            answer.mode.as_deref().unwrap_or("none")
        ))
    })
}
