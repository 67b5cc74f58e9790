package view

import (
	"sort"

	"labserver/stack/event"
	"labserver/stack/inet"
)

// New returns the view of the empty world. Its slices are empty, not nil, so that they
// are [] in JSON.
func New() View {
	return View{
		Hosts: []Host{}, Links: []Link{}, Sockets: []Socket{},
		Connections: []Conn{}, Calls: []Call{}, Packets: []Packet{},
	}
}

// Reduce folds one event into v. Folding all events of a run, in order, gives the
// visible state of its world (law L3). Kinds that change nothing visible by themselves
// (commands, notes, refusals) leave v alone.
func Reduce(v *View, e event.Event) {
	switch b := e.Body.(type) {
	case event.SegmentSent, event.DatagramSent, event.ICMPSent, event.SegmentReceived,
		event.DatagramReceived, event.ICMPReceived, event.PacketQueued,
		event.PacketDeparted, event.PacketArrived, event.PacketDropped, event.PacketInjected,
		event.PacketTaken, event.PacketDuplicated, event.PacketDelayed, event.PacketFragmented,
		event.PacketMerged, event.PacketTranslated, event.PacketEdited, event.ARPSent,
		event.ARPReceived:
		v.packet(e)
	case event.SndChanged:
		v.conn(e.Conn).Snd = b.New
	case event.RcvChanged:
		v.conn(e.Conn).Rcv = b.New
	case event.CCChanged:
		v.conn(e.Conn).CC = b.New
	case event.LossChanged:
		v.conn(e.Conn).Loss = b.New
	case event.UrgentChanged:
		v.conn(e.Conn).Urgent = b.New
	case event.ConnMSS:
		v.conn(e.Conn).SMSS = b.New
	case event.RTTChanged:
		v.conn(e.Conn).RTT = b.New
	case event.TimerArmed:
		v.conn(e.Conn).arm(Timer{Name: b.Timer, At: b.At})
	case event.TimerStopped:
		v.conn(e.Conn).disarm(b.Timer)
	case event.TimerFired:
		v.conn(e.Conn).disarm(b.Timer)
	case event.ConnOpened, event.ConnState, event.ConnSynchronized, event.ConnAttached,
		event.ConnDetached, event.ConnClosed:
		v.connection(e)
	case event.CallBlocked:
		v.Calls = append(v.Calls, Call{b.Call, e.Host, b.Proc, b.Op, b.FD, e.T})
	case event.CallReturned:
		v.unblock(b.Call)
	case event.CallFailed:
		v.unblock(b.Call)
	case event.SocketCreated, event.SocketBound, event.SocketConnected,
		event.SocketListening, event.SocketQueues, event.SocketBuffer, event.SocketOption,
		event.SocketError, event.SocketShutdown, event.SocketClosed:
		v.socketEvent(e)
	case event.LinkAdded, event.LinkChanged, event.LinkRules, event.LinkMatched,
		event.QueueChanged, event.LinkRemoved:
		v.linkEvent(e)
	default:
		v.hostEvent(e)
	}
}

