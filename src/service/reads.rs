//! The reading operations, one method each.

use super::gather::Gathered;
use super::render::references_as;
use super::{Error, Service};
use crate::model::{Config, Context, Guid, Mode, SchemaId, Subject, VersionSpec};
use crate::registry::query::{self, ById, Deleted, LIST_LIMIT, Page, SchemasQuery};
use crate::registry::refusal::Refusal;
use crate::registry::settings::{self, Fallback};
use crate::registry::validate;
use crate::wire::{
    ContextIdResponse, SchemaResponse, SchemaStringResponse, SubjectVersionResponse,
    ValidateRequest, ValidateResponse,
};
use std::sync::Arc;

/// How a version is to be shown.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Whether a soft-deleted version is shown.
    pub deleted: bool,
    /// The output format of the text; empty for the stored one.
    pub format: String,
    /// `qualified` spells out the context of references.
    pub reference_format: String,
    /// Show entities with any of these inline tags.
    pub find_tags: Vec<String>,
}

/// How a schema is to be found and shown by id.
#[derive(Debug, Clone, Default)]
pub struct ByIdOptions {
    /// Chooses the context, and the version to name.
    pub subject: Option<Subject>,
    /// Whether to show the highest id of the context.
    pub fetch_max_id: bool,
    /// How to show it.
    pub read: ReadOptions,
}

fn seen(deleted: bool) -> Deleted {
    if deleted {
        Deleted::Include
    } else {
        Deleted::None
    }
}

fn fallback(to_global: bool) -> Fallback {
    if to_global {
        Fallback::Global
    } else {
        Fallback::Own
    }
}

impl Service {
    /// `GET /subjects`; no prefix means every context.
    pub async fn subjects(
        &self,
        prefix: Option<String>,
        deleted: Deleted,
        page: Page,
    ) -> Result<Vec<Subject>, Error> {
        let prefix = prefix.unwrap_or_else(|| ":*:".to_owned());
        self.ask_fresh(|index| Ok(query::subjects(index, &prefix, deleted, page)))
            .await
    }

    /// `GET /subjects/{subject}/versions`
    pub async fn versions(
        &self,
        subject: Subject,
        deleted: Deleted,
        deleted_as_negative: bool,
        page: Page,
    ) -> Result<Vec<i32>, Error> {
        self.ask_fresh(|index| query::versions(index, &subject, deleted, deleted_as_negative, page))
            .await
    }

    /// `GET /subjects/{subject}/versions/{version}`
    pub async fn version(
        &self,
        subject: Subject,
        version: VersionSpec,
        options: ReadOptions,
    ) -> Result<SchemaResponse, Error> {
        let deleted = seen(options.deleted);
        if version == VersionSpec::Latest {
            self.refresh().await;
        }
        let found = self
            .ask(|index| query::version_anywhere(index, &subject, version, deleted))
            .await?;
        self.render(&found, &options).await
    }

    /// `GET /subjects/{subject}/versions/{version}/schema`
    pub async fn version_text(
        &self,
        subject: Subject,
        version: VersionSpec,
        deleted: bool,
        format: String,
    ) -> Result<Arc<str>, Error> {
        if version == VersionSpec::Latest {
            self.refresh().await;
        }
        let found = self
            .ask(|index| query::version_anywhere(index, &subject, version, seen(deleted)))
            .await?;
        self.text_in(&found.schema, &format).await
    }

    /// `GET /subjects/{subject}/metadata`
    pub async fn metadata(
        &self,
        subject: Subject,
        pairs: Vec<(String, String)>,
        deleted: bool,
        format: String,
    ) -> Result<SchemaResponse, Error> {
        let found = self
            .ask_fresh(|index| query::latest_with_metadata(index, &subject, &pairs, seen(deleted)))
            .await?;
        let options = ReadOptions {
            format,
            ..ReadOptions::default()
        };
        self.render(&found, &options).await
    }

    /// `POST /subjects/{subject}/versions/{version}/validate`, which is ours
    pub async fn validate(
        &self,
        subject: Subject,
        version: VersionSpec,
        deleted: bool,
        request: ValidateRequest,
    ) -> Result<ValidateResponse, Error> {
        if version == VersionSpec::Latest {
            self.refresh().await;
        }
        let deleted = seen(deleted);
        self.run(move |library| validate::validate(library, &subject, version, deleted, &request))
            .await
    }

    /// `GET …/referencedby`
    pub async fn referenced_by(
        &self,
        subject: Subject,
        version: VersionSpec,
        deleted: bool,
        page: Page,
    ) -> Result<Vec<SchemaId>, Error> {
        self.ask_fresh(|index| query::referenced_by(index, &subject, version, deleted, page))
            .await
    }

    /// `GET /schemas`
    pub async fn schemas(&self, query: SchemasQuery) -> Result<Vec<SchemaResponse>, Error> {
        let list = self
            .ask_fresh(|index| Ok(query::schemas(index, &query)))
            .await?;
        let mut texts = Gathered::new();
        let ids: Vec<_> = list.iter().map(|(found, _)| found.schema.text).collect();
        for ids in ids.chunks(256) {
            self.texts_of(ids, &mut texts).await?;
        }
        let mut items = Vec::with_capacity(list.len());
        for (found, aliases) in list {
            let mut item = self.render(&found, &ReadOptions::default()).await?;
            item.aliases = aliases.iter().map(Subject::to_string).collect();
            items.push(item);
        }
        Ok(items)
    }

