package web

import (
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/go-chi/httprate"

	"labserver/static"
	"labserver/web/page/fault"
)

// Limits bound what one address may ask for. A classroom often shares one address, so
// they leave room for a whole class. Zero fields take the defaults.
type Limits struct {
	Requests int   // per address and minute, static files apart; 1200
	Changes  int   // per address and minute, of those that change something; 240
	Body     int64 // octets of a request's body; 16 KiB
}

func (l Limits) withDefaults() Limits {
	if l.Requests == 0 {
		l.Requests = 1200
	}
	if l.Changes == 0 {
		l.Changes = 240
	}
	if l.Body == 0 {
		l.Body = 16 << 10
	}
	return l
}

// limitAddress holds each address to its two limits. Files that never change are free:
// a page asks for several, once.
func (s *server) limitAddress(next http.Handler) http.Handler {
	all := s.perMinute(s.Limits.Requests)(next)
	changes := s.perMinute(s.Limits.Changes)(all)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, static.Prefix):
			next.ServeHTTP(w, r)
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			all.ServeHTTP(w, r)
		default:
			changes.ServeHTTP(w, r)
		}
	})
}

// perMinute lets each address have so many requests a minute.
func (s *server) perMinute(n int) func(http.Handler) http.Handler {
	address := func(r *http.Request) (string, error) { return bucket(s.Origin.Client(r)), nil }
	return httprate.LimitBy(n, time.Minute, address,
		httprate.WithResponseHeaders(httprate.ResponseHeaders{RetryAfter: "Retry-After"}),
		httprate.WithLimitHandler(func(w http.ResponseWriter, r *http.Request) {
			fault.Status(w, r, http.StatusTooManyRequests)
		}))
}

// bucket counts an IPv6 reader by the /64 they can choose addresses from.
func bucket(a netip.Addr) string {
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// limitBody refuses a body that says it is too large and cuts off one that lies.
func (s *server) limitBody(next http.Handler) http.Handler {
	return limitBodyTo(s.Limits.Body, func(w http.ResponseWriter, r *http.Request) {
		fault.Status(w, r, http.StatusRequestEntityTooLarge)
	})(next)
}

// limitBodyTo is limitBody for forms that need another limit, and refuse in words of
// their own.
func limitBodyTo(most int64, refuse http.HandlerFunc) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength > most {
				refuse(w, r)
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, most)
			next.ServeHTTP(w, r)
		})
	}
}
