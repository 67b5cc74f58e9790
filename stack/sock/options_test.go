package sock_test

import (
	"strings"
	"testing"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

func TestEveryOptionCanBeSetAndReadAsItsManualPageSays(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"a","proto":"tcp" => 3
		getsockopt "proc":"a","fd":3,"option":"SO_LINGER" => -1
		setsockopt "proc":"a","fd":3,"option":"SO_LINGER","value":5 => 0
		getsockopt "proc":"a","fd":3,"option":"SO_LINGER" => 5
		getsockopt "proc":"a","fd":3,"option":"TCP_KEEPIDLE" => 7200
		getsockopt "proc":"a","fd":3,"option":"TCP_KEEPINTVL" => 75
		getsockopt "proc":"a","fd":3,"option":"TCP_KEEPCNT" => 9
		getsockopt "proc":"a","fd":3,"option":"TCP_SYNCNT" => 6
		getsockopt "proc":"a","fd":3,"option":"TCP_LINGER2" => 60
		getsockopt "proc":"a","fd":3,"option":"TCP_MAXSEG" => 536
		getsockopt "proc":"a","fd":3,"option":"TCP_QUICKACK" => 1
		getsockopt "proc":"a","fd":3,"option":"IP_TTL" => 64
		getsockopt "proc":"a","fd":3,"option":"IP_TOS" => 0
		getsockopt "proc":"a","fd":3,"option":"IP_MTU_DISCOVER" => 1
		getsockopt "proc":"a","fd":3,"option":"SO_TYPE" => 1
		getsockopt "proc":"a","fd":3,"option":"SO_DOMAIN" => 2
		getsockopt "proc":"a","fd":3,"option":"SO_PROTOCOL" => 6
		getsockopt "proc":"a","fd":3,"option":"SO_ACCEPTCONN" => 0
		getsockopt "proc":"a","fd":3,"option":"IP_MTU" => ENOTCONN fd
		setsockopt "proc":"a","fd":3,"option":"TCP_NODELAY","value":7 => 0
		getsockopt "proc":"a","fd":3,"option":"TCP_NODELAY" => 1
		setsockopt "proc":"a","fd":3,"option":"TCP_MAXSEG","value":87 => EINVAL value
		setsockopt "proc":"a","fd":3,"option":"TCP_MAXSEG","value":500 => 0
		setsockopt "proc":"a","fd":3,"option":"TCP_KEEPCNT","value":0 => EINVAL value
		setsockopt "proc":"a","fd":3,"option":"IP_TTL","value":256 => EINVAL value
		setsockopt "proc":"a","fd":3,"option":"IPV6_V6ONLY","value":1 => ENOPROTOOPT option
		setsockopt "proc":"a","fd":3,"option":"SO_TYPE","value":1 => ENOPROTOOPT option
		setsockopt "proc":"a","fd":3,"option":"SO_ERROR","value":1 => ENOPROTOOPT option
		listen "proc":"a","fd":3 => 0
		getsockopt "proc":"a","fd":3,"option":"SO_ACCEPTCONN" => 1
		socket "proc":"a","proto":"udp" => 4
		getsockopt "proc":"a","fd":4,"option":"SO_TYPE" => 2
		getsockopt "proc":"a","fd":4,"option":"SO_PROTOCOL" => 17
		getsockopt "proc":"a","fd":4,"option":"TCP_INFO" => ENOPROTOOPT option
		setsockopt "proc":"a","fd":4,"option":"SO_KEEPALIVE","value":1 => 0`)
}

func TestCongestionControlIsChosenByName(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		setsockopt "proc":"a","fd":3,"option":"TCP_CONGESTION","text":"vegas9" => ENOENT text
		setsockopt "proc":"a","fd":3,"option":"TCP_CONGESTION","value":1 => EINVAL value
		setsockopt "proc":"a","fd":3,"option":"TCP_NODELAY","text":"on" => EINVAL value
		setsockopt "proc":"a","fd":3,"option":"TCP_CONGESTION","text":"tahoe" => 0
		getsockopt "proc":"a","fd":3,"option":"TCP_CONGESTION" => 0 tahoe`)
	s := d.w.View().Sockets[1]
	if len(s.Options) != 1 || s.Options[0].Text != "tahoe" {
		t.Errorf("%+v", s.Options)
	}
}

// Only Linux doubles; the freebsd and rfc profiles take what is asked for.
func TestLinuxDoublesABufferAndOthersDoNot(t *testing.T) {
	for profile, want := range map[string]string{"linux": "16384", "freebsd": "8192", "rfc": "8192"} {
		d := newDesk(t)
		d.do("host.add", `"id":"C","addr":"10.0.9.1/24","profile":"`+profile+`"`)
		d.do("proc.start", `"host":"C","id":"c"`)
		d.expect(`
			socket "proc":"c","proto":"tcp" => 3
			setsockopt "proc":"c","fd":3,"option":"SO_SNDBUF","value":8192 => 0
			getsockopt "proc":"c","fd":3,"option":"SO_SNDBUF" => ` + want)
	}
}

