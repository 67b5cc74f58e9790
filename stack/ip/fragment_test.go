package ip

import (
	"bytes"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"

	"pgregory.net/rapid"
)

// whole is a packet of either version with a payload that tells its octets apart.
func whole(v6 bool, payload int) wire.IP {
	h := wire.IP{Src: addr("10.0.1.9"), Dst: addr("10.0.1.1"), Proto: inet.UDP, TTL: 64, ID: 77}
	if v6 {
		h.Src, h.Dst = addr("fd00:1::9"), addr("fd00:1::1")
	}
	h.Payload = make([]byte, payload)
	for i := range h.Payload {
		h.Payload[i] = byte(i ^ i>>8)
	}
	return h
}

// fragmentDesk is 10.0.1.1 and fd00:1::1.
func fragmentDesk() *desk {
	d := &desk{l: New(false)}
	d.l.AddNIC(&NIC{ID: "eth0", Addr: prefix("10.0.1.1/24"), Addr6: prefix("fd00:1::1/64"), MTU: 1500, Link: "l1"})
	return d
}

// launch makes a packet of octets.
func (d *desk) launch(octets []byte) *Packet {
	n := d.effects().Emit(rfc.UDPSend, event.DatagramSent{})
	p := &Packet{ID: inet.PacketID(n), By: n, Octets: octets}
	d.flights.Launch(p)
	return p
}

// fragment is [from, to) of a whole packet.
func fragment(w wire.IP, from, to int) []byte {
	w.FragOff, w.MF, w.DF = from, to < len(w.Payload), false
	w.Payload = w.Payload[from:to]
	return w.Append(nil)
}

// assemble gives the layer a fragment that arrives.
func (d *desk) assemble(octets []byte) (*Packet, *Effects) {
	fx := d.effects()
	p := d.launch(octets)
	h, mine := d.l.Receive(p, fx)
	if !mine {
		return nil, fx
	}
	return d.l.Assemble(p, h, fx), fx
}

func (d *desk) count(rule rfc.ID, kind event.Kind) (n int) {
	for _, e := range d.log.From(1) {
		if e.Rule == rule && e.Kind() == kind {
			n++
		}
	}
	return n
}

// What is cut at any MTU, again and again, and comes in any order is what was sent.
func TestFragmentsInAnyOrderGiveThePacketBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v6 := rapid.Bool().Draw(t, "v6")
		w := whole(v6, rapid.IntRange(1, 4000).Draw(t, "octets"))
		w.TOS = 0xb8 | 2
		d := fragmentDesk()
		fx := d.effects()
		pieces := d.l.split(d.launch(w.Append(nil)), rapid.IntRange(576, 1500).Draw(t, "mtu"), fx)
		if !v6 {
			narrow := rapid.IntRange(68, 576).Draw(t, "next mtu")
			var finer []*Packet
			for _, p := range pieces {
				finer = append(finer, d.l.split(p, narrow, fx)...)
			}
			pieces = finer
		}
		if len(pieces) == 1 { // it fitted
			return
		}
		marked := rapid.IntRange(0, len(pieces)-1).Draw(t, "meets congestion")
		wire.SetECN(pieces[marked].Octets, 3)
		var got *Packet
		for _, i := range rapid.Permutation(indices(len(pieces))).Draw(t, "order") {
			if got != nil {
				t.Fatal("whole before all had come")
			}
			h, mine := d.l.Receive(pieces[i], fx)
			if !mine || len(pieces[i].Octets) > 1500 {
				t.Fatalf("piece %d: %+v", i, h)
			}
			got = d.l.Assemble(pieces[i], h, fx)
		}
		if got != pieces[0] || got.Held || len(d.flights.All()) != 1 {
			t.Fatalf("%+v, %d under way", got, len(d.flights.All()))
		}
		h, err := wire.ParseIP(got.Octets)
		if err != nil || h.Fragment() || !bytes.Equal(h.Payload, w.Payload) || h.Proto != w.Proto ||
			h.TOS != 0xb8|3 || h.Src != w.Src {
			t.Fatalf("%+v, %v", h, err)
		}
		if last := fx.Alarms[len(fx.Alarms)-1]; !last.Stop {
			t.Fatal("the alarm stands")
		}
	})
}

