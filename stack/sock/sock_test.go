package sock_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/sim"
	"labserver/stack/sock"
)

// desk is two hosts on one link, each with a process, and a terse way to make calls.
type desk struct {
	t *testing.T
	w *stack.World
}

func newDesk(t *testing.T) *desk { return newDeskOf(t, stack.Config{Seed: 1}) }

func newDeskOf(t *testing.T, cfg stack.Config) *desk {
	d := &desk{t: t}
	var err error
	if d.w, err = stack.New(cfg); err != nil {
		t.Fatal(err)
	}
	d.do("host.add", `"id":"A","addr":"10.0.0.1/24"`)
	d.do("host.add", `"id":"B","addr":"10.0.0.2/24"`)
	d.do("link.add", `"id":"L","a":{"host":"A"},"b":{"host":"B"},"delay_ns":1000000`)
	d.do("proc.start", `"host":"A","id":"a"`)
	d.do("proc.start", `"host":"B","id":"b"`)
	return d
}

// do applies a command and says how its call ended: "blocked", an errno, or the value.
func (d *desk) do(op, args string) string {
	d.t.Helper()
	c, err := stack.ParseCommand(op, "", json.RawMessage("{"+args+"}"))
	if err == nil {
		err = d.w.Check(c)
	}
	if err != nil {
		d.t.Fatalf("%s {%s}: %v", op, args, err)
	}
	from := d.w.Events().Len() + 1
	d.w.Apply(c)
	return d.outcome(op, from)
}

// outcome finds the end of a call of op among the events from n on.
func (d *desk) outcome(op string, n uint64) string {
	for _, e := range d.w.Events().From(n) {
		switch b := e.Body.(type) {
		case event.CallReturned:
			if b.Op == op {
				s := fmt.Sprint(b.Value)
				if b.From != nil {
					s += " " + b.From.String()
				}
				if len(b.Data) > 0 {
					s += " " + string(b.Data)
				}
				if b.Truncated {
					s += " truncated"
				}
				for _, r := range b.Ready {
					s += fmt.Sprintf(" %d:%s", r.FD, strings.Join(r.Events, "|"))
				}
				return s
			}
		case event.CallFailed:
			if b.Op == op {
				return strings.TrimSpace(string(b.Errno) + " " + b.Field)
			}
		case event.CallBlocked:
			if b.Op == op {
				return "blocked"
			}
		}
	}
	return ""
}

// later runs d.ms milliseconds and says how a call of op ended meanwhile.
func (d *desk) later(ms int64, op string) string {
	from := d.w.Events().Len() + 1
	d.w.Advance(d.w.Now() + sim.Time(ms*1e6))
	return d.outcome(op, from)
}

// expect makes calls, a line each: "op args => outcome".
func (d *desk) expect(script string) {
	d.t.Helper()
	for _, line := range strings.Split(script, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		call, want, _ := strings.Cut(line, " =>")
		want = strings.TrimSpace(want)
		op, args, _ := strings.Cut(call, " ")
		if op == "later" {
			var ms int64
			var name string
			if _, err := fmt.Sscan(args, &ms, &name); err != nil {
				d.t.Fatalf("%q: %v", line, err)
			}
			if got := d.later(ms, name); got != want {
				d.t.Fatalf("%q: %q", line, got)
			}
			continue
		}
		if got := d.do(op, args); got != want {
			d.t.Fatalf("%q: %q", line, got)
		}
	}
}

