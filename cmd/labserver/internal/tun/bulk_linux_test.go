package tun_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"testing"
	"time"
)

// volume is how many octets all of the bulk transfers move together, both ways.
func volume(t *testing.T) int64 {
	mib := int64(64)
	if testing.Short() {
		mib = 8
	}
	if v := os.Getenv("LABSERVER_KERNEL_MIB"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 1 {
			t.Fatalf("LABSERVER_KERNEL_MIB=%s is no number of MiB", v)
		}
		mib = n
	}
	return mib << 20
}

// Bulk data goes both ways at once, over a clean wire and one that loses, doubles and
// reorders, whoever opened, in both versions; every octet is compared.
func TestBulkDataIsTheSameOnBothSidesOfTheKernel(t *testing.T) {
	needsKernel(t)
	wires := []struct{ name, link string }{
		{"clean", `"delay_ns":200000`},
		{"lossy", `"delay_ns":500000,"loss_ppm":5000,"dup_ppm":5000,"reorder_ppm":10000`},
	}
	each := volume(t) / int64(2*2*len(wires)*2)
	for _, wire := range wires {
		for _, v := range versions() {
			for _, opener := range []string{"kernel", "ours"} {
				t.Run(fmt.Sprintf("%s/%s/%s opens", wire.name, v.name, opener), func(t *testing.T) {
					bulk(t, wire.link, v, opener == "kernel", each)
				})
			}
		}
	}
}

func bulk(t *testing.T, link string, v version, kernelOpens bool, octets int64) {
	r := newRig(t, link)
	ours, kernels := newTalk(octets, octets, 1, 2), newTalk(octets, octets, 2, 1)
	began := time.Now()
	conn, o := r.connect(v, kernelOpens, ours)
	if err := talkKernel(conn, kernels); err != nil {
		t.Error(err)
	}
	if err := <-o.over; err != nil {
		t.Error(err)
	}
	took := time.Since(began)
	counts := r.runner.Counts()
	t.Logf("%d octets each way in %.2f s: %.1f MB/s, %d packets in, %d out, 0 differ", octets,
		took.Seconds(), float64(2*octets)/1e6/took.Seconds(), counts.In, counts.Out)
}

// connect makes a connection between the kernel and a talk of ours.
func (r *rig) connect(v version, kernelOpens bool, t *talk) (net.Conn, *oursTalks) {
	r.t.Helper()
	if kernelOpens {
		l := r.listen(netip.AddrPortFrom(v.ours, 5000))
		conn, err := net.DialTimeout("tcp", netip.AddrPortFrom(v.ours, 5000).String(), 20*time.Second)
		if err != nil {
			r.t.Fatal(err)
		}
		return conn, r.talkOurs(r.accept(l), t)
	}
	l, err := net.Listen("tcp", netip.AddrPortFrom(v.kernel, 0).String())
	if err != nil {
		r.t.Fatal(err)
	}
	defer l.Close()
	s, errno := r.dial(l.Addr().(*net.TCPAddr).AddrPort())
	if errno != "" {
		r.t.Fatal(errno)
	}
	conn, err := l.Accept()
	if err != nil {
		r.t.Fatal(err)
	}
	return conn, r.talkOurs(s, t)
}
