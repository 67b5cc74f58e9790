package main

import (
	"fmt"
	"runtime"
	"time"

	"labserver/bench/netstack"
	"labserver/bench/ours"
	"labserver/bench/report"
	"labserver/bench/sample"
	"labserver/bench/veth"
)

// size picks an amount of work: full, or little for a quick run.
func size[T any](b *bench, full, quick T) T {
	if b.quick {
		return quick
	}
	return full
}

// measure does one thing with nothing left over from the one before.
func measure(f func() (sample.Sample, error)) (sample.Sample, error) {
	runtime.GC()
	return f()
}

// turns runs every contender once, then again, as often as there are rounds, so that what
// disturbs the machine disturbs all of them. It returns the samples of each.
func (b *bench) turns(contenders ...func() (sample.Sample, error)) ([][]sample.Sample, error) {
	all := make([][]sample.Sample, len(contenders))
	for range b.rounds {
		for i, c := range contenders {
			s, err := measure(c)
			if err != nil {
				return nil, err
			}
			if i == 0 && runtime.GOMAXPROCS(0) == 1 && s.CPU > 0 {
				b.busiest = min(b.busiest, float64(s.CPU)/float64(s.Elapsed))
			}
			all[i] = append(all[i], s)
		}
	}
	return all, nil
}

// figure takes one number out of each sample.
func figure(samples []sample.Sample, of func(sample.Sample) float64) report.Figure {
	var runs []float64
	for _, s := range samples {
		runs = append(runs, of(s))
	}
	return report.Of(runs...)
}

func segmentRate(s sample.Sample) float64   { return s.PerSecond(s.Segments) }
func megabytes(s sample.Sample) float64     { return s.PerSecond(s.Octets) / 1e6 }
func perSegment(s sample.Sample) float64    { return s.Nanoseconds(s.Segments) }
func operationRate(s sample.Sample) float64 { return s.PerSecond(s.Operations) }
func cpuPerSegment(s sample.Sample) float64 { return float64(s.CPU) / float64(s.Segments) }

// ofTheClock is how many objects the measurement itself may allocate in a whole run.
const ofTheClock = 32

func segmentAllocations(s sample.Sample) float64 {
	return max(0, float64(s.Mallocs)-ofTheClock) / float64(s.Segments)
}

func cpuPerOperation(s sample.Sample) float64 { return float64(s.CPU) / float64(s.Operations) }

func operationAllocations(s sample.Sample) float64 {
	return max(0, float64(s.Mallocs)-ofTheClock) / float64(s.Operations)
}

// kernel measures the Linux kernel over veth, on all processors.
func (b *bench) kernel() error {
	if err := veth.Usable(); err != nil {
		b.report.Note("The Linux kernel's own path over veth was not measured: %v.", err)
		return nil
	}
	runtime.GOMAXPROCS(min(2, runtime.NumCPU()))
	all, err := b.turns(func() (sample.Sample, error) {
		return veth.Bulk(size[int64](b, 16<<20, 1<<20), size[int64](b, 256<<20, 8<<20))
	})
	if err != nil {
		return err
	}
	b.kernelRate = figure(all[0], segmentRate)
	b.report.Note("The Linux kernel over veth, MTU 1500, offloads off, two cores: %.0f packets/s, "+
		"%.0f MB/s.", b.kernelRate.Median, figure(all[0], megabytes).Median)
	return nil
}

// open measures opening and closing.
func (b *bench) open() error {
	n := size(b, 10_000, 500)
	for _, procs := range []int{1, 2} {
		runtime.GOMAXPROCS(procs)
		all, err := b.turns(
			func() (sample.Sample, error) { return ours.Openings(ours.Options{Quiet: true}, n) },
			func() (sample.Sample, error) { return netstack.Openings(netstack.Options{}, n, 1) },
			func() (sample.Sample, error) { return ours.Openings(ours.Options{}, n) },
			func() (sample.Sample, error) { return netstack.Openings(netstack.Options{}, n, 8) },
		)
		if err != nil {
			return err
		}
		theirs, name := all[1], "gVisor, one client"
		if figure(all[3], operationRate).Median > figure(theirs, operationRate).Median {
			theirs, name = all[3], "gVisor, 8 clients at once (its better way)"
		}
		b.openRows(procs, all[0], all[2], theirs, name)
	}
	return nil
}

