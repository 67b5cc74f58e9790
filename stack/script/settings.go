package script

import (
	"net/netip"
	"strconv"
	"time"
)

// Options say how a script is run. The zero value runs it as it is written.
type Options struct {
	Profile string // "": the script's own shell lines say, else linux
	Set     []Knob // knobs of the host under test, set before the script begins
	Flags   []Flag // as if they stood in the file, and stronger
	Seed    uint64

	// What follows runs the same script in another place: a test that depends on none of
	// these must pass all the same.
	IPv6          bool
	ISNLocal      *uint32 // of the stack under test; nil: what it draws
	ISNRemote     *uint32 // added to the numbers of injected segments
	BindPort      uint16  // in place of 8080 and of --bind_port
	ConnectPort   uint16  // in place of 8080 and of --connect_port
	Local, Remote netip.Addr
	ClockStart    time.Duration // how old the world is when the script begins

	Trace bool // keep every packet and its time in Result.Trace
}

// Knob is a knob of the host under test with its value.
type Knob struct{ Name, Value string }

// settings are what flags and options come to.
type settings struct {
	ipv6       bool
	mapped     bool       // IPv6 sockets on IPv4
	pinned     bool       // the script says that it is about IPv4
	local      netip.Addr // live
	remote     netip.Addr
	gateway    netip.Addr
	prefix     int
	mtu        int
	bind       uint16
	connect    uint16
	tolerance  time.Duration
	permille   int64 // of the time since the last event
	tsTick     time.Duration
	oneToOne   bool // --strict_segments
	lenient    []string
	written    places // what the script itself calls these
	set        []Knob // by --set lines
	moreInFour uint32 // octets an IPv6 header is longer, if an IPv4 script runs over IPv6
}

// places are addresses and ports as the script writes them.
type places struct {
	local, remote netip.Addr
	bind, connect uint16
}

// The defaults of the language.
const (
	defaultPort      = 8080
	defaultTolerance = 4 * time.Millisecond
	defaultPermille  = 125
	defaultMTU       = 1500
)

// settle computes the settings; the string says what is wrong with a flag, "" if nothing.
func settle(flags []Flag, o Options) (settings, *Flag, string) {
	st := settings{mtu: defaultMTU, bind: defaultPort, connect: defaultPort,
		tolerance: defaultTolerance, permille: defaultPermille}
	all := append(append([]Flag{}, flags...), o.Flags...)
	for i, f := range all {
		if wrong := st.flag(f); wrong != "" {
			return st, &all[i], wrong
		}
	}
	if f, wrong := st.stray(all); wrong != "" {
		return st, f, wrong
	}
	over := o.IPv6 && !st.ipv6 && !st.pinned
	st.mapped = st.mapped && !over
	st.ipv6 = st.ipv6 || over
	st.written = places{local: st.local, remote: st.remote, bind: st.bind, connect: st.connect}
	if over { // addresses of the other family stay what the script means by them
		if !st.written.local.IsValid() {
			st.written.local = defaultLocal(false)
		}
		if !st.written.remote.IsValid() {
			st.written.remote = defaultRemote(false)
		}
		st.local, st.remote, st.gateway = netip.Addr{}, netip.Addr{}, netip.Addr{}
		st.moreInFour = 20
		st.mtu += int(st.moreInFour)
	}
	st.place(o)
	return st, nil, ""
}

// place chooses the addresses and ports of the run.
func (st *settings) place(o Options) {
	if o.Local.IsValid() {
		st.local = st.ofFamily(o.Local)
	}
	if o.Remote.IsValid() {
		st.remote = st.ofFamily(o.Remote)
	}
	if !st.local.IsValid() {
		st.local = defaultLocal(st.ipv6)
	}
	if !st.remote.IsValid() {
		st.remote = defaultRemote(st.ipv6)
	}
	if !st.written.local.IsValid() {
		st.written.local = st.local
	}
	if !st.written.remote.IsValid() {
		st.written.remote = st.remote
	}
	if o.BindPort != 0 {
		st.bind = o.BindPort
	}
	if o.ConnectPort != 0 {
		st.connect = o.ConnectPort
	}
	st.prefix = 24
	if st.ipv6 {
		st.prefix = 64
	}
	network := netip.PrefixFrom(st.local, st.prefix).Masked()
	if network.Contains(st.remote) {
		st.gateway = st.remote
	} else if !network.Contains(st.gateway) || st.gateway == st.local {
		st.gateway = network.Addr().Next()
		if st.gateway == st.local {
			st.gateway = st.gateway.Next()
		}
	}
}

// ofFamily makes an IPv6 address out of an IPv4 one where the run needs that.
func (st *settings) ofFamily(a netip.Addr) netip.Addr {
	if !st.ipv6 || !a.Is4() {
		return a
	}
	four := a.As4()
	six := netip.MustParseAddr("2001:db8:" + strconv.FormatInt(int64(four[3])+1, 16) + "::").As16()
	copy(six[12:], four[:])
	return netip.AddrFrom16(six)
}

func defaultLocal(v6 bool) netip.Addr {
	if v6 {
		return netip.MustParseAddr("fd3d:fa7b:d17d::1")
	}
	return netip.MustParseAddr("192.168.0.1")
}

func defaultRemote(v6 bool) netip.Addr {
	if v6 {
		return netip.MustParseAddr("2001:db8::1")
	}
	return netip.MustParseAddr("192.0.2.1")
}

// allowed is the language's tolerance for an event so long after the one before it.
func (st *settings) allowed(since time.Duration) time.Duration {
	return max(st.tolerance, since/1000*time.Duration(st.permille))
}

// live gives an address of the script its place in this run. All of 192.168.0.x is the
// stack under test, where a script does not say otherwise.
func (st *settings) live(a netip.Addr) netip.Addr {
	home := netip.PrefixFrom(defaultLocal(false), 24).Masked()
	switch {
	case a == st.written.local, home.Contains(a) && home.Contains(st.written.local) &&
		a != st.written.remote:
		return st.local
	case a == st.written.remote:
		return st.remote
	}
	return a
}

// livePort gives a port of the script its place in this run.
func (st *settings) livePort(p uint16) uint16 {
	switch p {
	case st.written.bind:
		return st.bind
	case st.written.connect:
		return st.connect
	}
	return p
}
