package wire

import (
	"bytes"
	"encoding/hex"
	"testing"

	"labserver/stack/seq"
)

// withOptions makes a segment with the given option octets, padded with EOL, and a
// right checksum.
func withOptions(opts ...byte) []byte {
	for len(opts)%4 != 0 {
		opts = append(opts, byte(OptEOL))
	}
	s := TCP{SrcPort: 1, DstPort: 2, Flags: SYN}
	b := append(s.Append(nil, addrA, addrB), opts...)
	b[12] = byte(len(b)/4) << 4
	put16(b[16:], 0)
	put16(b[16:], ^fold(sum(pseudo(addrA, addrB, 6, len(b)), b)))
	return b
}

func TestSYNOptionsStandInLinuxOrder(t *testing.T) {
	for name, tc := range map[string]struct {
		opts Options
		want string
	}{
		"everything": {
			Options{MSS: 1460, SACKOK: true, HasTS: true, TSVal: 1, HasWScale: true, WScale: 7},
			"020405b4" + "0402080a0000000100000000" + "01030307",
		},
		"no timestamps": {
			Options{MSS: 1460, SACKOK: true, HasWScale: true, WScale: 7},
			"020405b4" + "01010402" + "01030307",
		},
		"no SACK": {
			Options{MSS: 1460, HasTS: true, TSVal: 1, TSEcr: 2},
			"020405b4" + "0101080a0000000100000002",
		},
		"MSS alone":          {Options{MSS: 536}, "02040218"},
		"window scale of 0":  {Options{HasWScale: true}, "01030300"},
		"none":               {Options{}, ""},
		"unknown kinds only": {Options{Unknown: []uint8{253}}, ""},
	} {
		if got := hex.EncodeToString(tc.opts.append(nil)); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
		if tc.opts.Len() != len(tc.want)/2 {
			t.Errorf("%s: Len is %d", name, tc.opts.Len())
		}
	}
}

