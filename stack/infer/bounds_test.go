package infer_test

import (
	"testing"
	"time"

	"labserver/stack/pcapng"
	"labserver/stack/seq"
)

// TestACaptureMadeToBeSlowIsReadInGoodTime has what costs most: data that is never
// acknowledged and always sent again, resets without end, and packets that look alike at
// two interfaces.
func TestACaptureMadeToBeSlowIsReadInGoodTime(t *testing.T) {
	const packets = 20_000
	for name, make := range map[string]func(*tape){
		"never acknowledged": func(tp *tape) {
			for i := range packets {
				tp.tcp(ms, alice(), bob(), seg{flags: psh, seq: seq.Num(i * 7 % 9000), data: "seven.."})
			}
		},
		"resets": func(tp *tape) {
			tp.shake()
			for range packets {
				tp.tcp(ms, alice(), bob(), seg{flags: rst, seq: 101})
			}
			tp.tcp(ms, alice(), bob(), seg{flags: ack, seq: 101, ack: 901})
		},
		"alike": func(tp *tape) {
			tp.file.Interfaces = append(tp.file.Interfaces, pcapng.Interface{Link: pcapng.LinkEthernet})
			for i := range packets {
				tp.udp(0, alice(), bob(), "?")
				last := &tp.file.Packets[i]
				last.Data = tp.file.Packets[0].Data
				last.Interface = min(i, 1)
			}
		},
		"scan": func(tp *tape) {
			for i := range packets {
				tp.tcp(ms, side("10.0.0.1", uint16(i)), bob(), seg{flags: syn, seq: seq.Num(i)})
			}
		},
	} {
		tp := newTape()
		make(tp)
		start := time.Now()
		tp.run(t)
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: %d packets took %v", name, packets, took)
		} else {
			t.Logf("%s: %v", name, took)
		}
	}
}
