package labs

import (
	"encoding/json"
	"testing"
)

// FuzzLoadLab: whatever stands in lab.yaml, loading ends with a lab or with an error
// that names the file; a lab it accepts can start.
func FuzzLoadLab(f *testing.F) {
	f.Add(goodYAML, goodPage("ko"))
	f.Add("id: tiny\nversion: 1\nminutes: 5\nworld: []\ngoals:\n  - id: g\n    never: 'x'\n",
		goodPage("ko"))
	f.Add("a: &x [*x]\n", "---\n---\n")
	f.Add("goals: {a: {b: {c: [1, 2, {d: |\n text\n}]}}}\n", "---\ntitle: !!binary x\n---\n")
	f.Add("? [complex]\n: key\n", "")
	f.Add("id: \"\\u0000\"\nparams:\n  x: {between: [-9223372036854775808, 9223372036854775807]}\n",
		"--- ")
	f.Fuzz(func(t *testing.T, yaml, page string) {
		files := folder(t, "lab.yaml", "", yaml, "lab.en.md", "", page)
		l, err := LoadLab(files, "07-tiny")
		if err != nil {
			return
		}
		h, err := l.Start(1)
		if err != nil {
			t.Fatalf("a lab that loads cannot start: %v", err)
		}
		for _, c := range h.World.Commands {
			if !json.Valid(c.Args) {
				t.Fatalf("start command with bad JSON: %s", c.Args)
			}
		}
		l.Text("en")
	})
}

// FuzzSubstituteJSON: another number for a parameter never breaks JSON that was valid
// with one, and inside strings any value a parameter may have is safe.
func FuzzSubstituteJSON(f *testing.F) {
	f.Add(`{"a":$n,"b":"$n","c":"\\$n"}`, "50.50.50.50:8081")
	f.Fuzz(func(t *testing.T, s, value string) {
		if !json.Valid([]byte(SubstituteJSON(s, map[string]string{"n": "1"}))) {
			return
		}
		if got := SubstituteJSON(s, map[string]string{"n": "65535"}); !json.Valid([]byte(got)) {
			t.Errorf("%s is not JSON", got)
		}
		quoted, err := json.Marshal(s)
		if err != nil || !paramValue.MatchString(value) {
			return
		}
		if got := SubstituteJSON(string(quoted),
			map[string]string{"n": value}); !json.Valid([]byte(got)) {
			t.Errorf("%s is not JSON", got)
		}
	})
}
