package tcp

import (
	"encoding/hex"
	"testing"

	"labserver/stack/wire"
)

// optionsOf returns the option octets of what host h sends first.
func optionsOf(t *testing.T, order int64) string {
	n, a, b := pair(t)
	a.k.OptionOrder, a.k.RcvBufMax = order, 2<<20
	got := ""
	n.wire = func(p *packet) fate {
		seg := p.out.Seg
		octets := seg.Append(nil, a.addr, b.addr)
		got = hex.EncodeToString(octets[wire.TCPHeaderLen:])
		return fate{drop: true}
	}
	a.open(5000, b.end(80))
	return got
}

func TestTheOptionOrderIsTheKnobs(t *testing.T) {
	linux, freebsd := optionsOf(t, 0), optionsOf(t, 1)
	if linux[:12] != "020405b40402" || linux[len(linux)-8:] != "01030306" {
		t.Errorf("linux: mss, sackOK, TS, nop, wscale; got %s", linux)
	}
	if freebsd[:20] != "020405b4010303060402" || len(freebsd) != 40 {
		t.Errorf("freebsd: mss, nop, wscale, sackOK, TS; got %s", freebsd)
	}
}
