// Package sqlite keeps everything in one SQLite file: the store of a single server.
//
// It must never decide who may do what, read the clock (now is passed in), or be opened
// for writing by two processes: a lock file beside the database sees to that. Read
// docs/journal.md §7 and https://www.sqlite.org/wal.html first.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"labserver/web/store"
)

// readers is the size of the pool that reads beside the one writer.
const readers = 4

// Store is a store.Store on one SQLite file.
type Store struct {
	reader
	write *sql.DB // exactly one connection
	lock  *lock
	node  string
}

var _ store.Store = (*Store)(nil)

// Open locks and opens the database, brings its schema up to date and takes over every
// session: node names this process and must be another one at each start. A process
// that comes second gets store.ErrLocked.
func Open(ctx context.Context, path, node string) (_ *Store, err error) {
	l, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	s := &Store{lock: l, node: node}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.write, err = openDB(path, 1, "rwc"); err != nil {
		return nil, err
	}
	if err = checkDurable(ctx, s.write); err != nil {
		return nil, err
	}
	if err = migrate(ctx, s.write); err != nil {
		return nil, err
	}
	if s.db, err = openDB(path, readers, "rw"); err != nil {
		return nil, err
	}
	if _, err = s.write.ExecContext(ctx, claimSQL, node, nil); err != nil {
		return nil, fmt.Errorf("take over sessions: %w", err)
	}
	return s, nil
}

// Reader reads a database beside the process that serves it. It writes nothing.
type Reader struct{ reader }

var _ store.Reader = (*Reader)(nil)

// OpenReader opens an existing database for reading.
func OpenReader(ctx context.Context, path string) (*Reader, error) {
	db, err := openDB(path, readers, "ro")
	if err != nil {
		return nil, err
	}
	r := &Reader{reader{db: db}}
	if err := r.checkSchema(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return r, nil
}

// Close closes the database.
func (r *Reader) Close() error { return r.db.Close() }

// checkSchema refuses what is not a database of ours, or of another version.
func (r *Reader) checkSchema(ctx context.Context) error {
	var have int64
	err := r.db.QueryRowContext(ctx,
		`SELECT max(version_id) FROM goose_db_version WHERE is_applied = 1`).Scan(&have)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	want, err := newest()
	if err != nil {
		return err
	}
	if have != want {
		return fmt.Errorf("the database has schema %d, this program needs %d: run `labserver migrate`",
			have, want)
	}
	return nil
}

// Backup writes a consistent copy of the database to a new file while it is in use.
func (r reader) Backup(ctx context.Context, to string) error {
	if _, err := r.db.ExecContext(ctx, `VACUUM INTO ?`, to); err != nil {
		return fmt.Errorf("back up to %s: %w", to, err)
	}
	return nil
}

// Close closes the database and gives up the lock.
func (s *Store) Close() error {
	var err error
	if s.db != nil {
		err = s.db.Close()
	}
	if s.write != nil {
		err = errors.Join(err, s.write.Close())
	}
	return errors.Join(err, s.lock.release())
}

// openDB opens a pool. The options hold for each of its connections: a write-ahead log,
// a sync at each commit, foreign keys, patience with the other connections, and write
// transactions that say so at their beginning.
func openDB(path string, conns int, mode string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(5000)", "foreign_keys(1)", "synchronous(FULL)",
	}}
	if mode != "ro" {
		q["_pragma"] = append(q["_pragma"], "journal_mode(WAL)")
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// checkDurable refuses a database that would not keep what it has acknowledged: a
// folder on which WAL does not work falls back silently to something else.
func checkDurable(ctx context.Context, db *sql.DB) error {
	var journal string
	var synchronous int
	if err := db.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&journal); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if err := db.QueryRowContext(ctx, `PRAGMA synchronous`).Scan(&synchronous); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	const full = 2
	if !strings.EqualFold(journal, "wal") || synchronous < full {
		return fmt.Errorf("the database is not durable here: journal_mode %s, synchronous %d; "+
			"want wal, %d (a network folder cannot hold it)", journal, synchronous, full)
	}
	return nil
}