func TestDescriptorsAreTheLowestFree(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"a","proto":"tcp" => 3
		socket "proc":"a","proto":"udp" => 4
		socket "proc":"a","proto":"tcp" => 5
		close "proc":"a","fd":4 => 0
		close "proc":"a","fd":4 => EBADF fd
		socket "proc":"a","proto":"tcp" => 4
		socket "proc":"a","proto":"tcp" => 6
		close "proc":"a","fd":-1 => EBADF fd
		close "proc":"a","fd":2 => EBADF fd`)
}

func TestAProcessHasOnlySoManyDescriptors(t *testing.T) {
	d := newDesk(t)
	for i := range sock.MaxFDs {
		if got := d.do("socket", `"proc":"a","proto":"udp"`); got != fmt.Sprint(3+i) {
			t.Fatalf("socket %d: %s", i, got)
		}
	}
	d.expect(`socket "proc":"a","proto":"udp" => EMFILE proc`)
}

// The seed note's question: which of protocol, address and port must differ? At least
// one: 2³-1 = 7 ways work and 1 fails.
func TestOneOfProtocolAddressPortMustDiffer(t *testing.T) {
	works, fails := 0, 0
	for i := range 8 {
		d := newDesk(t)
		d.do("nic.add", `"host":"B","addr":"10.0.7.2/24"`)
		proto, addr, port := "tcp", "10.0.0.2", 53
		if i&1 != 0 {
			proto = "udp"
		}
		if i&2 != 0 {
			addr = "10.0.7.2"
		}
		if i&4 != 0 {
			port = 54
		}
		d.expect(`
			socket "proc":"b","proto":"tcp" => 3
			bind "proc":"b","fd":3,"addr":"10.0.0.2","port":53 => 0`)
		d.do("socket", `"proc":"b","proto":"`+proto+`"`)
		switch got := d.do("bind", fmt.Sprintf(`"proc":"b","fd":4,"addr":"%s","port":%d`, addr, port)); got {
		case "0":
			works++
		case "EADDRINUSE port":
			fails++
		default:
			t.Fatal(got)
		}
	}
	if works != 7 || fails != 1 {
		t.Errorf("%d work, %d fail", works, fails)
	}
}

func TestBindRefusesWhatCannotBe(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"b","proto":"tcp" => 3
		bind "proc":"b","fd":3,"port":65536 => EINVAL port
		bind "proc":"b","fd":3,"port":-1 => EINVAL port
		bind "proc":"b","fd":3,"addr":"10.0.0.1","port":80 => EADDRNOTAVAIL addr
		bind "proc":"b","fd":3,"addr":"not an address","port":80 => EINVAL addr
		bind "proc":"b","fd":3,"port":65535 => 0
		bind "proc":"b","fd":3,"port":81 => EINVAL fd
		bind "proc":"b","fd":9,"port":81 => EBADF fd`)
}

func TestAWildcardOverlapsEveryAddress(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"b","proto":"tcp" => 3
		socket "proc":"b","proto":"tcp" => 4
		bind "proc":"b","fd":3,"port":80 => 0
		bind "proc":"b","fd":4,"addr":"10.0.0.2","port":80 => EADDRINUSE port
		bind "proc":"b","fd":4,"addr":"127.0.0.1","port":80 => EADDRINUSE port
		setsockopt "proc":"b","fd":3,"option":"SO_REUSEADDR","value":1 => 0
		bind "proc":"b","fd":4,"addr":"10.0.0.2","port":80 => EADDRINUSE port
		setsockopt "proc":"b","fd":4,"option":"SO_REUSEADDR","value":1 => 0
		bind "proc":"b","fd":4,"addr":"10.0.0.2","port":80 => 0
		listen "proc":"b","fd":3 => 0
		socket "proc":"b","proto":"tcp" => 5
		setsockopt "proc":"b","fd":5,"option":"SO_REUSEADDR","value":1 => 0
		bind "proc":"b","fd":5,"port":80 => EADDRINUSE port`)
}

func TestPortZeroLetsTheStackChoose(t *testing.T) {
	d := newDesk(t)
	d.expect(`
		knob.set "host":"B","knob":"ip_local_port_high","value":"32769" =>
		socket "proc":"b","proto":"udp" => 3
		socket "proc":"b","proto":"udp" => 4
		socket "proc":"b","proto":"udp" => 5
		bind "proc":"b","fd":3,"port":0 => 0
		bind "proc":"b","fd":4,"port":0 => 0
		bind "proc":"b","fd":5,"port":0 => EADDRINUSE port`)
	for _, s := range d.w.View().Sockets[:2] {
		if s.Local.Port != 32768 && s.Local.Port != 32769 {
			t.Errorf("chose port %d, outside the range", s.Local.Port)
		}
	}
}

// tcpPair has b listening on 80 at fd 3 and a connected from 3001 at fd 3; b's accept
// gave fd 4.
const tcpPair = `
	socket "proc":"b","proto":"tcp" => 3
	bind "proc":"b","fd":3,"addr":"10.0.0.2","port":80 => 0
	listen "proc":"b","fd":3 => 0
	accept "proc":"b","fd":3 => blocked
	socket "proc":"a","proto":"tcp" => 3
	bind "proc":"a","fd":3,"port":3001 => 0
	connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
	later 10 accept => 4 10.0.0.1:3001`

func TestAcceptGivesANewDescriptorOnTheSamePort(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		getsockname "proc":"b","fd":4 => 0 10.0.0.2:80
		getpeername "proc":"b","fd":4 => 0 10.0.0.1:3001
		getpeername "proc":"b","fd":3 => ENOTCONN fd
		recv "proc":"b","fd":3 => ENOTCONN fd
		send "proc":"b","fd":3,"text":"x" => ENOTCONN fd`)
	for _, s := range d.w.View().Sockets {
		if s.Proc == "b" && s.Local.Port != 80 {
			t.Errorf("%s is on port %d", s.ID, s.Local.Port)
		}
	}
}