func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// RFC 791 §3.1: options with the copied flag are in every fragment, the others in the first.
func TestOnlyCopiedOptionsGoIntoEveryFragment(t *testing.T) {
	w := whole(false, 1000)
	w.Options = []byte{7, 3, 4, 1, 0x83, 3, 4, 0} // record route, nop, loose source route
	d := fragmentDesk()
	pieces := d.l.split(d.launch(w.Append(nil)), 576, d.effects())
	first, _ := wire.ParseIPv4(pieces[0].Octets)
	second, err := wire.ParseIPv4(pieces[1].Octets)
	if err != nil || !bytes.Equal(first.Options, w.Options) || !bytes.Equal(second.Options, []byte{0x83, 3, 4, 0}) {
		t.Errorf("%x, %x, %v", first.Options, second.Options, err)
	}
	if got := copied([]byte{0x83, 9, 4}); len(got) != 0 {
		t.Errorf("a damaged option was copied: %x", got)
	}
}

func TestARouterCutsWhatMayBeCut(t *testing.T) {
	d := newDesk(true)
	h := wire.IPv4{Src: addr("10.0.1.9"), Dst: addr("10.0.2.9"), Proto: inet.UDP, TTL: 9, Payload: make([]byte, 1000)}
	fx := d.effects()
	p := d.launch(h.Append(nil))
	d.l.Receive(p, fx)
	if len(fx.Transmit) != 2 || d.count(rfc.Fragmented, "packet.fragmented") != 1 || d.flights.Sent != 2 {
		t.Fatalf("%d transmitted", len(fx.Transmit))
	}
	for i, tx := range fx.Transmit {
		g, err := wire.ParseIPv4(tx.Pkt.Octets)
		if err != nil || g.TTL != 8 || len(tx.Pkt.Octets) > 600 || g.MF != (i == 0) || tx.Pkt.Departs != rfc.Forwarded {
			t.Errorf("%+v, %v", g, err)
		}
	}
}

func TestASenderCutsOnlyWhatItMay(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		for _, may := range []bool{false, true} {
			d := fragmentDesk()
			w := whole(v6, 2000)
			w.Src, w.Dst = w.Dst, w.Src
			fx := d.effects()
			n := fx.Emit(rfc.UDPSend, event.DatagramSent{})
			p := &Packet{ID: inet.PacketID(n), By: n, Octets: w.Append(nil), Dst: inet.Endpoint{Addr: w.Dst}, MayCut: may}
			d.l.Send(p, fx)
			want := 1
			if may {
				want = 2
			}
			if len(fx.Transmit) != want {
				t.Errorf("v6 %v, may %v: %d packets", v6, may, len(fx.Transmit))
			}
		}
	}
}

func TestFragmentsThatContradictAreDropped(t *testing.T) {
	for name, c := range map[string]struct {
		first, second [2]int
		size          int // of the packet that the second is said to be of; the first: 80
		rule, rule6   rfc.ID
		left          int
	}{
		"the same twice":    {[2]int{0, 16}, [2]int{0, 16}, 80, rfc.FragmentTwice, rfc.FragmentTwice, 1},
		"overlapping":       {[2]int{0, 16}, [2]int{8, 24}, 80, rfc.FragmentOverlap, rfc.FragmentOverlap6, 0},
		"one in another":    {[2]int{0, 32}, [2]int{8, 16}, 80, rfc.FragmentOverlap, rfc.FragmentOverlap6, 0},
		"behind the end":    {[2]int{72, 80}, [2]int{80, 88}, 88, rfc.FragmentOverlap, rfc.FragmentOverlap6, 0},
		"an end before it":  {[2]int{40, 48}, [2]int{16, 24}, 24, rfc.FragmentOverlap, rfc.FragmentOverlap6, 0},
		"odd in the middle": {[2]int{0, 16}, [2]int{16, 23}, 80, rfc.BadFragment, rfc.BadFragment6, 1},
	} {
		for _, v6 := range []bool{false, true} {
			d := fragmentDesk()
			d.assemble(fragment(whole(v6, 80), c.first[0], c.first[1]))
			_, fx := d.assemble(fragment(whole(v6, c.size), c.second[0], c.second[1]))
			rule := c.rule
			if v6 {
				rule = c.rule6
			}
			told := v6 && rule == rfc.BadFragment6
			if d.count(rule, "packet.dropped") != 2-c.left || len(d.flights.All())-len(fx.Transmit) != c.left ||
				(len(fx.Transmit) == 1) != told {
				t.Errorf("%s, v6 %v: %d left, the last is %+v", name, v6, len(d.flights.All()), d.last())
			}
		}
	}
}

