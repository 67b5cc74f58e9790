package inet

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"
)

func TestEndpointTextRoundTrips(t *testing.T) {
	for _, s := range []string{"", "77.77.77.77:3001", "0.0.0.0:80", "[2001:db8::1]:53"} {
		e, err := ParseEndpoint(s)
		if err != nil || e.String() != s {
			t.Errorf("%q: %q, %v", s, e, err)
		}
		b, _ := json.Marshal(e)
		var back Endpoint
		if err := json.Unmarshal(b, &back); err != nil || back != e {
			t.Errorf("%q through JSON: %v %v", s, back, err)
		}
	}
	for _, s := range []string{"77.77.77.77", "77.77.77.77:65536", ":80", "x:1"} {
		if _, err := ParseEndpoint(s); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
	if !(Endpoint{Port: 80}).Wildcard() || (Endpoint{Addr: netip.MustParseAddr("1.2.3.4")}).Wildcard() {
		t.Error("wildcard is an absent or unspecified address")
	}
}

func TestStateNamesRoundTrip(t *testing.T) {
	if len(TCPStates()) != 11 {
		t.Fatal("RFC 9293 has 11 states")
	}
	for s := Closed; s <= TimeWait; s++ {
		b, _ := s.MarshalText()
		var back TCPState
		if err := back.UnmarshalText(b); err != nil || back != s {
			t.Errorf("%s: %v %v", b, back, err)
		}
	}
	var s TCPState
	if s.UnmarshalText([]byte("OPEN")) == nil || TCPState(99).String() != "?" {
		t.Error("an unknown state must not pass")
	}
}

func TestTransmissionTime(t *testing.T) {
	if d := BitRate(1_000_000).Transmission(1250); d != 10*time.Millisecond {
		t.Error(d)
	}
	if BitRate(0).Transmission(1500) != 0 {
		t.Error("rate 0 is infinitely fast")
	}
}

func TestEachKindOfIDCountsFromOne(t *testing.T) {
	var ids IDs
	for range 2 {
		ids.NextHost()
		ids.NextCall()
	}
	got := []string{string(ids.NextHost()), string(ids.NextProc()), string(ids.NextLink()),
		string(ids.NextSocket()), string(ids.NextConn()), string(ids.NextCall()), string(ids.NextConn())}
	for i, want := range []string{"h3", "p1", "l1", "s1", "c1", "k3", "c2"} {
		if got[i] != want {
			t.Errorf("%s, want %s", got[i], want)
		}
	}
}

func TestProtocolsHaveTheNamesOfCommands(t *testing.T) {
	for p, want := range map[Protocol]string{ICMP: "icmp", TCP: "tcp", UDP: "udp", 132: "132"} {
		if p.String() != want {
			t.Errorf("%q, want %q", p, want)
		}
	}
}

func TestAnEndpointWithoutAddressIsAWildcard(t *testing.T) {
	if s := (Endpoint{Port: 80}).String(); s != "*:80" {
		t.Error(s)
	}
	var e Endpoint
	if err := e.UnmarshalText([]byte("nowhere")); err == nil || !e.IsZero() {
		t.Errorf("%v, %v", e, err)
	}
	f := Flow{Local: Endpoint{Port: 1}, Remote: Endpoint{Port: 2}}
	if r := f.Reverse(); r.Local != f.Remote || r.Remote != f.Local || r.Reverse() != f {
		t.Errorf("%+v", r)
	}
}

func TestTheErrorOfAnUnknownStateNamesIt(t *testing.T) {
	var s TCPState
	if err := s.UnmarshalText([]byte("OPEN")); err == nil || err.Error() != "unknown TCP state OPEN" {
		t.Error(err)
	}
	if Established.Synchronized() == SynReceived.Synchronized() || !TimeWait.Synchronized() {
		t.Error("synchronized begins with ESTABLISHED")
	}
}