func (b *bench) openRows(procs int, quiet, recorded, theirs []sample.Sample, name string) {
	id, cores := fmt.Sprintf("open.%d.", procs), coresOf(procs)
	row := report.Row{ID: id + "quiet", Group: "Open and close, nothing exchanged",
		What: "unobserved, " + cores, Unit: "per second", Ours: figure(quiet, operationRate),
		Theirs: figure(theirs, operationRate), Against: name}
	if procs == 1 {
		row.Target = report.AtLeast(report.OfRatio, 8)
	}
	b.report.Add(row)
	row.ID, row.What, row.Target = id+"recorded", "every event recorded, "+cores, nil
	row.Ours = figure(recorded, operationRate)
	b.report.Add(row)
	b.report.Add(report.Row{ID: id + "cpu", Group: row.Group, Better: report.Less,
		What: "processor time, unobserved, " + cores, Unit: "ns/connection",
		Ours:   figure(quiet, cpuPerOperation),
		Theirs: figure(theirs, cpuPerOperation), Against: name})
	b.report.Add(report.Row{ID: id + "allocations", Group: row.Group,
		What: "allocations, unobserved, " + cores, Unit: "per connection", Better: report.Less,
		Ours:   figure(quiet, operationAllocations),
		Theirs: figure(theirs, operationAllocations), Against: name})
}

// udp measures datagrams.
func (b *bench) udp() error {
	const octets = 200
	n := size(b, 400_000, 4_000)
	for _, procs := range []int{1, 2} {
		runtime.GOMAXPROCS(procs)
		all, err := b.turns(
			func() (sample.Sample, error) {
				return ours.Datagrams(ours.Options{Quiet: true}, n, octets)
			},
			func() (sample.Sample, error) {
				return netstack.Datagrams(netstack.Options{}, n, octets)
			},
			func() (sample.Sample, error) { return ours.Datagrams(ours.Options{}, n/4, octets) },
		)
		if err != nil {
			return err
		}
		id, cores := fmt.Sprintf("udp.%d.", procs), coresOf(procs)
		row := report.Row{ID: id + "quiet", Group: "UDP, 200 octets in a datagram",
			What: "unobserved, " + cores, Unit: "datagrams/s", Ours: figure(all[0], operationRate),
			Theirs: figure(all[1], operationRate), Against: "gVisor"}
		if procs == 1 {
			row.Target = report.AtLeast(report.OfRatio, 7)
		}
		b.report.Add(row)
		row.ID, row.What, row.Target = id+"recorded", "every event recorded, "+cores, nil
		row.Ours = figure(all[2], operationRate)
		b.report.Add(row)
		b.report.Add(report.Row{ID: id + "cpu", Group: row.Group, Better: report.Less,
			What: "processor time, unobserved, " + cores, Unit: "ns/datagram",
			Ours:   figure(all[0], cpuPerOperation),
			Theirs: figure(all[1], cpuPerOperation), Against: "gVisor"})
		b.report.Add(report.Row{ID: id + "allocations", Group: row.Group,
			What: "allocations, unobserved, " + cores, Unit: "per datagram", Better: report.Less,
			Ours:   figure(all[0], operationAllocations),
			Theirs: figure(all[1], operationAllocations), Against: "gVisor"})
	}
	return nil
}

