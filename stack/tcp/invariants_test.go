package tcp

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
)

// byDefault is the invariant that only holds for a connection with the host's settings.
const byDefault = "keep-alives wait two hours by default"

// invariants lists what RFCs state of a sender's and a receiver's conduct. The honest stack
// keeps every one in every run; each mutant breaks one.
func invariants() []stated {
	return []stated{
		{"the first flight is at most IW", rfc.TCPInitialWindow, firstFlightWithinIW},
		{"a timeout sends one segment again", rfc.TCPRTOResend, oneSegmentAfterTimeout},
		{"a timeout leaves room for one segment", rfc.TCPLossWindow, lossWindowAfterTimeout},
		{"a number stands for one octet for ever", rfc.TCPRTOResend, sameOctetsAgain},
		{"what arrived in the window is not asked for again", rfc.TCPHold, keepsWhatArrived},
		{"congestion avoidance adds one segment a round trip", rfc.TCPAvoidance, oneSMSSPerWindow},
		{"the first RTO is a second at least", rfc.TCPRTOFirst, firstRTO},
		{"fast recovery ends at ssthresh", rfc.TCPFullACK, recoveryEndsAtSsthresh},
		{"no single keep-alive decides", rfc.TCPKeepDead, keepalivePatience},
		{"the RTO doubles from timeout to timeout", rfc.TCPRTOBackoff, rtoDoubles},
		{byDefault, rfc.TCPKeepIdle, keepaliveIdleness},
		{"a closed window lets ACKs in", rfc.TCPZeroWindow, ackInZeroWindow},
		{"every second full-sized segment is acknowledged", rfc.TCPSecondACK, ackEverySecond},
		{"a FIN goes at once when all before it has", rfc.TCPClose, finPromptly},
		{"data for a closed socket is reset", rfc.TCPLateData, resetAfterClose},
		{"a close with data unread resets", rfc.TCPUnread, resetOnUnread},
		{"data and options fit the peer's MSS", rfc.TCPSendMSS, dataAndOptionsFit},
	}
}

// firstFlightWithinIW: RFC 6928 §2, RFC 5681 §3.1.
func firstFlightWithinIW(l *life) {
	sending, over := false, false
	l.walk(func(e event.Event, s *sight) {
		over = over || sending && stimulus(e) // a tail loss probe goes beyond cwnd (RFC 8985 §7.3)
		sent, ok := e.Body.(event.SegmentSent)
		if !ok || sent.Seg.Len == 0 || s.smss == 0 || over {
			return
		}
		sending = true
		iw := l.k.IW
		limit := min(iw*s.smss, max(2*s.smss, iw*1460))
		end := sent.Seg.Seq.Add(seq.Size(sent.Seg.Len))
		if n := int64(end.Sub(s.iss.Add(1))); n > limit {
			l.bad(e, "%d octets before the first acknowledgment, IW is %d", n, limit)
		}
	})
}

// oneSegmentAfterTimeout: RFC 6298 §5.4, "Retransmit the earliest segment that has not been
// acknowledged by the TCP receiver."
func oneSegmentAfterTimeout(l *life) {
	n, fired := int64(0), false
	l.walk(func(e event.Event, s *sight) {
		switch b := e.Body.(type) {
		case event.SegmentReceived, event.ConnMSS: // an ACK, or a router that turned one back
			fired = false
		case event.TimerFired:
			n, fired = 0, b.Timer == "rto"
		case event.SegmentSent:
			if !fired || !b.Seg.Retransmission || s.smss == 0 {
				return
			}
			if n += int64(b.Seg.Len); n > s.smss {
				l.bad(e, "%d octets sent again at once, SMSS is %d", n, s.smss)
			}
		}
	})
}

// lossWindowAfterTimeout: RFC 5681 §3.1, "cwnd MUST be set to no more than the loss window,
// LW, which equals 1 full-sized segment". What is in flight still, and not lost, comes on
// top of it.
func lossWindowAfterTimeout(l *life) {
	fired, resent := false, false
	var last event.Event
	judge := func(s *sight) {
		pipe := s.flight() - int64(s.loss.Sacked+s.loss.Lost-s.loss.Retrans)
		if resent && int64(s.cc.Cwnd) > pipe+s.smss {
			l.bad(last, "cwnd is %d after a timeout with %d in flight", s.cc.Cwnd, pipe)
		}
		fired, resent = false, false
	}
	l.walk(func(e event.Event, s *sight) {
		if stimulus(e) {
			judge(s)
		}
		switch b := e.Body.(type) {
		case event.TimerFired:
			fired = b.Timer == "rto"
		case event.SegmentSent:
			if fired && e.Rule == rfc.TCPRTOResend && b.Seg.Len > 0 && s.state.Synchronized() {
				resent, last = true, e
			}
		}
	})
}

