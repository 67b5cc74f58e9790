// Package auth tells who makes a request: an anonymous browser by its long-lived cookie,
// the holder of a share link by the cookie that link left, the holder of the admin token.
//
// It must never decide what somebody may do (app.Can does), store a token in clear, or
// make an identity for somebody who only reads. Read docs/security.md §4–6.
package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"labserver/web/app"
)

// The cookies' names without their prefix, and how long they live.
const (
	subjectCookie = "labserver"
	shareCookie   = "labserver-share"
	subjectAge    = 400 * 24 * time.Hour // the most a browser keeps
	tokenOctets   = 32
)

// Config is what identities depend on. The zero value is a plain-http server without an
// admin token.
type Config struct {
	// Secure tells whether a request came over https: cookies are Secure then and bear
	// the __Host- prefix, which plain http on a classroom's LAN cannot have.
	Secure func(*http.Request) bool
	// AdminToken, when not empty, makes its bearer on the loopback an administrator.
	AdminToken string
}

// Auth implements app.Identifier. Make one with New.
type Auth struct{ cfg Config }

var _ app.Identifier = (*Auth)(nil)

// New returns the identities of one server.
func New(cfg Config) *Auth {
	if cfg.Secure == nil {
		cfg.Secure = func(r *http.Request) bool { return r.TLS != nil }
	}
	return &Auth{cfg}
}

// Subject implements app.Identifier. A cookie that is not one of ours counts as none,
// so that nobody is locked out by it; it is replaced when they start something.
func (a *Auth) Subject(r *http.Request) (app.Actor, error) {
	var actor app.Actor
	if token, ok := a.cookie(r, a.subjectName(r)); ok {
		actor.Subject = subjectOf(token)
	}
	for _, c := range r.CookiesNamed(a.shareName(r)) {
		if validToken(c.Value) {
			actor.Tokens = append(actor.Tokens, c.Value)
		}
	}
	actor.Admin = a.admin(r)
	return actor, nil
}

// Ensure returns who makes a request and, when they are nobody yet, makes them an
// anonymous subject. Only what changes state may call it, never a page that is read.
func (a *Auth) Ensure(w http.ResponseWriter, r *http.Request) (app.Actor, error) {
	actor, err := a.Subject(r)
	if err != nil || actor.Subject != "" {
		return actor, err
	}
	token := NewToken()
	http.SetCookie(w, &http.Cookie{
		Name: a.subjectName(r), Value: token, Path: "/", MaxAge: int(subjectAge.Seconds()),
		HttpOnly: true, Secure: a.cfg.Secure(r), SameSite: http.SameSiteLaxMode,
	})
	actor.Subject = subjectOf(token)
	return actor, nil
}

// Carry leaves a share's token with the browser, for the addresses of its session only.
func (a *Auth) Carry(w http.ResponseWriter, r *http.Request, s app.Share, token string) {
	http.SetCookie(w, &http.Cookie{
		Name: a.shareName(r), Value: token, Path: "/s/" + string(s.Session), Expires: s.Expires,
		HttpOnly: true, Secure: a.cfg.Secure(r), SameSite: http.SameSiteLaxMode,
	})
}

// NewToken returns 256 random bits for an address or a cookie.
func NewToken() string {
	b := make([]byte, tokenOctets)
	rand.Read(b) // never fails: it ends the process rather
	return base64.RawURLEncoding.EncodeToString(b)
}

// Hash returns what is stored of a token.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// subjectOf names the holder of a token without telling the token.
func subjectOf(token string) app.SubjectID { return app.SubjectID("anon-" + Hash(token)) }

func validToken(s string) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(b) == tokenOctets
}

func (a *Auth) cookie(r *http.Request, name string) (string, bool) {
	c, err := r.Cookie(name)
	if err != nil || !validToken(c.Value) {
		return "", false
	}
	return c.Value, true
}

func (a *Auth) subjectName(r *http.Request) string {
	return HostCookie(subjectCookie, a.cfg.Secure(r))
}

// shareName: a cookie with a path of its own cannot be a __Host- one.
func (a *Auth) shareName(r *http.Request) string {
	if a.cfg.Secure(r) {
		return "__Secure-" + shareCookie
	}
	return shareCookie
}

// HostCookie returns the name of a cookie for the whole site: with the prefix that pins
// it to this host where the browser allows that.
func HostCookie(name string, secure bool) string {
	if secure {
		return "__Host-" + name
	}
	return name
}

// admin accepts the token only from this machine itself. A proxy on the same machine
// speaks for others, and says so in a header.
func (a *Auth) admin(r *http.Request) bool {
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || a.cfg.AdminToken == "" || r.Header.Get("X-Forwarded-For") != "" {
		return false
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		return false
	}
	want, got := sha256.Sum256([]byte(a.cfg.AdminToken)), sha256.Sum256([]byte(bearer))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}
