package sock

import (
	"labserver/stack/inet"
	"labserver/stack/udp"
)

// Family is the address family of a socket. The zero value is IPv4.
type Family uint8

// The families that socket(2) makes.
const (
	IP4 Family = iota // AF_INET
	IP6               // AF_INET6: also IPv4, by mapped addresses, unless IPV6_V6ONLY
)

// String returns the name that commands use.
func (f Family) String() string {
	if f == IP6 {
		return "ip6"
	}
	return "ip4"
}

// optionRow is one option: who has it and what it may be set to. Its unit is that of the
// manual page; timeouts that are a struct timeval there are milliseconds here.
type optionRow struct {
	name      string
	low, high int64
	only      scope
	kind      optionKind
}

// scope is which sockets have an option.
type scope uint8

const (
	anySocket scope = iota
	onlyTCP
	onlyIP4
	onlyIP6
	onlyUDP4 // multicast is for datagrams
	onlyUDP6
)

// optionKind is how a value is taken.
type optionKind uint8

const (
	isNumber optionKind = iota // EINVAL outside its range
	isSwitch                   // anything but 0 is 1, as on Linux
	isBuffer                   // brought into its range, and doubled on Linux
	isText                     // a name
	isRead                     // getsockopt only
	isNIC                      // an interface, by name or address
	isGroup                    // a group to join or leave; setsockopt only
)

// Limits of socket buffers, in octets asked for. A host takes any size and uses the
// nearest of these (Linux: SOCK_MIN_SNDBUF, SOCK_MIN_RCVBUF and net.core's maxima).
const (
	minSndBuf = 2304
	minRcvBuf = 1152
	maxBuf    = 4 << 20
)

const (
	mostMS      = int64(86_400_000) // a day
	mostSeconds = int64(32_767)     // of Linux's keep-alive options
)

// optionTable lists the options in the order of Linux's manual pages socket(7), tcp(7),
// ip(7), ipv6(7).
func optionTable() []optionRow {
	return []optionRow{
		{name: "O_NONBLOCK", kind: isSwitch},
		{name: "SO_REUSEADDR", kind: isSwitch},
		{name: "SO_REUSEPORT", kind: isSwitch},
		{name: "SO_BROADCAST", kind: isSwitch},
		{name: "SO_KEEPALIVE", kind: isSwitch},
		{name: "SO_OOBINLINE", kind: isSwitch},
		{name: "SO_LINGER", low: lingerOff, high: mostSeconds},
		{name: "SO_RCVBUF", low: minRcvBuf, high: maxBuf, kind: isBuffer},
		{name: "SO_SNDBUF", low: minSndBuf, high: maxBuf, kind: isBuffer},
		{name: "SO_RCVTIMEO", high: mostMS},
		{name: "SO_SNDTIMEO", high: mostMS},
		{name: "SO_ERROR", kind: isRead},
		{name: "SO_TYPE", kind: isRead},
		{name: "SO_DOMAIN", kind: isRead},
		{name: "SO_PROTOCOL", kind: isRead},
		{name: "SO_ACCEPTCONN", kind: isRead},
		{name: "TCP_NODELAY", kind: isSwitch, only: onlyTCP},
		{name: "TCP_CORK", kind: isSwitch, only: onlyTCP},
		{name: "TCP_QUICKACK", kind: isSwitch, only: onlyTCP},
		{name: "TCP_MAXSEG", low: 88, high: 32_767, only: onlyTCP},
		{name: "TCP_CONGESTION", kind: isText, only: onlyTCP},
		{name: "TCP_KEEPIDLE", low: 1, high: mostSeconds, only: onlyTCP},
		{name: "TCP_KEEPINTVL", low: 1, high: mostSeconds, only: onlyTCP},
		{name: "TCP_KEEPCNT", low: 1, high: 127, only: onlyTCP},
		{name: "TCP_KEEPINIT", low: 1, high: mostSeconds, only: onlyTCP},
		{name: "TCP_USER_TIMEOUT", high: mostMS, only: onlyTCP},
		{name: "TCP_SYNCNT", low: 1, high: 127, only: onlyTCP},
		{name: "TCP_LINGER2", low: -1, high: 120, only: onlyTCP},
		{name: "TCP_FASTOPEN", high: 1 << 16, only: onlyTCP},
		{name: "TCP_FASTOPEN_CONNECT", kind: isSwitch, only: onlyTCP},
		{name: "TCP_INFO", kind: isRead, only: onlyTCP},
		{name: "IP_TOS", high: 255, only: onlyIP4},
		{name: "IP_TTL", low: 1, high: 255, only: onlyIP4},
		{name: "IP_MTU_DISCOVER", high: 3, only: onlyIP4},
		{name: "IP_RECVERR", kind: isSwitch, only: onlyIP4},
		{name: "IP_MTU", kind: isRead, only: onlyIP4},
		{name: "IP_ADD_MEMBERSHIP", kind: isGroup, only: onlyUDP4},
		{name: "IP_DROP_MEMBERSHIP", kind: isGroup, only: onlyUDP4},
		{name: "IP_MULTICAST_IF", kind: isNIC, only: onlyUDP4},
		{name: "IP_MULTICAST_TTL", high: 255, only: onlyUDP4},
		{name: "IP_MULTICAST_LOOP", kind: isSwitch, only: onlyUDP4},
		{name: "IPV6_TCLASS", high: 255, only: onlyIP6},
		{name: "IPV6_UNICAST_HOPS", low: 1, high: 255, only: onlyIP6},
		{name: "IPV6_MTU_DISCOVER", high: 3, only: onlyIP6},
		{name: "IPV6_RECVERR", kind: isSwitch, only: onlyIP6},
		{name: "IPV6_MTU", kind: isRead, only: onlyIP6},
		{name: "IPV6_V6ONLY", kind: isSwitch, only: onlyIP6},
		{name: "IPV6_JOIN_GROUP", kind: isGroup, only: onlyUDP6},
		{name: "IPV6_LEAVE_GROUP", kind: isGroup, only: onlyUDP6},
		{name: "IPV6_MULTICAST_IF", kind: isNIC, only: onlyUDP6},
		{name: "IPV6_MULTICAST_HOPS", high: 255, only: onlyUDP6},
		{name: "IPV6_MULTICAST_LOOP", kind: isSwitch, only: onlyUDP6},
	}
}

