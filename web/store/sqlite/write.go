package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"labserver/stack/journal"
	"labserver/web/app"
	"labserver/web/store"
)

// claimSQL takes over one session, or with NULL all that other processes owned. The
// epoch grows, so that every append of an earlier owner is refused from here on.
const claimSQL = `UPDATE session SET owner_node = ?1, owner_epoch = owner_epoch + 1
	WHERE id = ?2 OR (?2 IS NULL AND owner_node IS NOT ?1)`

// fenced is what every write to a session begins with: it touches the row only of the
// present owner.
const fenced = ` WHERE id = ? AND owner_epoch = ? AND owner_node = ?`

// do runs f in one write transaction.
func (s *Store) do(ctx context.Context, what string, f func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		if errors.Is(err, store.ErrFenced) || errors.Is(err, store.ErrNotFound) {
			return err
		}
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// own runs an update of the session row that only the present owner may make.
func (s *Store) own(ctx context.Context, tx *sql.Tx, f store.Fence, set string, args ...any) error {
	res, err := tx.ExecContext(ctx, `UPDATE session SET `+set+fenced,
		append(args, f.Session, f.Epoch, s.node)...)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return store.ErrFenced
	}
	return nil
}

// CreateSession adds a session, owned by this process, with its first run and the entries
// it begins with.
func (s *Store) CreateSession(ctx context.Context, row app.Session, run app.Run,
	entries ...journal.Entry) (app.Session, error) {
	row.Node, row.OwnerEpoch = s.node, 1
	err := s.do(ctx, "create session", func(tx *sql.Tx) error {
		if err := insertSession(ctx, tx, row); err != nil {
			return err
		}
		if err := insertRun(ctx, tx, run); err != nil {
			return err
		}
		for _, e := range entries {
			f := store.Fence{Session: row.ID, Epoch: row.OwnerEpoch}
			if _, err := insertEntry(ctx, tx, f, run.No, e); err != nil {
				return err
			}
		}
		return nil
	})
	return row, err
}

func insertSession(ctx context.Context, tx *sql.Tx, row app.Session) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO session (id, owner_subject, owner_node, owner_epoch, created, touched,
			playing, speed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		row.ID, row.Owner, row.Node, row.OwnerEpoch, row.Created.UnixMilli(),
		row.Touched.UnixMilli(), row.Playing, row.Speed)
	return err
}

func insertRun(ctx context.Context, tx *sql.Tx, r app.Run) error {
	params := []byte("{}")
	if len(r.Params) > 0 {
		var err error
		if params, err = json.Marshal(r.Params); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO run (session, no, parent, parent_step, behaviour, build, lab_slug,
			lab_digest, params, seed, world) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.Session, r.No, sql.NullInt64{Int64: int64(r.Parent), Valid: r.Parent != 0},
		sql.NullInt64{Int64: int64(r.ParentStep), Valid: r.Parent != 0},
		r.Behaviour, r.Build, r.LabSlug, r.LabDigest, string(params),
		strconv.FormatUint(r.Seed, 10), string(r.World))
	return err
}

// Claim makes this process the owner, with a new epoch, and returns the session.
func (s *Store) Claim(ctx context.Context, id app.SessionID) (row app.Session, err error) {
	err = s.do(ctx, "claim session", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, claimSQL, s.node, id); err != nil {
			return err
		}
		row, err = scanSession(tx.QueryRowContext(ctx,
			`SELECT `+sessionColumns+` FROM session s WHERE s.id = ?`, id))
		return err
	})
	return row, err
}

// Release gives the session back.
func (s *Store) Release(ctx context.Context, f store.Fence) error {
	return s.do(ctx, "release session", func(tx *sql.Tx) error {
		return s.own(ctx, tx, f, `owner_node = NULL`)
	})
}

// insertCommand appends at the end of the run: seq is dense from 1.
const insertCommand = `
	INSERT INTO command (session, run, seq, step, t, n, epoch, cid, actor, op, args)
	VALUES (?1, ?2, (SELECT coalesce(max(seq), 0) + 1 FROM command WHERE session = ?1 AND run = ?2),
		?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
	RETURNING seq`

func insertEntry(ctx context.Context, tx *sql.Tx, f store.Fence, run int, e journal.Entry) (
	seq uint64, err error,
) {
	err = tx.QueryRowContext(ctx, insertCommand, f.Session, run, e.Step, int64(e.T), e.N, f.Epoch,
		sql.NullString{String: e.CID, Valid: e.CID != ""}, e.Actor, e.Op, argsText(e.Args)).Scan(&seq)
	return seq, err
}

