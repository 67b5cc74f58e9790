package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// The options of the segments we send: RFC 9293 §3.1, RFC 7323, RFC 2018, RFC 2883.

// setOptions puts the options of a segment in. MUST-65: the MSS Option goes with SYNs
// only. RFC 7323 §2.2, §3.2, RFC 2018 §2: a SYN,ACK carries the others only when the SYN
// did.
func (c *Conn) setOptions(out *wire.TCP, tsval uint32) {
	o := &out.Opts
	o.Layout = wire.Layout(c.l.k.OptionOrder)
	if out.Flags.Has(wire.SYN) {
		k := c.l.k
		// FreeBSD drops what an old peer may not bear "after the third SYN".
		first := c.state == inet.SynSent && (k.DropOptions == 0 || c.retries < 3)
		o.MSS = uint16(c.announcedMSS())
		o.SACKOK = c.sack || first && k.SACK != 0
		if c.scaling || first && k.WindowScale != 0 {
			o.HasWScale, o.WScale = true, c.rcv.scale
		}
		o.HasTS = c.ts.on || first && k.Timestamps != 0
		if c.fast.grant || first && c.fast.ask && c.retries == 0 {
			o.FO, o.FOExp, o.Cookie = true, c.fast.exp, c.fast.cookie
		}
	} else {
		o.HasTS = c.ts.on
	}
	if o.HasTS {
		o.TSVal = tsval
		if out.Flags.Has(wire.ACK) {
			o.TSEcr = c.ts.recent
		}
	}
	if !c.sack || out.Flags&(wire.SYN|wire.RST) != 0 {
		return
	}
	room := len(o.SACK)
	if o.HasTS {
		room--
	}
	if len(out.Data) > 0 {
		room = min(room, (c.snd.mss-len(out.Data)-sackHeader)/sackBlock)
	}
	if room <= 0 {
		return
	}
	n := 0
	if c.rcv.hasDup {
		// RFC 2883 §4: the duplicate is reported first, once.
		o.SACK[0], n = c.rcv.dup, 1
	}
	o.NSACK = n + c.rcv.held.blocks(o.SACK[n:room])
	if c.l.k.SACKFIN != 0 && c.rcv.finSeen && !c.rcv.fin {
		c.coverFIN(o, n, room)
	}
}

// coverFIN lets the SACK blocks from the n-th on cover a FIN ahead of a gap, as linux does:
// RFC 2018 speaks of data only, but a FIN has a sequence number too.
func (c *Conn) coverFIN(o *wire.Options, n, room int) {
	at := c.rcv.finAt
	for i := n; i < o.NSACK; i++ {
		if o.SACK[i][1] == at {
			o.SACK[i][1] = at.Add(1)
			return
		}
	}
	if o.NSACK < room {
		o.SACK[o.NSACK] = [2]seq.Num{at, at.Add(1)}
		o.NSACK++
	}
}

// Octets of a SACK option with its padding, and of each block in it (RFC 2018 §3).
const (
	sackHeader = 4
	sackBlock  = 8
)

// effectiveMSS is how many data octets fit a segment now: SACK blocks take room too
// (RFC 6691 §2).
func (c *Conn) effectiveMSS() int {
	n := c.snd.mss
	if c.sack && (c.rcv.hasDup || len(c.rcv.held.list) > 0) {
		var seg wire.TCP
		c.setOptions(&seg, 0)
		plain := wire.Options{HasTS: c.ts.on}
		n -= seg.Opts.Len() - plain.Len()
	}
	return max(n, 1)
}