func TestAStreamHasNoBorders(t *testing.T) {
	newDesk(t).expect(tcpPair + `
		send "proc":"a","fd":3,"text":"one " => 4
		send "proc":"a","fd":3,"text":"two" => 3
		later 100 send =>
		recv "proc":"b","fd":4,"max":5 => 5 one t
		recv "proc":"b","fd":4 => 2 wo
		recv "proc":"b","fd":4 => blocked
		send "proc":"a","fd":3,"base64":"IQ==" => 1
		later 100 recv => 1 !`)
}

func TestCloseEndsTheStreamForThePeer(t *testing.T) {
	newDesk(t).expect(tcpPair + `
		recv "proc":"b","fd":4 => blocked
		close "proc":"a","fd":3 => 0
		later 10 recv => 0
		recv "proc":"b","fd":4 => 0
		recv "proc":"a","fd":3 => EBADF fd`)
}

func TestShutdownClosesOneDirection(t *testing.T) {
	newDesk(t).expect(tcpPair + `
		shutdown "proc":"a","fd":3,"how":"sideways" => EINVAL how
		shutdown "proc":"a","fd":3,"how":"wr" => 0
		send "proc":"a","fd":3,"text":"x" => EPIPE fd
		later 10 recv =>
		send "proc":"b","fd":4,"text":"still here" => 10
		later 10 send =>
		recv "proc":"a","fd":3 => 10 still here
		shutdown "proc":"b","fd":3,"how":"wr" => ENOTCONN fd`)
}

func TestConnectSaysWhyNot(t *testing.T) {
	newDesk(t).expect(tcpPair + `
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => EISCONN fd
		connect "proc":"b","fd":3,"addr":"10.0.0.1","port":80 => EISCONN fd
		socket "proc":"a","proto":"tcp" => 4
		connect "proc":"a","fd":4,"addr":"10.9.9.9","port":80 => ENETUNREACH addr
		connect "proc":"a","fd":4,"addr":"10.0.0.2","port":65536 => EINVAL port
		connect "proc":"a","fd":4,"addr":"10.0.0.2","port":81 => blocked
		later 10 connect => ECONNREFUSED
		connect "proc":"a","fd":4,"addr":"10.0.0.2","port":80 => blocked
		later 10 connect => 0
		listen "proc":"a","fd":4 => EINVAL fd
		accept "proc":"a","fd":4 => EINVAL fd`)
}

