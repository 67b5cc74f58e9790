package stack_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// stage is a world in the middle of something, for what hands do to it.
type stage struct {
	t *testing.T
	w *stack.World
}

// opening is the pair with the client's SYN on its first link.
func opening(t *testing.T) *stage {
	s := &stage{t, lab(t)}
	for _, line := range lines(opened) {
		s.do(strings.TrimPrefix(line, "@0 "))
	}
	return s
}

func (s *stage) do(line string) {
	s.t.Helper()
	if err := s.try(line); err != nil {
		s.t.Fatalf("%s: %v", line, err)
	}
}

func (s *stage) try(line string) error {
	op, args, _ := strings.Cut(line, " ")
	c, err := stack.ParseCommand(op, "", json.RawMessage(args))
	if err == nil {
		err = s.w.Check(c)
	}
	if err == nil {
		s.w.Apply(c)
	}
	return err
}

// flying returns the only packet under way.
func (s *stage) flying() inet.PacketID {
	s.t.Helper()
	p := s.w.View().Packets
	if len(p) != 1 {
		s.t.Fatalf("%d packets under way", len(p))
	}
	return p[0].Pkt
}

func (s *stage) count(kind event.Kind, rule rfc.ID) (n int) {
	for _, e := range s.w.Events().From(1) {
		if e.Kind() == kind && (rule == "" || e.Rule == rule) {
			n++
		}
	}
	return n
}

func (s *stage) edit(set string) {
	s.t.Helper()
	s.do(fmt.Sprintf(`segment.edit {"pkt":%d,"set":%s}`, s.flying(), set))
}

func TestAnEditedSynIsReadAsItSays(t *testing.T) {
	s := opening(t)
	s.edit(`{"mss":700,"wscale":2,"seq":4294967295,"wnd":1000,"ttl":9,"tos":184,"sport":3333}`)
	s.w.Advance(25e6)
	got := false
	for _, e := range s.w.Events().From(1) {
		if r, ok := e.Body.(event.SegmentReceived); ok && e.Host == "B" {
			got = true
			if g := r.Seg; g.Opts.MSS != 700 || *g.Opts.WScale != 2 || g.Seq != 1<<32-1 ||
				g.Wnd != 1000 || g.Src.Port != 3333 {
				t.Errorf("%+v", g)
			}
		}
	}
	if !got || s.count("packet.edited", rfc.Edited) != 7 {
		t.Errorf("received: %v, %d edits told", got, s.count("packet.edited", rfc.Edited))
	}
	// RFC 9293 §3.5.2 and figure 8: the client refuses an acknowledgment of what it never sent.
	s.w.Advance(60e6)
	if s.count("packet.dropped", rfc.TCPChecksum) != 0 {
		t.Error("a checksum was not mended")
	}
}

func TestAnEditThatKeepsTheChecksumIsFoundOut(t *testing.T) {
	s := opening(t)
	s.do(fmt.Sprintf(`segment.edit {"pkt":%d,"set":{"wnd":1},"checksum":"keep"}`, s.flying()))
	s.w.Advance(25e6)
	if s.count("packet.dropped", rfc.TCPChecksum) != 1 {
		t.Error("TCP took a segment whose checksum was not mended")
	}
	s = opening(t)
	s.do(fmt.Sprintf(`segment.edit {"pkt":%d,"set":{"ttl":63},"checksum":"keep"}`, s.flying()))
	s.w.Advance(25e6)
	if s.count("packet.dropped", rfc.BadIPHeader) != 1 {
		t.Error("IP took a packet whose checksum was not mended")
	}
}

func TestPayloadAndRawOctetsAreWritten(t *testing.T) {
	s := opening(t)
	s.w.Advance(100e6)
	s.do(`send {"proc":"client","fd":3,"text":"attack at dawn"}`)
	s.do(`recv {"proc":"server","fd":4}`)
	s.edit(`{"payload":{"offset":10,"text":"noon"}}`)
	s.w.Advance(125e6)
	for _, e := range s.w.Events().From(1) {
		if r, ok := e.Body.(event.CallReturned); ok && r.Op == "recv" {
			if string(r.Data) != "attack at noon" {
				t.Errorf("read %q", r.Data)
			}
			return
		}
	}
	t.Error("nothing was read")
}

func TestFlagsAreSeenOnTheWay(t *testing.T) {
	s := opening(t)
	s.edit(`{"flags":"R","raw":{"offset":8,"base64":"BQ=="}}`)
	if p := s.w.View().Packets[0]; p.Label != "R" {
		t.Errorf("%+v", p)
	}
	newWatch().holds(t, s.w)
}

// An edit names the field that is not there, and the range that a value leaves.
func TestAnEditThatCannotBeIsRefusedByName(t *testing.T) {
	s := opening(t)
	pkt := s.flying()
	for set, want := range map[string]string{
		`{"mss":65536}`:                           "out_of_range in field set.mss: 65536 (limit 0..65535)",
		`{"seq":-1}`:                              "out_of_range in field set.seq: -1 (limit 0..4294967295)",
		`{"flags":"SX"}`:                          "out_of_range in field set.flags: SX (limit letters of FSRPAUEW)",
		`{"ecn":"maybe"}`:                         "out_of_range in field set.ecn: maybe (limit not, ect0, ect1, ce)",
		`{"type":3}`:                              "no_such_field in field set.type: type",
		`{"payload":{"text":"x"}}`:                "out_of_range in field set.payload.offset: 0 (limit 0..-1)",
		`{"raw":{"offset":60,"base64":"AAA="}}`:   "out_of_range in field set.raw.offset: 60 (limit 0..58)",
		`{"raw":{"offset":0}}`:                    "exactly_one in field set.raw.text, base64",
		`{"raw":{"offset":0,"text":"a","bit":1}}`: "unknown_field in field set.raw.bit",
		`{}`:                               "missing in field set",
		`{"color":1}`:                      "unknown_field in field set.color",
		`{"raw":{"offset":-1,"text":"a"}}`: "out_of_range in field set.raw.offset: -1 (limit 0..65535)",
		`{"raw":{"offset":0,"text":"","base64":""}}`: "exactly_one in field set.raw.text, base64",
	} {
		err := s.try(fmt.Sprintf(`segment.edit {"pkt":%d,"set":%s}`, pkt, set))
		var arg *stack.ArgError
		if !errors.As(err, &arg) || err.Error() != want {
			t.Errorf("%s: %v, want %s", set, err, want)
		}
	}
	if err := s.try(`segment.edit {"pkt":1,"set":{"ttl":1}}`); err == nil {
		t.Error("a packet that is not there was edited")
	}
}

