package script

import (
	"net/netip"
	"strings"

	"labserver/stack/inet"
)

// callNames lists the calls a script may make.
func callNames() []string {
	return []string{"socket", "bind", "listen", "accept", "accept4", "connect", "read", "readv",
		"write", "writev", "send", "sendto", "sendmsg", "recv", "recvfrom", "recvmsg", "shutdown",
		"close", "poll", "fcntl", "ioctl", "setsockopt", "getsockopt", "getsockname",
		"getpeername"}
}

// call makes one socket call.
func (r *runner) call(c *Call) {
	switch c.Name {
	case "socket":
		r.socket(c)
	case "bind":
		r.bind(c)
	case "listen":
		r.listen(c)
	case "accept", "accept4":
		r.accept(c)
	case "connect":
		r.connect(c)
	case "read", "readv", "recv", "recvfrom", "recvmsg":
		r.receive(c)
	case "write", "writev", "send", "sendto", "sendmsg":
		r.transmit(c)
	case "shutdown":
		r.shutdown(c)
	case "close":
		r.close(c)
	case "poll":
		r.poll(c)
	case "fcntl":
		r.fcntl(c)
	case "ioctl":
		r.ioctl(c)
	case "setsockopt":
		r.setsockopt(c)
	case "getsockopt":
		r.getsockopt(c)
	case "getsockname", "getpeername":
		r.name(c)
	default:
		panic("BUG: a call that was not refused: " + c.Name)
	}
}

// arg returns an argument, or ... if the script leaves it away.
func (c *Call) arg(i int) Expr {
	if i < len(c.Args) {
		return c.Args[i]
	}
	return Expr{Kind: Ellipsis}
}

func (r *runner) socket(c *Call) {
	proto, name := inet.TCP, "tcp"
	if c.arg(1).has("SOCK_DGRAM") || c.arg(2).has("IPPROTO_UDP") {
		proto, name = inet.UDP, "udp"
	}
	a, six := args{"proto": name}, r.six(c.arg(0))
	if six {
		a["family"] = "ip6"
	}
	nonblock := c.arg(1).has("SOCK_NONBLOCK")
	r.start(c, "socket", a, func(o outcome) outcome {
		d := descriptor{live: int(o.value), proto: proto, mapped: six && !r.st.ipv6}
		o.value = r.adopt(d, c.Result)
		for _, def := range r.defaults {
			if proto == inet.TCP {
				r.preset(d.live, def)
			}
		}
		if nonblock {
			r.setNonblock(r.fds[len(r.fds)-1])
		}
		return o
	})
}

// six tells whether a socket is of IPv6: by its domain, or by the run's version.
func (r *runner) six(domain Expr) bool {
	switch {
	case r.st.moreInFour > 0: // an IPv4 script over IPv6
		return true
	case domain.has("AF_INET") || domain.has("PF_INET"):
		return false
	case domain.has("AF_INET6") || domain.has("PF_INET6"):
		return true
	}
	return r.st.ipv6 || r.st.mapped
}

// preset sets an option without a line of the script.
func (r *runner) preset(fd int, o named) {
	if _, err := r.make("setsockopt", args{"fd": fd, "option": o.name, "value": o.value}); err != nil {
		r.fail(o.name + ": " + err.Error())
	}
}

// liveText is an address as the socket of a descriptor takes it: an IPv6 socket reaches
// IPv4 by mapped addresses (RFC 4291 §2.5.5.2).
func (d *descriptor) liveText(addr string) string {
	if d.mapped && strings.Count(addr, ".") == 3 && !strings.Contains(addr, ":") {
		return "::ffff:" + addr
	}
	return addr
}

// adopt takes in a new descriptor under the number the script gives it, and returns that
// number.
func (r *runner) adopt(d descriptor, result Expr) int64 {
	d.script = d.live
	if v, ok := result.value(); ok && v >= 0 && result.Kind == Int {
		d.script = int(v)
	}
	for i := range r.fds { // the number is used again
		if r.fds[i].script == d.script {
			r.fds = append(r.fds[:i:i], r.fds[i+1:]...)
			break
		}
	}
	r.fds = append(r.fds, &d)
	return int64(d.script)
}

func (r *runner) setNonblock(d *descriptor) { r.preset(d.live, named{"O_NONBLOCK", 1}) }

// address is the live endpoint that a sockaddr argument means; given is false for ....
func (r *runner) address(e Expr) (addr string, port uint16, given bool) {
	if e.Kind != Struct {
		return "", 0, false
	}
	for _, n := range []string{"sin_addr", "sin6_addr", "inet_addr"} {
		if f, ok := e.field(n); ok {
			addr = r.host(f)
		}
	}
	for i, n := range e.Names { // inet_pton(AF_INET6, "::1", &sin6_addr) stands without a name
		if item := e.Items[i]; n == "" && item.Kind == Apply && strings.HasPrefix(item.Text, "inet_") {
			addr = r.host(item)
		}
	}
	for _, n := range []string{"sin_port", "sin6_port"} {
		if f, ok := e.field(n); ok {
			v, _ := f.value()
			port = r.st.livePort(uint16(v))
		}
	}
	return addr, port, true
}

// host reads inet_addr("192.0.2.1"), inet_pton(…, "2001:db8::1", …) or INADDR_ANY. The
// wildcard is "".
func (r *runner) host(e Expr) string {
	text := ""
	switch e.Kind {
	case String:
		text = e.Text
	case Apply:
		for _, i := range e.Items {
			if i.Kind == String {
				text = i.Text
			}
		}
	}
	if text == "" {
		return "" // INADDR_ANY
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		r.fail(e.show() + " is no address")
	}
	if a = a.Unmap(); a.IsUnspecified() {
		return ""
	}
	return r.st.live(a).String()
}

