package live

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"nhooyr.io/websocket"

	"labserver/stack/event"
	"labserver/stack/view"
	"labserver/web/app"
	"labserver/web/auth"
	"labserver/web/session"
	"labserver/web/session/sessiontest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a whole server in a bubble of virtual time: its network is net.Pipe, on
// which a write waits for the reader, as on a full TCP connection.
type server struct {
	*sessiontest.Server
	t       *testing.T
	handler *Handler
	pipes   *pipes
	clients []*client
	marks   int
}

// inBubble runs a test against a server.
func inBubble(t *testing.T, limits session.Limits, f func(*testing.T, *server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		base, stop := sessiontest.New(t, limits)
		s := &server{Server: base, t: t, pipes: newPipes()}
		s.handler = New(Config{Sessions: base.Sessions, Shelf: base.Store,
			Identity: sessiontest.Headers{}, Ours: ours, Log: slog.New(slog.DiscardHandler)})
		mux := http.NewServeMux()
		mux.Handle("GET /s/{session}/live", s.handler)
		web := &http.Server{Handler: mux}
		var serving sync.WaitGroup
		serving.Go(func() { web.Serve(s.pipes) })
		defer func() { // also when the test has failed
			stop()
			for _, c := range s.clients {
				c.ws.CloseNow()
			}
			web.Close()
			serving.Wait()
		}()
		f(t, s)
	})
}

func ours(r *http.Request, origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Scheme == "http" && u.Host == r.Host
}

// client is a browser's side: it folds what it is told and acknowledges it.
type client struct {
	t      *testing.T
	s      *server
	header http.Header
	ws     *websocket.Conn
	raw    *buffered
	cancel context.CancelFunc
	ended  chan struct{}

	mu      sync.Mutex
	frames  []frame
	run     int
	n       uint64
	acked   uint64
	epoch   uint64
	view    view.View
	silent  bool // never acknowledges
	lossy   bool // folds nothing
	gate    chan struct{}
	closing error
}

// frame is what any of the server's frames holds.
type frame struct {
	Type    string
	Run     int
	N       uint64
	From    uint64
	To      uint64
	Items   []event.Event
	View    json.RawMessage
	Cid     string
	OK      bool
	Err     *WireError
	Code    string
	Retry   bool
	Role    app.Role
	Resumed bool
	Head    uint64
	Common  uint64
	Dropped uint64
	TS      int64
	Epoch   uint64 `json:"owner_epoch"`
	Playing bool
	Waiting bool
	Goals   []Goal
	Limits  Limits
	raw     string
}

// as returns a client that is not connected yet.
func (s *server) as(who string) *client {
	return &client{t: s.t, s: s, header: http.Header{"Subject": {who}, "Origin": {"http://lab"}}}
}

// dial upgrades; an error holds the status of a refusal in its response.
func (c *client) dial() (*http.Response, error) {
	tr := &http.Transport{DialContext: c.s.pipes.dialer(&c.raw)}
	defer tr.CloseIdleConnections()
	protocols := []string{Subprotocol}
	if c.header.Get("No-Protocol") != "" {
		protocols = nil
	}
	ws, resp, err := websocket.Dial(context.Background(), "ws://lab/s/"+string(c.s.ID)+"/live",
		&websocket.DialOptions{HTTPClient: &http.Client{Transport: tr}, HTTPHeader: c.header,
			Subprotocols: protocols})
	if err != nil {
		return resp, err
	}
	c.ws = ws
	c.s.clients = append(c.s.clients, c)
	c.ws.SetReadLimit(64 << 20)
	return resp, nil
}

// connect upgrades and reads from then on.
func (c *client) connect() *client {
	c.t.Helper()
	if _, err := c.dial(); err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel, c.ended, c.closing = cancel, make(chan struct{}), nil
	go c.read(ctx)
	return c
}

// hello says hello with what the client has, and waits for the answer.
func (c *client) hello() *client {
	c.t.Helper()
	h := ClientHello{Type: "hello", Proto: []int{Proto}, Schema: event.SchemaHash}
	c.mu.Lock()
	if c.run > 0 {
		run, after := c.run, int64(c.n)
		h.Run, h.After, h.OwnerEpoch = &run, &after, c.epoch
	}
	before := count(c.frames, "hello")
	c.mu.Unlock()
	c.say(h)
	synctest.Wait()
	if count(c.all(), "hello") == before {
		c.t.Fatalf("no answer to hello: %v", c.ending())
	}
	return c
}

func (c *client) read(ctx context.Context) {
	defer close(c.ended)
	defer c.ws.CloseNow()
	for {
		_, text, err := c.ws.Read(ctx)
		if err != nil {
			c.mu.Lock()
			c.closing = err
			c.mu.Unlock()
			return
		}
		c.mu.Lock()
		gate := c.gate
		c.mu.Unlock()
		if gate != nil {
			<-gate
		}
		c.take(text)
	}
}

