//! Postgres: any number of equal nodes on one database.
//!
//! A commit moves the one row of `head` first; its lock makes writers take turns, so that the order of the log
//! is the order of commits and a reader never sees a place before the ones in front of it. Rows go in as
//! arrays, one statement per table, because each statement is a round trip. `NOTIFY` in the same transaction
//! tells the other nodes, who must not rely on it.

use super::effect::{Effect, VersionStep, last_place};
use super::rows::{self, CONFIG, Cells, MODE, failed};
use super::{Committed, Entry, Loaded, Seq, Store, StoreError, migrations, sql};
use crate::model::TextId;
use crate::registry::change::FORMAT;
use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions, PgRow};
use sqlx::{ConnectOptions, Connection, PgConnection, Row};
use std::borrow::Cow;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Connections for requests; the listener has one more.
const CONNECTIONS: u32 = 10;
/// How long a caller waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long another node's migration may take before this one gives up waiting.
const MIGRATION_PATIENCE: Duration = Duration::from_secs(120);
/// After this much silence the listener makes sure that its connection still works.
const SILENCE: Duration = Duration::from_secs(15);
/// How long the listener waits before it connects again, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How many bytes of texts go into one statement, before the text that exceeds it.
const TEXTS_AT_ONCE: usize = 8 << 20;
/// The channel of the hints.
const CHANNEL: &str = "accord";

/// Bounds on the server's side, for a connection whose URL sets no `statement_timeout` itself. Not sent as
/// start-up options, which poolers refuse.
pub const BOUNDS: &str = "SELECT set_config('statement_timeout', '10s', false), \
     set_config('idle_in_transaction_session_timeout', '10s', false)";
/// Loading reads everything and may take longer.
pub const LOAD_BOUNDS: &str = "SELECT set_config('statement_timeout', '120s', true)";
/// Begins a commit. The level is said out loud, because a stricter default would turn a lost race into another
/// error than [`StoreError::Behind`].
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// Begins a reading that sees one moment.
const BEGIN_LOAD: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
/// What the database's texts are encoded in.
pub const ENCODING: &str = "SELECT current_setting('server_encoding')";
/// Moves the head from `$2` to `$1` and raises the format to `$3`, if nobody else moved it and the vocabulary
/// is not newer than ours. Tells the others, at commit.
pub const MOVE_HEAD: &str = "UPDATE head SET seq = $1, format = $3 \
     WHERE one = 1 AND seq = $2 AND format <= $3 RETURNING pg_notify('accord', seq::text)::text";
/// Adds entries.
pub const ADD_CHANGES: &str = "INSERT INTO changes (seq, at, payload) \
     SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::text[])";
/// Makes contexts, or raises their counters.
pub const RAISE_CONTEXTS: &str = "INSERT INTO contexts (name, max_id, listed) \
     SELECT name, max_id, 1 FROM UNNEST($1::text[], $2::bigint[]) AS new (name, max_id) \
     ON CONFLICT (name) DO UPDATE SET max_id = GREATEST(contexts.max_id, EXCLUDED.max_id)";
/// Lists contexts or not.
pub const LIST_CONTEXTS: &str = "UPDATE contexts SET listed = new.listed \
     FROM UNNEST($1::text[], $2::bigint[]) AS new (name, listed) WHERE contexts.name = new.name";
/// Keeps texts.
pub const ADD_TEXTS: &str = "INSERT INTO texts (text_id, body) \
     SELECT * FROM UNNEST($1::text[], $2::text[]) ON CONFLICT DO NOTHING";
/// Stores schemas over what was there.
pub const STORE_SCHEMAS: &str = "INSERT INTO schemas \
     (context, id, schema_type, text_id, guid, refs, metadata, rule_set) \
     SELECT * FROM UNNEST($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], \
     $7::text[], $8::text[]) \
     ON CONFLICT (context, id) DO UPDATE SET schema_type = EXCLUDED.schema_type, \
     text_id = EXCLUDED.text_id, guid = EXCLUDED.guid, refs = EXCLUDED.refs, \
     metadata = EXCLUDED.metadata, rule_set = EXCLUDED.rule_set";
