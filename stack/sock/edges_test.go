package sock_test

import (
	"fmt"
	"strings"
	"testing"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/rfc"
)

// why returns the rule of the last refused call.
func (d *desk) why() rfc.ID {
	for n := d.w.Events().Len(); n > 0; n-- {
		if e := d.w.Events().At(n); e.Kind() == "call.failed" {
			return e.Rule
		}
	}
	return ""
}

func TestADestinationIsOneHost(t *testing.T) {
	for _, c := range []struct {
		addr, udp string
		why       rfc.ID
	}{
		{"255.255.255.255", "EACCES addr", rfc.NeedsBroadcast},
		{"10.0.0.255", "EACCES addr", rfc.NeedsBroadcast},
		{"0.0.0.0", "ENETUNREACH addr", rfc.UnicastOnly},
	} {
		d := newDesk(t)
		d.expect(fmt.Sprintf(`
			route.add "host":"A","dst":"0.0.0.0/0","via":"10.0.0.2" =>
			socket "proc":"a","proto":"tcp" => 3
			connect "proc":"a","fd":3,"addr":%[1]q,"port":80 => ENETUNREACH addr
			getsockname "proc":"a","fd":3 => 0 0.0.0.0:0
			socket "proc":"a","proto":"udp" => 4
			connect "proc":"a","fd":4,"addr":%[1]q,"port":80 => %[2]s
			sendto "proc":"a","fd":4,"addr":%[1]q,"port":80,"text":"x" => %[2]s`, c.addr, c.udp))
		if d.why() != c.why || d.w.View().Counters.Sent != 0 {
			t.Errorf("%s: %s, %d sent", c.addr, d.why(), d.w.View().Counters.Sent)
		}
	}
}

// RFC 1122 §3.2.1.3 (g): 127.0.0.0/8 "MUST NOT appear outside a host".
func TestALoopbackAddressStaysInside(t *testing.T) {
	d := newDesk(t)
	d.expect(`
		socket "proc":"a","proto":"tcp" => 3
		bind "proc":"a","fd":3,"addr":"127.0.0.1","port":1000 => 0
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => EINVAL addr
		socket "proc":"a","proto":"udp" => 4
		bind "proc":"a","fd":4,"addr":"127.0.0.1","port":1000 => 0
		sendto "proc":"a","fd":4,"addr":"10.0.0.2","port":80,"text":"x" => EINVAL addr
		sendto "proc":"a","fd":4,"addr":"10.0.0.1","port":1000,"text":"x" => 1`)
	if d.why() != rfc.LoopbackInside {
		t.Error(d.why())
	}
}

func TestAHostTalksToItselfInPacketsOfAnySize(t *testing.T) {
	for _, addr := range []string{"127.0.0.1", "10.0.0.1"} {
		d := newDesk(t)
		d.expect(fmt.Sprintf(`
			socket "proc":"a","proto":"tcp" => 3
			bind "proc":"a","fd":3,"port":80 => 0
			listen "proc":"a","fd":3 => 0
			accept "proc":"a","fd":3 => blocked
			socket "proc":"a","proto":"tcp" => 4
			connect "proc":"a","fd":4,"addr":%q,"port":80 => blocked
			later 1 connect => 0
			send "proc":"a","fd":4,"octets":200000 => blocked`, addr))
		got := int64(0)
		for range 100 {
			from := d.w.Events().Len() + 1
			if len(d.w.View().Calls) < 2 {
				d.do("recv", `"proc":"a","fd":5,"max":100000`)
			}
			d.w.Advance(d.w.Now() + 300e6)
			for _, e := range d.w.Events().From(from) {
				if r, ok := e.Body.(event.CallReturned); ok && r.Op == "recv" {
					got += r.Value
				}
			}
		}
		if got != 200_000 {
			t.Errorf("%s: %d octets came", addr, got)
		}
	}
}

