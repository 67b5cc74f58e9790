package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"labserver/stack/journal"
	"labserver/stack/script"
	"labserver/stack/tcp"
)

type scriptCmd struct {
	Files   []string `arg:"" name:"file" help:"Packet scripts, or folders of *.pkt." placeholder:"FILE|DIR"`
	Profile string   `help:"What the stack under test is like: linux, freebsd or rfc; else the script's own shell lines say." placeholder:"NAME" env:"LABSERVER_SCRIPT_PROFILE"`
	Strict  bool     `help:"A packet that no line expects is a failure too." env:"LABSERVER_SCRIPT_STRICT"`
	Set     []string `help:"Set a knob of the stack under test." placeholder:"KNOB=VALUE" sep:"none" env:"LABSERVER_SCRIPT_SET"`
	Moved   bool     `help:"Run each script also with other sequence numbers, ports, addresses, clock and over IPv6." env:"LABSERVER_SCRIPT_MOVED"`
	Journal string   `help:"Save the run of one script as a journal." placeholder:"OUT" env:"LABSERVER_SCRIPT_JOURNAL"`
	Verbose bool     `short:"v" help:"Every packet and call with its time, expected and exact." env:"LABSERVER_SCRIPT_VERBOSE"`
	List    bool     `help:"Run nothing: list the names that would be refused or passed over." env:"LABSERVER_SCRIPT_LIST"`

	IPVersion   string `name:"ip_version" help:"ipv4, ipv6 or ipv4-mapped-ipv6, as in a script's first lines; the next nine too." placeholder:"V" env:"LABSERVER_SCRIPT_IP_VERSION"`
	LocalIP     string `name:"local_ip" help:"Address of the stack under test." placeholder:"ADDR" env:"LABSERVER_SCRIPT_LOCAL_IP"`
	RemoteIP    string `name:"remote_ip" help:"Address the script speaks for." placeholder:"ADDR" env:"LABSERVER_SCRIPT_REMOTE_IP"`
	GatewayIP   string `name:"gateway_ip" help:"The stack's next hop." placeholder:"ADDR" env:"LABSERVER_SCRIPT_GATEWAY_IP"`
	BindPort    string `name:"bind_port" help:"Port of bind(…, ..., ...); 8080 unless said." placeholder:"N" env:"LABSERVER_SCRIPT_BIND_PORT"`
	ConnectPort string `name:"connect_port" help:"Port of connect(…, ..., ...); 8080 unless said." placeholder:"N" env:"LABSERVER_SCRIPT_CONNECT_PORT"`
	MTU         string `name:"mtu" help:"Of the interface; 1500 unless said." placeholder:"OCTETS" env:"LABSERVER_SCRIPT_MTU"`
	Tolerance   string `name:"tolerance_usecs" help:"Least time an event may be off; 4000 unless said." placeholder:"N" env:"LABSERVER_SCRIPT_TOLERANCE_USECS"`
	Percent     string `name:"tolerance_percent" help:"Or so much of the time since the event before; 12.5 unless said." placeholder:"P" env:"LABSERVER_SCRIPT_TOLERANCE_PERCENT"`
	Tick        string `name:"tcp_ts_tick_usecs" help:"Compare TS val, by ticks of so long; 0: not." placeholder:"N" env:"LABSERVER_SCRIPT_TCP_TS_TICK_USECS"`
	OneToOne    bool   `name:"strict_segments" help:"An expected packet is one real packet, however large." env:"LABSERVER_SCRIPT_STRICT_SEGMENTS"`
	NonFatal    string `name:"non_fatal" help:"Only warn about errors of these kinds: packet, syscall." placeholder:"KINDS" env:"LABSERVER_SCRIPT_NON_FATAL"`
}

