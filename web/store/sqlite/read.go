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
	"labserver/stack/sim"
	"labserver/web/app"
	"labserver/web/store"
)

// reader implements store.Reader on a pool of connections.
type reader struct{ db *sql.DB }

const sessionColumns = `s.id, s.owner_subject, s.owner_node, s.owner_epoch, s.created, s.touched,
	s.playing, s.speed, s.finished`

// scanner is a *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

func scanSession(row scanner, more ...any) (app.Session, error) {
	var s app.Session
	var node sql.NullString
	var created, touched int64
	var finished sql.NullInt64
	dest := []any{&s.ID, &s.Owner, &node, &s.OwnerEpoch, &created, &touched,
		&s.Playing, &s.Speed, &finished}
	if err := row.Scan(append(dest, more...)...); err != nil {
		return s, notFound(err)
	}
	s.Node = node.String
	s.Created, s.Touched = instant(created), instant(touched)
	if finished.Valid {
		s.Finished = instant(finished.Int64)
	}
	return s, nil
}

// Session returns one session.
func (r reader) Session(ctx context.Context, id app.SessionID) (app.Session, error) {
	return scanSession(r.db.QueryRowContext(ctx,
		`SELECT `+sessionColumns+` FROM session s WHERE s.id = ?`, id))
}

// SessionsOf lists the sessions a subject made, the last touched first.
func (r reader) SessionsOf(ctx context.Context, owner app.SubjectID, limit int) (
	[]app.Summary, error,
) {
	rows, err := r.db.QueryContext(ctx, `
		SELECT `+sessionColumns+`, r.lab_slug, r.no, coalesce(c.name, '')
		FROM session s JOIN run r ON r.session = s.id
			AND r.no = (SELECT max(no) FROM run WHERE session = s.id)
			LEFT JOIN capture c ON c.session = s.id
		WHERE s.owner_subject = ? ORDER BY s.touched DESC, s.id LIMIT ?`, owner, limit)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	defer rows.Close()
	var list []app.Summary
	for rows.Next() {
		var sum app.Summary
		if sum.Session, err = scanSession(rows, &sum.LabSlug, &sum.Runs,
			&sum.Capture); err != nil {
			return nil, fmt.Errorf("list sessions: %w", err)
		}
		list = append(list, sum)
	}
	return list, rows.Err()
}

// CreatedSince counts the sessions a subject made after an instant.
func (r reader) CreatedSince(ctx context.Context, owner app.SubjectID, since time.Time) (
	n int, first time.Time, err error,
) {
	var earliest sql.NullInt64
	err = r.db.QueryRowContext(ctx,
		`SELECT count(*), min(created) FROM session WHERE owner_subject = ? AND created > ?`,
		owner, since.UnixMilli()).Scan(&n, &earliest)
	if err == nil && earliest.Valid {
		first = instant(earliest.Int64)
	}
	return n, first, err
}

// Run returns one run; no 0 means the last.
func (r reader) Run(ctx context.Context, id app.SessionID, no int) (app.Run, error) {
	return scanRun(r.db.QueryRowContext(ctx, `
		SELECT session, no, parent, parent_step, behaviour, build, lab_slug, lab_digest,
			params, seed, world
		FROM run WHERE session = ?1 AND (no = ?2 OR ?2 = 0) ORDER BY no DESC LIMIT 1`, id, no))
}

func scanRun(row scanner) (app.Run, error) {
	var r app.Run
	var parent, step sql.NullInt64
	var params, seed string
	err := row.Scan(&r.Session, &r.No, &parent, &step, &r.Behaviour, &r.Build, &r.LabSlug,
		&r.LabDigest, &params, &seed, &r.World)
	if err != nil {
		return r, notFound(err)
	}
	r.Parent, r.ParentStep = int(parent.Int64), uint64(step.Int64)
	if err := json.Unmarshal([]byte(params), &r.Params); err != nil {
		return r, fmt.Errorf("run %s/%d: params: %w", r.Session, r.No, err)
	}
	if r.Seed, err = strconv.ParseUint(seed, 10, 64); err != nil {
		return r, fmt.Errorf("run %s/%d: seed: %w", r.Session, r.No, err)
	}
	return r, nil
}