// A socket that connects to its own endpoint opens simultaneously with itself (RFC 9293
// §3.5); what it sends comes back. Segments between them are as large as IP allows.
func TestASocketConnectsToItself(t *testing.T) {
	d := newDesk(t)
	d.expect(`
		socket "proc":"a","proto":"tcp" => 3
		bind "proc":"a","fd":3,"port":81 => 0
		connect "proc":"a","fd":3,"addr":"10.0.0.1","port":81 => blocked
		later 1 connect => 0
		send "proc":"a","fd":3,"octets":65507 => 65507
		later 500 send =>
		recv "proc":"a","fd":3,"max":10 => 10 abcdefghij`)
	for _, e := range d.w.Events().From(1) {
		if s, ok := e.Body.(event.SegmentSent); ok && s.Seg.Len > 65535-40 {
			t.Errorf("a segment of %d octets", s.Seg.Len)
		}
	}
}

func TestAnEmptyReadWaitsForSomethingAndTakesNothing(t *testing.T) {
	newDesk(t).expect(tcpPair + `
		recv "proc":"b","fd":4,"max":0 => blocked
		send "proc":"a","fd":3,"text":"hello" => 5
		later 10 recv => 0
		recv "proc":"b","fd":4,"max":0 => 0
		recv "proc":"b","fd":4 => 5 hello`)
	newDesk(t).expect(`
		socket "proc":"b","proto":"udp" => 3
		bind "proc":"b","fd":3,"port":53 => 0
		socket "proc":"a","proto":"udp" => 3
		bind "proc":"a","fd":3,"port":1000 => 0
		sendto "proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"" => 0
		sendto "proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"full" => 4
		later 10 recv =>
		recv "proc":"b","fd":3,"max":0 => 0 10.0.0.1:1000
		recv "proc":"b","fd":3,"max":0 => 0 10.0.0.1:1000 truncated
		recv "proc":"b","fd":3,"max":0 => blocked`)
}

func TestAnEmptySendSaysWhetherSendingIsPossible(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"a","proto":"tcp" => 3
		send "proc":"a","fd":3,"text":"" => ENOTCONN fd
		close "proc":"a","fd":3 => 0` + tcpPair + `
		send "proc":"a","fd":3,"text":"" => 0
		close "proc":"b","fd":4 => 0
		send "proc":"a","fd":3,"base64":"" => 0
		later 10 send =>
		send "proc":"a","fd":3,"text":"x" => 1
		later 10 send =>
		send "proc":"a","fd":3,"text":"" => EPIPE
		send "proc":"a","fd":3,"text":"" => EPIPE`)
}

func TestShutdownBeforeTheHandshakeIsRefused(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"a","proto":"tcp" => 3
		shutdown "proc":"a","fd":3,"how":"wr" => ENOTCONN fd
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
		shutdown "proc":"a","fd":3,"how":"rdwr" => ENOTCONN fd
		later 10 connect => ECONNREFUSED`)
}

func TestAfterShutdownOfReadingWhatCameCanStillBeRead(t *testing.T) {
	newDesk(t).expect(tcpPair + `
		send "proc":"a","fd":3,"text":"in time" => 7
		later 10 send =>
		shutdown "proc":"b","fd":4,"how":"rd" => 0
		recv "proc":"b","fd":4 => 7 in time
		recv "proc":"b","fd":4 => 0`)
	newDesk(t).expect(tcpPair + `
		recv "proc":"b","fd":4 => blocked
		shutdown "proc":"b","fd":4,"how":"rd" => 0
		later 0 recv =>`)
}

func TestAShutUDPSocketReadsWhatWaitsThenTheEnd(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"b","proto":"udp" => 3
		bind "proc":"b","fd":3,"port":53 => 0
		connect "proc":"b","fd":3,"addr":"10.0.0.1","port":1000 => 0
		socket "proc":"a","proto":"udp" => 3
		bind "proc":"a","fd":3,"port":1000 => 0
		sendto "proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"last" => 4
		later 10 recv =>
		shutdown "proc":"b","fd":3,"how":"rdwr" => 0
		send "proc":"b","fd":3,"text":"x" => EPIPE fd
		recv "proc":"b","fd":3 => 4 10.0.0.1:1000 last
		recv "proc":"b","fd":3 => 0`)
}

func TestASocketThatWasShutStartsAfreshWhenItConnectsAgain(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		shutdown "proc":"a","fd":3,"how":"rdwr" => 0
		setsockopt "proc":"b","fd":4,"option":"SO_LINGER","value":0 => 0
		close "proc":"b","fd":4 => 0
		later 10 close =>
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => EISCONN fd
		connect "proc":"a","fd":3,"addr":"","port":0 => 0
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
		later 10 connect => 0
		send "proc":"a","fd":3,"text":"again" => 5`)
	for _, s := range d.w.View().Sockets {
		if s.ShutRead || s.ShutWrite {
			t.Errorf("%s is still shut", s.ID)
		}
	}
}

