package labs

import (
	"bytes"
	"encoding/json"
	"strings"

	"labserver/stack/journal"
)

// readList reads a command list; of a wrong one its first line says what it fails.
func (l *Lab) readList(bad *faults, file string, src []byte, wrong bool) (w Wrong, steps []Step) {
	first := true
	for i, line := range strings.Split(string(src), "\n") {
		at := Pos{file, i + 1}
		if strings.TrimSpace(line) == "" {
			continue
		}
		if len(steps) >= maxCommands {
			bad.add(at, "more than %d commands", maxCommands)
			return w, steps
		}
		if wrong && first {
			w = l.readWrong(bad, at, line)
			first = false
			continue
		}
		first = false
		if s, ok := l.readStep(bad, at, line); ok {
			steps = append(steps, s)
		}
	}
	if len(steps) == 0 {
		bad.add(Pos{file, 1}, "holds no command; write one JSON object a line: {\"op\":…,\"args\":{…}}")
	}
	return w, steps
}

// readWrong reads the first line of a wrong list.
func (l *Lab) readWrong(bad *faults, at Pos, line string) Wrong {
	var head struct {
		Fails string `json:"fails"`
		Hint  string `json:"hint"`
	}
	if err := strictJSON(line, &head); err != nil {
		bad.add(at, "the first line must be {\"fails\": goal, \"hint\": hint}: %v", err)
		return Wrong{}
	}
	g, ok := l.Goal(head.Fails)
	if !ok {
		bad.add(at, "fails %q, which is no goal of this lab", head.Fails)
		return Wrong{}
	}
	found := false
	for _, h := range g.Hints {
		found = found || h.ID == head.Hint && !h.When.IsZero()
	}
	if !found {
		bad.add(at, "hint %q is none of goal %q's hints that have a when", head.Hint, g.ID)
	}
	return Wrong{Fails: head.Fails, Hint: head.Hint}
}

// readStep reads one command, trying it with the readable parameters in place.
func (l *Lab) readStep(bad *faults, at Pos, line string) (Step, bool) {
	l.knownParams(bad, at, line)
	args := struct {
		Op   string          `json:"op"`
		Args json.RawMessage `json:"args"`
		Wait string          `json:"wait"`
	}{}
	if err := strictJSON(SubstituteJSON(line, l.Readable()), &args); err != nil {
		bad.add(at, "not a command {\"op\", \"args\", \"wait\"}: %v", err)
		return Step{}, false
	}
	if len(args.Wait) > MaxPredicate {
		bad.add(at, "wait has %d octets; at most %d are allowed", len(args.Wait), MaxPredicate)
		return Step{}, false
	}
	l.tryCommand(bad, Command{Op: args.Op, Args: string(orEmpty(args.Args)), Pos: at})
	return Step{Line: line, Pos: at}, true
}

// Fill returns the step's entry with the parameters in place.
func (s Step) Fill(params map[string]string) (journal.Entry, error) {
	var e journal.Entry
	if err := json.Unmarshal([]byte(SubstituteJSON(s.Line, params)), &e); err != nil {
		return e, &Fault{s.Pos, "with the drawn parameters this is not JSON: " + err.Error()}
	}
	e.Args = orEmpty(e.Args)
	return e, nil
}

func orEmpty(args json.RawMessage) json.RawMessage {
	if len(args) == 0 {
		return json.RawMessage("{}")
	}
	return args
}

// strictJSON reads exactly one JSON value without unknown fields.
func strictJSON(s string, into any) error {
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err == nil {
		return &Fault{Msg: "more than one value on the line"}
	}
	return nil
}
