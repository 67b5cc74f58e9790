package stack_test

import (
	"runtime"
	"testing"

	"labserver/stack"
)

// BenchmarkPairOfHosts reports the memory of a world of two hosts with an established
// connection, over which a little was said.
func BenchmarkPairOfHosts(b *testing.B) {
	for _, kind := range []string{"quiet", "recorded"} {
		b.Run(kind, func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			worlds := make([]*stack.World, b.N)
			for i := range worlds {
				w, err := stack.New(stack.Config{Seed: uint64(i), Quiet: kind == "quiet"})
				if err != nil {
					b.Fatal(err)
				}
				try(b, w, `
host.add {"id":"A","addr":"10.0.0.1/24"}
host.add {"id":"B","addr":"10.0.0.2/24"}
link.add {"a":{"host":"A"},"b":{"host":"B"},"delay_ns":10000}
proc.start {"host":"A","id":"a"}
proc.start {"host":"B","id":"b"}
socket {"proc":"b","proto":"tcp"}
bind {"proc":"b","fd":3,"port":80}
listen {"proc":"b","fd":3}
socket {"proc":"a","proto":"tcp"}
connect {"proc":"a","fd":3,"addr":"10.0.0.2","port":80}`)
				w.Advance(1e9)
				worlds[i] = w
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(b.N), "bytes/pair")
			runtime.KeepAlive(worlds)
		})
	}
}
