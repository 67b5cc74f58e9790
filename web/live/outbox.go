package live

import (
	"slices"
	"sync"

	"labserver/web/app"
	"labserver/web/session"
)

// Bounds of a connection's queue (docs/labwire.md §6). A driver is held back by its
// credit instead, which is smaller than its bound.
const (
	watcherFrames = 256
	watcherOctets = 1 << 20
	driverOctets  = 4 << 20
)

// outbox is the queue between a session and one socket's writer. It is a session.Sink:
// Publish never blocks. A watcher that is too slow loses its events and, once it can
// write again, gets a snapshot.
type outbox struct {
	limits Limits

	mu      sync.Mutex
	queue   []queued
	octets  int
	role    app.Role
	lagging bool   // events are left out until the next snapshot
	asked   bool   // for that snapshot
	dropped uint64 // so many
	closing *closing
	wake    chan struct{} // holds a token when there is something to do
	recheck chan struct{} // holds a token when the reader's rights are to be asked for
}

// queued is one frame on its way.
type queued struct {
	text   []byte
	events uint64 // it holds so many; 0 for other frames
	snap   bool
	state  string // the later of two frames with the same one says all: "clock"
}

// closing is how the socket will be closed once the queue is empty.
type closing struct {
	code   int
	reason string
}

func newOutbox(l Limits) *outbox {
	return &outbox{limits: l, wake: make(chan struct{}, 1), recheck: make(chan struct{}, 1)}
}

// Publish implements session.Sink.
func (o *outbox) Publish(f session.Frame) {
	text := encode(f, o.limits)
	o.mu.Lock()
	defer o.mu.Unlock()
	switch f := f.(type) {
	case *session.Batch:
		if o.lagging {
			o.dropped += f.To - f.From + 1
			return
		}
		o.push(queued{text: text, events: f.To - f.From + 1})
	case *session.Snap:
		o.lagging, o.asked, o.dropped = false, false, 0
		o.push(queued{text: text, snap: true})
	case *session.Bye:
		o.push(queued{text: text})
		if o.closing == nil {
			o.closing = &closing{byeStatus(f.Code), f.Code}
		}
	case *session.Hello:
		o.role = f.Role
		o.push(queued{text: text})
	case *session.Who:
		o.role = f.Role
		o.push(queued{text: text, state: "who"})
	case *session.Clock:
		o.push(queued{text: text, state: "clock"})
	case *session.Sum:
		o.push(queued{text: text, state: "sum"})
	default:
		o.push(queued{text: text})
	}
	if o.full() {
		o.lag()
	}
}

// Recheck implements session.Sink.
func (o *outbox) Recheck() {
	select {
	case o.recheck <- struct{}{}:
	default:
	}
}

// send queues a frame of the connection's own.
func (o *outbox) send(text []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.push(queued{text: text})
}

// end says goodbye: nothing is queued after it, and then the socket is closed.
func (o *outbox) end(bye Bye, code int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closing == nil {
		o.push(queued{text: marshal(bye)})
		o.closing = &closing{code, bye.Code}
	}
}

func (o *outbox) push(q queued) {
	if o.closing != nil {
		return
	}
	o.queue = append(o.queue, q)
	o.octets += len(q.text)
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) full() bool {
	if o.role == app.Driver {
		return o.octets > driverOctets
	}
	return len(o.queue) > watcherFrames || o.octets > watcherOctets
}

// lag leaves out all events that wait, and those that come until the next snapshot, and
// what later frames say again. A snapshot that waits is as old as the events.
func (o *outbox) lag() {
	said := make(map[string]bool)
	kept := make([]queued, 0, len(o.queue))
	o.octets = 0
	for _, q := range slices.Backward(o.queue) {
		o.dropped += q.events
		if q.events > 0 || q.snap || said[q.state] {
			continue
		}
		if q.state != "" {
			said[q.state] = true
		}
		kept = append(kept, q)
		o.octets += len(q.text)
	}
	slices.Reverse(kept)
	o.queue, o.lagging = kept, true
	if len(kept) > watcherFrames { // answers that nobody takes
		o.closing = &closing{statusSlow, "slow"}
	}
}

// batch is what a writer takes at once.
type batch struct {
	texts   [][]byte
	dropped uint64 // events were left out: say so, and ask for a snapshot
	lagging bool
	closing *closing
}

// take empties the queue.
func (o *outbox) take() batch {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := batch{closing: o.closing}
	for _, q := range o.queue {
		b.texts = append(b.texts, q.text)
	}
	if o.lagging && !o.asked {
		b.lagging, b.dropped, o.asked = true, o.dropped, true
	}
	o.queue, o.octets = nil, 0
	return b
}
