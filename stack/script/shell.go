package script

import (
	"strconv"
	"strings"

	"labserver/stack/inet"
)

// A script asks a shell for little: settings of the kernel and of its routes, the number
// of sockets in a state, and the end of all connections. These are understood; nothing is
// ever executed.

// command is one simple command of a shell line: its words, and where its output goes.
type command struct {
	words  []string
	target string // after >
	piped  bool   // the next command reads what this one writes
	orElse bool   // only if the one before failed: || true
}

// shellCommands splits a line at ; && || | and line ends.
func shellCommands(text string) []command {
	var all []command
	var cur command
	flush := func() {
		if len(cur.words) > 0 {
			all = append(all, cur)
		}
		cur = command{}
	}
	toTarget := false
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case c == '\\' && i+1 < len(text) && text[i+1] == '\n':
			i += 2
		case c == '#':
			for i < len(text) && text[i] != '\n' {
				i++
			}
		case c == ';' || c == '\n' || strings.HasPrefix(text[i:], "&&"):
			flush()
			i += 1 + min(1, strings.Count(text[i:i+1], "&"))
		case strings.HasPrefix(text[i:], "||"):
			flush()
			cur.orElse = true
			i += 2
		case c == '|':
			cur.piped = true
			flush()
			i++
		case c == '&':
			i++
		case c == '>' || c == '<':
			toTarget = true
			i++
		default:
			var w string
			w, i = shellWord(text, i)
			switch {
			case toTarget:
				cur.target, toTarget = w, false
			case (w == "1" || w == "2") && i < len(text) && text[i] == '>':
			default:
				cur.words = append(cur.words, w)
			}
		}
	}
	flush()
	return all
}

// shellWord reads one word, without its quotes; $(…) stays whole.
func shellWord(text string, i int) (word string, next int) {
	var b []byte
	for i < len(text) && strings.IndexByte(" \t\r\n;|&<>", text[i]) < 0 {
		switch c := text[i]; {
		case c == '"' || c == '\'':
			end := strings.IndexByte(text[i+1:], c)
			if end < 0 {
				end = len(text) - i - 1
			}
			b = append(b, text[i+1:i+1+end]...)
			i = min(len(text), i+end+2)
		case strings.HasPrefix(text[i:], "$("):
			end := strings.IndexByte(text[i:], ')')
			if end < 0 {
				end = len(text) - i - 1
			}
			b = append(b, text[i:i+end+1]...)
			i += end + 1
		case c == '\\' && i+1 < len(text):
			b = append(b, text[i+1])
			i += 2
		default:
			b = append(b, c)
			i++
		}
	}
	return string(b), i
}

// name is the program of a command, without its folder.
func (c command) name() string {
	words := c.words
	for len(words) > 1 && (words[0] == "sudo" || words[0] == "!") {
		words = words[1:]
	}
	return words[0][strings.LastIndexByte(words[0], '/')+1:]
}

// settings lists the name=value of a sysctl command; blanks around the = do not matter.
func (c command) settings() []Knob {
	var all []Knob
	words := c.words[1:]
	for i, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if ok && name == "" && i > 0 { // name =value
			name = words[i-1]
		}
		if ok && value == "" && i+1 < len(words) { // name= value
			value = words[i+1]
		}
		if ok {
			all = append(all, Knob{strings.TrimSpace(name), strings.TrimSpace(value)})
		}
	}
	return all
}

// supported reports whether a command is one that the runner understands.
func (c command) supported() bool {
	switch c.name() {
	case "sysctl", "ethtool", "tc", "tcpdrop", "defaults.sh", "set_sysctls.py", "true", ":":
		return true
	case "ip":
		for _, w := range c.words[1:] {
			if w == "route" || w == "ro" || w == "r" || w == "tcp_metrics" {
				return true
			}
		}
		return false
	case "echo":
		return strings.HasPrefix(c.target, "/proc/sys/")
	}
	return c.orElse
}

// shell carries out a shell line.
func (r *runner) shell(s *Shell) {
	if strings.Contains(s.Text, "sockstat") {
		r.sockstat(s.Text)
		return
	}
	for _, c := range shellCommands(s.Text) {
		if c.orElse {
			continue
		}
		switch c.name() {
		case "sysctl", "set_sysctls.py":
			for _, s := range c.settings() {
				r.sysctl(s.Name, s.Value)
			}
		case "echo":
			r.sysctl(c.target, strings.Join(c.words[1:], " "))
		case "defaults.sh":
			r.setKnob("tcp_rcvbuf_max_bytes", defaultsMax)
			r.setKnob("tcp_sndbuf_max_bytes", defaultsMax)
		case "ip":
			r.route(c.words)
		case "tcpdrop":
			r.dropAll()
		}
	}
}

// defaultsMax is what defaults.sh sets as the buffers' maxima: 15 MB, window scale 8.
const defaultsMax = "15728640"

// scanRoutes finds the MTU that ip route gives the way out before the first packet: the
// interface gets it from the start.
func (r *runner) scanRoutes() {
	for _, e := range r.sc.Events {
		if _, ok := e.Do.(*Packet); ok {
			return
		}
		s, ok := e.Do.(*Shell)
		if !ok {
			continue
		}
		for _, c := range shellCommands(s.Text) {
			if c.name() == "ip" {
				if mtu := routeValue(c.words, "mtu"); mtu > 0 {
					r.routeMTU = int(mtu)
				}
			}
		}
	}
}

