package ip

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/nat"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// Address translation of a router: RFC 3022, with what RFC 4787, RFC 5382 and RFC 5508
// require. The tables are of package nat; what they say is done here.

// NATs returns the translations, in order of switching on. Do not change the slice.
func (l *Layer) NATs() []*nat.Table { return l.nats }

// NAT returns the translation on an interface, nil if there is none.
func (l *Layer) NAT(nic inet.NICID) *nat.Table {
	for _, t := range l.nats {
		if t.NIC == nic {
			return t
		}
	}
	return nil
}

// SetNAT switches translation on an interface on, changes it, or switches it off, which ends
// its mappings. Mappings that stand keep their ports.
func (l *Layer) SetNAT(nic inet.NICID, p event.NATParams, ports nat.Ports, fx *Effects) {
	t := l.NAT(nic)
	old := event.NATParams{Kind: nat.Off}
	if t != nil {
		old = t.Params
	}
	if t != nil && (p.Kind == nat.Off || p.Mapping != old.Mapping) {
		t.Clear(fx.Scope)
		fx.Alarms = append(fx.Alarms, Alarm{Assembly: t.Alarm, Stop: true, Slot: &t.Slot})
		for i, o := range l.nats {
			if o == t {
				l.nats = append(l.nats[:i:i], l.nats[i+1:]...)
				break
			}
		}
		t = nil
	}
	switch {
	case p.Kind == nat.Off:
		p = event.NATParams{Kind: nat.Off}
	case t != nil:
		t.Params = p
	default:
		l.ports = ports
		l.assembled++
		l.nats = append(l.nats, nat.New(nic, l.NIC(nic).Addr.Addr(), p, l.assembled))
	}
	event.Emit(fx.Scope, rfc.NATSettings, event.NATSet{NIC: nic, Old: old, New: p})
}

// natExpire ends mappings whose time is up, if the alarm is one of a translation.
func (l *Layer) natExpire(alarm uint64, fx *Effects) bool {
	for _, t := range l.nats {
		if t.Alarm == alarm {
			t.Expire(fx.Scope)
			if at, change := t.Next(); change {
				fx.Alarms = append(fx.Alarms, Alarm{Assembly: t.Alarm, At: at, Slot: &t.Slot})
			}
			return true
		}
	}
	return false
}

// translated says what became of a packet, whose octets were changed.
func translated(p *Packet, t *nat.Table, side string, rule rfc.ID, old, now nat.Flow, fx *Effects) {
	show := func(e inet.Endpoint) string {
		if p.Portless || now.Proto == inet.ICMP {
			return e.Addr.String()
		}
		return e.String()
	}
	b := event.PacketTranslated{Pkt: p.ID, NIC: t.NIC, Side: side, OldSrc: show(old.Src),
		OldDst: show(old.Dst), Src: show(now.Src), Dst: show(now.Dst)}
	p.Src, p.Dst = now.Src, now.Dst
	if now.Proto == inet.ICMP {
		if !now.Error {
			b.OldID, b.NewID = old.Src.Port|old.Dst.Port, now.Src.Port|now.Dst.Port
		}
		p.Src.Port, p.Dst.Port = 0, 0
	}
	p.By = event.Emit(fx.Because(p.By).OnHost(fx.Host), rule, b)
}

// passed notes that a packet went by a mapping.
func (l *Layer) passed(p *Packet, t *nat.Table, m *nat.Mapping, f *nat.Flow, remote inet.Endpoint,
	out bool, fx *Effects) {
	t.Pass(m, f, remote, out, fx.Because(p.By).OnHost(fx.Host))
	if at, change := t.Rush(m); change {
		fx.Alarms = append(fx.Alarms, Alarm{Assembly: t.Alarm, At: at, Slot: &t.Slot})
	}
}

