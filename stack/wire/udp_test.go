package wire

import (
	"testing"

	"pgregory.net/rapid"
)

// zeroSum returns a datagram whose computed checksum is 0.
func zeroSum() (UDP, []byte) {
	u := UDP{SrcPort: 1, DstPort: 2, Data: []byte{0, 0}}
	b := u.Append(nil, addrA, addrB)
	put16(u.Data, be16(b[6:])) // adding a checksum to the data makes the sum all ones
	return u, u.Append(nil, addrA, addrB)
}

func TestAComputedChecksumOfZeroIsSentAsAllOnes(t *testing.T) {
	u, b := zeroSum()
	if be16(b[6:]) != 0xffff {
		t.Fatalf("the field is %04x", be16(b[6:]))
	}
	got, err := ParseUDP(addrA, addrB, b)
	if err != nil || got.NoChecksum || got.Data[1] != u.Data[1] {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestADatagramWithoutChecksumIsTakenAsItIs(t *testing.T) {
	u := UDP{SrcPort: 1, DstPort: 2, NoChecksum: true, Data: []byte("hello")}
	b := u.Append(nil, addrA, addrB)
	b[8] = 'j'
	got, err := ParseUDP(addrA, addrB, b)
	if err != nil || string(got.Data) != "jello" || !got.NoChecksum {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestEachDefectOfADatagramIsNamed(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(b []byte) []byte
		want   error
		data   string
	}{
		"7 octets":           {func(b []byte) []byte { return b[:7] }, Truncated, ""},
		"length 7":           {func(b []byte) []byte { put16(b[4:], 7); return b }, BadLength, ""},
		"length past end":    {func(b []byte) []byte { put16(b[4:], 14); return b }, Truncated, "hello"},
		"a flipped bit":      {func(b []byte) []byte { b[12] ^= 1; return b }, BadChecksum, "helln"},
		"octets after it":    {func(b []byte) []byte { return append(b, "!!"...) }, nil, "hello"},
		"nothing wrong":      {func(b []byte) []byte { return b }, nil, "hello"},
		"checksum to no one": {func(b []byte) []byte { put16(b[6:], 0); return b }, nil, "hello"},
	} {
		u := UDP{SrcPort: 3001, DstPort: 8081, Data: []byte("hello")}
		got, err := ParseUDP(addrA, addrB, tc.change(u.Append(nil, addrA, addrB)))
		if err != tc.want || string(got.Data) != tc.data {
			t.Errorf("%s: %q, %v", name, got.Data, err)
		}
	}
}

func TestAnyFlippedBitOfADatagramIsNoticedOrMakesItShorter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := drawUDP(t)
		u.NoChecksum = false
		b := u.Append(nil, addrA, addrB)
		bit := rapid.IntRange(0, len(b)*8-1).Draw(t, "bit")
		b[bit/8] ^= 0x80 >> (bit % 8)
		got, err := ParseUDP(addrA, addrB, b)
		if err == nil && !got.NoChecksum {
			t.Fatalf("bit %d of % x", bit, b)
		}
	})
}
