// Package app is the nouns of the server: who acts, what a session, a run and a share
// are, and which errors people can meet.
//
// It must never do I/O: it opens no file, socket or database, and reads no clock; `now`
// is passed in. Read docs/journal.md §1–2 and docs/security.md §5.
package app

import (
	"net/http"
	"time"
)

// SubjectID names a person or a browser without an account; it is what journals and
// tables hold. For an anonymous browser it is the hash of its cookie's token.
type SubjectID string

// SessionID names a session: 128 random bits in base32, lower case, in every URL of it.
// Knowing one is never enough to see anything.
type SessionID string

// Actor is who makes a request: a subject, with the share tokens the request carries.
// The zero value is nobody and may do nothing.
type Actor struct {
	Subject SubjectID
	// Admin marks the holder of the data folder's admin token, on the loopback.
	Admin bool
	// Tokens are the share tokens the request carries, in clear; only their hashes are
	// ever stored or logged.
	Tokens []string
}

// Identifier tells who makes a request. The sign-in package implements it; an error
// means that the request carries a broken identity, not that it carries none.
type Identifier interface {
	Subject(r *http.Request) (Actor, error)
}

// Session is one person's way through one lab: runs 1..n, of which the last is played.
type Session struct {
	ID         SessionID
	Owner      SubjectID
	Node       string // the process that owns it now
	OwnerEpoch uint64 // fencing number: grows with every start or take-over
	Created    time.Time
	Touched    time.Time
	Playing    bool
	Speed      Speed
	Finished   time.Time // when the last run was handed in; zero while it is open
}

// Run is one start of a session's world. A reset makes another.
type Run struct {
	Session    SessionID
	No         int
	Parent     int    // the run it was forked from; 0 for none
	ParentStep uint64 // where in Parent
	Behaviour  int
	Build      string // digest of the engine's golden events: another build may differ
	LabSlug    string
	LabDigest  string
	Params     map[string]string
	Seed       uint64
	World      []byte // the start world as journal.World in JSON
}

// Summary is what lists show of a session.
type Summary struct {
	Session
	LabSlug string
	Runs    int
	Capture string // the name of the file that it was read from; "" for a lab's
}

// Share is the right to see or co-drive one session, held by whoever has its token.
type Share struct {
	TokenHash string // sha256 of the token, hex
	Session   SessionID
	Role      Role
	Expires   time.Time
	Revoked   bool
}

// Valid reports whether the share still grants anything.
func (s Share) Valid(now time.Time) bool { return !s.Revoked && now.Before(s.Expires) }
