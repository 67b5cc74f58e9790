// Package view is what a person sees of a world: the fold of its events.
//
// Reduce is the whole definition; static/src holds its twin, and both are held to the
// same golden traces (law L3). It must never ask a world anything. Read
// docs/events.md first.
package view

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/seq"
	"labserver/stack/sim"
)

// View is the visible state of a world. Slices keep the order in which things came to
// be. The zero value is the empty world.
type View struct {
	Hosts       []Host   `json:"hosts"`
	Links       []Link   `json:"links"`
	Sockets     []Socket `json:"sockets"`
	Connections []Conn   `json:"connections"` // one row per endpoint
	Calls       []Call   `json:"calls"`       // pending
	Packets     []Packet `json:"packets"`     // between sending and delivery
	Counters    Counters `json:"counters"`
}

// Host is a host or router with what it holds.
type Host struct {
	ID      inet.HostID `json:"id"`
	Name    string      `json:"name"`
	Profile string      `json:"profile"`
	Forward bool        `json:"forward"`
	Bare    bool        `json:"bare"` // it has no stack
	NICs    []NIC       `json:"nics"`
	Routes  []Route     `json:"routes"`
	Procs   []Proc      `json:"procs"`
	Knobs   []Knob      `json:"knobs"` // those set apart from the profile
	Paths   []Path      `json:"paths"` // path MTUs it has learned
	NAT     []NAT       `json:"nat,omitempty"`
	// What only hosts on a LAN have (lan.go): absent, not empty, elsewhere.
	Switch     bool        `json:"switch,omitempty"`
	MACs       []MAC       `json:"macs,omitempty"`
	Neighbours []Neighbour `json:"neighbours,omitempty"`
	Groups     []Group     `json:"groups,omitempty"`
}

// NAT is how a router translates on one interface, and what it has translated so far.
type NAT struct {
	NIC      inet.NICID      `json:"nic"`
	Params   event.NATParams `json:"params"`
	Mappings []NATMapping    `json:"mappings"`
}

// NATMapping is one row of a NAT's table. For ICMP the ports are a query's identifier.
type NATMapping struct {
	Proto   string        `json:"proto"`
	Inside  inet.Endpoint `json:"inside"`
	Outside inet.Endpoint `json:"outside"`
	Remote  inet.Endpoint `json:"remote"` // for whom, if the mapping depends on that
	State   string        `json:"state"`  // of TCP: transitory, established
	Static  bool          `json:"static"`
}

// Path is what a host has learned of the way to an address.
type Path struct {
	Dst netip.Addr `json:"dst"`
	MTU int        `json:"mtu"`
}

// NIC is an interface.
type NIC struct {
	ID    inet.NICID   `json:"id"`
	Addr  netip.Prefix `json:"addr"`
	Addr6 netip.Prefix `json:"addr6"` // beside an IPv4 address
	MTU   int          `json:"mtu"`
	MAC   string       `json:"mac,omitempty"`   // told once it matters
	State string       `json:"state,omitempty"` // of the IPv6 address: tentative, duplicate
}

// MAC is a row of a switch's table: behind which port an address is.
type MAC struct {
	MAC  string     `json:"mac"`
	Port inet.NICID `json:"port"`
}

// Neighbour is a row of a host's neighbour cache, which is its ARP table too.
type Neighbour struct {
	NIC   inet.NICID `json:"nic"`
	Addr  netip.Addr `json:"addr"`
	MAC   string     `json:"mac"`   // "" while it is not known
	State string     `json:"state"` // as event.NeighbourChanged has it
}

// Group is a membership of a socket.
type Group struct {
	Sock  inet.SocketID `json:"sock"`
	Group netip.Addr    `json:"group"`
	NIC   inet.NICID    `json:"nic"`
}

// Route is one row of a host's routing table.
type Route struct {
	Dst    netip.Prefix `json:"dst"`
	Via    netip.Addr   `json:"via"`
	NIC    inet.NICID   `json:"nic"`
	MTU    int          `json:"mtu"`
	AdvMSS int          `json:"adv_mss"`
	Type   string       `json:"type,omitempty"` // blackhole, unreachable, prohibit
}

// Knob is a setting that differs from the host's profile.
type Knob struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Proc is a process. Its descriptors are the sockets that name it.
type Proc struct {
	ID   inet.ProcID `json:"id"`
	Name string      `json:"name"`
}

// Link joins two interfaces.
type Link struct {
	ID     inet.LinkID      `json:"id"`
	A      event.LinkEnd    `json:"a"`
	B      event.LinkEnd    `json:"b"`
	Params event.LinkParams `json:"params"`
	Rules  []RuleCount      `json:"rules"`
	Queues [2]Queue         `json:"queues"` // from A to B, from B to A
}

