package web

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/go-chi/chi/v5"

	"labserver/web/page/fault"
	"labserver/web/page/layout"
)

// newRequestID names a request in logs and on error pages.
func newRequestID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails: it ends the process rather
	return hex.EncodeToString(b[:])
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	octets int
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.octets += n
	return n, err
}

// Unwrap lets http.ResponseController reach what is below.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// accessLog writes one line a request. It names the route, not the address: addresses
// hold share tokens and session ids, and queries what people typed.
func (s *server) accessLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec, began := &recorder{ResponseWriter: w}, time.Now()
		defer func() {
			s.Log.LogAttrs(r.Context(), levelOf(rec.status), "request",
				slog.String("id", layout.From(r.Context()).RequestID),
				slog.String("method", r.Method), slog.String("route", route(r)),
				slog.Int("status", rec.status), slog.Int("octets", rec.octets),
				slog.Duration("took", time.Since(began)),
				slog.String("from", s.Origin.Client(r).String()))
		}()
		next.ServeHTTP(rec, r)
	})
}

// levelOf lets denied access and failures stand out (docs/security.md §8).
func levelOf(status int) slog.Level {
	switch {
	case status >= 500:
		return slog.LevelError
	case status == http.StatusForbidden, status == http.StatusTooManyRequests:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

func route(r *http.Request) string {
	if c := chi.RouteContext(r.Context()); c != nil && c.RoutePattern() != "" {
		return c.RoutePattern()
	}
	return "none"
}

// socketLog notes when a socket comes and goes. It leaves the ResponseWriter as it is.
func (s *server) socketLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, id := time.Now(), layout.From(r.Context()).RequestID
		from := slog.String("from", s.Origin.Client(r).String())
		s.Log.InfoContext(r.Context(), "socket opens", "id", id, from)
		defer func() {
			s.Log.InfoContext(r.Context(), "socket ends", "id", id, from,
				"took", time.Since(began))
		}()
		next.ServeHTTP(w, r)
	})
}

// recoverer turns a panic into an error page and a log line with the stack.
func (s *server) recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p) // the server's own way to drop a connection
			}
			s.Log.ErrorContext(r.Context(), "panic", "id", layout.From(r.Context()).RequestID,
				"route", route(r), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			if rec, ok := w.(*recorder); ok && rec.status != 0 {
				return // the answer has begun; it ends here
			}
			fault.Status(w, r, http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}
