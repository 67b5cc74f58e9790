package live

import (
	"encoding/json"
	"strconv"

	"labserver/stack/event"
	"labserver/web/app"
	"labserver/web/session"
)

// encode writes a frame that a session published. Batches and snapshots are written
// once and shared by all connections.
func encode(f session.Frame, l Limits) []byte {
	switch f := f.(type) {
	case *session.Batch:
		return f.Octets(func() []byte { return encodeBatch(f) })
	case *session.Snap:
		return f.Octets(func() []byte {
			return marshal(Snap{Type: "snap", Run: f.Run, N: f.N, T: f.T, View: f.View})
		})
	case *session.Hello:
		return marshal(Hello{Type: "hello", Proto: Proto, Schema: event.SchemaHash, Run: f.Run,
			OwnerEpoch: f.OwnerEpoch, Role: f.Role, Head: f.Head, Oldest: f.Oldest,
			Common: f.Common, Resumed: f.Resumed, Limits: l})
	case *session.Lab:
		return marshal(Lab{Type: "lab", Run: f.Run, Slug: f.Slug, Digest: f.Digest, Params: f.Params})
	case *session.Clock:
		c := Clock{Type: "clock", Run: f.Run, N: f.N, T: f.T, Step: f.Step, Playing: f.Playing,
			Speed: f.Speed, Waiting: f.Waiting, Busy: f.Busy, Broken: f.Broken}
		if f.HasNext {
			c.Next = &f.Next
		}
		return marshal(c)
	case *session.Who:
		return marshal(Who{Type: "who", Role: f.Role, Drivers: f.Drivers, Watchers: f.Watchers})
	case *session.Sum:
		return marshal(sum(f))
	case *session.Bye:
		return marshal(Bye{Type: "bye", Code: f.Code, Retry: f.Retry})
	}
	panic("BUG: a frame of no known type")
}

func sum(f *session.Sum) Sum {
	s := Sum{Type: "sum", Run: f.Run, Finished: f.Finished, Goals: make([]Goal, len(f.Verdicts))}
	for i, v := range f.Verdicts {
		s.Goals[i] = Goal{ID: v.Goal, State: v.State, Evidence: v.Evidence, Unmet: v.Unmet,
			Hint: v.Hint, HintsUsed: v.HintsUsed}
		if s.Goals[i].Evidence == nil {
			s.Goals[i].Evidence = []uint64{}
		}
	}
	return s
}

// encodeBatch writes an evs frame by appending: its items are JSON already.
func encodeBatch(f *session.Batch) []byte {
	b := make([]byte, 0, len(f.Items)+96)
	b = append(b, `{"type":"evs","run":`...)
	b = strconv.AppendInt(b, int64(f.Run), 10)
	b = append(b, `,"from":`...)
	b = strconv.AppendUint(b, f.From, 10)
	b = append(b, `,"to":`...)
	b = strconv.AppendUint(b, f.To, 10)
	b = append(b, `,"t":`...)
	b = strconv.AppendInt(b, int64(f.T), 10)
	b = append(b, `,"items":[`...)
	b = append(b, f.Items...)
	return append(b, `]}`...)
}

// encodeResult writes the answer to a cmd.
func encodeResult(cid string, r session.Result, err error) []byte {
	if err != nil {
		return marshal(Res{Type: "res", Cid: cid, Err: refusal(err)})
	}
	return marshal(Res{Type: "res", Cid: cid, OK: true, Run: r.Run, N: r.N})
}

// refusal is what a client is told of an error: never its cause.
func refusal(err error) *WireError {
	p := app.Public(err)
	e := &WireError{Code: p.Code, Key: "error." + p.Code, Field: p.Field}
	for name, value := range map[string]string{"got": p.Got, "limit": p.Limit} {
		if value != "" {
			if e.Args == nil {
				e.Args = map[string]string{}
			}
			e.Args[name] = value
		}
	}
	return e
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("BUG: a frame that cannot be encoded: " + err.Error())
	}
	return b
}