/// Removes schemas.
pub const REMOVE_SCHEMAS: &str = "DELETE FROM schemas \
     USING UNNEST($1::text[], $2::bigint[]) AS old (context, id) \
     WHERE schemas.context = old.context AND schemas.id = old.id";
/// Stores versions over what was there.
pub const STORE_VERSIONS: &str = "INSERT INTO versions \
     (subject, version, context, schema_id, deleted, at) \
     SELECT * FROM UNNEST($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[]) \
     ON CONFLICT (subject, version) DO UPDATE SET context = EXCLUDED.context, \
     schema_id = EXCLUDED.schema_id, deleted = EXCLUDED.deleted, at = EXCLUDED.at";
/// Soft-deletes versions.
pub const DELETE_VERSIONS: &str = "UPDATE versions SET deleted = 1 \
     FROM UNNEST($1::text[], $2::bigint[]) AS old (subject, version) \
     WHERE versions.subject = old.subject AND versions.version = old.version";
/// Removes versions.
pub const REMOVE_VERSIONS: &str = "DELETE FROM versions \
     USING UNNEST($1::text[], $2::bigint[]) AS old (subject, version) \
     WHERE versions.subject = old.subject AND versions.version = old.version";
/// Stores settings over what was there.
pub const STORE_SETTINGS: &str = "INSERT INTO settings (scope, kind, value) \
     SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[]) \
     ON CONFLICT (scope, kind) DO UPDATE SET value = EXCLUDED.value";
/// Forgets settings.
pub const REMOVE_SETTINGS: &str = "DELETE FROM settings \
     USING UNNEST($1::text[], $2::text[]) AS old (scope, kind) \
     WHERE settings.scope = old.scope AND settings.kind = old.kind";
/// The texts under these keys.
pub const TEXTS: &str = "SELECT text_id, body FROM texts WHERE text_id = ANY($1::text[])";

/// All of them, for the test that prepares every statement.
pub const ALL: &[&str] = &[
    BOUNDS,
    LOAD_BOUNDS,
    ENCODING,
    MOVE_HEAD,
    ADD_CHANGES,
    RAISE_CONTEXTS,
    LIST_CONTEXTS,
    ADD_TEXTS,
    STORE_SCHEMAS,
    REMOVE_SCHEMAS,
    STORE_VERSIONS,
    DELETE_VERSIONS,
    REMOVE_VERSIONS,
    STORE_SETTINGS,
    REMOVE_SETTINGS,
    TEXTS,
];

/// A store in a database that many nodes share.
#[derive(Debug)]
pub struct Postgres {
    pool: PgPool,
    hints: watch::Sender<u64>,
    /// Ends the listener.
    closing: watch::Sender<bool>,
    listener: Mutex<Option<JoinHandle<()>>>,
}

impl Postgres {
    /// Connects to the database that the URL names and brings its tables up to date.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let options = options(url)?;
        migrate_with(&options).await?;
        let bounded = options
            .get_options()
            .is_some_and(|o| o.contains("statement_timeout"));
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if !bounded {
                        sqlx::query(BOUNDS).execute(connection).await?;
                    }
                    Ok(())
                })
            })
            .connect_lazy_with(options.clone());
        let hints = watch::Sender::new(0);
        let closing = watch::Sender::new(false);
        let listener = Listener {
            options,
            hints: hints.clone(),
        };
        let task = tokio::spawn(listener.run(closing.subscribe()));
        let store = Self {
            pool,
            hints,
            closing,
            listener: Mutex::new(Some(task)),
        };
        match store.head().await {
            Ok(_) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.closing.send_replace(true);
    }
}

/// Brings the database's tables up to date and returns how many steps that took.
pub(super) async fn migrate(url: &str) -> Result<u64, StoreError> {
    migrate_with(&options(url)?).await
}