func TestTheSamePairOfEndpointsTwiceIsRefused(t *testing.T) {
	newDesk(t).expect(tcpPair + `
		socket "proc":"a","proto":"tcp" => 4
		setsockopt "proc":"a","fd":3,"option":"SO_REUSEADDR","value":1 => 0
		setsockopt "proc":"a","fd":4,"option":"SO_REUSEADDR","value":1 => 0
		bind "proc":"a","fd":4,"port":3001 => 0
		connect "proc":"a","fd":4,"addr":"10.0.0.2","port":80 => EADDRNOTAVAIL port`)
}

// RFC 6056 §2.2: a port may serve many connections as long as the pairs differ.
func TestOnePortReachesTwoServersButNotOneTwice(t *testing.T) {
	d := newDesk(t)
	d.do("nic.add", `"host":"B","addr":"10.0.0.3/24"`)
	d.expect(`
		knob.set "host":"A","knob":"ip_local_port_high","value":"32768" =>
		socket "proc":"b","proto":"tcp" => 3
		bind "proc":"b","fd":3,"port":80 => 0
		listen "proc":"b","fd":3 => 0
		socket "proc":"a","proto":"tcp" => 3
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
		later 10 connect => 0
		socket "proc":"a","proto":"tcp" => 4
		connect "proc":"a","fd":4,"addr":"10.0.0.2","port":80 => EADDRNOTAVAIL port`)
}

func TestNonblockingCallsNeverWait(t *testing.T) {
	newDesk(t).expect(tcpPair + `
		setsockopt "proc":"b","fd":3,"option":"O_NONBLOCK","value":1 => 0
		accept "proc":"b","fd":3 => EAGAIN
		setsockopt "proc":"a","fd":3,"option":"O_NONBLOCK","value":1 => 0
		recv "proc":"a","fd":3 => EAGAIN
		socket "proc":"a","proto":"tcp" => 4
		setsockopt "proc":"a","fd":4,"option":"O_NONBLOCK","value":1 => 0
		connect "proc":"a","fd":4,"addr":"10.0.0.2","port":80 => EINPROGRESS
		connect "proc":"a","fd":4,"addr":"10.0.0.2","port":80 => EALREADY fd
		later 10 connect =>
		send "proc":"a","fd":4,"text":"x" => 1`)
}

func TestALargeNonblockingSendTakesWhatFits(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		setsockopt "proc":"a","fd":3,"option":"O_NONBLOCK","value":1 => 0`)
	var n int64
	if _, err := fmt.Sscan(d.do("send", `"proc":"a","fd":3,"octets":16777216`), &n); err != nil ||
		n <= 0 || n >= 16777216 {
		t.Errorf("took %d, %v", n, err)
	}
	d.expect(`send "proc":"a","fd":3,"text":"x" => EAGAIN`)
}

func TestABlockingSendEndsWhenAllIsTaken(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		send "proc":"a","fd":3,"octets":1000000 => blocked`)
	total, from := int64(0), d.w.Events().Len()+1
	for range 1000 {
		if calls := d.w.View().Calls; len(calls) == 0 || calls[len(calls)-1].Op == "send" {
			d.do("recv", `"proc":"b","fd":4,"max":100000`)
		}
		d.w.Advance(d.w.Now() + 100e6)
	}
	sent := false
	for _, e := range d.w.Events().From(from) {
		if r, ok := e.Body.(event.CallReturned); ok && r.Op == "recv" {
			total += r.Value
		} else if ok && r.Op == "send" {
			sent = r.Value == 1_000_000
		}
	}
	if total != 1_000_000 || !sent {
		t.Errorf("%d octets read, send ended: %v", total, sent)
	}
}

func TestClosingWithUnreadDataResets(t *testing.T) {
	newDesk(t).expect(tcpPair + `
		send "proc":"a","fd":3,"text":"never read" => 10
		later 10 send =>
		close "proc":"b","fd":4 => 0
		later 10 close =>
		recv "proc":"a","fd":3 => ECONNRESET
		send "proc":"a","fd":3,"text":"x" => EPIPE`)
}

