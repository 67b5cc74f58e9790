package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"labserver/labs"
	"labserver/stack"
	"labserver/static"
	"labserver/web"
	"labserver/web/auth"
	"labserver/web/session"
	"labserver/web/store"
)

// How long a stopping server gives each part.
const (
	drainSessions = 20 * time.Second
	drainRequests = 10 * time.Second
)

type serveCmd struct {
	addrFlag
	dataFlag
	PublicURL string   `name:"public-url" help:"Address people type, if it is not this machine's." placeholder:"URL" env:"LABSERVER_PUBLIC_URL"`
	Proxy     []string `help:"Proxies whose X-Forwarded-* headers count." placeholder:"CIDR" env:"LABSERVER_PROXY"`
	HSTS      bool     `name:"hsts" help:"Tell browsers that come over https never to use http here again." env:"LABSERVER_HSTS"`
	Dev       bool     `help:"Build the front end from static/src, again when it changes." env:"LABSERVER_DEV"`
	LogFormat string   `name:"log" help:"How to log: text or json; auto is text on a terminal." enum:"auto,text,json" default:"auto" env:"LABSERVER_LOG"`
}

// Run serves until the context ends.
func (c serveCmd) Run(ctx context.Context, s streams) error {
	addr, err := c.checked()
	if err != nil {
		return err
	}
	public, err := checkPublicURL(c.PublicURL)
	if err != nil {
		return err
	}
	proxies, err := checkProxies(c.Proxy)
	if err != nil {
		return err
	}
	if c.HSTS && strings.HasPrefix(public, "http:") {
		return wrongf("--hsts is for https, and --public-url %s is not; leave one of them away", public)
	}
	if c.Dev {
		if err := sourcesHere(); err != nil {
			return err
		}
	}
	return (&Server{
		Addr: addr, Data: c.Data, PublicURL: public, Proxies: proxies, HSTS: c.HSTS, Dev: c.Dev,
		Out: s.out, Log: slog.New(logHandler(s.err, c.LogFormat)),
	}).Run(ctx)
}

func logHandler(w io.Writer, format string) slog.Handler {
	if format == "auto" {
		format = "json"
		if f, ok := w.(*os.File); ok {
			if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
				format = "text"
			}
		}
	}
	if format == "text" {
		return slog.NewTextHandler(w, nil)
	}
	return slog.NewJSONHandler(w, nil)
}

// Server is the whole program as a value, so that a test can start it end to end. Addr
// and Data are required; Log and Out default to nothing.
type Server struct {
	Addr      string // to listen on
	Data      string // folder for everything that is kept
	PublicURL string // origin people type; "" takes each request at its word
	Proxies   []netip.Prefix
	HSTS      bool // tell browsers on https to stay there
	Dev       bool
	Out       io.Writer // one line with the address goes here
	Log       *slog.Logger
	// Listening, if set, is called once with the address to connect to.
	Listening func(url string)

	stopping atomic.Bool
}

// Run serves until ctx ends, then drains: not ready, sessions saved and said goodbye to,
// requests finished. A mistake of the caller's is found before anything is written.
func (s *Server) Run(ctx context.Context) error {
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	listener, err := net.Listen("tcp", s.Addr)
	if err != nil {
		return wrongf("--addr %s cannot be listened on: %v; "+
			"choose an address of this machine and a free port",
			s.Addr, innermost(err))
	}
	defer listener.Close()
	if err := openFolder(s.Data); err != nil {
		return err
	}
	db, err := openStore(ctx, s.Data)
	if err != nil {
		return err
	}
	defer db.Close()
	token, err := adminToken(s.Data)
	if err != nil {
		return err
	}
	// The parts live on after ctx, for the draining.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var assets *static.Assets // nil: those in the binary
	if s.Dev {
		built, done, err := develop(life, s.Log)
		if err != nil {
			return err
		}
		defer done()
		assets = built
	}
	handler, sessions, err := s.assemble(db, token, assets)
	if err != nil {
		return err
	}
	return s.serve(ctx, listener, handler, sessions)
}

// assemble wires the parts together.
func (s *Server) assemble(db store.Store, adminToken string, assets *static.Assets) (
	http.Handler, *session.Manager, error) {
	catalog, err := labs.Embedded()
	if err != nil {
		return nil, nil, fmt.Errorf("the built-in labs: %w", err)
	}
	origin := web.Origin{Proxies: s.Proxies}
	if s.PublicURL != "" {
		if origin.Public, err = url.Parse(s.PublicURL); err != nil {
			return nil, nil, wrongf("--public-url %q: %v", s.PublicURL, err)
		}
	}
	identity := auth.New(auth.Config{Secure: origin.Secure, AdminToken: adminToken})
	sessions := session.NewManager(session.Config{
		Store: db, Labs: goals{catalog}, Build: stack.Build, Log: s.Log,
	})
	handler, err := web.New(web.Config{
		Catalog: catalog, Store: db, Starter: sessions, Auth: identity, Assets: assets,
		Sessions: sessionHandlers(sessions, db, identity, origin, s.Log),
		Recheck:  sessions.Recheck,
		Origin:   origin, HSTS: s.HSTS, Log: s.Log, Ready: s.ready(db),
	})
	return handler, sessions, err
}

// ready tells why the server cannot serve; nil when it can.
func (s *Server) ready(db store.Store) func(context.Context) error {
	return func(ctx context.Context) error {
		if s.stopping.Load() {
			return errors.New("stopping")
		}
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		_, err := db.Counts(ctx)
		return err
	}
}

// serve answers requests until ctx ends, then drains.
func (s *Server) serve(ctx context.Context, listener net.Listener, handler http.Handler,
	sessions *session.Manager) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	s.announce(listener.Addr().String())
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.stopping.Store(true)
	s.Log.Info("stopping: sessions are saved", "live", sessions.Live())
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainSessions)
	defer cancel()
	err := sessions.Shutdown(drain)
	if err != nil {
		err = fmt.Errorf("sessions did not end in time (their journals are on disk): %w", err)
	}
	drain, cancel = context.WithTimeout(context.WithoutCancel(ctx), drainRequests)
	defer cancel()
	if closing := server.Shutdown(drain); closing != nil {
		server.Close()
		err = errors.Join(err, fmt.Errorf("requests did not end in time: %w", closing))
	}
	s.Log.Info("stopped")
	return err
}

// announce prints the address for people and tells a test.
func (s *Server) announce(addr string) {
	address := "http://" + shown(addr)
	if s.Out != nil {
		fmt.Fprintf(s.Out, "labserver: %s\n", address)
		if s.PublicURL != "" && s.PublicURL != address {
			fmt.Fprintf(s.Out, "labserver: people use %s\n", s.PublicURL)
		}
	}
	s.Log.Info("serving", "addr", addr, "data", s.Data, "version", version())
	if s.Listening != nil {
		s.Listening(address)
	}
}

// shown writes a listening address so that it can be clicked.
func shown(addr string) string {
	host, port, err := net.SplitHostPort(local(addr))
	if err != nil {
		return addr
	}
	if listening, _, err := net.SplitHostPort(addr); err == nil && listening != host {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// innermost returns the cause that says most: "address already in use".
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
