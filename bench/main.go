// Command bench measures our network stack beside gVisor's netstack and the Linux kernel's
// in one run on one machine, and prints the figures beside the targets that the project has
// set itself.
//
//	go run .                    everything, the median of five runs of each
//	go run . --quick            one short run of each: shows that it works, measures little
//	go run . --only bulk,udp    some sections
//	go run . --json             for programs
//
// It must never tune a stack: it measures what a program gets. Read README.md for what each
// figure means and how the two sides are kept comparable.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"labserver/bench/report"
)

// bench is one run of the program.
type bench struct {
	rounds int
	quick  bool
	log    io.Writer // progress, for the person who waits
	report report.Report

	busiest    float64 // the least share of a processor that a round of ours got
	kernelRate report.Figure
}

// section is a part of the benchmarks that can be run alone.
type section struct {
	name, what string
	run        func(*bench) error
}

func sections() []section {
	return []section{
		{"kernel", "the Linux kernel's own path over veth", (*bench).kernel},
		{"bulk", "bulk TCP between two hosts", (*bench).bulk},
		{"open", "opening and closing connections", (*bench).open},
		{"udp", "datagrams of 200 octets", (*bench).udp},
		{"size", "memory, goroutines, making a host", (*bench).size},
		{"idle", "cost per segment beside idle connections", (*bench).idle},
		{"hosts", "cost per segment with more hosts", (*bench).hosts},
		{"replay", "recorded runs computed again", (*bench).replay},
		{"floor", "two copies and two checksums", (*bench).floor},
	}
}

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
}

func run(args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(log)
	asJSON := flags.Bool("json", false, "print JSON instead of a table")
	quick := flags.Bool("quick", false, "one short run of each: too short to judge by")
	only := flags.String("only", "", "`sections` to run, with commas between: "+names())
	rounds := flags.Int("rounds", 5, "how many runs the median is of")
	profile := flags.String("cpuprofile", "", "write a CPU profile to this `file`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if *rounds < 1 {
		return fmt.Errorf("--rounds %d: there must be one at least", *rounds)
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	stop, err := startProfile(*profile)
	if err != nil {
		return err
	}
	defer stop()
	b := &bench{rounds: *rounds, quick: *quick, log: log, busiest: 1}
	if *quick {
		b.rounds = 1
	}
	if err := b.all(chosen); err != nil {
		return err
	}
	if *asJSON {
		return b.report.JSON(out)
	}
	return b.report.Table(out)
}

func names() string {
	var all []string
	for _, s := range sections() {
		all = append(all, s.name)
	}
	return strings.Join(all, ",")
}

// choose returns the sections of a list of names, in the order of the table.
func choose(only string) ([]section, error) {
	if only == "" {
		return sections(), nil
	}
	wanted := strings.Split(only, ",")
	var chosen []section
	for _, s := range sections() {
		if slices.Contains(wanted, s.name) {
			chosen = append(chosen, s)
		}
	}
	for _, name := range wanted {
		if !slices.ContainsFunc(chosen, func(s section) bool { return s.name == name }) {
			return nil, fmt.Errorf("--only %s: no section %q; there are %s", only, name, names())
		}
	}
	return chosen, nil
}

func startProfile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		f.Close()
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); f.Close() }, nil
}

// all runs the chosen sections one after another.
func (b *bench) all(chosen []section) error {
	b.report.Machine = b.machine()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, s := range chosen {
		began := time.Now()
		fmt.Fprintf(b.log, "%s: %s … ", s.name, s.what)
		if err := s.run(b); err != nil {
			fmt.Fprintln(b.log)
			return fmt.Errorf("section %s: %w", s.name, err)
		}
		fmt.Fprintf(b.log, "%.1f s\n", time.Since(began).Seconds())
	}
	b.closing()
	return nil
}

func (b *bench) machine() string {
	what := fmt.Sprintf("%s %s/%s, %d processors", runtime.Version(), runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU())
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == "gvisor.dev/gvisor" {
				what += ", gVisor " + m.Version
			}
		}
	}
	if b.quick {
		return what + "; one short run of each: TOO SHORT TO JUDGE BY"
	}
	return what + fmt.Sprintf("; median of %d runs, ours and theirs by turns", b.rounds)
}

// closing adds what the reader must know beside the figures.
func (b *bench) closing() {
	b.report.Note("A segment is one TCP packet put on a wire by either host: data and ACKs, both " +
		"directions, the same on every side. The three send different shares of ACKs, so " +
		"look at MB/s (10⁶ octets read by the receiving program) too.")
	b.report.Note("Ratios say how many times better ours is, also where less is better.")
	if b.busiest < 0.9 {
		b.report.Note("Something else used this machine: one of our runs on one processor got %.0f %% "+
			"of it. Run again on a quiet machine before you believe a figure.", 100*b.busiest)
	}
	if n := b.report.Missed(); n > 0 {
		b.report.Note("%d targets missed.", n)
	}
}