// RuleCount is a rule of a link with how often it was for a packet, and acted on it.
type RuleCount struct {
	Rule    event.LinkRule `json:"rule"`
	Matched int64          `json:"matched"`
	Acted   int64          `json:"acted"`
}

// Queue is what waits for transmission in one direction of a link.
type Queue struct {
	Octets  inet.ByteCount  `json:"octets"` // headers of frames included
	Packets int             `json:"packets"`
	Vars    event.QueueVars `json:"vars"` // of its discipline
}

// Socket is what a process holds by a descriptor.
type Socket struct {
	ID          inet.SocketID  `json:"id"`
	Host        inet.HostID    `json:"host"`
	Proc        inet.ProcID    `json:"proc"`
	FD          int            `json:"fd"`
	Proto       string         `json:"proto"`  // tcp, udp
	Family      string         `json:"family"` // ip4, ip6
	Local       inet.Endpoint  `json:"local"`
	Remote      inet.Endpoint  `json:"remote"`
	Listening   bool           `json:"listening"`
	Backlog     int            `json:"backlog"`
	SynQueue    int            `json:"syn_queue"`
	AcceptQueue int            `json:"accept_queue"`
	Listener    inet.SocketID  `json:"listener"` // the socket it was accepted from, or ""
	Conn        inet.ConnID    `json:"conn"`     // its connection, or ""
	Octets      inet.ByteCount `json:"octets"`   // UDP: waiting to be read
	Datagrams   int            `json:"datagrams"`
	Error       inet.Errno     `json:"error"`
	ShutRead    bool           `json:"shut_read"`
	ShutWrite   bool           `json:"shut_write"`
	Options     []Option       `json:"options"` // those set
}

// Option is a socket option that was set: to a number, or to a word.
type Option struct {
	Name  string `json:"name"`
	Value int64  `json:"value"`
	Text  string `json:"text,omitempty"`
}

// Conn is one endpoint's connection: its TCB.
type Conn struct {
	ID         inet.ConnID      `json:"id"`
	Host       inet.HostID      `json:"host"`
	Sock       inet.SocketID    `json:"sock"`     // "" before accept and after close
	Listener   inet.SocketID    `json:"listener"` // the listener that made it, or ""
	Local      inet.Endpoint    `json:"local"`
	Remote     inet.Endpoint    `json:"remote"`
	Active     bool             `json:"active"`
	State      inet.TCPState    `json:"state"`
	ISS        seq.Num          `json:"iss"`
	IRS        seq.Num          `json:"irs"` // 0 until synchronized
	SMSS       inet.ByteCount   `json:"smss"`
	SndWScale  uint8            `json:"snd_wscale"`
	RcvWScale  uint8            `json:"rcv_wscale"`
	Timestamps bool             `json:"timestamps"`
	SACK       bool             `json:"sack"`
	ECN        bool             `json:"ecn"`
	Snd        event.SndVars    `json:"snd"`
	Rcv        event.RcvVars    `json:"rcv"`
	CC         event.CCVars     `json:"cc"`
	RTT        event.RTTVars    `json:"rtt"`
	Loss       event.LossVars   `json:"loss"`
	Urgent     event.UrgentVars `json:"urgent"`
	Timers     []Timer          `json:"timers"` // running, in order of name
}

// Timer is a running timer of a connection.
type Timer struct {
	Name event.Timer `json:"name"`
	At   sim.Time    `json:"at"`
}

// Call is a pending call.
type Call struct {
	ID    inet.CallID `json:"id"`
	Host  inet.HostID `json:"host"`
	Proc  inet.ProcID `json:"proc"`
	Op    string      `json:"op"`
	FD    int         `json:"fd"`
	Since sim.Time    `json:"since"`
}

// Packet is a packet on its way.
type Packet struct {
	Pkt    inet.PacketID `json:"pkt"`
	Proto  string        `json:"proto"` // tcp, udp, icmp
	Label  string        `json:"label"` // flags, or "udp", or the ICMP name
	Src    string        `json:"src"`   // endpoint, or address for ICMP
	Dst    string        `json:"dst"`
	Host   inet.HostID   `json:"host"`   // where it is, or the sending end of Link
	Link   inet.LinkID   `json:"link"`   // "" while at a host
	To     inet.HostID   `json:"to"`     // the receiving end of Link
	Queued bool          `json:"queued"` // waiting for the link
	// QueueOctets is what it takes in the queue while it waits.
	QueueOctets inet.ByteCount `json:"queue_octets"`
	Depart      sim.Time       `json:"depart"`
	Arrive      sim.Time       `json:"arrive"`
}

// Counters are law L6's sums over all packets.
type Counters struct {
	Sent      int64 `json:"sent"`
	Delivered int64 `json:"delivered"`
	Dropped   int64 `json:"dropped"`
}
