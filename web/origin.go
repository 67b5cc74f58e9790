package web

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"labserver/web/page/fault"
)

// Secure tells whether a request came over https, by itself or by a proxy of ours.
func (o Origin) Secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if o.fromProxy(r) {
		if proto := r.Header.Get("X-Forwarded-Proto"); proto != "" {
			return strings.EqualFold(proto, "https")
		}
	}
	return o.Public != nil && o.Public.Scheme == "https"
}

// Client returns the address a request came from: the last one in X-Forwarded-For that
// is no proxy of ours, if a proxy of ours says so; else the other end of the connection.
func (o Origin) Client(r *http.Request) netip.Addr {
	from := remote(r)
	if !o.fromProxy(r) {
		return from
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return from
		}
		if from = hop.Unmap(); !o.isProxy(from) {
			return from
		}
	}
	return from
}

func (o Origin) fromProxy(r *http.Request) bool { return o.isProxy(remote(r)) }

func (o Origin) isProxy(a netip.Addr) bool {
	for _, p := range o.Proxies {
		if a.IsValid() && p.Contains(a) {
			return true
		}
	}
	return false
}

func remote(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}

// Ours tells whether an Origin header names this server: the public address, or the
// very host the request was sent to. Browsers on plain http on a LAN send no
// Sec-Fetch-Site, so this comparison is what protects them (docs/security.md §9).
func (o Origin) Ours(r *http.Request, origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return false
	}
	if o.Public != nil && u.Scheme == o.Public.Scheme && sameHost(u.Host, o.Public.Host, u.Scheme) {
		return true
	}
	scheme := "http"
	if o.Secure(r) {
		scheme = "https"
	}
	return u.Scheme == scheme && sameHost(u.Host, r.Host, scheme)
}

// sameHost compares two hosts with the scheme's own port written or left out.
func sameHost(a, b, scheme string) bool {
	return strings.EqualFold(withPort(a, scheme), withPort(b, scheme))
}

func withPort(host, scheme string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	port := "80"
	if scheme == "https" {
		port = "443"
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), port)
}

// Address returns the absolute address of a path on this server, for people to copy.
func (o Origin) Address(r *http.Request, path string) string {
	u := url.URL{Scheme: "http", Host: r.Host, Path: path}
	if o.Secure(r) {
		u.Scheme = "https"
	}
	if o.Public != nil {
		u.Scheme, u.Host = o.Public.Scheme, o.Public.Host
	}
	return u.String()
}

// sameOrigin refuses what another site sends in a reader's name: the standard library's
// check, and beside it our own of Origin and Referer for requests that carry neither
// Sec-Fetch-Site nor Origin, which that one lets pass.
func (s *server) sameOrigin(next http.Handler) http.Handler {
	std := http.NewCrossOriginProtection()
	if s.Origin.Public != nil {
		// An address that is not an origin is a mistake of configuration that the
		// command line has refused before; our own comparison holds in any case.
		_ = std.AddTrustedOrigin(s.Origin.Public.Scheme + "://" + s.Origin.Public.Host)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := std.Check(r); err != nil || !s.fromHere(r) {
			fault.Status(w, r, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// fromHere: what changes nothing may come from anywhere. What changes something names
// our origin, or, where a browser left Origin out, our address as its Referer; a request
// with neither is no browser's form, and has no cookie to abuse unless it is forged by
// hand, but is refused if it carries one.
func (s *server) fromHere(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		return s.Origin.Ours(r, origin)
	}
	if referer := r.Header.Get("Referer"); referer != "" {
		return s.Origin.Ours(r, referer)
	}
	return r.Header.Get("Sec-Fetch-Site") == "same-origin" || r.Header.Get("Cookie") == ""
}
