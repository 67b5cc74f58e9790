package wire_test

import (
	"bytes"
	"net/netip"
	"testing"

	"labserver/stack/wire"
)

// TestASegmentOfACaptureIsReadWhateverItsChecksum reads one that is cut off at every octet.
func TestASegmentOfACaptureIsReadWhateverItsChecksum(t *testing.T) {
	src, dst := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	s := wire.TCP{SrcPort: 1, DstPort: 2, Seq: 3, Ack: 4, Flags: wire.ACK, Wnd: 5, Data: []byte("data"),
		Opts: wire.Options{MSS: 1460, SACKOK: true}}
	whole := s.Append(nil, src, dst)
	whole[16]++
	for n := range len(whole) + 1 {
		got, header, err := wire.ReadTCP(whole[:n])
		switch {
		case n < wire.TCPHeaderLen:
			if err != wire.Truncated || header != 0 {
				t.Errorf("%d octets: header %d, %v", n, header, err)
			}
			continue
		case n < header && err != wire.Truncated, n >= header && err != nil:
			t.Errorf("%d octets of a header of %d: %v", n, header, err)
		}
		if got.Seq != 3 || got.Ack != 4 || got.Wnd != 5 || header != len(whole)-4 ||
			!bytes.Equal(got.Data, whole[min(n, header):n]) {
			t.Errorf("%d octets: %+v", n, got)
		}
	}
	whole[12] = 4 << 4
	if _, _, err := wire.ReadTCP(whole); err != wire.BadDataOffset {
		t.Errorf("a data offset of 4 words: %v", err)
	}
}

func FuzzReadTCP(f *testing.F) {
	src, dst := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	s := wire.TCP{Flags: wire.SYN, Opts: wire.Options{MSS: 1460, HasWScale: true, SACKOK: true}}
	f.Add(s.Append(nil, src, dst))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, header, err := wire.ReadTCP(b)
		if header > wire.TCPMaxHeaderLen || len(got.Data) > len(b) ||
			err == nil && len(got.Data) != len(b)-header {
			t.Fatalf("header %d, %d octets of data, of %d: %v", header, len(got.Data), len(b), err)
		}
	})
}
