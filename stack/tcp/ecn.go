package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// Explicit congestion notification: RFC 3168 §6.1.

// The codepoints of the ECN field of an IP header (RFC 3168 §5).
const (
	ecnMask  = 3
	ecnECT1  = 1
	ecnECT0  = 2
	ecnCE    = 3
	ecnSetup = wire.ECE | wire.CWR // the flags of an ECN-setup SYN (RFC 3168 §6.1.1)
)

// ecnState is what both halves of a connection know of ECN. The zero value uses none.
type ecnState struct {
	on   bool // both sides agreed
	seen bool // a packet of the peer's was marked, or could have been

	// The receiver's half.
	echo bool // CE came, and no CWR since

	// The sender's half.
	cwr  bool     // the next new data carries CWR
	high lossMark // SND.NXT at the last reduction: nothing before it counts again
}

// asksECN reports whether our next SYN asks for ECN.
func (c *Conn) asksECN() bool {
	k := c.l.k
	// RFC 3168 §6.1.1.1: "a host that receives no reply to an ECN-setup SYN within the
	// normal SYN retransmission timeout interval MAY resend the SYN […] with CWR and ECE
	// cleared".
	fallen := k.ECNFallback > 0 && int64(c.retries) >= k.ECNFallback
	return k.ECN == 1 && !fallen
}

// agreeECN decides by the peer's SYN: RFC 3168 §6.1.1, "an ECN-setup SYN packet" has ECE
// and CWR, "an ECN-setup SYN-ACK packet" has ECE and not CWR. "A host MUST NOT set ECT on
// data packets unless it has sent at least one ECN-setup SYN or ECN-setup SYN-ACK packet,
// and has received at least one […], and has sent no non-ECN-setup SYN or non-ECN-setup
// SYN-ACK packet."
func (c *Conn) agreeECN(seg *wire.TCP) {
	flags := seg.Flags & ecnSetup
	if seg.Flags.Has(wire.ACK) {
		c.ecn.on = flags == wire.ECE && c.asksECN()
		return
	}
	c.ecn.on = flags == ecnSetup && c.l.k.ECN != 0
}

// synAgain takes the peer's SYN a second time: "If a host has received at least one
// non-ECN-setup SYN […], then it SHOULD NOT set ECT on data packets" (RFC 3168 §6.1.1).
func (c *Conn) synAgain(seg *wire.TCP, fx *Effects) {
	if !c.ecn.on || seg.Flags&ecnSetup == ecnSetup {
		return
	}
	c.ecn.on = false
	emit(c, rfc.TCPECNFallback, c.synchronized(), fx)
}

// markECN sets the flags of a segment and returns the ECN field of its packet. Only new
// data may be marked by the network: RFC 3168 §6.1.5 forbids ECT on retransmissions,
// §6.1.4 on pure acknowledgments, §6.1.6 on window probes, §6.1.1 on SYNs.
func (c *Conn) markECN(out *wire.TCP, again bool, rule rfc.ID) (tos uint8) {
	switch {
	case out.Flags.Has(wire.RST):
		return 0
	case out.Flags.Has(wire.SYN | wire.ACK):
		if c.ecn.on {
			out.Flags |= wire.ECE
		}
		return 0
	case out.Flags.Has(wire.SYN):
		if c.asksECN() {
			out.Flags |= ecnSetup
		}
		return 0
	case !c.ecn.on:
		return 0
	}
	// §6.1.3: "it sets the ECN-Echo flag in the TCP header of the subsequent ACK packet […]
	// until it receives a CWR packet".
	if c.ecn.echo {
		out.Flags |= wire.ECE
	}
	if len(out.Data) == 0 || again || rule == rfc.TCPProbe {
		return 0
	}
	// §6.1.2: "it SHOULD set the CWR bit only on the first new data packet that it
	// transmits" after the window was reduced.
	if c.ecn.cwr {
		out.Flags |= wire.CWR
		c.ecn.cwr = false
	}
	return ecnECT0
}

// reduced is told of every reduction of cwnd: RFC 3168 §6.1.2, "when an ECN-Capable TCP
// sender reduces its congestion window for any reason […], the TCP sender sets the CWR
// flag in the TCP header of the first new data packet sent after the window reduction".
func (c *Conn) reduced() {
	if c.ecn.on {
		c.ecn.cwr, c.ecn.high = true, lossMark{c.snd.nxt, true}
	}
}

// spent reports whether the window sent so far was answered with a reduction: RFC 3168
// §6.1.2, "TCP should not react to congestion indications more than once every window of
// data". Something beyond it must be acknowledged, so that the CWR has arrived.
func (c *Conn) spent() bool {
	return c.ecn.high.set && c.snd.una.LessEq(c.ecn.high.seq)
}

// takeECE takes the ECE flag of an acknowledgment, with flight octets outstanding before
// it: RFC 3168 §6.1.2, "the indication of congestion should be treated just as a
// congestion loss in non-ECN-capable TCP". While a loss is repaired the window has been
// reduced already.
func (c *Conn) takeECE(seg *wire.TCP, flight inet.ByteCount, fx *Effects) {
	if c.echoes(seg) && flight > 0 && !c.spent() && c.congested(flight, fx) {
		c.reduced()
	}
}

// echoes reports whether a segment tells of a mark: "the TCP source does not increase the
// congestion window in response to the receipt of an ECN-Echo ACK packet" (§6.1.2).
func (c *Conn) echoes(seg *wire.TCP) bool {
	return c.ecn.on && seg.Flags.Has(wire.ECE) && !seg.Flags.Has(wire.SYN)
}

// takeMark is the receiver's half (RFC 3168 §6.1.3) for a segment whose data lies in the
// window (§6.1.5 lets the rest be ignored): a CWR ends the echo, a CE begins it, so a
// marked segment with CWR leaves it on.
func (c *Conn) takeMark(seg *wire.TCP, fx *Effects) {
	if !c.ecn.on {
		return
	}
	if seg.Flags.Has(wire.CWR) {
		c.ecn.echo = false
		if c.l.k.QuickAcks > 0 {
			c.ackNow(rfc.TCPECNQuick)
		}
	}
	switch fx.TOS & ecnMask {
	case ecnCE:
		if !c.ecn.echo && c.l.k.QuickAcks > 0 {
			c.ackNow(rfc.TCPECNQuick)
		}
		c.ecn.seen, c.ecn.echo = true, true
	case ecnECT0, ecnECT1:
		c.ecn.seen = true
	}
}

// ecnName is the ECN field of a TOS octet as events show it.
func ecnName(tos uint8) string {
	switch tos & ecnMask {
	case ecnECT0:
		return "ect0"
	case ecnECT1:
		return "ect1"
	case ecnCE:
		return "ce"
	}
	return ""
}
