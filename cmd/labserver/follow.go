package main

import (
	"context"
	"errors"
	"time"

	"labserver/stack/capture"
	"labserver/web/app"
	"labserver/web/store/sqlite"
)

// How often a followed session is looked at, and how long what is under way in it may hold
// back what comes behind while nothing happens.
const (
	followEvery = 250 * time.Millisecond
	followQuiet = 3 * time.Second // longer than the server lets pass without a clock entry
)

// follow tells what happens to a session until it ends, the caller has had enough, or
// nobody reads any more. It reads the journal beside the server: a command is there before
// it is applied, and the passing of time every 2 s.
func (c exportCmd) follow(ctx context.Context, rec recorded, run *capture.Run,
	out *captureFile,
) error {
	db, err := openReader(ctx, c.Data)
	if err != nil {
		return err
	}
	defer db.Close()
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	seen, since := run.World().Steps(), time.Now()
	for {
		over, err := ended(ctx, db, rec) // before the entries: there are none after
		if err != nil {
			return unlessCancelled(ctx, err)
		}
		entries, err := db.Entries(ctx, rec.session, rec.run)
		if err != nil {
			return unlessCancelled(ctx, err)
		}
		if err := run.Follow(entries, out.take); err != nil {
			return err
		}
		if now := run.World().Steps(); now != seen {
			seen, since = now, time.Now()
		} else if time.Since(since) > followQuiet {
			// It stands still: what is under way is shown as far as it is known.
			if err := run.End(out.take); err != nil {
				return err
			}
		}
		if err := out.flush(); over || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if readerGone(out.pipe) {
			return errGone
		}
	}
}

// ended reports whether nothing more will happen in a run: it was handed in, or another
// run of its session has begun.
func ended(ctx context.Context, db *sqlite.Reader, rec recorded) (bool, error) {
	last, err := db.Run(ctx, rec.session, 0)
	if err != nil {
		return false, err
	}
	row, err := db.Session(ctx, rec.session)
	if err != nil {
		return false, err
	}
	return last.No != rec.run || handedIn(row), nil
}

func handedIn(row app.Session) bool { return !row.Finished.IsZero() }

// unlessCancelled drops an error that only says that the caller has had enough.
func unlessCancelled(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) || ctx.Err() != nil {
		return nil
	}
	return err
}
