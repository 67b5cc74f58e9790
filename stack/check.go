package stack

import (
	"strconv"

	"labserver/stack/inet"
	"labserver/stack/sock"
	"labserver/stack/tcp"
)

// Check reports whether c can be applied now: an *ArgError for an id that does not
// exist or a quota that is used up. It changes nothing.
func (w *World) Check(c Command) error {
	if w.Full() && !IsNote(c.Op) {
		return first(quota(MaxEvents, MaxEvents, "events"))
	}
	if id, ok := c.procArg(); ok {
		h := w.ownerOf(id)
		if h == nil {
			return &ArgError{Code: CodeUnknownProc, Field: "proc", Got: shorten(string(id))}
		}
		return w.checkCall(c)
	}
	if _, adding := c.Args.(HostAdd); !adding {
		if id, ok := c.hostArg(); ok && w.host(id) == nil {
			return &ArgError{Code: CodeUnknownHost, Field: "host", Got: shorten(string(id))}
		}
	}
	if err := w.checkSwitch(c); err != nil {
		return err
	}
	switch a := c.Args.(type) {
	case HostAdd:
		return w.checkHostAdd(a)
	case NICAdd:
		return w.checkNICAdd(a)
	case NICRemove:
		if w.host(a.Host).IP.NIC(a.NIC) == nil {
			return &ArgError{Code: CodeUnknownNIC, Field: "nic", Got: shorten(string(a.NIC))}
		}
	case LinkAdd:
		return w.checkLinkAdd(a)
	case LinkSet:
		return w.checkLinkSet(a)
	case LinkRules:
		return w.checkLink(a.Link)
	case LinkRemove:
		return w.checkLink(a.Link)
	case RouteAdd:
		return w.checkRouteAdd(a)
	case RouteRemove:
		for _, r := range w.host(a.Host).IP.Routes() {
			if r.Dst == a.Dst.Masked() && r.ByHand() {
				return nil
			}
		}
		return &ArgError{Code: CodeUnknownRoute, Field: "dst", Got: a.Dst.String()}
	case KnobSet:
		if !w.host(a.Host).TryKnob(a.Knob, a.Value) {
			return &ArgError{Code: CodeUnknownKnob, Field: "knob", Got: shorten(a.Knob + "=" + a.Value)}
		}
	case NeighFlush:
		if a.NIC != "" && w.host(a.Host).IP.NIC(a.NIC) == nil {
			return &ArgError{Code: CodeUnknownNIC, Field: "nic", Got: shorten(string(a.NIC))}
		}
	case ProcStart:
		return w.checkProcStart(a)
	case PacketInject:
		return w.checkInject(a)
	case Ping, Traceroute:
		return w.checkCall(c)
	case Interrupt:
		return w.checkInterrupt(a)
	case NATSet:
		return w.checkNATSet(a)
	case NATForward:
		return w.checkNATForward(a)
	case SegmentInject:
		return w.checkForge(a)
	}
	return w.checkEdit(c)
}

// checkCall refuses a call beyond what a world may have; a quiet world, which belongs to a
// program, has no such limits.
func (w *World) checkCall(c Command) error {
	probes := c.Op == "ping" || c.Op == "traceroute"
	if w.cfg.Quiet && probes {
		return w.checkProbe(c, 0)
	}
	if w.cfg.Quiet {
		return nil
	}
	sockets, calls := 0, 0
	for _, h := range w.hosts {
		calls += h.Socks.Pending() + h.Probes()
		for _, s := range h.Socks.Sockets() {
			calls += s.Pending()
			sockets += 1 + s.Accepting()
		}
	}
	if probes {
		return w.checkProbe(c, calls)
	}
	switch c.Op {
	case "socket", "accept":
		return first(quota(sockets, MaxSockets, "sockets"), quota(calls, MaxCalls, "calls"))
	case "connect", "send", "write", "sendto", "sendmsg", "recv", "read", "recvfrom", "recvmsg",
		"poll", "close":
		return first(quota(calls, MaxCalls, "calls"))
	}
	return nil
}

// quota refuses one more of what there are n of.
func quota(n, most int, what string) *ArgError {
	if n < most {
		return nil
	}
	return &ArgError{Code: CodeQuota, Field: what, Got: strconv.Itoa(n), Limit: strconv.Itoa(most)}
}

