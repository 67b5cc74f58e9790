package script

import (
	"slices"
	"strings"
)

// poll waits for descriptors: poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, 0) = 1.
func (r *runner) poll(c *Call) {
	var fds []args
	for _, e := range c.arg(0).values() {
		fd, ok := e.field("fd")
		if !ok {
			r.fail("poll needs [{fd=…, events=…, revents=…}], not " + e.show())
		}
		events, _ := e.field("events")
		fds = append(fds, args{"fd": r.fd(fd).live, "events": pollWords(events)})
	}
	timeout, _ := c.arg(2).value()
	timeout = max(-1, min(timeout, 86_400_000))
	r.start(c, "poll", args{"fds": fds, "timeout_ms": count(timeout)}, func(o outcome) outcome {
		r.checkReady(c, o)
		return o
	})
}

// checkReady compares what poll told of each descriptor with the script's revents.
func (r *runner) checkReady(c *Call, o outcome) {
	for _, e := range c.arg(0).values() {
		want, ok := e.field("revents")
		if !ok || want.Kind == Ellipsis {
			continue
		}
		fd, _ := e.field("fd")
		live, got := r.fd(fd).live, int64(0)
		names := "0"
		for _, ready := range o.ready {
			if ready.FD == live {
				names = strings.Join(ready.Events, " | ")
				for _, n := range ready.Events {
					got |= symbolOr0(n)
				}
			}
		}
		if v, ok := want.value(); ok && onePollBit(v) != got {
			r.raise("syscall", &Failure{File: r.sc.File, Line: r.event.Line, Expected: c.show(),
				Reason: "poll: other events than expected",
				Got:    "fd=" + fd.show() + ", revents=" + names})
		}
	}
}

// onePollBit drops the second names of the same events: POLLRDNORM is POLLIN for TCP.
func onePollBit(v int64) int64 {
	return v &^ (symbolOr0("POLLRDNORM") | symbolOr0("POLLWRNORM"))
}

// pollWords lists the events to watch for, without those that come unasked.
func pollWords(e Expr) []string {
	words := []string{}
	for _, w := range e.words() {
		switch w {
		case "POLLRDNORM":
			w = "POLLIN"
		case "POLLWRNORM":
			w = "POLLOUT"
		}
		if w != "POLLERR" && w != "POLLHUP" && w != "POLLNVAL" && !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return words
}