func argsText(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "{}"
	}
	return string(raw)
}

// Append journals one command at the end of a run and returns its place.
func (s *Store) Append(ctx context.Context, f store.Fence, now time.Time, run int,
	e journal.Entry) (store.Appended, error) {
	a := store.Appended{Run: run, N: e.N}
	err := s.do(ctx, "append command", func(tx *sql.Tx) error {
		if err := s.own(ctx, tx, f, `touched = ?`, now.UnixMilli()); err != nil {
			return err
		}
		if e.CID != "" {
			first, err := lookup(tx.QueryRowContext(ctx, lookupSQL, f.Session, e.CID))
			if err == nil {
				a = first
				return nil
			}
			if !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		var err error
		a.Seq, err = insertEntry(ctx, tx, f, run, e)
		return err
	})
	return a, err
}

// Clock journals a clock entry and sets playing and speed along with it.
func (s *Store) Clock(ctx context.Context, f store.Fence, now time.Time, run int, e journal.Entry,
	playing bool, speed app.Speed) (seq uint64, err error) {
	err = s.do(ctx, "note the clock", func(tx *sql.Tx) error {
		err := s.own(ctx, tx, f, `touched = ?, playing = ?, speed = ?`, now.UnixMilli(), playing, speed)
		if err != nil {
			return err
		}
		err = tx.QueryRowContext(ctx, `
			UPDATE command SET step = ?3, t = ?4, n = ?5, epoch = ?6
			WHERE session = ?1 AND run = ?2 AND op = 'clock' AND args = ?7
				AND seq = (SELECT max(seq) FROM command WHERE session = ?1 AND run = ?2)
			RETURNING seq`,
			f.Session, run, e.Step, int64(e.T), e.N, f.Epoch, argsText(e.Args)).Scan(&seq)
		if errors.Is(err, sql.ErrNoRows) {
			seq, err = insertEntry(ctx, tx, f, run, e)
		}
		return err
	})
	return seq, err
}

// SetClock sets playing and speed without an entry.
func (s *Store) SetClock(ctx context.Context, f store.Fence, now time.Time, playing bool,
	speed app.Speed) error {
	return s.do(ctx, "set the clock", func(tx *sql.Tx) error {
		return s.own(ctx, tx, f, `touched = ?, playing = ?, speed = ?`, now.UnixMilli(), playing, speed)
	})
}

// Finish marks the session as handed in; it does not play any more.
func (s *Store) Finish(ctx context.Context, f store.Fence, now time.Time) error {
	return s.do(ctx, "finish session", func(tx *sql.Tx) error {
		ms := now.UnixMilli()
		return s.own(ctx, tx, f, `touched = ?, playing = 0, finished = ?`, ms, ms)
	})
}

// NewRun adds the next run and opens the session again, paused.
func (s *Store) NewRun(ctx context.Context, f store.Fence, now time.Time, after int,
	r app.Run) (app.Run, error) {
	r.Session, r.No = f.Session, after+1
	err := s.do(ctx, "add run", func(tx *sql.Tx) error {
		err := s.own(ctx, tx, f, `touched = ?, playing = 0, finished = NULL`, now.UnixMilli())
		if err != nil {
			return err
		}
		var last int
		err = tx.QueryRowContext(ctx, `SELECT max(no) FROM run WHERE session = ?`, f.Session).Scan(&last)
		if err != nil {
			return err
		}
		if last != after {
			return fmt.Errorf("run %d is not the last, %d is", after, last)
		}
		return insertRun(ctx, tx, r)
	})
	return r, err
}

// Touch says that somebody was here.
func (s *Store) Touch(ctx context.Context, f store.Fence, now time.Time) error {
	return s.do(ctx, "touch session", func(tx *sql.Tx) error {
		return s.own(ctx, tx, f, `touched = ?`, now.UnixMilli())
	})
}

// CreateShare adds a share.
func (s *Store) CreateShare(ctx context.Context, sh app.Share) error {
	return s.do(ctx, "create share", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx,
			`INSERT INTO share (`+shareColumns+`) VALUES (?, ?, ?, ?, ?)`,
			sh.TokenHash, sh.Session, sh.Role, sh.Expires.UnixMilli(), sh.Revoked)
		return err
	})
}

// RevokeShare ends a share; ending it again changes nothing.
func (s *Store) RevokeShare(ctx context.Context, tokenHash string) error {
	return s.do(ctx, "revoke share", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE share SET revoked = 1 WHERE token_hash = ?`, tokenHash)
		return err
	})
}
