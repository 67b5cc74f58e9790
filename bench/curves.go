package main

import (
	"fmt"
	"runtime"

	"labserver/bench/netstack"
	"labserver/bench/ours"
	"labserver/bench/report"
	"labserver/bench/sample"
)

// idle measures a bulk transfer beside connections that carry nothing, on the same two
// hosts.
func (b *bench) idle() error {
	runtime.GOMAXPROCS(1)
	warm, octets := b.bulkSize()
	counts := size(b, []int{1, 10, 100, 1_000, 10_000}, []int{1, 10, 100})
	var contenders []func() (sample.Sample, error)
	for _, n := range counts {
		contenders = append(contenders, ours.Bulk{Options: ours.Options{Quiet: true},
			Warm: warm, Octets: octets, Idle: n}.Run)
	}
	for _, n := range counts {
		contenders = append(contenders, netstack.Bulk{Warm: warm, Octets: octets, Idle: n}.Run)
	}
	all, err := b.turns(contenders...)
	if err != nil {
		return err
	}
	row := report.Row{Group: "Bulk TCP beside idle connections, unobserved, 1 core",
		Unit: "ns/segment", Better: report.Less, Against: "gVisor, default buffers, pipe"}
	for i, n := range counts {
		row.ID, row.What = fmt.Sprintf("idle.%d", n), fmt.Sprintf("%d idle", n)
		row.Ours = figure(all[i], perSegment)
		row.Theirs = figure(all[len(counts)+i], perSegment)
		b.report.Add(row)
	}
	last := len(counts) - 1
	b.report.Add(report.Row{ID: "idle.growth", Group: row.Group, Unit: "×",
		What:   fmt.Sprintf("processor time with %d idle, times with 1", counts[last]),
		Ours:   growth(all[0], all[last]),
		Theirs: growth(all[len(counts)], all[len(counts)+last]), Against: row.Against,
		Better: report.Less, Target: report.AtMost(report.OfOurs, 1.10)})
	return nil
}

// growth divides the cost of a segment in the second list of samples by that in the first,
// round by round: both of a round were taken one shortly after the other. The cost is
// processor time where the system tells it: others on the machine disturb it less.
func growth(from, to []sample.Sample) report.Figure {
	var runs []float64
	for i := range from {
		cost := cpuPerSegment
		if from[i].CPU == 0 || to[i].CPU == 0 {
			cost = perSegment
		}
		runs = append(runs, cost(to[i])/cost(from[i]))
	}
	return report.Of(runs...)
}

// hosts measures bulk transfers between more and more hosts: between each two of them, of
// one to itself.
func (b *bench) hosts() error {
	runtime.GOMAXPROCS(1)
	warm, octets := b.bulkSize()
	row := report.Row{Group: "Bulk TCP between more hosts, unobserved, 1 core", Unit: "ns/segment",
		Better: report.Less}
	for _, n := range size(b, []int{1, 2, 4, 8, 16, 32}, []int{1, 2, 4}) {
		contenders := []func() (sample.Sample, error){
			func() (sample.Sample, error) {
				return ours.Bulk{Options: ours.Options{Quiet: true}, Warm: warm, Octets: octets}.Many(n)
			}}
		if n > 1 {
			contenders = append(contenders, func() (sample.Sample, error) {
				return netstack.Bulk{Warm: warm, Octets: octets}.Many(n / 2)
			})
		}
		all, err := b.turns(contenders...)
		if err != nil {
			return err
		}
		row.ID, row.What = fmt.Sprintf("hosts.%d", n), fmt.Sprintf("%d hosts", n)
		row.Ours, row.Theirs, row.Against = figure(all[0], perSegment), report.Figure{}, ""
		if n == 1 {
			row.What = "1 host, to itself, in segments of up to 64 KiB"
		} else {
			row.Theirs, row.Against = figure(all[1], perSegment), "gVisor, default buffers, pipe"
		}
		b.report.Add(row)
	}
	return nil
}
