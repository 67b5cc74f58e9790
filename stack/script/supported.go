package script

import (
	"slices"
	"strings"
)

// Unsupported is a name in a script that this runner does not have.
type Unsupported struct {
	Line int
	What string // "unknown call epoll_wait"
}

// Unsupported lists every call, option, request and shell command that would be refused,
// in the order of the script.
func (sc *Script) Unsupported() []Unsupported {
	var all []Unsupported
	for _, e := range sc.Events {
		switch do := e.Do.(type) {
		case *Call:
			if what := do.unsupported(); what != "" {
				all = append(all, Unsupported{e.Line, what})
			}
		case *Code:
			for _, n := range unknownInfo(do.Stmts) {
				all = append(all, Unsupported{e.Line, "unknown value " + n})
			}
		case *Shell:
			counts := strings.Contains(do.Text, "sockstat") && strings.Contains(do.Text, "grep")
			for _, c := range shellCommands(do.Text) {
				if !counts && !c.supported() {
					all = append(all, Unsupported{e.Line, "unknown shell command " + c.words[0]})
				}
			}
		}
	}
	return all
}

// unknownInfo lists the tcpi_ names in code that nothing answers.
func unknownInfo(stmts []stmt) []string {
	var all []string
	var walk func(n node)
	walk = func(n node) {
		if n.op == "name" && strings.HasPrefix(n.text, "tcpi_") && !slices.Contains(infoNames(), n.text) {
			all = append(all, n.text)
		}
		for _, k := range n.kids {
			walk(k)
		}
	}
	for _, s := range stmts {
		for _, e := range s.exprs {
			walk(e)
		}
		all = append(append(all, unknownInfo(s.then)...), unknownInfo(s.other)...)
	}
	return all
}

// UnknownSysctls lists the sysctl names of a script that would be passed over.
func (sc *Script) UnknownSysctls() []Unsupported {
	var all []Unsupported
	for _, e := range sc.Events {
		do, ok := e.Do.(*Shell)
		if !ok {
			continue
		}
		for _, c := range shellCommands(do.Text) {
			if n := c.name(); n != "sysctl" && n != "set_sysctls.py" {
				continue
			}
			for _, s := range c.settings() {
				if _, known := findSysctl(s.Name); !known {
					all = append(all, Unsupported{e.Line, "unknown sysctl " + s.Name})
				}
			}
		}
	}
	return all
}

func (c *Call) unsupported() string {
	if !slices.Contains(callNames(), c.Name) {
		return "unknown call " + c.Name
	}
	switch c.Name {
	case "setsockopt", "getsockopt":
		o := c.arg(2)
		if o.Kind != Word {
			return c.Name + " needs an option by its name, not " + o.show()
		}
		if !slices.Contains(optionNames(), o.Text) && c.Errno == "" {
			return "unknown socket option " + o.Text
		}
	case "ioctl":
		if o := c.arg(1); !slices.Contains(requestNames(), o.Text) && c.Errno == "" {
			return "unknown request of ioctl " + o.show()
		}
	case "fcntl":
		if v, ok := c.arg(1).value(); !ok || v < 1 || v > 4 {
			return "unknown command of fcntl " + c.arg(1).show()
		}
	}
	if what := c.unsupportedMessage(); what != "" {
		return what
	}
	for _, a := range c.Args {
		if w := a.unknownFlag(); w != "" {
			return "unknown flag " + w
		}
	}
	return ""
}

// unsupportedMessage looks at what a call that sends or receives asks for beside octets.
func (c *Call) unsupportedMessage() string {
	at, known := 3, sendToFlags
	switch c.Name {
	case "send", "sendto":
	case "recv", "recvfrom":
		known = receiveFlags
	case "sendmsg", "recvmsg":
		at = 2
		if c.Name == "recvmsg" {
			known = receiveFlags
		}
		if f, ok := c.arg(1).field("msg_control"); ok && len(f.Items) > 0 {
			return "unknown msg_control " + f.show()
		}
	default:
		return ""
	}
	known += " " + idleFlags
	for _, w := range c.arg(at).words() {
		if !slices.Contains(strings.Fields(known), strings.ToLower(strings.TrimPrefix(w, "MSG_"))) {
			return "unknown flag " + w + " of " + c.Name
		}
	}
	return ""
}

// unknownFlag finds a symbol in an OR of flags that has no meaning here.
func (e Expr) unknownFlag() string {
	if e.Kind != Or {
		return ""
	}
	for _, w := range e.words() {
		if _, ok := symbol(w); !ok {
			return w
		}
	}
	return ""
}
