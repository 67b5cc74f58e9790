package labs

import (
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
)

const goodYAML = `id: tiny
version: 1
minutes: 5
params:
  b: {value: 50.50.50.50}
  port: {from: [8081, 9090]}
  delay: {between: [10, 20]}
  server: {value: "$b:$port"}
world:
  - {op: host.add, id: A, addr: 77.77.77.77/24}
  - {op: host.add, id: B, addr: $b/24}
  - {op: link.add, a: {host: A}, b: {host: B}, delay_ns: $delay}
  - {op: proc.start, host: B, id: B.server}
goals:
  - id: listens
    find:
      - bound: 'e.kind == "socket.bound" && port(e.local) == $port'
      - listening: 'e.kind == "socket.listening"'
    within: 3s
    hints:
      - id: general
      - id: refused
        when: 'e.kind == "call.failed"'
  - id: which
    needs: [listens]
    answer: {type: choice, choices: [a, "7"], correct: a}
`

const goodSolution = `{"op":"socket","args":{"proc":"B.server","proto":"tcp"}}
{"op":"bind","args":{"proc":"B.server","fd":3,"port":$port},"wait":"v.hosts.size() == 2"}

{"op":"finish"}
`

const goodWrong = `{"fails":"listens","hint":"refused"}
{"op":"socket","args":{"proc":"B.server","proto":"tcp"}}
`

func goodPage(lang string) string {
	return fmt.Sprintf(`---
title: Tiny (%s)
summary: Costs $$5, port $port
objectives: [one, two]
goals:
  listens:
    title: Listen on $server
    steps: {bound: bind first}
  which:
    title: Which?
    choices: {a: the first, "7": seven}
hints:
  general: Look again
  refused: Port $port refused
card_labels: [note, check, standard]
cards:
  E9:
    note: It says **8282**.
    check: Try `+"`8081`"+`.
    standard: One port.
---
# Heading

Some *prose* at $server.

:::card E9

<script>alert(1)</script>

[bad](javascript:alert(1)) [good](https://example.org/)
`, lang)
}

