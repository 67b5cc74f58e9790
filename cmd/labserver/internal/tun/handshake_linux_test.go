package tun_test

import (
	"fmt"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"labserver/stack/inet"
	"labserver/stack/tcp"
	"labserver/stack/wire"
)

// The bits of tcpi_options (linux/tcp.h).
const (
	kernelTimestamps = 1
	kernelSACK       = 2
	kernelScale      = 4
)

// agreed is what both ends of a connection took from its handshake.
type agreed struct{ timestamps, sack, scale bool }

func (a agreed) String() string {
	return fmt.Sprintf("timestamps %v, SACK %v, window scale %v", a.timestamps, a.sack, a.scale)
}

func (a agreed) without(knob string) agreed {
	switch knob {
	case "tcp_timestamps":
		a.timestamps = false
	case "tcp_sack":
		a.sack = false
	case "tcp_window_scaling":
		a.scale = false
	}
	return a
}

// What one side does not offer the other does not use; and what both do, both use.
func TestTheKernelAndOursAgreeOnTheOptionsOfAHandshake(t *testing.T) {
	for _, v := range versions() {
		for _, opener := range []string{"kernel", "ours"} {
			for _, knob := range []string{"", "tcp_timestamps", "tcp_sack", "tcp_window_scaling"} {
				t.Run(fmt.Sprintf("%s/%s opens/without %s", v.name, opener, knob),
					func(t *testing.T) { handshake(t, v, opener == "kernel", knob) })
			}
		}
	}
}

func handshake(t *testing.T, v version, kernelOpens bool, knob string) {
	var more []string
	if knob != "" {
		more = append(more, fmt.Sprintf(`knob.set {"host":"B","knob":%q,"value":"0"}`, knob))
	}
	r := newRig(t, clean, more...)
	var syns [2]*wire.TCP // by who sent it: us, the kernel
	r.watch(func(in bool, p *wire.IP, _ []byte) {
		seg, err := wire.ParseTCP(p.Src, p.Dst, p.Payload)
		if err == nil && seg.Flags&wire.SYN != 0 {
			syns[from(in)] = &wire.TCP{Flags: seg.Flags, Opts: wire.Options{MSS: seg.Opts.MSS,
				HasWScale: seg.Opts.HasWScale, WScale: seg.Opts.WScale, SACKOK: seg.Opts.SACKOK,
				HasTS: seg.Opts.HasTS}}
		}
	})
	conn, o := r.connect(v, kernelOpens, newTalk(100_000, 100_000, 3, 4))
	theirs := kernelInfo(t, conn)
	var info tcp.Info
	var first, second *wire.TCP
	r.do(func() {
		info, _ = r.world.TCPInfo(r.proc.ID(), o.s.FD())
		first, second = syns[1], syns[0]
		if !kernelOpens {
			first, second = syns[0], syns[1]
		}
	})
	if err := talkKernel(conn, newTalk(100_000, 100_000, 4, 3)); err != nil {
		t.Error(err)
	}
	if err := <-o.over; err != nil {
		t.Error(err)
	}
	want := agreed{true, true, true}.without(knob)
	kernels := agreed{theirs.Options&kernelTimestamps != 0, theirs.Options&kernelSACK != 0,
		theirs.Options&kernelScale != 0}
	ours := agreed{info.Timestamps, info.SACK, info.WindowScale}
	if kernels != want || ours != want {
		t.Errorf("agreed should be %s; the kernel has %s; ours has %s", want, kernels, ours)
	}
	if first == nil || second == nil || second.Flags != wire.SYN|wire.ACK {
		t.Fatalf("SYN %v, answered by %v", first, second)
	}
	mss := uint16(1460)
	if v.name == "IPv6" {
		mss = 1440
	}
	if first.Opts.MSS != mss || second.Opts.MSS != mss {
		t.Errorf("MSS %d and %d, want %d", first.Opts.MSS, second.Opts.MSS, mss)
	}
	// RFC 7323 §2.2 and §3.2, RFC 2018 §2: a SYN-ACK may hold only what the SYN held.
	got := agreed{second.Opts.HasTS, second.Opts.SACKOK, second.Opts.HasWScale}
	if got != want {
		t.Errorf("the SYN-ACK has %s, want %s", got, want)
	}
	if kernelMSS := uint32(info.SndMSS); kernelMSS != theirs.Snd_mss {
		t.Errorf("segments of %d from us, %d from the kernel", kernelMSS, theirs.Snd_mss)
	}
}

// kernelInfo is TCP_INFO of a socket of the kernel.
func kernelInfo(t *testing.T, c net.Conn) (info *unix.TCPInfo) {
	t.Helper()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if cerr := raw.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	}); cerr != nil || err != nil {
		t.Fatal(cerr, err)
	}
	return info
}

// A port that nobody listens on refuses, at once and with one RST, whichever side it is on.
func TestAPortThatNobodyListensOnRefusesBothWays(t *testing.T) {
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			r := newRig(t, clean)
			r.explain(1, 1)
			_, err := net.Dial("tcp", net.JoinHostPort(v.ours.String(), "81"))
			if !isErrno(err, unix.ECONNREFUSED) {
				t.Errorf("the kernel was told: %v", err)
			}
			_, errno := r.dial(at(v.kernel, 81))
			if errno != inet.ECONNREFUSED {
				t.Errorf("ours was told: %s", errno)
			}
		})
	}
}
