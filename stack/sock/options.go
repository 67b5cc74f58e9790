package sock

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/tcp"
	"labserver/stack/view"
)

// Setting is what setsockopt gives an option: a number, or a word.
type Setting struct {
	Value  int64
	Text   string
	IsText bool
}

// SetSockOpt is setsockopt(2), with fcntl's O_NONBLOCK among the options.
func (t *Table) SetSockOpt(p *Proc, fd int, option string, to Setting, fx *Effects) {
	c, s := t.begin(p, "setsockopt", fd, fx)
	if s == nil {
		return
	}
	row, ok := s.optionOf(option)
	switch {
	case !ok || row.kind == isRead:
		c.fail(rfc.NoSuchOption, inet.ENOPROTOOPT, "option", fx)
	case to.IsText != row.kind.words():
		c.fail(rfc.BadArgument, inet.EINVAL, "value", fx)
	case row.kind == isText && !tcp.KnownCongestion(to.Text):
		c.fail(rfc.NoSuchCongestion, inet.ENOENT, "text", fx)
	case row.kind == isNIC && to.Text != "" && t.ip.NICNamed(to.Text) == nil:
		c.fail(rfc.GroupNIC, inet.ENODEV, "text", fx)
	case row.kind == isGroup:
		t.groupOption(c, s, option, to.Text, fx)
	case row.kind == isNumber && (to.Value < row.low || to.Value > row.high),
		row.kind == isBuffer && to.Value < 0:
		c.fail(rfc.BadArgument, inet.EINVAL, "value", fx)
	case option == "IPV6_V6ONLY" && !s.local.IsZero():
		c.fail(rfc.V6OnlyTooLate, inet.EINVAL, "option", fx)
	case option == "TCP_FASTOPEN" && s.conn != nil:
		c.fail(rfc.BadArgument, inet.EINVAL, "option", fx)
	default:
		rule := t.settle(row, &to)
		t.setOption(s, option, to, rule, fx)
		t.configure(s, fx)
		if option == "TCP_QUICKACK" && s.conn != nil {
			s.conn.QuickACK(to.Value != 0, &fx.Effects)
		}
		c.returns(rfc.OptionCall, 0, fx)
	}
}

// words reports whether an option is set to text.
func (k optionKind) words() bool { return k == isText || k == isNIC || k == isGroup }

// settle makes of what was asked for what will hold, and says why.
func (t *Table) settle(row optionRow, to *Setting) rfc.ID {
	switch row.kind {
	case isSwitch:
		if to.Value != 0 {
			to.Value = 1
		}
	case isBuffer:
		to.Value = min(max(to.Value, row.low), row.high)
		if t.DoubleBuffers {
			to.Value *= 2
			return rfc.BufferDoubled
		}
	}
	return rfc.OptionCall
}

func (t *Table) setOption(s *Socket, option string, to Setting, rule rfc.ID, fx *Effects) {
	e := event.SocketOption{Sock: s.id, Option: option, New: to.Value, NewText: to.Text}
	if to.IsText {
		e.OldText = t.textOf(s, option)
	} else {
		e.Old = t.valueOf(s, option)
	}
	event.Emit(fx.Scope, rule, e)
	now := view.Option{Name: option, Value: to.Value, Text: to.Text}
	for i := range s.options {
		if s.options[i].Name == option {
			s.options[i] = now
			return
		}
	}
	s.options = append(s.options, now)
}

// inherit gives an accepted socket the options of its listener, as Linux does: all but
// O_NONBLOCK, which belongs to the descriptor.
func (t *Table) inherit(s, from *Socket, fx *Effects) {
	for _, o := range from.options {
		if o.Name != "O_NONBLOCK" && o.Name != "TCP_FASTOPEN" && o.Name != "TCP_QUICKACK" {
			t.setOption(s, o.Name, Setting{o.Value, o.Text, o.Text != ""}, rfc.OptionCall, fx)
		}
	}
}

// textOf is the value of an option that is a word.
func (t *Table) textOf(s *Socket, option string) string {
	for _, o := range s.options {
		if o.Name == option {
			return o.Text
		}
	}
	if option != "TCP_CONGESTION" {
		return ""
	}
	return t.knobs.Congestion
}

