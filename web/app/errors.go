package app

import (
	"errors"
	"net/http"
	"time"
)

// Error is what a person or client is told: a code, the field at fault, and nothing of
// the cause. Texts in the page's language are found by the code.
type Error struct {
	Code  string `json:"code"`
	Field string `json:"field,omitempty"`
	Got   string `json:"got,omitempty"`
	Limit string `json:"limit,omitempty"`
	// Wait is how long it takes until trying again can help; 0 when that is not known.
	Wait  time.Duration `json:"-"`
	cause error
}

// Error returns the code and the field; the cause is for logs, by errors.Unwrap.
func (e *Error) Error() string {
	s := e.Code
	if e.Field != "" {
		s += ": " + e.Field
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether two errors have the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Because returns the error with a cause for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// At returns the error with the field at fault.
func (e *Error) At(field string) *Error {
	c := *e
	c.Field = field
	return &c
}

// The errors people can meet. Compare with errors.Is.
var (
	ErrNotFound    = &Error{Code: "not_found"}       // no such thing, or not theirs
	ErrMalformed   = &Error{Code: "malformed"}       // not JSON, or not of the form
	ErrUnknownOp   = &Error{Code: "unknown_op"}      // no such command
	ErrMissing     = &Error{Code: "missing"}         // a field is missing
	ErrBadType     = &Error{Code: "bad_type"}        // a field has a wrong type
	ErrRange       = &Error{Code: "out_of_range"}    // a number is outside its limits
	ErrDuplicate   = &Error{Code: "duplicate_field"} // a field stands there twice
	ErrUnknownGoal = &Error{Code: "unknown_goal"}    // the lab has no such goal, or it asks nothing
	ErrForbidden   = &Error{Code: "forbidden"}       // they may look, not touch
	ErrFinished    = &Error{Code: "finished"}        // the run was handed in
	ErrBroken      = &Error{Code: "broken"}          // the engine met a defect of its own
	ErrOtherBuild  = &Error{Code: "other_build"}     // saved by another build of the engine
	ErrQuota       = &Error{Code: "quota"}           // a limit is used up
	ErrRate        = &Error{Code: "rate"}            // too fast
	ErrFull        = &Error{Code: "full"}            // the server has no room for one more
	ErrUnavailable = &Error{Code: "unavailable"}     // could not be saved; try again
	ErrDraining    = &Error{Code: "draining"}        // the server is going down
)

// The quotas that have an error page of their own, as the Field of an ErrQuota.
const (
	QuotaNewSessions = "sessions_per_hour" // of one subject
	QuotaShares      = "shares"            // that work, of one session
)

// Status returns the HTTP status of an error; 500 for one that has no code.
func Status(err error) int {
	var e *Error
	if !errors.As(err, &e) {
		return http.StatusInternalServerError
	}
	switch e.Code {
	case "not_found":
		return http.StatusNotFound
	case "forbidden":
		return http.StatusForbidden
	case "finished", "broken", "other_build", "capture":
		return http.StatusConflict
	case "bad_capture":
		return http.StatusUnprocessableEntity
	case "quota", "rate":
		return http.StatusTooManyRequests
	case "full", "unavailable", "draining":
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// Public returns what of an error a client may see: its code and field, never a cause.
func Public(err error) *Error {
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Code: "internal"}
	}
	c := *e
	c.cause = nil
	return &c
}
