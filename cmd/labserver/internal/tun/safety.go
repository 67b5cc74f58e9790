package tun

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
)

// networks are the only ones that a device may be given: those nobody reaches the Internet
// by (RFC 1918 §3, RFC 6598 §7, RFC 5737 §3, RFC 2544 §C.2.2, RFC 4193 §3, RFC 3849).
func networks() []string {
	return []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
		"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "fc00::/7",
		"2001:db8::/32"}
}

// CheckNetwork refuses an address and network that this machine may not give a device: one
// that is not for private use, so no default route either; one in which there is no second
// address; one that overlaps with what the machine reaches otherwise.
func CheckNetwork(p netip.Prefix, taken []netip.Prefix) error {
	if err := checkRange(p); err != nil {
		return err
	}
	for _, t := range taken {
		if t.Bits() > 0 && t.Overlaps(p) {
			return fmt.Errorf("%s overlaps with %s, which this machine reaches already; "+
				"choose another network", p, t)
		}
	}
	return nil
}

func checkRange(p netip.Prefix) error {
	if !p.IsValid() {
		return fmt.Errorf("no address with a network; use 10.99.0.1/24 or fd99::1/64")
	}
	private := false
	for _, n := range networks() {
		all := netip.MustParsePrefix(n)
		private = private || all.Bits() <= p.Bits() && all.Contains(p.Addr())
	}
	switch {
	case !private:
		return fmt.Errorf("%s is not within a network for private use, so others would be cut "+
			"off; use one within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or fd00::/8", p)
	case p.Bits() > p.Addr().BitLen()-2:
		return fmt.Errorf("%s has no room for a second host; use /%d or wider", p, p.Addr().BitLen()-2)
	case p.Addr() == p.Masked().Addr(), p.Addr().Is4() && p.Addr() == last(p):
		return fmt.Errorf("%s is the address of the network itself; use %s", p, p.Masked().Addr().Next())
	}
	return nil
}

// last is the highest address of an IPv4 network: its broadcast address.
func last(p netip.Prefix) netip.Addr {
	a := p.Masked().Addr().As4()
	host := uint32(1)<<(32-p.Bits()) - 1
	binary.BigEndian.PutUint32(a[:], binary.BigEndian.Uint32(a[:])|host)
	return netip.AddrFrom4(a)
}

// Beside returns the address after that of p in its network, or the one before: the host's
// on the other end.
func Beside(p netip.Prefix) netip.Addr {
	if n := p.Addr().Next(); p.Contains(n) && (p.Addr().Is6() || n != last(p)) {
		return n
	}
	return p.Addr().Prev()
}

// Taken returns the networks that this machine has addresses in or routes to.
func Taken() ([]netip.Prefix, error) {
	var taken []netip.Prefix
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("ask for the machine's addresses: %w", err)
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			taken = append(taken, p.Masked())
		}
	}
	// Without these files there are no routes of that version to ask for.
	if text, err := os.ReadFile("/proc/thread-self/net/route"); err == nil {
		taken = append(taken, routes4(string(text))...)
	}
	if text, err := os.ReadFile("/proc/thread-self/net/ipv6_route"); err == nil {
		taken = append(taken, routes6(string(text))...)
	}
	return taken, nil
}

// routes4 reads /proc/net/route: interface, destination, gateway, …, mask in column 8, as
// hexadecimal in the machine's order of octets.
func routes4(text string) (routes []netip.Prefix) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 8 {
			continue
		}
		dst, err := hex.DecodeString(f[1])
		mask, err2 := hex.DecodeString(f[7])
		if err != nil || err2 != nil || len(dst) != 4 || len(mask) != 4 {
			continue
		}
		ones, _ := net.IPMask(native(mask)).Size()
		routes = append(routes, netip.PrefixFrom(netip.AddrFrom4([4]byte(native(dst))), ones))
	}
	return routes
}

// native turns the octets of a number, the most significant first, into the machine's order.
func native(b []byte) []byte {
	return binary.NativeEndian.AppendUint32(nil, binary.BigEndian.Uint32(b))
}

// routes6 reads /proc/net/ipv6_route: destination, its bits, …, and the interface last. Those
// of whole scopes, link-local and multicast, are no networks.
func routes6(text string) (routes []netip.Prefix) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		dst, err := hex.DecodeString(f[0])
		bits, err2 := hex.DecodeString(f[1])
		if err != nil || err2 != nil || len(dst) != 16 || len(bits) != 1 {
			continue
		}
		routes = append(routes, netip.PrefixFrom(netip.AddrFrom16([16]byte(dst)), int(bits[0])))
	}
	return routes
}
