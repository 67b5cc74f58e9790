package link

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
)

// impair does to a packet that will arrive what was set for the link: it is doubled,
// damaged, or overtaken by the next. The draws come in this order, after those of jitter
// and loss, and a rate of 0 draws nothing, so that one impairment more on one link shifts
// no other link's numbers.
func (l *Link) impair(p *ip.Packet, d Direction, fx *Effects) {
	l.overtake(p, d, fx)
	if l.rand.PerMillion(l.Params.DupPPM) && !fx.Flights.Full() {
		n := event.Emit(fx.Because(p.By).OnHost(p.Host), rfc.LinkDup, event.PacketDuplicated{Pkt: p.ID})
		twin := p.Copy(inet.PacketID(n))
		fx.Flights.Launch(twin)
		fx.Plans = append(fx.Plans, Plan{p.Arrive, Arrive, d, twin})
	}
	if l.rand.PerMillion(l.Params.CorruptPPM) {
		bit := int(l.rand.Below(uint64(p.Len()) * 8))
		p.Flip(bit)
		p.By = event.Emit(fx.Because(p.By).OnHost(p.Host), rfc.LinkCorrupt,
			event.PacketCorrupted{Pkt: p.ID, Bit: bit})
	}
	if l.rand.PerMillion(l.Params.ReorderPPM) {
		l.dirs[d].held = p
	}
}

// overtake lets p arrive before the packet that was drawn to be reordered, if that one is
// still on its way: it now arrives with p, behind it. A packet that none follows in time
// arrives as it would have.
func (l *Link) overtake(p *ip.Packet, d Direction, fx *Effects) {
	held := l.dirs[d].held
	if held == nil {
		return
	}
	l.dirs[d].held = nil
	if held.Arrive > p.Arrive { // put off by hand: overtaken already
		return
	}
	held.Arrive = p.Arrive
	held.By = event.Emit(fx.Because(held.By).OnHost(held.Host), rfc.LinkReorder,
		event.PacketDelayed{Pkt: held.ID, Arrive: p.Arrive})
	fx.Plans = append(fx.Plans, Plan{p.Arrive, Arrive, d, held})
}

// release forgets that a packet, which has arrived or is gone, was to be overtaken.
func (l *Link) release(p *ip.Packet) {
	for i := range l.dirs {
		if l.dirs[i].held == p {
			l.dirs[i].held = nil
		}
	}
}

// Double puts the copy of a packet that waits in a queue right behind it. The copy is one
// packet more than the queue may hold, since nobody sent it.
func (l *Link) Double(p, twin *ip.Packet) {
	for i := range l.dirs {
		dir := &l.dirs[i]
		for j, q := range dir.queue {
			if q == p {
				dir.queue = append(dir.queue, nil)
				copy(dir.queue[j+2:], dir.queue[j+1:])
				dir.queue[j+1] = twin
				dir.queued += twin.Len() + FrameOverhead
				return
			}
		}
	}
	panic("BUG: doubling what waits nowhere")
}
