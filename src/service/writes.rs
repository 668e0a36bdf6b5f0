//! The writing operations, and the checks that read as a write would, one method each.

use super::writer::{Answer, Intent};
use super::{Error, Service};
use crate::compat::report::Report;
use crate::model::{Config, Context, Mode, Subject, Version, VersionSpec};
use crate::registry::candidate::Candidate;
use crate::registry::delete::{self, Delete};
use crate::registry::library::{Library, Stop};
use crate::registry::lookup::{self, Sight};
use crate::registry::refusal::Refusal;
use crate::registry::register::{self, Register, Registered};
use crate::registry::settings::{self, Force, Recursive};
use crate::registry::verdict::{Detail, Verdict};
use crate::registry::{Decision, check, tags};
use crate::service::ReadOptions;
use crate::wire::{
    CompatibilityResponse, ConfigRequest, RegisterRequest, RegisterResponse, SchemaResponse,
    TagSchemaRequest,
};

/// How to register.
#[derive(Debug, Clone, Default)]
pub struct RegisterOptions {
    /// Whether to normalise first.
    pub normalize: bool,
    /// Whether to skip the compatibility check.
    pub force: bool,
    /// The output format of the text in the answer; empty for no text.
    pub format: String,
    /// How much to tell of the compatibility check.
    pub detail: Detail,
}

/// How to look a schema up.
#[derive(Debug, Clone, Default)]
pub struct LookupOptions {
    /// Whether to normalise first.
    pub normalize: bool,
    /// Whether soft-deleted versions are seen.
    pub deleted: bool,
    /// The output format of the text; empty for the stored one.
    pub format: String,
}

/// How to check a schema.
#[derive(Debug, Clone, Copy, Default)]
pub struct CheckOptions {
    /// Whether to normalise first.
    pub normalize: bool,
    /// Whether to give the reasons.
    pub verbose: bool,
    /// How much else to tell.
    pub detail: Detail,
}

/// An answer with the report of the check, if one was asked for and there is one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Reported<T> {
    /// The answer.
    #[serde(flatten)]
    pub answer: T,
    /// The report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Box<Report>>,
}

fn how(permanent: bool) -> Delete {
    if permanent {
        Delete::Permanent
    } else {
        Delete::Soft
    }
}

impl Service {
    /// The writing operations, meant or only tried.
    pub fn writes(&self, intent: Intent) -> Writes<'_> {
        Writes {
            service: self,
            intent,
        }
    }

    /// `POST /subjects/{subject}`
    pub async fn lookup(
        &self,
        subject: Subject,
        request: RegisterRequest,
        options: LookupOptions,
    ) -> Result<SchemaResponse, Error> {
        let candidate = Candidate::from(&request);
        let sight = if options.deleted {
            Sight::All
        } else {
            Sight::Live
        };
        let normalize = options.normalize;
        let found = self
            .run(move |library| lookup::lookup(library, &subject, &candidate, normalize, sight))
            .await?;
        let options = ReadOptions {
            format: options.format,
            ..ReadOptions::default()
        };
        self.render(&found, &options).await
    }

    /// `POST /compatibility/subjects/{subject}/versions[/{version}]`. A schema that cannot be read is a
    /// refusal, unless the reasons are asked for: then it is one.
    pub async fn check(
        &self,
        subject: Subject,
        version: Option<VersionSpec>,
        request: RegisterRequest,
        options: CheckOptions,
    ) -> Result<Reported<CompatibilityResponse>, Error> {
        let candidate = Candidate::from(&request);
        let CheckOptions {
            normalize, detail, ..
        } = options;
        self.refresh().await;
        let outcome = self
            .run(move |library: &Library<'_>| -> Result<_, Stop> {
                check::check(library, &subject, version, &candidate, normalize, detail)
            })
            .await;
        let Verdict { messages, report } = match outcome {
            Err(Error::Refused(Refusal::InvalidSchema(details))) if options.verbose => Verdict {
                messages: vec![details],
                report: None,
            },
            other => other?,
        };
        let answer = CompatibilityResponse {
            is_compatible: messages.is_empty(),
            messages: options.verbose.then_some(messages),
        };
        Ok(Reported { answer, report })
    }

    async fn registered(&self, answer: Answer<Registered>, format: &str) -> RegisterResponse {
        let registered = &answer.reply;
        let schema = &registered.schema;
        // It may be written: whatever goes wrong with showing it must not look like a refusal.
        let text = if registered.rewritten || !format.is_empty() {
            match self.text_among(&answer.texts, schema, format).await {
                Ok(text) => Some(text),
                Err(error) => {
                    tracing::warn!(%error, id = %registered.record.id, "a registered schema cannot be shown");
                    None
                }
            }
        } else {
            None
        };
        RegisterResponse {
            id: registered.record.id,
            version: Some(registered.record.version),
            guid: Some(schema.guid),
            schema_type: schema.schema_type,
            references: schema.references.clone(),
            metadata: schema.metadata.clone(),
            rule_set: schema.rule_set.clone(),
            schema: text,
            ts: Some(registered.record.at),
            deleted: Some(registered.record.deleted),
        }
    }
}

