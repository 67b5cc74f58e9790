package script

import (
	"slices"
	"strings"

	"labserver/stack/inet"
)

// message is what a msghdr or the arguments of a sending or receiving call come to.
type message struct {
	data  Expr  // a string, or ...
	size  int64 // octets
	flags Expr
	addr  Expr
}

// vector adds up an iovec array: [{..., 1000}, {"abc", 3}].
func (r *runner) vector(e Expr) message {
	var m message
	text, known := "", true
	for _, item := range e.values() {
		v := item.values()
		n, ok := int64(0), false
		if f, named := item.field("iov_len"); named {
			n, ok = f.value()
		} else if len(v) == 2 {
			n, ok = v[1].value()
		}
		if !ok {
			r.fail("an iovec is {data, length}, not " + item.show())
		}
		m.size += n
		if len(v) > 0 && v[0].Kind == String {
			text += fit(v[0].Text, n)
		} else {
			known = false
		}
	}
	if known && text != "" {
		m.data = Expr{Kind: String, Text: text}
	}
	return m
}

// fit cuts a string to n octets, or fills it up with zeros.
func fit(s string, n int64) string {
	n = max(0, min(n, MaxOctets))
	if int64(len(s)) >= n {
		return s[:n]
	}
	return s + strings.Repeat("\x00", int(n)-len(s))
}

// message reads the arguments of a call that sends or receives.
func (r *runner) message(c *Call) message {
	var m message
	switch c.Name {
	case "readv", "writev":
		return r.vector(c.arg(1))
	case "sendmsg", "recvmsg":
		h := c.arg(1)
		if v, ok := h.field("msg_iov"); ok {
			m = r.vector(v)
		}
		m.addr, _ = h.field("msg_name")
		m.flags = c.arg(2)
		return m
	}
	m.data, m.flags, m.addr = c.arg(1), c.arg(3), c.arg(4)
	size, ok := c.arg(2).value()
	if !ok {
		size = int64(len(m.data.Text))
	}
	m.size = size
	if m.data.Kind == String && (c.Name == "write" || strings.HasPrefix(c.Name, "send")) {
		m.data.Text = fit(m.data.Text, size)
	}
	return m
}

// flagWords turns MSG_PEEK | MSG_DONTWAIT into peek, dontwait, as far as the call takes
// them: the others change nothing in it.
func flagWords(e Expr, taken string) []string {
	words := []string{}
	for _, w := range e.words() {
		w = strings.ToLower(strings.TrimPrefix(w, "MSG_"))
		if slices.Contains(strings.Fields(taken), w) {
			words = append(words, w)
		}
	}
	return words
}

// The flags that calls take, and those that a script may give and that change nothing.
const (
	sendFlags    = "more dontwait oob nosignal"
	sendToFlags  = sendFlags + " fastopen"
	receiveFlags = "peek dontwait oob waitall trunc"
	idleFlags    = "nosignal eor cmsg_cloexec dontroute confirm"
)

// most is how many octets one command may be asked to move.
const most = 16 << 20

func (r *runner) transmit(c *Call) {
	d := r.fd(c.arg(0))
	m := r.message(c)
	if m.size < 0 || m.size > most {
		r.fail("a length from 0 to " + count(most).String() + ", not " + count(m.size).String())
	}
	a := args{"fd": d.live}
	if m.data.Kind == String {
		a["base64"] = []byte(m.data.Text)
	} else {
		a["octets"] = count(m.size)
	}
	op, taken := "send", sendFlags
	addr, port, given := r.address(m.addr)
	switch {
	case given, c.Name == "sendto" && (d.proto == inet.UDP && !d.peer ||
		m.flags.has("MSG_FASTOPEN")):
		if !given {
			addr, port = r.st.remote.String(), r.st.connect
		}
		op, taken = "sendto", sendToFlags
		a["addr"], a["port"] = d.liveText(addr), int(port)
		r.aim(d, addr, port)
	case c.Name == "write" || c.Name == "writev":
		op, taken = "write", ""
	case c.Name == "sendmsg":
		op, taken = "sendmsg", sendToFlags
	}
	if flags := flagWords(m.flags, taken); len(flags) > 0 {
		a["flags"] = flags
	}
	r.start(c, op, a, nil)
}

// aim makes the endpoint that a socket sends to the one the script speaks of.
func (r *runner) aim(d *descriptor, addr string, port uint16) {
	to := inet.Endpoint{Addr: r.st.remote, Port: port}
	if addr == "" || addr == r.st.remote.String() {
		if d.conn == nil {
			r.attach(d, inet.Flow{Local: inet.Endpoint{Addr: r.st.local, Port: d.bound}, Remote: to})
		}
		d.conn.flow.Remote = to
		r.cur, r.listening = d.conn, false
	}
}

func (r *runner) receive(c *Call) {
	d := r.fd(c.arg(0))
	m := r.message(c)
	a := args{"fd": d.live, "max": count(max(0, min(m.size, most)))}
	op, taken := c.Name, receiveFlags
	if op == "read" || op == "readv" {
		op, taken = "read", ""
	}
	if flags := flagWords(m.flags, taken); len(flags) > 0 {
		a["flags"] = flags
	}
	r.start(c, op, a, func(o outcome) outcome {
		r.checkData(c, m.data, o)
		return o
	})
}

// checkData compares what was received with a string of the script. A world shows only
// the first octets of a call.
func (r *runner) checkData(c *Call, want Expr, o outcome) {
	if want.Kind != String {
		return
	}
	n := min(len(want.Text), len(o.data))
	if got := string(o.data[:n]); got != want.Text[:n] {
		r.raise("syscall", &Failure{File: r.sc.File, Line: r.event.Line,
			Reason: c.Name + ": other octets than expected", Expected: want.show(),
			Got: Expr{Kind: String, Text: got}.show()})
	}
}