// stall makes the client stop reading at the next frame, until it goes on.
func (c *client) stall() (goOn func()) {
	gate := make(chan struct{})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gate = gate
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.gate = nil
		close(gate)
	}
}

func (c *client) take(text []byte) {
	var f frame
	if err := json.Unmarshal(text, &f); err != nil {
		c.t.Errorf("%v: %s", err, text)
	}
	f.raw = string(text)
	c.mu.Lock()
	c.frames = append(c.frames, f)
	acks := !c.silent
	switch f.Type {
	case "hello":
		c.epoch = f.Epoch
	case "snap":
		c.run, c.n, c.view = f.Run, f.N, view.View{}
		if err := json.Unmarshal(f.View, &c.view); err != nil {
			c.t.Error(err)
		}
	case "evs":
		c.fold(f)
	default:
		acks = false
	}
	const often = 16 // a browser does so every 250 ms or 512 events
	acks = acks && (f.Type == "snap" || c.n >= c.acked+often)
	if acks {
		c.acked = c.n
	}
	ack := Ack{Type: "ack", Run: c.run, N: c.n}
	c.mu.Unlock()
	if acks {
		c.say(ack)
	}
}

func (c *client) fold(f frame) {
	if f.Run != c.run || f.From != c.n+1 || uint64(len(f.Items)) != f.To-f.From+1 {
		c.t.Errorf("events %d..%d of run %d after event %d of run %d", f.From, f.To, f.Run, c.n, c.run)
	}
	for _, e := range f.Items {
		c.n = e.N
		if !c.lossy {
			view.Reduce(&c.view, e)
		}
	}
}

// say sends a message; text when it is a string.
func (c *client) say(m any) {
	text, ok := m.(string)
	if !ok {
		text = string(marshal(m))
	}
	// An error is seen by the reader.
	_ = c.ws.Write(context.Background(), websocket.MessageText, []byte(text))
}

// do sends a command and returns its answer.
func (c *client) do(cid, op, args string) frame {
	c.t.Helper()
	before := len(c.all())
	c.say(Cmd{Type: "cmd", Cid: cid, Op: op, Args: json.RawMessage(args)})
	synctest.Wait()
	for _, f := range c.all()[before:] {
		if f.Type == "res" && f.Cid == cid {
			return f
		}
	}
	c.t.Fatalf("%s %s was not answered: %v", op, args, c.ending())
	return frame{}
}

// must is do for a command that must succeed.
func (c *client) must(cid, op, args string) frame {
	c.t.Helper()
	f := c.do(cid, op, args)
	if !f.OK {
		c.t.Fatalf("%s %s: %+v", op, args, f.Err)
	}
	return f
}

func (c *client) all() []frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.frames[:len(c.frames):len(c.frames)]
}

// last returns the last frame of a type.
func (c *client) last(typ string) frame {
	c.t.Helper()
	all := c.all()
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Type == typ {
			return all[i]
		}
	}
	c.t.Fatalf("no %s frame", typ)
	return frame{}
}

func count(frames []frame, typ string) (n int) {
	for _, f := range frames {
		if f.Type == typ {
			n++
		}
	}
	return n
}

// ending returns why the socket closed; nil while it is open.
func (c *client) ending() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// closedWith checks the close code.
func (c *client) closedWith(code int) {
	c.t.Helper()
	time.Sleep(time.Minute) // a close handshake takes its time
	<-c.ended
	if got := websocket.CloseStatus(c.ending()); int(got) != code {
		c.t.Errorf("closed with %d (%v), want %d", got, c.ending(), code)
	}
}

// cut drops the connection without a word, as a lost network does.
func (c *client) cut() {
	c.raw.cut()
	<-c.ended
	c.ws.CloseNow()
	synctest.Wait()
}

// bye closes in order.
func (c *client) bye() {
	c.ws.Close(websocket.StatusNormalClosure, "")
	c.cancel()
	<-c.ended
	synctest.Wait()
}

// sameAs compares what the client sees with a fresh snapshot of another.
func (c *client) sameAs(s *server) {
	c.t.Helper()
	synctest.Wait()
	fresh := s.as("alice").connect().hello()
	defer fresh.bye()
	c.mu.Lock()
	defer c.mu.Unlock()
	got, want := marshal(c.view), marshal(fresh.view)
	if c.n != fresh.n || string(got) != string(want) {
		c.t.Errorf("at event %d the client sees\n%s, at %d a newcomer\n%s", c.n, got, fresh.n, want)
	}
}

// share gives a token for a role.
func (s *server) share(role app.Role) string {
	token := auth.NewToken()
	err := s.Store.CreateShare(context.Background(), app.Share{TokenHash: auth.Hash(token),
		Session: s.ID, Role: role, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// watcher connects somebody with a watch link.
func (s *server) watcher() *client {
	c := s.as("bob")
	c.header.Set("Token", s.share(app.Watcher))
	return c.connect().hello()
}
