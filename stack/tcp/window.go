package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/seq"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// The receive window: RFC 9293 §3.8.6 and RFC 7323 §2.

// maxField is the greatest value of a header's window field.
const maxField = 1<<16 - 1

// maxScale is the greatest window scale: RFC 7323 §2.3, "the maximum scale exponent is
// limited to 14".
const maxScale = 14

// windowSpace is how much of a receive buffer of this size is offered as window when
// it is empty.
func (l *Layer) windowSpace(size inet.ByteCount) int {
	if n := l.k.AdvWinScale; n > 0 {
		size -= size >> n
	}
	return max(int(size), 1)
}

// windowScale is the shift that can express the largest window we may come to have. Where
// part of the buffer is overhead, as in linux, a buffer that the program fixed sets it too.
func (l *Layer) windowScale(size inet.ByteCount, fixed bool) uint8 {
	if l.k.WindowScale == 0 {
		return 0
	}
	largest := max(size, l.k.RcvBufMax)
	if fixed && l.k.AdvWinScale > 0 {
		largest = inet.ByteCount(l.windowSpace(size))
	}
	shift := uint8(0)
	for shift < maxScale && maxField<<shift < largest {
		shift++
	}
	return shift
}

// firstWindow is the window a SYN offers: unscaled (RFC 7323 §2.2), and by knob in whole
// segments where at least one fits, as linux does.
func (c *Conn) firstWindow() seq.Size {
	space := c.l.windowSpace(c.rcv.size)
	segment := c.announcedMSS()
	if c.ts.on {
		segment -= tsOptionLen
	}
	if space > segment && c.l.k.WholeWindow != 0 {
		space -= space % segment
	}
	return seq.Size(min(space, maxField))
}

// bestWindow is the window to offer now. It obeys SHLD-14, never moving the right edge
// to the left, and MUST-39: RFC 9293 §3.8.6.2.2, "keep RCV.NXT+RCV.WND fixed until the
// reduction satisfies RCV.BUFF - RCV.USER - RCV.WND >= min(Fr * RCV.BUFF, Eff.snd.MSS)".
func (c *Conn) bestWindow() seq.Size {
	space := c.l.windowSpace(c.rcv.size)
	free := min(space-c.rcv.buf.len(), maxField<<c.rcv.scale)
	if c.l.k.ShrinkWindow != 0 && free < int(c.rcv.wnd) {
		return c.shrunkWindow(free)
	}
	if c.l.k.OfferAll != 0 {
		return c.allWindow(free)
	}
	reduction := free - int(c.rcv.wnd)
	if reduction > 0 && reduction >= min(space/2, c.announcedMSS()) {
		whole := seq.Size(free) >> c.rcv.scale << c.rcv.scale
		return max(whole, c.rcv.wnd)
	}
	return c.rcv.wnd
}

// allWindow is FreeBSD's way to avoid silly windows (MUST-39): what is free is offered, and
// nothing while that is neither a segment nor a quarter of the buffer.
func (c *Conn) allWindow(free int) seq.Size {
	if free < int(c.rcv.size/4) && free < c.segmentMSS() {
		free = 0
	}
	return max(seq.Size(max(free, 0))>>c.rcv.scale<<c.rcv.scale, c.rcv.wnd)
}

// roundBuffers makes both buffers hold whole segments, as FreeBSD does when it knows how
// large those are.
func (c *Conn) roundBuffers() {
	mss := inet.ByteCount(c.segmentMSS())
	up := func(size, most inet.ByteCount) inet.ByteCount {
		if size < mss {
			return size
		}
		return max(size, min((size+mss-1)/mss*mss, most))
	}
	c.rcv.size = up(c.rcv.size, c.l.k.RcvBufMax)
	c.rcv.limit = max(c.rcv.limit, c.rcv.size)
	c.snd.size = up(c.snd.size, c.l.k.SndBufMax)
}

// shrunkWindow is the window when the buffer has become smaller than what was offered and
// the knob lets the right edge retreat (against SHLD-14; RFC 7323 §2.4 knows instances).
// What lies in the buffer ahead of a gap stays inside.
func (c *Conn) shrunkWindow(free int) seq.Size {
	wnd := seq.Size(max(free, 0)) >> c.rcv.scale << c.rcv.scale
	if n := len(c.rcv.held.list); n > 0 {
		wnd = max(wnd, c.rcv.held.list[n-1].end.Sub(c.rcv.nxt))
	}
	if c.rcv.finSeen && !c.rcv.fin {
		wnd = max(wnd, c.rcv.finAt.Sub(c.rcv.nxt)+1)
	}
	return min(wnd, c.rcv.wnd)
}

