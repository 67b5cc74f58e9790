package wire

import (
	"testing"

	"labserver/stack/inet"
)

// fullSegment is what a bulk transfer sends: an MSS of data with timestamps.
func fullSegment() (IPv4, TCP) {
	return IPv4{Src: addrA, Dst: addrB, Proto: inet.TCP, TTL: 64, DF: true},
		TCP{SrcPort: 3001, DstPort: 8081, Flags: ACK | PSH, Wnd: 502,
			Opts: Options{HasTS: true, TSVal: 1, TSEcr: 2}, Data: make([]byte, 1448)}
}

func TestTheHotPathAllocatesNothing(t *testing.T) {
	ip, s := fullSegment()
	s.Opts.NSACK = 3
	u := UDP{Data: make([]byte, 100)}
	buf := make([]byte, 0, 2048)
	for name, run := range map[string]func(){
		"TCP": func() {
			b := s.Append(ip.AppendHeader(buf, s.HeaderLen()+len(s.Data)), addrA, addrB)
			DecrementTTL(b)
			p, err := ParseIPv4(b)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ParseTCP(p.Src, p.Dst, p.Payload); err != nil {
				t.Fatal(err)
			}
		},
		"UDP": func() {
			if _, err := ParseUDP(addrA, addrB, u.Append(buf, addrA, addrB)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkAppendSegment(b *testing.B) {
	ip, s := fullSegment()
	buf := make([]byte, 0, 2048)
	b.SetBytes(1500)
	b.ReportAllocs()
	for b.Loop() {
		s.Append(ip.AppendHeader(buf, s.HeaderLen()+len(s.Data)), addrA, addrB)
	}
}

func BenchmarkParseSegment(b *testing.B) {
	ip, s := fullSegment()
	packet := s.Append(ip.AppendHeader(nil, s.HeaderLen()+len(s.Data)), addrA, addrB)
	b.SetBytes(1500)
	b.ReportAllocs()
	for b.Loop() {
		p, _ := ParseIPv4(packet)
		if _, err := ParseTCP(p.Src, p.Dst, p.Payload); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseAcknowledgement(b *testing.B) {
	_, s := fullSegment()
	s.Data, s.Opts.NSACK = nil, 3
	segment := s.Append(nil, addrA, addrB)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseTCP(addrA, addrB, segment); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecrementTTL(b *testing.B) {
	packet := packetOf("hello")
	for b.Loop() {
		packet[8] = 64
		DecrementTTL(packet)
	}
}

func BenchmarkDissect(b *testing.B) {
	_, s := fullSegment()
	frame := frameOf(inet.TCP, s.Append(nil, addrA, addrB))
	b.ReportAllocs()
	for b.Loop() {
		Dissect(frame)
	}
}
