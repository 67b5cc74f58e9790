package tun_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"labserver/cmd/labserver/internal/tun"
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

// What the wires of bulk transfers do.
const (
	clean = `"delay_ns":200000`
	lossy = `"delay_ns":500000,"loss_ppm":5000,"dup_ppm":5000,"reorder_ppm":10000`
)

// Bulk data goes both ways at once, over a clean wire and one that loses, doubles and
// reorders, whoever opened, in both versions; every octet is compared.
func TestBulkDataIsTheSameOnBothSidesOfTheKernel(t *testing.T) {
	needsKernel(t)
	wires := []struct{ name, link string }{{"clean", clean}, {"lossy", lossy}}
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
	began, again := time.Now(), counter(t, "Tcp", "RetransSegs")
	conn, o := r.connect(v, kernelOpens, ours)
	if err := talkKernel(conn, kernels); err != nil {
		t.Error(err)
	}
	if err := <-o.over; err != nil {
		t.Error(err)
	}
	took := time.Since(began)
	again = counter(t, "Tcp", "RetransSegs") - again
	var counts tun.Counts
	var dropped int64
	r.do(func() { counts, dropped = r.runner.Counts(), r.world.View().Counters.Dropped })
	t.Logf("%d octets each way in %.2f s: %.1f MB/s; packets: %d in, %d out, %d dropped; "+
		"the kernel sent %d again", octets, took.Seconds(), float64(2*octets)/1e6/took.Seconds(),
		counts.In, counts.Out, dropped, again)
	if (link == lossy) != (dropped > 0) {
		t.Errorf("%d packets were dropped", dropped)
	}
}
