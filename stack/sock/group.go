package sock

import (
	"net/netip"
	"strings"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/udp"
	"labserver/stack/view"
)

// Multicast as programs have it: RFC 1112 §6.1 and §7.1, ip(7), ipv6(7), RFC 3493 §5.2. A
// group is given as text, "239.1.1.1", or with an interface, "239.1.1.1%eth1"; without one
// the route to the group chooses it. Only a socket that joined a group gets what is sent to
// it. (Linux's IP_MULTICAST_ALL, on by default, gives it to every socket bound to the port
// once any program has joined; we do as POSIX systems otherwise do.)

// maxMemberships is how many groups a socket may be in: Linux's igmp_max_memberships.
const maxMemberships = 20

// Groups returns the memberships of the host's sockets, as folding the events gives them.
func (t *Table) Groups() []view.Group { return t.groups }

// groupOption carries out the options that are about memberships; false if it is none.
func (t *Table) groupOption(c *call, s *Socket, option, text string, fx *Effects) bool {
	join := option == "IP_ADD_MEMBERSHIP" || option == "IPV6_JOIN_GROUP"
	if !join && option != "IP_DROP_MEMBERSHIP" && option != "IPV6_LEAVE_GROUP" {
		return false
	}
	m, errno := t.membership(s, text)
	at := -1
	for i, o := range s.groups {
		if o == m {
			at = i
		}
	}
	switch {
	case errno == inet.ENODEV:
		c.fail(rfc.GroupNIC, errno, "text", fx)
	case errno != inet.OK:
		c.fail(rfc.GroupBad, errno, "text", fx)
	case join && at >= 0:
		c.fail(rfc.GroupTwice, inet.EADDRINUSE, "text", fx)
	case join && len(s.groups) == maxMemberships:
		c.fail(rfc.GroupLimit, inet.ENOBUFS, "text", fx)
	case !join && at < 0:
		c.fail(rfc.GroupUnknown, inet.EADDRNOTAVAIL, "text", fx)
	case join:
		t.join(s, m, fx)
		c.returns(rfc.OptionCall, 0, fx)
	default:
		t.leave(s, at, fx)
		c.returns(rfc.OptionCall, 0, fx)
	}
	return true
}

// membership reads a group and its interface.
func (t *Table) membership(s *Socket, text string) (udp.Membership, inet.Errno) {
	name, nic, _ := strings.Cut(text, "%")
	group, err := netip.ParseAddr(name)
	if err != nil || !group.IsMulticast() || group.Is4() != (s.family == IP4) || group.Is4In6() {
		return udp.Membership{}, inet.EINVAL
	}
	if nic != "" {
		n := t.ip.NICNamed(nic)
		if n == nil {
			return udp.Membership{}, inet.ENODEV
		}
		return udp.Membership{Group: group, NIC: n.ID}, inet.OK
	}
	path, ok := t.ip.GroupPath(netip.Addr{}, "", group)
	if !ok {
		return udp.Membership{}, inet.ENODEV
	}
	return udp.Membership{Group: group, NIC: path.NIC.ID}, inet.OK
}

func (t *Table) join(s *Socket, m udp.Membership, fx *Effects) {
	t.ip.Join(m.Group, m.NIC)
	s.groups = append(s.groups[:len(s.groups):len(s.groups)], m)
	s.tellGroups()
	t.groups = append(t.groups, view.Group{Sock: s.id, Group: m.Group, NIC: m.NIC})
	event.Emit(fx.Scope, rfc.GroupJoin, event.GroupJoined{Sock: s.id, Group: m.Group, NIC: m.NIC})
}

func (t *Table) leave(s *Socket, at int, fx *Effects) {
	m := s.groups[at]
	t.ip.Leave(m.Group, m.NIC)
	s.groups = append(s.groups[:at:at], s.groups[at+1:]...)
	s.tellGroups()
	row := view.Group{Sock: s.id, Group: m.Group, NIC: m.NIC}
	for i, g := range t.groups {
		if g == row {
			t.groups = append(t.groups[:i:i], t.groups[i+1:]...)
			break
		}
	}
	if len(t.groups) == 0 {
		t.groups = nil
	}
	event.Emit(fx.Scope, rfc.GroupLeave, event.GroupLeft{Sock: s.id, Group: m.Group, NIC: m.NIC})
}

// tellGroups lets UDP know, if the socket is bound.
func (s *Socket) tellGroups() {
	if s.udp != nil {
		s.udp.Groups = s.groups
	}
}

// leaveAll ends the memberships of a socket on an interface, or all if nic is "".
func (t *Table) leaveAll(s *Socket, nic inet.NICID, fx *Effects) {
	for i := 0; i < len(s.groups); {
		if nic == "" || s.groups[i].NIC == nic {
			t.leave(s, i, fx)
			continue
		}
		i++
	}
}

// Unplug ends the memberships on an interface that goes away.
func (t *Table) Unplug(nic inet.NICID, fx *Effects) {
	for _, s := range t.sockets {
		t.leaveAll(s, nic, fx)
	}
}

// path is how the socket's packets to a destination leave: to a group, by the interface
// that the socket is bound to or chose.
func (t *Table) path(s *Socket, dst netip.Addr) (ip.Path, bool) {
	if !t.ip.IsGroup(dst) {
		return t.ip.Path(dst)
	}
	chosen := inet.NICID("")
	if n := t.ip.NICNamed(s.optionText(multicastIF(dst))); n != nil {
		chosen = n.ID
	}
	return t.ip.GroupPath(s.local.Addr, chosen, dst)
}

func multicastIF(dst netip.Addr) string {
	if dst.Is4() {
		return "IP_MULTICAST_IF"
	}
	return "IPV6_MULTICAST_IF"
}

// optionText returns an option that is a word, "" if it was never set.
func (s *Socket) optionText(name string) string {
	for _, o := range s.options {
		if o.Name == name {
			return o.Text
		}
	}
	return ""
}

// forGroup fills in what a datagram for a group has of its own: its TTL, 1 unless the
// program asked for more (RFC 1112 §6.1), and whether this host is to get a copy.
func (t *Table) forGroup(s *Socket, out *udp.Out) {
	dst := out.Flow.Remote.Addr
	if !t.ip.IsGroup(dst) {
		return
	}
	out.Loop = true
	if dst.IsMulticast() {
		hops, loop := "IP_MULTICAST_TTL", "IP_MULTICAST_LOOP"
		if dst.Is6() {
			hops, loop = "IPV6_MULTICAST_HOPS", "IPV6_MULTICAST_LOOP"
		}
		out.TTL = uint8(t.valueOf(s, hops))
		out.Stays = out.TTL == 0
		out.Loop = t.valueOf(s, loop) != 0
	}
	if out.Loop {
		path, ok := t.ip.GroupPath(out.Flow.Local.Addr, "", dst)
		out.Loop = ok && t.udp.Hears(out.Flow.Local, out.Flow.Remote, path.NIC.ID)
	}
}
