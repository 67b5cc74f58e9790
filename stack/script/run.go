package script

import (
	"strconv"
	"strings"
	"time"

	"labserver/stack"
	"labserver/stack/inet"
	"labserver/stack/journal"
	"labserver/stack/sim"
	"labserver/stack/tcp"
)

// runner is one run of one script.
type runner struct {
	sc  *Script
	opt Options
	st  settings
	w   *stack.World

	header   journal.Header
	journal  []journal.Entry
	routeMTU int // by an ip route line at the beginning; 0: none

	seen  uint64    // events taken in
	outs  []arrived // packets of the stack that no line has expected yet
	sent  []arrived // all of them, to be quoted
	sizes []size
	// injected is the last event before the latest injection.
	injected uint64

	conns     []*conn
	cur       *conn // the connection that packets without ports belong to
	listening bool  // the last listen(2) waits for the packet that opens a connection
	nextPort  uint16

	fds      []*descriptor
	defaults []named // options of every TCP socket, by shell lines

	insecureRST, insecureSYN bool     // FreeBSD's switches of these names
	cookies                  []cookie // of Fast Open, as the script calls them
	pending                  []*pendingCall
	last                     *pendingCall // of the call being made

	event  *Event
	before time.Duration // script time of the event before
	due    time.Duration // script time of this one
	code   scope

	res Result
}

// Result is what came of a run.
type Result struct {
	File string
	// Failure is why the script failed, nil if it passed.
	Failure *Failure
	// Strict is the first packet that no line expected before the script ended, nil if
	// there was none. Only a script that passed is judged so.
	Strict *Failure
	// Warnings are what was passed over: unknown sysctl names, errors of --non_fatal.
	Warnings []string
	Printed  string // what its code printed
	Trace    []Timed
	// Worst is how far the worst timed event of the script was from its time.
	Worst Timed
	End   time.Duration // script time of its last event

	Header  journal.Header
	Journal []journal.Entry
}

// Timed is one packet or call of a run, with the times that were expected of it.
type Timed struct {
	Line      int // 0 for a packet that no line speaks of
	Text      string
	From, To  time.Duration // expected; since the script began
	At        time.Duration // when it happened
	Off       time.Duration // how far At is from the nearest expected time; negative: early
	Tolerance time.Duration
}

// String renders when, what, and how far off: one line of a report.
func (t Timed) String() string {
	line := "     "
	if t.Line > 0 {
		line = (strconv.Itoa(t.Line) + "     ")[:5]
	}
	s := line + seconds(t.At) + "  " + t.Text
	switch {
	case t.Line == 0:
		return s + "   (no line expects it)"
	case t.Off > 0:
		return s + "   (" + micros(t.Off) + " late, " + micros(t.Tolerance) + " allowed)"
	case t.Off < 0:
		return s + "   (" + micros(t.Off) + " early, " + micros(t.Tolerance) + " allowed)"
	}
	return s
}

// Run parses and runs a script. What is wrong with its text is a failure too.
func Run(file string, text []byte, o Options) Result {
	sc, err := Parse(file, text)
	if err != nil {
		e := err.(*Error)
		return Result{File: file, Failure: &Failure{File: file, Line: e.Line, Reason: e.Reason,
			Unreadable: true}}
	}
	return sc.Run(o)
}

// Run runs a parsed script in a world of its own.
func (sc *Script) Run(o Options) Result {
	r := &runner{sc: sc, opt: o, nextPort: firstRemotePort,
		code: scope{vars: map[string]value{}}}
	r.res.File = sc.File
	r.code.info = r.info
	r.run()
	r.res.Header, r.res.Journal = r.header, r.closed()
	return r.res
}

// closed is the journal up to where the run came: after the last command, too.
func (r *runner) closed() []journal.Entry {
	if r.w == nil {
		return r.journal
	}
	e := entry(journal.OpClock, args{"playing": false, "speed": 1})
	e.Seq = uint64(len(r.journal)) + 1
	e.Step, e.T, e.N = r.w.Steps(), r.w.Now(), r.w.Events().Len()
	return append(r.journal, e)
}

// firstRemotePort is the port from which the first connection to a listener comes.
const firstRemotePort = 53055

// halted unwinds from wherever the script failed.
type halted struct{ f *Failure }

