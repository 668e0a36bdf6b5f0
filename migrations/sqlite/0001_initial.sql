-- The log, and the state that it adds up to. Integers and texts only, so that both engines decode alike.

-- One row: the end of the log, and the newest vocabulary in it.
CREATE TABLE head (
    one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    seq     INTEGER NOT NULL,
    format  INTEGER NOT NULL
) STRICT;

INSERT INTO head (one, seq, format) VALUES (1, 0, 1);

CREATE TABLE changes (
    seq      INTEGER NOT NULL PRIMARY KEY,
    at       INTEGER NOT NULL,
    payload  TEXT NOT NULL
) STRICT;

CREATE TABLE contexts (
    name    TEXT NOT NULL PRIMARY KEY,
    max_id  INTEGER NOT NULL,
    listed  INTEGER NOT NULL CHECK (listed IN (0, 1))
) STRICT, WITHOUT ROWID;

-- Kept under the hash of the text and never removed: the log goes on naming them.
CREATE TABLE texts (
    text_id  TEXT NOT NULL PRIMARY KEY,
    body     TEXT NOT NULL
) STRICT;

CREATE TABLE schemas (
    context      TEXT NOT NULL,
    id           INTEGER NOT NULL,
    schema_type  TEXT NOT NULL,
    text_id      TEXT NOT NULL REFERENCES texts (text_id),
    shape        TEXT NOT NULL,
    guid         TEXT NOT NULL,
    refs         TEXT NOT NULL,
    metadata     TEXT,
    rule_set     TEXT,
    -- The place in the log of the entry that stored it: of several ids with one content the last is reused.
    stored       INTEGER NOT NULL,
    PRIMARY KEY (context, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
    subject    TEXT NOT NULL,
    version    INTEGER NOT NULL,
    context    TEXT NOT NULL,
    schema_id  INTEGER NOT NULL,
    deleted    INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    at         INTEGER NOT NULL,
    PRIMARY KEY (subject, version),
    FOREIGN KEY (context, schema_id) REFERENCES schemas (context, id)
) STRICT, WITHOUT ROWID;

-- Removing a schema looks for versions that still hold it.
CREATE INDEX versions_by_schema ON versions (context, schema_id);

CREATE TABLE settings (
    scope  TEXT NOT NULL,
    kind   TEXT NOT NULL CHECK (kind IN ('config', 'mode')),
    value  TEXT NOT NULL,
    PRIMARY KEY (scope, kind)
) STRICT, WITHOUT ROWID;
