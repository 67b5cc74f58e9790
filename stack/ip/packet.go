// Package ip is the Internet layer of one host: addresses, routes, forwarding, and the
// ICMP messages it must send; and the packets that are under way in a world.
//
// It must never look into a segment or a datagram. Read RFC 791, RFC 1122 §3 and
// RFC 1812 §5 first.
package ip

import (
	"bytes"
	"slices"
	"sort"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
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
}

// Len returns the packet's octets.
func (p *Packet) Len() inet.ByteCount { return inet.ByteCount(len(p.Octets)) }

// Copy returns the packet a second time, under the id of the event that doubled it.
func (p *Packet) Copy(id inet.PacketID) *Packet {
	c := *p
	c.ID, c.By, c.Octets, c.Plan = id, uint64(id), bytes.Clone(p.Octets), sim.Handle{}
	return &c
}

// Flip turns one bit over; bit 0 is the first of the IP header.
func (p *Packet) Flip(bit int) { p.Octets[bit/8] ^= 0x80 >> (bit % 8) }

// Flights are the packets under way in a world, ordered by id, with the sums that law
// L6 compares. The zero value holds none.
type Flights struct {
	packets                  []*Packet
	Sent, Delivered, Dropped int64
}

// Launch adds a packet that was just sent. Most are the newest; but when the packets that
// one act sends are too large and are cut to pieces, the pieces of the first are made when
// the second has its id already.
func (f *Flights) Launch(p *Packet) {
	i := len(f.packets)
	for i > 0 && f.packets[i-1].ID > p.ID {
		i--
	}
	if i > 0 && f.packets[i-1].ID == p.ID {
		panic("BUG: a packet was launched twice")
	}
	f.Sent++
	f.packets = slices.Insert(f.packets, i, p)
}

// Deliver takes out a packet that reached the protocol it was for.
func (f *Flights) Deliver(p *Packet) { f.Delivered++; f.land(p.ID) }

// Drop takes out a packet that is lost.
func (f *Flights) Drop(p *Packet) { f.Dropped++; f.land(p.ID) }

// Find returns the packet with an id; nil if it is not under way.
func (f *Flights) Find(id inet.PacketID) *Packet {
	if i := f.index(id); i < len(f.packets) && f.packets[i].ID == id {
		return f.packets[i]
	}
	return nil
}

// All returns the packets under way in order of id. Do not change the slice.
func (f *Flights) All() []*Packet { return f.packets }

// Full reports whether another packet would pass MaxPackets.
func (f *Flights) Full() bool { return len(f.packets) >= MaxPackets }

func (f *Flights) index(id inet.PacketID) int {
	return sort.Search(len(f.packets), func(i int) bool { return f.packets[i].ID >= id })
}

func (f *Flights) land(id inet.PacketID) {
	i := f.index(id)
	if i == len(f.packets) || f.packets[i].ID != id {
		panic("BUG: a packet landed twice")
	}
	if i < len(f.packets)/2 { // the oldest land first, mostly: move what is before it
		copy(f.packets[1:i+1], f.packets[:i])
		f.packets[0] = nil
		f.packets = f.packets[1:]
		return
	}
	copy(f.packets[i:], f.packets[i+1:])
	f.packets[len(f.packets)-1] = nil
	f.packets = f.packets[:len(f.packets)-1]
}