// Run runs every script and says ok or FAIL of each, on a line that begins so.
func (c scriptCmd) Run(s streams) error {
	opt, err := c.options()
	if err != nil {
		return err
	}
	files, err := scriptFiles(c.Files)
	if err != nil {
		return err
	}
	if c.Journal != "" && len(files) != 1 {
		return wrongf("--journal saves the run of one script, and %d are named; name one", len(files))
	}
	t := scriptTally{cmd: c, out: s}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return wrongf("script %s: %v", f, cause(err))
		}
		if c.List {
			t.list(f, text)
			continue
		}
		if err := t.run(f, text, opt); err != nil {
			return err
		}
	}
	return t.end()
}

// options reads the flags.
func (c scriptCmd) options() (script.Options, error) {
	o := script.Options{Profile: c.Profile, Trace: c.Verbose}
	if _, ok := tcp.Profile(c.Profile); !ok && c.Profile != "" {
		return o, wrongf("--profile %q is not known; use %s", c.Profile,
			strings.Join(tcp.Profiles(), ", "))
	}
	for _, set := range c.Set {
		name, value, ok := strings.Cut(set, "=")
		if !ok {
			return o, wrongf("--set %q is not KNOB=VALUE; use --set tcp_sack=0", set)
		}
		o.Set = append(o.Set, script.Knob{Name: name, Value: value})
	}
	for _, f := range []struct{ name, value string }{
		{"ip_version", c.IPVersion}, {"local_ip", c.LocalIP}, {"remote_ip", c.RemoteIP},
		{"gateway_ip", c.GatewayIP}, {"bind_port", c.BindPort}, {"connect_port", c.ConnectPort},
		{"mtu", c.MTU}, {"tolerance_usecs", c.Tolerance}, {"tolerance_percent", c.Percent},
		{"tcp_ts_tick_usecs", c.Tick}, {"non_fatal", c.NonFatal},
	} {
		if f.value != "" {
			o.Flags = append(o.Flags, script.Flag{Name: f.name, Value: f.value})
		}
	}
	if c.OneToOne {
		o.Flags = append(o.Flags, script.Flag{Name: "strict_segments"})
	}
	// A script without a line tells whether the flags themselves make sense.
	if f := script.Run("", nil, o).Failure; f != nil {
		return o, wrongf("%s; `labserver script --help` lists the flags, docs/scripts.md what "+
			"they take", f.Reason)
	}
	return o, nil
}

// scriptFiles finds the scripts in folders, in the order of their names.
func scriptFiles(named []string) ([]string, error) {
	var files []string
	for _, name := range named {
		info, err := os.Stat(name)
		if err != nil {
			return nil, wrongf("script %s: %v; name a file or a folder of *.pkt", name, cause(err))
		}
		if !info.IsDir() {
			files = append(files, name)
			continue
		}
		before := len(files)
		err = filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && filepath.Ext(path) == ".pkt" {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, wrongf("folder %s: %v", name, cause(err))
		}
		if len(files) == before {
			return nil, wrongf("folder %s holds no *.pkt; name one that does", name)
		}
	}
	return files, nil
}

// scriptTally counts what came of the scripts.
type scriptTally struct {
	cmd             scriptCmd
	out             streams
	passed, failed  int
	refused, listed int
	worst           script.Timed
	worstIn         string
}

// run runs one script, and its moved variants.
func (t *scriptTally) run(file string, text []byte, opt script.Options) error {
	began := time.Now()
	res := script.Run(file, text, opt)
	if t.cmd.Journal != "" {
		octets := journal.Encode(res.Header, res.Journal)
		if err := os.WriteFile(t.cmd.Journal, octets, 0o644); err != nil {
			return wrongf("--journal %s: %v", t.cmd.Journal, cause(err))
		}
	}
	if off(res.Worst) > off(t.worst) {
		t.worst, t.worstIn = res.Worst, file
	}
	failure := t.verdict(res)
	if sc, err := script.Parse(file, text); err == nil && len(sc.Events) == 0 {
		fmt.Fprintf(t.out.err, "warning: %s: there is nothing in it to run\n", file)
	}
	for _, v := range t.more(file, text, opt) {
		if failure != "" {
			break
		}
		if f := t.verdict(script.Run(file, text, v.Options)); f != "" {
			failure = f + "\n  with      " + v.Name
		}
	}
	t.say(res, file, failure, time.Since(began))
	return nil
}

