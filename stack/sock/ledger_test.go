package sock_test

import (
	"testing"

	"labserver/stack/event"
)

// The requirements of RFC 9293 Appendix B about the OPEN call that belong to no single
// test elsewhere. The ledger (stack/rfc) names these tests.

// RFC 9293 §3.9.1.1: "A TCP implementation that supports multiple concurrent connections
// MUST provide an OPEN call that will functionally allow an application to LISTEN on a
// port while a connection block with the same local port is in SYN-SENT or SYN-RECEIVED
// state (MUST-42)."
func TestAPortIsListenedOnWhileItConnects(t *testing.T) {
	d := newDesk(t)
	d.expect(`
		socket "proc":"a","proto":"tcp" => 3
		setsockopt "proc":"a","fd":3,"option":"SO_REUSEADDR","value":1 => 0
		bind "proc":"a","fd":3,"port":3001 => 0
		link.set "link":"L","up":false =>
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
		socket "proc":"a","proto":"tcp" => 4
		setsockopt "proc":"a","fd":4,"option":"SO_REUSEADDR","value":1 => 0
		bind "proc":"a","fd":4,"port":3001 => 0
		listen "proc":"a","fd":4 => 0
		link.set "link":"L","up":true =>
		socket "proc":"b","proto":"tcp" => 3
		bind "proc":"b","fd":3,"port":3002 => 0
		connect "proc":"b","fd":3,"addr":"10.0.0.1","port":3001 => blocked
		later 10 connect => 0
		accept "proc":"a","fd":4 => 5 10.0.0.2:3002`)
	states := map[string]int{}
	for _, c := range d.w.View().Connections {
		if c.Host == "A" {
			states[c.State.String()]++
		}
	}
	if states["SYN-SENT"] != 1 || states["ESTABLISHED"] != 1 {
		t.Errorf("A's connections: %v", states)
	}
}

// RFC 9293 §3.9.1.1: "The optional 'local IP address' parameter MUST be supported"
// (MUST-43); without it "the TCP implementation MUST ask the IP layer to select a local
// IP address before sending the (first) SYN (MUST-44)", and afterwards "use the same
// local address" (MUST-45).
func TestAConnectionKeepsTheLocalAddressItBeganWith(t *testing.T) {
	d := newDesk(t)
	d.expect(`
		nic.add "host":"A","addr":"10.0.7.1/24" =>
		nic.add "host":"B","addr":"10.0.7.2/24" =>
		link.add "a":{"host":"A","nic":"eth1"},"b":{"host":"B","nic":"eth1"} =>
		socket "proc":"b","proto":"tcp" => 3
		bind "proc":"b","fd":3,"port":80 => 0
		listen "proc":"b","fd":3 => 0
		socket "proc":"a","proto":"tcp" => 3
		connect "proc":"a","fd":3,"addr":"10.0.7.2","port":80 => blocked
		later 10 connect => 0
		socket "proc":"a","proto":"tcp" => 4
		bind "proc":"a","fd":4,"addr":"10.0.0.1","port":0 => 0
		connect "proc":"a","fd":4,"addr":"10.0.7.2","port":80 => blocked
		later 10 connect => 0
		send "proc":"a","fd":3,"text":"by the way IP chose" => 19
		send "proc":"a","fd":4,"text":"by the address of the program" => 29
		later 100 send =>`)
	carried := map[string]int{}
	for _, e := range d.w.Events().From(1) {
		if s, ok := e.Body.(event.SegmentSent); ok && e.Host == "A" {
			carried[s.Seg.Src.Addr.String()] += s.Seg.Len
		}
	}
	if len(carried) != 2 || carried["10.0.7.1"] != 19 || carried["10.0.0.1"] != 29 {
		t.Errorf("A's segments by source address: %v", carried)
	}
}