// hostEvent folds the events that build a host.
func (v *View) hostEvent(e event.Event) {
	switch b := e.Body.(type) {
	case event.HostAdded:
		v.Hosts = append(v.Hosts, Host{ID: e.Host, Name: b.Name, Profile: b.Profile,
			Forward: b.Forward, NICs: []NIC{}, Routes: []Route{}, Procs: []Proc{},
			Bare: b.Bare, Switch: b.Switch, Knobs: []Knob{}, Paths: []Path{}})
	case event.HostRemoved:
		v.Hosts = remove(v.Hosts, func(h *Host) bool { return h.ID == e.Host })
	case event.HostRenamed:
		v.host(e.Host).Name = b.New
	case event.NICAdded:
		h := v.host(e.Host)
		h.NICs = append(h.NICs, NIC{ID: b.NIC, Addr: b.Addr, Addr6: b.Addr6, MTU: b.MTU})
	case event.NICRemoved:
		h := v.host(e.Host)
		h.NICs = remove(h.NICs, func(n *NIC) bool { return n.ID == b.NIC })
	case event.RouteAdded:
		h := v.host(e.Host)
		h.Routes = append(h.Routes, Route(b))
	case event.RouteRemoved:
		h := v.host(e.Host)
		h.Routes = remove(h.Routes, func(r *Route) bool { return *r == Route(b) })
	case event.KnobSet:
		v.host(e.Host).set(Knob{b.Knob, b.New})
	case event.PathMTU:
		v.host(e.Host).learn(Path{b.Dst, b.New})
	case event.ProcStarted:
		h := v.host(e.Host)
		h.Procs = append(h.Procs, Proc{b.Proc, b.Name})
	case event.ProcEnded:
		h := v.host(e.Host)
		h.Procs = remove(h.Procs, func(p *Proc) bool { return p.ID == b.Proc })
	case event.NATSet, event.NATMapped, event.NATChanged, event.NATExpired:
		v.nat(e)
	default:
		v.lanEvent(e)
	}
}

// packet folds the life of packets: sent, queued, departed, arrived, then received or
// dropped.
func (v *View) packet(e event.Event) {
	switch b := e.Body.(type) {
	case event.SegmentSent:
		v.launch(e, "tcp", b.Seg.Flags, b.Seg.Src.String(), b.Seg.Dst.String())
	case event.DatagramSent:
		v.launch(e, "udp", "udp", b.Dgram.Src.String(), b.Dgram.Dst.String())
	case event.ICMPSent:
		v.launch(e, "icmp", b.ICMP.Name, b.ICMP.Src.String(), b.ICMP.Dst.String())
	case event.ARPSent:
		v.launch(e, "arp", "arp "+b.ARP.Op, b.ARP.Sender.String(), b.ARP.Target.String())
	case event.ARPReceived:
		v.land(b.Pkt, &v.Counters.Delivered)
	case event.SegmentReceived:
		v.land(b.Pkt, &v.Counters.Delivered)
	case event.DatagramReceived:
		v.land(b.Pkt, &v.Counters.Delivered)
	case event.ICMPReceived:
		v.land(b.Pkt, &v.Counters.Delivered)
	case event.PacketDropped:
		v.dequeue(v.inFlight(b.Pkt))
		v.land(b.Pkt, &v.Counters.Dropped)
	case event.PacketInjected:
		v.launch(e, b.Proto, b.Proto, b.Src, b.Dst)
	case event.PacketTaken:
		v.land(b.Pkt, &v.Counters.Delivered)
	case event.PacketDuplicated:
		v.copyOf(b.Pkt, e.N, "")
	case event.PacketFragmented:
		v.copyOf(b.Pkt, e.N, "fragment")
	case event.PacketMerged:
		v.land(b.Pkt, &v.Counters.Delivered)
	case event.PacketEdited:
		if b.Field == "flags" {
			v.inFlight(b.Pkt).Label = b.New
		}
	case event.PacketDelayed:
		v.inFlight(b.Pkt).Arrive = b.Arrive
	case event.PacketTranslated:
		p := v.inFlight(b.Pkt)
		p.Src, p.Dst = b.Src, b.Dst
	case event.PacketQueued:
		p := v.inFlight(b.Pkt)
		p.Host, p.Link = b.From, b.Link
		v.enqueue(p, b.Octets)
	case event.PacketDeparted:
		p := v.inFlight(b.Pkt)
		v.dequeue(p)
		p.Host, p.Link, p.To = b.From, b.Link, b.To
		p.Depart, p.Arrive = e.T, b.Arrive
	case event.PacketArrived:
		p := v.inFlight(b.Pkt)
		p.Host, p.Link, p.To = e.Host, "", ""
		p.Depart, p.Arrive = 0, 0
	}
}

