package wire

import (
	"bytes"
	"net/netip"
	"testing"

	"labserver/stack/inet"

	"pgregory.net/rapid"
)

// plainChecksum is RFC 1071 §4.1's loop, a word at a time.
func plainChecksum(b []byte) uint16 {
	var acc uint32
	for i := 0; i < len(b); i += 2 {
		word := uint32(b[i]) << 8
		if i+1 < len(b) {
			word |= uint32(b[i+1])
		}
		acc += word
		acc = acc>>16 + acc&0xffff
	}
	return ^uint16(acc)
}

func TestChecksumOfRFC1071Section3(t *testing.T) {
	b := []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}
	if got := ^Checksum(b); got != 0xddf2 {
		t.Errorf("the sum is %04x, RFC 1071 §3 says ddf2", got)
	}
}

func TestChecksumAgreesWithTheWordAtATimeLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "b")
		if got, want := Checksum(b), plainChecksum(b); got != want {
			t.Fatalf("%04x, want %04x", got, want)
		}
	})
	full := bytes.Repeat([]byte{0xff}, IPv4MaxLen)
	if got, want := Checksum(full), plainChecksum(full); got != want {
		t.Errorf("the largest sum there can be: %04x, want %04x", got, want)
	}
}

func TestChecksumOfOctetsWithTheirChecksumIsZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 1, 60).Draw(t, "b")
		if len(b)%2 == 1 {
			b = append(b, 0)
		}
		if bytes.Count(b, []byte{0}) == len(b) {
			t.Skip("all zeros sum to zero")
		}
		if b = append16(b, Checksum(b)); Checksum(b) != 0 {
			t.Fatalf("% x", b)
		}
	})
}

func TestUpdateChecksumOfRFC1624Section4(t *testing.T) {
	// "HC' = 0x0000" is the case that equation 2 of RFC 1141 got wrong.
	if got := UpdateChecksum(0xdd2f, 0x5555, 0x3285); got != 0 {
		t.Errorf("%04x", got)
	}
}

func TestDecrementTTLLeavesAPacketAsIfWrittenWithTheLowerTTL(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawIPv4(t)
		p.TTL = uint8(rapid.IntRange(1, 255).Draw(t, "ttl"))
		got := p.Append(nil)
		DecrementTTL(got)
		p.TTL--
		if want := p.Append(nil); !bytes.Equal(got, want) {
			t.Fatalf("\n got % x\nwant % x", got[:20], want[:20])
		}
	})
}

func TestDecrementTTLRefusesAPacketThatHasNoneLeft(t *testing.T) {
	p := IPv4{Src: addrA, Dst: addrB}
	b := p.Append(nil)
	defer func() {
		if recover() == nil {
			t.Error("TTL 0 became 255")
		}
	}()
	DecrementTTL(b)
}

func TestPseudoHeaderTellsAddressesProtocolsAndFamiliesApart(t *testing.T) {
	six := netip.MustParseAddr("2001:db8::1")
	sums := []uint64{
		pseudo(addrA, addrB, inet.TCP, 20),
		pseudo(addrA, addrA, inet.TCP, 20),
		pseudo(addrA, addrB, inet.UDP, 20),
		pseudo(addrA, addrB, inet.TCP, 21),
		pseudo(six, six, inet.TCP, 20),
	}
	for i := range sums {
		for j := range i {
			if fold(sums[i]) == fold(sums[j]) {
				t.Errorf("sums %d and %d are equal", i, j)
			}
		}
	}
}
