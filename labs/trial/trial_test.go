package trial

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"labserver/labs"
)

// copyLab writes hello-udp, with some files changed, into a fresh folder.
func copyLab(t *testing.T, edits ...string) string {
	t.Helper()
	const from = "../catalog/03-hello-udp"
	dir := filepath.Join(t.TempDir(), "03-hello-udp")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		for i := 0; i < len(edits); i += 3 {
			if edits[i] == e.Name() {
				if !strings.Contains(text, edits[i+1]) {
					t.Fatalf("%s does not hold %q", e.Name(), edits[i+1])
				}
				text = strings.Replace(text, edits[i+1], edits[i+2], 1)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestATrialFindsWhatALabSaysWrongly(t *testing.T) {
	for _, c := range []struct{ name, file, old, new, list, fault string }{
		{"unsolved", "solution.jsonl", `"value":"0"`, `"value":"3"`, "solution.jsonl",
			`goal "no-handshake" is unmet`},
		{"not handed in", "solution.jsonl", `{"op":"finish"}` + "\n", "", "solution.jsonl",
			"it does not finish"},
		{"over par", "lab.yaml", "par: 11", "par: 4", "solution.jsonl", "11 commands but par is 4"},
		{"met by nothing", "lab.yaml", "    needs: [delivered]\n", "", "(nothing)",
			`goal "only-udp" is met by doing nothing`},
		{"wrong one passes", "wrong-asks-no-more.jsonl",
			`"fails":"connected-is-told","hint":"error-waits"`,
			`"fails":"first-packet-is-data","hint":"empty-datagram"`,
			"wrong-asks-no-more.jsonl", "is met, though it should fail"},
		{"another hint", "wrong-other-port.jsonl", `bound-elsewhere`, `nobody-reads`,
			"wrong-other-port.jsonl",
			`draws hint "bound-elsewhere", it should draw "nobody-reads"`},
		{"no hint", "wrong-other-port.jsonl", `"fails":"delivered","hint":"bound-elsewhere"`,
			`"fails":"only-udp","hint":"that-was-tcp"`, "wrong-other-port.jsonl", "draws no hint"},
		{"waits for ever", "solution.jsonl", `v.packets.size() == 0`, `v.packets.size() == 9`,
			"solution.jsonl",
			"03-hello-udp/solution.jsonl:3: waited until"},
		{"wait does not compile", "solution.jsonl", `v.packets.size() == 0`, `v.packet.size() == 0`,
			"solution.jsonl",
			"03-hello-udp/solution.jsonl:3: column"},
		{"command that cannot be", "solution.jsonl", `"proc":"A.talker"`, `"proc":"A.nobody"`,
			"solution.jsonl",
			"03-hello-udp/solution.jsonl:1: socket: unknown_proc"},
		{"world that cannot be", "lab.yaml", "id: B, name: B", "id: A, name: B", "solution.jsonl",
			"03-hello-udp: "},
		{"predicate that does not compile", "lab.yaml", "e.dgram.len > 0", "e.dgram.size > 0", "lab.yaml",
			"03-hello-udp/lab.yaml:32: column"},
	} {
		t.Run(c.name, func(t *testing.T) {
			table, err := CheckDir(copyLab(t, c.file, c.old, c.new), 2)
			if err != nil {
				t.Fatal(err)
			}
			if table.OK() {
				t.Fatalf("nothing was found:\n%s", table)
			}
			for _, r := range table.Rows {
				if r.List == c.list && strings.Contains(r.Fault, c.fault) {
					return
				}
			}
			t.Errorf("no fault …%s… of %s in\n%s", c.fault, c.list, table)
		})
	}
}

func TestATableSaysWhatWasTried(t *testing.T) {
	table, err := CheckDir(copyLab(t), 2)
	if err != nil || !table.OK() {
		t.Fatalf("%v\n%s", err, table)
	}
	for _, want := range []string{"03-hello-udp ", "ok   solution.jsonl", "2 seeds", "11 commands",
		"meets every goal"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
}

func TestTooFewWrongSolutionsAreAFault(t *testing.T) {
	dir := copyLab(t)
	gone, err := filepath.Glob(filepath.Join(dir, "wrong-*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range gone[2:] {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	table, err := CheckDir(dir, 1)
	if err != nil || table.OK() || !strings.Contains(table.String(), "there are 2; write at least 3") {
		t.Errorf("%v\n%s", err, table)
	}
}

func TestAFolderThatIsNoLabIsAnError(t *testing.T) {
	if _, err := CheckDir(t.TempDir(), 1); err == nil {
		t.Error("an empty folder passed as a lab")
	}
	if _, err := CheckDir(filepath.Join(t.TempDir(), "07-nothing"), 1); err == nil {
		t.Error("a folder that is not there passed as a lab")
	}
}

func TestTheJournalOfAPlayedListStandsOnItsOwn(t *testing.T) {
	c, err := labs.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	l, _ := c.Lab("hello-udp")
	a, err := Play(l, 5, l.Solution)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Play(l, 5, l.Solution)
	if err != nil {
		t.Fatal(err)
	}
	if a.World.Hash() != b.World.Hash() {
		t.Error("the same list and seed gave two worlds")
	}
	other, err := Play(l, 6, l.Solution)
	if err != nil || other.World.Hash() == a.World.Hash() {
		t.Errorf("another seed gave the same world (%v)", err)
	}
}