func TestAcceptedSocketsInheritOptionsButNotNonblocking(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"b","proto":"tcp" => 3
		setsockopt "proc":"b","fd":3,"option":"TCP_NODELAY","value":1 => 0
		setsockopt "proc":"b","fd":3,"option":"SO_RCVBUF","value":8192 => 0
		setsockopt "proc":"b","fd":3,"option":"O_NONBLOCK","value":1 => 0
		bind "proc":"b","fd":3,"port":80 => 0
		listen "proc":"b","fd":3 => 0
		socket "proc":"a","proto":"tcp" => 3
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
		later 10 connect => 0
		accept "proc":"b","fd":3 => 4 10.0.0.1:41805
		getsockopt "proc":"b","fd":4,"option":"TCP_NODELAY" => 1
		getsockopt "proc":"b","fd":4,"option":"SO_RCVBUF" => 16384
		getsockopt "proc":"b","fd":4,"option":"O_NONBLOCK" => 0`)
}

func TestOfTwoThatShareAPortOnlyOneListens(t *testing.T) {
	d := newDesk(t)
	d.expect(`
		socket "proc":"b","proto":"tcp" => 3
		socket "proc":"b","proto":"tcp" => 4
		setsockopt "proc":"b","fd":3,"option":"SO_REUSEADDR","value":1 => 0
		setsockopt "proc":"b","fd":4,"option":"SO_REUSEADDR","value":1 => 0
		bind "proc":"b","fd":3,"port":80 => 0
		bind "proc":"b","fd":4,"addr":"10.0.0.2","port":80 => 0
		listen "proc":"b","fd":3 => 0
		listen "proc":"b","fd":4 => EADDRINUSE fd
		listen "proc":"b","fd":3,"backlog":7 => 0
		close "proc":"b","fd":3 => 0
		listen "proc":"b","fd":4 => 0`)
	d = newDesk(t)
	d.expect(`
		socket "proc":"b","proto":"udp" => 3
		socket "proc":"b","proto":"udp" => 4
		setsockopt "proc":"b","fd":3,"option":"SO_REUSEPORT","value":1 => 0
		bind "proc":"b","fd":3,"port":80 => 0
		bind "proc":"b","fd":4,"port":80 => EADDRINUSE port
		setsockopt "proc":"b","fd":4,"option":"SO_REUSEPORT","value":1 => 0
		bind "proc":"b","fd":4,"port":80 => 0`)
}

func TestListenChoosesAPortThatNoConnectTakes(t *testing.T) {
	newDesk(t).expect(`
		knob.set "host":"A","knob":"ip_local_port_low","value":"40000" =>
		knob.set "host":"A","knob":"ip_local_port_high","value":"40000" =>
		socket "proc":"a","proto":"tcp" => 3
		listen "proc":"a","fd":3 => 0
		getsockname "proc":"a","fd":3 => 0 0.0.0.0:40000
		socket "proc":"a","proto":"tcp" => 4
		connect "proc":"a","fd":4,"addr":"10.0.0.2","port":80 => EADDRNOTAVAIL port
		listen "proc":"a","fd":4 => EADDRINUSE fd
		socket "proc":"a","proto":"udp" => 5
		recv "proc":"a","fd":5 => blocked
		socket "proc":"a","proto":"udp" => 6
		recv "proc":"a","fd":6 => EADDRINUSE fd
		sendto "proc":"a","fd":6,"addr":"10.0.0.2","port":80,"text":"x" => EADDRNOTAVAIL port`)
}

func TestDissolvingAnAssociationGivesTheAddressBack(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"a","proto":"udp" => 3
		connect "proc":"a","fd":3,"addr":"","port":0 => 0
		getsockname "proc":"a","fd":3 => 0 0.0.0.0:0
		bind "proc":"a","fd":3,"port":1000 => 0
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":53 => 0
		getsockname "proc":"a","fd":3 => 0 10.0.0.1:1000
		getpeername "proc":"a","fd":3 => 0 10.0.0.2:53
		connect "proc":"a","fd":3,"addr":"","port":0 => 0
		getsockname "proc":"a","fd":3 => 0 0.0.0.0:1000
		getpeername "proc":"a","fd":3 => ENOTCONN fd
		socket "proc":"a","proto":"udp" => 4
		bind "proc":"a","fd":4,"addr":"10.0.0.1","port":1001 => 0
		connect "proc":"a","fd":4,"addr":"10.0.0.2","port":53 => 0
		connect "proc":"a","fd":4,"addr":"","port":0 => 0
		getsockname "proc":"a","fd":4 => 0 10.0.0.1:1001
		connect "proc":"a","fd":4,"addr":"10.9.9.9","port":53 => ENETUNREACH addr
		sendto "proc":"a","fd":4,"addr":"10.0.0.2","port":0,"text":"x" => EINVAL port
		sendto "proc":"a","fd":4,"addr":"","port":53,"text":"x" => EINVAL addr
		sendto "proc":"a","fd":4,"addr":"::1","port":53,"text":"x" => EAFNOSUPPORT addr`)
}

