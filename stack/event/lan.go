package event

import (
	"net/netip"

	"labserver/stack/inet"
)

// ARPMsg is an ARP packet as events show it (RFC 826).
type ARPMsg struct {
	Op        string     `json:"op"`         // "request", "reply"
	SenderMAC string     `json:"sender_mac"` // "02:00:00:00:00:01"
	Sender    netip.Addr `json:"sender"`
	TargetMAC string     `json:"target_mac"` // all zero in a request: it is what is asked for
	Target    netip.Addr `json:"target"`
}

// ARPSent says that a host made an ARP packet; n is its packet id.
type ARPSent struct {
	NIC inet.NICID `json:"nic"`
	ARP ARPMsg     `json:"arp"`
}

// ARPReceived says that an ARP packet reached a host that read it.
type ARPReceived struct {
	Pkt inet.PacketID `json:"pkt"`
	NIC inet.NICID    `json:"nic"`
	ARP ARPMsg        `json:"arp"`
}

// NeighbourChanged says what a host knows of a neighbour's link-layer address. Old and New
// are states, "" for no entry: INCOMPLETE, REACHABLE, STALE, DELAY, PROBE, FAILED
// (RFC 4861 §7.3.2, and FAILED as Linux shows it). MAC is the address as it is known now.
type NeighbourChanged struct {
	NIC  inet.NICID `json:"nic"`
	Addr netip.Addr `json:"addr"`
	MAC  string     `json:"mac,omitempty"`
	Old  string     `json:"old"`
	New  string     `json:"new"`
}

// PacketParked says that a packet waits at its host until the link-layer address of Hop is
// known.
type PacketParked struct {
	Pkt inet.PacketID `json:"pkt"`
	NIC inet.NICID    `json:"nic"`
	Hop netip.Addr    `json:"hop"`
}

// MACLearned says that a switch has seen from which port frames of an address come. Old is
// the port of before, "" for none.
type MACLearned struct {
	MAC  string     `json:"mac"`
	Port inet.NICID `json:"port"`
	Old  inet.NICID `json:"old,omitempty"`
}

// MACForgotten says that a switch no longer knows where an address is.
type MACForgotten struct {
	MAC  string     `json:"mac"`
	Port inet.NICID `json:"port"`
}

// NICMAC tells the link-layer address of an interface, once it matters: it is on a switch,
// or resolves its neighbours.
type NICMAC struct {
	NIC inet.NICID `json:"nic"`
	MAC string     `json:"mac"`
}

// NICAddress says how far the check of an interface's IPv6 address is: "tentative",
// "duplicate", or "" when the address can be used (RFC 4862 §5.4).
type NICAddress struct {
	NIC inet.NICID `json:"nic"`
	Old string     `json:"old"`
	New string     `json:"new"`
}

// GroupJoined says that a socket takes what is sent to a group and comes in by NIC.
type GroupJoined struct {
	Sock  inet.SocketID `json:"sock"`
	Group netip.Addr    `json:"group"`
	NIC   inet.NICID    `json:"nic"`
}

// GroupLeft ends a membership.
type GroupLeft struct {
	Sock  inet.SocketID `json:"sock"`
	Group netip.Addr    `json:"group"`
	NIC   inet.NICID    `json:"nic"`
}

// DatagramCopied says that one more socket got a datagram that many may get.
type DatagramCopied struct {
	Pkt  inet.PacketID `json:"pkt"`
	Sock inet.SocketID `json:"sock"`
}

// Kind implements Body.
func (ARPSent) Kind() Kind          { return "arp.sent" }
func (ARPReceived) Kind() Kind      { return "arp.received" }
func (NeighbourChanged) Kind() Kind { return "neighbour.changed" }
func (PacketParked) Kind() Kind     { return "packet.parked" }
func (MACLearned) Kind() Kind       { return "mac.learned" }
func (MACForgotten) Kind() Kind     { return "mac.forgotten" }
func (NICMAC) Kind() Kind           { return "nic.mac" }
func (NICAddress) Kind() Kind       { return "nic.address" }
func (GroupJoined) Kind() Kind      { return "group.joined" }
func (GroupLeft) Kind() Kind        { return "group.left" }
func (DatagramCopied) Kind() Kind   { return "datagram.copied" }