func (v *View) launch(e event.Event, proto, label, src, dst string) {
	v.Counters.Sent++
	v.Packets = append(v.Packets, Packet{Pkt: inet.PacketID(e.N), Proto: proto, Label: label,
		Src: src, Dst: dst, Host: e.Host})
}

// copyOf adds a packet that is where another is; a label of "" is the other's.
func (v *View) copyOf(pkt inet.PacketID, n uint64, label string) {
	row := *v.inFlight(pkt)
	row.Pkt = inet.PacketID(n)
	if row.Queued {
		q := v.link(row.Link).from(row.Host)
		q.Octets += row.QueueOctets
		q.Packets++
	}
	if label != "" {
		row.Label = label
	}
	v.Counters.Sent++
	v.Packets = append(v.Packets, row)
}

func (v *View) land(pkt inet.PacketID, counter *int64) {
	*counter++
	i := v.packetIndex(pkt)
	if i < len(v.Packets)/2 { // the oldest land first, mostly: move what is before it
		copy(v.Packets[1:i+1], v.Packets[:i])
		v.Packets[0] = Packet{}
		v.Packets = v.Packets[1:]
		return
	}
	v.Packets = append(v.Packets[:i], v.Packets[i+1:]...)
}

// connection folds the life of a TCB.
func (v *View) connection(e event.Event) {
	switch b := e.Body.(type) {
	case event.ConnOpened:
		v.Connections = append(v.Connections, Conn{ID: e.Conn, Host: e.Host, Sock: b.Sock,
			Listener: b.Listener, Local: b.Local, Remote: b.Remote, Active: b.Active,
			State: b.State, ISS: b.ISS, Timers: []Timer{}})
		if b.Sock != "" {
			v.socket(b.Sock).Conn = e.Conn
		}
	case event.ConnState:
		v.conn(e.Conn).State = b.New
	case event.ConnSynchronized:
		c := v.conn(e.Conn)
		c.IRS, c.SMSS = b.IRS, b.SMSS
		c.SndWScale, c.RcvWScale = b.SndWScale, b.RcvWScale
		c.Timestamps, c.SACK, c.ECN = b.Timestamps, b.SACK, b.ECN
	case event.ConnAttached:
		v.conn(e.Conn).Sock = b.Sock
		v.socket(b.Sock).Conn = e.Conn
	case event.ConnDetached:
		v.conn(e.Conn).Sock = ""
	case event.ConnClosed:
		if s := v.conn(e.Conn).Sock; s != "" {
			v.socket(s).Conn = ""
		}
		v.Connections = remove(v.Connections, func(c *Conn) bool { return c.ID == e.Conn })
	}
}

// socketEvent folds the life of a socket.
func (v *View) socketEvent(e event.Event) {
	switch b := e.Body.(type) {
	case event.SocketCreated:
		s := Socket{ID: b.Sock, Host: e.Host, Proc: b.Proc, FD: b.FD, Proto: b.Proto,
			Family: b.Family, Local: b.Local, Remote: b.Remote, Listener: b.Listener,
			Options: []Option{}}
		if s.Family == "" {
			s.Family = "ip4"
		}
		v.Sockets = append(v.Sockets, s)
	case event.SocketBound:
		v.socket(b.Sock).Local = b.Local
	case event.SocketConnected:
		s := v.socket(b.Sock)
		s.Local, s.Remote = b.Local, b.Remote
	case event.SocketListening:
		s := v.socket(b.Sock)
		s.Listening, s.Backlog = true, b.Backlog
	case event.SocketQueues:
		s := v.socket(b.Sock)
		s.SynQueue, s.AcceptQueue = b.SynQueue, b.AcceptQueue
	case event.SocketBuffer:
		s := v.socket(b.Sock)
		s.Octets, s.Datagrams = b.Octets, b.Datagrams
	case event.SocketOption:
		v.socket(b.Sock).set(Option{b.Option, b.New, b.NewText})
	case event.SocketError:
		v.socket(b.Sock).Error = b.Errno
	case event.SocketShutdown:
		s := v.socket(b.Sock)
		s.ShutRead, s.ShutWrite = b.Read, b.Write
	case event.SocketClosed:
		v.Sockets = remove(v.Sockets, func(s *Socket) bool { return s.ID == b.Sock })
	}
}