// size measures what hosts weigh and how long it takes to make one.
func (b *bench) size() error {
	runtime.GOMAXPROCS(min(2, runtime.NumCPU()))
	n := size(b, 200, 20)
	var octets, goroutines [3][]float64
	for range b.rounds {
		quiet, err := ours.Sizes(ours.Options{Quiet: true}, n)
		if err != nil {
			return err
		}
		recorded, err := ours.Sizes(ours.Options{}, n)
		if err != nil {
			return err
		}
		theirs, err := netstack.Sizes(netstack.Options{}, n)
		if err != nil {
			return err
		}
		for i, s := range []float64{quiet.Octets, recorded.Octets, theirs.Octets} {
			octets[i] = append(octets[i], s)
		}
		for i, s := range []float64{quiet.Goroutines, recorded.Goroutines, theirs.Goroutines} {
			goroutines[i] = append(goroutines[i], s)
		}
	}
	row := report.Row{Group: "Size", Better: report.Less, Against: "gVisor", Unit: "octets"}
	for i, state := range []string{"unobserved", "every event recorded"} {
		row.ID, row.Target = "size.pair."+state, report.AtMost(report.OfOurs, 12<<10)
		row.What = "a pair of hosts with one connection, " + state
		row.Ours, row.Theirs = report.Of(octets[i]...), report.Of(octets[2]...)
		b.report.Add(row)
	}
	row.ID, row.What, row.Unit = "size.goroutines", "its goroutines", ""
	row.Ours, row.Theirs = report.Of(goroutines[1]...), report.Of(goroutines[2]...)
	row.Target = report.AtMost(report.OfOurs, 0)
	b.report.Add(row)
	return b.making(n, row)
}

// making measures how long it takes to make a host.
func (b *bench) making(n int, row report.Row) error {
	all, err := b.turns(
		func() (sample.Sample, error) { return ours.Hosts(ours.Options{}, n) },
		func() (sample.Sample, error) { return netstack.Hosts(n) })
	if err != nil {
		return err
	}
	micro := func(s sample.Sample) float64 { return s.Nanoseconds(s.Operations) / 1e3 }
	row.ID, row.What, row.Unit = "size.make", "to make a host, every event recorded", "µs"
	row.Ours, row.Theirs = figure(all[0], micro), figure(all[1], micro)
	row.Target = report.AtMost(report.OfOurs, 20)
	b.report.Add(row)
	if veth.Usable() != nil {
		return nil
	}
	kernel, err := b.turns(func() (sample.Sample, error) { return veth.Hosts(size(b, 20, 3)) })
	if err != nil {
		return err
	}
	row.ID, row.Target, row.Against = "size.make.kernel", nil, "Linux, an empty network namespace"
	row.Theirs = figure(kernel[0], micro)
	b.report.Add(row)
	return nil
}

// replay measures recorded runs.
func (b *bench) replay() error {
	runtime.GOMAXPROCS(1)
	bulk, err := ours.BulkRun(size(b, 60*time.Second, 5*time.Second))
	if err != nil {
		return err
	}
	const group = "Replay, every event recorded: virtual time / time taken"
	if err := b.replayRow(group, bulk, "", 1, 100); err != nil {
		return err
	}
	for _, pace := range []time.Duration{5 * time.Second, 0} {
		runs, err := ours.LabRuns(pace)
		if err != nil {
			return err
		}
		how, target := ", a command every 5 s", 10_000.0
		if pace == 0 {
			how, target = ", commands without a pause", 0
		}
		for _, r := range runs {
			if err := b.replayRow(group, r, how, size(b, 200, 3), target); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) replayRow(
	group string, r ours.Recorded, how string, times int, target float64,
) error {
	var ratios []float64
	for range b.rounds {
		runtime.GC()
		began, virtual := time.Now(), time.Duration(0)
		for range times {
			v, err := r.Replay()
			if err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
			virtual += v
		}
		ratios = append(ratios, virtual.Seconds()/time.Since(began).Seconds())
	}
	row := report.Row{ID: "replay." + r.Name + how, Group: group, What: r.Name + how, Unit: "×",
		Ours: report.Of(ratios...)}
	if target > 0 {
		row.Target = report.AtLeast(report.OfOurs, target)
	}
	b.report.Add(row)
	return nil
}

// floor measures the least that a data segment can cost.
func (b *bench) floor() error {
	n := size(b, 500_000, 20_000)
	var runs []float64
	sums := uint16(0)
	for range b.rounds {
		took, s := floor(n)
		sums += s
		runs = append(runs, float64(took.Nanoseconds())/float64(n))
	}
	runtime.KeepAlive(sums)
	b.report.Add(report.Row{ID: "floor", Group: "Floor", Unit: "ns", Ours: report.Of(runs...),
		What: "two copies and two checksums of 1500 octets"})
	return nil
}

func coresOf(procs int) string {
	if procs == 1 {
		return "1 core"
	}
	return fmt.Sprintf("%d cores", procs)
}
