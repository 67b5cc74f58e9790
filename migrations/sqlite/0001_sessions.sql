-- The first schema: sessions, their runs, the commands of each run, and shares.
-- Times are Unix milliseconds; speed is in thousandths, -1 for "max".
-- Tables keep their rowid: appending in order of arrival, with an index on the key,
-- is several times faster than clustering by (session, seq).

-- +goose Up
CREATE TABLE session (
    id            TEXT    NOT NULL PRIMARY KEY,
    owner_subject TEXT    NOT NULL,
    owner_node    TEXT,                -- the owning process; every start is another name
    owner_epoch   INTEGER NOT NULL,    -- grows with every claim; an append must match it
    created       INTEGER NOT NULL,
    touched       INTEGER NOT NULL,
    playing       INTEGER NOT NULL DEFAULT 0 CHECK (playing IN (0, 1)),
    speed         INTEGER NOT NULL DEFAULT 1000 CHECK (speed = -1 OR speed BETWEEN 1 AND 1000000),
    finished      INTEGER              -- when the last run was handed in
) STRICT;
CREATE INDEX session_owner ON session (owner_subject, touched DESC);

CREATE TABLE run (
    session     TEXT    NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    no          INTEGER NOT NULL CHECK (no >= 1),
    parent      INTEGER,
    parent_step INTEGER,
    behaviour   INTEGER NOT NULL,
    build       TEXT    NOT NULL,      -- until behaviours are versioned, runs of another build are refused
    lab_slug    TEXT    NOT NULL,
    lab_digest  TEXT    NOT NULL,
    params      TEXT    NOT NULL,      -- JSON object of strings
    seed        TEXT    NOT NULL,      -- decimal: 64 bits do not fit a signed integer
    world       TEXT    NOT NULL,      -- the start world, so that a run outlives an edit of its lab
    PRIMARY KEY (session, no)
) STRICT;

CREATE TABLE command (
    session TEXT    NOT NULL,
    run     INTEGER NOT NULL,
    seq     INTEGER NOT NULL CHECK (seq >= 1), -- dense within a run
    step    INTEGER NOT NULL,
    t       INTEGER NOT NULL,          -- virtual nanoseconds
    n       INTEGER NOT NULL,
    epoch   INTEGER NOT NULL,          -- of the owner that took it
    cid     TEXT,                      -- idempotency key; NULL for clock entries
    actor   TEXT    NOT NULL,
    op      TEXT    NOT NULL,
    args    TEXT    NOT NULL,          -- JSON
    FOREIGN KEY (session, run) REFERENCES run (session, no) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX command_place ON command (session, run, seq);
CREATE UNIQUE INDEX command_cid ON command (session, cid) WHERE cid IS NOT NULL;

CREATE TABLE share (
    token_hash TEXT    NOT NULL PRIMARY KEY, -- sha256, hex; the token itself is never kept
    session    TEXT    NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    role       TEXT    NOT NULL CHECK (role IN ('watch', 'codrive')),
    expires    INTEGER NOT NULL,
    revoked    INTEGER NOT NULL DEFAULT 0 CHECK (revoked IN (0, 1))
) STRICT;
CREATE INDEX share_session ON share (session);

-- +goose Down
DROP TABLE share;
DROP TABLE command;
DROP TABLE run;
DROP TABLE session;
