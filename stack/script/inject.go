package script

import (
	"bytes"

	"labserver/stack/inet"
	"labserver/stack/wire"
)

// inject sends a < packet to the stack under test.
func (r *runner) inject(p *Packet) {
	var c *conn
	switch p.Proto {
	case inet.ICMP:
		if c = r.cur; c == nil {
			r.fail("there is nothing yet that this ICMP message could be about")
		}
	default:
		c = r.target(p)
	}
	live := c.toLive(p)
	r.liveCookies(&live)
	e := ends{src: c.flow.Remote, dst: c.flow.Local}
	var quoted []byte
	if p.Proto == inet.ICMP {
		quoted = r.quote(p.ICMP, c)
		i := *p.ICMP
		if i.HasMTU {
			i.MTU += r.st.moreInFour
		}
		live.ICMP = &i
	}
	octets := live.octets(e, quoted)
	r.trace(r.event.Line, p.show(p), r.due, r.due, r.w.Now())
	r.injected = r.w.Events().Len()
	if err := r.apply("packet.inject", args{"host": hostRemote, "base64": octets}); err != nil {
		r.fail("the packet cannot be injected: " + err.Error())
	}
	r.advance(r.w.Now())
}

// target finds the connection an injected packet belongs to: that of its ports, or that
// of the socket the script spoke of last. The first packet to a listener begins a
// connection from a port of its own.
func (r *runner) target(p *Packet) *conn {
	if p.Ports != nil {
		flow := inet.Flow{Local: inet.Endpoint{Addr: r.st.local, Port: r.st.livePort(p.Ports[1])},
			Remote: inet.Endpoint{Addr: r.st.remote, Port: p.Ports[0]}}
		c := r.connBy(p.Proto, flow)
		if c == nil {
			c = r.newConn(p.Proto, flow)
		}
		r.cur, r.listening = c, false
		return c
	}
	if r.cur != nil && r.cur.proto == p.Proto && !r.listening {
		if r.cur.flow.Local.Port == 0 {
			r.learnPort(r.cur)
		}
		return r.cur
	}
	port := r.st.bind
	if r.cur != nil && r.cur.proto == p.Proto && r.cur.flow.Local.Port != 0 {
		port = r.cur.flow.Local.Port
	}
	c := r.newConn(p.Proto, inet.Flow{Local: inet.Endpoint{Addr: r.st.local, Port: port},
		Remote: inet.Endpoint{Addr: r.st.remote, Port: r.nextPort}})
	r.nextPort++
	r.cur, r.listening = c, false
	return c
}

// learnPort finds out the local port of a socket that has not sent yet.
func (r *runner) learnPort(c *conn) {
	if c.fd < 0 {
		return
	}
	if out, err := r.make("getsockname", args{"fd": c.fd}); err == nil && out.from != nil {
		c.flow.Local.Port = out.from.Port
	}
}

// quote finds the octets of the packet that an ICMP error is about: one that the stack
// sent with these numbers, else its last, else one made up.
func (r *runner) quote(i *ICMPInfo, c *conn) []byte {
	v6 := r.st.ipv6
	limit := quoteLimit(v6)
	var last []byte
	for n := len(r.sent) - 1; n >= 0; n-- {
		a := &r.sent[n]
		if a.ends.src != c.flow.Local || a.ends.dst != c.flow.Remote || a.p.Proto != c.proto {
			continue
		}
		if last == nil {
			last = a.octets
		}
		if q := i.Quoted; q == nil || q.Proto != a.p.Proto ||
			q.Proto == inet.TCP && q.Seq+c.local.add == a.p.Seq && q.Len == a.p.Len ||
			q.Proto == inet.UDP && q.Len == a.p.Len {
			return a.octets[:min(limit, len(a.octets))]
		}
	}
	q := Packet{Proto: c.proto, Flags: wire.ACK}
	if i.Quoted != nil {
		q = *i.Quoted
		q.Flags = wire.ACK
		q.Seq += c.local.add
		q.End += c.local.add
	} else if last != nil {
		return last[:min(limit, len(last))]
	}
	b := q.octets(ends{src: c.flow.Local, dst: c.flow.Remote}, nil)
	return b[:min(limit, len(b))]
}

// learnCookie remembers which cookie the stack made where the script writes one of its
// own: what the script injects later is then taken for it.
func (r *runner) learnCookie(expected, live *Packet) {
	e, l := findOption(expected.Opts, optFastOpen), findOption(live.Opts, optFastOpen)
	if e != nil && l != nil && len(e.Cookie) > 0 && len(l.Cookie) > 0 &&
		expected.Flags&wire.ACK != 0 {
		r.cookies = append(r.cookies, cookie{e.Cookie, l.Cookie})
	}
}

// liveCookies puts the stack's cookies in place of the script's.
func (r *runner) liveCookies(p *Packet) {
	o := findOption(p.Opts, optFastOpen)
	if o == nil || p.Flags&wire.ACK != 0 {
		return
	}
	for _, c := range r.cookies {
		if bytes.Equal(c.script, o.Cookie) {
			o.Cookie = c.live
		}
	}
}
