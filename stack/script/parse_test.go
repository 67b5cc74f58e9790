package script

import (
	"slices"
	"strings"
	"testing"
	"time"

	"labserver/stack/inet"
)

// one parses a script of one event.
func one(t *testing.T, text string) Event {
	t.Helper()
	sc, err := Parse("t.pkt", []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if len(sc.Events) != 1 {
		t.Fatalf("%s: %d events", text, len(sc.Events))
	}
	return sc.Events[0]
}

func TestTimesAreReadInEveryForm(t *testing.T) {
	const ms = time.Millisecond
	for text, want := range map[string]When{
		"0":             {Absolute, 0, 0},
		"1":             {Absolute, time.Second, time.Second},
		"0.100":         {Absolute, 100 * ms, 100 * ms},
		".1":            {Absolute, 100 * ms, 100 * ms},
		"1.":            {Absolute, time.Second, time.Second},
		"+0":            {Relative, 0, 0},
		"+.25":          {Relative, 250 * ms, 250 * ms},
		"+ 0.000001":    {Relative, time.Microsecond, time.Microsecond},
		"0.100~0.200":   {AbsoluteRange, 100 * ms, 200 * ms},
		"+0~+0.3":       {RelativeRange, 0, 300 * ms},
		"+0.1 ~ +0.3":   {RelativeRange, 100 * ms, 300 * ms},
		"+0.1~0.3":      {RelativeRange, 100 * ms, 300 * ms},
		"*":             {AnyTime, 0, 0},
		"0.1234567891 ": {Absolute, 123456789, 123456789},
	} {
		if got := one(t, text+" > . 1:1(0) ack 1").When; got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

func TestPacketsAreReadAndWrittenBack(t *testing.T) {
	for _, text := range []string{
		"> S 0:0(0)",
		"< S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>",
		"> . 1:1001(1000) ack 1 <nop,nop,TS val 1 ecr 2>",
		"> P. 1:1001(1000) ack 1 win 5840 urg 3",
		"< SEW 0:0(0) win 1000",
		"> SE. 0:0(0) ack 1",
		"< R 1:1(0)",
		"< - 1:1001(1000) win 10",
		"< FPU. 1:2(1) ack 4294967295 win 0 urg 1",
		"> . 1:1(0) ack 1 <nop,nop,sack 1001:2001 3001:4001>",
		"> [ect0] P. 1:11(10) ack 1",
		"< [ce] . 1:11(10) ack 1 win 1",
		"< [ect1,tos 0x15,ttl 3,flowlabel 0x1f] . 1:11(10) ack 1 win 1",
		"> [noecn] . 1:1(0) ack 1 <...>",
		"< [bad_csum] . 1:1(0) ack 1 win 1",
		"> S 0:0(0) <mss 1460,FO>",
		"< S 0:10(10) win 5 <mss 1460,FO 00112233>",
		"< S 0:0(0) win 5 <mss 1460,FOEXP 0011>",
		"< S 0:0(0) win 5 <eol,md5 00112233445566778899aabbccddeeff>",
		"< udp (1000)",
		"< icmp unreachable frag_needed mtu 1200 [1:1461(1460)]",
		"< icmp packet_too_big mtu 1280",
		"> icmp unreachable port_unreachable [udp (10)]",
		"< icmp time_exceeded",
	} {
		p := one(t, "0 "+text).Do.(*Packet)
		if got := p.show(p); got != text {
			t.Errorf("\n got %s\nwant %s", got, text)
		}
	}
}

func TestPacketsMayBeWrittenInOtherWays(t *testing.T) {
	for text, want := range map[string]string{
		"<S 0 : 0 ( 0 ) win 0x10<mss 1000 , nop>": "< S 0:0(0) win 16 <mss 1000,nop>",
		"> .P 1:2(1) ack 1":                       "> P. 1:2(1) ack 1",
		"< S -1:-1(0) win 1":                      "< S 4294967295:4294967295(0) win 1",
		"< icmpv6 packet_too_big mtu 1300 [...]":  "< icmp packet_too_big mtu 1300",
		"> [ECT0 ttl 9] . 1:1(0) ack 1":           "> [ect0,ttl 9] . 1:1(0) ack 1",
		"< . 1:1(0) win 4 ack 1":                  "< . 1:1(0) ack 1 win 4",
		"< S 0:0(0) win 1 <>":                     "< S 0:0(0) win 1",
	} {
		p := one(t, "0 "+text).Do.(*Packet)
		if got := p.show(p); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestPortsMayStandBeforeAPacket(t *testing.T) {
	p := one(t, "0 < 40000 > 8080 S 0:0(0) win 1").Do.(*Packet)
	if p.Ports == nil || *p.Ports != [2]uint16{40000, 8080} {
		t.Errorf("%v", p.Ports)
	}
}

func TestCallsAreReadInEveryForm(t *testing.T) {
	for _, text := range []string{
		"socket(..., SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP) = 3",
		"bind(3, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr(\"192.0.2.1\")}, ...) = 0",
		"setsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0",
		"getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0",
		"sendmsg(4, {msg_name=..., msg_iov=[{..., 1000}, {\"ab\", 2}], msg_flags=0}, 0) = 1002",
		"poll([{fd=3, events=POLLIN | POLLOUT, revents=POLLIN}], 1, 0) = 1",
		"read(3, ..., 1000) = -1 EAGAIN",
		"fcntl(3, F_GETFL) = 2",
		"write(4, \"a\\x00\\n\", 3) = ...",
		"recv(4, ..., 10, MSG_PEEK) = 5~10",
	} {
		c := one(t, "0 "+text).Do.(*Call)
		if got := c.show(); got != text {
			t.Errorf("\n got %s\nwant %s", got, text)
		}
	}
}

func TestCallsMayBeWrittenInOtherWays(t *testing.T) {
	for text, want := range map[string]string{
		"read(3, ..., 1<<4) = -1 EWOULDBLOCK (Resource temporarily unavailable)": "read(3, ..., 16) = -1 EAGAIN",
		"fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0x0":                             "fcntl(3, F_SETFL, O_RDWR | O_NONBLOCK) = 0",
		`write(4, "ab" "c\101\x42\"", 6) = 6`:                                    `write(4, "abcAB\"", 6) = 6`,
		"sendmsg(4, {msg_name(16)=..., msg_iov(1)=[{..., 10}]}, 0) = 10":         "sendmsg(4, {msg_name=..., msg_iov=[{..., 10}]}, 0) = 10",
		"close ( 3 ) = (0)":                                 "close(3) = 0",
		"setsockopt(3, 1, X, &[7], 4,) = 0":                 "setsockopt(3, 1, X, [7], 4) = 0",
		"fcntl(3, F_GETFL) = 0x2 (flags O_RDWR (and more))": "fcntl(3, F_GETFL) = 2",
	} {
		c := one(t, "0 "+text).Do.(*Call)
		if got := c.show(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestABlockingCallHasItsEnd(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"+0...0.5 accept(3, ..., ...) = 4":         500 * time.Millisecond,
		"0.1...0.25 accept(3, ..., ...) = 4":       250 * time.Millisecond,
		"+0.1...+1 connect(3, ..., ...) = 0":       time.Second,
		"0....5 read(3, ..., 1) = -1 ECONNREFUSED": 500 * time.Millisecond,
	} {
		c := one(t, text).Do.(*Call)
		if !c.Blocking || c.End != want {
			t.Errorf("%s: %v %v", text, c.Blocking, c.End)
		}
	}
}

func TestCommentsFlagsAndLayoutDoNotMatter(t *testing.T) {
	sc, err := Parse("t.pkt", []byte("\ufeff#!/usr/bin/env x\r\n// one\n--ip_version=ipv6\n"+
		"--mtu=\"1280\" --strict_segments\n# two\n/* three\n 4 */\n`sysctl -q a=1`\r\n"+
		"+0 > . 1:1(0) ack 1 +0 < . 1:1(0) ack 1 win 1 // five\n"+
		"+0 close(3) = 0\n* > F. 1:1(0) ack 1\n%{ print 1 }% 5 `ip route\nshow` # six\n\t # end\n"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, e := range sc.Events {
		lines = append(lines, e.Line)
	}
	if len(sc.Flags) != 3 || sc.Flags[1] != (Flag{4, "mtu", "1280"}) ||
		!slices.Equal(lines, []int{8, 9, 9, 10, 11, 12, 12}) {
		t.Errorf("%+v, lines %v", sc.Flags, lines)
	}
	if s := sc.Events[6].Do.(*Shell).Text; s != "ip route\nshow" {
		t.Errorf("%q", s)
	}
}

func TestADefinedNameIsReplacedWhereItIsAWord(t *testing.T) {
	sc, err := Parse("t.pkt", []byte("--define=COOKIE=00ff\n0 < S 0:0(0) win 1 <FO COOKIE>\n"+
		"+0 write(4, \"COOKIES\", 7) = 7"))
	if err != nil {
		t.Fatal(err)
	}
	p := sc.Events[0].Do.(*Packet)
	if s := showOptions(p.Opts); s != "<FO 00ff>" {
		t.Error(s)
	}
	if s := sc.Events[1].Do.(*Call).Args[1].Text; s != "COOKIES" {
		t.Error(s)
	}
}

func TestAMistakeIsNamedWithItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"0 > . 1:100(1000) ack 1":                   "t.pkt:1: from 1 to 100 are not 1000 octets",
		"\n\n0 foo":                                 `t.pkt:3: expected "(", found the end of the script`,
		"0 close(3)":                                `t.pkt:1: expected "=", found the end of the script`,
		"0 > X 1:1(0)":                              `t.pkt:1: expected flags`,
		"0.2~0.1 > . 1:1(0) ack 1":                  "t.pkt:1: a range of times that ends before it begins",
		"* < . 1:1(0) ack 1 win 1":                  "t.pkt:1: only an expected packet (>)",
		"+0~+1 close(3) = 0":                        "t.pkt:1: only an expected packet (>)",
		"0 `sysctl":                                 "t.pkt:1: this shell line never ends",
		"0 %{ assert":                               "t.pkt:1: this code never ends",
		"0 %{ assert }%":                            "t.pkt:1: an assert without a condition",
		"0 %{ import os }%":                         "t.pkt:1: code with import is not understood here",
		"/* ":                                       "t.pkt:1: this comment never ends",
		"0 read(3, \"a\n\", 1) = 1":                 "t.pkt:1: this string never ends",
		"0 close(3) = -1 EWHAT":                     `t.pkt:1: "EWHAT" is no errno`,
		"0 close(3) = -1 EBADF (and\n":              "t.pkt:1: this remark never ends",
		"0 < S 0:0(0) win 1 <wat 3>":                `t.pkt:1: the TCP option "wat" is not known`,
		"0 < S 0:0(0) win 99999999999":              `t.pkt:1: a window 99999999999 is too large`,
		"0 < icmp nonsense":                         `t.pkt:1: the ICMP message "nonsense" is not known`,
		"0 < icmp unreachable wat":                  `t.pkt:1: the ICMP message "unreachable wat" is not known`,
		"0 < gre (100)":                             "t.pkt:1: gre packets are not understood here",
		"0 < [what] . 1:1(0) win 1":                 `t.pkt:1: in the brackets before a packet "what" is not understood`,
		"0 < R 1:1(0) ack 3 win 1":                  "t.pkt:1: ack without the flag '.'",
		"99999999 close(3) = 0":                     "t.pkt:1: a time of more than 10000000 seconds",
		"0 f(" + strings.Repeat("[", 100) + ") = 0": "t.pkt:1: nested too deeply",
		"0 < S 0:0(0) win 1 <" + strings.Repeat("nop,", 40) + "nop>": "t.pkt:1: options of 41 octets; " +
			"a header has room for 40",
		"--define=X\n0 close(3) = 0": "t.pkt:1: --define needs NAME=VALUE",
	} {
		_, err := Parse("t.pkt", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestEveryNameOfTheVocabularyIsUnderstood(t *testing.T) {
	calls := "socket bind listen accept connect read write send sendto sendmsg recv recvfrom " +
		"recvmsg shutdown close poll fcntl ioctl setsockopt getsockopt"
	for _, name := range strings.Fields(calls) {
		c := Call{Name: name, Args: []Expr{{}, {Kind: Word, Text: "SIOCINQ"},
			{Kind: Word, Text: "SO_ERROR"}}}
		switch {
		case name == "fcntl":
			c.Args[1].Text = "F_GETFL"
		case strings.HasSuffix(name, "msg"):
			c.Args = nil
		}
		if what := c.unsupported(); what != "" {
			t.Error(what)
		}
	}
	options := "SO_REUSEADDR SO_SNDBUF SO_RCVBUF SO_ERROR SO_LINGER SO_KEEPALIVE TCP_NODELAY " +
		"TCP_CORK TCP_MAXSEG TCP_USER_TIMEOUT TCP_KEEPIDLE TCP_KEEPINTVL TCP_KEEPCNT TCP_KEEPINIT " +
		"TCP_INFO TCP_FASTOPEN IP_TOS IP_TTL IP_MTU_DISCOVER IPV6_TCLASS IPV6_UNICAST_HOPS"
	for _, name := range strings.Fields(options) {
		c := Call{Name: "setsockopt", Args: []Expr{{}, {}, {Kind: Word, Text: name}}}
		if what := c.unsupported(); what != "" {
			t.Error(what)
		}
	}
	for _, flag := range []string{"MSG_PEEK", "MSG_MORE", "MSG_DONTWAIT", "SOCK_NONBLOCK"} {
		if _, ok := symbol(flag); !ok {
			t.Error(flag)
		}
	}
	linux := "congestion_control ecn sack timestamps window_scaling early_retrans recovery " +
		"mtu_probing base_mss slow_start_after_idle min_tso_segs tso_win_divisor fastopen " +
		"syn_retries synack_retries syncookies fin_timeout rmem wmem"
	for _, name := range strings.Fields(linux) {
		if _, ok := findSysctl("net.ipv4.tcp_" + name); !ok {
			t.Error(name)
		}
	}
	freebsd := "rfc1323 sack.enable ecn.enable ecn.maxretries blackhole recvspace sendspace " +
		"delacktime keepidle keepintvl keepcnt keepinit insecure_rst insecure_syn rexmit_initial " +
		"rexmit_slop rexmit_drop_options drop_synfin icmp_may_rst hostcache.purgenow"
	for _, name := range strings.Fields(freebsd) {
		if _, ok := findSysctl("net.inet.tcp." + name); !ok {
			t.Error(name)
		}
	}
	if _, ok := findSysctl("/proc/sys/net/ipv4/tcp_sack"); !ok {
		t.Error("a name as a path")
	}
	if _, ok := findSysctl("kern.ipc.maxsockbuf"); !ok {
		t.Error("kern.ipc.maxsockbuf")
	}
}

func TestFlagsAreSettledAndTheirMistakesNamed(t *testing.T) {
	st, _, wrong := settle([]Flag{{1, "ip_version", "ipv6"}, {2, "mtu", "1280"},
		{3, "tolerance_usecs", "50000"}, {4, "tcp_ts_tick_usecs", "1000"}, {5, "strict_segments", ""},
		{6, "non_fatal", "packet,syscall"}, {7, "local_ip", "fd00::7/64"},
		{8, "remote_ip", "2001:db8::9"}, {9, "tolerance_percent", "1.5"}}, Options{})
	if wrong != "" || !st.ipv6 || st.mtu != 1280 || st.tolerance != 50*time.Millisecond ||
		!st.oneToOne || len(st.lenient) != 2 || st.local.String() != "fd00::7" ||
		st.gateway.String() != "fd00::1" || st.tsTick != time.Millisecond {
		t.Errorf("%+v, %s", st, wrong)
	}
	if d := st.allowed(10 * time.Second); d != 150*time.Millisecond {
		t.Errorf("1.5 %% of 10 s: %v", d)
	}
	for _, f := range []Flag{{1, "ip_version", "7"}, {1, "mtu", "x"}, {1, "mtu", "1"},
		{1, "local_ip", "home"}, {1, "tolerance_percent", "x"}, {1, "wat", "1"}} {
		if _, at, wrong := settle([]Flag{f}, Options{}); wrong == "" || at.Name != f.Name {
			t.Errorf("--%s=%s was taken", f.Name, f.Value)
		}
	}
	if n := errnoNumber("ECONNREFUSED"); n != 111 {
		t.Error(n)
	}
	if errnoNumber("E") != 0 || errnoNumber("") != 0 || inet.EAGAIN != inet.Errno(canonicalErrno("EWOULDBLOCK")) {
		t.Error("errno names")
	}
}
