package session

import (
	"time"

	"labserver/stack/journal"
)

// Limits are what keeps one session, one person and one server within bounds. A zero
// field takes its default.
type Limits struct {
	Live          int           // sessions in memory: 2000
	LivePerOwner  int           // of one subject, of which unattended ones make room: 3
	NewPerHour    int           // made by one subject: 30
	Commands      int           // in a run's journal: 20 000
	JournalOctets int           // 4 MiB, less the header
	Events        uint64        // in a run: 500 000
	CreditEvents  uint64        // not yet acknowledged by the driver: 4096
	CreditOctets  int           // 1 MiB
	Resume        uint64        // events back that a reconnect can resume from: 4096
	BatchEvents   int           // 256
	BatchOctets   int           // 32 KiB
	Flush         time.Duration // between batches while playing: 16 ms
	ClockEntry    time.Duration // between lazy clock entries: 2 s
	DriverGrace   time.Duration // without a driver the run pauses: 30 s
	Idle          time.Duration // without anybody it is unloaded: 10 min
	Replays       int           // replayed runs kept for history and segments: 4
	ShareLife     time.Duration // of a share token: 30 days

	CaptureOctets  int           // of a capture's file: 16 MiB
	CapturePackets int           // in it: 50 000
	CapturesOctets int64         // of all captures of one subject: 64 MiB; the oldest make room
	CapturesFiles  int           // that one subject has: 20
	CaptureLife    time.Duration // of a capture that nobody opens: 30 days
	Exports        int           // capture files being written: 2
}

// slice is how many queue entries are processed before the mailbox is looked at.
const slice = 1024

// reserve is how many entries of a journal are kept for the finish and the clock, and
// entryOctets what an entry takes beside its arguments, generously.
const (
	reserve     = 8
	entryOctets = 256
	// headerOctets is room for a journal's first line.
	headerOctets = 256 << 10
)

// mailbox is how many messages may wait for a session.
const mailbox = 64

func (l Limits) withDefaults() Limits {
	d := Limits{
		Live: 2000, LivePerOwner: 3, NewPerHour: 30,
		Commands: journal.MaxEntries, JournalOctets: journal.MaxOctets - headerOctets, Events: 500_000,
		CreditEvents: 4096, CreditOctets: 1 << 20, Resume: 4096,
		BatchEvents: 256, BatchOctets: 32 << 10, Flush: 16 * time.Millisecond,
		ClockEntry: 2 * time.Second, DriverGrace: 30 * time.Second, Idle: 10 * time.Minute,
		Replays: 4, ShareLife: 30 * 24 * time.Hour,
		CaptureOctets: 16 << 20, CapturePackets: 50_000, CapturesOctets: 64 << 20, CapturesFiles: 20,
		CaptureLife: 30 * 24 * time.Hour,
		Exports:     2,
	}
	fill(&l.Live, d.Live)
	fill(&l.LivePerOwner, d.LivePerOwner)
	fill(&l.NewPerHour, d.NewPerHour)
	fill(&l.Commands, d.Commands)
	fill(&l.JournalOctets, d.JournalOctets)
	fill(&l.Events, d.Events)
	fill(&l.CreditEvents, d.CreditEvents)
	fill(&l.CreditOctets, d.CreditOctets)
	fill(&l.Resume, d.Resume)
	fill(&l.BatchEvents, d.BatchEvents)
	fill(&l.BatchOctets, d.BatchOctets)
	fill(&l.Flush, d.Flush)
	fill(&l.ClockEntry, d.ClockEntry)
	fill(&l.DriverGrace, d.DriverGrace)
	fill(&l.Idle, d.Idle)
	fill(&l.Replays, d.Replays)
	fill(&l.ShareLife, d.ShareLife)
	fill(&l.CaptureOctets, d.CaptureOctets)
	fill(&l.CapturePackets, d.CapturePackets)
	fill(&l.CapturesOctets, d.CapturesOctets)
	fill(&l.CapturesFiles, d.CapturesFiles)
	fill(&l.CaptureLife, d.CaptureLife)
	fill(&l.Exports, d.Exports)
	return l
}

func fill[T comparable](v *T, standard T) {
	var zero T
	if *v == zero {
		*v = standard
	}
}
