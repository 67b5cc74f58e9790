package event

import "labserver/stack/inet"

// NATParams is how a router translates addresses on an interface (RFC 4787 §4, §5).
type NATParams struct {
	Kind string `json:"kind"` // off, masquerade
	// Mapping and Filtering are endpoint-independent, address-dependent or
	// address-and-port-dependent.
	Mapping   string `json:"mapping"`
	Filtering string `json:"filtering"`
	PortLow   uint16 `json:"port_low"`
	PortHigh  uint16 `json:"port_high"`
	Hairpin   bool   `json:"hairpin"` // inside hosts reach each other by outside addresses
	// InboundRefresh: what comes in keeps a mapping alive, too.
	InboundRefresh bool  `json:"inbound_refresh"`
	UDPNS          int64 `json:"udp_ns"` // how long a mapping lives without traffic
	EstablishedNS  int64 `json:"established_ns"`
	TransitoryNS   int64 `json:"transitory_ns"` // TCP that opens, closes or was reset
	ICMPNS         int64 `json:"icmp_ns"`
}

// NATSet says how an interface of a router translates from now on.
type NATSet struct {
	NIC inet.NICID `json:"nic"`
	Old NATParams  `json:"old"`
	New NATParams  `json:"new"`
}

// NATMapped says that an inside endpoint is reached from outside as Outside. For ICMP the
// port is the query's identifier. Remote is whom the mapping is for when mappings depend on
// that; its port is 0 when they depend on its address only.
type NATMapped struct {
	NIC     inet.NICID    `json:"nic"`
	Proto   string        `json:"proto"`
	Inside  inet.Endpoint `json:"inside"`
	Outside inet.Endpoint `json:"outside"`
	Remote  inet.Endpoint `json:"remote"`
	State   string        `json:"state,omitempty"`  // of TCP: transitory, established
	Static  bool          `json:"static,omitempty"` // a port that was forwarded by hand
}

// NATChanged says that a mapping of TCP lives by another timer from now on.
type NATChanged struct {
	NIC     inet.NICID    `json:"nic"`
	Proto   string        `json:"proto"`
	Inside  inet.Endpoint `json:"inside"`
	Outside inet.Endpoint `json:"outside"`
	Remote  inet.Endpoint `json:"remote"`
	Old     string        `json:"old"`
	New     string        `json:"new"`
}

// NATExpired says that a mapping is gone.
type NATExpired struct {
	NIC     inet.NICID    `json:"nic"`
	Proto   string        `json:"proto"`
	Inside  inet.Endpoint `json:"inside"`
	Outside inet.Endpoint `json:"outside"`
	Remote  inet.Endpoint `json:"remote"`
	Static  bool          `json:"static,omitempty"`
}

// PacketTranslated says that a router wrote other addresses and ports into a packet. Side is
// the direction: out, in, or hairpin for what stays inside. Of an ICMP error the packet that
// it quotes was translated, too.
type PacketTranslated struct {
	Pkt    inet.PacketID `json:"pkt"`
	NIC    inet.NICID    `json:"nic"`
	Side   string        `json:"side"`
	OldSrc string        `json:"old_src"` // endpoints; addresses for ICMP
	OldDst string        `json:"old_dst"`
	Src    string        `json:"src"`
	Dst    string        `json:"dst"`
	OldID  uint16        `json:"old_id,omitempty"` // of an ICMP query
	NewID  uint16        `json:"new_id,omitempty"`
}

// Kind implements Body.
func (NATSet) Kind() Kind           { return "nat.set" }
func (NATMapped) Kind() Kind        { return "nat.mapped" }
func (NATChanged) Kind() Kind       { return "nat.changed" }
func (NATExpired) Kind() Kind       { return "nat.expired" }
func (PacketTranslated) Kind() Kind { return "packet.translated" }