func TestLingerZeroAborts(t *testing.T) {
	newDesk(t).expect(tcpPair + `
		setsockopt "proc":"a","fd":3,"option":"SO_LINGER","value":0 => 0
		recv "proc":"b","fd":4 => blocked
		close "proc":"a","fd":3 => 0
		later 10 recv => ECONNRESET`)
}

func TestClosingADescriptorEndsTheCallsThatWaitOnIt(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		recv "proc":"b","fd":4 => blocked`)
	from := d.w.Events().Len() + 1
	d.do("close", `"proc":"b","fd":4`)
	if got := d.outcome("recv", from); got != "EBADF fd" || len(d.w.View().Calls) != 0 {
		t.Errorf("%q, %+v", got, d.w.View().Calls)
	}
}

func TestKillingAProcessClosesEverything(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		recv "proc":"a","fd":3 => blocked
		proc.kill "proc":"b" =>
		later 10 recv => 0`)
	if v := d.w.View(); len(v.Host("B").Procs) != 0 || v.Socket("s1") != nil {
		t.Errorf("%+v", v.Sockets)
	}
}

func TestAPortInTimeWaitNeedsReuseAddr(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		close "proc":"b","fd":4 => 0
		later 10 close =>
		close "proc":"a","fd":3 => 0
		later 10 close =>
		close "proc":"b","fd":3 => 0
		socket "proc":"b","proto":"tcp" => 3
		bind "proc":"b","fd":3,"port":80 => EADDRINUSE port
		setsockopt "proc":"b","fd":3,"option":"SO_REUSEADDR","value":1 => 0
		bind "proc":"b","fd":3,"port":80 => 0`)
	if v := d.w.View(); len(v.Connections) != 1 || v.Connections[0].State != inet.TimeWait ||
		v.Connections[0].Host != "B" {
		t.Errorf("%+v", v.Connections)
	}
	d.w.Advance(d.w.Now() + 61e9)
	if v := d.w.View(); len(v.Connections) != 0 {
		t.Errorf("TIME-WAIT did not end: %+v", v.Connections)
	}
}

func TestDatagramsKeepTheirBordersAndSenders(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"b","proto":"udp" => 3
		bind "proc":"b","fd":3,"port":53 => 0
		socket "proc":"a","proto":"udp" => 3
		bind "proc":"a","fd":3,"port":1000 => 0
		sendto "proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"one" => 3
		sendto "proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"second" => 6
		later 10 recv =>
		recvfrom "proc":"b","fd":3 => 3 10.0.0.1:1000 one
		recvfrom "proc":"b","fd":3,"max":3 => 3 10.0.0.1:1000 sec truncated
		recvfrom "proc":"b","fd":3 => blocked`)
}

