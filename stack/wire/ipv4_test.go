package wire

import (
	"bytes"
	"testing"

	"labserver/stack/inet"
)

// mend writes the right header checksum over a changed header.
func mend(b []byte) []byte {
	header := int(b[0]&15) * 4
	put16(b[10:], 0)
	put16(b[10:], Checksum(b[:header]))
	return b
}

func packetOf(payload string) []byte {
	p := IPv4{Src: addrA, Dst: addrB, Proto: inet.UDP, TTL: 64, Payload: []byte(payload)}
	return p.Append(nil)
}

func TestIPv4OptionsAreSkipped(t *testing.T) {
	b := packetOf("hello")
	b = append(b[:20:20], append([]byte{7, 3, 4, 0}, b[20:]...)...)
	b[0] = 4<<4 | 6
	put16(b[2:], uint16(len(b)))
	p, err := ParseIPv4(mend(b))
	if err != nil || string(p.Payload) != "hello" {
		t.Errorf("%q, %v", p.Payload, err)
	}
}

func TestPaddingAfterAPacketIsLeftOut(t *testing.T) {
	p, err := ParseIPv4(append(packetOf("hello"), make([]byte, 20)...))
	if err != nil || string(p.Payload) != "hello" {
		t.Errorf("%q, %v", p.Payload, err)
	}
}

// set changes one octet of a packet and mends its checksum.
func set(at int, o byte) func(b []byte) []byte {
	return func(b []byte) []byte { b[at] = o; return mend(b) }
}

// headerPastEnd makes a header of 60 octets of which 25 are there.
func headerPastEnd(b []byte) []byte {
	b[0], b[3] = 4<<4|15, 60
	return b
}

func TestEachDefectOfAnIPv4HeaderIsNamed(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(b []byte) []byte
		want   error
		shown  bool // the addresses are there in spite of it
	}{
		"nothing at all":     {func(b []byte) []byte { return nil }, Truncated, false},
		"19 octets":          {func(b []byte) []byte { return b[:19] }, Truncated, false},
		"version 6":          {set(0, 6<<4|5), BadVersion, false},
		"4 words of header":  {set(0, 4<<4|4), BadLength, false},
		"total below header": {set(3, 19), BadLength, false},
		"header past end":    {headerPastEnd, Truncated, true},
		"a flipped bit":      {func(b []byte) []byte { b[8] ^= 1; return b }, BadChecksum, true},
		"payload cut":        {func(b []byte) []byte { return b[:len(b)-2] }, Truncated, true},
	} {
		p, err := ParseIPv4(tc.change(packetOf("hello")))
		if err != tc.want || p.Src.IsValid() != tc.shown {
			t.Errorf("%s: %v, source %v", name, err, p.Src)
		}
	}
}

func TestACutPacketShowsWhatThereIs(t *testing.T) {
	p, err := ParseIPv4(packetOf("hello")[:23])
	if err != Truncated || string(p.Payload) != "hel" || p.Dst != addrB {
		t.Errorf("%v %+v", err, p)
	}
}

func TestFragmentOffsetsAreInOctets(t *testing.T) {
	p := IPv4{Src: addrA, Dst: addrB, MF: true, FragOff: 1480}
	b := p.Append(nil)
	if got := be16(b[6:]); got != ipv4MF|185 {
		t.Errorf("the field is %04x", got)
	}
	if got, _ := ParseIPv4(b); got.FragOff != 1480 || !got.Fragment() {
		t.Errorf("%+v", got)
	}
	if (&IPv4{DF: true}).Fragment() || !(&IPv4{FragOff: 8}).Fragment() {
		t.Error("a fragment has MF or an offset")
	}
}

func TestImpossiblePacketsAreBugs(t *testing.T) {
	for name, write := range map[string]func(){
		"65536 octets": func() { (&IPv4{Src: addrA, Dst: addrB}).AppendHeader(nil, 65516) },
		"offset of 4":  func() { (&IPv4{Src: addrA, Dst: addrB, FragOff: 4}).Append(nil) },
		"offset 65536": func() { (&IPv4{Src: addrA, Dst: addrB, FragOff: 65536}).Append(nil) },
		"datagram of 65536 octets": func() {
			(&UDP{Data: make([]byte, 65528)}).Append(nil, addrA, addrB)
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was written", name)
				}
			}()
			write()
		}()
	}
}

func TestTheHeaderAndTheSegmentMayBeWrittenInOneBuffer(t *testing.T) {
	ip := IPv4{Src: addrA, Dst: addrB, Proto: inet.TCP, TTL: 64}
	s := TCP{Flags: PSH | ACK, Opts: Options{HasTS: true}, Data: []byte("hello")}
	whole := s.Append(ip.AppendHeader(nil, s.HeaderLen()+len(s.Data)), addrA, addrB)
	ip.Payload = s.Append(nil, addrA, addrB)
	if !bytes.Equal(whole, ip.Append(nil)) {
		t.Errorf("% x", whole)
	}
}
