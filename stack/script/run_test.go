package script

import (
	"os"
	"strings"
	"testing"
	"time"

	"labserver/stack/journal"
)

// opened is a connection that a script goes on with: descriptor 4, ISNs at 0, MSS 1000.
const opened = `0   socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0  bind(3, ..., ...) = 0
+0  listen(3, 1) = 0
+0  < S 0:0(0) win 65535 <mss 1000>
+0  > S. 0:0(0) ack 1 <mss 1460>
+.1 < . 1:1(0) ack 1 win 65535
+0  accept(3, ..., ...) = 4
`

func passes(t *testing.T, text string, o Options) Result {
	t.Helper()
	res := Run("t.pkt", []byte(text), o)
	if res.Failure != nil {
		t.Error(res.Failure.Text())
	} else if res.Strict != nil {
		t.Error(res.Strict.Text())
	}
	return res
}

// fails runs a script that must fail with such a reason.
func fails(t *testing.T, text, reason string) Result {
	t.Helper()
	res := Run("t.pkt", []byte(text), Options{})
	if res.Failure == nil {
		t.Errorf("passes, though %s:\n%s", reason, text)
	} else if got := res.Failure.Text(); !strings.Contains(got, reason) {
		t.Errorf("got\n%s\nwant %s", got, reason)
	}
	return res
}

func TestTheErrorInTimeIsExact(t *testing.T) {
	// The first retransmission comes RTO = 200 ms + SRTT 100 ms after the segment.
	const text = opened + "+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n"
	res := passes(t, "--tolerance_usecs=10000\n"+text+"+.295 > P. 1:11(10) ack 1\n", Options{})
	if w := res.Worst; w.Off != 5*time.Millisecond || w.Line != 11 ||
		w.Tolerance != 36875*time.Microsecond || w.At != 400*time.Millisecond {
		t.Errorf("%+v", w)
	}
	passes(t, "--tolerance_usecs=1\n--tolerance_percent=0\n"+text+"+.3 > P. 1:11(10) ack 1\n",
		Options{})
	fails(t, "--tolerance_usecs=1\n--tolerance_percent=0\n"+text+"+.299998 > P. 1:11(10) ack 1\n",
		"late")
	// A range is kept to as well, and what follows it is timed from when it came.
	passes(t, text+"+.1~+.5 > P. 1:11(10) ack 1\n+.6 > P. 1:11(10) ack 1\n", Options{})
	fails(t, text+"+.1~+.2 > P. 1:11(10) ack 1\n", "one came 200 000 µs late")
	fails(t, text+"+.4~+.5 > P. 1:11(10) ack 1\n", "100 000 µs early; 50 000 µs are allowed")
	passes(t, text+"*  > P. 1:11(10) ack 1\n+.6 > P. 1:11(10) ack 1\n", Options{})
}

func TestALargePacketMatchesSeveralRealOnes(t *testing.T) {
	const write = opened + "+0 setsockopt(4, SOL_TCP, TCP_NODELAY, [1], 4) = 0\n" +
		"+0 write(4, ..., 2500) = 2500\n"
	passes(t, write+"+0 > P. 1:2501(2500) ack 1\n", Options{})
	passes(t, write+"+0 > . 1:2501(2500) ack 1\n", Options{}) // PSH counts up to one MSS
	passes(t, write+"+0 > . 1:1001(1000) ack 1\n+0 > P. 1001:2501(1500) ack 1\n", Options{})
	fails(t, write+"+0 > P. 1:1001(1000) ack 1\n", "another packet than expected: flags")
	fails(t, write+"+0 > . 1:1501(1500) ack 1\n", "another packet than expected: length")
	fails(t, write+"+0 > P. 1:2501(2500) ack 2\n", "another packet than expected: ack")
	fails(t, "--strict_segments\n"+write+"+0 > P. 1:2501(2500) ack 1\n", "length")
	fails(t, write+"+0 > P. 1:3001(3000) ack 1\n", "another packet than expected: length")
	fails(t, write+"+0 > P. 1:4001(4000) ack 1\n", "another packet than expected: length")
	// Segments that are not full are never taken together.
	fails(t, opened+"+0 setsockopt(4, SOL_TCP, TCP_NODELAY, [1], 4) = 0\n"+
		"+0 write(4, ..., 500) = 500\n+0 write(4, ..., 500) = 500\n+0 > P. 1:1001(1000) ack 1\n",
		"length")
	// FIN belongs to the last of them.
	passes(t, opened+"+0 setsockopt(4, SOL_TCP, TCP_CORK, [1], 4) = 0\n"+
		"+0 write(4, ..., 900) = 900\n+0 write(4, ..., 1600) = 1600\n"+
		"+0 > . 1:2001(2000) ack 1\n+0 close(4) = 0\n+0 > FP. 2001:2501(500) ack 1\n", Options{})
}

