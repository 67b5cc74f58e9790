// Package sessionhttp answers the addresses of a session that are files rather than
// pages: its status, its journal, the events and segments of its runs.
//
// It must never answer somebody without a part in the session otherwise than as if
// there were none (404), nor let anything be cached that a later command could change.
// Read docs/labwire.md §3 and docs/security.md §5 first.
package sessionhttp

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"time"

	"labserver/stack/inet"
	"labserver/stack/wire"
	"labserver/web/app"
	"labserver/web/auth"
	"labserver/web/session"
)

// Files answers for the sessions of a manager. All fields but Log and Now are required.
type Files struct {
	Sessions *session.Manager
	Shelf    auth.Shelf
	Identity app.Identifier
	Log      *slog.Logger     // slog.Default
	Now      func() time.Time // time.Now
}

// What a browser may do with an answer.
const (
	forever = "private, max-age=31536000, immutable"
	noStore = "no-store"
)

// Status answers GET /s/{session}/status.
func (f Files) Status() http.Handler {
	return f.handle(app.View, func(w http.ResponseWriter, r *http.Request, id app.SessionID) error {
		st, err := f.Sessions.Status(r.Context(), id)
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, st)
	})
}

// Journal answers GET /s/{session}/journal?run=: one file, to keep.
func (f Files) Journal() http.Handler {
	return f.handle(app.Manage, func(w http.ResponseWriter, r *http.Request, id app.SessionID) error {
		no, err := number(r.URL.Query().Get("run"), "run", 0)
		if err != nil {
			return err
		}
		file, err := f.Sessions.Journal(r.Context(), id, int(no))
		if err != nil {
			return err
		}
		h := w.Header()
		h.Set("Content-Type", "application/x-ndjson")
		h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="labserver-%s-%s.jsonl"`,
			shortened(id), runName(no)))
		h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
		_, err = w.Write(file)
		return ignoreGone(err)
	})
}

// Imported answers GET /s/{session}/capture: the file that the run was read from.
func (f Files) Imported() http.Handler {
	return f.handle(app.View, func(w http.ResponseWriter, r *http.Request, id app.SessionID) error {
		return f.imported(w, r, id)
	})
}

func (f Files) imported(w http.ResponseWriter, r *http.Request, id app.SessionID) error {
	file, err := f.Sessions.Capture(r.Context(), id)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment",
		map[string]string{"filename": file.Name}))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	_, err = w.Write(file.Octets)
	return ignoreGone(err)
}

// Events answers GET /s/{session}/runs/{run}/events?from=&to= with a line per event.
func (f Files) Events() http.Handler {
	return f.handle(app.View, func(w http.ResponseWriter, r *http.Request, id app.SessionID) error {
		no, err := number(r.PathValue("run"), "run", 1)
		if err != nil {
			return app.ErrNotFound
		}
		q := r.URL.Query()
		from, err := number(q.Get("from"), "from", 1)
		if err != nil {
			return err
		}
		to, err := number(q.Get("to"), "to", 0)
		if err != nil {
			return err
		}
		if to == 0 && q.Get("to") != "" {
			return app.ErrRange.At("to")
		}
		past, err := f.Sessions.Events(r.Context(), id, int(no), from, to)
		if err != nil {
			return err
		}
		if past.Final && to != 0 && len(past.Events) > 0 {
			w.Header().Set("Cache-Control", forever)
		}
		w.Header().Set("Content-Type", "application/x-ndjson")
		w.Header().Set("X-Labserver-Head", strconv.FormatUint(past.Head, 10))
		return writeEvents(w, past)
	})
}

func writeEvents(w http.ResponseWriter, past session.History) error {
	const chunk = 64 << 10
	buf := make([]byte, 0, chunk+4096)
	for _, e := range past.Events {
		buf = append(e.AppendJSON(buf), '\n')
		if len(buf) >= chunk {
			if _, err := w.Write(buf); err != nil {
				return ignoreGone(err)
			}
			buf = buf[:0]
		}
	}
	_, err := w.Write(buf)
	return ignoreGone(err)
}

// Segment is what the inspector shows of one packet.
type Segment struct {
	Pkt    inet.PacketID `json:"pkt"`
	Octets string        `json:"octets"` // hex
	Layers []wire.Layer  `json:"layers"`
}

// Segment answers GET /s/{session}/runs/{run}/segments/{n}: the packet that event n
// sent, taken apart, with its octets.
func (f Files) Segment() http.Handler {
	return f.handle(app.View, func(w http.ResponseWriter, r *http.Request, id app.SessionID) error {
		no, err := number(r.PathValue("run"), "run", 1)
		if err != nil {
			return app.ErrNotFound
		}
		n, err := number(r.PathValue("n"), "n", 1)
		if err != nil {
			return app.ErrNotFound
		}
		frame, final, err := f.Sessions.Frame(r.Context(), id, int(no), inet.PacketID(n))
		if err != nil {
			return err
		}
		if final {
			w.Header().Set("Cache-Control", forever)
		}
		return writeJSON(w, http.StatusOK, Segment{Pkt: inet.PacketID(n),
			Octets: hex.EncodeToString(frame), Layers: wire.Dissect(frame)})
	})
}

// answerer writes one answer; an error is written for it.
type answerer func(http.ResponseWriter, *http.Request, app.SessionID) error

// handle finds the session and asks whether the reader may; an error becomes JSON.
func (f Files) handle(act app.Action, answer answerer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", noStore)
		id := app.SessionID(r.PathValue("session"))
		err := f.may(r.Context(), r, id, act)
		if err == nil {
			err = answer(w, r, id)
		}
		if err != nil {
			f.refuse(w, r, err)
		}
	})
}

func (f Files) may(ctx context.Context, r *http.Request, id app.SessionID, act app.Action) error {
	actor, err := f.Identity.Subject(r)
	if err != nil {
		return err
	}
	_, role, err := auth.Open(ctx, f.Shelf, actor, id, f.now())
	if err != nil {
		return err
	}
	if !app.Allows(role, act) {
		return app.ErrNotFound
	}
	return nil
}

func (f Files) now() time.Time {
	if f.Now != nil {
		return f.Now()
	}
	return time.Now()
}

func (f Files) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status := app.Status(err)
	if status >= http.StatusInternalServerError {
		log := f.Log
		if log == nil {
			log = slog.Default()
		}
		log.ErrorContext(r.Context(), "session file", "error", err)
	}
	w.Header().Set("Cache-Control", noStore)
	w.Header().Del("Content-Disposition")
	_ = writeJSON(w, status, Refusal{OK: false, Error: app.Public(err)})
}

// Refusal is the body of every answer that is an error.
type Refusal struct {
	OK bool `json:"ok"` // false
	*app.Error
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(append(b, '\n'))
	return ignoreGone(err)
}

// ignoreGone drops the error of a write: the reader has gone, and nobody is left to
// tell.
func ignoreGone(error) error { return nil }

// number reads a decimal number; an empty one is what absent says.
func number(s, field string, absent uint64) (uint64, error) {
	if s == "" {
		return absent, nil
	}
	n, err := strconv.ParseUint(s, 10, 53)
	if err != nil {
		return 0, (&app.Error{Code: app.ErrRange.Code}).At(field)
	}
	return n, nil
}

func shortened(id app.SessionID) string {
	const most = 8
	return string(id[:min(len(id), most)])
}

func runName(no uint64) string {
	if no == 0 {
		return "latest"
	}
	return strconv.FormatUint(no, 10)
}
