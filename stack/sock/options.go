package sock

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/tcp"
	"labserver/stack/udp"
	"labserver/stack/view"
)

// limits returns the values an option takes; ok is false for one we do not know.
// SO_LINGER's value is seconds + 1, 0 switches it off, as in struct linger's two fields.
func limits(proto inet.Protocol, option string) (low, high int64, ok bool) {
	switch option {
	case "O_NONBLOCK", "SO_REUSEADDR", "SO_REUSEPORT":
		return 0, 1, true
	case "SO_RCVBUF", "SO_SNDBUF": // UDP keeps nothing back, so the second has no effect there
		return 256, 4 << 20, true
	case "SO_LINGER":
		return 0, 1, proto == inet.TCP
	case "TCP_NODELAY", "SO_KEEPALIVE":
		return 0, 1, proto == inet.TCP
	}
	return 0, 0, false
}

// SetSockOpt is setsockopt(2), with fcntl's O_NONBLOCK among the options.
func (t *Table) SetSockOpt(p *Proc, fd int, option string, value int64, fx *Effects) {
	c, s := t.begin(p, "setsockopt", fd, fx)
	if s == nil {
		return
	}
	low, high, ok := limits(s.proto, option)
	switch {
	case !ok:
		c.fail(rfc.NoSuchOption, inet.ENOPROTOOPT, "option", fx)
	case value < low || value > high:
		c.fail(rfc.BadArgument, inet.EINVAL, "value", fx)
	default:
		t.setOption(s, option, value, fx)
		s.configure(fx)
		c.returns(rfc.OptionCall, 0, fx)
	}
}

func (t *Table) setOption(s *Socket, option string, value int64, fx *Effects) {
	old := s.option(option)
	for i := range s.options {
		if s.options[i].Name == option {
			s.options[i].Value = value
			fx.Emit(rfc.OptionCall, event.SocketOption{Sock: s.id, Option: option,
				Old: old, New: value})
			return
		}
	}
	s.options = append(s.options, view.Option{Name: option, Value: value})
	fx.Emit(rfc.OptionCall, event.SocketOption{Sock: s.id, Option: option, Old: old, New: value})
}

// connOptions returns the options that live in a connection.
func (s *Socket) connOptions() tcp.Options {
	return tcp.Options{
		NoDelay:   s.option("TCP_NODELAY") != 0,
		KeepAlive: s.option("SO_KEEPALIVE") != 0,
		RcvBuf:    inet.ByteCount(s.option("SO_RCVBUF")),
		SndBuf:    inet.ByteCount(s.option("SO_SNDBUF")),
	}
}

// configure hands what holds the socket's protocol state its options.
func (s *Socket) configure(fx *Effects) {
	switch {
	case s.conn != nil:
		s.conn.Configure(s.connOptions(), &fx.Effects)
	case s.listener != nil:
		s.listener.Configure(s.connOptions())
	case s.udp != nil:
		s.udp.RcvBuf = s.rcvBuf()
	}
}

// GetSockOpt is getsockopt(2). SO_ERROR is cleared by reading it.
func (t *Table) GetSockOpt(p *Proc, fd int, option string, fx *Effects) {
	c, s := t.begin(p, "getsockopt", fd, fx)
	if s == nil {
		return
	}
	if option == "SO_ERROR" {
		errno := s.err
		if s.conn != nil {
			errno = s.conn.TakeError()
		} else if errno != inet.OK {
			s.err = inet.OK
			fx.Emit(rfc.UDPError, event.SocketError{Sock: s.id, Errno: inet.OK})
		}
		c.result(rfc.OptionCall, event.CallReturned{Data: []byte(errno)}, fx)
		return
	}
	if _, _, ok := limits(s.proto, option); !ok {
		c.fail(rfc.NoSuchOption, inet.ENOPROTOOPT, "option", fx)
		return
	}
	c.returns(rfc.OptionCall, t.optionValue(s, option), fx)
}

// TCPInfo is getsockopt(TCP_INFO); false without a connection at fd.
func (t *Table) TCPInfo(p *Proc, fd int, now sim.Time) (tcp.Info, bool) {
	s := p.socket(fd)
	if s == nil || s.conn == nil {
		return tcp.Info{}, false
	}
	return s.conn.Info(now), true
}

// optionValue is what an option was set to, or for a buffer that was not what the stack
// begins with.
func (t *Table) optionValue(s *Socket, option string) int64 {
	switch v := s.option(option); {
	case v == 0 && option == "SO_RCVBUF" && s.proto == inet.TCP:
		return int64(t.knobs.RcvBuf)
	case v == 0 && option == "SO_SNDBUF" && s.proto == inet.TCP:
		return int64(t.knobs.SndBuf)
	case v == 0 && (option == "SO_RCVBUF" || option == "SO_SNDBUF"):
		return int64(udp.DefaultRcvBuf) // Linux has one default for both
	default:
		return v
	}
}