func TestAcceptNeedsAFreeDescriptorEvenToWait(t *testing.T) {
	d := newDesk(t)
	d.expect(`
		socket "proc":"b","proto":"tcp" => 3
		bind "proc":"b","fd":3,"port":80 => 0
		listen "proc":"b","fd":3 => 0
		accept "proc":"b","fd":3 => blocked`)
	for got := ""; got != "EMFILE proc"; {
		got = d.do("socket", `"proc":"b","proto":"udp"`)
	}
	d.expect(`
		accept "proc":"b","fd":3 => EMFILE proc
		socket "proc":"a","proto":"tcp" => 3
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
		later 10 accept => EMFILE proc
		close "proc":"b","fd":10 => 0
		accept "proc":"b","fd":3 => 10 10.0.0.1:41805`)
}

func TestCallsThatWaitedOnAConnectFailWithIt(t *testing.T) {
	d := newDesk(t)
	d.expect(`
		socket "proc":"a","proto":"tcp" => 3
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
		recv "proc":"a","fd":3 => blocked
		send "proc":"a","fd":3,"text":"x" => blocked`)
	from := d.w.Events().Len() + 1
	d.expect(`later 10 connect => ECONNREFUSED`)
	if r, s := d.outcome("recv", from), d.outcome("send", from); r != "ENOTCONN fd" || s != r {
		t.Errorf("recv %q, send %q", r, s)
	}
}

