// Package store is what the server keeps: sessions, their runs, the commands of each
// run in order, and shares. Everything else is computed from them.
//
// It must never hold SQL (that is in the adapters) nor decide who may do what. Every
// adapter passes the suite in storetest. Read docs/journal.md §7 first.
package store

import (
	"context"
	"errors"
	"time"

	"labserver/stack/journal"
	"labserver/web/app"
)

// Errors of a store. Any other error means that the outcome is unknown: never retry
// blind; look the command up by its cid, or drop the session and load it again.
var (
	// ErrFenced says that another owner has claimed the session: drop it from memory.
	ErrFenced = errors.New("store: the session has another owner")
	// ErrNotFound says that there is no such row.
	ErrNotFound = errors.New("store: not found")
	// ErrLocked says that another process serves this database.
	ErrLocked = errors.New("store: another labserver process serves this database")
)

// Fence is the proof of ownership that every write to a session carries.
type Fence struct {
	Session app.SessionID
	Epoch   uint64
}

// Appended says where a command stands in the journal.
type Appended struct {
	Run int
	Seq uint64
	N   uint64 // events before it; its own event is N+1
	// Duplicate tells that the cid was there before: this is the first one's place.
	Duplicate bool
}

// Reader is what can be asked of a store, also beside a serving process.
type Reader interface {
	Session(ctx context.Context, id app.SessionID) (app.Session, error)
	// SessionsOf lists the sessions a subject made, the last touched first.
	SessionsOf(ctx context.Context, owner app.SubjectID, limit int) ([]app.Summary, error)
	// CreatedSince counts the sessions a subject made after an instant, and tells when it
	// made the first of them; the zero time if there is none.
	CreatedSince(ctx context.Context, owner app.SubjectID, since time.Time) (
		n int, first time.Time, err error)
	// Run returns one run; no 0 means the last.
	Run(ctx context.Context, id app.SessionID, no int) (app.Run, error)
	// Entries lists the journal of a run in order of seq.
	Entries(ctx context.Context, id app.SessionID, run int) ([]journal.Entry, error)
	// Lookup finds a command by its idempotency key, in any run of the session.
	Lookup(ctx context.Context, id app.SessionID, cid string) (Appended, error)
	// Diverged returns how many events of a run are the same for an owner of the given
	// epoch and all later ones: those before the first command a later owner took. ok
	// is false if there is no such command.
	Diverged(ctx context.Context, id app.SessionID, run int, epoch uint64) (
		n uint64, ok bool, err error)
	// Share returns a share by the hash of its token, valid or not.
	Share(ctx context.Context, tokenHash string) (app.Share, error)
	// SharesOf lists the shares of a session.
	SharesOf(ctx context.Context, id app.SessionID) ([]app.Share, error)
	// Capture returns the file of a session that was read from one.
	Capture(ctx context.Context, id app.SessionID) (app.Capture, error)
	// Counts says how much there is.
	Counts(ctx context.Context) (Counts, error)
}

// Counts are the sizes of the tables.
type Counts struct {
	Sessions, Finished, Runs, Commands, Shares, Captures int64
}

// Store is everything durable. Each method is one transaction; what it returns nil for
// is on disk.
type Store interface {
	Reader
	// CreateSession adds a session, owned by this process, with its first run and the
	// entries it begins with, in their order: none, unless it is a recorded run.
	CreateSession(ctx context.Context, s app.Session, r app.Run, entries ...journal.Entry) (
		app.Session, error)
	// CreateCapture adds a session, owned by this process, with its run and the file that
	// the run is read from.
	CreateCapture(ctx context.Context, s app.Session, r app.Run, c app.Capture) (app.Session, error)
	// PruneCaptures deletes sessions that were read from captures, with their files: those
	// last touched before an instant, whose ever they are, and of one owner the oldest, so
	// that no more octets and no more files than said are left.
	PruneCaptures(ctx context.Context, before time.Time, owner app.SubjectID, octets int64,
		files int) error
	// Claim makes this process the owner, with a new epoch, and returns the session.
	Claim(ctx context.Context, id app.SessionID) (app.Session, error)
	// Append journals one command at the end of a run and returns its place. With a
	// cid that is already there it changes nothing and returns the first one's place.
	Append(ctx context.Context, f Fence, now time.Time, run int, e journal.Entry) (Appended, error)
	// Clock journals a clock entry and sets playing and speed along with it. It takes
	// the place of the last entry if that is a clock entry with the same arguments, so
	// that a run left playing does not fill the disk.
	Clock(ctx context.Context, f Fence, now time.Time, run int, e journal.Entry,
		playing bool, speed app.Speed) (seq uint64, err error)
	// SetClock sets playing and speed without an entry.
	SetClock(ctx context.Context, f Fence, now time.Time, playing bool, speed app.Speed) error
	// Finish marks the session as handed in.
	Finish(ctx context.Context, f Fence, now time.Time) error
	// NewRun adds the next run (its No is set here), opens the session again and leaves
	// it paused. It fails if after is not the last run, so that a resend is harmless.
	NewRun(ctx context.Context, f Fence, now time.Time, after int, r app.Run) (app.Run, error)
	// Release gives the session back, so that any process may claim it at once.
	Release(ctx context.Context, f Fence) error
	// Touch says that somebody was here.
	Touch(ctx context.Context, f Fence, now time.Time) error
	// CreateShare adds a share.
	CreateShare(ctx context.Context, s app.Share) error
	// RevokeShare ends a share; ending it again changes nothing.
	RevokeShare(ctx context.Context, tokenHash string) error
	// Close releases the database and its lock.
	Close() error
}
