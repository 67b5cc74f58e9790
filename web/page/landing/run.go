package landing

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"labserver/labs"
	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/journal"
	"labserver/stack/sim"
	"labserver/stack/view"
)

// The run the figure shows: two hosts of a lab open a connection and one says hello.
const (
	figureSeed = 1
	greeting   = "hello"
	serverPort = 8081
	maxWait    = 5 * time.Second // virtual; a lab whose hosts are farther apart has no figure
)

// side is one of the two hosts.
type side struct {
	host inet.HostID
	name string
	addr string
	proc inet.ProcID
}

// record runs the figure's commands in the world of a lab and returns its two hosts
// with everything that happened.
func record(l *labs.Lab) (a, b side, log []event.Event, err error) {
	h, err := l.Start(figureSeed)
	if err != nil {
		return a, b, nil, fmt.Errorf("start lab: %w", err)
	}
	w, err := journal.Open(h)
	if err != nil {
		return a, b, nil, fmt.Errorf("open world: %w", err)
	}
	r := &recorder{world: w}
	if a, b, err = r.sides(); err != nil {
		return a, b, nil, err
	}
	first := w.Events().Len()
	server := r.call("socket", stack.Socket{Proc: b.proc, Proto: "tcp"})
	r.call("bind", stack.Bind{Proc: b.proc, FD: server, Port: serverPort})
	r.call("listen", stack.Listen{Proc: b.proc, FD: server})
	client := r.call("socket", stack.Socket{Proc: a.proc, Proto: "tcp"})
	r.call("connect", stack.Connect{Proc: a.proc, FD: client, Addr: b.addr, Port: serverPort})
	began := w.Now()
	r.until(func(v view.View) bool { return established(v, a.host) })
	// The program thinks for half a round trip, so that its data does not lie on top of
	// the handshake's last ACK.
	w.Advance(w.Now() + (w.Now()-began)/2)
	text := greeting
	r.call("send", stack.Send{Proc: a.proc, FD: client, Payload: stack.Payload{Text: &text}})
	r.until(func(v view.View) bool { return len(v.Packets) == 0 && acked(v, a.host) })
	return a, b, w.Events().From(first + 1), r.err
}

// recorder applies commands; after the first error it does nothing more.
type recorder struct {
	world *stack.World
	err   error
}

// sides finds two end hosts, each with a process to act for it.
func (r *recorder) sides() (a, b side, err error) {
	var found []side
	for _, h := range r.world.View().Hosts {
		if h.Forward || len(h.NICs) == 0 {
			continue
		}
		s := side{host: h.ID, name: h.Name, addr: h.NICs[0].Addr.Addr().String()}
		if s.name == "" {
			s.name = string(h.ID)
		}
		if len(h.Procs) > 0 {
			s.proc = h.Procs[0].ID
		} else {
			s.proc = inet.ProcID("figure." + string(h.ID))
			r.apply("proc.start", stack.ProcStart{Host: h.ID, ID: s.proc})
		}
		found = append(found, s)
	}
	if r.err == nil && len(found) < 2 {
		r.err = errors.New("the lab has no two hosts to draw")
	}
	if r.err != nil {
		return a, b, r.err
	}
	return found[0], found[1], nil
}

// call makes a socket call and returns its value, the new descriptor of socket.
func (r *recorder) call(op string, args any) int {
	from := r.world.Events().Len()
	r.apply(op, args)
	for e := range r.world.Events().Since(from + 1) {
		switch b := e.Body.(type) {
		case event.CallReturned:
			return int(b.Value)
		case event.CallFailed:
			r.fail(fmt.Errorf("%s: %s", op, b.Errno))
		}
	}
	return 0 // it blocks, as connect does
}

func (r *recorder) apply(op string, args any) {
	if r.err != nil {
		return
	}
	raw, err := json.Marshal(args)
	if err != nil {
		r.fail(err)
		return
	}
	c, err := stack.ParseCommand(op, "figure", raw)
	if err == nil {
		err = r.world.Check(c)
	}
	if err != nil {
		r.fail(fmt.Errorf("%s: %w", op, err))
		return
	}
	r.world.Apply(c)
}

// until lets time pass until the view satisfies done.
func (r *recorder) until(done func(view.View) bool) {
	end := r.world.Now() + sim.Time(maxWait)
	for r.err == nil && !done(r.world.View()) {
		if at, ok := r.world.NextAt(); !ok || at > end || !r.world.Step() {
			r.fail(errors.New("the figure's run does not come to its end"))
		}
	}
}

func (r *recorder) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func established(v view.View, h inet.HostID) bool {
	for _, c := range v.Connections {
		if c.Host == h && c.State == inet.Established {
			return true
		}
	}
	return false
}

// acked tells that everything the host sent has been acknowledged.
func acked(v view.View, h inet.HostID) bool {
	for _, c := range v.Connections {
		if c.Host == h && c.Snd.UNA != c.Snd.NXT {
			return false
		}
	}
	return true
}
