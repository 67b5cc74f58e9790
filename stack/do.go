package stack

import (
	"strconv"
	"time"

	"labserver/stack/event"
	"labserver/stack/host"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/nat"
	"labserver/stack/rfc"
	"labserver/stack/sock"
)

// do carries out a checked world command. by is the event that caused it.
func (w *World) do(c Command, by uint64) {
	switch a := c.Args.(type) {
	case HostAdd:
		w.hostAdd(a, by)
	case HostRemove:
		w.hostRemove(a, by)
	case HostRename:
		h := w.host(a.Host)
		event.Emit(w.scope().Because(by).OnHost(h.ID), rfc.Topology,
			event.HostRenamed{Old: h.Name, New: a.Name})
		h.Name = a.Name
	case NICAdd:
		w.nicAdd(w.host(a.Host), a, by)
	case NICRemove:
		w.nicRemove(w.host(a.Host), a.NIC, by)
	case LinkAdd:
		w.linkAdd(a, by)
	case LinkSet:
		w.linkSet(a, by)
	case LinkRules:
		w.link(a.Link).SetRules(a.Rules, w.linkEffects(w.scope().Because(by)))
	case LinkRemove:
		w.linkRemove(w.link(a.Link), by)
	case RouteAdd:
		r, _ := w.host(a.Host).IP.AddRoute(ip.Route{Dst: a.Dst, Via: a.Via, MTU: a.MTU,
			AdvMSS: a.AdvMSS, Type: a.routeType()})
		event.Emit(w.scope().Because(by).OnHost(a.Host), rfc.Topology, event.RouteAdded(r))
	case RouteRemove:
		r, _ := w.host(a.Host).IP.RemoveRoute(a.Dst)
		event.Emit(w.scope().Because(by).OnHost(a.Host), rfc.Topology, event.RouteRemoved(r))
	case KnobSet:
		w.knobSet(a, by)
	case NeighFlush:
		w.neighFlush(a, by)
	case PacketInject:
		w.inject(a, by)
	case Ping, Traceroute, Interrupt:
		w.probe(c, by)
	case NATSet, NATForward:
		w.nat(c, by)
	case SegmentInject:
		w.forge(a, by)
	default:
		if !w.edit(c, by) {
			w.process(c, by)
		}
	}
}

// process carries out what concerns a process: its start, its end, its calls.
func (w *World) process(c Command, by uint64) {
	if a, ok := c.Args.(ProcStart); ok {
		id := a.ID
		for id == "" || a.ID == "" && w.ownerOf(id) != nil {
			id = w.ids.NextProc()
		}
		name := a.Name
		if name == "" {
			name = string(id)
		}
		w.onHost(w.host(a.Host), by, func(t *sock.Table, fx *sock.Effects) { t.Start(id, name, fx) })
		return
	}
	id, ok := c.procArg()
	if !ok {
		panic("BUG: a command that nothing carries out: " + c.Op)
	}
	h := w.ownerOf(id)
	p := h.Socks.Proc(id)
	if _, dies := c.Args.(ProcKill); dies {
		w.leave(h, p, by)
	}
	w.onHost(h, by, func(t *sock.Table, fx *sock.Effects) { call(t, p, c, fx) })
}

func (w *World) onHost(h *host.Host, by uint64, do func(*sock.Table, *sock.Effects)) {
	fx := w.effects(by)
	h.Call(fx, do)
	w.settle(h, fx)
}

