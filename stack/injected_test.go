package stack_test

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"labserver/stack"
	"labserver/stack/inet"
	"labserver/stack/seq"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// besieged is two hosts that talk, and a third without a stack that forges what it likes.
const besieged = `
host.add {"id":"R","forward":true}
host.add {"id":"A","addr":"10.0.0.2/24"}
host.add {"id":"B","addr":"10.0.1.2/24"}
host.add {"id":"X","addr":"10.0.2.2/24","bare":true}
nic.add {"host":"R","nic":"a","addr":"10.0.0.1/24"}
nic.add {"host":"R","nic":"b","addr":"10.0.1.1/24"}
nic.add {"host":"R","nic":"x","addr":"10.0.2.1/24"}
link.add {"a":{"host":"A"},"b":{"host":"R","nic":"a"},"delay_ns":2000000,"loss_ppm":20000,"reorder_ppm":20000}
link.add {"a":{"host":"B"},"b":{"host":"R","nic":"b"},"delay_ns":3000000,"rate_bps":10000000}
link.add {"a":{"host":"X"},"b":{"host":"R","nic":"x"}}
route.add {"host":"A","dst":"0.0.0.0/0","via":"10.0.0.1"}
route.add {"host":"B","dst":"0.0.0.0/0","via":"10.0.1.1"}
route.add {"host":"X","dst":"0.0.0.0/0","via":"10.0.2.1"}
proc.start {"host":"A","id":"pA"}
proc.start {"host":"B","id":"pB"}
socket {"proc":"pB","proto":"tcp"}
bind {"proc":"pB","fd":3,"port":80}
listen {"proc":"pB","fd":3,"backlog":2}
accept {"proc":"pB","fd":3}
socket {"proc":"pA","proto":"tcp"}
connect {"proc":"pA","fd":3,"addr":"10.0.1.2","port":80}
`

// besiegedCalls are what the programs do between forgeries.
const besiegedCalls = `
send {"proc":"pA","fd":3,"octets":40000}
send {"proc":"pB","fd":4,"octets":9000}
recv {"proc":"pA","fd":3,"max":3000}
recv {"proc":"pB","fd":4,"max":50000}
recv {"proc":"pB","fd":4,"max":10}
shutdown {"proc":"pA","fd":3,"how":"wr"}
shutdown {"proc":"pB","fd":4,"how":"wr"}
close {"proc":"pA","fd":3}
close {"proc":"pB","fd":4}
accept {"proc":"pB","fd":3}
setsockopt {"proc":"pA","fd":3,"option":"SO_KEEPALIVE","value":1}
setsockopt {"proc":"pA","fd":3,"option":"TCP_NODELAY","value":1}
socket {"proc":"pA","proto":"tcp"}
connect {"proc":"pA","fd":4,"addr":"10.0.1.2","port":80}
knob.set {"host":"A","knob":"tcp_challenge_ack","value":"0"}
knob.set {"host":"B","knob":"tcp_syncookies","value":"2"}
`

// siegeStride is how many octets of a fuzzed script make one act.
const siegeStride = 12

// FuzzConnection makes forged segments arrive at a whole connection at any time.
func FuzzConnection(f *testing.F) {
	f.Add([]byte("\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x20\x14\x00\x01\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x03\xff\x80\x00\x00\x01\x04\x00\x00\x00\x00\x00\x02\x40\x10\xff\x01\x01\x01\xff\x10\x05\x03\x00"))
	f.Fuzz(besiege)
}

func TestForgedSegmentsBreakNoConnection(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		script := rapid.SliceOfN(rapid.Byte(), 0, 40*siegeStride).Draw(rt, "script")
		besiege(t, script)
	})
}

// besiege plays a script and holds the world to laws 3, 5 and 6 after every act; TCP
// checks its own invariants after every event.
func besiege(t *testing.T, script []byte) {
	w, err := stack.New(stack.Config{Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines(besieged) {
		if strings.HasPrefix(line, "socket") && len(script)%2 == 0 {
			// Without timestamps more of what is forged passes for the peer's.
			w.Apply(parse(t, `knob.set {"host":"A","knob":"tcp_timestamps","value":"0"}`))
		}
		w.Apply(parse(t, line))
	}
	calls := lines(besiegedCalls)
	watch := newWatch()
	for i := 0; len(script) >= siegeStride && i < 60; i++ {
		s := script[:siegeStride]
		script = script[siegeStride:]
		w.Advance(w.Now() + sim.Time(s[1])*sim.Time(1<<(s[0]&31)))
		c := parse(t, calls[int(s[2])%len(calls)])
		if s[0]&0x80 == 0 {
			c = parse(t, inject(forge(w, s)))
		}
		if w.Check(c) == nil {
			w.Apply(c)
		}
		watch.holds(t, w)
	}
	w.Advance(w.Now() + 3600*1e9)
}

// inject is the command by which X sends a packet.
func inject(packet []byte) string {
	return fmt.Sprintf(`packet.inject {"host":"X","base64":%q}`,
		base64.StdEncoding.EncodeToString(packet))
}

// forge makes one forged segment: of a connection that stands, its numbers near the edges
// of the windows; or else out of nothing.
func forge(w *stack.World, s []byte) []byte {
	src, dst := "10.0.0.2", "10.0.1.2"
	seg := wire.TCP{SrcPort: 5000, DstPort: 80, Flags: wire.Flags(s[3]),
		Wnd: uint16(s[6]) << (s[7] & 7), Urg: uint16(s[8]), Data: make([]byte, int(s[9])*int(s[10]&3))}
	from, to := netip.MustParseAddr(src), netip.MustParseAddr(dst)
	if list := w.View().Connections; len(list) > 0 && s[11]&1 == 0 {
		c := list[int(s[11]>>4)%len(list)]
		from, to = c.Remote.Addr, c.Local.Addr
		seg.SrcPort, seg.DstPort = c.Remote.Port, c.Local.Port
		seg.Seq, seg.Ack = c.Rcv.NXT, c.Snd.NXT
		if s[11]&2 != 0 {
			seg.Seq = c.Rcv.NXT.Add(seq.Size(c.Rcv.WND))
		}
		if s[11]&4 != 0 {
			seg.Ack = c.Snd.UNA
		}
		if s[11]&8 != 0 {
			seg.Opts.NSACK = 1
			seg.Opts.SACK[0] = [2]seq.Num{c.Snd.UNA.Add(seq.Size(s[8]) * 100), c.Snd.NXT}
		}
	}
	seg.Seq += seq.Num(int32(int8(s[4])) * int32(s[5]))
	seg.Ack += seq.Num(int32(int8(s[5])))
	if s[7]&16 != 0 {
		seg.Opts.HasTS, seg.Opts.TSVal, seg.Opts.TSEcr = true, uint32(s[8])<<8, uint32(s[9])
	}
	seg.Opts.SACKOK = s[7]&32 != 0
	h := wire.IP{Src: from, Dst: to, Proto: inet.TCP, TTL: 60, TOS: s[10] >> 6,
		Payload: seg.Append(nil, from, to)}
	if s[7]&64 != 0 {
		h.Payload[16]++ // a wrong checksum
	}
	return h.Append(nil)
}