async fn migrate_with(options: &PgConnectOptions) -> Result<u64, StoreError> {
    // A connection of its own, which ends with the lock and has no bound on statements.
    let mut connection = within(PATIENCE, options.connect()).await?;
    let encoding: String = sqlx::query_scalar(ENCODING)
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?;
    if encoding != "UTF8" {
        return Err(StoreError::Unsupported(format!(
            "the database's encoding is {encoding}; it must be UTF8"
        )));
    }
    let steps = migrations::run(&mut connection, migrations::POSTGRES);
    let done = match timeout(MIGRATION_PATIENCE, steps).await {
        Ok(done) => done,
        Err(_) => return Err(StoreError::Failed("the migrations took too long".into())),
    };
    // Whatever closing says, the server frees the lock when the socket goes.
    let _ = connection.close().await;
    done
}

fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options: PgConnectOptions = url
        .parse()
        .map_err(|e: sqlx::Error| StoreError::Unsupported(e.to_string()))?;
    let named = options.get_application_name().is_some();
    let options = options.disable_statement_logging();
    Ok(if named {
        options
    } else {
        options.application_name("accord")
    })
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    match timeout(limit, work).await {
        Ok(done) => done.map_err(failed),
        Err(_) => Err(failed(sqlx::Error::PoolTimedOut)),
    }
}

/// Turns notifications into hints until the store closes.
struct Listener {
    options: PgConnectOptions,
    hints: watch::Sender<u64>,
}

impl Listener {
    async fn run(self, mut closing: watch::Receiver<bool>) {
        // A pool of its own, so that it neither takes nor waits for the requests' connections.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(self.options.clone());
        tokio::select! {
            // Also when the sender is gone, with the store.
            _ = closing.wait_for(|closing| *closing) => {}
            () = self.listen(&pool) => {}
        }
        // Not awaited for ever: a dead peer must not keep a node from ending.
        let _ = timeout(PATIENCE, pool.close()).await;
    }

    async fn listen(&self, pool: &PgPool) {
        let mut pause = RETRY.0;
        loop {
            // Errors are not reported here: what matters of them shows up when the head is polled.
            if let Ok(mut listener) = PgListener::connect_with(pool).await
                && listener.listen(CHANNEL).await.is_ok()
            {
                pause = RETRY.0;
                // Something may have been missed while nobody listened.
                self.hint();
                while self.next(&mut listener).await.is_ok() {}
                self.hint();
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(RETRY.1);
        }
    }

    /// Waits for a notification, a lost and renewed connection, or silence on a connection that works.
    async fn next(&self, listener: &mut PgListener) -> Result<(), StoreError> {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(received) => {
                received.map_err(failed)?;
                self.hint();
            }
            // A peer that vanished without a word looks just like silence.
            Err(_) => {
                let ping = sqlx::query(sql::PING).execute(&mut *listener);
                within(PATIENCE, ping).await?;
            }
        }
        Ok(())
    }

    fn hint(&self) {
        self.hints.send_modify(|n| *n = n.wrapping_add(1));
    }
}

#[async_trait]
impl Store for Postgres {
    async fn load(&self) -> Result<Loaded, StoreError> {
        let mut tx = self.pool.begin_with(BEGIN_LOAD).await.map_err(failed)?;
        let bounds = sqlx::query(LOAD_BOUNDS).execute(&mut *tx).await;
        bounds.map_err(failed)?;
        let seq = head(&mut tx).await?;
        let mut state = Vec::new();
        let mut found = sqlx::query(sql::CONTEXTS).fetch(&mut *tx);
        while let Some(row) = found.try_next().await.map_err(failed)? {
            rows::context(&row, &mut state)?;
        }
        drop(found);
        let readings: [(&'static str, fn(&PgRow) -> _); 3] = [
            (sql::SCHEMAS, rows::schema),
            (sql::VERSIONS, rows::version),
            (sql::SETTINGS, rows::setting),
        ];
        for (statement, read) in readings {
            let mut found = sqlx::query(statement).fetch(&mut *tx);
            while let Some(row) = found.try_next().await.map_err(failed)? {
                state.push(read(&row)?);
            }
        }
        tx.rollback().await.map_err(failed)?;
        Ok(Loaded { seq, state })
    }

    async fn head(&self) -> Result<Seq, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(failed)?;
        head(&mut connection).await
    }

