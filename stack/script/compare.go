package script

import (
	"bytes"
	"time"

	"labserver/stack/inet"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// differences names the parts in which a packet of the stack, in the script's numbers, is
// not the expected one. What the script does not write is not compared, but a list of
// options that it does not write is a list without options.
func (c *conn) differences(want, got, raw *Packet, st settings) []string {
	var diff []string
	differ := func(what string, is bool) {
		if is {
			diff = append(diff, what)
		}
	}
	if want.Proto != got.Proto {
		return []string{"protocol"}
	}
	differ("ECN mark", other(want.IP.ECN, got.IP.ECN))
	differ("TOS", other(want.IP.TOS, got.IP.TOS))
	differ("TTL", other(want.IP.TTL, got.IP.TTL))
	differ("flow label", want.IP.Flow != nil && (got.IP.Flow == nil || *got.IP.Flow != *want.IP.Flow))
	if want.Ports != nil {
		differ("ports", st.livePort(want.Ports[0]) != c.flow.Local.Port ||
			want.Ports[1] != c.flow.Remote.Port)
	}
	switch want.Proto {
	case inet.UDP:
		differ("length", want.Len != got.Len)
		return diff
	case inet.ICMP:
		return append(diff, icmpDifferences(want.ICMP, got.ICMP, st)...)
	}
	differ("flags", want.Flags != got.Flags || want.AE != got.AE)
	differ("sequence number", want.Seq != got.Seq && !zeroReset(want, raw))
	differ("length", want.Len != got.Len)
	differ("ack", want.Flags&wire.ACK != 0 && got.Flags&wire.ACK != 0 && want.Ack != got.Ack)
	differ("window", want.HasWin && want.Win != got.Win)
	differ("urgent pointer", want.HasUrg && want.Urg != got.Urg)
	if !want.AnyOpts {
		diff = append(diff, c.optionDifferences(want, got, raw, st)...)
	}
	return diff
}

func other(want, got *uint8) bool { return want != nil && (got == nil || *want != *got) }

// zeroReset tells a reset for a connection that is no more: "<SEQ=0>" (RFC 9293
// §3.10.7.1) is zero whatever numbers the connection had.
func zeroReset(want, raw *Packet) bool {
	return raw.Flags&wire.RST != 0 && raw.Seq == 0 && want.Seq == 0
}

// optionDifferences compares options in their order. Octets behind the last option fill
// the header up and count for nothing.
func (c *conn) optionDifferences(want, got, raw *Packet, st settings) []string {
	w, g := unpadded(want.Opts), unpadded(got.Opts)
	if len(w) != len(g) {
		return []string{"options"}
	}
	for i := range w {
		a, b := w[i], g[i]
		if a.Kind != b.Kind {
			return []string{"options"}
		}
		switch wire.OptionKind(a.Kind) {
		case wire.OptTS:
			if a.Ecr != b.Ecr && !(a.Ecr == 0 && raw.Flags&wire.ACK == 0) {
				return []string{"TS ecr"}
			}
			if off := c.stampOff(a.Value, findOption(raw.Opts, wire.OptTS).Value, st.tsTick); off >
				max(st.tolerance, st.tsTick) {
				return []string{"TS val"}
			}
		case wire.OptSACK:
			if !sameBlocks(a.Blocks, b.Blocks) {
				return []string{"SACK blocks"}
			}
		case optFastOpen:
			// In a SYN,ACK a cookie is of the stack's own making: its presence counts.
			made := raw.Flags&wire.ACK != 0 && len(a.Cookie) > 0 && len(b.Cookie) > 0
			if !made && !bytes.Equal(a.Cookie, b.Cookie) || a.Exp != b.Exp {
				return []string{"Fast Open cookie"}
			}
		default:
			if a.Value != b.Value || !bytes.Equal(a.Cookie, b.Cookie) {
				return []string{"options"}
			}
		}
	}
	return nil
}

func unpadded(opts []Option) []Option {
	for len(opts) > 0 && wire.OptionKind(opts[len(opts)-1].Kind) == wire.OptEOL {
		opts = opts[:len(opts)-1]
	}
	return opts
}

func sameBlocks(a, b [][2]uint32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// stampOff is how far a timestamp of the stack is from the script's, measured from the
// first one, if a tick has a length; 0 otherwise.
func (c *conn) stampOff(script, live uint32, tick time.Duration) time.Duration {
	if tick == 0 || len(c.stamps) == 0 {
		return 0
	}
	first := c.stamps[0]
	return abs(time.Duration(int32((live-first.live)-(script-first.script))) * tick)
}

func icmpDifferences(want, got *ICMPInfo, st settings) []string {
	var diff []string
	wt, wc, _ := icmpNumbers(want, st.ipv6)
	gt, gc, ok := icmpNumbers(got, st.ipv6)
	if !ok || wt != gt || wc != gc && want.Code != "" {
		diff = append(diff, "ICMP message")
	}
	if want.HasMTU && (!got.HasMTU || want.MTU+st.moreInFour != got.MTU) {
		diff = append(diff, "MTU")
	}
	q := want.Quoted
	switch {
	case q == nil:
	case got.Quoted == nil || got.Quoted.Proto != q.Proto:
		diff = append(diff, "what is quoted")
	case q.Proto == inet.UDP && got.Quoted.Len != q.Len,
		q.Proto == inet.TCP && got.Quoted.Seq != q.Seq:
		diff = append(diff, "what is quoted")
	}
	return diff
}

// piece is the part of a large expected packet that one real segment should be: the next
// n octets. PSH and FIN are the last one's, CWR the first one's (a machine that cuts
// segments in hardware does so).
func piece(want *Packet, n int, later bool) *Packet {
	p := *want
	p.Flags &^= wire.PSH
	if n < want.Len {
		p.Flags &^= wire.FIN
	}
	if later {
		p.Flags &^= wire.CWR
	}
	p.Len, p.End = n, want.Seq+uint32(n)
	return &p
}

// pieces reports whether a packet that is not the expected one may be the first of
// several that are it together: it begins where the expected begins and is as large as
// the connection's segments get.
func (r *runner) pieces(want, got *Packet, a *arrived) bool {
	if r.st.oneToOne || want.Proto != inet.TCP || got.Proto != inet.TCP ||
		got.Len == 0 || got.Len >= want.Len || want.Seq != got.Seq {
		return false
	}
	full := r.smssOf(a.on)
	if full > 0 && got.Len+len(appendOptions(nil, a.p.Opts)) < full {
		return false
	}
	got.Flags &^= wire.PSH // it counts up to one MSS
	return true
}

// rest takes the segments behind the first of a large expected packet: all of the first
// one's size but the last.
func (r *runner) rest(want, first *Packet, c *conn, deadline sim.Time) {
	left := *want
	for left.Len > first.Len {
		left.Seq += uint32(first.Len)
		left.Len -= first.Len
		a := r.await(deadline)
		if a == nil {
			r.missing(&left, deadline)
			return
		}
		r.outs = r.outs[1:]
		got := c.toScript(&a.p)
		got.Flags &^= wire.PSH
		part := piece(&left, min(left.Len, first.Len), true)
		if a.ends.dst != c.flow.Remote {
			r.raise("packet", r.difference(part, &got, a, []string{"ports"}))
		}
		if diff := c.differences(part, &got, &a.p, r.st); len(diff) > 0 {
			r.raise("packet", r.difference(part, &got, a, diff))
		}
		r.trace(r.event.Line, got.show(part), r.due, r.since(a.at), a.at)
	}
}