func (r *runner) run() {
	defer func() {
		r.res.End = r.before
		if e := recover(); e != nil {
			if h, ok := e.(halted); ok {
				r.res.Failure = h.f
				return
			}
			r.res.Failure = r.defect(e)
		}
	}()
	if unknown := r.sc.Unsupported(); len(unknown) > 0 {
		u := unknown[0]
		panic(halted{&Failure{File: r.sc.File, Line: u.Line, Reason: "refused: " + u.What,
			Unreadable: true}})
	}
	st, f, wrong := settle(r.sc.Flags, r.opt)
	if wrong != "" {
		panic(halted{&Failure{File: r.sc.File, Line: f.Line, Reason: wrong, Unreadable: true}})
	}
	r.st = st
	r.prepare()
	for i := range r.sc.Events {
		r.step(&r.sc.Events[i])
	}
	r.finish()
}

// defect is the failure of a run in which the stack, or this package, broke down. Its
// journal, up to there, is the report.
func (r *runner) defect(e any) *Failure {
	what := "a broken invariant"
	switch e := e.(type) {
	case string:
		what = e
	case error:
		what = e.Error()
	}
	f := &Failure{File: r.sc.File, Reason: "a defect of the stack: " + what, Defect: true}
	if r.event != nil {
		f.Line = r.event.Line
	}
	return f
}

// prepare builds the world and brings it to the instant at which the script begins.
func (r *runner) prepare() {
	r.scanRoutes()
	if err := r.build(r.profile()); err != nil {
		panic(halted{&Failure{File: r.sc.File, Reason: "the world of the script cannot be built: " +
			err.Error(), Unreadable: true}})
	}
	r.w.Advance(sim.Time(r.opt.ClockStart))
	r.collect()
	for _, k := range append(append([]Knob{}, r.st.set...), r.opt.Set...) {
		if !r.setKnob(k.Name, k.Value) {
			panic(halted{&Failure{File: r.sc.File, Unreadable: true,
				Reason: knobRefusal(k)}})
		}
	}
	if r.opt.ISNLocal != nil && *r.opt.ISNLocal != 0 {
		r.setKnob("tcp_isn", u32(*r.opt.ISNLocal))
	}
}

// knobRefusal says why a knob could not be turned: there is none, or it does not go so far.
func knobRefusal(k Knob) string {
	for _, info := range stack.KnobTable() {
		switch {
		case info.Name != k.Name:
		case info.Unit == stack.KnobName:
			return "the knob " + k.Name + " does not take " + strconv.Quote(k.Value) +
				"; it takes " + strings.Join(info.Names, ", ")
		default:
			return "the knob " + k.Name + " takes " + strconv.FormatInt(info.Min, 10) + " to " +
				strconv.FormatInt(info.Max, 10) + ", not " + strconv.Quote(k.Value)
		}
	}
	return "there is no knob " + strconv.Quote(k.Name) + "; docs/knobs.md lists them"
}

// at turns a time of the script into an instant of the world.
func (r *runner) at(t time.Duration) sim.Time {
	return sim.Time(r.opt.ClockStart).Add(t)
}

// since turns an instant of the world into a time of the script.
func (r *runner) since(t sim.Time) time.Duration { return t.Sub(sim.Time(r.opt.ClockStart)) }

func (r *runner) step(e *Event) {
	r.event = e
	w := e.When
	if w.Kind == Relative || w.Kind == RelativeRange || w.Kind == AnyTime {
		w.From += r.before
		w.To += r.before
	}
	if w.From < r.before && w.Kind != AnyTime && w.To < r.before {
		r.fail("this time lies before that of the event above, " + seconds(r.before))
	}
	r.due = w.From
	switch do := e.Do.(type) {
	case *Packet:
		if !do.Inbound {
			r.expect(do, w)
			return // it has set before itself
		}
		r.reach()
		r.inject(do)
	case *Call:
		r.reach()
		r.call(do)
	case *Shell:
		r.reach()
		r.shell(do)
	case *Code:
		r.reach()
		r.runCode(do)
	}
	r.before = r.due
}