func TestCallsWaitAsLongAsTheScriptSays(t *testing.T) {
	passes(t, opened+"+0...0.5 read(4, ..., 10) = 10\n+.5 < P. 1:11(10) ack 1 win 9\n"+
		"+0 > . 1:1(0) ack 11\n", Options{})
	// Two may wait at once.
	passes(t, opened+"+0...0.3 accept(3, ..., ...) = 5\n+0...0.1 read(4, ..., 10) = 10\n"+
		"+.1 < P. 1:11(10) ack 1 win 9\n+0 > . 1:1(0) ack 11\n"+
		"+.1 < 7777 > 8080 S 0:0(0) win 9 <mss 1000>\n+0 > S. 0:0(0) ack 1 <mss 1460>\n"+
		"+.1 < . 1:1(0) ack 1 win 9\n+0 close(5) = 0\n+0 > F. 1:1(0) ack 1\n", Options{})
	fails(t, opened+"+0...0.1 read(4, ..., 10) = 10\n+.5 < P. 1:11(10) ack 1 win 9\n",
		"t.pkt:8: read: the call still waits at 0.200000")
	fails(t, opened+"+0...0.1 read(4, ..., 10) = 10\n", "t.pkt:8: read: the call still waits")
	fails(t, opened+"+0 read(4, ..., 10) = 10\n", "the script does not let it")
	fails(t, opened+"+0...0.5 read(4, ..., 10) = 9\n+.5 < P. 1:11(10) ack 1 win 9\n"+
		"+0 > . 1:1(0) ack 11\n", "t.pkt:8: read: the call returned another number")
}

func TestStrictMeansUntilTheScriptEnds(t *testing.T) {
	res := Run("t.pkt", []byte(opened+"+0 write(4, ..., 10) = 10\n+.2 close(3) = 0\n"), Options{})
	if res.Failure != nil || res.Strict == nil || res.Strict.Line != 9 ||
		!strings.Contains(res.Strict.Got, "P. 1:11(10) ack 1") {
		t.Errorf("%+v %+v", res.Failure, res.Strict)
	}
	// The retransmission at 0.4 comes after the end.
	passes(t, opened+"+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+.25 close(3) = 0\n",
		Options{})
}

func TestNonFatalErrorsAreWarnings(t *testing.T) {
	res := passes(t, "--non_fatal=packet,syscall\n"+opened+
		"+0 write(4, ..., 10) = 9\n+0 > P. 1:11(10) ack 7\n", Options{})
	if len(res.Warnings) != 2 || !strings.Contains(res.Warnings[1], "expected: ack") {
		t.Errorf("%q", res.Warnings)
	}
}

func TestUnknownSysctlsAreSaidAndPassedOver(t *testing.T) {
	res := passes(t, "`sysctl -q net.ipv4.tcp_wat=1 net.ipv4.tcp_sack=0 net.core.wmem_max=9`\n"+
		"0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n"+
		"+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)\n"+
		"+0 > S 0:0(0) <mss 1460,nop,nop,TS val 1 ecr 0,nop,wscale 7>\n", Options{})
	if len(res.Warnings) != 1 || !strings.Contains(res.Warnings[0], "tcp_wat is not known") {
		t.Errorf("%q", res.Warnings)
	}
}

