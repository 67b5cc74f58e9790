package script

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
	r.start(c, "poll", args{"fds": fds, "timeout_ms": count(timeout)}, nil)
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
		words = append(words, w)
	}
	return words
}
