//! The SQL that only Postgres understands. Rows go in as arrays, one for each column.

/// Bounds on the server's side, for a connection whose URL sets no `statement_timeout` itself. Not sent as
/// start-up options, which poolers refuse.
pub const BOUNDS: &str = "SELECT set_config('statement_timeout', '10s', false), \
     set_config('idle_in_transaction_session_timeout', '10s', false)";
/// Loading reads everything and may take longer.
pub const LOAD_BOUNDS: &str = "SELECT set_config('statement_timeout', '120s', true)";
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
     (context, id, schema_type, text_id, shape, guid, refs, metadata, rule_set, stored) \
     SELECT * FROM UNNEST($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], \
     $7::text[], $8::text[], $9::text[], $10::bigint[]) \
     ON CONFLICT (context, id) DO UPDATE SET schema_type = EXCLUDED.schema_type, \
     text_id = EXCLUDED.text_id, shape = EXCLUDED.shape, guid = EXCLUDED.guid, \
     refs = EXCLUDED.refs, metadata = EXCLUDED.metadata, rule_set = EXCLUDED.rule_set, \
     stored = EXCLUDED.stored";
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
