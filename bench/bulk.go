package main

import (
	"fmt"
	"runtime"

	"labserver/bench/netstack"
	"labserver/bench/ours"
	"labserver/bench/report"
	"labserver/bench/sample"
)

// bulk measures a transfer over one connection, on one core and on two.
func (b *bench) bulk() error {
	for _, procs := range []int{1, 2} {
		runtime.GOMAXPROCS(procs)
		if err := b.bulkOn(procs); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) bulkOn(procs int) error {
	plain, best, err := b.bestOptions()
	if err != nil {
		return err
	}
	warm, octets := b.bulkSize()
	all, err := b.turns(
		ours.Bulk{Options: ours.Options{Quiet: true}, Warm: warm, Octets: octets}.Run,
		ours.Bulk{Warm: warm, Octets: octets}.Run,
		netstack.Bulk{Options: plain, Warm: warm, Octets: octets}.Run,
		netstack.Bulk{Options: best, Warm: warm, Octets: octets}.Run,
	)
	if err != nil {
		return err
	}
	c := contest{b: b, cores: coresOf(procs), id: fmt.Sprintf("bulk.%d.", procs),
		group: "Bulk TCP, " + coresOf(procs),
		plain: all[2], plainName: "gVisor, " + plain.String(),
		best: all[3], bestName: "gVisor at its best, " + best.String()}
	c.rows("unobserved", "quiet.", all[0], 10, 6, procs == 1)
	c.rows("recorded", "recorded.", all[1], 5, 0, procs == 1)
	return nil
}

func (b *bench) bulkSize() (warm, octets int64) {
	return size[int64](b, 8<<20, 1<<20), size[int64](b, 128<<20, 4<<20)
}

// bestOptions tries gVisor's wires and buffer sizes, and returns the best wire with default
// buffers and the best of all.
func (b *bench) bestOptions() (plain, best netstack.Options, err error) {
	plainRate, bestRate := 0.0, 0.0
	tries := size(b, 2, 1)
	for _, w := range []netstack.Wire{netstack.Pipe, netstack.Channel} {
		for _, buf := range []int{0, 64 << 10, 256 << 10, 1 << 20, 4 << 20} {
			o := netstack.Options{Wire: w, Buffer: buf}
			rate := 0.0
			for range tries {
				s, err := measure(netstack.Bulk{Options: o, Warm: 1 << 20,
					Octets: size[int64](b, 32<<20, 1<<20)}.Run)
				if err != nil {
					return plain, best, err
				}
				rate = max(rate, segmentRate(s))
			}
			if buf == 0 && rate > plainRate {
				plain, plainRate = o, rate
			}
			if rate > bestRate {
				best, bestRate = o, rate
			}
		}
	}
	return plain, best, nil
}

// contest is what the rows of bulk transfers on so many cores have in common.
type contest struct {
	b                   *bench
	id, group, cores    string
	plain, best         []sample.Sample
	plainName, bestName string
}

// rows adds the rows of our samples in one state, against the targets if this is where they
// hold.
func (c contest) rows(state, id string, ours []sample.Sample, plain, best float64, judged bool) {
	row := report.Row{Group: c.group, Unit: "segments/s", Ours: figure(ours, segmentRate)}
	add := func(suffix, what, against string, theirs report.Figure, target float64) {
		row.ID, row.What, row.Against = c.id+id+suffix, state+what, against
		row.Theirs, row.Target = theirs, nil
		if judged && target > 0 {
			row.Target = report.AtLeast(report.OfRatio, target)
		}
		c.b.report.Add(row)
	}
	add("segments", "", c.plainName, figure(c.plain, segmentRate), plain)
	add("segments.best", "", c.bestName, figure(c.best, segmentRate), best)
	if state == "unobserved" && c.b.kernelRate.Measured() {
		add("segments.kernel", "", "Linux over veth, 2 cores", c.b.kernelRate, 1)
	}
	row.Unit, row.Ours = "MB/s", figure(ours, megabytes)
	add("octets", "", c.bestName, figure(c.best, megabytes), 0)
	row.Better = report.Less
	row.Unit, row.Ours = "ns/segment", figure(ours, perSegment)
	add("ns", "", c.bestName, figure(c.best, perSegment), 0)
	row.Ours = figure(ours, cpuPerSegment)
	add("cpu", ", processor time", c.bestName, figure(c.best, cpuPerSegment), 0)
	row.Unit, row.Ours = "per segment", figure(ours, segmentAllocations)
	add("allocations", ", allocations", c.bestName, figure(c.best, segmentAllocations), 0)
	if judged && state == "unobserved" {
		last := &c.b.report.Rows[len(c.b.report.Rows)-1]
		last.Judge(report.AtMost(report.OfOurs, 0.001))
	}
}
