package link

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
)

// held is a packet that is to be overtaken.
type held struct {
	pkt  *ip.Packet
	left int64  // by how many more
	rule rfc.ID // who wants it
}

// impair does to a packet that will arrive what was set for the link: it is doubled,
// damaged, or overtaken by the next. The draws come in this order, after those of jitter
// and loss, and a rate of 0 draws nothing, so that one impairment more on one link shifts
// no other link's numbers.
func (l *Link) impair(p *ip.Packet, d Direction, fx *Effects) {
	dir := &l.dirs[d]
	if len(dir.held) > 0 {
		l.overtake(p, d, fx)
	}
	if l.rand.PerMillion(dir.way.DupPPM) && !fx.Flights.Full() {
		l.twin(p, d, rfc.LinkDup, fx)
	}
	if l.rand.PerMillion(dir.way.CorruptPPM) {
		bit := int(l.rand.Below(uint64(p.Len()) * 8))
		l.damage(p, bit, rfc.LinkCorrupt, fx)
	}
	if l.rand.PerMillion(dir.way.ReorderPPM) {
		dir.held = append(dir.held, held{p, 1, rfc.LinkReorder})
	}
}

// twin sends a copy of a packet right behind it.
func (l *Link) twin(p *ip.Packet, d Direction, rule rfc.ID, fx *Effects) {
	n := event.Emit(fx.Because(p.By).OnHost(p.Host), rule, event.PacketDuplicated{Pkt: p.ID})
	twin := p.Copy(inet.PacketID(n))
	fx.Flights.Launch(twin)
	fx.Plans = append(fx.Plans, Plan{p.Arrive, Arrive, d, twin})
}

// damage turns one bit of a packet over.
func (l *Link) damage(p *ip.Packet, bit int, rule rfc.ID, fx *Effects) {
	p.Flip(bit)
	p.By = event.Emit(fx.Because(p.By).OnHost(p.Host), rule,
		event.PacketCorrupted{Pkt: p.ID, Bit: bit})
}

// overtake lets p arrive before the packets that are to be overtaken and wait for no other,
// if they are still on their way: they now arrive with p, behind it. A packet that not
// enough follow in time arrives as it would have.
func (l *Link) overtake(p *ip.Packet, d Direction, fx *Effects) {
	dir := &l.dirs[d]
	kept := dir.held[:0]
	for _, h := range dir.held {
		if h.left--; h.left > 0 {
			kept = append(kept, h)
			continue
		}
		if h.pkt.Arrive > p.Arrive { // put off by hand: overtaken already
			continue
		}
		h.pkt.Arrive = p.Arrive
		h.pkt.By = event.Emit(fx.Because(h.pkt.By).OnHost(h.pkt.Host), h.rule,
			event.PacketDelayed{Pkt: h.pkt.ID, Arrive: p.Arrive})
		fx.Plans = append(fx.Plans, Plan{p.Arrive, Arrive, d, h.pkt})
	}
	clear(dir.held[len(kept):])
	dir.held = kept
}

// release forgets that a packet, which has arrived or is gone, was to be overtaken.
func (l *Link) release(p *ip.Packet) {
	for i := range l.dirs {
		dir := &l.dirs[i]
		for j := range dir.held {
			if dir.held[j].pkt == p {
				dir.held = append(dir.held[:j], dir.held[j+1:]...)
				break
			}
		}
	}
}
