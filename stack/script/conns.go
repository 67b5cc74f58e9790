package script

import (
	"labserver/stack/inet"
	"labserver/stack/wire"
)

// conn is one pair of ports that packets of the script go between, with what turns the
// script's relative numbers into real ones.
type conn struct {
	proto inet.Protocol
	flow  inet.Flow // Local is the stack under test's
	fd    int       // the live descriptor that holds it, -1 if none is known

	local, remote offset   // of the sequence numbers of each side
	stamps        []stamps // of expected segments: what the script says, what came
}

// offset is what is added to a script's sequence number to get the real one.
type offset struct {
	known bool
	add   uint32
}

// cookie pairs a Fast Open cookie of the script with the one the stack made.
type cookie struct{ script, live []byte }

// stamps pairs a timestamp of the script with the real one.
type stamps struct{ script, live uint32 }

// toLive gives a packet of the script real numbers: an injected one.
func (c *conn) toLive(p *Packet) Packet {
	q := *p
	if p.Proto != inet.TCP {
		return q
	}
	q.Seq += c.remote.add
	q.End += c.remote.add
	if p.Flags&wire.ACK != 0 {
		q.Ack += c.local.add
	}
	q.Opts = append([]Option{}, p.Opts...)
	for i := range q.Opts {
		o := &q.Opts[i]
		switch wire.OptionKind(o.Kind) {
		case wire.OptTS:
			o.Ecr = c.stampToLive(o.Ecr)
		case wire.OptSACK:
			o.Blocks = shift(o.Blocks, c.local.add)
		}
	}
	return q
}

// toScript gives a real packet the script's numbers: one that the stack sent.
func (c *conn) toScript(p *Packet) Packet {
	q := *p
	if p.Proto == inet.ICMP && p.ICMP.Quoted != nil && p.ICMP.Quoted.Proto == inet.TCP {
		i, quoted := *p.ICMP, *p.ICMP.Quoted // what it quotes was injected
		quoted.Seq -= c.remote.add
		quoted.End -= c.remote.add
		i.Quoted, q.ICMP = &quoted, &i
	}
	if p.Proto != inet.TCP {
		return q
	}
	q.Seq -= c.local.add
	q.End -= c.local.add
	if p.Flags&wire.ACK != 0 {
		q.Ack -= c.remote.add
	}
	q.Opts = append([]Option{}, p.Opts...)
	for i := range q.Opts {
		o := &q.Opts[i]
		switch wire.OptionKind(o.Kind) {
		case wire.OptTS:
			o.Value = c.stampToScript(o.Value)
		case wire.OptSACK:
			o.Blocks = shift(o.Blocks, -c.remote.add)
		}
	}
	return q
}

func shift(blocks [][2]uint32, by uint32) [][2]uint32 {
	out := make([][2]uint32, len(blocks))
	for i, b := range blocks {
		out[i] = [2]uint32{b[0] + by, b[1] + by}
	}
	return out
}

// stampToLive finds the real timestamp for one of the script's: the very one if it was
// seen, else one as far from the first that was. Zero echoes nothing.
func (c *conn) stampToLive(v uint32) uint32 {
	if len(c.stamps) == 0 {
		return v
	}
	best := c.stamps[0]
	for _, s := range c.stamps {
		if s.script == v {
			best = s
		}
	}
	if best.script != v && v == 0 {
		return 0
	}
	return best.live + v - best.script
}

// stampToScript is the reverse, for showing.
func (c *conn) stampToScript(v uint32) uint32 {
	if len(c.stamps) == 0 {
		return v
	}
	best := c.stamps[0]
	for _, s := range c.stamps {
		if s.live == v {
			best = s
		}
	}
	return best.script + v - best.live
}

// learnStamp remembers that the script calls a timestamp of the stack so.
func (c *conn) learnStamp(expected, live *Packet) {
	e, l := findOption(expected.Opts, wire.OptTS), findOption(live.Opts, wire.OptTS)
	if e == nil || l == nil {
		return
	}
	for _, s := range c.stamps {
		if s == (stamps{e.Value, l.Value}) {
			return
		}
	}
	c.stamps = append(c.stamps, stamps{e.Value, l.Value})
}

func findOption(opts []Option, kind wire.OptionKind) *Option {
	for i := range opts {
		if wire.OptionKind(opts[i].Kind) == kind {
			return &opts[i]
		}
	}
	return nil
}

// learnISN takes the initial sequence number out of a SYN that the stack sent, which the
// script writes as expected. A connection made again on the same ports has a new one.
func (c *conn) learnISN(expected, live *Packet) {
	if live.Flags&wire.SYN == 0 || c.local.known && expected.Flags&wire.SYN == 0 {
		return
	}
	script := uint32(0)
	if expected.Proto == inet.TCP && expected.Flags&wire.SYN != 0 {
		script = expected.Seq
	}
	c.local = offset{true, live.Seq - script}
}