// routeValue reads a metric of ip route: mtu 1200, mtu lock 1200; 0 if it is not there.
func routeValue(words []string, metric string) int64 {
	for i, w := range words {
		if w != metric {
			continue
		}
		for _, v := range words[i+1 : min(len(words), i+3)] {
			if n, err := strconv.ParseInt(strings.TrimSuffix(v, "ms"), 10, 32); err == nil {
				return n
			}
		}
	}
	return 0
}

// route carries out ip route: the metrics that have a knob.
func (r *runner) route(words []string) {
	for _, m := range []struct{ metric, knob string }{
		{"initcwnd", "tcp_iw_segments"}, {"rto_min", "tcp_rto_min_ms"},
		{"reordering", "tcp_reordering"},
	} {
		v := routeValue(words, m.metric)
		if v > 0 && !r.setKnob(m.knob, strconv.FormatInt(v, 10)) {
			r.warn(r.here() + "ip route " + m.metric + " " + strconv.FormatInt(v, 10) +
				" has no effect: no knob " + m.knob + " takes it")
		}
	}
	if mss := routeValue(words, "advmss"); mss > 0 {
		r.everySocket("TCP_MAXSEG", max(88, mss))
	}
	if mtu := routeValue(words, "mtu"); mtu > 0 && r.routeMTU != int(mtu) {
		r.warn(r.here() + "ip route mtu has no effect after the first packet")
	}
	for i, w := range words {
		if w == "congctl" && i+1 < len(words) {
			r.setKnob("tcp_congestion_control", liveCongestion(words[len(words)-1]))
		}
	}
}

// sockstat counts the sockets in a state: sockstat … | grep -c STATE. The line fails, as
// grep does, when there are none, unless it says how many there must be: with test, with
// [ … ], or with another grep.
func (r *runner) sockstat(text string) {
	words := strings.Fields(strings.NewReplacer("$(", " ", ")", " ", "\"", " ", "|", " | ", "'",
		" ").Replace(text))
	state, want, compare := "", int64(-1), ""
	for i, w := range words {
		switch {
		case w == "grep" && i+1 < len(words):
			pattern := words[i+1]
			for n := i + 1; n < len(words) && strings.HasPrefix(pattern, "-"); n++ {
				pattern = words[n]
			}
			if v, err := strconv.ParseInt(strings.Trim(pattern, "^$"), 10, 32); err == nil {
				want, compare = v, "-eq"
			} else if state == "" || isState(pattern) {
				state = pattern
			}
		case (strings.HasPrefix(w, "-") && len(w) == 3 || strings.Trim(w, "=!") == "") &&
			i+1 < len(words):
			if v, err := strconv.ParseInt(words[i+1], 10, 32); err == nil {
				want, compare = v, w
			}
		}
	}
	n := r.countState(state)
	ok := n > 0
	switch compare {
	case "-eq", "=", "==":
		ok = n == want
	case "-ne", "!=":
		ok = n != want
	case "-ge":
		ok = n >= want
	case "-gt":
		ok = n > want
	case "-le":
		ok = n <= want
	case "-lt":
		ok = n < want
	}
	if !ok {
		r.fail("sockstat counts " + strconv.FormatInt(n, 10) + " sockets in " + state)
	}
}

// stateNames are the names of states in sockstat and netstat, beside those of RFC 9293.
func isState(name string) bool {
	_, ok := stateNamed(name)
	return ok
}

func stateNamed(name string) (inet.TCPState, bool) {
	name = strings.ToUpper(strings.ReplaceAll(strings.Trim(name, "^$"), "_", "-"))
	switch name {
	case "SYN-RCVD", "SYN-RECV":
		name = "SYN-RECEIVED"
	case "ESTAB":
		name = "ESTABLISHED"
	}
	for s := inet.Closed; s <= inet.TimeWait; s++ {
		if s.String() == name {
			return s, true
		}
	}
	return 0, false
}

// countState counts the TCP sockets of the host under test in a state.
func (r *runner) countState(name string) int64 {
	v := r.w.View()
	state, ok := stateNamed(name)
	if !ok {
		r.fail("sockstat: " + strconv.Quote(name) + " is no state of TCP")
	}
	n := int64(0)
	for _, c := range v.Connections {
		if c.Host == hostLocal && c.State == state {
			n++
		}
	}
	for _, s := range v.Sockets {
		if s.Host == hostLocal && s.Proto == "tcp" && s.Listening && state == inet.Listen {
			n++
		}
	}
	return n
}

// dropAll is tcpdrop -a: every connection is aborted, its descriptor stays.
func (r *runner) dropAll() {
	for _, d := range r.fds {
		if d.proto != inet.TCP || r.listens(d) {
			continue
		}
		if _, err := r.make("connect", args{"fd": d.live, "addr": "", "port": 0}); err != nil {
			r.fail("tcpdrop: " + err.Error())
		}
	}
}

func (r *runner) listens(d *descriptor) bool {
	for _, s := range r.w.View().Sockets {
		if s.Proc == procID && s.FD == d.live {
			return s.Listening
		}
	}
	return false
}