func (v *View) unblock(id inet.CallID) {
	v.Calls = remove(v.Calls, func(c *Call) bool { return c.ID == id })
}

// arm inserts or moves a timer, keeping the order of names.
func (c *Conn) arm(t Timer) {
	for i := range c.Timers {
		if c.Timers[i].Name == t.Name {
			c.Timers[i] = t
			return
		}
	}
	c.Timers = append(c.Timers, t)
	sort.Slice(c.Timers, func(i, j int) bool { return c.Timers[i].Name < c.Timers[j].Name })
}

func (c *Conn) disarm(name event.Timer) {
	c.Timers = remove(c.Timers, func(t *Timer) bool { return t.Name == name })
}

func (h *Host) set(k Knob) {
	for i := range h.Knobs {
		if h.Knobs[i].Name == k.Name {
			h.Knobs[i] = k
			return
		}
	}
	h.Knobs = append(h.Knobs, k)
}

// learn puts a path's MTU in; 0 forgets it.
func (h *Host) learn(p Path) {
	h.Paths = remove(h.Paths, func(o *Path) bool { return o.Dst == p.Dst })
	if p.MTU > 0 {
		h.Paths = append(h.Paths, p)
	}
}

func (s *Socket) set(o Option) {
	for i := range s.Options {
		if s.Options[i].Name == o.Name {
			s.Options[i] = o
			return
		}
	}
	s.Options = append(s.Options, o)
}

// Host returns the row of a host, nil if there is none.
func (v *View) Host(id inet.HostID) *Host {
	return find(v.Hosts, func(h *Host) bool { return h.ID == id })
}

// Socket returns the row of a socket, nil if there is none.
func (v *View) Socket(id inet.SocketID) *Socket {
	return find(v.Sockets, func(s *Socket) bool { return s.ID == id })
}

// Conn returns the row of a connection, nil if there is none.
func (v *View) Conn(id inet.ConnID) *Conn {
	return find(v.Connections, func(c *Conn) bool { return c.ID == id })
}

func (v *View) host(id inet.HostID) *Host       { return must(v.Host(id), string(id)) }
func (v *View) socket(id inet.SocketID) *Socket { return must(v.Socket(id), string(id)) }
func (v *View) conn(id inet.ConnID) *Conn       { return must(v.Conn(id), string(id)) }
func (v *View) link(id inet.LinkID) *Link {
	return must(find(v.Links, func(l *Link) bool { return l.ID == id }), string(id))
}
func (v *View) inFlight(pkt inet.PacketID) *Packet { return &v.Packets[v.packetIndex(pkt)] }

// packetIndex finds a packet by its id; ids only grow, so the slice is sorted.
func (v *View) packetIndex(pkt inet.PacketID) int {
	i := sort.Search(len(v.Packets), func(i int) bool { return v.Packets[i].Pkt >= pkt })
	if i == len(v.Packets) || v.Packets[i].Pkt != pkt {
		panic("BUG: an event names a packet that is not under way")
	}
	return i
}

// find returns the last row that matches: what changes is mostly what is young.
func find[T any](rows []T, match func(*T) bool) *T {
	for i := len(rows) - 1; i >= 0; i-- {
		if match(&rows[i]) {
			return &rows[i]
		}
	}
	return nil
}

func must[T any](row *T, id string) *T {
	if row == nil {
		panic("BUG: an event names " + id + ", which is not in the view")
	}
	return row
}

func remove[T any](rows []T, match func(*T) bool) []T {
	for i := range rows {
		if match(&rows[i]) {
			return append(rows[:i], rows[i+1:]...)
		}
	}
	return rows
}
