package tcp

import (
	"net/netip"
	"testing"
	"time"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
)

// icmp reports an ICMP error about the segment at the given sequence number.
func (h *testHost) icmp(c *Conn, at seq.Num, what ICMPError) {
	h.do(func(fx *Effects) { h.layer.Unreachable(c.flow, at, what, 7, fx) })
}

// TestICMPErrors is RFC 9293 §3.9.2.2 in SYN-SENT, with soft errors as the RFC has them
// (MUST-56, SHLD-25) and as linux has them (RFC 5461 §4).
func TestICMPErrors(t *testing.T) {
	for _, tc := range []struct {
		what  ICMPError
		errno inet.Errno
		hard  bool
	}{
		{NetUnreachable, inet.ENETUNREACH, false}, {HostUnreachable, inet.EHOSTUNREACH, false},
		{SourceRouteFailed, inet.EOPNOTSUPP, false}, {TimeExceeded, inet.EHOSTUNREACH, false},
		{ParameterProblem, inet.EPROTO, false},
		{ProtocolUnreachable, inet.ENOPROTOOPT, true}, {PortUnreachable, inet.ECONNREFUSED, true},
		{Prohibited, inet.EHOSTUNREACH, true}, {Precedence, inet.EHOSTUNREACH, true},
	} {
		for _, aborts := range []int64{icmpHardOpen, icmpHardOpen | icmpSoftOpen, 0} {
			n, a, b := pair(t)
			a.k.ICMPAborts = aborts
			n.wire = func(*packet) fate { return fate{drop: true} }
			c := a.open(5000, b.end(80))
			a.icmp(c, c.iss, NoICMPError)
			a.icmp(c, c.iss, tc.what)
			ends := tc.hard && aborts&icmpHardOpen != 0 || !tc.hard && aborts&icmpSoftOpen != 0
			if ends != (c.State() == inet.Closed) || ends != (c.Error() == tc.errno) {
				t.Errorf("%d, aborts %d: %s %q", tc.what, aborts, c.State(), c.Error())
			}
			if ends {
				continue
			}
			if c.SoftError() != tc.errno {
				t.Errorf("%d: soft error %q", tc.what, c.SoftError())
			}
			n.run(200 * time.Second)
			if c.TakeError() != tc.errno { // more telling than ETIMEDOUT
				t.Errorf("%d in the end", tc.what)
			}
		}
	}
}

// TestAHardErrorEndsAConnectionOfTheRFCProfile: SHLD-26, and RFC 5461 §3 for the others.
func TestAHardErrorEndsAConnectionOfTheRFCProfile(t *testing.T) {
	for _, profile := range Profiles() {
		n, a, b := pair(t)
		a.k, _ = Profile(profile)
		ca, _ := connect(t, n, a, b)
		a.mustSend(ca, "x")
		a.icmp(ca, ca.snd.una, HostUnreachable)
		if ca.State() != inet.Established || ca.SoftError() != inet.EHOSTUNREACH {
			t.Errorf("%s: MUST-56: %s %q", profile, ca.State(), ca.SoftError())
		}
		a.icmp(ca, ca.snd.una, PortUnreachable)
		if want := profile == "rfc"; want != (ca.State() == inet.Closed) ||
			want != (ca.Error() == inet.ECONNREFUSED) {
			t.Errorf("%s: %s %q", profile, ca.State(), ca.Error())
		}
	}
}

// TestAnICMPErrorMustQuoteWhatIsOutstanding: RFC 5927 §4.1, SND.UNA =< SEG.SEQ < SND.NXT.
func TestAnICMPErrorMustQuoteWhatIsOutstanding(t *testing.T) {
	p := reach(t, inet.SynSent)
	for _, tc := range []struct {
		at   uint32
		gone bool
	}{{299, false}, {301, false}, {1 << 31, false}, {300, true}} {
		mark := p.log.Len()
		p.b.icmp(p.c, num(tc.at), PortUnreachable)
		if gone := p.c.State() == inet.Closed; gone != tc.gone || gone == (p.rules(mark,
			rfc.TCPICMPOutside) == 1) {
			t.Errorf("at %d: %s", tc.at, p.c.State())
		}
	}
	_, a, _, ca, _ := connected(t) // nothing is outstanding here
	a.icmp(ca, ca.snd.una, PortUnreachable)
	a.icmp(&Conn{flow: ca.flow.Reverse()}, ca.snd.una, PortUnreachable) // and nobody is there
	if ca.SoftError() != inet.OK {
		t.Error("believed")
	}
}

// TestAPassiveOpenGoesBackQuietly: nobody was told of the connection.
func TestAPassiveOpenGoesBackQuietly(t *testing.T) {
	p := reach(t, inet.SynReceived)
	p.b.icmp(p.c, 300, PortUnreachable)
	if p.c.State() != inet.Closed || p.c.Error() != inet.OK {
		t.Errorf("%s %q", p.c.State(), p.c.Error())
	}
	if syn, accept := p.li.Queues(); syn != 0 || accept != 0 {
		t.Errorf("queues %d, %d", syn, accept)
	}
}

func TestICMPMessagesMeanTheSameInBothFamilies(t *testing.T) {
	for _, tc := range []struct {
		v6         bool
		kind, code uint8
		want       ICMPError
	}{
		{false, 3, 0, NetUnreachable}, {false, 3, 1, HostUnreachable},
		{false, 3, 2, ProtocolUnreachable}, {false, 3, 3, PortUnreachable},
		{false, 3, 4, NoICMPError}, {false, 3, 5, SourceRouteFailed},
		{false, 3, 7, HostUnreachable}, {false, 3, 13, Prohibited},
		{false, 3, 14, Precedence}, {false, 3, 15, Precedence}, {false, 3, 99, NoICMPError},
		{false, 4, 0, NoICMPError}, // MUST-55
		{false, 11, 0, TimeExceeded}, {false, 12, 0, ParameterProblem}, {false, 8, 0, NoICMPError},
		{true, 1, 0, NetUnreachable}, {true, 1, 1, Prohibited}, {true, 1, 2, HostUnreachable},
		{true, 1, 3, HostUnreachable}, {true, 1, 4, PortUnreachable}, {true, 1, 5, Prohibited},
		{true, 1, 7, NoICMPError}, {true, 2, 0, NoICMPError}, {true, 3, 0, TimeExceeded},
		{true, 4, 2, ParameterProblem}, {true, 128, 0, NoICMPError},
	} {
		if got := ICMPErrorOf(tc.v6, tc.kind, tc.code); got != tc.want {
			t.Errorf("%+v: %d", tc, got)
		}
	}
	if Prohibited.Errno(true) != inet.EACCES || Prohibited.Errno(false) != inet.EHOSTUNREACH {
		t.Error("linux tells EACCES for IPv6 alone")
	}
	mapped := Conn{flow: inet.Flow{Local: inet.Endpoint{Addr: netip.MustParseAddr("::ffff:1.2.3.4")}}}
	if mapped.v6() {
		t.Error("a mapped address is IPv4 on the wire")
	}
}
