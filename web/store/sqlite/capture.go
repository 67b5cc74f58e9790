package sqlite

import (
	"context"
	"database/sql"
	"time"

	"labserver/web/app"
)

// Capture returns the file of a session that was read from one.
func (r reader) Capture(ctx context.Context, id app.SessionID) (app.Capture, error) {
	var c app.Capture
	err := r.db.QueryRowContext(ctx, `SELECT name, octets FROM capture WHERE session = ?`, id).
		Scan(&c.Name, &c.Octets)
	return c, notFound(err)
}

// CreateCapture adds a session with its run and the file that the run is read from.
func (s *Store) CreateCapture(ctx context.Context, row app.Session, run app.Run, c app.Capture) (
	app.Session, error,
) {
	row.Node, row.OwnerEpoch = s.node, 1
	err := s.do(ctx, "create capture", func(tx *sql.Tx) error {
		if err := insertSession(ctx, tx, row); err != nil {
			return err
		}
		if err := insertRun(ctx, tx, run); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx,
			`INSERT INTO capture (session, name, size, octets) VALUES (?, ?, ?, ?)`,
			row.ID, c.Name, len(c.Octets), c.Octets)
		return err
	})
	return row, err
}

// pruneSQL names the sessions of captures that must go. The newest of the owner come first;
// what stands behind the limits goes.
const pruneSQL = `DELETE FROM session WHERE id IN (
	SELECT s.id FROM session s JOIN capture c ON c.session = s.id WHERE s.touched < ?1
	UNION
	SELECT id FROM (
		SELECT s.id AS id, sum(c.size) OVER newest AS octets, row_number() OVER newest AS files
		FROM session s JOIN capture c ON c.session = s.id WHERE s.owner_subject = ?2
		WINDOW newest AS (ORDER BY s.created DESC, s.rowid DESC))
	WHERE octets > ?3 OR files > ?4)`

// PruneCaptures deletes captures that are old, and those of an owner beyond limits.
func (s *Store) PruneCaptures(ctx context.Context, before time.Time, owner app.SubjectID,
	octets int64, files int) error {
	return s.do(ctx, "prune captures", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, pruneSQL, before.UnixMilli(), owner, octets, files)
		return err
	})
}
