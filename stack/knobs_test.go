package stack_test

import (
	"encoding/json"
	"testing"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/host"
)

// A lab's start world and a person's command can turn every knob of the table.
func TestEveryKnobIsTurnedByACommand(t *testing.T) {
	for _, k := range host.KnobTable() {
		for _, d := range k.Defaults {
			args, err := json.Marshal(map[string]string{"host": "A", "knob": k.Name, "value": d.Value})
			if err != nil {
				t.Fatal(err)
			}
			set, err := stack.ParseCommand("knob.set", "", args)
			if err != nil {
				t.Errorf("%s: %v", args, err)
				continue
			}
			add, err := stack.ParseCommand("host.add", "", json.RawMessage(`{"id":"A","addr":"10.0.0.1/24"}`))
			if err != nil {
				t.Fatal(err)
			}
			w, err := stack.New(stack.Config{Seed: 1, Start: []stack.Command{add, set}})
			if err != nil {
				t.Errorf("%s in a start world: %v", args, err)
				continue
			}
			if err := w.Check(set); err != nil {
				t.Errorf("%s as a command: %v", args, err)
				continue
			}
			w.Apply(set)
			e, ok := w.Events().At(w.Events().Len()).Body.(event.KnobSet)
			if !ok || e.Knob != k.Name || e.Old != d.Value || e.New != d.Value {
				t.Errorf("%s: %+v", args, e)
			}
			if knobs := w.View().Hosts[0].Knobs; len(knobs) != 1 || knobs[0].Value != d.Value {
				t.Errorf("%s: the view has %+v", args, knobs)
			}
		}
	}
}