func TestAFragmentBeyondTheLargestPacketIsDropped(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		d := fragmentDesk()
		w := whole(v6, 64)
		w.FragOff, w.MF = 65528, false
		_, fx := d.assemble(w.Append(nil))
		if (len(fx.Transmit) == 1) != v6 || d.flights.Dropped != 1 {
			t.Errorf("v6 %v: %+v", v6, d.last())
		}
		if v6 {
			g, _ := wire.ParseIPv6(fx.Transmit[0].Pkt.Octets)
			if m, err := wire.ParseICMPv6(g.Src, g.Dst, g.Payload); err != nil || m.Pointer != 42 {
				t.Errorf("%+v, %v", m, err)
			}
		}
	}
}

// RFC 1122 §3.3.2, RFC 8200 §4.5: after a minute what is incomplete goes, and the sender is
// told if the first fragment has come.
func TestIncompletePacketsAreGivenUpInTime(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		for _, from := range []int{0, 16} {
			d := fragmentDesk()
			_, fx := d.assemble(fragment(whole(v6, 80), from, from+16))
			if len(fx.Alarms) != 1 || fx.Alarms[0].At != 60_000_000_000 || AssemblyTime != time.Minute {
				t.Fatalf("%+v", fx.Alarms)
			}
			id := fx.Alarms[0].Assembly
			fx = d.effects()
			d.l.Expire(id, fx)
			rule := rfc.FragmentTimeout
			if v6 {
				rule = rfc.FragmentTimeout6
			}
			if d.count(rule, "packet.dropped") != 1 || (len(fx.Transmit) == 1) != (from == 0) {
				t.Errorf("v6 %v, from %d: %+v", v6, from, d.last())
			}
		}
	}
}

func TestAHostPutsOnlySoManyPacketsTogether(t *testing.T) {
	d := fragmentDesk()
	w := whole(false, 80)
	for i := range maxAssemblies + 1 {
		w.ID = uint32(i)
		d.assemble(fragment(w, 0, 16))
	}
	if d.count(rfc.FragmentLimit, "packet.dropped") != 1 || len(d.l.assemblies) != maxAssemblies {
		t.Errorf("%d in pieces", len(d.l.assemblies))
	}
	d.l.AbandonAll(rfc.HostGone, "host removed", d.effects())
	if len(d.flights.All()) != 0 || len(d.l.assemblies) != 0 {
		t.Errorf("%d left", len(d.flights.All()))
	}
}

// RFC 7126 §4.3, §4.4: a packet with a source route is dropped, by hosts and routers, done
// or not; other options, and damaged ones, are passed over.
func TestASourceRouteIsDropped(t *testing.T) {
	for name, c := range map[string]struct {
		options []byte
		dropped bool
	}{
		"loose":             {[]byte{131, 7, 4, 10, 0, 0, 3, 0}, true},
		"loose, done":       {[]byte{131, 7, 8, 10, 0, 0, 3, 0}, true},
		"strict":            {[]byte{1, 137, 7, 4, 10, 0, 0, 3}, true},
		"behind timestamps": {[]byte{68, 4, 5, 0, 131, 3, 4, 0}, true},
		"record route":      {[]byte{7, 7, 4, 10, 0, 0, 3, 0}, false},
		"behind the end":    {[]byte{0, 131, 3, 4}, false},
		"damaged":           {[]byte{7, 0, 131, 3}, false},
		"cut short":         {[]byte{1, 1, 1, 7}, false},
	} {
		for _, dst := range []string{"10.0.1.1", "10.0.2.9"} {
			d := newDesk(true)
			h := wire.IPv4{Src: addr("10.0.1.9"), Dst: addr(dst), Proto: inet.UDP, TTL: 9, Options: c.options}
			d.l.Receive(d.launch(h.Append(nil)), d.effects())
			if dropped := d.count(rfc.SourceRoute, "packet.dropped") == 1; dropped != c.dropped {
				t.Errorf("%s to %s: %+v", name, dst, d.last())
			}
		}
	}
}
