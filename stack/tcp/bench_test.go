package tcp

import (
	"testing"
	"time"

	"labserver/stack/inet"
	"labserver/stack/view"
)

// BenchmarkBulkTransfer moves 16 MiB from one layer to another over a wire of 5 ms,
// lossless, without encoding octets, and reports the cost of each segment, both ways
// counted.
func BenchmarkBulkTransfer(b *testing.B) {
	for _, watched := range []bool{false, true} {
		name := "unobserved"
		if watched {
			name = "folded"
		}
		b.Run(name, func(b *testing.B) { benchmarkBulk(b, watched) })
	}
}

func benchmarkBulk(b *testing.B, watched bool) {
	data := pattern(16 << 20)
	b.ReportAllocs()
	segments := 0
	for b.Loop() {
		n := newNet(b, "A", "B")
		n.delay, n.quiet, n.alias = 5*time.Millisecond, true, true
		tr := startTransfer(b, n, n.hosts[0], n.hosts[1], data, nil, 1<<20)
		v := view.New()
		for folded := uint64(0); n.step(); {
			if tr.rb != nil {
				tr.total += len(tr.rb.got)
				tr.rb.got = tr.rb.got[:0]
			}
			if !watched {
				continue
			}
			for _, e := range n.log.From(folded + 1) {
				view.Reduce(&v, e)
				folded = e.N
			}
		}
		if tr.total != len(data) {
			b.Fatalf("%d octets arrived", tr.total)
		}
		segments += n.sent
	}
	b.ReportMetric(float64(segments)/b.Elapsed().Seconds(), "segments/s")
	b.ReportMetric(float64(segments)/float64(b.N), "segments/op")
}

// BenchmarkIdleConnections shows that a segment costs the same beside many idle
// connections.
func BenchmarkIdleConnections(b *testing.B) {
	for _, idle := range []int{1, 1000} {
		b.Run("", func(b *testing.B) {
			n := newNet(b, "A", "B")
			n.quiet, n.alias = true, true
			h, peer := n.hosts[0], n.hosts[1]
			h.k.Nagle = 0
			li := peer.listen(80, 4000)
			var ca, cb *Conn
			for i := range idle {
				ca = h.open(uint16(1000+i), peer.end(80))
				n.settle()
				cb = peer.accept(li)
			}
			b.ReportAllocs()
			for b.Loop() {
				h.send(ca, []byte("ping"))
				n.settle()
				peer.do(func(fx *Effects) {
					if d, e := cb.Recv(10, fx); e != inet.OK || len(d) != 4 {
						b.Fatal("lost")
					}
				})
			}
		})
	}
}
