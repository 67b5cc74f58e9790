package script

import (
	"net/netip"
	"strconv"
	"strings"
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
	over := o.IPv6 && !st.ipv6
	st.mapped = st.mapped && !over
	st.ipv6 = st.ipv6 || o.IPv6
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
		st.local = o.Local
	}
	if o.Remote.IsValid() {
		st.remote = o.Remote
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

func defaultLocal(v6 bool) netip.Addr {
	if v6 {
		return netip.MustParseAddr("fd3d:fa7b:d17d:8888::2")
	}
	return netip.MustParseAddr("192.168.0.2")
}

func defaultRemote(v6 bool) netip.Addr {
	if v6 {
		return netip.MustParseAddr("2001:db8::1")
	}
	return netip.MustParseAddr("192.0.2.1")
}

// flag takes one flag; the string says what is wrong.
func (st *settings) flag(f Flag) string {
	var wrong string
	number := func(low, high int64) int64 {
		v, err := strconv.ParseInt(f.Value, 0, 64)
		if err != nil || v < low || v > high {
			wrong = "--" + f.Name + " needs a number from " + strconv.FormatInt(low, 10) + " to " +
				strconv.FormatInt(high, 10) + ", not " + strconv.Quote(f.Value)
		}
		return v
	}
	address := func() netip.Addr {
		text, _, _ := strings.Cut(f.Value, "/")
		a, err := netip.ParseAddr(text)
		if err != nil {
			wrong = "--" + f.Name + " needs an address, not " + strconv.Quote(f.Value)
		}
		return a
	}
	switch f.Name {
	case "ip_version":
		switch f.Value {
		case "ipv4", "ipv6":
			st.ipv6, st.mapped = f.Value == "ipv6", false
		case "ipv4-mapped-ipv6":
			st.ipv6, st.mapped = false, true
		default:
			wrong = "--ip_version needs ipv4, ipv6 or ipv4-mapped-ipv6, not " + strconv.Quote(f.Value)
		}
	case "local_ip", "local_ipv4", "local_ipv6":
		st.local = address()
	case "remote_ip", "remote_ipv4", "remote_ipv6":
		st.remote = address()
	case "gateway_ip", "gateway_ipv4", "gateway_ipv6":
		st.gateway = address()
	case "mtu":
		st.mtu = int(number(68, 65535))
	case "bind_port":
		st.bind = uint16(number(1, 65535))
	case "connect_port":
		st.connect = uint16(number(1, 65535))
	case "tolerance_usecs":
		st.tolerance = time.Duration(number(0, 1e9)) * time.Microsecond
	case "tolerance_percent":
		st.permille, wrong = permille(f.Value)
	case "tcp_ts_tick_usecs":
		st.tsTick = time.Duration(number(0, 1e9)) * time.Microsecond
	case "strict_segments":
		st.oneToOne = f.Value == "" || f.Value == "true" || f.Value == "1"
	case "non_fatal":
		st.lenient = strings.Split(f.Value, ",")
	case "netmask_ip", "speed", "init_scripts", "persistent_tun_dev", "tun_dev", "no_cleanup",
		"verbose", "debug", "use_expect", "send_omit_free", "dry_run", "code_command",
		"code_format", "code_sockopt", "so_filename", "so_flags", "udp_encaps", "wire_client",
		"wire_server", "wire_client_dev", "wire_server_dev", "wire_server_ip", "wire_server_port":
		// They speak of the machinery around a kernel; there is none here.
	case "set":
		name, value, ok := strings.Cut(f.Value, "=")
		if !ok {
			return "--set needs knob=value, not " + strconv.Quote(f.Value)
		}
		st.set = append(st.set, Knob{name, value})
	case "profile": // what the script claims; profile() chooses
		if _, ok := firstProfile(f.Value); !ok {
			wrong = "--profile needs names of profiles, not " + strconv.Quote(f.Value)
		}
	case "define", "D": // Parse has put its value in
	default:
		wrong = "the flag --" + f.Name + " is not known"
	}
	return wrong
}

// permille reads a percentage with decimals.
func permille(text string) (int64, string) {
	whole, frac, _ := strings.Cut(text, ".")
	v, err := strconv.ParseInt(whole+(frac + "0")[:1], 10, 32)
	if err != nil || v < 0 {
		return 0, "--tolerance_percent needs a number, not " + strconv.Quote(text)
	}
	return v, ""
}

// allowed is the language's tolerance for an event so long after the one before it.
func (st *settings) allowed(since time.Duration) time.Duration {
	return max(st.tolerance, since/1000*time.Duration(st.permille))
}

// live gives an address of the script its place in this run.
func (st *settings) live(a netip.Addr) netip.Addr {
	switch {
	case a == st.written.local:
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
