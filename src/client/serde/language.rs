//! What the machinery around the codecs needs to know of a language.

use super::error::SerdeError;
use crate::client::{ClientError, Format, Registered, RegistryClient, Resolved};
use crate::model::{SchemaType, Subject};
use crate::wire::frame::SchemaKey;
use std::sync::Arc;

/// A language and its codec.
pub(super) trait Language: 'static {
    /// A schema, ready for use.
    type Codec: Send + Sync + 'static;
    /// The language.
    const TYPE: SchemaType;
    /// In which form the registry gives its texts.
    const FORMAT: Format;

    /// Reads a schema and everything it refers to; the error says what is wrong.
    fn compile(text: &str, references: &[(&str, &str)]) -> Result<Self::Codec, String>;
}

/// A registered schema's codec, or why there is none. A schema that cannot be used is remembered by the client for a
/// while.
pub(super) async fn codec_of<L: Language>(
    client: &RegistryClient,
    registered: &Arc<Registered>,
    key: SchemaKey,
    subject: Option<&Subject>,
) -> Result<L::Codec, SerdeError> {
    client.usable(key, subject)?;
    let found = registered.schema.schema_type;
    if found != L::TYPE {
        return Err(SerdeError::Language {
            schema: label(key, subject),
            found,
            expected: L::TYPE,
        });
    }
    let resolved = client
        .resolve_from(registered.clone(), L::FORMAT, subject)
        .await?;
    compile::<L>(&resolved).map_err(|reason| {
        let reason: Arc<str> = reason.into();
        client.mark_bad(key, subject, reason.clone());
        SerdeError::Client(ClientError::BadSchema {
            key,
            subject: subject.cloned(),
            reason,
        })
    })
}

/// The codec of a schema that is not registered, or not yet.
pub(super) async fn codec_of_local<L: Language>(
    client: &RegistryClient,
    schema: &crate::client::Schema,
    subject: Option<&Subject>,
    what: &str,
) -> Result<L::Codec, SerdeError> {
    if schema.schema_type != L::TYPE {
        return Err(SerdeError::Language {
            schema: what.into(),
            found: schema.schema_type,
            expected: L::TYPE,
        });
    }
    let root = Arc::new(Registered {
        id: None,
        guid: None,
        subject: subject.cloned(),
        version: None,
        schema: schema.clone(),
        deleted: false,
    });
    let resolved = client.resolve(root, L::FORMAT).await?;
    compile::<L>(&resolved).map_err(|reason| SerdeError::Unusable {
        schema: what.into(),
        reason: reason.into(),
    })
}

fn compile<L: Language>(resolved: &Resolved) -> Result<L::Codec, String> {
    let references: Vec<(&str, &str)> = resolved
        .references
        .iter()
        .map(|r| (r.name.as_str(), &*r.schema.schema.text))
        .collect();
    L::compile(&resolved.root.schema.text, &references)
}

/// How errors name a schema.
pub(super) fn label(key: SchemaKey, subject: Option<&Subject>) -> Arc<str> {
    let word = match key {
        SchemaKey::Id(_) => "id ",
        SchemaKey::Guid(_) => "",
    };
    match subject.filter(|s| !s.as_str().is_empty()) {
        Some(subject) => format!("schema {word}{key} ({subject})").into(),
        None => format!("schema {word}{key}").into(),
    }
}