func TestAcknowledgementOptionsAreTimestampsThenSACK(t *testing.T) {
	o := Options{HasTS: true, TSVal: 5, TSEcr: 6, NSACK: 2, SACK: [4][2]seq.Num{{1, 2}, {3, 4}}}
	want := "0101080a0000000500000006" + "01010512" + "0000000100000002" + "0000000300000004"
	if got := hex.EncodeToString(o.append(nil)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestSACKBlocksBeyondTheHeaderAreLeftOut shows RFC 2018 §3: 40 octets of options hold
// 4 blocks, and 3 beside a timestamp.
func TestSACKBlocksBeyondTheHeaderAreLeftOut(t *testing.T) {
	four := Options{NSACK: 4, SACK: [4][2]seq.Num{{1, 2}, {3, 4}, {5, 6}, {7, 8}}}
	for _, tc := range []struct {
		ts   bool
		want int
	}{{false, 4}, {true, 3}} {
		s := TCP{Opts: four}
		s.Opts.HasTS = tc.ts
		got, err := ParseTCP(addrA, addrB, s.Append(nil, addrA, addrB))
		if err != nil || got.Opts.NSACK != tc.want || got.Opts.SACK[0] != four.SACK[0] {
			t.Errorf("timestamps %v: %d blocks, %v", tc.ts, got.Opts.NSACK, err)
		}
	}
}

// RFC 9293 §3.1, MUST-5 (options at any octet), MUST-6, MUST-7.
func TestOptionsOfAnyShapeAreRead(t *testing.T) {
	for name, tc := range map[string]struct {
		octets  []byte
		err     error
		mss     uint16
		unknown []uint8
	}{
		"not on a word boundary":       {[]byte{1, 2, 4, 5, 0xb4}, nil, 1460, nil},
		"nothing counts after the end": {[]byte{0, 2, 4, 5, 0xb4}, nil, 0, nil},
		"unknown is passed over":       {[]byte{253, 4, 9, 9, 2, 4, 5, 0xb4}, nil, 1460, []uint8{253}},
		"known kind, strange length":   {[]byte{2, 3, 5, 2, 4, 5, 0xb4}, nil, 1460, []uint8{2}},
		"empty SACK":                   {[]byte{5, 2, 2, 4, 5, 0xb4}, nil, 1460, []uint8{5}},
		"length 0":                     {[]byte{2, 4, 5, 0xb4, 253, 0}, BadOption, 1460, nil},
		"length 1":                     {[]byte{253, 1}, BadOption, 0, nil},
		"longer than the header":       {[]byte{253, 5, 0, 0}, BadOption, 0, nil},
		"no room for a length":         {[]byte{1, 1, 1, 253}, BadOption, 0, nil},
	} {
		s, err := ParseTCP(addrA, addrB, withOptions(tc.octets...))
		if err != tc.err || s.Opts.MSS != tc.mss || !bytes.Equal(s.Opts.Unknown, tc.unknown) {
			t.Errorf("%s: %v, MSS %d, passed over %v", name, err, s.Opts.MSS, s.Opts.Unknown)
		}
	}
}

func TestADataOffsetOutsideTheSegmentIsNamed(t *testing.T) {
	for _, words := range []byte{0, 4, 6, 15} {
		s := TCP{Flags: ACK}
		b := s.Append(nil, addrA, addrB)
		b[12] = words << 4
		put16(b[16:], 0)
		put16(b[16:], ^fold(sum(pseudo(addrA, addrB, 6, len(b)), b)))
		got, err := ParseTCP(addrA, addrB, b)
		if err != BadDataOffset || got.Data != nil || got.Flags != ACK {
			t.Errorf("%d words: %v, %+v", words, err, got)
		}
	}
}

func TestADamagedSegmentIsCalledDamagedWhateverElseIsWrong(t *testing.T) {
	b := withOptions(253, 0)
	b[12] = 0
	if _, err := ParseTCP(addrA, addrB, b); err != BadChecksum {
		t.Error(err)
	}
}

func TestReservedBitsAreIgnored(t *testing.T) {
	s := TCP{Flags: SYN | ACK, Data: []byte("x")}
	b := s.Append(nil, addrA, addrB)
	old := be16(b[12:])
	put16(b[12:], old|0x0f00)
	put16(b[16:], UpdateChecksum(be16(b[16:]), old, old|0x0f00))
	got, err := ParseTCP(addrA, addrB, b)
	if err != nil || got.Flags != SYN|ACK || string(got.Data) != "x" {
		t.Errorf("%v %+v", err, got)
	}
}

func TestFlagsAreLettersInTheOrderFSRPAUEW(t *testing.T) {
	for flags, want := range map[Flags]string{
		0: "", SYN: "S", SYN | ACK: "SA", PSH | ACK: "PA", FIN | ACK: "FA", 0xff: "FSRPAUEW",
	} {
		if flags.String() != want {
			t.Errorf("%08b is %q, want %q", flags, flags, want)
		}
	}
	if !(SYN | ACK).Has(ACK) || SYN.Has(SYN|ACK) {
		t.Error("Has means all of the bits")
	}
}

func TestSYNAndFINOccupySequenceSpace(t *testing.T) {
	s := TCP{Flags: SYN | FIN, Data: make([]byte, 5)}
	if s.Len() != 7 {
		t.Errorf("SEG.LEN is %d", s.Len())
	}
	s.Flags = ACK
	if s.Len() != 5 {
		t.Errorf("SEG.LEN is %d", s.Len())
	}
}

// RFC 9293 §3.1: "The content of the header beyond the End of Option List Option MUST be
// header padding of zeros (MUST-69)." And the header is whole words.
func TestWhatFollowsTheOptionsIsZero(t *testing.T) {
	for i := range 1 << 5 {
		bit := func(n int) bool { return i>>n&1 == 1 }
		s := TCP{Flags: SYN, Opts: Options{HasTS: bit(0), SACKOK: bit(1), HasWScale: bit(2)}}
		if bit(3) {
			s.Opts.MSS = 1460
		}
		if bit(4) {
			s.Opts.NSACK = 1
		}
		octets := s.Append(nil, addrA, addrB)
		header := int(octets[12]>>4) * 4
		if header != len(octets) || header%4 != 0 {
			t.Fatalf("%+v: a header of %d octets in a segment of %d", s.Opts, header, len(octets))
		}
		for at := 20; at < header; {
			switch OptionKind(octets[at]) {
			case OptEOL:
				for ; at < header; at++ {
					if octets[at] != 0 {
						t.Errorf("%+v: octet %d after the end is %d", s.Opts, at, octets[at])
					}
				}
			case OptNOP:
				at++
			default: // MUST-68: "MUST have length fields"
				if octets[at+1] < 2 {
					t.Fatalf("%+v: kind %d has length %d", s.Opts, octets[at], octets[at+1])
				}
				at += int(octets[at+1])
			}
		}
	}
}