// sameOctetsAgain: RFC 9293 §3.4, "every octet of data sent over a TCP connection has a
// sequence number".
func sameOctetsAgain(l *life) {
	sent := map[seq.Num]byte{}
	l.walk(func(e event.Event, s *sight) {
		b, ok := e.Body.(event.SegmentSent)
		if !ok {
			return
		}
		from := b.Seg.Seq
		if flagged(b.Seg.Flags, "S") {
			from = from.Add(1)
		}
		for i, octet := range b.Seg.Data {
			at := from.Add(seq.Size(i))
			if old, again := sent[at]; again && old != octet {
				l.bad(e, "octet %s was %q, now %q", at, old, octet)
				return
			}
			sent[at] = octet
		}
	})
}

// keepsWhatArrived: SHLD-31. RCV.NXT never stops inside data that arrived in the window.
func keepsWhatArrived(l *life) {
	type span struct{ from, to seq.Num }
	var kept []span
	var last *span
	var lastN uint64
	l.walk(func(e event.Event, s *sight) {
		switch b := e.Body.(type) {
		case event.SegmentReceived:
			if last != nil {
				kept, last = append(kept, *last), nil
			}
			from, to := b.Seg.Seq, b.Seg.Seq.Add(seq.Size(b.Seg.Len))
			if s.receiving() && b.Seg.Len > 0 && flagged(b.Seg.Flags, "A") && !s.detached &&
				s.rcv.NXT.LessEq(from) && to.LessEq(s.rcv.NXT.Add(seq.Size(s.rcv.WND))) {
				last, lastN = &span{from, to}, e.N
			}
		case event.SegmentRefused:
			if last != nil && e.By == lastN && b.Reason != "too-many-gaps" {
				last = nil
			}
		case event.RcvChanged:
			for _, k := range kept {
				if b.Old.NXT != b.New.NXT && k.from.LessEq(b.New.NXT) && b.New.NXT.Less(k.to) {
					l.bad(e, "RCV.NXT is %s, but up to %s arrived before", b.New.NXT, k.to)
				}
			}
		}
	})
}

// oneSMSSPerWindow: RFC 5681 §3.1, "during congestion avoidance, cwnd is incremented by
// roughly 1 full-sized segment per round-trip time". CUBIC has a law of its own.
func oneSMSSPerWindow(l *life) {
	if l.k.Congestion == "cubic" {
		return
	}
	const phase = "congestion-avoidance"
	var begin, grown, acked int64
	var here int64       // of acked, by the segment at hand
	var last event.Event // that grew cwnd
	l.walk(func(e event.Event, s *sight) {
		switch b := e.Body.(type) {
		case event.SegmentReceived, event.TimerFired:
			// By now all is known that the one before delivered.
			if limit := s.smss * (acked/max(begin, 1) + 1); last.N > 0 && grown > limit {
				l.bad(last, "cwnd grew by %d from %d for %d octets acknowledged", grown, begin, acked)
			}
			last, here = event.Event{}, 0
		case event.SndChanged:
			n := int64(b.New.UNA.Sub(b.Old.UNA))
			acked, here = acked+n, here+n
		case event.LossChanged:
			acked += max(0, int64(b.New.Sacked-b.Old.Sacked))
		case event.CCChanged:
			if takenBack(e.Rule) || b.Old.Phase != phase || b.New.Phase != phase || b.New.Cwnd < b.Old.Cwnd {
				begin, grown, acked, last = int64(b.New.Cwnd), 0, here, event.Event{}
				return
			}
			grown += int64(b.New.Cwnd - b.Old.Cwnd)
			last = e
		}
	})
}

// firstRTO: RFC 6298 §2.1, before any measurement.
func firstRTO(l *life) {
	var first sim.Time
	seen := false
	l.walk(func(e event.Event, s *sight) {
		b, ok := e.Body.(event.SegmentSent)
		if !ok || !flagged(b.Seg.Flags, "S") || l.k.InitialRTO < time.Second {
			return
		}
		if !seen {
			seen, first = true, e.T
		} else if e.Rule == rfc.TCPRTOResend && e.T.Sub(first) < time.Second {
			l.bad(e, "sent again after %s", e.T.Sub(first))
		}
	})
}