/// The writing operations of a service. What is only tried gets the answer it would get and changes nothing.
#[derive(Debug, Clone, Copy)]
pub struct Writes<'a> {
    service: &'a Service,
    intent: Intent,
}

impl Writes<'_> {
    async fn decided<T, F>(&self, decide: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Library<'_>, i64) -> Result<Decision<T>, Stop> + Send + Sync + 'static,
    {
        Ok(self.service.write(self.intent, decide).await?.reply)
    }

    /// `POST /subjects/{subject}/versions`
    pub async fn register(
        &self,
        subject: Subject,
        request: RegisterRequest,
        options: RegisterOptions,
    ) -> Result<Reported<RegisterResponse>, Error> {
        let command = Register {
            subject,
            candidate: Candidate::from(&request),
            normalize: options.normalize,
            force: options.force,
            tags_to_add: request.schema_tags_to_add.unwrap_or_default(),
            tags_to_remove: request.schema_tags_to_remove.unwrap_or_default(),
            propagate_tags: request.propagate_schema_tags.unwrap_or(false),
            detail: options.detail,
        };
        let mut registered = self
            .service
            .write(self.intent, move |library, now| {
                register::register(library, &command, now)
            })
            .await?;
        let report = registered.reply.report.take();
        let answer = self.service.registered(registered, &options.format).await;
        Ok(Reported { answer, report })
    }

    /// `POST …/tags`
    pub async fn tag(
        &self,
        subject: Subject,
        version: VersionSpec,
        request: TagSchemaRequest,
    ) -> Result<RegisterResponse, Error> {
        let registered = self
            .service
            .write(self.intent, move |library, now| {
                tags::tag(library, &subject, version, &request, now)
            })
            .await?;
        Ok(self.service.registered(registered, "").await)
    }

    /// `DELETE /subjects/{subject}`
    pub async fn delete_subject(
        &self,
        subject: Subject,
        permanent: bool,
    ) -> Result<Vec<Version>, Error> {
        self.decided(move |library, _| {
            Ok(delete::subject(library.index, &subject, how(permanent))?)
        })
        .await
    }

    /// `DELETE …/versions/{version}`
    pub async fn delete_version(
        &self,
        subject: Subject,
        version: VersionSpec,
        permanent: bool,
    ) -> Result<Version, Error> {
        self.decided(move |library, _| {
            Ok(delete::version(
                library.index,
                &subject,
                version,
                how(permanent),
            )?)
        })
        .await
    }

    /// `DELETE /contexts/{context}`
    pub async fn delete_context(&self, context: Context) -> Result<(), Error> {
        self.decided(move |library, _| Ok(delete::context(library.index, &context)?))
            .await
    }

    /// `PUT /config[/{scope}]`; answers with what is stored now.
    pub async fn set_config(
        &self,
        scope: Subject,
        request: ConfigRequest,
    ) -> Result<Config, Error> {
        self.decided(move |library, _| {
            Ok(settings::set_config(
                library.index,
                library.settings,
                &scope,
                request.clone(),
            )?)
        })
        .await
    }

    /// `DELETE /config[/{scope}]`; answers with what was stored.
    pub async fn delete_config(&self, scope: Subject) -> Result<Config, Error> {
        self.decided(move |library, _| {
            Ok(settings::delete_config(
                library.index,
                library.settings,
                &scope,
            )?)
        })
        .await
    }

    /// `PUT /mode[/{scope}]`
    pub async fn set_mode(
        &self,
        scope: Subject,
        name: Option<String>,
        force: bool,
    ) -> Result<(), Error> {
        let force = if force { Force::Forced } else { Force::Checked };
        self.decided(move |library, _| {
            Ok(settings::set_mode(
                library.index,
                library.settings,
                &scope,
                name.as_deref(),
                force,
            )?)
        })
        .await
    }

    /// `DELETE /mode[/{scope}]`; answers with what was stored.
    pub async fn delete_mode(
        &self,
        scope: Subject,
        recursive: bool,
    ) -> Result<Option<Mode>, Error> {
        let recursive = if recursive {
            Recursive::Yes
        } else {
            Recursive::No
        };
        self.decided(move |library, _| {
            Ok(settings::delete_mode(
                library.index,
                library.settings,
                &scope,
                recursive,
            )?)
        })
        .await
    }
}