// offerWindow fills in a segment's window and reports whether RCV.WND changed.
func (c *Conn) offerWindow(out *wire.TCP) (changed bool) {
	if out.Flags.Has(wire.SYN) {
		out.Wnd = uint16(min(c.rcv.wnd, maxField))
		return false
	}
	if c.rcv.fin && c.l.k.OfferAll != 0 { // a FIN takes no room
		free := min(int(c.rcv.size)-c.rcv.buf.len(), maxField<<c.rcv.scale)
		out.Wnd = uint16(max(seq.Size(max(free, 0)), c.rcv.wnd) >> c.rcv.scale)
		return false
	}
	if !c.state.Synchronized() || c.rcv.fin || out.Flags.Has(wire.RST) {
		out.Wnd = uint16(c.rcv.wnd >> c.rcv.scale)
		return false
	}
	before := c.rcv.wnd
	wnd := c.bestWindow()
	field := wnd >> c.rcv.scale
	if field<<c.rcv.scale < wnd {
		// The field cannot say the window exactly. Rounding down would show the peer a
		// right edge that retreats (RFC 7323 §2.4), so round up while the buffer has room
		// for it; RCV.WND itself never shrinks either way.
		up := (field + 1) << c.rcv.scale
		if field < maxField && inet.ByteCount(up)+inet.ByteCount(c.rcv.buf.len()) <= c.rcv.limit {
			field, wnd = field+1, up
		}
	}
	c.rcv.wnd = wnd
	out.Wnd = uint16(field)
	return wnd != before
}

// resizeRcv changes the receive buffer. What was offered stays promised (SHLD-14), with
// the room that rounding to the window scale takes until it is used up.
func (c *Conn) resizeRcv(size inet.ByteCount) {
	promised := inet.ByteCount(c.rcv.wnd) + inet.ByteCount(c.rcv.buf.len())
	if size < promised {
		promised += promised / 8
	}
	c.rcv.size, c.rcv.limit = size, max(size, promised)
}

// windowUpdate reports whether reading made so much room that the peer should be told
// at once: as linux, when the window at least doubles from no more than half.
func (c *Conn) windowUpdate() bool {
	switch c.state {
	case inet.Established, inet.FinWait1, inet.FinWait2:
	default:
		return false
	}
	if c.l.k.OfferAll != 0 {
		return c.windowStep()
	}
	if 2*int(c.rcv.wnd) > c.l.windowSpace(c.rcv.size) {
		return false
	}
	best := c.bestWindow()
	return best > c.rcv.wnd && best >= 2*c.rcv.wnd
}

// windowStep is windowUpdate as in FreeBSD: when the right edge can move by two segments
// and by a good part of the buffer, unless an ACK that waits will tell.
func (c *Conn) windowStep() bool {
	best := c.bestWindow()
	if c.timers[timerDelack].running || best <= c.rcv.wnd {
		return false
	}
	step, size, mss := int(best-c.rcv.wnd), int(c.rcv.size), c.segmentMSS()
	return 2*step >= size || step >= 2*mss &&
		(step >= size/4 || int(best) <= size/8 || size <= 8*mss)
}

// autotune lets the receive buffer grow: when the program read, within one round trip,
// more than half of what the buffer can offer, the buffer and not the program is what
// limits the transfer. (Dynamic right-sizing, as linux does it.)
func (c *Conn) autotune(read int, now sim.Time) {
	limit := c.l.k.RcvBufMax
	if c.l.k.ModerateRcv == 0 || c.opts.RcvBuf > 0 || c.rcv.size >= limit || !c.rtt.measured {
		return
	}
	c.rcv.drsRead += read
	if now.Sub(c.rcv.drsAt) < max(c.rtt.srtt, tsTick) {
		return
	}
	if want := inet.ByteCount(4 * c.rcv.drsRead); want > c.rcv.size {
		c.resizeRcv(min(want, limit, 2*c.rcv.size))
	}
	c.rcv.drsMost = max(c.rcv.drsMost, c.rcv.drsRead)
	c.rcv.drsAt, c.rcv.drsRead = now, 0
}
