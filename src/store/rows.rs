//! Rows into changes and back, the same for both engines.

use super::{Committed, Entry, Seq, StoreError};
use crate::model::{Config, Context, Guid, Mode, SchemaId, SchemaType, Subject, TextId, Version};
use crate::registry::change::{Change, FORMAT, StoredSchema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::sync::Arc;

/// The kind of a setting's row that holds a [`Config`] as JSON.
pub(super) const CONFIG: &str = "config";
/// The kind of a setting's row that holds a [`Mode`] by its name.
pub(super) const MODE: &str = "mode";

/// A row whose columns are integers and texts, read by position.
pub(super) trait Cells {
    /// An integer.
    fn int(&self, column: usize) -> Result<i64, StoreError>;
    /// A text, or nothing for `NULL`.
    fn maybe_text(&self, column: usize) -> Result<Option<Cow<'_, str>>, StoreError>;

    /// A text.
    fn text(&self, column: usize) -> Result<Cow<'_, str>, StoreError> {
        self.maybe_text(column)?
            .ok_or_else(|| corrupt(format!("column {column} is NULL")))
    }
}

/// Makes a change of a row.
pub(super) type Read<R> = fn(&R) -> Result<Change, StoreError>;

/// The head's place. A vocabulary newer than ours is refused here, before anything is read with it.
pub(super) fn head(row: &impl Cells) -> Result<Seq, StoreError> {
    known_format(row.int(1)?)?;
    row.int(0)
}

fn known_format(found: i64) -> Result<(), StoreError> {
    if found > FORMAT {
        return Err(StoreError::TooNew {
            found,
            known: FORMAT,
        });
    }
    Ok(())
}

/// The changes of a context's row.
pub(super) fn context(row: &impl Cells, state: &mut Vec<Change>) -> Result<(), StoreError> {
    let context: Context = name(&row.text(0)?)?;
    let removed = (!flag(row.int(2)?)?).then(|| Change::ContextRemoved {
        context: context.clone(),
    });
    state.push(Change::Context {
        context,
        max_id: int32(row.int(1)?)?,
    });
    state.extend(removed);
    Ok(())
}

/// The change of a schema's row.
pub(super) fn schema(row: &impl Cells) -> Result<Change, StoreError> {
    let known =
        |found: Option<_>, what: &str| found.ok_or_else(|| corrupt(format!("a schema's {what}")));
    let schema_type = known(SchemaType::from_name(&row.text(2)?), "type")?;
    Ok(Change::SchemaStored(Arc::new(StoredSchema {
        context: name(&row.text(0)?)?,
        id: SchemaId(int32(row.int(1)?)?),
        schema_type,
        text: text_id(&row.text(3)?)?,
        shape: text_id(&row.text(4)?)?,
        guid: Guid::parse(&row.text(5)?).ok_or_else(|| corrupt("a schema's GUID"))?,
        references: json(&row.text(6)?)?,
        metadata: row.maybe_text(7)?.map(|text| json(&text)).transpose()?,
        rule_set: row.maybe_text(8)?.map(|text| json(&text)).transpose()?,
    })))
}

/// The change of a version's row.
pub(super) fn version(row: &impl Cells) -> Result<Change, StoreError> {
    Ok(Change::VersionStored {
        subject: Subject::parse(&row.text(0)?),
        version: Version(int32(row.int(1)?)?),
        id: SchemaId(int32(row.int(2)?)?),
        deleted: flag(row.int(3)?)?,
        at: row.int(4)?,
    })
}

/// The change of a setting's row.
pub(super) fn setting(row: &impl Cells) -> Result<Change, StoreError> {
    let scope = Subject::parse(&row.text(0)?);
    let value = row.text(2)?;
    match &*row.text(1)? {
        CONFIG => Ok(Change::ConfigSet {
            scope,
            config: Some(Arc::new(json::<Config>(&value)?)),
        }),
        MODE => Ok(Change::ModeSet {
            scope,
            mode: Some(Mode::parse(&value).ok_or_else(|| corrupt("a mode"))?),
        }),
        _ => Err(corrupt("a setting's kind")),
    }
}

/// A row of the log, which must be the one after `after`.
pub(super) fn committed(row: &impl Cells, after: Seq) -> Result<Committed, StoreError> {
    known_format(row.int(3)?)?;
    let seq = row.int(0)?;
    if after.checked_add(1) != Some(seq) {
        return Err(corrupt(format!("the log goes on with {seq} after {after}")));
    }
    Ok(Committed {
        seq,
        at: row.int(1)?,
        changes: json(&row.text(2)?)?,
    })
}

/// A row of the texts.
pub(super) fn text(row: &impl Cells) -> Result<(TextId, Arc<str>), StoreError> {
    Ok((text_id(&row.text(0)?)?, Arc::from(&*row.text(1)?)))
}

/// The log's form of an entry.
pub(super) fn payload(entry: &Entry) -> Result<String, StoreError> {
    to_json(&entry.changes)
}

/// JSON for a column.
pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Failed(Box::new(e)))
}

/// The nullable columns of a schema's row.
pub(super) fn maybe_json(value: Option<&impl Serialize>) -> Result<Option<String>, StoreError> {
    value.map(to_json).transpose()
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| corrupt(format!("JSON: {e}")))
}

/// A context by its stored name, which is taken as it stands.
fn name(text: &str) -> Result<Context, StoreError> {
    let text = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(text);
    serde::Deserialize::deserialize(text).map_err(|e| corrupt(e.to_string()))
}

fn text_id(text: &str) -> Result<TextId, StoreError> {
    TextId::parse(text).ok_or_else(|| corrupt("the key of a text"))
}

fn int32(value: i64) -> Result<i32, StoreError> {
    i32::try_from(value).map_err(|_| corrupt(format!("{value} is no id or version")))
}

fn flag(value: i64) -> Result<bool, StoreError> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(corrupt(format!("{value} is no flag"))),
    }
}

fn corrupt(what: impl Into<String>) -> StoreError {
    StoreError::Corrupt(what.into())
}

/// An error of the database or of the way to it.
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => corrupt(error.to_string()),
        error => StoreError::Failed(Box::new(error)),
    }
}
