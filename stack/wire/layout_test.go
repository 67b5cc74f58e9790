package wire

import (
	"bytes"
	"encoding/hex"
	"testing"

	"labserver/stack/seq"
)

func TestFreeBSDsOptionsStandInItsOrderAndEndWithEOL(t *testing.T) {
	two := [4][2]seq.Num{{1, 2}, {3, 4}}
	for name, tc := range map[string]struct {
		opts Options
		want string
	}{
		"everything of a SYN": {
			Options{MSS: 1460, SACKOK: true, HasTS: true, TSVal: 1, HasWScale: true, WScale: 6},
			"020405b4" + "01030306" + "0402080a0000000100000000",
		},
		"no timestamps": {
			Options{MSS: 1460, SACKOK: true, HasWScale: true, WScale: 6},
			"020405b4" + "01030306" + "04020000",
		},
		"MSS and SACK": {Options{MSS: 1460, SACKOK: true}, "020405b4" + "04020000"},
		"MSS and timestamps": {
			Options{MSS: 1460, HasTS: true, TSVal: 1, TSEcr: 2},
			"020405b4" + "0101080a0000000100000002",
		},
		"SACK and timestamps": {
			Options{MSS: 536, SACKOK: true, HasTS: true},
			"02040218" + "0402080a0000000000000000",
		},
		"timestamps and two blocks": {
			Options{HasTS: true, NSACK: 2, SACK: two},
			"0101080a0000000000000000" + "01010512" + "0000000100000002" + "0000000300000004",
		},
		"blocks alone": {Options{NSACK: 1, SACK: two}, "0101050a" + "0000000100000002"},
		"Fast Open":    {Options{MSS: 1460, FO: true}, "020405b4" + "22020000"},
		"none":         {Options{}, ""},
	} {
		tc.opts.Layout = LayoutFreeBSD
		if got := hex.EncodeToString(tc.opts.append(nil)); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
		if tc.opts.Len() != len(tc.want)/2 {
			t.Errorf("%s: Len is %d", name, tc.opts.Len())
		}
	}
}

func TestFreeBSDsOptionsHoldFourBlocksAtMost(t *testing.T) {
	four := [4][2]seq.Num{{1, 2}, {3, 4}, {5, 6}, {7, 8}}
	for _, tc := range []struct {
		ts   bool
		want int
	}{{false, 4}, {true, 3}} {
		s := TCP{Opts: Options{HasTS: tc.ts, NSACK: 4, SACK: four, Layout: LayoutFreeBSD}}
		got, err := ParseTCP(addrA, addrB, s.Append(nil, addrA, addrB))
		if err != nil || got.Opts.NSACK != tc.want {
			t.Errorf("timestamps %v: %d blocks, %v", tc.ts, got.Opts.NSACK, err)
		}
	}
}

// TestFastOpensCookieIsPadded: RFC 7413 §4.1.1, a cookie of 4 to 16 octets, and none in a
// request.
func TestFastOpensCookieIsPadded(t *testing.T) {
	for want, o := range map[string]Options{
		"22020101":                      {FO: true},
		"220a0102030405060708" + "0101": {FO: true, Cookie: []byte{1, 2, 3, 4, 5, 6, 7, 8}},
		"fe04f989":                      {FO: true, FOExp: true},
		"fe0cf9890102030405060708":      {FO: true, FOExp: true, Cookie: []byte{1, 2, 3, 4, 5, 6, 7, 8}},
	} {
		octets, _ := hex.DecodeString(want)
		s, err := ParseTCP(addrA, addrB, withOptions(octets...))
		if err != nil || !s.Opts.FO || s.Opts.FOExp != o.FOExp || !bytes.Equal(s.Opts.Cookie, o.Cookie) {
			t.Errorf("%s reads as %+v, %v", want, s.Opts, err)
		}
		if got := hex.EncodeToString(o.append(nil)); got != want || o.Len() != len(want)/2 {
			t.Errorf("%s (%d), want %s", got, o.Len(), want)
		}
	}
	for _, n := range []int{2, 3, 5, 18} {
		s, err := ParseTCP(addrA, addrB, withOptions(append([]byte{34, byte(2 + n)},
			make([]byte, n)...)...))
		if err != nil || s.Opts.FO || len(s.Opts.Unknown) != 1 {
			t.Errorf("a cookie of %d octets: %+v, %v", n, s.Opts, err)
		}
	}
	for _, other := range [][]byte{{254, 2}, {254, 4, 1, 2}, {254, 6, 0xF9, 0x89, 1, 2}} {
		s, err := ParseTCP(addrA, addrB, withOptions(other...))
		if err != nil || s.Opts.FO || len(s.Opts.Unknown) != 1 {
			t.Errorf("another experiment, %v: %+v, %v", other, s.Opts, err)
		}
	}
}
