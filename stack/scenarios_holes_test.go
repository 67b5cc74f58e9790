package stack_test

import (
	"fmt"
	"testing"

	"labserver/stack/event"
	"labserver/stack/inet"
)

// homes is two hosts, each behind a router that translates.
const homes = `
host.add {"id":"R","forward":true}
host.add {"id":"Q","forward":true}
host.add {"id":"A","addr":"10.0.0.2/24"}
host.add {"id":"B","addr":"10.0.0.2/24"}
nic.add {"host":"R","nic":"in","addr":"10.0.0.1/24"}
nic.add {"host":"Q","nic":"in","addr":"10.0.0.1/24"}
nic.add {"host":"R","nic":"out","addr":"192.0.2.1/24"}
nic.add {"host":"Q","nic":"out","addr":"192.0.2.2/24"}
link.add {"id":"AR","a":{"host":"A"},"b":{"host":"R","nic":"in"},"delay_ns":1000000}
link.add {"id":"BQ","a":{"host":"B"},"b":{"host":"Q","nic":"in"},"delay_ns":1000000}
link.add {"id":"RQ","a":{"host":"R","nic":"out"},"b":{"host":"Q","nic":"out"},"delay_ns":1000000}
route.add {"host":"A","dst":"0.0.0.0/0","via":"10.0.0.1"}
route.add {"host":"B","dst":"0.0.0.0/0","via":"10.0.0.1"}
proc.start {"host":"A","id":"a"}
proc.start {"host":"B","id":"b"}
nat.set {"host":"R","nic":"out","kind":"masquerade","filtering":"address-and-port-dependent"}
nat.set {"host":"Q","nic":"out","kind":"masquerade","filtering":"address-and-port-dependent"}
`

// RFC 5382 REQ-2: "A NAT MUST support all valid sequences of TCP packets", simultaneous open
// among them; REQ-4: a SYN that comes too early is not refused. Both hosts even have the
// same address.
func TestTwoHostsBehindNATsOpenTowardsEachOther(t *testing.T) {
	for _, later := range []int{0, 20, 900} { // ms that B begins after A
		w := runScenario(t, homes, fmt.Sprintf(`
@0 socket {"proc":"a","proto":"tcp"}
@0 bind {"proc":"a","fd":3,"port":5000}
@0 connect {"proc":"a","fd":3,"addr":"192.0.2.2","port":6000}
@%d socket {"proc":"b","proto":"tcp"}
@%d bind {"proc":"b","fd":3,"port":6000}
@%d connect {"proc":"b","fd":3,"addr":"192.0.2.1","port":5000}
@3000 send {"proc":"a","fd":3,"text":"through"}
@3100 recv {"proc":"b","fd":3}
`, later, later, later))
		open, data := 0, ""
		for _, r := range told[event.CallReturned](w) {
			if r.Op == "connect" {
				open++
			}
			data += string(r.Data)
		}
		if open != 2 || data != "through" {
			t.Errorf("B after %d ms: %d open, %q; %+v", later, open, data, told[event.CallFailed](w))
		}
	}
}

// The same over UDP: the first datagram opens the sender's own door and is lost at the other.
func TestTwoHostsBehindNATsReachEachOtherByUDP(t *testing.T) {
	w := runScenario(t, homes, `
@0 socket {"proc":"a","proto":"udp"}
@0 bind {"proc":"a","fd":3,"port":5000}
@0 socket {"proc":"b","proto":"udp"}
@0 bind {"proc":"b","fd":3,"port":6000}
@0 sendto {"proc":"a","fd":3,"addr":"192.0.2.2","port":6000,"text":"lost"}
@100 sendto {"proc":"b","fd":3,"addr":"192.0.2.1","port":5000,"text":"heard"}
@200 sendto {"proc":"a","fd":3,"addr":"192.0.2.2","port":6000,"text":"heard, too"}
`)
	a, b := whoAsked(w, inet.HostID("A")), whoAsked(w, inet.HostID("B"))
	if fmt.Sprint(a, b) != "[192.0.2.2:6000] [192.0.2.1:5000]" {
		t.Errorf("A hears %v, B %v", a, b)
	}
}