    async fn changes_since(&self, after: Seq, limit: u32) -> Result<Vec<Committed>, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(failed)?;
        let mut found = sqlx::query(sql::CHANGES_SINCE)
            .bind(after)
            .bind(i64::from(limit))
            .fetch(&mut *connection);
        let mut last = after;
        let mut entries = Vec::new();
        while let Some(row) = found.try_next().await.map_err(failed)? {
            let entry = rows::committed(&row, last)?;
            last = entry.seq;
            entries.push(entry);
        }
        Ok(entries)
    }

    async fn commit(&self, after: Seq, batch: &[Entry]) -> Result<Seq, StoreError> {
        let last = last_place(after, batch)?;
        let effect = Effect::of(batch)?;
        let payloads = batch.iter().map(|entry| Ok(escape(&rows::payload(entry)?)));
        let payloads = payloads.collect::<Result<Vec<_>, StoreError>>()?;
        let mut tx = self.pool.begin_with(BEGIN_WRITE).await.map_err(failed)?;
        let moved = sqlx::query(MOVE_HEAD)
            .bind(last)
            .bind(after)
            .bind(FORMAT)
            .fetch_optional(&mut *tx)
            .await
            .map_err(failed)?;
        if moved.is_none() {
            head(&mut tx).await?;
            return Err(StoreError::Behind);
        }
        if !batch.is_empty() {
            let add = sqlx::query(ADD_CHANGES)
                .bind((after + 1..=last).collect::<Vec<_>>())
                .bind(batch.iter().map(|entry| entry.at).collect::<Vec<_>>())
                .bind(payloads);
            add.execute(&mut *tx).await.map_err(failed)?;
        }
        apply(&mut tx, &effect).await?;
        tx.commit().await.map_err(failed)?;
        Ok(last)
    }

    async fn texts(&self, ids: &[TextId]) -> Result<Vec<(TextId, Arc<str>)>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let mut connection = self.pool.acquire().await.map_err(failed)?;
        let found = sqlx::query(TEXTS)
            .bind(ids)
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
        found.iter().map(rows::text).collect()
    }

    fn hints(&self) -> watch::Receiver<u64> {
        self.hints.subscribe()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let ping = sqlx::query(sql::PING).execute(&self.pool).await;
        ping.map(drop).map_err(failed)
    }

    async fn close(&self) {
        self.closing.send_replace(true);
        let listener = {
            let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
            listener.take()
        };
        if let Some(task) = listener {
            let _ = task.await;
        }
        self.pool.close().await;
    }
}

async fn head(connection: &mut PgConnection) -> Result<Seq, StoreError> {
    let row = sqlx::query(sql::HEAD).fetch_one(connection).await;
    rows::head(&row.map_err(failed)?)
}

