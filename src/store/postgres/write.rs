//! A batch's rows, one statement for each table that it touches, because each statement is a round trip.

use super::escape::escape;
use super::sql;
use crate::store::StoreError;
use crate::store::effect::{Effect, VersionStep};
use crate::store::rows::{self, CONFIG, MODE, failed};
use sqlx::PgConnection;

/// How many bytes of texts go into one statement, before the text that exceeds it.
const TEXTS_AT_ONCE: usize = 8 << 20;

/// Writes the effect's rows: what is pointed at before what points, and removals the other way round.
pub(super) async fn apply(tx: &mut PgConnection, effect: &Effect<'_>) -> Result<(), StoreError> {
    if !effect.contexts.is_empty() {
        let names: Vec<_> = effect.contexts.keys().map(|c| escape(c.as_str())).collect();
        let counters: Vec<_> = effect.contexts.values().map(|c| c.max_id.into()).collect();
        let raise = sqlx::query(sql::RAISE_CONTEXTS)
            .bind(names)
            .bind::<Vec<i64>>(counters);
        raise.execute(&mut *tx).await.map_err(failed)?;
    }
    let listed = effect.contexts.iter();
    let listed = listed.filter_map(|(c, step)| Some((escape(c.as_str()), i64::from(step.listed?))));
    let (names, flags): (Vec<_>, Vec<_>) = listed.unzip();
    if !names.is_empty() {
        let list = sqlx::query(sql::LIST_CONTEXTS).bind(names).bind(flags);
        list.execute(&mut *tx).await.map_err(failed)?;
    }
    add_texts(tx, effect).await?;
    store_schemas(tx, effect).await?;
    write_versions(tx, effect).await?;
    let removed = effect.schemas.iter().filter(|(_, schema)| schema.is_none());
    let removed = removed.map(|((context, id), _)| (escape(context.as_str()), i64::from(id.0)));
    let (contexts, ids): (Vec<_>, Vec<_>) = removed.unzip();
    if !ids.is_empty() {
        let remove = sqlx::query(sql::REMOVE_SCHEMAS).bind(contexts).bind(ids);
        remove.execute(&mut *tx).await.map_err(failed)?;
    }
    write_settings(tx, effect).await
}

async fn add_texts(tx: &mut PgConnection, effect: &Effect<'_>) -> Result<(), StoreError> {
    let (mut ids, mut bodies, mut size) = (Vec::new(), Vec::new(), 0);
    let mut left = effect.texts.len();
    for (id, text) in &effect.texts {
        ids.push(id.to_string());
        bodies.push(escape(text));
        size += text.len();
        left -= 1;
        if size >= TEXTS_AT_ONCE || left == 0 {
            let add = sqlx::query(sql::ADD_TEXTS)
                .bind(std::mem::take(&mut ids))
                .bind(std::mem::take(&mut bodies));
            add.execute(&mut *tx).await.map_err(failed)?;
            size = 0;
        }
    }
    Ok(())
}

async fn store_schemas(tx: &mut PgConnection, effect: &Effect<'_>) -> Result<(), StoreError> {
    let stored: Vec<_> = effect.schemas.values().flatten().collect();
    if stored.is_empty() {
        return Ok(());
    }
    let mut refs = Vec::new();
    let mut metadata = Vec::new();
    let mut rule_sets = Vec::new();
    for (schema, _) in &stored {
        refs.push(escape(&rows::to_json(&schema.references)?));
        metadata.push(
            rows::maybe_json(schema.metadata.as_ref())?
                .as_deref()
                .map(escape),
        );
        rule_sets.push(
            rows::maybe_json(schema.rule_set.as_ref())?
                .as_deref()
                .map(escape),
        );
    }
    let names: Vec<_> = stored
        .iter()
        .map(|(s, _)| escape(s.context.as_str()))
        .collect();
    let types: Vec<_> = stored
        .iter()
        .map(|(s, _)| s.schema_type.to_string())
        .collect();
    let store = sqlx::query(sql::STORE_SCHEMAS)
        .bind(names)
        .bind(
            stored
                .iter()
                .map(|(s, _)| s.id.0.into())
                .collect::<Vec<i64>>(),
        )
        .bind(types)
        .bind(
            stored
                .iter()
                .map(|(s, _)| s.text.to_string())
                .collect::<Vec<_>>(),
        )
        .bind(
            stored
                .iter()
                .map(|(s, _)| s.shape.to_string())
                .collect::<Vec<_>>(),
        )
        .bind(
            stored
                .iter()
                .map(|(s, _)| s.guid.to_string())
                .collect::<Vec<_>>(),
        )
        .bind(refs)
        .bind(metadata)
        .bind(rule_sets)
        .bind(stored.iter().map(|(_, at)| *at).collect::<Vec<i64>>());
    store.execute(tx).await.map(drop).map_err(failed)
}