// A forged RST with the number that is expected next ends a connection (RFC 9293 §3.10.7.4,
// first check; RFC 5961 §3.2); one a little off draws a challenge, one far off nothing.
func TestAForgedResetNeedsTheRightNumber(t *testing.T) {
	for by, want := range map[int]string{0: "reset", 1000: "challenge", -5000: "nothing"} {
		s := opening(t)
		s.w.Advance(100e6)
		conn := ""
		for _, c := range s.w.View().Connections {
			if c.Host == "A" {
				conn = string(c.ID)
			}
		}
		s.do(fmt.Sprintf(`segment.inject {"host":"B","conn":%q,"flags":"R","seq_by":%d}`, conn, by))
		before := s.count("segment.sent", "")
		s.w.Advance(130e6)
		got := "nothing"
		switch left := s.w.View().Connections; {
		case len(left) == 1 && left[0].Host == "B":
			got = "reset"
		case s.count("segment.sent", "") > before:
			got = "challenge"
		}
		if got != want || s.count("segment.sent", rfc.Forged) != 1 {
			t.Errorf("an RST %d off: %s, want %s", by, got, want)
		}
	}
}

// What is written by hand is what arrives, options and all; a third host may send it.
func TestAForgedSegmentIsAsWritten(t *testing.T) {
	s := opening(t)
	s.w.Advance(100e6)
	s.do(`segment.inject {"host":"R","src":"10.0.1.77","dst":"10.0.2.2","sport":9,"dport":80,` +
		`"flags":"S","seq":7,"wnd":99,"mss":1000,"wscale":3,"sack_ok":true,"ts_val":5,"ttl":3,"text":"early"}`)
	s.w.Advance(115e6)
	for _, e := range s.w.Events().From(1) {
		if r, ok := e.Body.(event.SegmentReceived); ok && r.Seg.Src.Port == 9 {
			g := r.Seg
			if e.Host != "B" || g.Flags != "S" || g.Seq != 7 || g.Wnd != 99 || g.Opts.MSS != 1000 ||
				*g.Opts.WScale != 3 || !g.Opts.SACKOK || g.Opts.TSVal != 5 || g.Len != 5 ||
				g.Src.Addr != netip.MustParseAddr("10.0.1.77") {
				t.Errorf("%+v", e)
			}
			return
		}
	}
	t.Error("it did not arrive")
}

func TestAForgeryThatCannotBeIsRefusedByName(t *testing.T) {
	s := opening(t)
	full := `"src":"10.0.1.2","dst":"10.0.2.2","sport":1,"dport":2`
	for args, want := range map[string]string{
		`"flags":"S"`:                              "missing in field src",
		`"src":"10.0.1.2","flags":"S"`:             "missing in field dst",
		`"conn":"c99","flags":"S"`:                 "unknown_conn in field conn: c99",
		full + `,"flags":"Q"`:                      "out_of_range in field flags: Q (limit letters of FSRPAUEW)",
		full + `,"flags":"S","seq":4294967296`:     "out_of_range in field seq: 4294967296 (limit 0..4294967295)",
		full + `,"flags":"S","octets":1461`:        "out_of_range in field base64: 1501 (limit 1..1500)",
		full + `,"flags":"S","end":"both"`:         "out_of_range in field end: both (limit peer, self)",
		full + `,"flags":"A","text":"","octets":1`: "exactly_one in field text, base64, octets: 2",
	} {
		if err := s.try(`segment.inject {"host":"A",` + args + `}`); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", args, err, want)
		}
	}
}

// A spoilt checksum is noticed; over IPv6 as well.
func TestABadChecksumIsSentAsAsked(t *testing.T) {
	s := &stage{t, lab(t)}
	s.do(`segment.inject {"host":"A","src":"10.0.1.2","dst":"10.0.2.2","sport":1,"dport":2,"flags":"A",` +
		`"ack":1,"checksum":"bad"}`)
	s.w.Advance(25e6)
	if s.count("packet.dropped", rfc.TCPChecksum) != 1 {
		t.Error("it was taken")
	}
}

// A host with a stack may send any packet past it: here an echo in another's name.
func TestAnyHostMayInjectAPacket(t *testing.T) {
	s := &stage{t, lab(t)}
	h := wire.IP{Src: netip.MustParseAddr("10.0.1.2"), Dst: netip.MustParseAddr("10.0.2.2"),
		Proto: inet.ICMP, TTL: 64, Payload: []byte{8, 0, 0xf7, 0xfc, 0, 1, 0, 2}}
	s.do(fmt.Sprintf(`packet.inject {"host":"R","base64":%q}`,
		base64.StdEncoding.EncodeToString(h.Append(nil))))
	s.w.Advance(50e6)
	if s.count("icmp.sent", rfc.Forged) != 1 || s.count("icmp.received", "") != 2 {
		t.Errorf("%d echoes and answers arrived", s.count("icmp.received", ""))
	}
}
