package script

import (
	"strconv"
	"strings"
	"time"

	"labserver/stack/rfc"
)

// Failure says where a run left its script, and how, in one glance.
type Failure struct {
	File   string
	Line   int
	Reason string
	// Expected and Got are one line each, in the script's notation; they may be "".
	Expected, Got string
	Marks         string // carets under what differs in Got
	Why           string // the rule by which the stack did what it did
	// Unreadable tells that nothing was run: the text is at fault, or asks for what this
	// runner does not have.
	Unreadable bool
	// Defect tells that the stack or the runner broke down.
	Defect bool
}

// Text renders FILE:LINE: reason, and below it what was expected and what came.
func (f *Failure) Text() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		b.WriteString(":" + strconv.Itoa(f.Line))
	}
	b.WriteString(": " + clip(f.Reason))
	line := func(name, text string) {
		if text != "" {
			b.WriteString("\n  " + (name + "          ")[:10] + clip(text))
		}
	}
	line("expected", f.Expected)
	line("got", f.Got)
	line("", f.Marks)
	line("why", f.Why)
	return b.String()
}

// maxLine is as much of one line of a failure as is shown: a script may hold strings of
// megabytes.
const maxLine = 1000

func clip(text string) string {
	if len(text) <= maxLine {
		return text
	}
	return strings.ToValidUTF8(text[:maxLine], "") + "… (" + strconv.Itoa(len(text)) + " octets)"
}

// fail ends the run at the present event.
func (r *runner) fail(reason string) {
	panic(halted{&Failure{File: r.sc.File, Line: r.event.Line, Reason: reason}})
}

// soft ends the run unless --non_fatal names the kind of error; it is a warning then.
func (r *runner) soft(kind, reason string, expected, got *Packet, rule string) {
	f := &Failure{File: r.sc.File, Line: r.event.Line, Reason: reason, Why: rule}
	if expected != nil {
		f.Expected = seconds(r.due) + "  " + expected.show(expected)
	}
	if got != nil {
		f.Got = seconds(r.since(r.w.Now())) + "  " + got.show(expected)
	}
	r.raise(kind, f)
}

func (r *runner) raise(kind string, f *Failure) {
	for _, l := range r.st.lenient {
		if l == kind || l == "all" || kind == "timing" && l == "packet" {
			r.warn(f.Text())
			return
		}
	}
	panic(halted{f})
}

func (r *runner) warn(text string) { r.res.Warnings = append(r.res.Warnings, text) }

// why names the rule by which a packet was sent.
func why(a *arrived) string {
	return ruleText(a.rule) + ", event " + strconv.FormatUint(uint64(a.id), 10)
}

// ruleText is a rule's id.
func ruleText(id rfc.ID) string { return "sent by rule " + string(id) }

// micros renders a span in microseconds, with groups of three: 12 500 µs.
func micros(d time.Duration) string {
	digits := strconv.FormatInt(int64(abs(d)/time.Microsecond), 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return digits + " µs"
}