// call makes the socket call that a command asks for.
func call(t *sock.Table, p *sock.Proc, c Command, fx *sock.Effects) {
	switch a := c.Args.(type) {
	case ProcKill:
		t.Kill(p, fx)
	case Socket:
		proto := inet.TCP
		if a.Proto == "udp" {
			proto = inet.UDP
		}
		family := sock.IP4
		if a.Family == "ip6" {
			family = sock.IP6
		}
		t.Socket(p, proto, family, fx)
	case Bind:
		t.Bind(p, a.FD, a.Addr, a.Port, fx)
	case Listen:
		backlog := sock.DefaultBacklog
		if a.Backlog != nil {
			backlog = *a.Backlog
		}
		t.Listen(p, a.FD, backlog, fx)
	case Accept:
		t.Accept(p, a.FD, fx)
	case Connect:
		t.Connect(p, a.FD, a.Addr, a.Port, fx)
	case Send, SendTo, SendMsg, Recv:
		transfer(t, p, c, fx)
	case Shutdown:
		t.Shutdown(p, a.FD, a.How, fx)
	case Close:
		t.Close(p, a.FD, fx)
	case SetSockOpt:
		t.SetSockOpt(p, a.FD, a.Option, a.setting(), fx)
	case GetSockOpt:
		t.GetSockOpt(p, a.FD, a.Option, fx)
	case GetName:
		if c.Op == "getpeername" {
			t.GetPeerName(p, a.FD, fx)
		} else {
			t.GetSockName(p, a.FD, fx)
		}
	case Poll:
		fds := make([]sock.PollFD, 0, len(a.FDs))
		for _, f := range a.FDs {
			events, _ := sock.ParsePollEvents(f.Events)
			fds = append(fds, sock.PollFD{FD: f.FD, Events: events})
		}
		t.Poll(p, fds, time.Duration(a.TimeoutMS)*time.Millisecond, fx)
	case Fcntl:
		t.Fcntl(p, a.FD, a.Cmd, a.Flags, fx)
	case Ioctl:
		t.Ioctl(p, a.FD, a.Request, fx)
	default:
		panic("BUG: a call that nothing makes: " + c.Op)
	}
}

// transfer makes a call that sends or receives.
func transfer(t *sock.Table, p *sock.Proc, c Command, fx *sock.Effects) {
	flags := func(names []string) sock.Flags {
		f, _ := sock.ParseFlags(c.Op, names)
		return f
	}
	switch a := c.Args.(type) {
	case Send:
		t.Send(p, c.Op, a.FD, sock.Sending{Flags: flags(a.Flags), Data: a.Payload.payload()}, fx)
	case SendTo:
		t.Send(p, c.Op, a.FD, sock.Sending{To: true, Addr: a.Addr, Port: a.Port,
			Flags: flags(a.Flags), Data: a.Payload.payload()}, fx)
	case SendMsg:
		t.Send(p, c.Op, a.FD, sock.Sending{To: a.Addr != "", Addr: a.Addr, Port: a.Port,
			Flags: flags(a.Flags), Data: a.Payload.payload()}, fx)
	case Recv:
		most := int64(defaultRecv)
		if a.Max != nil {
			most = *a.Max
		}
		t.Recv(p, c.Op, a.FD, most, flags(a.Flags), fx)
	}
}

// setting makes what setsockopt is given.
func (a SetSockOpt) setting() sock.Setting {
	if a.Text != nil {
		return sock.Setting{Text: *a.Text, IsText: true}
	}
	return sock.Setting{Value: *a.Value}
}

// defaultRecv is the buffer of a recv that names none.
const defaultRecv = 65536

func (w *World) hostAdd(a HostAdd, by uint64) {
	id := a.ID
	for id == "" || a.ID == "" && w.host(id) != nil {
		id = w.ids.NextHost()
	}
	name, profile := a.Name, a.Profile
	if name == "" {
		name = string(id)
	}
	if profile == "" {
		profile = w.cfg.Profile
	}
	h := newHost(id, name, profile, a, w.cfg.Seed)
	h.Bare = a.Bare
	if w.cfg.Quiet {
		h.Socks.FDs = 1<<31 - 1
	}
	w.hosts = append(w.hosts, h)
	event.Emit(w.scope().Because(by).OnHost(id), rfc.Topology,
		event.HostAdded{Name: name, Profile: profile, Forward: a.Forward, Bare: a.Bare,
			Switch: a.Switch})
	if a.Addr.IsValid() {
		w.nicAdd(h, NICAdd{Addr: a.Addr, Addr6: a.Addr6}, by)
	}
}