func TestUDPSaysWhatItCannotDo(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"a","proto":"udp" => 3
		listen "proc":"a","fd":3 => EOPNOTSUPP fd
		accept "proc":"a","fd":3 => EOPNOTSUPP fd
		send "proc":"a","fd":3,"text":"x" => EDESTADDRREQ fd
		sendto "proc":"a","fd":3,"addr":"10.0.0.2","port":70000,"text":"x" => EINVAL port
		sendto "proc":"a","fd":3,"addr":"10.9.0.2","port":7,"text":"x" => ENETUNREACH addr
		sendto "proc":"a","fd":3,"addr":"10.0.0.2","port":7,"octets":65508 => EMSGSIZE octets
		sendto "proc":"a","fd":3,"addr":"10.0.0.2","port":7,"octets":1473 => EMSGSIZE octets
		sendto "proc":"a","fd":3,"addr":"10.0.0.2","port":7,"octets":1472 => 1472
		sendto "proc":"a","fd":3,"addr":"127.0.0.1","port":7,"octets":65507 => 65507
		shutdown "proc":"a","fd":3,"how":"wr" => ENOTCONN fd
		setsockopt "proc":"a","fd":3,"option":"TCP_NODELAY","value":1 => ENOPROTOOPT option
		setsockopt "proc":"a","fd":3,"option":"SO_RCVBUF","value":1 => 0
		setsockopt "proc":"a","fd":3,"option":"SO_RCVBUF","value":-1 => EINVAL value
		getsockopt "proc":"a","fd":3,"option":"SO_RCVBUF" => 2304`)
}

func TestOnlyAConnectedUDPSocketHearsOfErrors(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"a","proto":"udp" => 3
		sendto "proc":"a","fd":3,"addr":"10.0.0.2","port":7,"text":"x" => 1
		recv "proc":"a","fd":3 => blocked
		later 100 recv =>
		socket "proc":"a","proto":"udp" => 4
		connect "proc":"a","fd":4,"addr":"10.0.0.2","port":7 => 0
		send "proc":"a","fd":4,"text":"x" => 1
		later 100 recv =>
		getsockopt "proc":"a","fd":4,"option":"SO_ERROR" => 0 ECONNREFUSED
		getsockopt "proc":"a","fd":4,"option":"SO_ERROR" => 0
		send "proc":"a","fd":4,"text":"x" => 1
		later 100 recv =>
		send "proc":"a","fd":4,"text":"x" => ECONNREFUSED
		send "proc":"a","fd":4,"text":"x" => 1`)
}

func TestAConnectedUDPSocketHearsOnlyItsPeer(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"b","proto":"udp" => 3
		bind "proc":"b","fd":3,"port":53 => 0
		connect "proc":"b","fd":3,"addr":"10.0.0.1","port":1000 => 0
		socket "proc":"a","proto":"udp" => 3
		bind "proc":"a","fd":3,"port":1001 => 0
		sendto "proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"stranger" => 8
		later 10 recv =>
		recv "proc":"b","fd":3 => blocked
		connect "proc":"b","fd":3,"addr":"","port":0 => 0
		sendto "proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"now" => 3
		later 10 recv => 3 10.0.0.1:1001 now`)
}

func TestPatternChunksJoin(t *testing.T) {
	seen := map[byte]bool{}
	for i := range int64(1000) {
		seen[sock.PatternAt(i)] = true
	}
	if len(seen) != 27 || sock.PatternAt(63) != '\n' || sock.PatternAt(0) != 'a' {
		t.Errorf("%d different octets", len(seen))
	}
}

// Each side announces the MSS of its own end of the path, the accepting one too.
func TestTheAcceptingSideAnnouncesTheMSSOfThePathOfTheSYN(t *testing.T) {
	d := newDesk(t)
	d.expect(`
		nic.add "host":"A","addr":"10.0.7.1/24","mtu":700 =>
		nic.add "host":"B","addr":"10.0.7.2/24" =>
		link.add "a":{"host":"A","nic":"eth1"},"b":{"host":"B","nic":"eth1"} =>
		socket "proc":"a","proto":"tcp" => 3
		bind "proc":"a","fd":3,"port":80 => 0
		listen "proc":"a","fd":3 => 0
		socket "proc":"b","proto":"tcp" => 3
		connect "proc":"b","fd":3,"addr":"10.0.7.1","port":80 => blocked
		later 10 connect => 0
		socket "proc":"b","proto":"tcp" => 4
		connect "proc":"b","fd":4,"addr":"10.0.0.1","port":80 => blocked
		later 10 connect => 0
		socket "proc":"a","proto":"tcp" => 4
		connect "proc":"a","fd":4,"addr":"127.0.0.1","port":80 => blocked
		later 10 connect => 0`)
	var announced []uint16
	for _, e := range d.w.Events().From(1) {
		if s, ok := e.Body.(event.SegmentSent); ok && e.Host == "A" && s.Seg.Flags == "SA" {
			announced = append(announced, s.Seg.Opts.MSS)
		}
	}
	if want := []uint16{700 - 40, 1500 - 40, 65535 - 40}; !slices.Equal(announced, want) {
		t.Errorf("announced %v, want %v", announced, want)
	}
}