/// Writes the effect's rows: what is pointed at before what points, and removals the other way round.
async fn apply(tx: &mut PgConnection, effect: &Effect<'_>) -> Result<(), StoreError> {
    if !effect.contexts.is_empty() {
        let names: Vec<_> = effect.contexts.keys().map(|c| escape(c.as_str())).collect();
        let counters: Vec<_> = effect.contexts.values().map(|c| c.max_id.into()).collect();
        let raise = sqlx::query(RAISE_CONTEXTS)
            .bind(names)
            .bind::<Vec<i64>>(counters);
        raise.execute(&mut *tx).await.map_err(failed)?;
    }
    let listed = effect.contexts.iter();
    let listed = listed.filter_map(|(c, step)| Some((escape(c.as_str()), i64::from(step.listed?))));
    let (names, flags): (Vec<_>, Vec<_>) = listed.unzip();
    if !names.is_empty() {
        let list = sqlx::query(LIST_CONTEXTS).bind(names).bind(flags);
        list.execute(&mut *tx).await.map_err(failed)?;
    }
    add_texts(tx, effect).await?;
    store_schemas(tx, effect).await?;
    write_versions(tx, effect).await?;
    let removed = effect.schemas.iter().filter(|(_, schema)| schema.is_none());
    let removed = removed.map(|((context, id), _)| (escape(context.as_str()), i64::from(id.0)));
    let (contexts, ids): (Vec<_>, Vec<_>) = removed.unzip();
    if !ids.is_empty() {
        let remove = sqlx::query(REMOVE_SCHEMAS).bind(contexts).bind(ids);
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
            let add = sqlx::query(ADD_TEXTS)
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
    for schema in &stored {
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
    let names: Vec<_> = stored.iter().map(|s| escape(s.context.as_str())).collect();
    let types: Vec<_> = stored.iter().map(|s| s.schema_type.to_string()).collect();
    let store = sqlx::query(STORE_SCHEMAS)
        .bind(names)
        .bind(stored.iter().map(|s| s.id.0.into()).collect::<Vec<i64>>())
        .bind(types)
        .bind(
            stored
                .iter()
                .map(|s| s.text.to_string())
                .collect::<Vec<_>>(),
        )
        .bind(
            stored
                .iter()
                .map(|s| s.guid.to_string())
                .collect::<Vec<_>>(),
        )
        .bind(refs)
        .bind(metadata)
        .bind(rule_sets);
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
        let store = sqlx::query(STORE_VERSIONS)
            .bind(subjects)
            .bind(numbers)
            .bind(contexts)
            .bind(ids)
            .bind(flags)
            .bind(times);
        store.execute(&mut *tx).await.map_err(failed)?;
    }
    if !deleted.1.is_empty() {
        let mark = sqlx::query(DELETE_VERSIONS).bind(deleted.0).bind(deleted.1);
        mark.execute(&mut *tx).await.map_err(failed)?;
    }
    if !removed.1.is_empty() {
        let remove = sqlx::query(REMOVE_VERSIONS).bind(removed.0).bind(removed.1);
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
        let store = sqlx::query(STORE_SETTINGS)
            .bind(stored.0)
            .bind(stored.1)
            .bind(stored.2);
        store.execute(&mut *tx).await.map_err(failed)?;
    }
    if !removed.0.is_empty() {
        let remove = sqlx::query(REMOVE_SETTINGS).bind(removed.0).bind(removed.1);
        remove.execute(&mut *tx).await.map_err(failed)?;
    }
    Ok(())
}

impl Cells for PgRow {
    fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.try_get(column).map_err(failed)
    }

    fn maybe_text(&self, column: usize) -> Result<Option<Cow<'_, str>>, StoreError> {
        let text: Option<&str> = self.try_get(column).map_err(failed)?;
        text.map(unescape).transpose()
    }
}

/// Introduces what stands for a character that Postgres cannot keep, and for itself. Not a character that
/// texts are written with, but one that they may hold.
const ESCAPE: char = '\u{10FFFF}';

/// Postgres' texts hold every character but U+0000. Whatever goes into a text column passes here, because
/// whatever comes out passes [`unescape`]. Keys and words of ours cannot hold either character.
fn escape(text: &str) -> String {
    if !text.contains(['\0', ESCAPE]) {
        return text.to_owned();
    }
    let text = text.replace(ESCAPE, "\u{10FFFF}1");
    text.replace('\0', "\u{10FFFF}0")
}

fn unescape(text: &str) -> Result<Cow<'_, str>, StoreError> {
    let mut parts = text.split(ESCAPE);
    let first = parts.next().unwrap_or_default();
    if first.len() == text.len() {
        return Ok(Cow::Borrowed(text));
    }
    let mut whole = first.to_owned();
    for part in parts {
        let (character, rest) = if let Some(rest) = part.strip_prefix('0') {
            ('\0', rest)
        } else if let Some(rest) = part.strip_prefix('1') {
            (ESCAPE, rest)
        } else {
            return Err(StoreError::Corrupt("a text's escape".to_owned()));
        };
        whole.push(character);
        whole.push_str(rest);
    }
    Ok(Cow::Owned(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        for text in [
            "",
            "a",
            "\0",
            "a\0\u{10FFFF}0\u{10FFFF}",
            "\u{10FFFF}1\0\0b",
        ] {
            let kept = escape(text);
            assert!(!kept.contains('\0'));
            assert_eq!(unescape(&kept).unwrap(), text);
        }
        assert!(unescape("\u{10FFFF}2").is_err());
    }
}