func (w *World) nicAdd(h *host.Host, a NICAdd, by uint64) {
	id, mtu := a.NIC, a.MTU
	for i := 0; id == "" || h.IP.NIC(id) != nil; i++ {
		id = inet.NICID("eth" + strconv.Itoa(i))
	}
	if mtu == 0 {
		mtu = ip.DefaultMTU
	}
	routes := h.IP.AddNIC(&ip.NIC{ID: id, Addr: a.Addr, Addr6: a.Addr6, MTU: mtu, MAC: w.mac()})
	scope := w.scope().Because(by).OnHost(h.ID)
	event.Emit(scope, rfc.Topology, event.NICAdded{NIC: id, Addr: a.Addr, Addr6: a.Addr6, MTU: mtu})
	for _, r := range routes {
		event.Emit(scope, rfc.Topology, event.RouteAdded(r))
	}
}

func (w *World) nicRemove(h *host.Host, id inet.NICID, by uint64) {
	if l := w.link(h.IP.NIC(id).Link); l != nil {
		w.linkRemove(l, by)
	}
	if h.IP.NAT(id) != nil {
		fx := w.effects(by)
		h.SetNAT(id, event.NATParams{Kind: nat.Off}, fx)
		w.settle(h, fx)
	}
	if len(h.Socks.Groups()) > 0 {
		w.onHost(h, by, func(t *sock.Table, fx *sock.Effects) { t.Unplug(id, fx) })
	}
	scope := w.scope().Because(by).OnHost(h.ID)
	for _, r := range h.IP.RemoveNIC(id) {
		event.Emit(scope, rfc.Topology, event.RouteRemoved(r))
	}
	event.Emit(scope, rfc.Topology, event.NICRemoved{NIC: id})
}

// hostRemove takes a host off the network first, so that its processes' last words go
// nowhere, then ends its processes, connections and interfaces.
func (w *World) hostRemove(a HostRemove, by uint64) {
	h := w.host(a.Host)
	for _, n := range append([]*ip.NIC{}, h.IP.NICs()...) {
		if l := w.link(n.Link); l != nil {
			w.linkRemove(l, by)
		}
	}
	w.leave(h, nil, by)
	for _, p := range append([]*sock.Proc{}, h.Socks.Procs()...) {
		w.onHost(h, by, func(t *sock.Table, fx *sock.Effects) { t.Kill(p, fx) })
	}
	w.onHost(h, by, func(_ *sock.Table, fx *sock.Effects) { h.AbortAll(fx) })
	fx := w.effects(by)
	fx.Scope = fx.OnHost(h.ID)
	h.IP.AbandonAll(rfc.HostGone, "host removed", &fx.Effects)
	w.settle(h, fx)
	w.dropWhere(func(p *ip.Packet) bool { return p.Host == h.ID && p.Link == "" },
		rfc.HostGone, "host removed", by)
	for _, n := range append([]*ip.NIC{}, h.IP.NICs()...) {
		w.nicRemove(h, n.ID, by)
	}
	for i, o := range w.hosts {
		if o == h {
			w.hosts = append(w.hosts[:i:i], w.hosts[i+1:]...)
			break
		}
	}
	event.Emit(w.scope().Because(by).OnHost(h.ID), rfc.Topology, event.HostRemoved{})
}

func freeNIC(h *host.Host) *ip.NIC {
	for _, n := range h.IP.NICs() {
		if n.Link == "" {
			return n
		}
	}
	return nil
}

// end settles which interface a link ends at.
func (w *World) end(e End, by uint64) (event.LinkEnd, *ip.NIC) {
	h := w.host(e.Host)
	n := h.IP.NIC(e.NIC)
	if e.NIC == "" {
		n = freeNIC(h)
	}
	if n == nil { // of a switch: Check let nothing else pass
		n = w.port(h, e.NIC, by)
	}
	return event.LinkEnd{Host: h.ID, NIC: n.ID}, n
}
