package tun_test

import (
	"bytes"
	"fmt"
	"net"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/wire"
)

// Pings of the kernel's side are answered by our host, whole and in pieces.
func TestOurHostAnswersPingsOfTheKernel(t *testing.T) {
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			newRig(t, clean)
			network := "ip4:icmp"
			if v.name == "IPv6" {
				network = "ip6:ipv6-icmp"
			}
			c, err := net.ListenPacket(network, v.kernel.String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for i, n := range []int{0, 56, 1400, 5000, 30_000} {
				c.SetDeadline(time.Now().Add(10 * time.Second))
				seq := uint16(i + 1)
				if _, err := c.WriteTo(request(v, seq, datagram(n)), &net.IPAddr{IP: v.ours.AsSlice()}); err != nil {
					t.Fatalf("%d octets: %v", n, err)
				}
				if err := awaitReply(c, v, seq, datagram(n)); err != nil {
					t.Errorf("%d octets: %v", n, err)
				}
			}
		})
	}
}

// request is an ICMP echo request of the version; the kernel writes the checksum of version 6.
func request(v version, seq uint16, data []byte) []byte {
	if v.name == "IPv6" {
		m := wire.ICMPv6{Type: wire.ICMPv6Echo, ID: 77, Seq: seq, Data: data}
		return m.Append(nil, v.kernel, v.ours)
	}
	m := wire.ICMP{Type: wire.ICMPEcho, ID: 77, Seq: seq, Data: data}
	return m.Append(nil)
}

// awaitReply reads until the reply to a request comes, and compares its data.
func awaitReply(c net.PacketConn, v version, seq uint16, data []byte) error {
	buf := make([]byte, 65536)
	for {
		n, _, err := c.ReadFrom(buf)
		if err != nil {
			return err
		}
		if n < wire.ICMPHeaderLen || int(buf[6])<<8|int(buf[7]) != int(seq) {
			continue
		}
		switch {
		case v.name == "IPv4" && buf[0] != wire.ICMPEchoReply,
			v.name == "IPv6" && buf[0] != wire.ICMPv6EchoReply:
			continue
		case !bytes.Equal(buf[wire.ICMPHeaderLen:n], data):
			return fmt.Errorf("the reply has other data, %d octets", n-wire.ICMPHeaderLen)
		}
		return nil
	}
}

// Pings of ours are answered by the kernel.
func TestTheKernelAnswersPingsOfOurHost(t *testing.T) {
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			r := newLoudRig(t)
			for _, size := range []int{0, 56, 1400, 20_000} {
				r.command(`ping {"host":"B","addr":"%s","count":3,"interval_ns":1000000,"size":%d}`,
					v.kernel, size)
				ended := await[event.PingEnded](r)
				if ended.Sent != 3 || ended.Received != 3 || ended.Again != 0 || ended.Lost != 0 {
					t.Errorf("%d octets: %+v", size, ended)
				}
			}
		})
	}
}