func TestShellLinesTurnKnobs(t *testing.T) {
	for shell, syn := range map[string]string{
		"../common/defaults.sh":                              "<mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 8>",
		"sysctl net.inet.tcp.rfc1323=0":                      "<mss 1460,sackOK,eol>",
		"ip route change default mtu lock 1200":              "<mss 1160,sackOK,TS val 1 ecr 0,nop,wscale 7>",
		"ip route replace default advmss 1000 2>/dev/null":   "<mss 1000,sackOK,TS val 1 ecr 0,nop,wscale 7>",
		"sysctl -w net.ipv4.tcp_window_scaling = 0; true":    "<mss 1460,sackOK,TS val 1 ecr 0>",
		"echo 0 > /proc/sys/net/ipv4/tcp_timestamps":         "<mss 1460,nop,nop,sackOK,nop,wscale 7>",
		"sysctl net.ipv4.tcp_ecn=0 && tc qdisc add root fq":  "<mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>",
		"sysctl kern.ipc.maxsockbuf=16777216":                "<mss 1460,nop,wscale 9,sackOK,TS val 1 ecr 0>",
		"ethtool -K tun0 tso off gso off || true":            "<mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>",
		"sysctl net.ipv4.tcp_rmem=\"4096 30000 65535\" # so": "<mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 0>",
	} {
		passes(t, "`"+shell+"`\n0 socket(..., SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP) = 3\n"+
			"+0 connect(3, ..., ...) = -1 EINPROGRESS\n+0 > S 0:0(0) "+syn+"\n", Options{})
	}
	fails(t, "`sysctl net.ipv4.tcp_rmem=4`", "cannot be \"4\"")
}

func TestSocketsOfAStateAreCounted(t *testing.T) {
	passes(t, opened+"+0 `sockstat -4 -P tcp | grep -c ESTABLISHED`\n"+
		"+0 `test $(sockstat -s | grep -c LISTEN) -eq 1`\n"+
		"+0 `[ \"$(sockstat -s | grep -c TIME_WAIT)\" = 0 ]`\n"+
		"+0 `sockstat -s | grep -c SYN_RCVD | grep -q 0`\n"+
		"+0 `tcpdrop -a`\n+0 > R. 1:1(0) ack 1\n", Options{})
	fails(t, opened+"+0 `sockstat -s | grep -c WAT`", "is no state of TCP")
}

func TestWhatIsUnsupportedIsRefusedBeforeAnythingRuns(t *testing.T) {
	for text, want := range map[string]string{
		"+0 splice(3, 4) = 0":                                  "refused: unknown call splice",
		"+0 `rm -rf /`":                                        "refused: unknown shell command rm",
		"+0 `ip link set up`":                                  "refused: unknown shell command ip",
		"+0 `test 1 -eq 1`":                                    "refused: unknown shell command test",
		"+0 ioctl(4, SIOCWAT, [1]) = 0":                        "refused: unknown request of ioctl",
		"+0 fcntl(4, F_WAT) = 0":                               "refused: unknown command of fcntl",
		"+0 setsockopt(4, 6, 7, [1], 4) = 0":                   "refused: setsockopt needs an option",
		"+0 send(4, ..., 1, MSG_ZEROCOPY) = 1":                 "refused: unknown flag MSG_ZEROCOPY of send",
		"+0 fcntl(4, F_SETFL, O_RDWR|O_WAT) = 0":               "refused: unknown flag O_WAT",
		"+0 %{ assert tcpi_wat == 1 }%":                        "refused: unknown value tcpi_wat",
		"+0 recvmsg(4, {msg_control=[{cmsg_level=1}]}, 0) = 1": "refused: unknown msg_control",
	} {
		res := fails(t, opened+text, want)
		if res.Failure != nil && (!res.Failure.Unreadable || res.Failure.Line != 8) {
			t.Errorf("%s: %+v", text, res.Failure)
		}
		if len(res.Journal) > 0 {
			t.Errorf("%s: something was run", text)
		}
	}
}