// Entries lists the journal of a run in order of seq.
func (r reader) Entries(ctx context.Context, id app.SessionID, run int) ([]journal.Entry, error) {
	rows, err := r.db.QueryContext(ctx, `
		SELECT seq, step, t, n, coalesce(cid, ''), actor, op, args
		FROM command WHERE session = ? AND run = ? ORDER BY seq`, id, run)
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	defer rows.Close()
	var list []journal.Entry
	for rows.Next() {
		var e journal.Entry
		var t int64
		var args string
		if err := rows.Scan(&e.Seq, &e.Step, &t, &e.N, &e.CID, &e.Actor, &e.Op, &args); err != nil {
			return nil, fmt.Errorf("read journal: %w", err)
		}
		e.T, e.Args = sim.Time(t), json.RawMessage(args)
		list = append(list, e)
	}
	return list, rows.Err()
}

// Lookup finds a command by its idempotency key, in any run of the session.
func (r reader) Lookup(ctx context.Context, id app.SessionID, cid string) (store.Appended, error) {
	return lookup(r.db.QueryRowContext(ctx, lookupSQL, id, cid))
}

const lookupSQL = `SELECT run, seq, n FROM command WHERE session = ? AND cid = ?`

func lookup(row scanner) (store.Appended, error) {
	a := store.Appended{Duplicate: true}
	err := row.Scan(&a.Run, &a.Seq, &a.N)
	return a, notFound(err)
}

// Diverged returns how many events owners up to an epoch share with all later ones.
func (r reader) Diverged(ctx context.Context, id app.SessionID, run int, epoch uint64) (
	uint64, bool, error,
) {
	var n uint64
	err := r.db.QueryRowContext(ctx, `
		SELECT n FROM command WHERE session = ? AND run = ? AND epoch > ? AND op <> 'clock'
		ORDER BY seq LIMIT 1`, id, run, epoch).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return n, err == nil, err
}

const shareColumns = `token_hash, session, role, expires, revoked`

func scanShare(row scanner) (app.Share, error) {
	var s app.Share
	var expires int64
	err := row.Scan(&s.TokenHash, &s.Session, &s.Role, &expires, &s.Revoked)
	s.Expires = instant(expires)
	return s, notFound(err)
}

// Share returns a share by the hash of its token, valid or not.
func (r reader) Share(ctx context.Context, tokenHash string) (app.Share, error) {
	return scanShare(r.db.QueryRowContext(ctx,
		`SELECT `+shareColumns+` FROM share WHERE token_hash = ?`, tokenHash))
}

// SharesOf lists the shares of a session.
func (r reader) SharesOf(ctx context.Context, id app.SessionID) ([]app.Share, error) {
	rows, err := r.db.QueryContext(ctx,
		`SELECT `+shareColumns+` FROM share WHERE session = ? ORDER BY rowid`, id)
	if err != nil {
		return nil, fmt.Errorf("list shares: %w", err)
	}
	defer rows.Close()
	var list []app.Share
	for rows.Next() {
		s, err := scanShare(rows)
		if err != nil {
			return nil, fmt.Errorf("list shares: %w", err)
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

// Counts says how much there is.
func (r reader) Counts(ctx context.Context) (c store.Counts, err error) {
	err = r.db.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM session),
		(SELECT count(*) FROM session WHERE finished IS NOT NULL),
		(SELECT count(*) FROM run),
		(SELECT count(*) FROM command WHERE op <> 'clock'),
		(SELECT count(*) FROM share),
		(SELECT count(*) FROM capture)`).
		Scan(&c.Sessions, &c.Finished, &c.Runs, &c.Commands, &c.Shares, &c.Captures)
	return c, err
}

func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return store.ErrNotFound
	}
	return err
}

func instant(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