// natOut translates a packet that is about to leave by path. It reports true when the packet
// goes no further now: it was dropped, or is a fragment that waits for the others.
func (l *Layer) natOut(p *Packet, h *wire.IP, path Path, fx *Effects) bool {
	from, _ := l.Path(h.Src)
	t := l.NAT(path.NIC.ID)
	switch {
	case t == nil && from.NIC != nil && l.NAT(from.NIC.ID) != nil:
		Drop(p, rfc.NATHidden, "an address behind the NAT", fx)
		return true
	case t == nil, from.NIC == path.NIC:
		return false // it does not come from inside, or stays there
	case h.Fragment():
		// RFC 4787 REQ-14: "A NAT MUST support receiving in-order and out-of-order
		// fragments". Only the first has ports, so they are put together.
		if whole := l.Assemble(p, h, fx); whole != nil {
			l.Receive(whole, fx)
		}
		return true
	}
	f, ok := nat.Read(h)
	switch {
	case !ok:
		Drop(p, rfc.NATProtocol, "nothing that a NAT can tell apart", fx)
		return true
	case f.Error:
		return l.natErrorOut(p, t, f, fx)
	}
	m, by := t.Map(&f, l.ports, fx.Because(p.By).OnHost(fx.Host))
	if m == nil {
		by := Drop(p, rfc.NATExhausted, "no port left to map to", fx)
		l.Refuse(p, Refusal{Kind: Prohibited}, rfc.NATExhausted, by, fx)
		return true
	}
	p.By = max(p.By, by)
	old := f
	f.Src = m.Outside
	if f.Proto == inet.ICMP && old.Src.Port == 0 { // an answer, whose identifier is no port
		f.Src.Port = 0
	}
	nat.Rewrite(p.Octets, f.Src, f.Dst)
	translated(p, t, "out", rfc.NATOut, old, f, fx)
	l.passed(p, t, m, &f, f.Dst, true, fx)
	return false
}

// natErrorOut translates an ICMP error of an inside host about a packet that came in:
// RFC 5508 REQ-5, the quoted packet is what the outside sender sent, and the error's source
// the NAT's own address. REQ-6: no mapping is refreshed by it.
func (l *Layer) natErrorOut(p *Packet, t *nat.Table, f nat.Flow, fx *Effects) bool {
	q := f.Quoted
	m := t.Inside(q.Proto, q.Dst, q.Src)
	if !q.OK || m == nil {
		Drop(p, rfc.NATQuoteUnknown, "an error about no mapping", fx)
		return true
	}
	old := f
	f.Src.Addr = t.Addr
	nat.RewriteError(p.Octets, f.Src, f.Dst, q.Src, m.Outside)
	translated(p, t, "out", rfc.NATQuoteOut, old, f, fx)
	return false
}

// natIn takes a packet that came to the outside address, if a mapping or a forwarded port is
// there for it. It reports false when the packet is the router's own business.
func (l *Layer) natIn(p *Packet, h *wire.IP, fx *Effects) bool {
	t := l.natAt(h.Dst)
	if t == nil || h.Fragment() || l.IsLocal(h.Src) {
		return false
	}
	f, ok := nat.Read(h)
	if !ok {
		return false
	}
	if f.Error {
		return l.natErrorIn(p, h, t, f, fx)
	}
	m := t.Outside(f.Proto, f.Dst.Port)
	if m == nil || f.Proto == inet.ICMP && f.Dst.Port == 0 {
		return l.natUnmapped(p, t, f, fx)
	}
	from, _ := l.Path(h.Src)
	hairpin := from.NIC != nil && from.NIC.ID != t.NIC
	if hairpin && !t.Params.Hairpin {
		Drop(p, rfc.NATNoHairpin, "no hairpinning", fx)
		return true
	}
	old, side, rule := f, "in", rfc.NATIn
	if hairpin {
		// RFC 4787 REQ-9 (a): "A NAT Hairpinning behavior MUST be 'External source IP
		// address and port'".
		sender, by := t.Map(&f, l.ports, fx.Because(p.By).OnHost(fx.Host))
		if sender == nil {
			by := Drop(p, rfc.NATExhausted, "no port left to map to", fx)
			l.Refuse(p, Refusal{Kind: Prohibited}, rfc.NATExhausted, by, fx)
			return true
		}
		p.By = max(p.By, by)
		l.passed(p, t, sender, &f, f.Dst, true, fx)
		f.Src, side, rule = sender.Outside, "hairpin", rfc.NATHairpin
	}
	if !t.Admits(m, f.Src, fx.Now) {
		l.natFiltered(p, f, fx)
		return true
	}
	path, ok := l.passes(p, h, m.Inside.Addr, fx)
	if !ok {
		return true
	}
	f.Dst = m.Inside
	nat.Rewrite(p.Octets, f.Src, f.Dst)
	translated(p, t, side, rule, old, f, fx)
	l.passed(p, t, m, &f, f.Src, false, fx)
	l.onward(p, path, fx)
	return true
}