// reach brings the world to the time of an event that the script itself causes.
func (r *runner) reach() {
	r.advance(r.at(r.due))
	r.overdue(r.due)
	if late := r.since(r.w.Now()) - r.due; late > r.st.allowed(r.due-r.before) {
		r.soft("timing", "the script came to this line at "+seconds(r.since(r.w.Now()))+
			", "+micros(late)+" too late", nil, nil, "")
	}
}

// finish waits for calls that are still to end, then judges strictly.
func (r *runner) finish() {
	r.res.End = r.before
	r.advance(r.at(r.before))
	for len(r.pending) > 0 {
		r.awaitCall(r.pending[0])
	}
	for i := range r.outs {
		a := &r.outs[i]
		if r.since(a.at) > r.res.End {
			break
		}
		p := r.scriptView(a)
		text := p.show(&Packet{HasWin: true})
		r.trace(0, text, 0, 0, a.at)
		if r.res.Strict == nil {
			r.res.Strict = &Failure{File: r.sc.File, Line: r.lastLine(),
				Reason: "a packet that no line expects", Why: why(a),
				Got: seconds(r.since(a.at)) + "  " + text}
		}
	}
}

func (r *runner) lastLine() int {
	if n := len(r.sc.Events); n > 0 {
		return r.sc.Events[n-1].Line
	}
	return 0
}

// runCode runs %{ code }% with the values of this instant.
func (r *runner) runCode(c *Code) {
	failed, printed := r.code.run(c.Stmts)
	r.res.Printed += printed
	if failed != "" {
		r.fail(failed)
	}
}

// trace takes note of a packet or call that happened, if that is wanted, and of how far
// it was from its time.
func (r *runner) trace(line int, text string, from, to time.Duration, at sim.Time) {
	t := Timed{Line: line, Text: text, From: from, To: to, At: r.since(at),
		Tolerance: r.st.allowed(from - r.before)}
	switch {
	case line == 0:
		t.From, t.To, t.Tolerance = t.At, t.At, 0
	case t.At < from:
		t.Off = t.At - from
	case t.At > to:
		t.Off = t.At - to
	}
	if abs(t.Off) > abs(r.res.Worst.Off) {
		r.res.Worst = t
	}
	if r.opt.Trace {
		r.res.Trace = append(r.res.Trace, t)
	}
}

func abs(d time.Duration) time.Duration {
	if d < 0 {
		return -d
	}
	return d
}

// connBy finds the connection of a pair of ports as the stack sees them.
func (r *runner) connBy(proto inet.Protocol, flow inet.Flow) *conn {
	for i := len(r.conns) - 1; i >= 0; i-- {
		if c := r.conns[i]; c.proto == proto && c.flow == flow {
			return c
		}
	}
	return nil
}

// newConn adds a connection.
func (r *runner) newConn(proto inet.Protocol, flow inet.Flow) *conn {
	c := &conn{proto: proto, flow: flow, fd: -1}
	if r.opt.ISNRemote != nil {
		c.remote = offset{true, *r.opt.ISNRemote}
	}
	r.conns = append(r.conns, c)
	return c
}

// profile is the one that is asked for, or that the script's shell lines speak of.
func (r *runner) profile() string {
	if r.opt.Profile != "" {
		return r.opt.Profile
	}
	if claimed := r.sc.Profiles(); len(claimed) > 0 {
		return claimed[0]
	}
	for _, e := range r.sc.Events {
		s, ok := e.Do.(*Shell)
		switch {
		case !ok:
		case strings.Contains(s.Text, "defaults.sh"):
			return "linux"
		case strings.Contains(s.Text, "net.inet.") || strings.Contains(s.Text, "kern."):
			return "freebsd"
		}
	}
	return stack.DefaultProfile
}

// Profiles lists the profiles that a script claims to pass in, by a --profile line at its
// head; none if it says nothing. A run without a profile uses the first.
func (sc *Script) Profiles() []string {
	for _, f := range sc.Flags {
		if f.Name == "profile" && f.Value != "" {
			return strings.Split(f.Value, ",")
		}
	}
	return nil
}

// firstProfile is the first of the profiles that a script claims, linux,rfc; false if one
// of them does not exist.
func firstProfile(list string) (string, bool) {
	names := strings.Split(list, ",")
	for _, n := range names {
		if _, ok := tcp.Profile(n); !ok {
			return "", false
		}
	}
	return names[0], true
}