func (w *World) checkHostAdd(a HostAdd) error {
	switch {
	case a.ID != "" && w.host(a.ID) != nil:
		return &ArgError{Code: CodeTaken, Field: "id", Got: string(a.ID)}
	case a.Switch && (a.Bare || a.Forward || a.Addr.IsValid() || a.Addr6.IsValid()):
		return &ArgError{Code: CodeSwitch, Field: "switch", Got: string(a.ID),
			Limit: "ports only: no addr, forward or bare"}
	case a.Bare && a.Forward:
		return &ArgError{Code: CodeBare, Field: "forward", Got: string(a.ID)}
	case a.Profile != "" && !knownProfile(a.Profile):
		return &ArgError{Code: CodeUnknownProfile, Field: "profile", Got: shorten(a.Profile)}
	}
	return first(quota(len(w.hosts), MaxHosts, "hosts"))
}

func (w *World) checkNICAdd(a NICAdd) error {
	h := w.host(a.Host)
	if h.Switch == nil && !a.Addr.IsValid() {
		return &ArgError{Code: CodeMissing, Field: "addr"}
	}
	for _, n := range h.IP.NICs() {
		switch {
		case n.ID == a.NIC:
			return &ArgError{Code: CodeTaken, Field: "nic", Got: string(a.NIC)}
		case a.Addr.IsValid() && n.Has(a.Addr.Addr()):
			return &ArgError{Code: CodeTaken, Field: "addr", Got: a.Addr.String()}
		case a.Addr6.IsValid() && n.Has(a.Addr6.Addr()):
			return &ArgError{Code: CodeTaken, Field: "addr6", Got: a.Addr6.String()}
		}
	}
	return first(quota(len(h.IP.NICs()), maxNICs(h), "nics"))
}

func (w *World) checkLinkAdd(a LinkAdd) error {
	if a.ID != "" && w.link(a.ID) != nil {
		return &ArgError{Code: CodeTaken, Field: "id", Got: string(a.ID)}
	}
	if a.A.Host == a.B.Host {
		return &ArgError{Code: CodeSameHost, Field: "b.host", Got: shorten(string(a.B.Host))}
	}
	if err := first(w.checkEnd("a", a.A), w.checkEnd("b", a.B)); err != nil {
		return err
	}
	return first(quota(len(w.links), MaxLinks, "links"), w.checkLAN(a))
}

func (w *World) checkEnd(field string, e End) *ArgError {
	h := w.host(e.Host)
	switch {
	case h == nil:
		return &ArgError{Code: CodeUnknownHost, Field: field + ".host", Got: shorten(string(e.Host))}
	case h.Switch != nil && (h.IP.NIC(e.NIC) == nil && (e.NIC != "" || freeNIC(h) == nil)):
		return quota(len(h.IP.NICs()), maxNICs(h), "nics") // a new port is made
	case e.NIC == "" && freeNIC(h) == nil:
		return &ArgError{Code: CodeNoFreeNIC, Field: field + ".host", Got: string(e.Host)}
	case e.NIC == "":
		return nil
	case h.IP.NIC(e.NIC) == nil:
		return &ArgError{Code: CodeUnknownNIC, Field: field + ".nic", Got: shorten(string(e.NIC))}
	case h.IP.NIC(e.NIC).Link != "":
		return &ArgError{Code: CodeNICBusy, Field: field + ".nic", Got: string(e.NIC)}
	}
	return nil
}

func (w *World) checkLink(id inet.LinkID) error {
	if w.link(id) == nil {
		return &ArgError{Code: CodeUnknownLink, Field: "link", Got: shorten(string(id))}
	}
	return nil
}

func (w *World) checkRouteAdd(a RouteAdd) error {
	h := w.host(a.Host)
	for _, r := range h.IP.Routes() {
		if r.Dst == a.Dst.Masked() && r.Via == a.Via && r.ByHand() {
			return &ArgError{Code: CodeTaken, Field: "dst", Got: a.Dst.String()}
		}
	}
	if a.routeType() != "" {
		return first(quota(len(h.IP.Routes()), maxRoutes, "routes"))
	}
	for _, n := range h.IP.NICs() {
		if n.Reaches(a.Via) {
			return first(quota(len(h.IP.Routes()), maxRoutes, "routes"))
		}
	}
	return &ArgError{Code: CodeUnreachable, Field: "via", Got: a.Via.String()}
}

func (w *World) checkProcStart(a ProcStart) error {
	switch {
	case w.host(a.Host).Bare:
		return &ArgError{Code: CodeBare, Field: "host", Got: string(a.Host)}
	case a.ID != "" && w.ownerOf(a.ID) != nil:
		return &ArgError{Code: CodeTaken, Field: "id", Got: string(a.ID)}
	}
	return first(quota(len(w.host(a.Host).Socks.Procs()), sock.MaxProcs, "processes"))
}

func knownProfile(name string) bool { _, ok := tcp.Profile(name); return ok }
