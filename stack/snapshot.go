package stack

import (
	"crypto/sha256"
	"encoding/json"
	"sort"

	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/link"
	"labserver/stack/tcp"
	"labserver/stack/view"
)

// View builds the visible state from the world itself (not by folding): law L3 compares
// the two.
func (w *World) View() view.View {
	v := view.New()
	for _, h := range w.hosts {
		v.Hosts = append(v.Hosts, h.View())
		for _, s := range h.Socks.Sockets() {
			v.Sockets = append(v.Sockets, s.View(h.ID))
		}
		v.Calls = append(v.Calls, h.Calls()...)
		for _, c := range h.TCP.Conns() {
			v.Connections = append(v.Connections, c.View())
		}
	}
	for _, l := range w.links {
		v.Links = append(v.Links, linkRow(l))
	}
	for _, p := range w.flights.All() {
		v.Packets = append(v.Packets, packetRow(p))
	}
	v.Counters = view.Counters{Sent: w.flights.Sent, Delivered: w.flights.Delivered,
		Dropped: w.flights.Dropped}
	// Ids are a letter and a growing number, so their order is that of creation.
	sort.Slice(v.Sockets, func(i, j int) bool {
		return older(string(v.Sockets[i].ID), string(v.Sockets[j].ID))
	})
	sort.Slice(v.Connections, func(i, j int) bool {
		return older(string(v.Connections[i].ID), string(v.Connections[j].ID))
	})
	sort.Slice(v.Calls, func(i, j int) bool {
		return older(string(v.Calls[i].ID), string(v.Calls[j].ID))
	})
	return v
}

func linkRow(l *link.Link) view.Link {
	row := view.Link{ID: l.ID, A: l.A, B: l.B, Params: l.Params, Rules: []view.RuleCount{}}
	for i, r := range l.Rules() {
		matched, acted := l.Counts(i)
		row.Rules = append(row.Rules, view.RuleCount{Rule: r, Matched: matched, Acted: acted})
	}
	for _, d := range []link.Direction{link.AtoB, link.BtoA} {
		q := &row.Queues[d]
		q.Octets, q.Packets, q.Vars = l.Waiting(d)
	}
	return row
}

func packetRow(p *ip.Packet) view.Packet {
	row := view.Packet{Pkt: p.ID, Proto: p.Proto.String(), Label: p.Label, Host: p.Host,
		Link: p.Link, To: p.To, Queued: p.Queued, Depart: p.Depart, Arrive: p.Arrive,
		Src: p.Src.String(), Dst: p.Dst.String()}
	if p.Queued {
		row.QueueOctets = p.Len() + link.FrameOverhead
	}
	switch {
	case p.ARP:
		row.Proto = "arp"
		row.Src, row.Dst = p.Src.Addr.String(), p.Dst.Addr.String()
	case p.Portless:
		row.Src, row.Dst = p.Src.Addr.String(), p.Dst.Addr.String()
	case p.Proto == inet.ICMP || p.Proto == inet.ICMPv6:
		row.Proto = inet.ICMP.String()
		row.Src, row.Dst = p.Src.Addr.String(), p.Dst.Addr.String()
	}
	return row
}

func older(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// TCPInfo is getsockopt(TCP_INFO) of a process's descriptor; false when there is no
// connection. It is no command and leaves no trace.
func (w *World) TCPInfo(proc inet.ProcID, fd int) (tcp.Info, bool) {
	h := w.ownerOf(proc)
	if h == nil {
		return tcp.Info{}, false
	}
	return h.Socks.TCPInfo(h.Socks.Proc(proc), fd, w.now)
}

// Hash is SHA-256 over the canonical encoding of all events, one a line, then of the
// view.
func (w *World) Hash() [32]byte {
	h := sha256.New()
	var line []byte
	for e := range w.log.Since(1) {
		line = append(e.AppendJSON(line[:0]), '\n')
		h.Write(line)
	}
	v, err := json.Marshal(w.View())
	if err != nil {
		panic("BUG: a view that cannot be encoded: " + err.Error())
	}
	h.Write(v)
	return [32]byte(h.Sum(nil))
}
