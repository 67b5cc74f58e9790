package stack

import (
	"strconv"
	"time"

	"labserver/stack/sock"
)

// maxPollTimeout is the longest poll may wait, in ms: a day, as for the timers' knobs.
const maxPollTimeout = int64(24 * time.Hour / time.Millisecond)

// checkCallRanges refuses the arguments of a socket call that no host could carry out:
// words that mean nothing, and payloads that are none.
func (c Command) checkCallRanges() error {
	switch a := c.Args.(type) {
	case Send:
		return both(checkFlags(a.Flags, c.Op), a.Payload.check())
	case SendTo:
		return both(checkFlags(a.Flags, c.Op), a.Payload.check())
	case SendMsg:
		return both(checkFlags(a.Flags, c.Op), a.Payload.check())
	case Recv:
		if a.Max != nil {
			return both(checkFlags(a.Flags, c.Op), first(inRange("max", *a.Max, 0, maxRecv)))
		}
		return first(checkFlags(a.Flags, c.Op))
	case Poll:
		for i, p := range a.FDs {
			if _, bad := sock.ParsePollEvents(p.Events); bad != "" {
				return outOfWords("fds["+strconv.Itoa(i)+"].events", bad, "POLLIN, POLLPRI, "+
					"POLLOUT, POLLRDHUP")
			}
		}
		return first(inRange("timeout_ms", a.TimeoutMS, -1, maxPollTimeout))
	case Fcntl:
		for _, f := range a.Flags {
			if f != "O_NONBLOCK" {
				return outOfWords("flags", f, "O_NONBLOCK")
			}
		}
		return first(checkName("cmd", a.Cmd, false))
	case Ioctl:
		return first(checkName("request", a.Request, false))
	case SetSockOpt:
		if (a.Value == nil) == (a.Text == nil) {
			return &ArgError{Code: CodeExactlyOne, Field: "value, text"}
		}
		if a.Text != nil {
			return first(checkName("option", a.Option, false), checkName("text", *a.Text, true))
		}
		return first(checkName("option", a.Option, false))
	case GetSockOpt:
		return first(checkName("option", a.Option, false))
	}
	return nil
}

// checkFlags knows the MSG_ flags that a call takes.
func checkFlags(names []string, op string) *ArgError {
	if _, bad := sock.ParseFlags(op, names); bad != "" {
		return outOfWords("flags", bad, sock.FlagsOf(op))
	}
	return nil
}

func outOfWords(field, got, words string) *ArgError {
	return &ArgError{Code: CodeOutOfRange, Field: field, Got: shorten(got), Limit: words}
}

func both(e *ArgError, then error) error {
	if e != nil {
		return e
	}
	return then
}
