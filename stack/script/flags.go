package script

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// flag takes one flag; the string says what is wrong.
func (st *settings) flag(f Flag) (wrong string) {
	switch f.Name {
	case "local_ip", "local_ipv4", "local_ipv6":
		st.local, wrong = f.address()
	case "remote_ip", "remote_ipv4", "remote_ipv6":
		st.remote, wrong = f.address()
	case "gateway_ip", "gateway_ipv4", "gateway_ipv6":
		st.gateway, wrong = f.address()
	case "tolerance_percent":
		st.permille, wrong = permille(f.Value)
	case "strict_segments":
		st.oneToOne = f.Value == "" || f.Value == "true" || f.Value == "1"
	case "non_fatal":
		return st.nonFatal(f)
	case "ip_version":
		return st.version(f)
	case "set":
		name, value, ok := strings.Cut(f.Value, "=")
		if !ok {
			return "--set needs knob=value, not " + strconv.Quote(f.Value)
		}
		st.set = append(st.set, Knob{name, value})
	case "profile": // what the script claims; profile() chooses
		if _, ok := firstProfile(f.Value); !ok {
			return "--profile needs names of profiles, not " + strconv.Quote(f.Value)
		}
	case "define", "D": // Parse has put its value in
	case "netmask_ip", "speed", "init_scripts", "persistent_tun_dev", "tun_dev", "no_cleanup",
		"verbose", "debug", "use_expect", "send_omit_free", "dry_run", "code_command",
		"code_format", "code_sockopt", "so_filename", "so_flags", "udp_encaps", "wire_client",
		"wire_server", "wire_client_dev", "wire_server_dev", "wire_server_ip", "wire_server_port":
		// They speak of the machinery around a kernel; there is none here.
	default:
		return st.numberFlag(f)
	}
	return wrong
}

// nonFatal takes the kinds of errors that are only warned about.
func (st *settings) nonFatal(f Flag) string {
	st.lenient = strings.Split(f.Value, ",")
	for _, kind := range st.lenient {
		switch kind {
		case "packet", "syscall", "timing", "all":
		default:
			return "--non_fatal needs packet, syscall, timing or all, not " + strconv.Quote(kind)
		}
	}
	return ""
}

// stray finds a flag with an address of the version that the run is not about.
func (st *settings) stray(flags []Flag) (*Flag, string) {
	for i, f := range flags {
		switch f.Name {
		case "local_ip", "remote_ip", "gateway_ip":
		default:
			continue
		}
		if a, _ := f.address(); a.Is4() == st.ipv6 {
			return &flags[i], "--" + f.Name + " " + f.Value + " is not an address of " +
				st.versionName() + "; --ip_version says which one a script is about"
		}
	}
	return nil, ""
}

func (st *settings) versionName() string {
	if st.ipv6 {
		return "IPv6"
	}
	return "IPv4"
}

// version takes --ip_version.
func (st *settings) version(f Flag) string {
	st.pinned = f.Value == "ipv4"
	switch f.Value {
	case "ipv4", "ipv6":
		st.ipv6, st.mapped = f.Value == "ipv6", false
	case "ipv4-mapped-ipv6":
		st.ipv6, st.mapped = false, true
	default:
		return "--ip_version needs ipv4, ipv6 or ipv4-mapped-ipv6, not " + strconv.Quote(f.Value)
	}
	return ""
}

// numberFlag takes the flags that are numbers.
func (st *settings) numberFlag(f Flag) (wrong string) {
	var v int64
	switch f.Name {
	case "mtu":
		v, wrong = f.number(68, 65535)
		st.mtu = int(v)
	case "bind_port":
		v, wrong = f.number(1, 65535)
		st.bind = uint16(v)
	case "connect_port":
		v, wrong = f.number(1, 65535)
		st.connect = uint16(v)
	case "tolerance_usecs":
		v, wrong = f.number(0, 1e9)
		st.tolerance = time.Duration(v) * time.Microsecond
	case "tcp_ts_tick_usecs":
		v, wrong = f.number(0, 1e9)
		st.tsTick = time.Duration(v) * time.Microsecond
	default:
		return "the flag --" + f.Name + " is not known"
	}
	return wrong
}

func (f Flag) number(low, high int64) (v int64, wrong string) {
	v, err := strconv.ParseInt(f.Value, 0, 64)
	if err != nil || v < low || v > high {
		return 0, "--" + f.Name + " needs a number from " + strconv.FormatInt(low, 10) + " to " +
			strconv.FormatInt(high, 10) + ", not " + strconv.Quote(f.Value)
	}
	return v, ""
}

// address reads an address, with or without a prefix length.
func (f Flag) address() (a netip.Addr, wrong string) {
	text, _, _ := strings.Cut(f.Value, "/")
	a, err := netip.ParseAddr(text)
	if err != nil {
		return a, "--" + f.Name + " needs an address, not " + strconv.Quote(f.Value)
	}
	return a, ""
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
