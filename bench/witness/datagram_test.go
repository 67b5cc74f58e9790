package witness

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/waiter"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
)

// sizes are those of datagrams: none, one, odd, the largest in one packet, in fragments.
func sizes() []int { return []int{0, 1, 77, 1452, 1472, 4001, 9000} }

// udpOurs makes a UDP socket of ours at a port; connected to gVisor's port if that is not 0.
// What is larger than the path's MTU it sends in fragments (IP_PMTUDISC_WANT).
func (r *rig) udpOurs(v version, own, port int64) (fd int) {
	r.do(func() {
		fd = r.socket(v, "udp")
		if v.ours.Is6() {
			r.set(fd, "IPV6_MTU_DISCOVER", 1)
		} else {
			r.set(fd, "IP_MTU_DISCOVER", 1)
		}
		r.must("bind", stack.Bind{Proc: proc, FD: fd, Addr: v.ours.String(), Port: own})
		if port != 0 {
			r.must("connect", stack.Connect{Proc: proc, FD: fd, Addr: v.theirs.String(), Port: port})
		}
	})
	return fd
}

// echo has our side send every datagram back to whom it came from.
func (r *rig) echo(fd int) {
	buf := make([]byte, 64<<10)
	r.program(func() bool {
		ret := r.w.ReadFrom(proc, fd, buf)
		if ret.Errno != inet.OK {
			return false
		}
		r.w.WriteTo(proc, fd, buf[:ret.Value], ret.From)
		return true
	})
}

func TestOurSideEchoesDatagramsOfGVisor(t *testing.T) {
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, options{})
			r.echo(r.udpOurs(v, 7, 0))
			c := r.udpTheirs(v, 4000, 7)
			defer c.Close()
			for i, n := range sizes() {
				out, in := make([]byte, n), make([]byte, 64<<10)
				pattern(out, uint64(i), 0)
				if _, err := c.Write(out); err != nil {
					t.Fatal(err)
				}
				k, err := c.Read(in)
				if err != nil || !bytes.Equal(in[:k], out) {
					t.Fatalf("%d octets came back as %d, %v; the same: %v", n, k, err, bytes.Equal(in[:k], out))
				}
			}
		})
	}
}

func TestGVisorEchoesDatagramsOfOurs(t *testing.T) {
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, options{})
			local := at(v.theirs, 7)
			c, err := gonet.DialUDP(r.g, &local, nil, v.number())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			go func() {
				buf := make([]byte, 64<<10)
				for {
					n, from, err := c.ReadFrom(buf)
					if err != nil {
						return
					}
					c.WriteTo(buf[:n], from)
				}
			}()
			fd := r.udpOurs(v, 4000, 7)
			for i, n := range sizes() {
				out, in, got := make([]byte, n), make([]byte, 64<<10), 0
				pattern(out, uint64(i), 0)
				r.do(func() {
					if k, e := r.w.Write(proc, fd, out); k != n || e != inet.OK {
						t.Errorf("our write of %d octets: %d, %s", n, k, e)
					}
				})
				r.soon("the datagram is back", func() bool {
					k, e := r.w.Read(proc, fd, in)
					got = k
					return e == inet.OK
				})
				if !bytes.Equal(in[:max(got, 0)], out) {
					t.Fatalf("%d octets came back as %d", n, got)
				}
			}
		})
	}
}

// RFC 1122 §4.1.3.3: "UDP MUST pass to the application layer all ICMP error messages that
// it receives from the IP layer"; a connected socket reports ECONNREFUSED.
func TestADatagramToAClosedPortIsReportedToItsSender(t *testing.T) {
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, options{})
			c := r.udpTheirs(v, 4000, 9)
			defer c.Close()
			if _, err := c.Write([]byte("anyone?")); err != nil {
				t.Fatal(err)
			}
			var err error
			for end := time.Now().Add(patience); err == nil && time.Now().Before(end); {
				time.Sleep(5 * time.Millisecond)
				_, err = c.Write(nil) // gonet tells of a pending error only here
			}
			if err == nil || !strings.Contains(err.Error(), "refused") {
				t.Errorf("gVisor: %v; want refused", err)
			}
			fd := r.udpOurs(v, 4001, 9)
			r.say(fd, "anyone?")
			if got, e := r.hear(fd); e != inet.ECONNREFUSED {
				t.Errorf("we read %q, %s; want ECONNREFUSED", got, e)
			}
		})
	}
}

func TestGVisorsPingIsAnswered(t *testing.T) {
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, options{})
			q := &waiter.Queue{}
			proto := icmp.ProtocolNumber4
			if v.theirs.Is6() {
				proto = icmp.ProtocolNumber6
			}
			ep, err := r.g.NewEndpoint(proto, v.number(), q)
			if err != nil {
				t.Fatal(err)
			}
			defer ep.Close()
			if err := ep.Connect(at(v.ours, 0)); err != nil {
				t.Fatal(err)
			}
			entry, ready := waiter.NewChannelEntry(waiter.ReadableEvents)
			q.EventRegister(&entry)
			defer q.EventUnregister(&entry)
			for seq, n := range []int{0, 1, 56, 1000, 3000} {
				request := pingOf(v, uint16(seq), n)
				if _, err := ep.Write(bytes.NewReader(request), tcpip.WriteOptions{}); err != nil {
					t.Fatalf("%d octets: %s", n, err)
				}
				select {
				case <-ready:
				case <-time.After(patience):
					t.Fatalf("a ping with %d octets is not answered; the wire:\n%s", n, r.wire.story())
				}
				var got bytes.Buffer
				if _, err := ep.Read(&got, tcpip.ReadOptions{}); err != nil {
					t.Fatal(err)
				}
				reply := got.Bytes()
				if len(reply) != len(request) || !bytes.Equal(reply[6:], request[6:]) ||
					reply[0] == request[0] {
					t.Fatalf("a ping with %d octets is answered by %d octets of type %d", n, len(reply), reply[0])
				}
			}
		})
	}
}

// pingOf is an echo request with so many octets; gVisor fills in identifier and checksum.
func pingOf(v version, seq uint16, octets int) []byte {
	b := make([]byte, 8+octets)
	b[0] = byte(header.ICMPv4Echo)
	if v.theirs.Is6() {
		b[0] = byte(header.ICMPv6EchoRequest)
	}
	b[6], b[7] = byte(seq>>8), byte(seq)
	pattern(b[8:], uint64(seq), 0)
	return b
}

func TestOurPingIsAnsweredByGVisor(t *testing.T) {
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, options{recorded: true})
			r.do(func() {
				count, interval, size := 3, int64(20*time.Millisecond), 2000
				c := stack.Command{Op: "ping", Args: stack.Ping{Proc: proc, Addr: v.theirs.String(),
					Count: &count, IntervalNS: &interval, Size: &size}}
				if err := r.w.Check(c); err != nil {
					t.Error(err)
					return
				}
				r.w.Apply(c)
			})
			answered := int64(-1)
			r.soon("the ping is over", func() bool {
				for e := range r.w.Events().Since(1) {
					if b, ok := e.Body.(event.CallReturned); ok && b.Op == "ping" {
						answered = b.Value
					}
				}
				return answered >= 0
			})
			if answered != 3 {
				t.Errorf("%d of 3 pings were answered", answered)
			}
		})
	}
}
