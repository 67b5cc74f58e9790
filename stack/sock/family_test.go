package sock_test

import (
	"testing"

	"labserver/stack"
	"labserver/stack/rfc"
)

// newDesk6 is newDesk with IPv4 and IPv6 on both hosts.
func newDesk6(t *testing.T) *desk {
	d := &desk{t: t}
	var err error
	if d.w, err = stack.New(stack.Config{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	d.do("host.add", `"id":"A","addr":"10.0.0.1/24","addr6":"fd00::1/64"`)
	d.do("host.add", `"id":"B","addr":"10.0.0.2/24","addr6":"fd00::2/64"`)
	d.do("link.add", `"id":"L","a":{"host":"A"},"b":{"host":"B"},"delay_ns":1000000`)
	d.do("proc.start", `"host":"A","id":"a"`)
	d.do("proc.start", `"host":"B","id":"b"`)
	return d
}

func TestAStreamGoesOverIPv6(t *testing.T) {
	d := newDesk6(t)
	d.expect(`
		socket "proc":"b","proto":"tcp","family":"ip6" => 3
		getsockopt "proc":"b","fd":3,"option":"SO_DOMAIN" => 10
		bind "proc":"b","fd":3,"port":80 => 0
		getsockname "proc":"b","fd":3 => 0 [::]:80
		listen "proc":"b","fd":3 => 0
		accept "proc":"b","fd":3 => blocked
		socket "proc":"a","proto":"tcp","family":"ip6" => 3
		bind "proc":"a","fd":3,"addr":"fd00::1","port":3001 => 0
		connect "proc":"a","fd":3,"addr":"fd00::2","port":80 => blocked
		later 10 accept => 4 [fd00::1]:3001
		send "proc":"a","fd":3,"text":"hello" => 5
		later 10 send =>
		recv "proc":"b","fd":4 => 5 hello
		getsockname "proc":"b","fd":4 => 0 [fd00::2]:80
		getpeername "proc":"b","fd":4 => 0 [fd00::1]:3001
		getsockopt "proc":"a","fd":3,"option":"IPV6_MTU" => 1500
		getsockopt "proc":"a","fd":3,"option":"TCP_MAXSEG" => 1428
		getsockopt "proc":"a","fd":3,"option":"IP_TTL" => ENOPROTOOPT option
		getsockopt "proc":"a","fd":3,"option":"IPV6_UNICAST_HOPS" => 64
		setsockopt "proc":"a","fd":3,"option":"IPV6_TCLASS","value":16 => 0`)
	for _, s := range d.w.View().Sockets {
		if s.Family != "ip6" {
			t.Errorf("%+v", s)
		}
	}
}

// RFC 3493 §3.7: an IPv6 socket speaks IPv4 by mapped addresses; §5.3: unless IPV6_V6ONLY.
func TestAnIPv6SocketTakesIPv4AsMappedAddresses(t *testing.T) {
	newDesk6(t).expect(`
		socket "proc":"b","proto":"tcp","family":"ip6" => 3
		bind "proc":"b","fd":3,"port":80 => 0
		listen "proc":"b","fd":3 => 0
		accept "proc":"b","fd":3 => blocked
		socket "proc":"a","proto":"tcp" => 3
		bind "proc":"a","fd":3,"port":3001 => 0
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
		later 10 accept => 4 [::ffff:10.0.0.1]:3001
		getsockname "proc":"b","fd":4 => 0 [::ffff:10.0.0.2]:80
		socket "proc":"a","proto":"tcp","family":"ip6" => 4
		connect "proc":"a","fd":4,"addr":"::ffff:10.0.0.2","port":80 => blocked
		later 10 connect => 0`)
	d := newDesk6(t)
	d.expect(`
		socket "proc":"b","proto":"tcp","family":"ip6" => 3
		setsockopt "proc":"b","fd":3,"option":"IPV6_V6ONLY","value":1 => 0
		bind "proc":"b","fd":3,"port":80 => 0
		setsockopt "proc":"b","fd":3,"option":"IPV6_V6ONLY","value":0 => EINVAL option
		listen "proc":"b","fd":3 => 0
		socket "proc":"a","proto":"tcp" => 3
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
		later 10 connect => ECONNREFUSED
		connect "proc":"b","fd":3,"addr":"::ffff:10.0.0.1","port":80 => ENETUNREACH addr
		socket "proc":"b","proto":"tcp" => 4
		bind "proc":"b","fd":4,"port":80 => 0`)
	if d.w.View().Sockets[0].Local.String() != "[::]:80" {
		t.Error(d.w.View().Sockets[0].Local)
	}
}

func TestAnAddressOfTheOtherFamilyIsRefused(t *testing.T) {
	d := newDesk6(t)
	d.expect(`
		socket "proc":"a","proto":"tcp" => 3
		bind "proc":"a","fd":3,"addr":"fd00::1","port":80 => EAFNOSUPPORT addr
		bind "proc":"a","fd":3,"addr":"::ffff:10.0.0.1","port":80 => EAFNOSUPPORT addr
		connect "proc":"a","fd":3,"addr":"fd00::2","port":80 => EAFNOSUPPORT addr
		socket "proc":"a","proto":"udp","family":"ip6" => 4
		bind "proc":"a","fd":4,"addr":"10.0.0.1","port":80 => EAFNOSUPPORT addr
		sendto "proc":"a","fd":4,"addr":"10.0.0.2","port":80,"text":"x" => EAFNOSUPPORT addr
		bind "proc":"a","fd":4,"addr":"fd00::9","port":80 => EADDRNOTAVAIL addr
		bind "proc":"a","fd":4,"addr":"fd00::1%eth0","port":80 => EINVAL addr
		bind "proc":"a","fd":4,"addr":"fd00::1","port":80 => 0
		connect "proc":"a","fd":4,"addr":"::ffff:10.0.0.2","port":80 => EAFNOSUPPORT addr`)
	if d.why() != rfc.WrongFamily {
		t.Error(d.why())
	}
}

// As Linux does: the wildcard of a dual socket overlaps IPv4's, that of a v6only one not.
func TestTheIPv6WildcardOverlapsIPv4(t *testing.T) {
	newDesk6(t).expect(`
		socket "proc":"b","proto":"tcp","family":"ip6" => 3
		bind "proc":"b","fd":3,"port":80 => 0
		socket "proc":"b","proto":"tcp" => 4
		bind "proc":"b","fd":4,"port":80 => EADDRINUSE port
		bind "proc":"b","fd":4,"addr":"10.0.0.2","port":80 => EADDRINUSE port
		socket "proc":"b","proto":"tcp","family":"ip6" => 5
		bind "proc":"b","fd":5,"addr":"fd00::2","port":80 => EADDRINUSE port
		bind "proc":"b","fd":5,"addr":"fd00::2","port":81 => 0
		bind "proc":"b","fd":4,"port":81 => 0
		socket "proc":"b","proto":"udp","family":"ip6" => 6
		bind "proc":"b","fd":6,"addr":"::ffff:10.0.0.2","port":53 => 0
		socket "proc":"b","proto":"udp" => 7
		bind "proc":"b","fd":7,"addr":"10.0.0.2","port":53 => EADDRINUSE port`)
}

func TestDatagramsGoOverIPv6AndByMappedAddresses(t *testing.T) {
	newDesk6(t).expect(`
		socket "proc":"b","proto":"udp","family":"ip6" => 3
		bind "proc":"b","fd":3,"port":53 => 0
		socket "proc":"a","proto":"udp","family":"ip6" => 3
		bind "proc":"a","fd":3,"port":1000 => 0
		sendto "proc":"a","fd":3,"addr":"fd00::2","port":53,"text":"six" => 3
		sendto "proc":"a","fd":3,"addr":"::ffff:10.0.0.2","port":53,"text":"four" => 4
		later 10 recv =>
		recvfrom "proc":"b","fd":3 => 3 [fd00::1]:1000 six
		recvfrom "proc":"b","fd":3 => 4 [::ffff:10.0.0.1]:1000 four
		sendto "proc":"a","fd":3,"addr":"::1","port":9,"octets":65528 => EMSGSIZE octets
		sendto "proc":"a","fd":3,"addr":"fd00::2","port":53,"octets":1453 => EMSGSIZE octets
		sendto "proc":"a","fd":3,"addr":"fd00::2","port":53,"octets":1452 => 1452
		sendto "proc":"a","fd":3,"addr":"ff02::1","port":53,"text":"x" => 1
		socket "proc":"a","proto":"udp","family":"ip6" => 4
		connect "proc":"a","fd":4,"addr":"fd00::2","port":7 => 0
		send "proc":"a","fd":4,"text":"x" => 1
		later 10 send =>
		recv "proc":"a","fd":4 => ECONNREFUSED`)
}
