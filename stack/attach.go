package stack

import (
	"bytes"

	"labserver/stack/event"
	"labserver/stack/host"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// ActorOutside is who gives the commands that stand for packets from outside.
const ActorOutside = "outside"

// Port is a bare host as a way in and out of its world: what is outside (another stack, a
// device of the machine) sends and receives whole IP packets by it. It belongs to the
// world's owner, as the world does.
//
// A packet from outside is no function of anything a journal holds. So a world with a port
// can be computed again only if every packet was written down as the packet.inject that it
// is: see journal.Recorder. A quiet world does not even remember them, and cannot be forked.
type Port struct {
	world   *World
	host    *host.Host
	outside host.Outside
}

// Attach opens a bare host to the outside. An *ArgError says that there is no such host, that
// it has a stack of its own, or that it is attached already.
func (w *World) Attach(id inet.HostID) (*Port, error) {
	h := w.host(id)
	switch {
	case h == nil:
		return nil, &ArgError{Code: CodeUnknownHost, Field: "host", Got: shorten(string(id))}
	case !h.Bare:
		return nil, &ArgError{Code: CodeNotBare, Field: "host", Got: string(id)}
	case h.Outside != nil:
		return nil, &ArgError{Code: CodeTaken, Field: "host", Got: string(id)}
	}
	p := &Port{world: w, host: h}
	h.Outside = &p.outside
	return p, nil
}

// Host returns the bare host.
func (p *Port) Host() inet.HostID { return p.host.ID }

// Inject puts an IP packet in at the present instant: the events are those of the command
// packet.inject. The octets are copied. An *ArgError says why it cannot be: no IP header,
// larger than the interface's MTU, no way towards its destination, too many packets under
// way, a host that has been removed.
func (p *Port) Inject(octets []byte) error {
	if err := checkPacket(octets); err != nil {
		return err
	}
	w := p.world
	if w.host(p.host.ID) != p.host {
		return &ArgError{Code: CodeUnknownHost, Field: "host", Got: string(p.host.ID)}
	}
	a := PacketInject{Host: p.host.ID, Base64: octets}
	c := Command{Op: "packet.inject", Actor: ActorOutside, Args: a}
	if err := w.Check(c); err != nil {
		return err
	}
	if w.cfg.Quiet { // the same events, without their words and without a memory of them
		w.driven = true
		w.inject(a, event.Emit(w.scope().OnHost(a.Host), rfc.ByCommand, event.Command{Op: c.Op}))
		return nil
	}
	a.Base64 = bytes.Clone(octets) // the world remembers its commands
	c.Args = a
	w.Apply(c)
	return nil
}

// Take returns the packets that arrived at the bare host since it was last called, in order,
// as they arrived. They are lent until the next call.
func (p *Port) Take() [][]byte { return p.outside.Take() }

// Lost returns how many packets were thrown away because nobody took them in time: more than
// host.MaxOutside waited.
func (p *Port) Lost() int64 { return p.outside.Lost }