// optionOf finds an option that the socket has.
func (s *Socket) optionOf(name string) (optionRow, bool) {
	for _, row := range optionTable() {
		if row.name != name {
			continue
		}
		switch row.only {
		case onlyTCP:
			return row, s.proto == inet.TCP
		case onlyIP4:
			return row, s.family == IP4
		case onlyIP6:
			return row, s.family == IP6
		case onlyUDP4:
			return row, s.family == IP4 && s.proto == inet.UDP
		case onlyUDP6:
			return row, s.family == IP6 && s.proto == inet.UDP
		}
		return row, true
	}
	return optionRow{}, false
}

// valueOf is what getsockopt gives for a number: what was set, or what holds without.
func (t *Table) valueOf(s *Socket, name string) int64 {
	for _, o := range s.options {
		if o.Name == name {
			return o.Value
		}
	}
	k := t.knobs
	seconds := func(d int64) int64 { return d / 1e9 }
	switch name {
	case "SO_LINGER":
		return lingerOff
	case "SO_RCVBUF", "SO_SNDBUF":
		return t.bufferOf(s, name)
	case "TCP_QUICKACK":
		return 1
	case "TCP_MAXSEG":
		return t.maxSegOf(s)
	case "TCP_KEEPIDLE":
		return seconds(int64(k.KeepIdle))
	case "TCP_KEEPINTVL":
		return seconds(int64(k.KeepInterval))
	case "TCP_KEEPCNT":
		return k.KeepProbes
	case "TCP_KEEPINIT":
		return seconds(int64(k.OpenTimeout))
	case "TCP_USER_TIMEOUT":
		return int64(k.UserTimeout) / 1e6
	case "TCP_SYNCNT":
		return k.SynRetries
	case "TCP_LINGER2":
		return seconds(int64(k.FinTimeout))
	case "IP_MULTICAST_TTL", "IP_MULTICAST_LOOP", "IPV6_MULTICAST_HOPS", "IPV6_MULTICAST_LOOP":
		return 1 // RFC 1112 §6.1, RFC 3493 §5.2
	case "IP_TTL", "IPV6_UNICAST_HOPS":
		return int64(t.ip.TTL)
	case "IP_MTU_DISCOVER", "IPV6_MTU_DISCOVER":
		return k.PMTUDiscovery
	}
	return 0
}

// bufferOf is the size of a buffer that no option set: what the stack begins with.
func (t *Table) bufferOf(s *Socket, name string) int64 {
	switch {
	case s.proto == inet.UDP:
		return int64(udp.DefaultRcvBuf) // Linux has one default for both
	case name == "SO_RCVBUF":
		return int64(t.knobs.RcvBuf)
	}
	return int64(t.knobs.SndBuf)
}

// maxSegOf is TCP_MAXSEG without a setting: the connection's, or the default of MUST-15.
func (t *Table) maxSegOf(s *Socket) int64 {
	switch {
	case s.conn != nil && s.conn.State().Synchronized():
		return int64(s.conn.SMSS())
	case s.family == IP6:
		return 1220
	}
	return 536
}
