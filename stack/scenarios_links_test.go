package stack_test

import "strings"

// Scenarios of what links do beyond carrying packets: queue disciplines, rules, edits by
// hand, forged segments, links that go down and ways that change.

// bottlenecked is the pair with 3 Mbit/s behind the router, under a queue discipline.
func bottlenecked(discipline, more string) string {
	return pair + `link.set {"link":"RB","rate_bps":3000000,"queue":"` + discipline + `"` + more + `}`
}

// speakingECN is pair's acts to a connection whose ends use ECN.
const speakingECN = `
@0 knob.set {"host":"A","knob":"tcp_ecn","value":"1"}
@0 knob.set {"host":"B","knob":"tcp_ecn","value":"1"}
` + opened

// bulkRead sends 150 KB from the client and reads it at the server.
const bulkRead = `
@200 send {"proc":"client","fd":3,"octets":150000}
@300 recv {"proc":"server","fd":4,"max":1000000}
@600 recv {"proc":"server","fd":4,"max":1000000}
@1000 recv {"proc":"server","fd":4,"max":1000000}
@1600 recv {"proc":"server","fd":4,"max":1000000}
`

// diamond is two hosts and two routers between which there are two ways: a slow one of
// 30 ms, and a fast one whose MTU is 1000.
const diamond = `
host.add {"id":"A","addr":"10.0.1.2/24"}
host.add {"id":"P","forward":true}
host.add {"id":"Q","forward":true}
host.add {"id":"B","addr":"10.0.2.2/24"}
nic.add {"host":"P","nic":"a","addr":"10.0.1.1/24"}
nic.add {"host":"P","nic":"slow","addr":"10.1.0.1/24"}
nic.add {"host":"P","nic":"fast","addr":"10.2.0.1/24","mtu":1000}
nic.add {"host":"Q","nic":"slow","addr":"10.1.0.2/24"}
nic.add {"host":"Q","nic":"fast","addr":"10.2.0.2/24","mtu":1000}
nic.add {"host":"Q","nic":"b","addr":"10.0.2.1/24"}
link.add {"id":"AP","a":{"host":"A"},"b":{"host":"P","nic":"a"},"delay_ns":1000000}
link.add {"id":"slow","a":{"host":"P","nic":"slow"},"b":{"host":"Q","nic":"slow"},"delay_ns":30000000}
link.add {"id":"fast","a":{"host":"P","nic":"fast"},"b":{"host":"Q","nic":"fast"},"delay_ns":2000000}
link.add {"id":"QB","a":{"host":"Q","nic":"b"},"b":{"host":"B"},"delay_ns":1000000,"rate_bps":20000000}
route.add {"host":"A","dst":"0.0.0.0/0","via":"10.0.1.1"}
route.add {"host":"B","dst":"0.0.0.0/0","via":"10.0.2.1"}
route.add {"host":"P","dst":"10.0.2.0/24","via":"10.1.0.2"}
route.add {"host":"Q","dst":"10.0.1.0/24","via":"10.1.0.1"}
proc.start {"host":"A","id":"client"}
proc.start {"host":"B","id":"server"}
`

