package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/journal"
	"labserver/stack/rfc"
	"labserver/stack/script"
	"labserver/stack/sim"
)

// take is a run as it was played just now.
type take struct {
	name   string
	file   []byte // its journal
	shows  map[rfc.ID]uint64
	events uint64
}

// act is a command and the instant at which it is given; op clock ends a run.
type act struct {
	at   sim.Time
	op   string
	args json.RawMessage
}

// goldens plays the golden journals of a folder.
func goldens(dir string) ([]take, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.journal"))
	if err != nil {
		return nil, err
	}
	var all []take
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		h, entries, err := journal.Decode(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		var acts []act
		for _, e := range entries {
			acts = append(acts, act{e.T, e.Op, e.Args})
		}
		t, err := record(strings.TrimSuffix(filepath.Base(path), ".journal"), h, acts)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, t)
	}
	return all, nil
}

// scenes plays the scenes of a folder: a line "seed N", the commands of the start world or
// "world NAME" for those of NAME.world, then lines "@ms op {args}", of which the last is
// "@ms end". $sent is the packet that was sent last; "forge" injects a TCP segment made by
// hand. Lines that begin with # and empty ones are for readers.
func scenes(dir string) ([]take, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.scene"))
	if err != nil {
		return nil, err
	}
	var all []take
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		h, acts, err := parseScene(string(raw), dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		t, err := record(strings.TrimSuffix(filepath.Base(path), ".scene"), h, acts)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, t)
	}
	return all, nil
}

func parseScene(text, dir string) (h journal.Header, acts []act, err error) {
	h = journal.Header{Format: journal.Format, Behaviour: stack.Behaviour,
		Params: map[string]string{}, World: journal.World{Profile: "linux"}}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || line[0] == '#':
		case word == "seed":
			h.Seed = rest
		case word == "world":
			world, err := os.ReadFile(filepath.Join(dir, rest+".world"))
			if err != nil {
				return h, nil, err
			}
			start, _, err := parseScene(string(world), dir)
			if err != nil {
				return h, nil, fmt.Errorf("%s.world: %w", rest, err)
			}
			h.World.Commands = append(h.World.Commands, start.World.Commands...)
		case word[0] == '@':
			var ms int64
			if _, err := fmt.Sscan(word[1:], &ms); err != nil {
				return h, nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			op, args, _ := strings.Cut(rest, " ")
			one := act{sim.Time(ms * 1e6), op, json.RawMessage(args)}
			switch op {
			case "end":
				one.op, one.args = journal.OpClock, nil
			case "forge":
				one.op = "packet.inject"
				if one.args, err = forge(one.args); err != nil {
					return h, nil, fmt.Errorf("line %d: %w", i+1, err)
				}
			}
			acts = append(acts, one)
		default:
			h.World.Commands = append(h.World.Commands,
				journal.Entry{Op: word, Args: json.RawMessage(rest)})
		}
	}
	return h, acts, nil
}

// record plays a run on the present stack and notes where each rule shows itself first.
func record(name string, h journal.Header, acts []act) (take, error) {
	h.Lab, h.Build, h.Parent, h.Behaviour = journal.Lab{}, "", nil, stack.Behaviour
	w, err := journal.Open(h)
	if err != nil {
		return take{}, err
	}
	var entries []journal.Entry
	for i, a := range acts {
		w.Advance(a.at)
		a.args = bytes.ReplaceAll(a.args, []byte("$sent"), lastSent(w))
		entry := journal.Entry{Seq: uint64(len(entries) + 1), Step: w.Steps(), T: w.Now(),
			N: w.Events().Len(), Op: a.op, Args: a.args}
		if a.op == journal.OpClock {
			entry.Args = nil
			entries = append(entries, entry)
			continue
		}
		entry.Actor = "example"
		c, err := stack.ParseCommand(a.op, entry.Actor, a.args)
		if err == nil {
			err = w.Check(c)
		}
		if err != nil {
			return take{}, fmt.Errorf("act %d, %s %s: %w", i+1, a.op, a.args, err)
		}
		entries = append(entries, entry)
		w.Apply(c)
	}
	return taken(name, h, entries, w), nil
}

// scripts runs the packet scripts below a folder. Of those that fail nothing is learnt.
func scripts(dir string) ([]take, error) {
	var all []take
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".pkt" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		res := script.Run(path, text, script.Options{})
		if res.Failure != nil || len(res.Journal) == 0 {
			return nil
		}
		w, err := journal.Replay(res.Header, res.Journal)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		_, rest, _ := strings.Cut(filepath.ToSlash(path), "/testdata/")
		name := strings.ReplaceAll(strings.TrimSuffix(rest, ".pkt"), "/", "-")
		all = append(all, taken(name, res.Header, res.Journal, w))
		return nil
	})
	return all, err
}

// taken notes which event of a run shows each rule.
func taken(name string, h journal.Header, entries []journal.Entry, w *stack.World) take {
	h.Build = ""
	t := take{name: name, file: journal.Encode(h, entries), shows: map[rfc.ID]uint64{},
		events: w.Events().Len()}
	drawn := map[rfc.ID]bool{}
	for e := range w.Events().Since(1) {
		if _, ok := t.shows[e.Rule]; !ok || onLadder(e) && !drawn[e.Rule] {
			t.shows[e.Rule], drawn[e.Rule] = e.N, onLadder(e)
		}
	}
	return t
}

// lastSent is the number of the packet that was sent last.
func lastSent(w *stack.World) []byte {
	for n := w.Events().Len(); n > 0; n-- {
		if _, what, _ := strings.Cut(string(w.Events().At(n).Kind()), "."); what == "sent" {
			return strconv.AppendUint(nil, n, 10)
		}
	}
	return nil
}

// onLadder tells whether the ladder draws an event as an arrow or its end: that is where a
// reader looks first, so such an event shows a rule better than others.
func onLadder(e event.Event) bool {
	what, _, _ := strings.Cut(string(e.Kind()), ".")
	return slices.Contains([]string{"segment", "datagram", "icmp", "packet"}, what)
}
