package stack_test

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// drawLink draws what a link may be beside its delay and its rates: a discipline of its
// queue, a way back of its own, rules.
func drawLink(t *rapid.T, link int) (op, args string) {
	pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	if rapid.IntRange(0, 2).Draw(t, "rules") == 0 {
		return drawTouch(t, "link.rules", link)
	}
	return "link.set", fmt.Sprintf(`{"link":"L%d",%s}`, link, pick("set",
		`"queue":"codel"`, `"queue":"codel","queue_ecn":true,"rate_bps":1000000`,
		`"queue":"codel","codel_target_ns":1000000,"codel_interval_ns":5000000,"rate_bps":500000`,
		`"queue":"red","rate_bps":1000000`, `"queue":"red","queue_ecn":true,"red_weight":1`,
		`"queue":"red","red_min":1,"red_max":3,"red_weight":2,"red_gentle":true,"rate_bps":500000`,
		`"queue":"droptail","queue_packets":3`, `"queue_packets":0`,
		`"jitter_ns":9000000,"jitter_reorders":true`, `"jitter_reorders":false`,
		`"b_to_a":{"delay_ns":70000000,"queue":"codel","rate_bps":300000}`,
		`"b_to_a":{"loss_ppm":200000,"jitter_ns":3000000,"queue":"red"}`, `"b_to_a":{}`,
		`"rules":[{"segment":"data","nth":2,"action":"drop"}],"up":true`))
}

// drawTouch draws a list of rules, an edit of a packet, or a forged segment.
func drawTouch(t *rapid.T, op string, link int) (string, string) {
	pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	switch op {
	case "link.rules":
		var rules []string
		for range rapid.IntRange(0, 3).Draw(t, "rules") {
			rules = append(rules, fmt.Sprintf(`{%s%s%s}`,
				pick("match", ``, `"proto":"tcp",`, `"proto":"udp",`, `"proto":"icmp",`, `"flags":"S",`,
					`"segment":"data",`, `"segment":"ack","dir":"b_to_a",`, `"dst_port":80,`,
					`"min_octets":600,`, `"without":"S",`, `"from_ns":10000000,"to_ns":900000000,`),
				pick("when", ``, `"nth":2,`, `"every":3,`, `"first":4,`, `"ppm":300000,`),
				pick("action", `"action":"drop"`, `"action":"pass"`, `"action":"delay","by_ns":30000000`,
					`"action":"delay","jitter_ns":9000000`, `"action":"duplicate"`, `"action":"corrupt"`,
					`"action":"corrupt","bit":300`, `"action":"reorder"`, `"action":"reorder","behind":3`,
					`"action":"mark","ecn":"ce"`)))
		}
		return op, fmt.Sprintf(`{"link":"L%d","rules":[%s]}`, link, strings.Join(rules, ","))
	case "segment.edit":
		return op, fmt.Sprintf(`{"pkt":%d,"set":{%s}%s}`, rapid.IntRange(50, 150).Draw(t, "pkt"),
			pick("set", `"seq":5`, `"ack":5,"wnd":0`, `"flags":"R"`, `"flags":"SA"`, `"flags":""`, `"ttl":1`,
				`"ttl":0`, `"df":false,"id":9`, `"ecn":"ce"`, `"sport":1,"dport":80`, `"mss":1`,
				`"wscale":14`, `"ts_val":4294967295`, `"payload":{"text":"?"}`,
				`"raw":{"offset":0,"text":"E"}`, `"raw":{"offset":8,"base64":"AAAA"}`,
				`"raw":{"offset":20,"base64":"////////"}`, `"urg":3,"flags":"UA"`),
			pick("checksum", ``, ``, `,"checksum":"keep"`))
	}
	return op, fmt.Sprintf(`{"host":"H%d",%s,"flags":%q}`, rapid.IntRange(0, 1).Draw(t, "at"),
		pick("as", `"conn":"c1"`, `"conn":"c2"`, `"conn":"c1","end":"self"`, `"conn":"c1","seq_by":100`,
			`"conn":"c2","seq_by":-1,"text":"forged"`, `"conn":"c3","octets":2000,"ack":1`,
			`"src":"10.0.0.2","dst":"10.0.1.2","sport":5000,"dport":80,"mss":100`,
			`"src":"fd00::2","dst":"fd00:1::2","sport":5000,"dport":80,"checksum":"bad"`),
		pick("flags", "S", "A", "R", "RA", "FA", "PA", "SA", "FSRPAU", ""))
}
