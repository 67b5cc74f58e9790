package stack_test

import (
	"encoding/json"
	"runtime"
	"testing"
	"time"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/journal"
	"labserver/stack/view"
)

const bulkOctets = 4 << 20

// bulkWorld is a connection between two hosts on one fast link, about to send.
func bulkWorld(b *testing.B) *stack.World {
	b.Helper()
	w, err := stack.New(stack.Config{Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	for _, line := range []string{
		`host.add {"id":"A","addr":"10.0.0.1/24"}`, `host.add {"id":"B","addr":"10.0.0.2/24"}`,
		`link.add {"a":{"host":"A"},"b":{"host":"B"},"delay_ns":1000000}`,
		`proc.start {"host":"A","id":"a"}`, `proc.start {"host":"B","id":"b"}`,
		`socket {"proc":"b","proto":"tcp"}`, `bind {"proc":"b","fd":3,"port":80}`,
		`listen {"proc":"b","fd":3}`, `accept {"proc":"b","fd":3}`, `socket {"proc":"a","proto":"tcp"}`,
		`connect {"proc":"a","fd":3,"addr":"10.0.0.2","port":80}`,
	} {
		command(b, w, line)
	}
	w.Advance(1e9)
	return w
}

func command(b *testing.B, w *stack.World, line string) {
	b.Helper()
	for i := range line {
		if line[i] == ' ' {
			c, err := stack.ParseCommand(line[:i], "", json.RawMessage(line[i+1:]))
			if err == nil {
				err = w.Check(c)
			}
			if err != nil {
				b.Fatalf("%s: %v", line, err)
			}
			w.Apply(c)
			return
		}
	}
}

// bulk sends bulkOctets and reads them; observe sees every event.
func bulk(b *testing.B, observe func(event.Event)) {
	segments, events := 0, uint64(0)
	var mallocs uint64
	b.StopTimer()
	for range b.N {
		w := bulkWorld(b)
		seen := w.Events().Len()
		from := seen
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		b.StartTimer()
		command(b, w, `send {"proc":"a","fd":3,"octets":4194304}`)
		for read := int64(0); read < bulkOctets; {
			command(b, w, `recv {"proc":"b","fd":4,"max":1048576}`)
			w.Advance(w.Now() + 2e6)
			for _, e := range w.Events().From(seen + 1) {
				if r, ok := e.Body.(event.CallReturned); ok && r.Op == "recv" {
					read += r.Value
				}
				if observe != nil {
					observe(e)
				}
			}
			seen = w.Events().Len()
		}
		b.StopTimer()
		runtime.ReadMemStats(&after)
		mallocs += after.Mallocs - before.Mallocs
		events += seen - from
		for _, e := range w.Events().From(from) {
			if e.Kind() == "segment.sent" {
				segments++
			}
		}
	}
	b.ReportMetric(float64(segments)/b.Elapsed().Seconds(), "segments/s")
	b.ReportMetric(float64(mallocs)/float64(segments), "allocs/segment")
	b.ReportMetric(float64(events)/float64(segments), "events/segment")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkBulkTransfer(b *testing.B) { bulk(b, nil) }

// BenchmarkBulkTransferObserved folds and encodes every event, as a session with one
// browser does.
func BenchmarkBulkTransferObserved(b *testing.B) {
	v := view.New()
	w := bulkWorld(b)
	for _, e := range w.Events().From(1) {
		view.Reduce(&v, e)
	}
	var buf []byte
	fresh := v
	bulk(b, func(e event.Event) {
		if e.N == w.Events().Len()+1 { // a new iteration's world: same start, same ids
			v = fresh
			b, _ := json.Marshal(fresh)
			v = view.New()
			_ = json.Unmarshal(b, &v)
		}
		view.Reduce(&v, e)
		buf = e.AppendJSON(buf[:0])
	})
}

// BenchmarkReplay replays a run of bulk data over a slow, lossy link and tells how much
// virtual time goes by in a second.
func BenchmarkReplay(b *testing.B) {
	var long scenario
	for _, s := range scenarios() {
		if s.name == "bulk-with-loss" {
			long = s
		}
	}
	h, entries := long.journalOf(b)
	virtual := time.Duration(0)
	for b.Loop() {
		w, err := journal.Replay(h, entries)
		if err != nil {
			b.Fatal(err)
		}
		virtual += time.Duration(w.Now())
	}
	b.ReportMetric(virtual.Seconds()/b.Elapsed().Seconds(), "virtual-s/s")
}
