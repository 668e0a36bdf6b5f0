//! The SQL, as constants. What both engines understand alike stands here once; so does SQLite's own. What only
//! Postgres understands stands in its folder.
//!
//! The columns of a `SELECT` are read by position, in `rows`.

/// The head of the log: place, format.
pub const HEAD: &str = "SELECT seq, format FROM head WHERE one = 1";

/// The entries after a place: place, time, changes, and the head's format.
pub const CHANGES_SINCE: &str = "SELECT seq, at, payload, (SELECT format FROM head WHERE one = 1) \
     FROM changes WHERE seq > $1 ORDER BY seq LIMIT $2";

/// Every context.
pub const CONTEXTS: &str = "SELECT name, max_id, listed FROM contexts ORDER BY name";

/// Every schema, in the order they were stored.
pub const SCHEMAS: &str = "SELECT context, id, schema_type, text_id, shape, guid, refs, metadata, rule_set \
     FROM schemas ORDER BY stored, context, id";

/// Every version.
pub const VERSIONS: &str =
    "SELECT subject, version, schema_id, deleted, at FROM versions ORDER BY subject, version";

/// Every setting.
pub const SETTINGS: &str = "SELECT scope, kind, value FROM settings ORDER BY kind, scope";

/// Whether the database answers.
pub const PING: &str = "SELECT 1";

/// What both engines understand, for the test that prepares every statement.
pub const SHARED: &[&str] = &[
    HEAD,
    CHANGES_SINCE,
    CONTEXTS,
    SCHEMAS,
    VERSIONS,
    SETTINGS,
    PING,
];

/// SQLite's own: it is in the same process, so a statement per row costs no round trip.
pub mod sqlite {
    /// Moves the head from `$2` to `$1` and raises the format to `$3`, if nobody else moved it and the
    /// vocabulary is not newer than ours.
    pub const MOVE_HEAD: &str = "UPDATE head SET seq = $1, format = $3 \
         WHERE one = 1 AND seq = $2 AND format <= $3";
    /// Adds an entry.
    pub const ADD_CHANGES: &str = "INSERT INTO changes (seq, at, payload) VALUES ($1, $2, $3)";
    /// Makes a context, or raises its counter.
    pub const RAISE_CONTEXT: &str = "INSERT INTO contexts (name, max_id, listed) VALUES ($1, $2, 1) \
         ON CONFLICT (name) DO UPDATE SET max_id = max(max_id, excluded.max_id)";
    /// Lists a context or not.
    pub const LIST_CONTEXT: &str = "UPDATE contexts SET listed = $2 WHERE name = $1";
    /// Keeps a text.
    pub const ADD_TEXT: &str =
        "INSERT INTO texts (text_id, body) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    /// Stores a schema over what was there. Not `REPLACE`, which would delete first and trip over versions.
    pub const STORE_SCHEMA: &str = "INSERT INTO schemas \
         (context, id, schema_type, text_id, shape, guid, refs, metadata, rule_set, stored) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (context, id) DO UPDATE SET schema_type = excluded.schema_type, \
         text_id = excluded.text_id, shape = excluded.shape, guid = excluded.guid, \
         refs = excluded.refs, metadata = excluded.metadata, rule_set = excluded.rule_set, \
         stored = excluded.stored";
    /// Removes a schema.
    pub const REMOVE_SCHEMA: &str = "DELETE FROM schemas WHERE context = $1 AND id = $2";
    /// Stores a version over what was there.
    pub const STORE_VERSION: &str = "INSERT INTO versions \
         (subject, version, context, schema_id, deleted, at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (subject, version) DO UPDATE SET context = excluded.context, \
         schema_id = excluded.schema_id, deleted = excluded.deleted, at = excluded.at";
    /// Soft-deletes a version.
    pub const DELETE_VERSION: &str =
        "UPDATE versions SET deleted = 1 WHERE subject = $1 AND version = $2";
    /// Removes a version.
    pub const REMOVE_VERSION: &str = "DELETE FROM versions WHERE subject = $1 AND version = $2";
    /// Stores a setting over what was there.
    pub const STORE_SETTING: &str = "INSERT INTO settings (scope, kind, value) VALUES ($1, $2, $3) \
         ON CONFLICT (scope, kind) DO UPDATE SET value = excluded.value";
    /// Forgets a setting.
    pub const REMOVE_SETTING: &str = "DELETE FROM settings WHERE scope = $1 AND kind = $2";
    /// The texts under the keys in a JSON array.
    pub const TEXTS: &str = "SELECT text_id, body FROM texts \
         WHERE text_id IN (SELECT value FROM json_each($1))";

    /// All of them, for the test that prepares every statement.
    pub const ALL: &[&str] = &[
        MOVE_HEAD,
        ADD_CHANGES,
        RAISE_CONTEXT,
        LIST_CONTEXT,
        ADD_TEXT,
        STORE_SCHEMA,
        REMOVE_SCHEMA,
        STORE_VERSION,
        DELETE_VERSION,
        REMOVE_VERSION,
        STORE_SETTING,
        REMOVE_SETTING,
        TEXTS,
    ];
}