// folder is a lab's files; edits are "file" then text to replace, then its replacement.
func folder(t *testing.T, edits ...string) fs.FS {
	t.Helper()
	files := map[string]string{
		"lab.yaml": goodYAML, "lab.ko.md": goodPage("ko"), "lab.en.md": goodPage("en"),
		"solution.jsonl": goodSolution, "wrong-one.jsonl": goodWrong,
	}
	for i := 0; i < len(edits); i += 3 {
		file, old, new := edits[i], edits[i+1], edits[i+2]
		if old == "" {
			files[file] = new
			continue
		}
		if !strings.Contains(files[file], old) {
			t.Fatalf("%s does not hold %q", file, old)
		}
		files[file] = strings.Replace(files[file], old, new, 1)
	}
	out := fstest.MapFS{}
	for name, text := range files {
		if text != "-" {
			out[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return out
}

func load(t *testing.T, edits ...string) *Lab {
	t.Helper()
	l, err := LoadLab(folder(t, edits...), "07-tiny")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAGoodLabLoadsWhole(t *testing.T) {
	l := load(t)
	if l.Number != 7 || l.Slug != "tiny" || l.Folder() != "07-tiny" || l.Profile != "linux" ||
		l.Minutes != 5 || l.Points() != 2 || len(l.World) != 4 || len(l.Solution) != 3 {
		t.Errorf("got %+v", l)
	}
	g, ok := l.Goal("listens")
	if !ok || g.Kind != Find || g.Keep != Ever || g.Within.Seconds() != 3 || len(g.Hints) != 2 ||
		g.Steps[1].Name != "listening" || g.Steps[0].Where.Pos.String() != "07-tiny/lab.yaml:17" {
		t.Errorf("goal listens: %+v", g)
	}
	if w := l.Wrong[0]; w.Name != "wrong-one.jsonl" || w.Fails != "listens" || w.Hint != "refused" ||
		len(w.Steps) != 1 {
		t.Errorf("wrong list: %+v", w)
	}
}

func TestEveryMistakeNamesFileLineAndWhatToDo(t *testing.T) {
	for _, c := range []struct{ name, file, old, new, want string }{
		{"unknown key", "lab.yaml", "minutes: 5", "minutes: 5\nminuets: 5",
			`lab.yaml:4: the lab: unknown key "minuets"; the keys here are id, version`},
		{"unknown goal key", "lab.yaml", "    within: 3s", "    witin: 3s", `unknown key "witin"`},
		{"key twice", "lab.yaml", "minutes: 5", "minutes: 5\nminutes: 6",
			`lab.yaml:4: not YAML: mapping key "minutes" already defined`},
		{"missing key", "lab.yaml", "minutes: 5\n", "", `key "minutes" is missing`},
		{"id and folder", "lab.yaml", "id: tiny", "id: tinny",
			`id is "tinny" but the folder says "tiny"`},
		{"profile", "lab.yaml", "version: 1", "version: 1\nprofile: bsd",
			`:3: profile "bsd" is unknown; use linux`},
		{"number", "lab.yaml", "minutes: 5", "minutes: soon",
			`:3: the lab: minutes must be a whole number from 1 to 120`},
		{"not YAML", "lab.yaml", "minutes: 5", "minutes: [5", `lab.yaml:`},
		{"anchor", "lab.yaml", "id: listens", "id: &x listens", `anchor`},
		{"parameter name", "lab.yaml", "  port:", "  Port:", `parameter "Port": use lower-case`},
		{"reserved parameter", "lab.yaml", "  port:", "  v:", `parameter "v"`},
		{"parameter without value", "lab.yaml", "{from: [8081, 9090]}", "{}",
			`give exactly one of value, from and between`},
		{"parameter two ways", "lab.yaml", "{from: [8081, 9090]}", "{from: [1], value: 2}",
			`give exactly one of`},
		{"parameter list empty", "lab.yaml", "{from: [8081, 9090]}", "{from: []}",
			`from is an empty list`},
		{"parameter range", "lab.yaml", "[10, 20]", "[20, 10]", `[lowest, highest]`},
		{"parameter character", "lab.yaml", "value: 50.50.50.50", `value: 'a"b'`, `holds a character`},
		{"unknown parameter", "lab.yaml", "== $port'", "== $prot'",
			`:17: $prot is no parameter of this lab`},
		{"unknown parameter in text", "lab.en.md", "at $server.", "at $sever.",
			`lab.en.md:1: $sever is no parameter`},
		{"unknown op", "lab.yaml", "op: proc.start", "op: proc.begin", `:13: proc.begin: unknown op`},
		{"bad argument", "lab.yaml", "delay_ns: $delay", "delay_ns: soon",
			`:12: link.add: bad type, field "delay_ns"`},
		{"unknown argument", "lab.yaml", "delay_ns:", "delay:",
			`:12: link.add: unknown field, field "delay"`},
		{"no op", "lab.yaml", "{op: proc.start, ", "{", `key "op" is missing`},
		{"no goal", "lab.yaml", goodYAML[strings.Index(goodYAML, "goals:"):], "goals: []\n",
			`needs at least one`},
		{"goal id", "lab.yaml", "id: listens", "id: Listens!", `an id is lower-case words joined by -`},
		{"goal twice", "lab.yaml", "id: which", "id: listens", `goal "listens" stands twice`},
		{"two kinds", "lab.yaml", "    within: 3s", "    reach: 'v.hosts.size() == 1'",
			`is both find and reach; make two goals`},
		{"no kind", "lab.yaml", `    answer: {type: choice, choices: [a, "7"], correct: a}`, "",
			`says not what it asks for`},
		{"within nonsense", "lab.yaml", "within: 3s", "within: soon", `within is a span such as 3s`},
		{"within elsewhere", "lab.yaml", "    needs: [listens]", "    within: 3s", `for find goals`},
		{"keep nonsense", "lab.yaml", "within: 3s", "keep: long", `keep "long" does not fit`},
		{"keep of find", "lab.yaml", "within: 3s", "keep: finish", `what happened stays so`},
		{"needs a later goal", "lab.yaml", "needs: [listens]", "needs: [later]",
			`speaks of "later", which is no goal before it`},
		{"plain predicate", "lab.yaml", `when: 'e.kind == "call.failed"'`, `when: e.kind`,
			`in 'single quotes'`},
		{"empty predicate", "lab.yaml", `when: 'e.kind == "call.failed"'`, `when: ''`,
			`the predicate is empty`},
		{"long predicate", "lab.yaml", `e.kind == "call.failed"`, strings.Repeat("x", MaxPredicate+1),
			`at most 2000`},
		{"step name", "lab.yaml", "- bound:", "- Bound:", `"Bound" cannot be a step's name`},
		{"step is a parameter", "lab.yaml", "- bound:", "- port:", `"port" stands twice`},
		{"step twice", "lab.yaml", "- listening:", "- bound:", `"bound" stands twice`},
		{"step of two", "lab.yaml", "- listening: 'e.kind == \"socket.listening\"'",
			"- {x: 'a', y: 'b'}", `a step is one name and its predicate`},
		{"hint twice", "lab.yaml", "- id: refused", "- id: general", `hint "general" stands twice`},
		{"answer type", "lab.yaml", "type: choice", "type: guess", `type "guess" is unknown`},
		{"answer not a choice", "lab.yaml", "correct: a}", "correct: b}",
			`correct "b" is none of the choices`},
		{"no correct answer", "lab.yaml", ", correct: a}", "}", `key "correct" is missing`},
		{"one choice", "lab.yaml", `[a, "7"]`, "[a]", `a choice needs two choices`},
		{"no title", "lab.ko.md", "title: Which?", "title: ''",
			`lab.ko.md:10: goal which: key "title" is missing or empty`},
		{"no goal text", "lab.en.md",
			"  which:\n    title: Which?\n    choices: {a: the first, \"7\": seven}\n", "",
			`"which" has no text; write its title`},
		{"text of no goal", "lab.en.md", "  which:", "  witch:", `unknown key "witch"`},
		{"choice without words", "lab.en.md", `{a: the first, "7": seven}`, "{a: the first}",
			`key "7" is missing`},
		{"hint without words", "lab.ko.md", "  general: Look again\n", "",
			`hints: key "general" is missing`},
		{"words of no hint", "lab.ko.md", "  general:", "  generic: x\n  general:",
			`unknown key "generic"`},
		{"objectives differ", "lab.en.md", "[one, two]", "[one]", `has 1 objectives, lab.ko.md has 2`},
		{"steps differ", "lab.en.md", "    steps: {bound: bind first}\n", "",
			`has texts for the steps [], lab.ko.md for [bound]`},
		{"sections differ", "lab.en.md", "# Heading", "# Heading\n\n## More",
			`has 2 sections, lab.ko.md has 1`},
		{"card without place", "lab.en.md", ":::card E9", "", `card E9 has no place`},
		{"place without card", "lab.en.md", ":::card E9", ":::card E9\n:::card E10",
			`lab.en.md:27: card E10 is not among the cards`},
		{"unknown block", "lab.en.md", ":::card E9", ":::card E9\n:::ladder x",
			`lab.en.md:27: ":::ladder x" is unknown`},
		{"no front", "lab.en.md", "---\ntitle", "title", `must begin with a line of ---`},
		{"not JSON", "solution.jsonl", `{"op":"finish"}`, `{"op":"finish"`,
			`solution.jsonl:4: not a command`},
		{"unknown JSON field", "solution.jsonl", `{"op":"finish"}`, `{"op":"finish","at":3}`,
			`solution.jsonl:4: not a command`},
		{"two on a line", "solution.jsonl", `{"op":"finish"}`, `{"op":"finish"} {}`,
			`more than one value`},
		{"bad command", "solution.jsonl", `"fd":3,`, ``, `solution.jsonl:2: bind: missing, field "fd"`},
		{"empty list", "solution.jsonl", "", "\n", `holds no command`},
		{"wrong names no goal", "wrong-one.jsonl", `"fails":"listens"`, `"fails":"no"`,
			`fails "no", which is no goal`},
		{"wrong names no hint", "wrong-one.jsonl", `"hint":"refused"`, `"hint":"general"`,
			`none of goal "listens"'s hints that have a when`},
		{"wrong without head", "wrong-one.jsonl", `{"fails":"listens","hint":"refused"}` + "\n", "",
			`the first line must be`},
		{"missing file", "lab.en.md", "", "-", `lab.en.md: is missing`},
		{"strange file", "notes.txt", "", "x", `notes.txt: no part of a lab`},
		{"huge file", "lab.en.md", "", strings.Repeat("x", MaxFile+1), `at most 262144 are allowed`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := LoadLab(folder(t, c.file, c.old, c.new), "07-tiny")
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(),
				"07-tiny/") {
				t.Errorf("got:  %v\nwant: …%s…", err, c.want)
			}
		})
	}
}

func TestAFolderIsCalledByNumberAndName(t *testing.T) {
	for _, name := range []string{"tiny", "7-tiny", "07_tiny", "07-Tiny", "07-tiny-"} {
		if _, err := LoadLab(folder(t), name); err == nil || !strings.Contains(err.Error(), "NN-name") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestParametersAreDrawnFromTheSeedAlone(t *testing.T) {
	l := load(t)
	seen := map[string]bool{}
	for seed := range uint64(50) {
		p := l.Draw(seed)
		if !maps.Equal(p, l.Draw(seed)) {
			t.Fatal("the same seed drew twice differently")
		}
		seen[p["port"]+" "+p["delay"]] = true
		if p["server"] != "50.50.50.50:"+p["port"] {
			t.Errorf("server %q does not follow port %q", p["server"], p["port"])
		}
	}
	if len(seen) < 10 {
		t.Errorf("50 seeds drew only %d variants", len(seen))
	}
	if p := l.Readable(); p["port"] != "8081" || p["delay"] != "10" {
		t.Errorf("readable: %v", p)
	}
}

func TestOneMoreParameterLeavesTheOthersAsTheyWere(t *testing.T) {
	a, b := load(t), load(t, "lab.yaml", "  port:", "  extra: {between: [1, 9]}\n  port:")
	for seed := range uint64(20) {
		if a.Draw(seed)["delay"] != b.Draw(seed)["delay"] {
			t.Fatal("a new parameter shifted another's draw")
		}
	}
}

func TestParametersGoIntoJSONAsTheirKindAsks(t *testing.T) {
	p := map[string]string{"n": "8081", "a": "50.50.50.50", "z": "007"}
	for in, want := range map[string]string{
		`{"port":$n}`:          `{"port":8081}`,
		`{"addr":$a}`:          `{"addr":"50.50.50.50"}`,
		`{"addr":"$a/24"}`:     `{"addr":"50.50.50.50/24"}`,
		`{"port":"$n"}`:        `{"port":"8081"}`,
		`{"t":"\"$n\\"}`:       `{"t":"\"8081\\"}`,
		`{"z":$z}`:             `{"z":"007"}`,
		`{"cost":"$$5 $none"}`: `{"cost":"$5 $none"}`,
	} {
		if got := SubstituteJSON(in, p); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}

func TestTheStartWorldHoldsTheDrawnParameters(t *testing.T) {
	l := load(t)
	h, err := l.Start(3)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"a":{"host":"A"},"b":{"host":"B"},"delay_ns":` + h.Params["delay"] + `}`
	if got := string(h.World.Commands[2].Args); got != want {
		t.Errorf("link.add is %s, want %s", got, want)
	}
	if h.Seed != "3" || h.Lab.Digest != l.Digest || h.Lab.Slug != "tiny" || h.Build != "" {
		t.Errorf("header: %+v", h)
	}
}

func TestTextsCarryTheParametersAndNoScript(t *testing.T) {
	l := load(t)
	text := l.TextFor("ko", map[string]string{"port": "9090", "server": "1.2.3.4:9090"})
	if text.Title != "Tiny (ko)" || text.Summary != "Costs $5, port 9090" ||
		text.Goals["listens"].Title != "Listen on 1.2.3.4:9090" ||
		text.Goals["listens"].Hints[1] != "Port 9090 refused" ||
		text.Goals["which"].Choices["7"] != "seven" ||
		text.Goals["listens"].Steps["bound"] != "bind first" {
		t.Errorf("got %+v", text)
	}
	for _, want := range []string{"<em>prose</em> at 1.2.3.4:9090",
		`<aside class="card" id="card-e9">`,
		"<strong>8282</strong>", "<code>8081</code>", `href="https://example.org/"`} {
		if !strings.Contains(text.HTML, want) {
			t.Errorf("no %s in\n%s", want, text.HTML)
		}
	}
	for _, bad := range []string{"<script", "javascript:", "onclick", "style="} {
		if strings.Contains(text.HTML, bad) {
			t.Errorf("%s got through:\n%s", bad, text.HTML)
		}
	}
	if l.Text("xx").Lang != "en" {
		t.Error("an unknown language must give English")
	}
}

func TestTheDigestIsOfTheTextNotOfItsLineEnds(t *testing.T) {
	a := load(t)
	crlf := folder(t).(fstest.MapFS)
	for _, f := range crlf {
		f.Data = append([]byte("\uFEFF"), strings.ReplaceAll(string(f.Data), "\n", "\r\n")...)
	}
	b, err := LoadLab(crlf, "07-tiny")
	if err != nil {
		t.Fatal(err)
	}
	if a.Digest != b.Digest || len(a.Digest) != 64 {
		t.Errorf("%s and %s", a.Digest, b.Digest)
	}
	if c := load(t, "lab.en.md", "prose", "verse"); c.Digest == a.Digest {
		t.Error("another text has the same digest")
	}
}

func TestACatalogRefusesTwoLabsOfOneNumber(t *testing.T) {
	both := fstest.MapFS{"README.md": &fstest.MapFile{Data: []byte("x")}}
	for name, f := range folder(t).(fstest.MapFS) {
		both["07-tiny/"+name] = f
		g := *f
		g.Data = []byte(strings.Replace(string(f.Data), "id: tiny", "id: small", 1))
		both["07-small/"+name] = &g
	}
	if _, err := Load(both); err == nil || !strings.Contains(err.Error(),
		"07-tiny: number or name is that of") {
		t.Errorf("got %v", err)
	}
}
