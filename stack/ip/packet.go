// Package ip is the Internet layer of one host: addresses, routes, forwarding, and the
// ICMP messages it must send; and the packets that are under way in a world.
//
// It must never look into a segment or a datagram. Read RFC 791, RFC 1122 §3 and
// RFC 1812 §5 first.
package ip

import (
	"bytes"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// MaxPackets is how many packets may be queued or in flight in one world.
const MaxPackets = 50_000

// Packet is one IP packet from sending to delivery, and where it is.
type Packet struct {
	ID     inet.PacketID
	Octets []byte // header and payload; a router changes them in place
	Proto  inet.Protocol
	Label  string // what people read: flags, "udp", or the ICMP name
	Src    inet.Endpoint
	Dst    inet.Endpoint // ports are 0 for ICMP

	By     uint64      // the last event of this packet: the cause of its next one
	Host   inet.HostID // where it is, or the sending end of Link
	Link   inet.LinkID // "" while at a host
	To     inet.HostID
	Queued bool
	Depart sim.Time
	Arrive sim.Time
	Plan   sim.Handle // what the world means to do with it next

	Departs  rfc.ID // why it departs when a router passes it on; "" for its sender
	MayCut   bool   // its sender may cut it into fragments
	Held     bool   // a fragment that waits at its destination for the others
	Portless bool   // shown by its addresses alone, whatever Proto says

	// The link layer: see frame in lan.go.
	SrcMAC, DstMAC wire.MAC
	Framed         bool       // receivers look whether DstMAC is theirs
	ARP            bool       // Octets are an ARP packet, not one of IP
	Group          bool       // for many hosts: broadcast or multicast
	Loop           bool       // a group's packet of which this host gets a copy itself
	NIC            inet.NICID // by which it came in; "" for one that stayed on its host

	prev, next *Packet // in Flights
	aloft      bool
}

// EtherType says what the packet is to Ethernet.
func (p *Packet) EtherType() wire.EtherType {
	switch {
	case p.ARP:
		return wire.EtherTypeARP
	case p.Src.Addr.Is6(): // and not by the version, which may be damaged
		return wire.EtherTypeIPv6
	}
	return wire.EtherTypeIPv4
}

// Len returns the packet's octets.
func (p *Packet) Len() inet.ByteCount { return inet.ByteCount(len(p.Octets)) }

// Copy returns the packet a second time, under the id of the event that doubled it.
func (p *Packet) Copy(id inet.PacketID) *Packet {
	c := *p
	c.ID, c.By, c.Octets, c.Plan = id, uint64(id), bytes.Clone(p.Octets), sim.Handle{}
	c.prev, c.next, c.aloft = nil, nil, false
	return &c
}

// Flip turns one bit over; bit 0 is the first of the IP header.
func (p *Packet) Flip(bit int) { p.Octets[bit/8] ^= 0x80 >> (bit % 8) }

// Flights are the packets under way in a world, ordered by id, with the sums that law
// L6 compares; and the memory of those that have landed. The zero value holds none.
type Flights struct {
	first, last              *Packet
	n                        int
	Sent, Delivered, Dropped int64

	landed []*Packet // their memory is used again from the next Recycle on
	spare  []*Packet
	octets int // room in spare
}

// New returns an empty packet, to be filled and launched. Its octets may have room.
func (f *Flights) New() *Packet {
	n := len(f.spare)
	if n == 0 {
		return &Packet{}
	}
	p := f.spare[n-1]
	f.spare = f.spare[:n-1]
	f.octets -= cap(p.Octets)
	*p = Packet{Octets: p.Octets[:0]}
	return p
}

// Of the memory of landed packets so much is kept. Not every packet is made by New, so more
// may land than are ever made of what landed.
const (
	maxSpare       = 4096
	maxSpareOctets = 8 << 20
	idleSpare      = 64 // while nothing happens
)

// Recycle lets the memory of packets that have landed be used again, of their octets too:
// nobody may look at them any more.
func (f *Flights) Recycle() {
	for i, p := range f.landed {
		if len(f.spare) < maxSpare && f.octets+cap(p.Octets) <= maxSpareOctets {
			f.spare = append(f.spare, p)
			f.octets += cap(p.Octets)
		}
		f.landed[i] = nil
	}
	f.landed = f.landed[:0]
}

// Trim gives most of that memory back. A world calls it when it has become quiet.
func (f *Flights) Trim() {
	for n := len(f.spare); n > idleSpare; n-- {
		f.octets -= cap(f.spare[n-1].Octets)
		f.spare[n-1] = nil
		f.spare = f.spare[:n-1]
	}
}

// Spare returns the packets whose memory New uses again, those that landed last behind.
// Tests spoil it, to see that nobody looks there.
func (f *Flights) Spare() []*Packet { return f.spare }

// Launch adds a packet that was just sent. Most are the newest; but when the packets that
// one act sends are too large and are cut to pieces, the pieces of the first are made when
// the second has its id already.
func (f *Flights) Launch(p *Packet) {
	before := f.last
	for before != nil && before.ID > p.ID {
		before = before.prev
	}
	if before != nil && before.ID == p.ID || p.aloft {
		panic("BUG: a packet was launched twice")
	}
	p.aloft = true
	p.prev = before
	if before == nil {
		p.next, f.first = f.first, p
	} else {
		p.next, before.next = before.next, p
	}
	if p.next == nil {
		f.last = p
	} else {
		p.next.prev = p
	}
	f.n++
	f.Sent++
}

// Deliver takes out a packet that reached the protocol it was for.
func (f *Flights) Deliver(p *Packet) { f.Delivered++; f.land(p) }

// Drop takes out a packet that is lost.
func (f *Flights) Drop(p *Packet) { f.Dropped++; f.land(p) }

// Find returns the packet with an id; nil if it is not under way.
func (f *Flights) Find(id inet.PacketID) *Packet {
	for p := f.first; p != nil && p.ID <= id; p = p.next {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// All returns the packets under way in order of id, in a slice of the caller's own.
func (f *Flights) All() []*Packet {
	all := make([]*Packet, 0, f.n)
	for p := f.first; p != nil; p = p.next {
		all = append(all, p)
	}
	return all
}

// Len counts the packets under way.
func (f *Flights) Len() int { return f.n }

// Full reports whether another packet would pass MaxPackets.
func (f *Flights) Full() bool { return f.n >= MaxPackets }

func (f *Flights) land(p *Packet) {
	if !p.aloft {
		panic("BUG: a packet landed twice")
	}
	p.aloft = false
	if p.prev == nil {
		f.first = p.next
	} else {
		p.prev.next = p.next
	}
	if p.next == nil {
		f.last = p.prev
	} else {
		p.next.prev = p.prev
	}
	f.n--
	f.landed = append(f.landed, p)
}
