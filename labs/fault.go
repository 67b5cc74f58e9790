package labs

import (
	"errors"
	"fmt"
)

// maxFaults is how many of an author's mistakes are reported at once.
const maxFaults = 20

// Fault is a mistake of a lab's author: where it is, what it is and what to do.
type Fault struct {
	Pos Pos
	Msg string
}

// Error renders "lab.yaml:12: message".
func (f *Fault) Error() string { return f.Pos.String() + ": " + f.Msg }

// faults collects mistakes while the reading goes on.
type faults struct{ list []error }

func (f *faults) add(at Pos, format string, args ...any) {
	if len(f.list) < maxFaults {
		f.list = append(f.list, &Fault{at, fmt.Sprintf(format, args...)})
	}
}

// err returns all mistakes as one error, one a line; nil if there are none.
func (f *faults) err() error { return errors.Join(f.list...) }
