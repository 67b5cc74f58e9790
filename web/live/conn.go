package live

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"nhooyr.io/websocket"

	"labserver/web/app"
	"labserver/web/session"
)

// Close codes. 1001, 1009, 1012 are RFC 6455's; 4001 and 4008 are ours (docs/labwire.md
// §8).
const (
	statusGoingAway = int(websocket.StatusGoingAway)
	statusRestart   = int(websocket.StatusServiceRestart)
	statusProtocol  = int(websocket.StatusProtocolError)
	statusPolicy    = int(websocket.StatusPolicyViolation)
	statusRevoked   = 4001
	statusSlow      = 4008
)

func byeStatus(code string) int {
	if code == "going_away" {
		return statusGoingAway
	}
	return statusRestart
}

// conn is one open socket: a reader, which is the request's own goroutine, a writer,
// and a watch over the reader's rights.
type conn struct {
	h      *Handler
	ws     *websocket.Conn
	req    *http.Request
	m      *session.Member
	right  app.Role // at the upgrade
	out    *outbox
	rate   *rate.Limiter // of commands, one for all sockets of a user
	flood  *rate.Limiter // of messages of any kind
	hellos *rate.Limiter // of hellos after the first
	greets bool          // it has said hello
	log    *slog.Logger
	closed sync.Once
}

// run serves the socket until either side closes it.
func (c *conn) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var parts sync.WaitGroup
	parts.Go(func() { defer cancel(); c.write(ctx) })
	parts.Go(func() { c.watchRights(ctx) })
	err := c.read(ctx)
	c.log.DebugContext(ctx, "socket ended", "error", err)
	cancel()
	parts.Wait()
	c.close(statusGoingAway, "")
	c.depart(ctx)
}

// depart gives the place in the session up. The request may be over, but the session
// must hear of it.
func (c *conn) depart(ctx context.Context) {
	leave, done := context.WithTimeout(context.WithoutCancel(ctx), c.h.timing.leave)
	defer done()
	if err := c.m.Leave(leave); err != nil && !errors.Is(err, session.ErrGone) {
		c.log.Warn("member did not leave", "error", err)
	}
}

// close closes the socket once, with a close frame if the other side still listens.
func (c *conn) close(code int, reason string) {
	c.closed.Do(func() {
		if err := c.ws.Close(websocket.StatusCode(code), reason); err != nil {
			c.log.Debug("socket closed", "code", code, "error", err)
		}
	})
}

// read takes messages until there are no more, or none for too long.
func (c *conn) read(ctx context.Context) error {
	for {
		within, cancel := context.WithTimeout(ctx, c.h.timing.silence)
		kind, text, err := c.ws.Read(within)
		cancel()
		if err != nil {
			return err
		}
		if !c.flood.Allow() {
			c.flooded()
			continue
		}
		if kind != websocket.MessageText {
			c.out.send(encodeResult("", session.Result{}, app.ErrMalformed))
			continue
		}
		if err := c.receive(ctx, text); err != nil {
			if errors.Is(err, session.ErrGone) {
				c.out.end(Bye{Type: "bye", Code: "restart", Retry: true}, statusRestart)
			}
			if ctx.Err() != nil {
				return err
			}
		}
	}
}

// flooded ends a socket whose client does not hold back.
func (c *conn) flooded() {
	c.out.end(Bye{Type: "bye", Code: app.ErrRate.Code, Retry: true}, statusPolicy)
}

// receive carries one message out. An error means that the session cannot be reached.
func (c *conn) receive(ctx context.Context, text []byte) error {
	m, cid, err := decode(text)
	if err == nil && !c.greets {
		if _, ok := m.(*ClientHello); !ok {
			err = (&app.Error{Code: "hello_first"}).At("type")
		}
	}
	if err != nil {
		c.out.send(encodeResult(cid, session.Result{}, err))
		return nil
	}
	switch m := m.(type) {
	case *ClientHello:
		return c.hello(ctx, m)
	case *Ack:
		return c.m.Ack(ctx, m.Run, m.N)
	case *Cmd:
		return c.command(ctx, m)
	case *ViewRate:
		return c.m.Look(ctx, m.Rate == "full")
	case *Ping:
		c.out.send(marshal(Pong{Type: "pong", TS: m.TS}))
	}
	return nil
}

// hello asks for what the client lacks.
func (c *conn) hello(ctx context.Context, m *ClientHello) error {
	if c.greets && !c.hellos.Allow() {
		c.flooded()
		return nil
	}
	speaks := false
	for _, p := range m.Proto {
		speaks = speaks || p == Proto
	}
	if !speaks {
		c.out.end(Bye{Type: "bye", Code: "proto"}, statusProtocol)
		return nil
	}
	var r session.Resume
	if m.Run != nil && m.After != nil && *m.Run > 0 && *m.After >= 0 {
		r = session.Resume{Run: *m.Run, After: uint64(*m.After), OwnerEpoch: m.OwnerEpoch}
	}
	c.greets = true
	return c.m.Hello(ctx, r)
}

// command has the session carry a command out, and answers.
func (c *conn) command(ctx context.Context, m *Cmd) error {
	if !c.rate.Allow() {
		c.out.send(encodeResult(m.Cid, session.Result{}, app.ErrRate))
		return nil
	}
	r, err := c.m.Do(ctx, session.Command{Cid: m.Cid, Op: m.Op, Args: m.Args})
	if errors.Is(err, session.ErrGone) || ctx.Err() != nil {
		return err // not answered: the client sends it again, and the cid keeps it single
	}
	var known *app.Error
	if err != nil && !errors.As(err, &known) {
		c.log.Error("command failed", "op", m.Op, "error", err)
	}
	c.out.send(encodeResult(m.Cid, r, err))
	return nil
}

// write empties the outbox into the socket.
func (c *conn) write(ctx context.Context) {
	for {
		select {
		case <-c.out.wake:
		case <-ctx.Done():
			return
		}
		b := c.out.take()
		if b.lagging {
			b.texts = append(b.texts, marshal(Lag{Type: "lag", Dropped: b.dropped}))
		}
		for _, text := range b.texts {
			within, cancel := context.WithTimeout(ctx, c.h.timing.write)
			err := c.ws.Write(within, websocket.MessageText, text)
			cancel()
			if err != nil {
				c.close(statusSlow, "slow")
				return
			}
		}
		if b.closing != nil {
			c.close(b.closing.code, b.closing.reason)
			return
		}
		if b.lagging {
			if err := c.m.Resync(ctx); err != nil {
				return
			}
		}
	}
}

// watchRights asks now and then whether the reader may still be here, whenever the
// session says so, and once at first: a right may have ended between the upgrade's check
// and the place in the session.
func (c *conn) watchRights(ctx context.Context) {
	tick := time.NewTicker(c.h.timing.recheck)
	defer tick.Stop()
	for c.checkRights(ctx) {
		select {
		case <-tick.C:
		case <-c.out.recheck:
		case <-ctx.Done():
			return
		}
	}
}

// checkRights acts on what the reader may do now. It reports whether they may stay.
func (c *conn) checkRights(ctx context.Context) bool {
	_, right, err := c.h.may(c.req)
	switch {
	case errors.Is(err, app.ErrNotFound):
		c.out.end(Bye{Type: "bye", Code: "revoked"}, statusRevoked)
		_ = c.m.SetRight(ctx, app.Nobody) // it fails only if the session has gone itself
		return false
	case err != nil:
		c.log.Warn("rights not checked", "error", err) // the store is away: try again
	default:
		return c.m.SetRight(ctx, right) == nil
	}
	return true
}
