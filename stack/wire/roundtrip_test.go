package wire

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// same fails unless got and want are deeply equal.
func same(t *rapid.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("\n got %+v\nwant %+v", got, want)
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	t.Run("Ethernet", rapid.MakeCheck(func(t *rapid.T) {
		e := Ethernet{Type: EtherType(rapid.Uint16().Draw(t, "type")), Payload: drawData(t)}
		e.Src, e.Dst = MAC{2, 0, 0, 0, 0, 1}, MAC(rapid.SliceOfN(rapid.Byte(), 6, 6).Draw(t, "dst"))
		got, err := ParseEthernet(e.Append(nil))
		same(t, err, nil)
		same(t, got, e)
	}))
	t.Run("IPv4", rapid.MakeCheck(func(t *rapid.T) {
		p := drawIPv4(t)
		got, err := ParseIPv4(p.Append(nil))
		same(t, err, nil)
		same(t, got, p)
	}))
	t.Run("UDP", rapid.MakeCheck(func(t *rapid.T) {
		u, src, dst := drawUDP(t), drawAddr(t, "src"), drawAddr(t, "dst")
		got, err := ParseUDP(src, dst, u.Append(nil, src, dst))
		same(t, err, nil)
		same(t, got, u)
	}))
	t.Run("ICMP", rapid.MakeCheck(func(t *rapid.T) {
		m := drawICMP(t)
		got, err := ParseICMP(m.Append(nil))
		same(t, err, nil)
		same(t, got, m)
	}))
	t.Run("TCP", rapid.MakeCheck(func(t *rapid.T) {
		s, src, dst := drawTCP(t), drawAddr(t, "src"), drawAddr(t, "dst")
		b := s.Append(nil, src, dst)
		got, err := ParseTCP(src, dst, b)
		same(t, err, nil)
		n := s.HeaderLen()
		s.Opts = s.Opts.asRead()
		same(t, got, s)
		same(t, len(b), n+len(s.Data))
	}))
}

// TestAppendLeavesWhatIsBeforeIt: a segment is written behind its packet's header in
// the same buffer, so nothing may depend on where the buffer begins.
func TestAppendLeavesWhatIsBeforeIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "prefix")
		s, u, m, p := drawTCP(t), drawUDP(t), drawICMP(t), drawIPv4(t)
		at := func(b []byte) []byte { return append(bytes.Clone(prefix), b...) }
		same(t, s.Append(bytes.Clone(prefix), addrA, addrB), at(s.Append(nil, addrA, addrB)))
		same(t, u.Append(bytes.Clone(prefix), addrA, addrB), at(u.Append(nil, addrA, addrB)))
		same(t, m.Append(bytes.Clone(prefix)), at(m.Append(nil)))
		same(t, p.Append(bytes.Clone(prefix)), at(p.Append(nil)))
	})
}

// TestOneFlippedBitIsAlwaysNoticed: one's complement sums miss swapped words, never a
// single bit, so a corrupting link cannot slip one through.
func TestOneFlippedBitIsAlwaysNoticed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawTCP(t)
		b := s.Append(nil, addrA, addrB)
		bit := rapid.IntRange(0, len(b)*8-1).Draw(t, "bit")
		b[bit/8] ^= 0x80 >> (bit % 8)
		if _, err := ParseTCP(addrA, addrB, b); err != BadChecksum {
			t.Fatalf("bit %d: %v", bit, err)
		}
	})
}

func TestASegmentDeliveredToAWrongAddressIsNoticed(t *testing.T) {
	s, u := TCP{Flags: SYN}, UDP{Data: []byte("hello")}
	wrong := addrB.Next()
	if _, err := ParseTCP(addrA, wrong, s.Append(nil, addrA, addrB)); err != BadChecksum {
		t.Errorf("TCP: %v", err)
	}
	if _, err := ParseUDP(addrA, wrong, u.Append(nil, addrA, addrB)); err != BadChecksum {
		t.Errorf("UDP: %v", err)
	}
}