func TestARunIsAJournalThatReplays(t *testing.T) {
	text, err := os.ReadFile("testdata/active.pkt")
	if err != nil {
		t.Fatal(err)
	}
	res := passes(t, string(text), Options{})
	h, entries, err := journal.Decode(journal.Encode(res.Header, res.Journal))
	if err != nil {
		t.Fatal(err)
	}
	w, err := journal.Replay(h, entries)
	if err != nil {
		t.Fatal(err)
	}
	again := Run("again", text, Options{})
	v, err := journal.Replay(again.Header, again.Journal)
	if err != nil || w.Hash() != v.Hash() {
		t.Errorf("two runs of one script differ: %v", err)
	}
}

func TestTheTraceTellsEveryPacketAndCall(t *testing.T) {
	res := passes(t, opened, Options{Trace: true})
	var lines []string
	for _, l := range res.Trace {
		lines = append(lines, l.String())
	}
	got := strings.Join(lines, "\n")
	const want = `1    0.000000  socket = 3
2    0.000000  bind = 0
3    0.000000  listen = 0
4    0.000000  < S 0:0(0) win 65535 <mss 1000>
5    0.000000  > S. 0:0(0) ack 1 <mss 1460>
6    0.100000  < . 1:1(0) ack 1 win 65535
7    0.100000  accept = 4`
	if got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
}

func TestAnEmptyMessageToNobodyNeedsASocket(t *testing.T) {
	fails(t, "0 < icmp unreachable port_unreachable", "nothing yet that this ICMP message")
	fails(t, "0 bind(3, {sin_port=htons(1), sin_addr=inet_addr(\"home\")}, 16) = 0", "is no address")
	fails(t, "0.5 close(3) = -1 EBADF\n0.4 close(3) = -1 EBADF", "lies before that of the event above")
	fails(t, "0 close(x) = 0", "a descriptor is a number")
	if res := Run("t.pkt", []byte("0 close(3) = -1 EBADF"),
		Options{Set: []Knob{{"tcp_wat", "1"}}}); res.Failure == nil || !res.Failure.Unreadable {
		t.Error("a knob that there is not was set")
	}
}

func TestErrorsAboutSegmentsReachTheirConnection(t *testing.T) {
	// SHLD-26: a hard error ends the attempt to connect that it is about, and no other.
	const connect = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n" +
		"+0...0.1 connect(3, ..., ...) = -1 ECONNREFUSED\n+0 > S 5:5(0) <...>\n"
	passes(t, connect+"+.1 < icmp unreachable port_unreachable [5:5(0)]\n", Options{})
	passes(t, connect+"+.1 < icmp unreachable port_unreachable\n", Options{})
	passes(t, connect+"+.1 < icmp unreachable port_unreachable [5:5(0)]\n", Options{IPv6: true})
	fails(t, connect+"+.1 < icmp unreachable port_unreachable [6:6(0)]\n", "still waits")
}

func TestMarksOfCongestionAreSentAndSeen(t *testing.T) {
	passes(t, "`sysctl -q net.ipv4.tcp_ecn=1`\n"+
		strings.NewReplacer("< S 0:0(0)", "< SEW 0:0(0)", "> S. 0:0(0)", "> [noecn] SE. 0:0(0)").
			Replace(opened)+
		"+0 write(4, ..., 10) = 10\n+0 > [ect0] P. 1:11(10) ack 1\n"+
		"+.1 < [ce] P. 1:11(10) ack 11 win 65535\n+0 > [noecn] E. 11:11(0) ack 11\n", Options{})
}

func TestADefectOfTheStackIsSaidAndFailsItsScript(t *testing.T) {
	r := &runner{sc: &Script{File: "t.pkt"}, event: &Event{Line: 7}}
	f := r.defect("BUG: SND.UNA is past SND.NXT")
	if !f.Defect || f.Unreadable ||
		f.Text() != "t.pkt:7: a defect of the stack: BUG: SND.UNA is past SND.NXT" {
		t.Errorf("%+v", f)
	}
}

