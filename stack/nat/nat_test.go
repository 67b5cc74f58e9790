package nat

import (
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// busy is a router that uses some ports itself.
type busy map[uint16]bool

func (b busy) PortTaken(_ inet.Protocol, port uint16) bool { return b[port] }

func small(low, high uint16) (*Table, event.Scope) {
	p := Defaults()
	p.Kind, p.PortLow, p.PortHigh = Masquerade, low, high
	log := &event.Log{}
	root := event.Scope{Log: log}.Emit(rfc.ByStart, event.WorldStarted{})
	return New("out", endpoint("192.0.2.1", 0).Addr, p, 1), event.Scope{Log: log, By: root}
}

// RFC 4787 REQ-3, REQ-4: no port serves two, and parity is kept while it can be.
func TestPortsAreKeptOrChosenWithTheirParity(t *testing.T) {
	table, fx := small(2000, 2005)
	taken := busy{2003: true}
	var got []uint16
	for i := range 7 {
		f := Flow{Proto: inet.UDP, Src: endpoint("10.0.0.1", uint16(2001+100*i)), Dst: endpoint("9.9.9.9", 9)}
		if i == 0 {
			f.Src.Port = 2004
		}
		m, _ := table.Map(&f, taken, fx)
		if m == nil {
			got = append(got, 0)
			continue
		}
		table.Pass(m, &f, f.Dst, true, fx)
		got = append(got, m.Outside.Port)
	}
	want := []uint16{2004, 2001, 2005, 2000, 2002, 0, 0}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%v, want %v", got, want)
		}
	}
}

func TestAMappingIsFoundAgainFromBothSides(t *testing.T) {
	table, fx := small(1024, 65535)
	f := Flow{Proto: inet.TCP, Src: endpoint("10.0.0.1", 5000), Dst: endpoint("9.9.9.9", 80)}
	m, by := table.Map(&f, busy{}, fx)
	if m == nil || by == 0 || table.Outside(inet.TCP, 5000) != m || table.Outside(inet.UDP, 5000) != nil {
		t.Fatalf("%+v", m)
	}
	if again, by := table.Map(&f, busy{}, fx); again != m || by != 0 {
		t.Errorf("%+v, event %d", again, by)
	}
	table.Clear(fx)
	if table.Outside(inet.TCP, 5000) != nil || len(table.Mappings()) != 0 {
		t.Error("it is still there")
	}
}

// RFC 5382 §5: SYN, FIN and RST move a connection between the two timers.
func TestAConnectionIsEstablishedAndClosesByItsFlags(t *testing.T) {
	const syn, ack, fin, rst = flagSYN, 16, flagFIN, flagRST
	for _, c := range []struct {
		name string
		way  []bool // out
		flag []uint8
		want string
	}{
		{"a SYN alone", []bool{true}, []uint8{syn}, Transitory},
		{"a SYN answered", []bool{true, false}, []uint8{syn, syn | ack}, Transitory},
		{"a handshake", []bool{true, false, true}, []uint8{syn, syn | ack, ack}, Established},
		{"opened at the same time", []bool{true, false, true}, []uint8{syn, syn, ack}, Established},
		{"half closed", []bool{true, false, true, true}, []uint8{syn, syn | ack, ack, fin | ack}, Established},
		{"closed", []bool{true, false, true, true, false}, []uint8{syn, syn | ack, ack, fin | ack, fin | ack},
			Transitory},
		{"reset", []bool{true, false, true, false}, []uint8{syn, syn | ack, ack, rst}, Transitory},
		{"joined in the middle", []bool{true, false}, []uint8{ack, ack}, Established},
		{"opened again", []bool{true, false, true, true, false, true, false, true},
			[]uint8{syn, syn | ack, ack, fin | ack, fin | ack, syn, syn | ack, ack}, Established},
	} {
		table, fx := small(1024, 65535)
		f := Flow{Proto: inet.TCP, Src: endpoint("10.0.0.1", 5000), Dst: endpoint("9.9.9.9", 80)}
		m, _ := table.Map(&f, busy{}, fx)
		for i := range c.way {
			f.Flags = c.flag[i]
			table.Pass(m, &f, f.Dst, c.way[i], fx)
		}
		if m.State != c.want {
			t.Errorf("%s: %s", c.name, m.State)
		}
	}
}

// An alarm rings once for many packets, and mappings go when their own time is up.
func TestAnAlarmIsOnlyMovedForward(t *testing.T) {
	table, fx := small(1024, 65535)
	f := Flow{Proto: inet.UDP, Src: endpoint("10.0.0.1", 5000), Dst: endpoint("9.9.9.9", 80)}
	m, _ := table.Map(&f, busy{}, fx)
	table.Pass(m, &f, f.Dst, true, fx)
	if at, change := table.Rush(m); !change || at != sim.Time(5*time.Minute) {
		t.Fatalf("%v %v", at, change)
	}
	fx.Now = sim.Time(time.Minute)
	table.Pass(m, &f, f.Dst, true, fx)
	if _, change := table.Rush(m); change {
		t.Error("a packet moved the alarm")
	}
	fx.Now = sim.Time(5 * time.Minute)
	table.Expire(fx)
	at, change := table.Next()
	if len(table.Mappings()) != 1 || !change || at != sim.Time(6*time.Minute) {
		t.Fatalf("%v %v", at, change)
	}
	fx.Now = at
	if table.Expire(fx); len(table.Mappings()) != 0 {
		t.Error("it outlived its time")
	}
	if _, change := table.Next(); change {
		t.Error("an alarm for nothing")
	}
}

func TestAFilterForgetsWhoWasQuietForLongest(t *testing.T) {
	table, fx := small(1024, 65535)
	table.Params.Filtering = PortDependent
	f := Flow{Proto: inet.UDP, Src: endpoint("10.0.0.1", 5000)}
	for i := range maxPeers + 1 {
		f.Dst = endpoint("9.9.9.9", uint16(1000+i))
		m, _ := table.Map(&f, busy{}, fx)
		fx.Now++
		table.Pass(m, &f, f.Dst, true, fx)
	}
	m := table.Outside(inet.UDP, 5000)
	if table.Admits(m, endpoint("9.9.9.9", 1000), fx.Now) || !table.Admits(m, endpoint("9.9.9.9", 1001), fx.Now) {
		t.Errorf("%d peers", len(m.peers))
	}
	fx.Now += sim.Time(5 * time.Minute)
	if table.Admits(m, endpoint("9.9.9.9", 1001), fx.Now) {
		t.Error("a permission has no end")
	}
}

func TestAForwardedPortTakesThePlaceOfAMapping(t *testing.T) {
	table, fx := small(1024, 65535)
	f := Flow{Proto: inet.UDP, Src: endpoint("10.0.0.1", 5000), Dst: endpoint("9.9.9.9", 80)}
	table.Map(&f, busy{}, fx)
	table.Forward(inet.UDP, 80, f.Src, fx)
	if m, by := table.Map(&f, busy{}, fx); by != 0 || m.Outside.Port != 80 || !m.Static {
		t.Errorf("%+v", m)
	}
	table.Forward(inet.UDP, 80, endpoint("10.0.0.2", 1), fx)
	if len(table.Mappings()) != 1 || !table.Admits(table.Mappings()[0], endpoint("1.1.1.1", 1), fx.Now) {
		t.Errorf("%+v", table.Mappings())
	}
	if _, change := table.Next(); change {
		t.Error("a forwarded port has an end")
	}
	table.Unforward(inet.UDP, 80, fx)
	if len(table.Mappings()) != 0 {
		t.Error("it is still there")
	}
}
