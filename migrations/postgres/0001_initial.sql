-- The log, and the state that it adds up to. Integers and texts only, so that both engines decode alike.
-- Names compare by their bytes (COLLATE "C"), as in the other engine and whatever the database's locale is.

-- One row: the end of the log, and the newest vocabulary in it. Its lock makes commit order the log's order.
CREATE TABLE head (
    one     BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    seq     BIGINT NOT NULL,
    format  BIGINT NOT NULL
);

INSERT INTO head (one, seq, format) VALUES (1, 0, 1);

CREATE TABLE changes (
    seq      BIGINT NOT NULL PRIMARY KEY,
    at       BIGINT NOT NULL,
    payload  TEXT NOT NULL
);

CREATE TABLE contexts (
    name    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    max_id  BIGINT NOT NULL,
    listed  BIGINT NOT NULL CHECK (listed IN (0, 1))
);

-- Kept under the hash of the text and never removed: the log goes on naming them.
CREATE TABLE texts (
    text_id  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    body     TEXT NOT NULL
);

CREATE TABLE schemas (
    context      TEXT COLLATE "C" NOT NULL,
    id           BIGINT NOT NULL,
    schema_type  TEXT NOT NULL,
    text_id      TEXT COLLATE "C" NOT NULL REFERENCES texts (text_id),
    shape        TEXT NOT NULL,
    guid         TEXT NOT NULL,
    refs         TEXT NOT NULL,
    metadata     TEXT,
    rule_set     TEXT,
    -- The place in the log of the entry that stored it: of several ids with one content the last is reused.
    stored       BIGINT NOT NULL,
    PRIMARY KEY (context, id)
);

CREATE TABLE versions (
    subject    TEXT COLLATE "C" NOT NULL,
    version    BIGINT NOT NULL,
    context    TEXT COLLATE "C" NOT NULL,
    schema_id  BIGINT NOT NULL,
    deleted    BIGINT NOT NULL CHECK (deleted IN (0, 1)),
    at         BIGINT NOT NULL,
    PRIMARY KEY (subject, version),
    FOREIGN KEY (context, schema_id) REFERENCES schemas (context, id)
);

-- Removing a schema looks for versions that still hold it.
CREATE INDEX versions_by_schema ON versions (context, schema_id);

CREATE TABLE settings (
    scope  TEXT COLLATE "C" NOT NULL,
    kind   TEXT NOT NULL CHECK (kind IN ('config', 'mode')),
    value  TEXT NOT NULL,
    PRIMARY KEY (scope, kind)
);