// more lists the runs of a script beside the one as written: in the other profiles it
// claims, and moved.
func (t *scriptTally) more(file string, text []byte, opt script.Options) []script.Variant {
	profiles := []string{opt.Profile}
	if sc, err := script.Parse(file, text); err == nil && opt.Profile == "" {
		if claimed := sc.Profiles(); len(claimed) > 0 {
			profiles = claimed
		}
	}
	var all []script.Variant
	for i, name := range profiles {
		in := opt
		in.Profile, in.Trace = name, false
		if i > 0 {
			all = append(all, script.Variant{Name: "profile " + name, Options: in})
		}
		if !t.cmd.Moved {
			continue
		}
		for _, v := range script.Variants(in) {
			if len(profiles) > 1 {
				v.Name += ", profile " + name
			}
			all = append(all, v)
		}
	}
	return all
}

func off(t script.Timed) time.Duration { return max(t.Off, -t.Off) }

// verdict returns why a run failed, "" if it passed.
func (t *scriptTally) verdict(res script.Result) string {
	switch {
	case res.Failure != nil:
		return res.Failure.Text()
	case res.Strict != nil && t.cmd.Strict:
		return res.Strict.Text()
	}
	return ""
}

func (t *scriptTally) say(res script.Result, file, failure string, took time.Duration) {
	if t.cmd.Verbose {
		for _, l := range res.Trace {
			fmt.Fprintln(t.out.out, l.String())
		}
		if res.Strict != nil && !t.cmd.Strict {
			fmt.Fprintln(t.out.out, "strict: "+res.Strict.Text())
		}
	}
	if res.Printed != "" {
		fmt.Fprint(t.out.out, res.Printed)
	}
	for _, w := range res.Warnings {
		fmt.Fprintln(t.out.err, "warning: "+w)
	}
	switch {
	case failure == "":
		t.passed++
		fmt.Fprintln(t.out.out, "ok   "+file)
	case res.Failure != nil && res.Failure.Unreadable:
		t.refused++
		fmt.Fprintln(t.out.out, "FAIL "+failure)
	default:
		t.failed++
		fmt.Fprintln(t.out.out, "FAIL "+failure)
	}
	if t.cmd.Verbose {
		fmt.Fprintf(t.out.out, "     %.6f s of virtual time in %d ms\n", res.End.Seconds(),
			took.Milliseconds())
	}
}

// list says what of a script would be refused or passed over.
func (t *scriptTally) list(file string, text []byte) {
	sc, err := script.Parse(file, text)
	if err != nil {
		t.listed++
		fmt.Fprintln(t.out.out, err)
		return
	}
	for _, u := range sc.Unsupported() {
		t.listed++
		fmt.Fprintf(t.out.out, "%s:%d: %s (refused)\n", file, u.Line, u.What)
	}
	for _, u := range sc.UnknownSysctls() {
		t.listed++
		fmt.Fprintf(t.out.out, "%s:%d: %s (passed over)\n", file, u.Line, u.What)
	}
}

// end prints the summary.
func (t *scriptTally) end() error {
	if t.cmd.List {
		fmt.Fprintf(t.out.out, "%d names\n", t.listed)
		return nil
	}
	total := t.passed + t.failed + t.refused
	if total > 1 {
		fmt.Fprintf(t.out.out, "%d scripts: %d ok, %d failed, %d could not be run", total, t.passed,
			t.failed, t.refused)
		if off(t.worst) > 0 {
			fmt.Fprintf(t.out.out, "; farthest from its time: %s:%d, %d µs", t.worstIn,
				t.worst.Line, t.worst.Off.Microseconds())
		}
		fmt.Fprintln(t.out.out)
	}
	if t.passed != total {
		return errFailed
	}
	return nil
}
