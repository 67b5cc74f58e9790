-- Captures that people opened: the file of a session whose run is read from it. Everything
-- that is shown is computed from the file again.

-- +goose Up
CREATE TABLE capture (
    session TEXT    NOT NULL PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
    name    TEXT    NOT NULL,          -- of the file, as it was called
    size    INTEGER NOT NULL,          -- of octets, so that a sum reads no file
    octets  BLOB    NOT NULL
) STRICT;

-- +goose Down
DROP TABLE capture;