// recoveryEndsAtSsthresh: RFC 5681 §3.2, step 6, "a TCP MUST set cwnd to ssthresh (the value
// set in step 2). This is termed 'deflating' the window." Taking a reduction back raises
// ssthresh as well.
func recoveryEndsAtSsthresh(l *life) {
	l.walk(func(e event.Event, s *sight) {
		b, ok := e.Body.(event.CCChanged)
		if !ok || b.Old.Phase != "fast-recovery" || takenBack(e.Rule) {
			return
		}
		open := b.New.Phase == "congestion-avoidance" || b.New.Phase == "slow-start"
		if open && int64(b.New.Cwnd) > int64(b.New.Ssthresh)+s.smss {
			l.bad(e, "cwnd %d, ssthresh %d", b.New.Cwnd, b.New.Ssthresh)
		}
	})
}

// takenBack tells of the rules by which a reduction is undone.
func takenBack(rule rfc.ID) bool {
	return rule == rfc.TCPEifel || rule == rfc.TCPDSACKUndo || rule == rfc.TCPFRTO
}

// keepalivePatience: MUST-29, "it MUST NOT interpret failure to respond to any specific
// probe as a dead connection".
func keepalivePatience(l *life) {
	probes := 0
	l.walk(func(e event.Event, s *sight) {
		switch {
		case e.Kind() == "segment.received":
			probes = 0
		case e.Rule == rfc.TCPKeepProbe && e.Kind() == "segment.sent":
			probes++
		case e.Rule == rfc.TCPKeepDead && e.Kind() == "conn.closed" && probes < 2:
			l.bad(e, "dead after %d probes", probes)
		}
	})
}

// keepaliveIdleness: MUST-28, the interval "MUST default to no less than two hours".
func keepaliveIdleness(l *life) {
	l.walk(func(e event.Event, s *sight) {
		if e.Rule == rfc.TCPKeepProbe && e.Kind() == "segment.sent" && l.k.KeepIdle >= 2*time.Hour &&
			e.T.Sub(s.heard) < 2*time.Hour {
			l.bad(e, "after %s of silence", e.T.Sub(s.heard))
		}
	})
}

// rtoDoubles: RFC 6298 §5.5, "The host MUST set RTO <- RTO * 2 ("back off the timer")".
func rtoDoubles(l *life) {
	var ran, last time.Duration // of the timer that runs; of the one that ran out
	l.walk(func(e event.Event, s *sight) {
		switch b := e.Body.(type) {
		case event.SndChanged:
			if b.Old.UNA != b.New.UNA {
				last = 0
			}
		case event.RTTChanged:
			if b.SampleNS > 0 {
				last = 0
			}
		case event.TimerFired:
			if b.Timer == "rto" {
				last = min(ran, time.Duration(s.rtt.RTO)) // it may have run on from a longer one
			} else if b.Timer == "persist" {
				last = 0
			}
		case event.TimerArmed:
			if b.Timer != "rto" {
				return
			}
			if ran = b.At.Sub(e.T); last > 0 && ran < min(2*last, l.k.MaxRTO) {
				l.bad(e, "RTO %s after one of %s ran out", ran, last)
			}
		}
	})
}

// ackInZeroWindow: RFC 9293 §3.10.7.4, "If the RCV.WND is zero, no segments will be
// acceptable, but special allowance should be made to accept valid ACKs, URGs, and RSTs."
func ackInZeroWindow(l *life) {
	var owed *event.SegmentReceived
	var at event.Event
	l.walk(func(e event.Event, s *sight) {
		if stimulus(e) && owed != nil {
			if s.state.Synchronized() && s.snd.UNA.Less(owed.Seg.Ack) {
				l.bad(at, "ACK %s was not taken", owed.Seg.Ack)
			}
			owed = nil
		}
		switch b := e.Body.(type) {
		case event.SegmentReceived:
			if b.Seg.Flags == "A" || b.Seg.Flags == "PA" {
				if s.smss > 0 && s.rcv.WND == 0 && b.Seg.Seq == s.rcv.NXT &&
					s.snd.UNA.Less(b.Seg.Ack) && b.Seg.Ack.LessEq(s.snd.NXT) {
					owed, at = &b, e
				}
			}
		case event.SegmentRefused:
			if b.Reason == "old-timestamp" || b.Reason == "no-timestamp" {
				owed = nil
			}
		}
	})
}

