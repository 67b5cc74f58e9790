package script

import (
	"strings"
	"time"

	"labserver/stack/inet"
)

// optionNames lists the options a script may set or get.
func optionNames() []string {
	return []string{"SO_REUSEADDR", "SO_REUSEPORT", "SO_SNDBUF", "SO_RCVBUF", "SO_SNDBUFFORCE",
		"SO_RCVBUFFORCE", "SO_ERROR", "SO_LINGER", "SO_KEEPALIVE", "SO_BROADCAST", "SO_OOBINLINE",
		"SO_RCVTIMEO", "SO_SNDTIMEO", "SO_TYPE", "SO_DOMAIN", "SO_PROTOCOL", "SO_ACCEPTCONN",
		"TCP_NODELAY", "TCP_CORK", "TCP_NOPUSH", "TCP_QUICKACK", "TCP_MAXSEG", "TCP_CONGESTION",
		"TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_KEEPINIT", "TCP_USER_TIMEOUT",
		"TCP_SYNCNT", "TCP_LINGER2", "TCP_FASTOPEN", "TCP_FASTOPEN_CONNECT", "TCP_INFO", "IP_TOS",
		"IP_TTL", "IP_MTU_DISCOVER", "IP_MTU", "IPV6_TCLASS", "IPV6_UNICAST_HOPS",
		"IPV6_MTU_DISCOVER", "IPV6_MTU", "IPV6_V6ONLY", "SO_DEBUG", "SO_NOSIGPIPE"}
}

// liveOption gives an option of the script the name it has in this run: an IPv4 script
// that is run over IPv6 means that family's options.
func (r *runner) liveOption(name string) string {
	switch name {
	case "SO_SNDBUFFORCE":
		return "SO_SNDBUF"
	case "SO_RCVBUFFORCE":
		return "SO_RCVBUF"
	case "TCP_NOPUSH":
		return "TCP_CORK"
	}
	if r.st.moreInFour == 0 {
		return name
	}
	switch name {
	case "IP_TOS":
		return "IPV6_TCLASS"
	case "IP_TTL":
		return "IPV6_UNICAST_HOPS"
	case "IP_MTU_DISCOVER":
		return "IPV6_MTU_DISCOVER"
	case "IP_MTU":
		return "IPV6_MTU"
	}
	return name
}

func (r *runner) setsockopt(c *Call) {
	d, name, value := r.fd(c.arg(0)), c.arg(2).Text, c.arg(3)
	a := args{"fd": d.live, "option": r.liveOption(name)}
	switch name {
	case "SO_DEBUG", "SO_NOSIGPIPE": // there are no traces of the kernel here, and no signals
		r.start(c, "getsockopt", args{"fd": d.live, "option": "SO_TYPE"}, func(o outcome) outcome {
			o.value = 0
			return o
		})
		return
	case "TCP_CONGESTION":
		if value.Kind != String {
			value = value.values()[0]
		}
		a["text"] = liveCongestion(value.Text)
	case "SO_LINGER":
		on, _ := member(value, "onoff", "l_onoff", 0)
		seconds, _ := member(value, "linger", "l_linger", 1)
		if on == 0 {
			seconds = -1
		}
		a["value"] = count(seconds)
	case "SO_RCVTIMEO", "SO_SNDTIMEO":
		sec, _ := member(value, "tv_sec", "sec", 0)
		usec, _ := member(value, "tv_usec", "usec", 1)
		a["value"] = count(sec*1000 + usec/1000)
	default:
		v, ok := value.value()
		if !ok {
			r.fail(name + " needs a number, not " + value.show())
		}
		a["value"] = count(v)
	}
	r.start(c, "setsockopt", a, nil)
}

// member reads a struct's number by either of two names, or by its place.
func member(e Expr, name, other string, place int) (int64, bool) {
	for e.Kind == List && len(e.Items) == 1 {
		e = e.Items[0]
	}
	for _, n := range []string{name, other} {
		if f, ok := e.field(n); ok {
			return f.value()
		}
	}
	if (e.Kind == Struct || e.Kind == List) && place < len(e.Items) {
		return e.Items[place].value()
	}
	return 0, false
}

// liveCongestion names an algorithm as our knob does. Linux's reno is NewReno with SACK.
func liveCongestion(name string) string {
	if name == "reno" {
		return "newreno"
	}
	return name
}

func (r *runner) getsockopt(c *Call) {
	d, name, want := r.fd(c.arg(0)), c.arg(2).Text, c.arg(3)
	if name == "TCP_INFO" {
		r.getInfo(c, d, want)
		return
	}
	a := args{"fd": d.live, "option": r.liveOption(name)}
	r.start(c, "getsockopt", a, func(o outcome) outcome {
		got := o.value
		o.value = 0
		if want.Kind == Ellipsis {
			return o
		}
		wrong, shown := false, ""
		switch name {
		case "SO_ERROR":
			v, ok := want.value()
			wrong = ok && v != errnoNumber(string(o.data)) && v != freebsdErrno(string(o.data))
			shown = "[" + errnoShown(string(o.data)) + "]"
		case "TCP_CONGESTION":
			text := want.values()[0].Text
			wrong, shown = liveCongestion(text) != string(o.data), string(o.data)
		case "SO_LINGER":
			on, _ := member(want, "onoff", "l_onoff", 0)
			seconds, _ := member(want, "linger", "l_linger", 1)
			wrong = on != 0 && got != seconds || on == 0 && got >= 0
			shown = "SO_LINGER " + count(got).String()
		default:
			v, ok := want.value()
			wrong, shown = ok && v != got, "["+count(got).String()+"]"
		}
		if wrong {
			r.raise("syscall", &Failure{File: r.sc.File, Line: r.event.Line, Expected: c.show(),
				Reason: "getsockopt: another value of " + name, Got: shown})
		}
		return o
	})
}

