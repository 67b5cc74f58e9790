package tcp

import (
	"testing"
	"time"

	"labserver/stack/inet"
	"labserver/stack/wire"
)

// rawPeer is one layer, at B, against segments made by hand. What B sends is recorded
// and lost. The hand's initial sequence number is 100, B's is 300, as in the figures.
type rawPeer struct {
	*testNet
	b    *testHost
	li   *Listener
	c    *Conn
	from inet.Endpoint
	mark uint64
}

func newRaw(t testing.TB) *rawPeer {
	n, a, b := pair(t)
	plain(b)
	n.wire = func(*packet) fate { return fate{drop: true} }
	return &rawPeer{testNet: n, b: b, from: a.end(5000)}
}

// seg makes a segment arrive at port 80 and returns what B answered.
func (p *rawPeer) seg(flags string, seq, ack uint32, data string) []string {
	return p.segWith(wire.TCP{Flags: parseFlags(flags), Seq: num(seq), Ack: num(ack), Wnd: 65535,
		Data: []byte(data)})
}

func (p *rawPeer) segWith(s wire.TCP) []string {
	if s.DstPort == 0 {
		s.DstPort = 80
	}
	p.mark = p.log.Len()
	p.b.inject(p.from, s)
	return p.segments(p.mark)
}

func parseFlags(s string) wire.Flags {
	var f wire.Flags
	for i := range 8 {
		for _, c := range s {
			if byte(c) == "FSRPAUEW"[i] {
				f |= 1 << i
			}
		}
	}
	return f
}

// reach brings B's connection into a state. RCV.NXT is 101, 102 when the peer's FIN was
// taken; SND.NXT is 301, 302 when B sent its FIN.
func reach(t testing.TB, s inet.TCPState) *rawPeer {
	t.Helper()
	p := newRaw(t)
	if s == inet.SynSent {
		p.c = p.b.open(80, p.from)
		return p
	}
	p.li = p.b.listen(80, 5)
	if s == inet.Listen {
		return p
	}
	p.seg("S", 100, 0, "")
	p.c = p.b.layer.Conns()[0]
	if s == inet.SynReceived {
		return p
	}
	p.seg("A", 101, 301, "")
	p.b.accept(p.li)
	switch s {
	case inet.FinWait1:
		p.b.shutdown(p.c)
	case inet.FinWait2:
		p.b.shutdown(p.c)
		p.seg("A", 101, 302, "")
	case inet.CloseWait:
		p.seg("FA", 101, 301, "")
	case inet.Closing:
		p.b.shutdown(p.c)
		p.seg("FA", 101, 301, "")
	case inet.LastAck:
		p.seg("FA", 101, 301, "")
		p.b.shutdown(p.c)
	case inet.TimeWait:
		p.b.shutdown(p.c)
		p.seg("FA", 101, 302, "")
	}
	if p.c.State() != s {
		t.Fatalf("reached %s, not %s", p.c.State(), s)
	}
	p.run(time.Millisecond)
	return p
}

// nxt returns the numbers that fit the state.
func (p *rawPeer) nxt() (seq, ack uint32) {
	return uint32(p.c.rcv.nxt), uint32(p.c.snd.nxt)
}

func (p *rawPeer) want(got []string, want ...string) {
	p.t.Helper()
	if len(got) != len(want) {
		p.t.Errorf("in %s: answered %q, want %q", p.state(), got, want)
		return
	}
	for i := range got {
		if got[i] != "B "+want[i] {
			p.t.Errorf("in %s: answered %q, want %q", p.state(), got, want)
		}
	}
}

func (p *rawPeer) state() inet.TCPState {
	if p.c == nil {
		return inet.Listen
	}
	return p.c.State()
}

// wantRefused checks why the last segment was refused.
func (p *rawPeer) wantRefused(reason string) {
	p.t.Helper()
	if got := p.refusals(p.mark); len(got) == 0 || got[0] != reason {
		p.t.Errorf("in %s: refused %q, want %q", p.state(), got, reason)
	}
}

// wireACK is an empty segment with a window.
func wireACK(seq, ack uint32, wnd uint16) wire.TCP {
	return wire.TCP{Flags: wire.ACK, Seq: num(seq), Ack: num(ack), Wnd: wnd}
}
