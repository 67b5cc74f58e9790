package host

import (
	"labserver/stack/inet"
	"labserver/stack/probe"
	"labserver/stack/sock"
	"labserver/stack/view"
	"labserver/stack/wire"
)

// Probe runs ping or traceroute, or ends one: do gets the host's probes.
func (h *Host) Probe(fx *Effects, do func(*probe.Table, *probe.Effects)) {
	if h.probes == nil {
		h.probes = probe.New(h.IP)
	}
	fx.Scope = fx.OnHost(h.ID)
	pfx := probe.Effects{Effects: &fx.Effects, IDs: fx.IDs}
	do(h.probes, &pfx)
	for _, w := range pfx.Waits {
		fx.Waits = append(fx.Waits, sock.WaitOp{Call: w.Call, Slot: w.Slot, At: w.At, Stop: w.Stop})
	}
}

// Due goes on with a call whose time has come: a probe, or a socket call that waited.
func (h *Host) Due(call inet.CallID, fx *Effects) {
	if h.Probing(call) {
		h.Probe(fx, func(t *probe.Table, pfx *probe.Effects) { t.Fire(call, pfx) })
		return
	}
	h.Call(fx, func(t *sock.Table, sfx *sock.Effects) { t.Expire(call, sfx) })
}

// Probing reports whether a call is a ping or traceroute of this host.
func (h *Host) Probing(call inet.CallID) bool { return h.probes != nil && h.probes.Has(call) }

// Probes counts the pings and traceroutes that run.
func (h *Host) Probes() int {
	if h.probes == nil {
		return 0
	}
	return h.probes.Running()
}

// Leave ends what a process asked of ping and traceroute; nil ends all there is.
func (h *Host) Leave(p *sock.Proc, fx *Effects) {
	if h.Probes() == 0 {
		return
	}
	h.Probe(fx, func(t *probe.Table, pfx *probe.Effects) {
		if p == nil {
			t.LeaveAll(pfx)
			return
		}
		t.Leave(p.ID, pfx)
	})
}

// Calls returns the rows of the calls that wait on this host.
func (h *Host) Calls() []view.Call {
	rows := h.Socks.CallViews(h.ID)
	if h.probes != nil {
		rows = append(rows, h.probes.Calls(h.ID)...)
	}
	return rows
}

// notice shows an ICMP message to the probes that run; by is the event that it came.
func (h *Host) notice(p inet.PacketID, packet *wire.IP, m message, by uint64, fx *Effects) {
	if h.Probes() == 0 || !m.reply && !m.failure {
		return
	}
	a := probe.Answer{Pkt: p, Reply: m.reply, ID: m.id, Seq: m.seq, From: packet.Src,
		TTL: int(packet.TTL), Octets: len(packet.Payload), Reason: m.name, MTU: m.mtu,
		Passed: m.passed}
	if !m.reply {
		q, err := wire.ParseQuoted(m.data)
		if err != nil {
			return
		}
		a.Src, a.Dst, a.UDP = q.Src, q.Dst, q.Proto == inet.UDP
		echo := false
		if a.ID, a.Seq, echo = wire.QuotedEcho(m.data); !echo && !a.UDP {
			return
		}
	}
	scope := fx.Scope
	fx.Scope = fx.Because(by)
	h.Probe(fx, func(t *probe.Table, pfx *probe.Effects) { t.Take(&a, pfx) })
	fx.Scope = scope
}

// message is an ICMP message of either version, with what a probe asks of it.
type message struct {
	reply, failure, passed bool
	id, seq                uint16
	name                   string
	mtu                    int
	data                   []byte // of an error: the quoted packet
}

func message4(m *wire.ICMP) message {
	return message{reply: m.Type == wire.ICMPEchoReply, failure: m.IsError(), id: m.ID, seq: m.Seq,
		passed: m.Type == wire.ICMPTimeExceeded && m.Code == wire.ICMPTTLExceeded,
		name:   m.Name(), mtu: int(m.MTU), data: m.Data}
}

func message6(m *wire.ICMPv6) message {
	return message{reply: m.Type == wire.ICMPv6EchoReply, failure: m.IsError(), id: m.ID,
		seq: m.Seq, passed: m.Type == wire.ICMPv6TimeExceeded && m.Code == wire.ICMPv6HopLimit,
		name: m.Name(), mtu: int(min(m.MTU, 65535)), data: m.Data}
}