// natAt returns the translation whose outside address is addr.
func (l *Layer) natAt(addr netip.Addr) *nat.Table {
	for _, t := range l.nats {
		if t.Addr == addr {
			return t
		}
	}
	return nil
}

// natUnmapped drops what came to a port in the NAT's range to which nothing is mapped. Other
// packets are for the router itself.
func (l *Layer) natUnmapped(p *Packet, t *nat.Table, f nat.Flow, fx *Effects) bool {
	port := f.Dst.Port
	if f.Proto == inet.ICMP || port < t.Params.PortLow || port > t.Params.PortHigh ||
		l.ports.PortTaken(f.Proto, port) {
		return false
	}
	Drop(p, rfc.NATUnmapped, "nothing is mapped to the port", fx)
	return true
}

// natFiltered drops what a mapping is not open for. RFC 5382 REQ-4: "A NAT MUST NOT respond
// to an unsolicited inbound SYN packet for at least 6 seconds after the packet is received";
// here it never does, so that both ends may open at the same time.
func (l *Layer) natFiltered(p *Packet, f nat.Flow, fx *Effects) {
	const syn, ack = 2, 16
	rule := rfc.NATFilter
	if f.Proto == inet.TCP && f.Flags&(syn|ack) == syn {
		rule = rfc.NATFilterTCP
	}
	Drop(p, rule, "the mapping is not open for the sender", fx)
}

// natErrorIn translates an ICMP error about a packet that was translated on its way out:
// RFC 5508 REQ-4, "Revert the IP and transport headers of the embedded IP packet to their
// original form, using the matching mapping", and make its source the error's destination.
// RFC 4787 REQ-12, RFC 5382 REQ-10: no ICMP message ends or refreshes a mapping.
func (l *Layer) natErrorIn(p *Packet, h *wire.IP, t *nat.Table, f nat.Flow, fx *Effects) bool {
	q := f.Quoted
	m := t.Outside(q.Proto, q.Src.Port)
	if !q.OK || q.Src.Addr != t.Addr || m == nil {
		return false // it may be about what the router itself sent
	}
	path, ok := l.passes(p, h, m.Inside.Addr, fx)
	if !ok {
		return true
	}
	old := f
	f.Dst.Addr = m.Inside.Addr
	if other := t.Inside(q.Proto, q.Dst, q.Src); other != nil { // it never left the inside
		q.Dst, f.Src.Addr = other.Outside, t.Addr
	}
	nat.RewriteError(p.Octets, f.Src, f.Dst, m.Inside, q.Dst)
	translated(p, t, "in", rfc.NATQuote, old, f, fx)
	l.onward(p, path, fx)
	return true
}

// passes does for a packet that is to go inside what forward does for any other, before it
// is changed: an ICMP error about it must quote what its sender sent.
func (l *Layer) passes(p *Packet, h *wire.IP, to netip.Addr, fx *Effects) (Path, bool) {
	path, ok := l.Path(to)
	switch {
	case h.TTL <= 1:
		by := Drop(p, rfc.TTLExpired, "TTL expired", fx)
		l.Refuse(p, Refusal{Kind: HopsExceeded}, rfc.TTLExpired, by, fx)
	case !ok:
		l.astray(p, h, path, fx)
	case path.Local:
		Drop(p, rfc.NATUnmapped, "a port forwarded to the router itself", fx)
	case len(p.Octets) > path.MTU && h.DF:
		by := Drop(p, rfc.TooBig, "larger than the next link's MTU", fx)
		l.Refuse(p, Refusal{Kind: TooBig, MTU: path.MTU}, rfc.TooBig, by, fx)
	default:
		return path, true
	}
	return path, false
}

// onward sends a packet that was translated on its way in.
func (l *Layer) onward(p *Packet, path Path, fx *Effects) {
	wire.DecrementHops(p.Octets)
	pieces := []*Packet{p}
	if len(p.Octets) > path.MTU {
		pieces = l.split(p, path.MTU, fx)
	}
	for _, q := range pieces {
		q.Departs = rfc.Forwarded
		l.frame(q, path.NIC, path.Hop, fx)
	}
}
