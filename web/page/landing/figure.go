package landing

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"labserver/labs"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/sim"
)

// The figure's geometry, in user units.
const (
	width    = 440
	xA, xB   = 102, 338
	top      = 56
	minStep  = 52 // between the ends of two arrows on one side, so that labels fit
	headLen  = 9
	headHalf = 4
)

// figure is a run of two hosts as a ladder, and as a table for those who read rather
// than look.
type figure struct {
	Lab    int
	Height int
	Delay  string // one way
	A, B   lifeline
	Arrows []arrow
	States []state
}

type lifeline struct {
	X    int
	Name string
	Addr string
}

// arrow is one segment on its way.
type arrow struct {
	X1, Y1, X2, Y2 int
	Head           string // points of the arrow's head
	Class          string // syn, data or ack
	Kind           string // "SYN·ACK"
	Numbers        string // "seq 1 ack 2"
	MidX, MidY     int
	Turn           string // the label's rotation
	Sent, Arrived  string // when, from the first segment on
	From, To       string
}

// state is the connection's state at one host from an instant on.
type state struct {
	X, Y   int
	Anchor string // the side of the text that touches the lifeline
	Name   string
	At     string
}

// draw runs the figure's commands in a lab's world and lays out what happened.
func draw(l *labs.Lab) (*figure, error) {
	a, b, log, err := record(l)
	if err != nil {
		return nil, err
	}
	f := &figure{
		Lab: l.Number,
		A:   lifeline{X: xA, Name: a.name, Addr: a.addr},
		B:   lifeline{X: xB, Name: b.name, Addr: b.addr},
	}
	flights := flightsOf(log, a, b)
	if len(flights) == 0 {
		return nil, fmt.Errorf("the run sent no segments")
	}
	scale := scaleOf(flights)
	for _, fl := range flights {
		f.Arrows = append(f.Arrows, fl.arrow(a, b, scale))
	}
	f.Delay = millis(time.Duration(flights[0].arrived - flights[0].sent))
	f.States = statesOf(log, a, b, scale)
	f.Height = scale.y(flights[len(flights)-1].arrived) + 28
	return f, nil
}

// flight is a segment that was sent and arrived.
type flight struct {
	seg           event.Seg
	fromA         bool
	sent, arrived sim.Time
}

func flightsOf(log []event.Event, a, b side) []flight {
	arrived := map[inet.PacketID]sim.Time{}
	for _, e := range log {
		if r, ok := e.Body.(event.SegmentReceived); ok {
			arrived[r.Pkt] = e.T
		}
	}
	var all []flight
	for _, e := range log {
		s, ok := e.Body.(event.SegmentSent)
		at, came := arrived[inet.PacketID(e.N)]
		if !ok || !came || e.Host != a.host && e.Host != b.host {
			continue
		}
		all = append(all, flight{s.Seg, e.Host == a.host, e.T, at})
	}
	return all
}

// scale maps virtual time to y, linearly, so that equal slopes are equal delays.
type scale struct {
	zero sim.Time
	unit float64 // user units per nanosecond
}

// scaleOf fits one trip between the hosts to minStep.
func scaleOf(flights []flight) scale {
	trip := max(flights[0].arrived-flights[0].sent, 1)
	return scale{zero: flights[0].sent, unit: minStep / float64(trip)}
}

func (s scale) y(t sim.Time) int { return top + 26 + int(math.Round(float64(t-s.zero)*s.unit)) }

func (s scale) at(t sim.Time) string { return millis(time.Duration(t - s.zero)) }

func (fl flight) arrow(a, b side, s scale) arrow {
	r := arrow{
		X1: xA, Y1: s.y(fl.sent), X2: xB, Y2: s.y(fl.arrived),
		Class: classOf(fl.seg), Kind: kindOf(fl.seg), Numbers: numbersOf(fl.seg),
		Sent: s.at(fl.sent), Arrived: s.at(fl.arrived), From: a.name, To: b.name,
	}
	if !fl.fromA {
		r.X1, r.X2, r.From, r.To = xB, xA, b.name, a.name
	}
	r.MidX, r.MidY = (r.X1+r.X2)/2, (r.Y1+r.Y2)/2
	angle := math.Atan2(float64(r.Y2-r.Y1), float64(r.X2-r.X1))
	r.Head = head(r.X2, r.Y2, angle)
	if !fl.fromA {
		angle += math.Pi // the words read from left to right both ways
	}
	degrees := math.Mod(angle*180/math.Pi+180, 360) - 180
	r.Turn = fmt.Sprintf("rotate(%.1f %d %d)", degrees, r.MidX, r.MidY)
	return r
}

// head returns the corners of an arrow's head whose tip is at (x, y).
func head(x, y int, angle float64) string {
	sin, cos := math.Sincos(angle)
	corner := func(back, side float64) string {
		return fmt.Sprintf("%.1f,%.1f", float64(x)-back*cos-side*sin, float64(y)-back*sin+side*cos)
	}
	return strings.Join([]string{
		corner(0, 0), corner(headLen, headHalf), corner(headLen, -headHalf),
	}, " ")
}

func classOf(s event.Seg) string {
	switch {
	case s.Len > 0:
		return "data"
	case strings.ContainsAny(s.Flags, "SF"):
		return "syn"
	}
	return "ack"
}

// kindOf spells the flags out: "SYN·ACK".
func kindOf(s event.Seg) string {
	names := map[rune]string{'F': "FIN", 'S': "SYN", 'R': "RST", 'P': "PSH", 'A': "ACK"}
	var words []string
	for _, c := range s.Flags {
		if n, ok := names[c]; ok {
			words = append(words, n)
		}
	}
	kind := strings.Join(words, "·")
	if s.Len > 0 {
		kind += " " + strconv.Itoa(s.Len) + " B"
	}
	return kind
}

func numbersOf(s event.Seg) string {
	n := "seq " + s.Seq.String()
	if strings.Contains(s.Flags, "A") {
		n += " ack " + s.Ack.String()
	}
	return n
}

// statesOf marks each change of state beside the host's lifeline.
func statesOf(log []event.Event, a, b side, s scale) []state {
	var all []state
	for _, e := range log {
		c, ok := e.Body.(event.ConnState)
		if !ok || e.T < s.zero {
			continue
		}
		m := state{Y: s.y(e.T) + 4, Name: c.New.String(), At: s.at(e.T)}
		switch e.Host {
		case a.host:
			m.X, m.Anchor = xA-12, "end"
		case b.host:
			m.X, m.Anchor = xB+12, "start"
		default:
			continue
		}
		all = append(all, m)
	}
	return all
}

// millis renders a span in milliseconds, without needless zeros.
func millis(d time.Duration) string {
	return strconv.FormatFloat(math.Round(float64(d)/1e4)/100, 'f', -1, 64) + " ms"
}
