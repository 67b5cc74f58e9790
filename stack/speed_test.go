package stack_test

import (
	"net/netip"
	"runtime"
	"testing"

	"labserver/stack"
	"labserver/stack/inet"
)

// fast is two hosts on a link that costs 10 µs, with a connection and two UDP sockets.
func fast(b *testing.B, quiet bool) *stack.World {
	b.Helper()
	w, err := stack.New(stack.Config{Seed: 1, Quiet: quiet})
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
	try(b, w, `
accept {"proc":"b","fd":3}
socket {"proc":"a","proto":"udp"}
socket {"proc":"b","proto":"udp"}
bind {"proc":"b","fd":5,"port":53}`)
	return w
}

// bulkOf moves octets from a to b and returns how many packets went.
func bulkOf(b *testing.B, w *stack.World, octets int, out, in []byte) (packets int64) {
	before := w.Sent()
	for sent, got := 0, 0; got < octets; {
		for sent < octets {
			n, _ := w.Write("a", 3, out[:min(len(out), octets-sent)])
			if n <= 0 {
				break
			}
			sent += n
		}
		n, e := w.Read("b", 4, in)
		if e == inet.EAGAIN {
			w.Advance(w.Now() + 10_000)
		}
		got += max(n, 0)
	}
	return w.Sent() - before
}

// speed reports packets a second and allocations a packet of what move does.
func speed(b *testing.B, quiet bool, move func(*stack.World) int64) {
	w := fast(b, quiet)
	move(w)
	var before, after runtime.MemStats
	packets := int64(0)
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	for range b.N {
		if !quiet && w.Events().Len() > stack.MaxEvents/2 {
			b.StopTimer()
			w = fast(b, quiet)
			move(w)
			b.StartTimer()
		}
		packets += move(w)
	}
	b.StopTimer()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(packets)/b.Elapsed().Seconds(), "packets/s")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(packets), "allocs/packet")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(packets), "ns/packet")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkBulk(b *testing.B) {
	out, in := make([]byte, 64<<10), make([]byte, 256<<10)
	for _, kind := range []string{"quiet", "recorded"} {
		b.Run(kind, func(b *testing.B) {
			speed(b, kind == "quiet", func(w *stack.World) int64 { return bulkOf(b, w, 4<<20, out, in) })
		})
	}
}

func BenchmarkDatagrams(b *testing.B) {
	out, in := make([]byte, 200), make([]byte, 2000)
	to := inet.Endpoint{Addr: netip.MustParseAddr("10.0.0.2"), Port: 53}
	for _, kind := range []string{"quiet", "recorded"} {
		b.Run(kind, func(b *testing.B) {
			speed(b, kind == "quiet", func(w *stack.World) int64 {
				for range 1000 {
					for range 32 {
						if n, e := w.WriteTo("a", 4, out, to); n != len(out) {
							b.Fatal(n, e)
						}
					}
					w.Advance(w.Now() + 20_000)
					for range 32 {
						if n, e := w.Read("b", 5, in); n != len(out) {
							b.Fatal(n, e)
						}
					}
				}
				return 32_000
			})
		})
	}
}

// BenchmarkOpenAndClose opens a connection, closes both ends and lets TIME-WAIT pass.
func BenchmarkOpenAndClose(b *testing.B) {
	for _, kind := range []string{"quiet", "recorded"} {
		b.Run(kind, func(b *testing.B) {
			open, connect := parse(b, `socket {"proc":"a","proto":"tcp"}`), parse(b,
				`connect {"proc":"a","fd":5,"addr":"10.0.0.2","port":80}`)
			accept, done := parse(b, `accept {"proc":"b","fd":3}`), parse(b, `close {"proc":"a","fd":5}`)
			far := parse(b, `close {"proc":"b","fd":6}`)
			b.ReportAllocs()
			var w *stack.World
			for i := range b.N {
				if i%10_000 == 0 {
					b.StopTimer()
					w = fast(b, kind == "quiet")
					b.StartTimer()
				}
				w.Apply(open)
				w.Apply(connect)
				w.Advance(w.Now() + 100_000)
				w.Apply(accept)
				w.Apply(done)
				w.Advance(w.Now() + 100_000)
				if r := w.Call(far); r.Errno != inet.OK {
					b.Fatal(r)
				}
				w.Advance(w.Now() + 100_000)
			}
		})
	}
}
