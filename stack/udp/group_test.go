package udp

import (
	"net/netip"
	"testing"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/wire"
)

func TestADatagramForManyIsForEverySocketThatMeansIt(t *testing.T) {
	ep := func(s string) inet.Endpoint {
		e, err := inet.ParseEndpoint(s)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	group := netip.MustParseAddr("239.1.1.1")
	member := []Membership{{group, "eth0"}}
	var l Layer
	for _, s := range []*Socket{
		{ID: "wild", Local: ep("0.0.0.0:9")}, {ID: "member", Local: ep("0.0.0.0:9"), Groups: member},
		{ID: "dual", Local: ep("[::]:9"), Dual: true, Groups: member},
		{ID: "six", Local: ep("[::]:9"), Groups: member}, {ID: "host", Local: ep("10.0.0.1:9"), Groups: member},
		{ID: "group", Local: ep("239.1.1.1:9"), Groups: member}, {ID: "port", Local: ep("0.0.0.0:8"), Groups: member},
		{ID: "mine", Local: ep("0.0.0.0:9"), Remote: ep("10.0.0.2:5"), Groups: member},
		{ID: "theirs", Local: ep("0.0.0.0:9"), Remote: ep("10.0.0.3:5"), Groups: member},
		{ID: "elsewhere", Local: ep("0.0.0.0:9"), Groups: []Membership{{group, "eth1"}}},
	} {
		s.RcvBuf = 1000
		l.Add(s)
	}
	for dst, want := range map[string]string{"239.1.1.1": "member dual group mine ",
		"255.255.255.255": "wild member dual mine elsewhere "} {
		var log event.Log
		u := wire.UDP{SrcPort: 5, DstPort: 9, Data: []byte("x")}
		got := ""
		for _, g := range l.ReceiveGroup(netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr(dst), "eth0", 1,
			&u, event.Scope{Log: &log}) {
			got += string(g.Socket.ID) + " "
		}
		if got != want {
			t.Errorf("%s: %q, want %q", dst, got, want)
		}
	}
}
