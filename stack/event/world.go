package event

import (
	"encoding/json"
	"net/netip"

	"labserver/stack/inet"
	"labserver/stack/sim"
)

// Command is a world command as journaled; kind "cmd.<op>".
type Command struct {
	Op    string          `json:"op"`
	Actor string          `json:"actor,omitempty"`
	Args  json.RawMessage `json:"args"` // canonical: re-encoded from the typed arguments
}

// Note is a note command (answer, predict, hint, bookmark, finish), opaque to the
// stack; kind "note.<op>".
type Note struct {
	Op    string          `json:"op"`
	Actor string          `json:"actor,omitempty"`
	Args  json.RawMessage `json:"args"`
}

// WorldStarted is the first event of every run.
type WorldStarted struct {
	Behaviour int    `json:"behaviour"`
	Profile   string `json:"profile"`
}

// WorldBudget says that one virtual instant used up its steps; what is left of it was
// put off to At so that time goes on.
type WorldBudget struct {
	Steps int64    `json:"steps"`
	At    sim.Time `json:"at"`
}

// HostAdded says that a host exists. Forward marks a router.
type HostAdded struct {
	Name    string `json:"name"`
	Profile string `json:"profile"`
	Forward bool   `json:"forward"`
	// Bare tells that it has no stack: it shows what comes and sends what is injected.
	Bare bool `json:"bare,omitempty"`
	// Switch tells that it is a learning switch: it has ports and no addresses.
	Switch bool `json:"switch,omitempty"`
}

// HostRemoved says that a host and all it held are gone.
type HostRemoved struct{}

// HostRenamed changes what people read; the id stays.
type HostRenamed struct {
	Old string `json:"old"`
	New string `json:"new"`
}

// NICAdded gives a host an interface with an address.
type NICAdded struct {
	NIC  inet.NICID   `json:"nic"`
	Addr netip.Prefix `json:"addr"`
	// Addr6 is an IPv6 address beside an IPv4 one.
	Addr6 netip.Prefix `json:"addr6,omitzero"`
	MTU   int          `json:"mtu"`
}

// NICRemoved takes an interface away.
type NICRemoved struct {
	NIC inet.NICID `json:"nic"`
}

// PathMTU says that a host has learned the largest packet a path carries (RFC 1191 §6.3,
// RFC 8201 §5.2). Old is 0 when nothing was known but the interface's; New is 0 when what
// was known is forgotten.
type PathMTU struct {
	Dst netip.Addr `json:"dst"`
	Old int        `json:"old"`
	New int        `json:"new"`
}

// LinkEnd is one side of a link.
type LinkEnd struct {
	Host inet.HostID `json:"host"`
	NIC  inet.NICID  `json:"nic"`
}

// LinkAdded joins two interfaces.
type LinkAdded struct {
	Link   inet.LinkID `json:"link"`
	A      LinkEnd     `json:"a"`
	B      LinkEnd     `json:"b"`
	Params LinkParams  `json:"params"`
}

// LinkChanged alters a link's parameters.
type LinkChanged struct {
	Link inet.LinkID `json:"link"`
	Old  LinkParams  `json:"old"`
	New  LinkParams  `json:"new"`
}

// LinkRemoved takes a link away; what was on it is lost.
type LinkRemoved struct {
	Link inet.LinkID `json:"link"`
}

// RouteAdded gives a host a route. Via is invalid (and "" in JSON) for a connected
// network.
type RouteAdded struct {
	Dst    netip.Prefix `json:"dst"`
	Via    netip.Addr   `json:"via"`
	NIC    inet.NICID   `json:"nic"`
	MTU    int          `json:"mtu,omitempty"`     // the most octets it takes; 0: the interface's
	AdvMSS int          `json:"adv_mss,omitempty"` // the MSS that TCP announces over it
	// Type is blackhole, unreachable or prohibit for a route that refuses packets.
	Type string `json:"type,omitempty"`
}

// RouteRemoved takes a route away.
type RouteRemoved struct {
	Dst    netip.Prefix `json:"dst"`
	Via    netip.Addr   `json:"via"`
	NIC    inet.NICID   `json:"nic"`
	MTU    int          `json:"mtu,omitempty"`     // the most octets it takes; 0: the interface's
	AdvMSS int          `json:"adv_mss,omitempty"` // the MSS that TCP announces over it
	Type   string       `json:"type,omitempty"`    // of a route that refuses packets
}

// KnobSet changes one knob of a host.
type KnobSet struct {
	Knob string `json:"knob"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

// ProcStarted says that a process runs on the host.
type ProcStarted struct {
	Proc inet.ProcID `json:"proc"`
	Name string      `json:"name"`
}

// ProcEnded says that a process is gone; its descriptors were closed.
type ProcEnded struct {
	Proc inet.ProcID `json:"proc"`
}

// Kind implements Body.
func (b Command) Kind() Kind    { return Kind("cmd." + b.Op) }
func (b Note) Kind() Kind       { return Kind("note." + b.Op) }
func (WorldStarted) Kind() Kind { return "world.started" }
func (WorldBudget) Kind() Kind  { return "world.budget" }
func (HostAdded) Kind() Kind    { return "host.added" }
func (HostRemoved) Kind() Kind  { return "host.removed" }
func (HostRenamed) Kind() Kind  { return "host.renamed" }
func (NICAdded) Kind() Kind     { return "nic.added" }
func (NICRemoved) Kind() Kind   { return "nic.removed" }
func (PathMTU) Kind() Kind      { return "path.mtu" }
func (LinkAdded) Kind() Kind    { return "link.added" }
func (LinkChanged) Kind() Kind  { return "link.changed" }
func (LinkRemoved) Kind() Kind  { return "link.removed" }
func (RouteAdded) Kind() Kind   { return "route.added" }
func (RouteRemoved) Kind() Kind { return "route.removed" }
func (KnobSet) Kind() Kind      { return "knob.set" }
func (ProcStarted) Kind() Kind  { return "proc.started" }
func (ProcEnded) Kind() Kind    { return "proc.ended" }