func (r *runner) bind(c *Call) {
	d := r.fd(c.arg(0))
	addr, port, given := r.address(c.arg(1))
	if !given {
		port = r.st.bind
	}
	a := args{"fd": d.live, "port": int(port)}
	if addr != "" {
		a["addr"] = d.liveText(addr)
	}
	r.start(c, "bind", a, func(o outcome) outcome {
		if d.bound = port; port == 0 {
			r.chosen(d)
		}
		if d.proto == inet.UDP {
			r.attach(d, inet.Flow{Local: inet.Endpoint{Addr: r.st.local, Port: port},
				Remote: inet.Endpoint{Addr: r.st.remote, Port: r.st.connect}})
		}
		return o
	})
}

// chosen finds out which port the stack chose for a socket.
func (r *runner) chosen(d *descriptor) {
	if out, err := r.make("getsockname", args{"fd": d.live}); err == nil && out.from != nil {
		d.bound = out.from.Port
	}
}

// attach makes a new connection of a descriptor the one the script speaks of.
func (r *runner) attach(d *descriptor, flow inet.Flow) {
	r.cur, r.listening = r.newConn(d.proto, flow), false
	r.cur.fd = d.live
	d.conn = r.cur
}

func (r *runner) listen(c *Call) {
	d := r.fd(c.arg(0))
	backlog, ok := c.arg(1).value()
	if !ok {
		backlog = 128
	}
	r.start(c, "listen", args{"fd": d.live, "backlog": count(max(0, min(backlog, 4096)))},
		func(o outcome) outcome {
			if d.bound == 0 {
				r.chosen(d)
			}
			r.attach(d, inet.Flow{Local: inet.Endpoint{Addr: r.st.local, Port: d.bound},
				Remote: inet.Endpoint{Addr: r.st.remote}})
			r.listening = true
			return o
		})
}

func (r *runner) accept(c *Call) {
	d := r.fd(c.arg(0))
	nonblock := c.Name == "accept4" && c.arg(3).has("SOCK_NONBLOCK")
	r.start(c, "accept", args{"fd": d.live}, func(o outcome) outcome {
		n := descriptor{live: int(o.value), proto: inet.TCP, bound: d.bound, mapped: d.mapped}
		if o.from != nil {
			for _, k := range r.conns {
				from := inet.Endpoint{Addr: o.from.Addr.Unmap(), Port: o.from.Port}
				if k.proto == inet.TCP && k.flow.Remote == from && k.flow.Local.Port == d.bound {
					n.conn, k.fd = k, n.live
				}
			}
		}
		o.value = r.adopt(n, c.Result)
		if nonblock {
			r.setNonblock(r.fds[len(r.fds)-1])
		}
		return o
	})
}

func (r *runner) connect(c *Call) {
	d := r.fd(c.arg(0))
	addr, port, given := r.address(c.arg(1))
	if f, ok := c.arg(1).field("sa_family"); ok && f.has("AF_UNSPEC") {
		d.peer = false
		r.start(c, "connect", args{"fd": d.live, "addr": "", "port": 0}, nil)
		return
	}
	if !given {
		addr, port = r.st.remote.String(), r.st.connect
	}
	remote := inet.Endpoint{Addr: r.st.remote, Port: port}
	if a, err := netip.ParseAddr(addr); err == nil {
		remote.Addr = a.Unmap()
	}
	if d.conn == nil || d.proto == inet.TCP && d.conn.flow.Remote != remote {
		r.attach(d, inet.Flow{Local: inet.Endpoint{Addr: r.st.local, Port: d.bound}, Remote: remote})
	} else if d.proto == inet.UDP {
		d.conn.flow.Remote = remote
		r.cur, r.listening = d.conn, false
	}
	a := args{"fd": d.live, "addr": d.liveText(addr), "port": int(port)}
	d.peer = true
	r.start(c, "connect", a, nil)
}

func (r *runner) shutdown(c *Call) {
	how := c.arg(1)
	word := ""
	switch v, _ := how.value(); v {
	case 0:
		word = "rd"
	case 1:
		word = "wr"
	case 2:
		word = "rdwr"
	default:
		word = how.show()
	}
	r.start(c, "shutdown", args{"fd": r.fd(c.arg(0)).live, "how": word}, nil)
}

func (r *runner) close(c *Call) {
	d := r.fd(c.arg(0))
	script := d.script
	r.start(c, "close", args{"fd": d.live}, func(o outcome) outcome {
		for i := range r.fds {
			if r.fds[i].script == script {
				r.fds = append(r.fds[:i:i], r.fds[i+1:]...)
				break
			}
		}
		return o
	})
}

func (r *runner) name(c *Call) {
	r.start(c, c.Name, args{"fd": r.fd(c.arg(0)).live}, func(o outcome) outcome {
		addr, port, given := r.address(c.arg(1))
		if given && o.from != nil && (port != 0 && port != o.from.Port ||
			addr != "" && addr != o.from.Addr.Unmap().String()) {
			r.raise("syscall", &Failure{File: r.sc.File, Line: r.event.Line, Expected: c.show(),
				Reason: c.Name + ": another address", Got: o.from.String()})
		}
		return o
	})
}