func linkScenarios() []scenario {
	return []scenario{
		{"codel-drops", 41, bottlenecked("codel", ""), opened + bulkRead, 3e9},
		{"codel-marks", 42, bottlenecked("codel", `,"queue_ecn":true`), speakingECN + bulkRead, 3e9},
		{"red", 43, bottlenecked("red", `,"queue_ecn":true,"red_weight":3`), speakingECN + bulkRead +
			`
@2000 knob.set {"host":"A","knob":"tcp_ecn","value":"0"}
@2000 link.set {"link":"RB","red_min":1,"red_max":4,"red_gentle":true}
@2000 socket {"proc":"client","proto":"udp"}
@2000 sendto {"proc":"client","fd":4,"addr":"10.0.2.2","port":9,"octets":1400}
` + strings.Repeat(`@2000 sendto {"proc":"client","fd":4,"addr":"10.0.2.2","port":9,"octets":1400}
`, 30) + `
@2100 link.set {"link":"RB","queue":"droptail","queue_packets":4}
` + strings.Repeat(`@2100 sendto {"proc":"client","fd":4,"addr":"10.0.2.2","port":9,"octets":1400}
`, 8), 3e9},
		linkRulesScenario(), editedScenario(),
		{"another-way", 46, diamond, opened + `
@0 knob.set {"host":"P","knob":"ip_ignore_routes_with_linkdown","value":"1"}
@0 knob.set {"host":"A","knob":"ip_ignore_routes_with_linkdown","value":"1"}
@200 send {"proc":"client","fd":3,"octets":150000}
@260 recv {"proc":"server","fd":4,"max":1000000}
@265 route.add {"host":"P","dst":"10.0.2.2/32","via":"10.2.0.2","mtu":1000}
@500 recv {"proc":"server","fd":4,"max":1000000}
@600 recv {"proc":"server","fd":4,"max":1000000}
@1000 link.set {"link":"fast","up":false}
@1000 link.set {"link":"slow","up":false}
@1010 send {"proc":"client","fd":3,"octets":3000}
@1500 link.set {"link":"slow","up":true}
@3000 recv {"proc":"server","fd":4,"max":1000000}
@3100 link.set {"link":"AP","up":false}
@3100 socket {"proc":"client","proto":"tcp"}
@3100 connect {"proc":"client","fd":4,"addr":"10.0.2.2","port":80}
@3200 link.set {"link":"AP","up":true,"b_to_a":{"delay_ns":9000000}}
@3200 connect {"proc":"client","fd":4,"addr":"10.0.2.2","port":80}
`, 3e9},
	}
}

// linkRulesScenario has one rule of each action, some by count, some by chance and time.
func linkRulesScenario() scenario {
	return scenario{"link-rules", 44, pair, opened + `
@100 link.rules {"link":"RB","rules":[{"flags":"S","action":"pass"},` +
		`{"dir":"a_to_b","segment":"data","nth":3,"action":"drop"},` +
		`{"dir":"a_to_b","segment":"data","nth":5,"action":"reorder","behind":2},` +
		`{"dir":"a_to_b","segment":"data","nth":9,"action":"duplicate"},` +
		`{"dir":"a_to_b","segment":"data","nth":12,"action":"corrupt","bit":400},` +
		`{"dir":"b_to_a","segment":"ack","every":4,"action":"delay","by_ns":7000000},` +
		`{"proto":"tcp","ppm":100000,"action":"mark","ecn":"ect0"}]}
@200 send {"proc":"client","fd":3,"octets":60000}
@400 recv {"proc":"server","fd":4,"max":1000000}
@900 recv {"proc":"server","fd":4,"max":1000000}
@1500 link.set {"link":"RB","rules":[{"proto":"udp","from_ns":1600000000,"to_ns":1700000000,"action":"drop"}]}
@1500 socket {"proc":"client","proto":"udp"}
@1550 sendto {"proc":"client","fd":4,"addr":"10.0.2.2","port":9,"text":"early"}
@1650 sendto {"proc":"client","fd":4,"addr":"10.0.2.2","port":9,"text":"in time to be lost"}
@1750 sendto {"proc":"client","fd":4,"addr":"10.0.2.2","port":9,"text":"late"}
@1800 link.rules {"link":"RB","rules":[]}
@1900 close {"proc":"client","fd":3}
`, 2e9}
}

// editedScenario edits a SYN and data on their way, and ends the connection by a forgery.
func editedScenario() scenario {
	return scenario{"edited-and-forged", 45, pair, opened + `
@5 segment.edit {"pkt":43,"set":{"mss":500,"ttl":33,"tos":8}}
@100 send {"proc":"client","fd":3,"text":"attack at dawn"}
@105 recv {"proc":"server","fd":4}
@300 segment.inject {"host":"R","conn":"c1","flags":"R","seq_by":2000}
@400 segment.inject {"host":"R","conn":"c1","flags":"R"}
@500 packet.inject {"host":"R","base64":"RQAAHAABAABAAWTdCgABAgoAAgIIAPf8AAEAAg=="}
`, 2e9}
}