func TestErrorsAreComparedByNameAndByEitherNumber(t *testing.T) {
	const refused = "0 socket(..., SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP) = 3\n" +
		"+0 connect(3, ..., ...) = -1 EINPROGRESS\n+0 > S 0:0(0) <...>\n" +
		"+.1 < R. 0:0(0) ack 1 win 0\n+0 getsockopt(3, SOL_SOCKET, SO_ERROR, [WHAT], [4]) = 0\n"
	for _, e := range []string{"ECONNREFUSED", "111", "61"} {
		passes(t, strings.Replace(refused, "WHAT", e, 1), Options{})
	}
	fails(t, strings.Replace(refused, "WHAT", "0", 1), "got       [ECONNREFUSED]")
}

func TestAPortThatTheStackChoosesIsLearnt(t *testing.T) {
	passes(t, strings.Replace(opened, "bind(3, ..., ...)",
		"bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=INADDR_ANY}, 16)", 1), Options{})
	passes(t, strings.Replace(opened, "+0  bind(3, ..., ...) = 0\n", "", 1), Options{})
}

func TestOptionsThatDifferAreNamed(t *testing.T) {
	const stamped = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n" +
		"+0 listen(3, 1) = 0\n+0 < S 0:0(0) win 9 <mss 1000,sackOK,TS val 5 ecr 0>\n"
	const ack = "+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 100 ecr 5>\n" +
		"+.1 < . 1:1(0) ack 1 win 9 <nop,nop,TS val 105 ecr 100>\n"
	fails(t, stamped+"+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 100 ecr 6>\n", "expected: TS ecr")
	fails(t, stamped+"+0 > S. 0:0(0) ack 1 <mss 1400,sackOK,TS val 100 ecr 5>\n", "expected: options")
	fails(t, stamped+"+0 > S. 0:0(0) ack 1 <sackOK,mss 1460,TS val 100 ecr 5>\n", "expected: options")
	fails(t, stamped+"+0 > S. 0:0(0) ack 1\n", "expected: options")
	fails(t, stamped+ack+"+0 < . 11:21(10) ack 1 win 9 <nop,nop,TS val 105 ecr 100>\n"+
		"+0 > . 1:1(0) ack 1 <nop,nop,TS val 200 ecr 105,nop,nop,sack 11:22>\n", "SACK blocks")
	fails(t, "--tcp_ts_tick_usecs=1000\n"+stamped+ack+
		"+0 < . 1:11(10) ack 1 win 9 <nop,nop,TS val 106 ecr 100>\n"+
		"+0 > . 1:1(0) ack 11 <nop,nop,TS val 300 ecr 106>\n", "expected: TS val")
	fails(t, "0 < udp (5)\n+0 > icmp unreachable host_unreachable [udp (5)]\n", "expected: ICMP message")
	fails(t, "0 < udp (5)\n+0 > icmp unreachable port_unreachable [udp (6)]\n", "what is quoted")
	fails(t, "0 < udp (5)\n+0 > udp (5)\n", "expected: protocol")
}

func TestAScriptAboutIPv4IsNotMovedToIPv6(t *testing.T) {
	const syn = "0 < S 0:0(0) win 9\n+0 > [ttl 64] R. 0:0(0) ack 1\n"
	for head, v6 := range map[string]bool{"": true, "--ip_version=ipv4\n": false,
		"--ip_version=ipv6\n": true} {
		sc, err := Parse("t.pkt", []byte(head+syn))
		if err != nil {
			t.Fatal(err)
		}
		if st, _, _ := settle(sc.Flags, Options{IPv6: true}); st.ipv6 != v6 {
			t.Errorf("%q runs over IPv6: %v", head, st.ipv6)
		}
		passes(t, head+syn, Options{IPv6: true})
	}
}