func TestTCPInfoIsReadableForPeople(t *testing.T) {
	d := newDesk(t)
	got := ""
	d.expect(tcpPair)
	got = d.do("getsockopt", `"proc":"a","fd":3,"option":"TCP_INFO"`)
	for _, part := range []string{"state=ESTABLISHED", "ca_state=Open", "snd_cwnd=10", "snd_mss=1448",
		"rtt=2ms"} {
		if !strings.Contains(got, part) {
			t.Errorf("%s is not in %s", part, got)
		}
	}
}

// MUST-48, MUST-49: what IP_TOS and IP_TTL say stands in the header of each segment.
func TestTOSAndTTLReachTheHeader(t *testing.T) {
	d := newDeskOf(t, stack.Config{Seed: 1, KeepFrames: true})
	d.expect(tcpPair + `
		setsockopt "proc":"a","fd":3,"option":"IP_TOS","value":187 => 0
		setsockopt "proc":"a","fd":3,"option":"IP_TTL","value":9 => 0
		send "proc":"a","fd":3,"text":"x" => 1
		socket "proc":"a","proto":"udp" => 4
		setsockopt "proc":"a","fd":4,"option":"IP_TOS","value":16 => 0
		setsockopt "proc":"a","fd":4,"option":"IP_TTL","value":200 => 0
		sendto "proc":"a","fd":4,"addr":"10.0.0.2","port":9,"text":"x" => 1`)
	for _, want := range []struct {
		kind     event.Kind
		tos, ttl byte // TCP keeps the two ECN bits for itself
	}{{"segment.sent", 184, 9}, {"datagram.sent", 16, 200}} {
		var last uint64
		for _, e := range d.w.Events().From(1) {
			if e.Kind() == want.kind && e.Host == "A" {
				last = e.N
			}
		}
		if f := d.w.Frame(inet.PacketID(last)); f[15] != want.tos || f[22] != want.ttl {
			t.Errorf("%s: TOS %d, TTL %d", want.kind, f[15], f[22])
		}
	}
}

func TestTheMSSOptionHoldsOnBothSides(t *testing.T) {
	d := newDesk(t)
	d.expect(`
		socket "proc":"b","proto":"tcp" => 3
		bind "proc":"b","fd":3,"addr":"10.0.0.2","port":80 => 0
		listen "proc":"b","fd":3 => 0
		accept "proc":"b","fd":3 => blocked
		socket "proc":"a","proto":"tcp" => 3
		setsockopt "proc":"a","fd":3,"option":"TCP_MAXSEG","value":500 => 0
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
		later 10 connect => 0
		send "proc":"b","fd":4,"octets":3000 => 3000
		send "proc":"a","fd":3,"octets":3000 => 3000
		later 100 recv =>`)
	for _, e := range d.w.Events().From(1) {
		s, ok := e.Body.(event.SegmentSent)
		if ok && (s.Seg.Len > 488 || s.Seg.Opts != nil && s.Seg.Opts.MSS > 0 &&
			s.Seg.Opts.MSS != 500 && e.Host == "A") {
			t.Errorf("%+v", s.Seg)
		}
	}
}

// tcp(7): corked, only full segments leave; the rest goes when the cork is pulled.
func TestACorkHoldsBackWhatDoesNotFillASegment(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		setsockopt "proc":"a","fd":3,"option":"TCP_CORK","value":1 => 0
		send "proc":"a","fd":3,"octets":2000 => 2000
		later 10 send =>
		ioctl "proc":"b","fd":4,"request":"SIOCINQ" => 1448
		ioctl "proc":"a","fd":3,"request":"SIOCOUTQ" => 552
		ioctl "proc":"a","fd":3,"request":"SIOCOUTQNSD" => 552
		setsockopt "proc":"a","fd":3,"option":"TCP_CORK","value":0 => 0
		later 10 send =>
		ioctl "proc":"b","fd":4,"request":"SIOCINQ" => 2000
		send "proc":"a","fd":3,"text":"more","flags":["more"] => 4
		later 10 send =>
		ioctl "proc":"b","fd":4,"request":"SIOCINQ" => 2000
		send "proc":"a","fd":3,"text":" and the rest" => 13
		later 10 send =>
		ioctl "proc":"b","fd":4,"request":"SIOCINQ" => 2017
		setsockopt "proc":"a","fd":3,"option":"TCP_CORK","value":1 => 0
		send "proc":"a","fd":3,"text":"last" => 4
		shutdown "proc":"a","fd":3,"how":"wr" => 0
		later 10 send =>
		ioctl "proc":"b","fd":4,"request":"SIOCINQ" => 2021`)
}

// tcp(7): "there is a 200 millisecond ceiling on the time for which output is corked".
func TestACorkGivesWayAfterAFifthOfASecond(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		setsockopt "proc":"a","fd":3,"option":"TCP_CORK","value":1 => 0
		send "proc":"a","fd":3,"text":"held" => 4
		later 199 send =>
		ioctl "proc":"b","fd":4,"request":"SIOCINQ" => 0
		later 3 send =>
		ioctl "proc":"b","fd":4,"request":"SIOCINQ" => 4`)
	sent := 0
	for _, e := range d.w.Events().From(1) {
		if s, ok := e.Body.(event.SegmentSent); ok && s.Seg.Len > 0 {
			if sent++; e.Rule != rfc.TCPCorkLimit {
				t.Error(e.Rule)
			}
		}
	}
	if sent != 1 {
		t.Errorf("%d segments with data", sent)
	}
}
