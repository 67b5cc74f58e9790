package stack

import (
	"bytes"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/link"
	"labserver/stack/wire"
)

// Frames are a tap beside the events: what a capture would see, by the number of the event
// that says so. They are kept only if Config.KeepFrames asks for it, and change nothing
// that can be seen in the events, so that a replay gives those of any run.

// Frame is an Ethernet frame where it was seen.
type Frame struct {
	Octets []byte // shared: not to be changed
	// At is the interface. Its NIC is "" for a packet that a host sends to itself, whose
	// frame has no addresses; so is that of a frame that never left its host.
	At event.LinkEnd
}

// frames are the frames of a world by the number of their event.
type frames struct {
	of   map[uint64]Frame
	gone uint64 // those of events up to this one have been forgotten
}

// Frame returns the octets of the Ethernet frame that packet pkt first left in; nil
// unless Config.KeepFrames is set and pkt exists.
func (w *World) Frame(pkt inet.PacketID) []byte { return w.FrameAt(uint64(pkt)).Octets }

// FrameAt returns the frame of event n as it was there and then: of a packet.departed as
// it left the near end of the link, of a packet.arrived as it came off the far end. For the
// event that made a packet it is the frame in which the packet first left, or, for a packet
// to the host itself, in which it crossed the host. The zero Frame stands for none.
func (w *World) FrameAt(n uint64) Frame {
	if w.frames == nil {
		return Frame{}
	}
	return w.frames.of[n]
}

// ForgetFrames lets go of the frames of the events up to n, so that a long run can be read
// in little memory.
func (w *World) ForgetFrames(n uint64) {
	if w.frames == nil {
		return
	}
	for ; w.frames.gone < n; w.frames.gone++ {
		delete(w.frames.of, w.frames.gone+1)
	}
}

// keepFrame remembers a packet's first frame, if the world keeps frames. Without a link the
// packet stays on its host.
func (w *World) keepFrame(p *ip.Packet, l *link.Link, d link.Direction) {
	if w.frames == nil {
		return
	}
	id := uint64(p.ID)
	if _, ok := w.frames.of[id]; ok || id <= w.frames.gone {
		return
	}
	at := event.LinkEnd{Host: p.Host}
	if l != nil {
		at = l.Far(1 - d)
	}
	w.frames.of[id] = Frame{w.frame(p, p.Octets, l, d), at}
}

// keepSeen remembers the frames of what a link says departed.
func (w *World) keepSeen(l *link.Link, fx *link.Effects) {
	for _, s := range fx.Seen {
		w.remember(s.N, w.frame(s.Pkt, s.Octets, l, s.Dir), l.Far(1-s.Dir), uint64(s.Pkt.ID))
	}
}

// keepArrival remembers the frame of a packet that comes off the far end of a link, as its
// last event says; departed is the one before.
func (w *World) keepArrival(departed uint64, p *ip.Packet, l *link.Link, d link.Direction) {
	if w.frames != nil {
		w.remember(p.By, w.frame(p, p.Octets, l, d), l.Far(d), departed)
	}
}

// remember keeps the frame of event n. Mostly it is the same as that of an earlier event
// of the packet, and is kept once.
func (w *World) remember(n uint64, octets []byte, at event.LinkEnd, earlier uint64) {
	if old := w.frames.of[earlier].Octets; bytes.Equal(old, octets) {
		octets = old
	}
	w.frames.of[n] = Frame{octets, at}
}

// frame makes the Ethernet frame of a packet on a link: the one place where this is done.
// Without a link it has no addresses.
func (w *World) frame(p *ip.Packet, octets []byte, l *link.Link, d link.Direction) []byte {
	f := wire.Ethernet{Type: p.EtherType(), Payload: octets}
	switch {
	case p.Framed:
		f.Src, f.Dst = p.SrcMAC, p.DstMAC
	case l != nil:
		f.Src, f.Dst = w.macAt(l.Far(1-d)), w.macAt(l.Far(d))
	}
	return f.Append(nil)
}

// macAt returns the address of the interface at an end of a link.
func (w *World) macAt(e event.LinkEnd) wire.MAC { return w.host(e.Host).IP.NIC(e.NIC).MAC }