// connOptions returns the options that live in a connection.
func (s *Socket) connOptions() tcp.Options {
	if len(s.options) == 0 {
		return tcp.Options{}
	}
	on := func(name string) bool { return s.option(name) != 0 }
	seconds := func(name string) time.Duration { return time.Duration(s.option(name)) * time.Second }
	o := tcp.Options{
		NoDelay: on("TCP_NODELAY"), Cork: on("TCP_CORK"), OOBInline: on("SO_OOBINLINE"),
		RcvBuf: inet.ByteCount(s.option("SO_RCVBUF")),
		SndBuf: inet.ByteCount(s.option("SO_SNDBUF")),
		MaxSeg: int(s.option("TCP_MAXSEG")), KeepAlive: on("SO_KEEPALIVE"),
		KeepIdle: seconds("TCP_KEEPIDLE"), KeepInterval: seconds("TCP_KEEPINTVL"),
		KeepProbes: s.option("TCP_KEEPCNT"), OpenTimeout: seconds("TCP_KEEPINIT"),
		UserTimeout: time.Duration(s.option("TCP_USER_TIMEOUT")) * time.Millisecond,
		SynRetries:  s.option("TCP_SYNCNT"), FinTimeout: seconds("TCP_LINGER2"),
		FastOpen: int(s.option("TCP_FASTOPEN")), FastOpenConnect: on("TCP_FASTOPEN_CONNECT"),
		ReusePort: on("SO_REUSEPORT"), V6Only: on("IPV6_V6ONLY"),
		RecvErr: on("IP_RECVERR") || on("IPV6_RECVERR"),
	}
	for _, p := range s.options {
		switch p.Name {
		case "TCP_CONGESTION":
			o.Congestion = p.Text
		case "IP_TOS", "IPV6_TCLASS":
			o.TOS = uint8(p.Value)
		case "IP_TTL", "IPV6_UNICAST_HOPS":
			o.TTL = uint8(p.Value)
		case "IP_MTU_DISCOVER", "IPV6_MTU_DISCOVER":
			o.PMTUDiscovery = tcp.PMTUMode(p.Value + 1)
		}
	}
	return o
}

// configure hands what holds the socket's protocol state its options.
func (t *Table) configure(s *Socket, fx *Effects) {
	switch {
	case s.conn != nil:
		s.conn.Configure(s.connOptions(), &fx.Effects)
	case s.listener != nil:
		s.listener.Configure(s.connOptions())
	case s.udp != nil:
		s.udp.RcvBuf = inet.ByteCount(t.valueOf(s, "SO_RCVBUF"))
	}
}

// GetSockOpt is getsockopt(2). SO_ERROR is cleared by reading it. A word comes as data.
func (t *Table) GetSockOpt(p *Proc, fd int, option string, fx *Effects) {
	c, s := t.begin(p, "getsockopt", fd, fx)
	if s == nil {
		return
	}
	row, ok := s.optionOf(option)
	switch {
	case !ok || row.kind == isGroup:
		c.fail(rfc.NoSuchOption, inet.ENOPROTOOPT, "option", fx)
	case option == "SO_ERROR":
		c.result(rfc.OptionCall, event.CallReturned{Data: []byte(t.takeError(s, fx))}, fx)
	case option == "TCP_INFO":
		i, _ := t.TCPInfo(p, fd, fx.Now)
		c.result(rfc.OptionCall, event.CallReturned{Data: []byte(i.String())}, fx)
	case option == "IP_MTU" || option == "IPV6_MTU":
		t.pathMTU(c, s, fx)
	case row.kind == isNIC:
		c.result(rfc.OptionCall, event.CallReturned{Data: []byte(s.optionText(option))}, fx)
	case row.kind == isText:
		c.result(rfc.OptionCall, event.CallReturned{Data: []byte(t.textOf(s, option))}, fx)
	case row.kind == isRead:
		c.returns(rfc.OptionCall, s.about(option), fx)
	default:
		c.returns(rfc.OptionCall, t.valueOf(s, option), fx)
	}
}

// takeError reads and clears the error that waits to be told.
func (t *Table) takeError(s *Socket, fx *Effects) inet.Errno {
	errno := s.err
	if s.conn != nil {
		return s.conn.TakeError()
	}
	if errno != inet.OK {
		s.err = inet.OK
		event.Emit(fx.Scope, rfc.UDPError, event.SocketError{Sock: s.id, Errno: inet.OK})
	}
	return errno
}

// pathMTU is IP_MTU: ip(7), "only valid when the socket has been connected".
func (t *Table) pathMTU(c *call, s *Socket, fx *Effects) {
	path, ok := t.ip.Path(s.remote.Addr)
	if s.remote.IsZero() || !ok {
		c.fail(rfc.NotConnected, inet.ENOTCONN, "fd", fx)
		return
	}
	c.returns(rfc.OptionCall, int64(path.MTU), fx)
}

// about is what can only be read of a socket, by Linux's numbers.
func (s *Socket) about(option string) int64 {
	switch option {
	case "SO_TYPE":
		if s.proto == inet.UDP {
			return 2 // SOCK_DGRAM
		}
		return 1 // SOCK_STREAM
	case "SO_DOMAIN":
		if s.family == IP6 {
			return 10 // AF_INET6
		}
		return 2 // AF_INET
	case "SO_PROTOCOL":
		return int64(s.proto)
	case "SO_ACCEPTCONN":
		if s.listener != nil {
			return 1
		}
		return 0
	}
	panic("BUG: an option that nothing reads: " + option)
}

// TCPInfo is getsockopt(TCP_INFO); false without a connection at fd.
func (t *Table) TCPInfo(p *Proc, fd int, now sim.Time) (tcp.Info, bool) {
	s := p.socket(fd)
	if s == nil || s.conn == nil {
		return tcp.Info{}, false
	}
	return s.conn.Info(now), true
}