// freebsdErrno is FreeBSD's number of an errno that sockets keep; -1 for others.
func freebsdErrno(name string) int64 {
	for _, e := range []named{{"EMSGSIZE", 40}, {"ENETUNREACH", 51}, {"ECONNABORTED", 53},
		{"ECONNRESET", 54}, {"ETIMEDOUT", 60}, {"ECONNREFUSED", 61}, {"EHOSTUNREACH", 65}} {
		if e.name == name {
			return e.value
		}
	}
	return -1
}

func errnoShown(name string) string {
	if name == "" {
		return "0"
	}
	return name
}

// getInfo is getsockopt(TCP_INFO), with the fields that the script names.
func (r *runner) getInfo(c *Call, d *descriptor, want Expr) {
	for want.Kind == List && len(want.Items) == 1 {
		want = want.Items[0]
	}
	if want.Kind == Struct {
		for i, n := range want.Names {
			v, ok := want.Items[i].value()
			got, known := r.infoOf(d.live, n)
			if ok && (!known || got != v) {
				r.raise("syscall", &Failure{File: r.sc.File, Line: r.event.Line, Expected: c.show(),
					Reason: "getsockopt: another value of " + n, Got: n + "=" + count(got).String()})
			}
		}
	}
}

func (r *runner) fcntl(c *Call) {
	d, cmd := r.fd(c.arg(0)), c.arg(1)
	v, _ := cmd.value()
	if v == 1 || v == 2 { // F_GETFD, F_SETFD: nothing is executed here
		return
	}
	a := args{"fd": d.live, "cmd": "F_GETFL"}
	if v == 4 {
		a["cmd"] = "F_SETFL"
		if set, _ := c.arg(2).value(); set&symbolOr0("O_NONBLOCK") != 0 {
			a["flags"] = []string{"O_NONBLOCK"}
		}
	}
	r.start(c, "fcntl", a, func(o outcome) outcome {
		// FreeBSD's O_NONBLOCK is 4.
		const linux, freebsd = 0x802, 6
		if want, ok := c.Result.value(); ok && want == freebsd && o.value == linux {
			o.value = want
		}
		return o
	})
}

func symbolOr0(name string) int64 {
	v, _ := symbol(name)
	return v
}

// ioctl asks how much there is to read or to acknowledge: ioctl(4, SIOCINQ, [1000]) = 0.
func (r *runner) ioctl(c *Call) {
	request, want := c.arg(1).Text, c.arg(2)
	switch request {
	case "FIONBIO":
		a := args{"fd": r.fd(c.arg(0)).live, "cmd": "F_SETFL"}
		if v, _ := want.value(); v != 0 {
			a["flags"] = []string{"O_NONBLOCK"}
		}
		r.start(c, "fcntl", a, nil)
		return
	case "FIONREAD":
		request = "SIOCINQ"
	case "TIOCOUTQ", "FIONWRITE":
		request = "SIOCOUTQ"
	}
	r.start(c, "ioctl", args{"fd": r.fd(c.arg(0)).live, "request": request},
		func(o outcome) outcome {
			got := o.value
			o.value = 0
			if v, ok := want.value(); ok && v != got {
				r.raise("syscall", &Failure{File: r.sc.File, Line: r.event.Line, Expected: c.show(),
					Reason: "ioctl: another number of octets", Got: "[" + count(got).String() + "]"})
			}
			return o
		})
}

// requestNames lists the requests of ioctl.
func requestNames() []string {
	return []string{"SIOCINQ", "FIONREAD", "SIOCOUTQ", "TIOCOUTQ", "FIONWRITE", "SIOCOUTQNSD",
		"SIOCATMARK", "FIONBIO"}
}

// info answers a tcpi_ name of code for the connection the script speaks of.
func (r *runner) info(name string) (int64, bool) {
	if !strings.HasPrefix(name, "tcpi_") {
		return 0, false
	}
	fd := -1
	if r.cur != nil {
		fd = r.cur.fd
	}
	if fd < 0 {
		for i := len(r.fds) - 1; i >= 0 && fd < 0; i-- {
			if r.fds[i].proto == inet.TCP {
				fd = r.fds[i].live
			}
		}
	}
	v, ok := r.infoOf(fd, name)
	if _, there := r.w.TCPInfo(procID, fd); !there {
		panic(codeError("there is no connection whose " + name + " could be asked for"))
	}
	return v, ok
}

func micro(d time.Duration) int64 { return int64(d / time.Microsecond) }
func milli(d time.Duration) int64 { return int64(d / time.Millisecond) }