async fn write_versions(tx: &mut PgConnection, effect: &Effect<'_>) -> Result<(), StoreError> {
    let (mut subjects, mut numbers, mut contexts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut ids, mut flags, mut times) = (Vec::new(), Vec::new(), Vec::new());
    let mut deleted = (Vec::new(), Vec::new());
    let mut removed = (Vec::new(), Vec::new());
    for ((subject, version), step) in &effect.versions {
        let (text, number) = (escape(subject.as_str()), i64::from(version.0));
        match step {
            VersionStep::Stored(row) => {
                subjects.push(text);
                numbers.push(number);
                contexts.push(escape(subject.context().as_str()));
                ids.push(i64::from(row.id.0));
                flags.push(i64::from(row.deleted));
                times.push(row.at);
            }
            VersionStep::Deleted => {
                deleted.0.push(text);
                deleted.1.push(number);
            }
            VersionStep::Removed => {
                removed.0.push(text);
                removed.1.push(number);
            }
        }
    }
    if !subjects.is_empty() {
        let store = sqlx::query(sql::STORE_VERSIONS)
            .bind(subjects)
            .bind(numbers)
            .bind(contexts)
            .bind(ids)
            .bind(flags)
            .bind(times);
        store.execute(&mut *tx).await.map_err(failed)?;
    }
    if !deleted.1.is_empty() {
        let mark = sqlx::query(sql::DELETE_VERSIONS)
            .bind(deleted.0)
            .bind(deleted.1);
        mark.execute(&mut *tx).await.map_err(failed)?;
    }
    if !removed.1.is_empty() {
        let remove = sqlx::query(sql::REMOVE_VERSIONS)
            .bind(removed.0)
            .bind(removed.1);
        remove.execute(&mut *tx).await.map_err(failed)?;
    }
    Ok(())
}

async fn write_settings(tx: &mut PgConnection, effect: &Effect<'_>) -> Result<(), StoreError> {
    let mut stored = (Vec::new(), Vec::new(), Vec::new());
    let mut removed = (Vec::new(), Vec::new());
    let configs = effect.configs.iter().map(|(scope, config)| {
        let value = rows::maybe_json(config.as_ref())?;
        Ok((*scope, CONFIG, value))
    });
    let modes = effect.modes.iter().map(|(scope, mode)| {
        let value = mode.map(|mode| mode.as_str().to_owned());
        Ok((*scope, MODE, value))
    });
    for setting in configs.chain(modes) {
        let (scope, kind, value) = setting?;
        match value {
            Some(value) => {
                stored.0.push(escape(scope.as_str()));
                stored.1.push(kind.to_owned());
                stored.2.push(escape(&value));
            }
            None => {
                removed.0.push(escape(scope.as_str()));
                removed.1.push(kind.to_owned());
            }
        }
    }
    if !stored.0.is_empty() {
        let store = sqlx::query(sql::STORE_SETTINGS)
            .bind(stored.0)
            .bind(stored.1)
            .bind(stored.2);
        store.execute(&mut *tx).await.map_err(failed)?;
    }
    if !removed.0.is_empty() {
        let remove = sqlx::query(sql::REMOVE_SETTINGS)
            .bind(removed.0)
            .bind(removed.1);
        remove.execute(&mut *tx).await.map_err(failed)?;
    }
    Ok(())
}
