package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// Proportional Rate Reduction: RFC 9937.

// prrState is the state of RFC 9937 §6.2. The zero value is no reduction.
type prrState struct {
	delivered inet.ByteCount // prr_delivered: delivered during recovery
	out       inet.ByteCount // prr_out: sent during recovery
	recoverFS inet.ByteCount // RecoverFS: in flight when recovery began
}

// startPRR begins a reduction. RFC 9937 §6.2: "RecoverFS = SND.NXT - SND.UNA", without
// "bytes SACKed before entering recovery", which "will not be marked as delivered during
// recovery", and with what the acknowledgment that began it delivered.
func (c *Conn) startPRR(d *delivery) {
	held := c.snd.queue.sacked.octets + c.loss.guessed
	c.loss.prr = prrState{recoverFS: max(c.flight()-held+d.octets, 1)}
}

// reducing reports whether what is sent now counts as sent during a reduction.
func (c *Conn) reducing() bool {
	return (c.cc.phase == phaseRecovery || c.cc.phase == phaseCWR) && c.loss.repair == repairPRR
}

// stepPRR sets cwnd for one acknowledgment: what is outstanding, and as much as may be
// sent for it.
func (c *Conn) stepPRR(d *delivery, fx *Effects) {
	p, pipe, ssthresh := &c.loss.prr, c.outstanding(), c.cc.ssthresh
	if d.octets <= 0 && p.out > 0 {
		return // RFC 9937 §6.2: "if (DeliveredData is 0) Return"
	}
	p.delivered += d.octets
	var send inet.ByteCount
	rule := rfc.TCPPRR
	switch {
	case pipe > ssthresh:
		// "SndCnt = CEIL(prr_delivered * ssthresh / RecoverFS) - prr_out", rounded up to whole
		// segments, as the RFC's figures and linux count.
		whole := p.recoverFS * c.cc.smss
		send = (p.delivered*ssthresh+whole-1)/whole*c.cc.smss - p.out
	default:
		// "PRR-CRB by default: SndCnt = MAX(prr_delivered - prr_out, DeliveredData)"
		send, rule = max(p.delivered-p.out, d.octets), rfc.TCPPRRCRB
		if d.advanced && !d.lost {
			// "PRR-SSRB when recovery is in good progress: SndCnt += SMSS". SafeACK is an
			// acknowledgment that "advances SND.UNA and indicates no further loss".
			send, rule = send+c.cc.smss, rfc.TCPPRRSSRB
		}
		// "Attempt to catch up, as permitted"
		send = min(ssthresh-pipe, send)
	}
	if p.out == 0 {
		// "Force a fast retransmit upon entering recovery"
		send = max(send, c.cc.smss)
	}
	c.cc.cwnd = pipe + max(send, 0)
	c.showCC(rule, fx)
}
