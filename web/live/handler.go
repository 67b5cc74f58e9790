package live

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"nhooyr.io/websocket"

	"labserver/web/app"
	"labserver/web/auth"
	"labserver/web/session"
)

// The limits of a connection and a person (docs/labwire.md §7).
const (
	maxMessage     = 32 << 10
	commandsPerS   = 20
	commandBurst   = 40
	socketsPerUser = 5
	messagesPerS   = 200
	messageBurst   = 1000
	hellosPerS     = 1 // after the first: each may cost a snapshot
	helloBurst     = 5
)

// Config is what the sockets need. All fields but Log and Now are required.
type Config struct {
	Sessions *session.Manager
	Shelf    auth.Shelf
	Identity app.Identifier
	// Ours tells whether an Origin header names this server.
	Ours func(r *http.Request, origin string) bool
	Log  *slog.Logger     // slog.Default
	Now  func() time.Time // time.Now
}

// Handler answers GET /s/{session}/live. It must be mounted outside any middleware that
// wraps the ResponseWriter.
type Handler struct {
	Config
	timing timing
	limits Limits

	mu    sync.Mutex
	users map[app.SubjectID]*user
}

// timing is how long things may take; tests shorten it.
type timing struct {
	silence time.Duration // without a message from the client
	write   time.Duration // for one frame
	recheck time.Duration // between looks at the reader's rights
	leave   time.Duration // for the session to hear that a socket has gone
}

// user is somebody with open sockets; the rate is one for all of them.
type user struct {
	sockets int
	rate    *rate.Limiter
}

// New returns the handler of sockets.
func New(cfg Config) *Handler {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	h := &Handler{Config: cfg, users: make(map[app.SubjectID]*user), timing: timing{
		silence: 35 * time.Second, write: 10 * time.Second, recheck: time.Minute,
		leave: 5 * time.Second}}
	credit := cfg.Sessions.Limits()
	h.limits = Limits{MessageOctets: maxMessage, CommandsPerS: commandsPerS,
		CommandBurst: commandBurst, CreditEvents: int(credit.CreditEvents),
		CreditOctets: credit.CreditOctets, SilenceMS: int(h.timing.silence.Milliseconds())}
	return h
}

// ServeHTTP upgrades the request, or refuses it with a status that a person at the
// status address can have explained.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	// The library lets an absent Origin pass. Browsers always send one, and only a
	// browser carries somebody's cookie without their knowing.
	if origin := r.Header.Get("Origin"); origin == "" || !h.Ours(r, origin) {
		h.refuse(w, r, app.ErrForbidden)
		return
	}
	if !offers(r, Subprotocol) {
		h.refuse(w, r, app.ErrMalformed.At("Sec-WebSocket-Protocol"))
		return
	}
	actor, right, err := h.may(r)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	who := userKey(actor, r)
	u, err := h.enter(who)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	defer h.leave(who, u)
	c := &conn{h: h, req: r, right: right, rate: u.rate, out: newOutbox(h.limits),
		flood:  rate.NewLimiter(messagesPerS, messageBurst),
		hellos: rate.NewLimiter(hellosPerS, helloBurst),
		log:    h.Log.With("session", r.PathValue("session"))}
	if err := c.join(actor); err != nil {
		h.refuse(w, r, err)
		return
	}
	if c.ws, err = websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       []string{Subprotocol},
		InsecureSkipVerify: true, // Origin was checked above, with proxies in mind
		CompressionMode:    websocket.CompressionDisabled,
	}); err != nil {
		c.log.InfoContext(r.Context(), "upgrade failed", "error", err)
		c.depart(r.Context())
		return
	}
	c.ws.SetReadLimit(maxMessage)
	c.run(r.Context())
}

// join brings the session into memory and takes a place in it.
func (c *conn) join(actor app.Actor) error {
	id := app.SessionID(c.req.PathValue("session"))
	for {
		s, err := c.h.Sessions.Open(c.req.Context(), id)
		if err != nil {
			return err
		}
		m, err := s.Join(c.req.Context(), c.out, actor.Subject, c.right)
		if errors.Is(err, session.ErrGone) {
			continue // it was on its way out
		}
		c.m = m
		return err
	}
}

// may tells who asks and what they may be in the session; app.ErrNotFound if nothing.
func (h *Handler) may(r *http.Request) (app.Actor, app.Role, error) {
	actor, err := h.Identity.Subject(r)
	if err != nil {
		return actor, app.Nobody, err
	}
	id := app.SessionID(r.PathValue("session"))
	_, role, err := auth.Open(r.Context(), h.Shelf, actor, id, h.Now())
	if err == nil && !app.Allows(role, app.View) {
		err = app.ErrNotFound
	}
	return actor, role, err
}

// userKey tells people apart for the limits. Somebody without a cookie of their own,
// by a share link, is known by where they come from.
func userKey(a app.Actor, r *http.Request) app.SubjectID {
	if a.Subject != "" {
		return a.Subject
	}
	host, _, _ := strings.Cut(r.RemoteAddr, "]:")
	return app.SubjectID("at " + host)
}

// enter counts one more socket of a user.
func (h *Handler) enter(who app.SubjectID) (*user, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	u := h.users[who]
	if u == nil {
		u = &user{rate: rate.NewLimiter(commandsPerS, commandBurst)}
		h.users[who] = u
	}
	if u.sockets >= socketsPerUser {
		return nil, &app.Error{Code: app.ErrQuota.Code, Field: "sockets", Limit: "5"}
	}
	u.sockets++
	return u, nil
}

func (h *Handler) leave(who app.SubjectID, u *user) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if u.sockets--; u.sockets == 0 {
		delete(h.users, who)
	}
}

// refuse answers an upgrade that is not to be.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status := app.Status(err)
	if status >= http.StatusInternalServerError {
		h.Log.ErrorContext(r.Context(), "socket refused", "error", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(marshal(app.Public(err)), '\n')) // the client may be gone
}

// offers tells whether the client offers a subprotocol.
func offers(r *http.Request, name string) bool {
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for offer := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(offer) == name {
				return true
			}
		}
	}
	return false
}
