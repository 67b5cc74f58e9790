package tun_test

import (
	"fmt"
	"testing"
)

// Wires that are worse than any that people use, and hosts that do without what helps there:
// it takes longer, and nothing else is different.
func TestBulkDataSurvivesHardWiresAndPoorHosts(t *testing.T) {
	const volume = 512 << 10
	if testing.Short() {
		t.Skip("hard wires take their time; the plain run has them")
	}
	hard := `"delay_ns":1000000,"loss_ppm":30000,"dup_ppm":50000,"reorder_ppm":100000`
	for _, c := range []struct{ name, link, knob, value string }{
		{"everything", hard, "", ""},
		{"without SACK", hard, "tcp_sack", "0"},
		{"without timestamps", hard, "tcp_timestamps", "0"},
		{"Reno", hard, "tcp_congestion_control", "reno"},
		{"small buffer", hard, "tcp_rcvbuf_max_bytes", "20000"},
		{"jitter", `"delay_ns":1000000,"jitter_ns":3000000,"loss_ppm":10000`, "", ""},
		{"narrow with a short queue", `"delay_ns":1000000,"rate_bps":50000000,"queue_octets":20000`,
			"", ""},
		{"narrow with ECN", `"delay_ns":1000000,"rate_bps":50000000`, "tcp_ecn", "1"},
	} {
		for i, v := range versions() {
			t.Run(c.name+"/"+v.name, func(t *testing.T) {
				var more []string
				if c.knob != "" {
					more = append(more, fmt.Sprintf(`knob.set {"host":"B","knob":%q,"value":%q}`,
						c.knob, c.value))
				}
				r := newRig(t, c.link, more...)
				conn, o := r.connect(v, i == 0, newTalk(volume, volume, 7, 8))
				if err := talkKernel(conn, newTalk(volume, volume, 8, 7)); err != nil {
					t.Error(err)
				}
				if err := <-o.over; err != nil {
					t.Error(err)
				}
			})
		}
	}
}