// ackEverySecond: SHLD-19, "an ACK SHOULD be generated for at least every second full-sized
// segment".
func ackEverySecond(l *life) {
	l.walk(func(e event.Event, s *sight) {
		if !stimulus(e) || s.smss == 0 || s.segMax == 0 || !s.state.Synchronized() {
			return
		}
		unacked := int(s.rcv.NXT.Sub(s.acked))
		if limit := int(max(2, l.k.MaxUnackedRcv)) * s.segMax; unacked > limit {
			l.bad(e, "%d octets taken and not acknowledged, segments have %d", unacked, s.segMax)
		}
	})
}

// finPromptly: RFC 9293 §3.10.4, "Queue this until all preceding SENDs have been
// segmentized, then form a FIN segment and send it."
func finPromptly(l *life) {
	due, at := false, event.Event{}
	l.walk(func(e event.Event, s *sight) {
		if due && e.T > at.T {
			l.bad(at, "no FIN was sent")
			due = false
		}
		switch b := e.Body.(type) {
		case event.ConnState:
			ending := b.New == inet.FinWait1 || b.New == inet.LastAck
			repairing := s.cc.Phase == "loss" || s.cc.Phase == "fast-recovery"
			if ending && e.Rule == rfc.TCPClose && b.Old.Synchronized() && !repairing &&
				int64(s.snd.Queued) == s.flight() && int64(s.snd.WND) > s.flight() {
				due, at = true, e
			}
		case event.SegmentSent:
			due = due && !flagged(b.Seg.Flags, "F")
		}
	})
}

// resetAfterClose: SHLD-3, "if new data is received after CLOSE is called, its TCP
// implementation SHOULD send a RST to show that data was lost".
func resetAfterClose(l *life) {
	owed, at := false, event.Event{}
	l.walk(func(e event.Event, s *sight) {
		if stimulus(e) && owed {
			l.bad(at, "no RST answered data for a closed socket")
			owed = false
		}
		switch b := e.Body.(type) {
		case event.SegmentReceived:
			end := b.Seg.Seq.Add(seq.Size(b.Seg.Len))
			if s.detached && s.receiving() && flagged(b.Seg.Flags, "A") &&
				!flagged(b.Seg.Flags, "S") && !flagged(b.Seg.Flags, "R") && s.rcv.WND > 0 &&
				b.Seg.Seq.LessEq(s.rcv.NXT) && s.rcv.NXT.Less(end) &&
				b.Seg.Ack.LessEq(s.snd.NXT) && s.snd.UNA.LessEq(b.Seg.Ack) {
				owed, at = true, e
			}
		case event.SegmentRefused:
			owed = owed && b.Reason == "nobody-reads"
		case event.SegmentSent:
			owed = owed && !flagged(b.Seg.Flags, "R")
		case event.ConnState:
			if b.New == inet.Closing || b.New == inet.TimeWait {
				owed = false // the FIN had come before
			}
		}
	})
	if owed {
		l.bad(at, "no RST answered data for a closed socket")
	}
}

// resetOnUnread: RFC 2525 §2.17, RFC 9293 §3.6.1 (SHLD-3), "If such a host issues a CLOSE
// call while received data is still pending".
func resetOnUnread(l *life) {
	owed, at := false, event.Event{}
	l.walk(func(e event.Event, s *sight) {
		if owed && e.T > at.T {
			l.bad(at, "data was unread, and no RST was sent")
			owed = false
		}
		switch b := e.Body.(type) {
		case event.ConnDetached:
			if s.rcv.Queued > 0 && (s.receiving() || s.state == inet.CloseWait) {
				owed, at = true, e
			}
		case event.SegmentSent:
			owed = owed && !flagged(b.Seg.Flags, "R")
		}
	})
	if owed {
		l.bad(at, "data was unread, and no RST was sent")
	}
}

// dataAndOptionsFit: RFC 6691 §2, "the MSS value to be sent in an MSS option should be equal
// to the effective MTU minus the fixed IP and TCP headers", and "the sender must reduce the
// TCP data length to account for any IP or TCP options that it is including".
func dataAndOptionsFit(l *life) {
	l.walk(func(e event.Event, s *sight) {
		b, ok := e.Body.(event.SegmentSent)
		if !ok || b.Seg.Len == 0 || b.Seg.Opts == nil || flagged(b.Seg.Flags, "S") ||
			s.peerMSS == 0 {
			return
		}
		options := 0
		if b.Seg.Opts.TS {
			options += 12
		}
		if n := len(b.Seg.Opts.SACK); n > 0 {
			options += 4 + 8*n
		}
		if b.Seg.Len+options > s.peerMSS {
			l.bad(e, "%d octets of data and %d of options, the peer's MSS is %d", b.Seg.Len,
				options, s.peerMSS)
		}
	})
}
