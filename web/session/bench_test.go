package session

import (
	"strconv"
	"testing"

	"labserver/web/app"
)

// BenchmarkCommand is a command's whole way, with a sync of the disk in it.
func BenchmarkCommand(b *testing.B) {
	s := newBench(b, Limits{Commands: 1 << 30, JournalOctets: 1 << 40, Events: 1 << 40})
	defer s.stop()
	s.member("alice", app.Driver, Resume{})
	for i := 0; b.Loop(); i++ {
		s.do("c"+strconv.Itoa(i), "bookmark", `{"at":1}`)
	}
}

// BenchmarkLoad brings a session with 2000 commands back.
func BenchmarkLoad(b *testing.B) {
	s := newBench(b, Limits{})
	defer s.stop()
	s.hello()
	for i := range 2000 {
		s.send("c" + strconv.Itoa(i))
	}
	for b.Loop() {
		s.kill()
		s.start()
		s.open()
	}
}