    /// `GET /schemas/ids/{id}`
    pub async fn schema_by_id(
        &self,
        id: SchemaId,
        options: ByIdOptions,
    ) -> Result<SchemaStringResponse, Error> {
        let subject = options.subject.as_ref();
        let (found, max_id) = self
            .ask(|index| {
                let found = query::by_id(index, id, subject)?;
                let max_id = index.max_id(&found.context);
                Ok((found, max_id))
            })
            .await?;
        let named = subject.is_some_and(|s| !s.as_str().is_empty());
        let mut answer = self.by_id_response(&found, &options.read).await?;
        answer.id = Some(id);
        answer.max_id = options.fetch_max_id.then_some(max_id);
        if let Some((subject, record)) = found.holder.filter(|_| named) {
            answer.subject = Some(subject);
            answer.version = Some(record.version);
        }
        Ok(answer)
    }

    async fn by_id_response(
        &self,
        found: &ById,
        options: &ReadOptions,
    ) -> Result<SchemaStringResponse, Error> {
        let schema = &found.schema;
        let record = found.holder.as_ref().map(|(_, record)| record);
        Ok(SchemaStringResponse {
            subject: None,
            version: None,
            id: None,
            guid: Some(schema.guid),
            schema_type: schema.schema_type,
            schema: self.text_in(schema, &options.format).await?,
            references: references_as(schema, &options.reference_format),
            metadata: schema.metadata.clone(),
            rule_set: schema.rule_set.clone(),
            schema_tags: self.tags_in(schema, &options.find_tags).await?,
            max_id: None,
            ts: record.map(|r| r.at),
            deleted: record.map(|r| r.deleted),
        })
    }

    /// `GET /schemas/ids/{id}/schema`
    pub async fn schema_text_by_id(
        &self,
        id: SchemaId,
        subject: Option<Subject>,
        format: String,
    ) -> Result<Arc<str>, Error> {
        let found = self
            .ask(|index| query::by_id(index, id, subject.as_ref()))
            .await?;
        self.text_in(&found.schema, &format).await
    }

    /// `GET /schemas/ids/{id}/subjects`
    pub async fn subjects_by_id(
        &self,
        id: SchemaId,
        subject: Option<Subject>,
        deleted: bool,
        page: Page,
    ) -> Result<Vec<Subject>, Error> {
        let all = self
            .ask_fresh(|index| query::versions_of_id(index, id, subject.as_ref(), deleted))
            .await?;
        Ok(page.of(all.into_iter().map(|(s, _)| s), LIST_LIMIT))
    }

    /// `GET /schemas/ids/{id}/versions`
    pub async fn versions_by_id(
        &self,
        id: SchemaId,
        subject: Option<Subject>,
        deleted: bool,
        page: Page,
    ) -> Result<Vec<SubjectVersionResponse>, Error> {
        let all = self
            .ask_fresh(|index| query::versions_of_id(index, id, subject.as_ref(), deleted))
            .await?;
        let all = all
            .into_iter()
            .map(|(subject, version)| SubjectVersionResponse { subject, version });
        Ok(page.of(all, LIST_LIMIT))
    }

    /// `GET /schemas/guids/{guid}`
    pub async fn schema_by_guid(
        &self,
        guid: String,
        format: String,
    ) -> Result<SchemaStringResponse, Error> {
        let found = self.ask(|index| query::by_guid(index, &guid)).await?;
        let options = ReadOptions {
            format,
            ..ReadOptions::default()
        };
        self.by_id_response(&found, &options).await
    }

    /// `GET /schemas/guids/{guid}/ids`
    pub async fn ids_by_guid(&self, guid: String) -> Result<Vec<ContextIdResponse>, Error> {
        let ids = self
            .ask(|index| {
                let ids = Guid::parse(&guid).map(|g| query::ids_of_guid(index, &g));
                match ids {
                    Some(ids) if !ids.is_empty() => Ok(ids),
                    _ => Err(Refusal::SchemaNotFound),
                }
            })
            .await;
        let ids = match ids {
            // Here nothing is an answer; asked as a miss, so that another node's write is seen.
            Err(Error::Refused(Refusal::SchemaNotFound)) => Vec::new(),
            other => other?,
        };
        Ok(ids
            .into_iter()
            .map(|(context, id)| ContextIdResponse {
                context: context.to_string(),
                id,
            })
            .collect())
    }

    /// `GET /config[/{scope}]`
    pub async fn config(&self, scope: Subject, default_to_global: bool) -> Result<Config, Error> {
        let fallback = fallback(default_to_global);
        self.ask_fresh(|index| settings::config(index, &self.settings, &scope, fallback))
            .await
    }

    /// `GET /mode[/{scope}]`
    pub async fn mode(&self, scope: Subject, default_to_global: bool) -> Result<Mode, Error> {
        let fallback = fallback(default_to_global);
        self.ask_fresh(|index| settings::mode(index, &scope, fallback))
            .await
    }

    /// `GET /contexts`
    pub async fn contexts(&self, prefix: String, page: Page) -> Result<Vec<Context>, Error> {
        self.ask_fresh(|index| Ok(query::contexts(index, &prefix, page)))
            .await
    }
}
