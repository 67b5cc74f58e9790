package wire

import (
	"testing"

	"labserver/stack/inet"
	"labserver/stack/seq"
)

func TestMessagesHaveTheNamesPeopleUse(t *testing.T) {
	for name, m := range map[string]ICMP{
		"echo request":                {Type: 8},
		"echo reply":                  {Type: 0},
		"network unreachable":         {Type: 3, Code: 0},
		"host unreachable":            {Type: 3, Code: 1},
		"protocol unreachable":        {Type: 3, Code: 2},
		"port unreachable":            {Type: 3, Code: 3},
		"fragmentation needed":        {Type: 3, Code: 4},
		"source route failed":         {Type: 3, Code: 5},
		"administratively prohibited": {Type: 3, Code: 13},
		"destination unreachable":     {Type: 3, Code: 99},
		"time exceeded":               {Type: 11},
		"reassembly time exceeded":    {Type: 11, Code: 1},
		"icmp":                        {Type: 40},
	} {
		if m.Name() != name {
			t.Errorf("%d/%d is %q, want %q", m.Type, m.Code, m.Name(), name)
		}
	}
}

// RFC 1122 §3.2.2: "An ICMP error message MUST NOT be sent as the result of receiving
// an ICMP error message".
func TestErrorsAreToldFromQueries(t *testing.T) {
	for _, typ := range []uint8{3, 4, 5, 11, 12, 200} {
		if m := (ICMP{Type: typ}); !m.IsError() || m.IsEcho() {
			t.Errorf("type %d is no error", typ)
		}
	}
	for _, typ := range []uint8{0, 8, 13, 14, 17, 18} {
		if m := (ICMP{Type: typ}); m.IsError() {
			t.Errorf("type %d is an error", typ)
		}
	}
}

func TestEachDefectOfAMessageIsNamed(t *testing.T) {
	m := ICMP{Type: ICMPEcho, ID: 1, Seq: 2, Data: []byte("ping")}
	b := m.Append(nil)
	if _, err := ParseICMP(b[:7]); err != Truncated {
		t.Error(err)
	}
	b[9] ^= 0x10
	if got, err := ParseICMP(b); err != BadChecksum || got.Seq != 2 {
		t.Error(got, err)
	}
}

func TestAnErrorTellsWhoseSegmentDrewIt(t *testing.T) {
	s := TCP{SrcPort: 3001, DstPort: 8081, Seq: 4_000_000_000, Flags: SYN, Data: make([]byte, 2000)}
	ip := IPv4{Src: addrA, Dst: addrB, Proto: inet.TCP, TTL: 1}
	packet := s.Append(ip.AppendHeader(nil, s.HeaderLen()+len(s.Data)), addrA, addrB)
	want := Quoted{
		Proto: inet.TCP,
		Src:   inet.Endpoint{Addr: addrA, Port: 3001},
		Dst:   inet.Endpoint{Addr: addrB, Port: 8081},
		Seq:   seq.Num(4_000_000_000),
		Len:   2040,
	}
	quote := Quote(packet)
	if len(quote) != 548 { // 576 less an IP header and an ICMP header
		t.Errorf("%d octets are quoted", len(quote))
	}
	for _, cut := range []int{len(quote), IPv4HeaderLen + QuoteLen} {
		got, err := ParseQuoted(quote[:cut])
		if err != nil || got != want {
			t.Errorf("%d octets: %+v, %v", cut, got, err)
		}
	}
	packet[8] = 77 // a router changed the TTL and left the checksum
	if got, err := ParseQuoted(Quote(packet)); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAQuoteTooShortOrOfSomethingElseNamesNoPorts(t *testing.T) {
	u := UDP{SrcPort: 1, DstPort: 2}
	ip := IPv4{Src: addrA, Dst: addrB, Proto: inet.UDP, Payload: u.Append(nil, addrA, addrB)}
	whole := ip.Append(nil)
	if _, err := ParseQuoted(whole[:27]); err != Truncated {
		t.Error("7 octets of payload:", err)
	}
	if _, err := ParseQuoted(whole[:10]); err != Truncated {
		t.Error("half a header:", err)
	}
	if _, err := ParseQuoted(append([]byte{0x55}, whole[1:]...)); err != BadVersion {
		t.Error("not IPv4:", err)
	}
	if got, err := ParseQuoted(whole); err != nil || got.Dst.Port != 2 || got.Seq != 0 {
		t.Errorf("UDP: %+v, %v", got, err)
	}
	ip.FragOff = 8
	if got, err := ParseQuoted(ip.Append(nil)); err != nil || got.Dst.Port != 0 {
		t.Errorf("a later fragment has no ports: %+v, %v", got, err)
	}
}