func TestAConnectionThatTimesOutTellsTheReader(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		knob.set "host":"A","knob":"tcp_retries","value":"1" =>
		link.set "link":"L","up":false =>
		send "proc":"a","fd":3,"text":"x" => 1
		recv "proc":"a","fd":3 => blocked
		later 60000 recv => ETIMEDOUT
		recv "proc":"a","fd":3 => 0
		send "proc":"a","fd":3,"text":"x" => EPIPE`)
	if d.w.View().Connections[0].Host != "B" {
		t.Errorf("%+v", d.w.View().Connections)
	}
}

// RFC 1122 §4.2.3.9: an ICMP error that may pass is told when the attempt is given up.
func TestAConnectThatRoutersRefuseSaysSo(t *testing.T) {
	for ttl, want := range map[string]string{"64": "ENETUNREACH", "1": "EHOSTUNREACH"} {
		d := newDesk(t)
		d.expect(fmt.Sprintf(`
			host.add "id":"R","addr":"10.1.0.1/24","forward":true =>
			nic.add "host":"A","nic":"eth1","addr":"10.1.0.2/24" =>
			link.add "a":{"host":"A","nic":"eth1"},"b":{"host":"R"} =>
			route.add "host":"A","dst":"10.2.0.0/16","via":"10.1.0.1" =>
			knob.set "host":"A","knob":"tcp_syn_retries","value":"1" =>
			knob.set "host":"A","knob":"ip_default_ttl","value":%q =>
			socket "proc":"a","proto":"tcp" => 3
			connect "proc":"a","fd":3,"addr":"10.2.0.1","port":80 => blocked
			later 20000 connect => %s
			socket "proc":"a","proto":"udp" => 4
			connect "proc":"a","fd":4,"addr":"10.2.0.1","port":80 => 0
			send "proc":"a","fd":4,"text":"x" => 1
			later 10 send =>
			send "proc":"a","fd":4,"text":"x" => %s`, ttl, want, want))
	}
}

func TestOptionsAreReadAndRefused(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"a","proto":"tcp" => 3
		getsockopt "proc":"a","fd":3,"option":"SO_ERROR" => 0
		getsockopt "proc":"a","fd":3,"option":"SO_WHAT" => ENOPROTOOPT option
		getsockopt "proc":"a","fd":9,"option":"SO_ERROR" => EBADF fd
		setsockopt "proc":"a","fd":3,"option":"SO_LINGER","value":-2 => EINVAL value
		getsockopt "proc":"a","fd":3,"option":"SO_RCVBUF" => 131072
		getsockopt "proc":"a","fd":3,"option":"SO_SNDBUF" => 87040
		getsockopt "proc":"a","fd":3,"option":"TCP_NODELAY" => 0
		socket "proc":"a","proto":"udp" => 4
		getsockopt "proc":"a","fd":4,"option":"SO_RCVBUF" => 212992
		setsockopt "proc":"a","fd":4,"option":"SO_SNDBUF","value":4096 => 0
		setsockopt "proc":"a","fd":4,"option":"SO_RCVBUF","value":4096 => 0
		getsockopt "proc":"a","fd":4,"option":"SO_RCVBUF" => 8192
		setsockopt "proc":"a","fd":3,"option":"SO_SNDBUF","value":4096 => 0
		getsockopt "proc":"a","fd":3,"option":"SO_SNDBUF" => 8192
		setsockopt "proc":"a","fd":3,"option":"O_NONBLOCK","value":1 => 0
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => EINPROGRESS
		later 10 connect =>
		getsockopt "proc":"a","fd":3,"option":"SO_ERROR" => 0 ECONNREFUSED
		getsockopt "proc":"a","fd":3,"option":"SO_ERROR" => 0`)
}

// A descriptor is C's int: what does not fit one is no command on any machine.
func TestEveryCallKnowsABadDescriptor(t *testing.T) {
	d := newDesk(t)
	for _, call := range []string{
		`bind "port":1`, `listen`, `accept`, `connect "addr":"10.0.0.2","port":1`, `send "text":"x"`,
		`sendto "addr":"10.0.0.2","port":1,"text":"x"`, `recv`, `recvfrom`,
		`read`, `recvmsg`, `write "text":"x"`, `sendmsg "text":"x"`, `fcntl "cmd":"F_GETFL"`,
		`ioctl "request":"SIOCINQ"`, `shutdown "how":"wr"`, `close`,
		`setsockopt "option":"SO_LINGER","value":1`, `getsockopt "option":"SO_LINGER"`, `getsockname`,
		`getpeername`,
	} {
		op, args, _ := strings.Cut(call, " ")
		for _, fd := range []string{"3", "-1", "2147483647", "-2147483648"} {
			all := strings.TrimSuffix(`"proc":"a","fd":`+fd+`,`+args, ",")
			if got := d.do(op, all); got != "EBADF fd" {
				t.Errorf("%s on %s: %s", op, fd, got)
			}
		}
		var bad *stack.ArgError
		_, err := stack.ParseCommand(op, "", []byte(strings.TrimSuffix(
			`{"proc":"a","fd":2147483648,`+args, ",")+"}"))
		if bad, _ = err.(*stack.ArgError); bad == nil || bad.Field != "fd" {
			t.Errorf("%s: %v", op, err)
		}
	}
	if len(d.w.View().Sockets) != 0 || d.why() != rfc.BadFD {
		t.Error(d.why())
	}
}
