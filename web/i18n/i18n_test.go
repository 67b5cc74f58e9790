package i18n

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"labserver/stack/rfc"
)

// messages reads a message file as it stands: each message by plural form.
func messages(t *testing.T, l Lang) map[string]map[string]string {
	t.Helper()
	raw, err := os.ReadFile("ui." + string(l) + ".json")
	if err != nil {
		t.Fatal(err)
	}
	any := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &any); err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]string{}
	for id, m := range any {
		forms := map[string]string{}
		if json.Unmarshal(m, &forms) != nil {
			var one string
			if err := json.Unmarshal(m, &one); err != nil {
				t.Fatalf("%s: %v", id, err)
			}
			forms["other"] = one
		}
		all[id] = forms
	}
	return all
}

var field = regexp.MustCompile(`\.([A-Z][A-Za-z]*)`)

// values lists the values a message names, each once.
func values(text string) []string {
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`\{\{[^}]*\}\}`).FindAllString(text, -1) {
		for _, f := range field.FindAllStringSubmatch(m, -1) {
			found[f[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func TestEveryMessageIsThereInBothLanguagesWithTheSameValues(t *testing.T) {
	en, ko := messages(t, English), messages(t, Korean)
	if len(en) == 0 || len(en) != len(Keys()) {
		t.Errorf("%d English messages, %d keys: run go generate", len(en), len(Keys()))
	}
	for id := range ko {
		if en[id] == nil {
			t.Errorf("%s is Korean only", id)
		}
	}
	for id, forms := range en {
		k, ok := ko[id]
		if !ok || strings.TrimSpace(k["other"]) == "" || strings.TrimSpace(forms["other"]) == "" {
			t.Errorf("%s is missing or empty in a language", id)
			continue
		}
		for form, text := range forms {
			if e, k := values(text), values(k["other"]); !slices.Equal(e, k) {
				t.Errorf("%s (%s): values %v in English, %v in Korean", id, form, e, k)
			}
		}
	}
}

func TestEveryKeyIsAMessage(t *testing.T) {
	for _, l := range Langs() {
		for _, k := range Keys() {
			args := Args{"Count": 2}
			for _, text := range messages(t, l)[string(k)] {
				for _, v := range values(text) {
					if v != "Count" {
						args[v] = "x"
					}
				}
			}
			if got := In(l, k, args); got == string(k) || strings.Contains(got, "{{") {
				t.Errorf("%s in %s shows %q", k, l, got)
			}
		}
	}
}

func TestEveryMessageIsUsedByAPage(t *testing.T) {
	var used strings.Builder
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(path) == "keys.go" ||
			!strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := os.ReadFile(path)
		used.Write(src)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile("keys.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+)\s+Key = `).FindAllStringSubmatch(string(src), -1) {
		if !regexp.MustCompile(`i18n\.` + m[1] + `\b`).MatchString(used.String()) {
			t.Errorf("no page uses %s: remove it", m[1])
		}
	}
}

func TestKoreanMessagesAreKorean(t *testing.T) {
	same := []Key{RulesLevelMust, RulesLevelShld, RulesLevelMay, RulesLevelPolicy, RulesRfc,
		RulesSection, SessionsOf, BenchInspector, LandingColSegment}
	for id, forms := range messages(t, Korean) {
		if slices.Contains(same, Key(id)) {
			continue
		}
		if !strings.ContainsFunc(forms["other"], func(r rune) bool { return unicode.Is(unicode.Hangul, r) }) {
			t.Errorf("%s has no Korean in it: %q", id, forms["other"])
		}
	}
	for id, forms := range messages(t, English) {
		for _, text := range forms {
			if strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Hangul, r) }) {
				t.Errorf("%s has Korean in its English: %q", id, text)
			}
		}
	}
}

var brace = regexp.MustCompile(`\{([a-z0-9_.]+)`)

func TestEveryRuleHasItsTextInBothLanguagesWithTheSameFields(t *testing.T) {
	en, ko := Rules(English), Rules(Korean)
	known := map[string]bool{}
	for _, r := range rfc.Table() {
		id := string(r.ID)
		known[id] = true
		if strings.TrimSpace(en[id]) == "" || strings.TrimSpace(ko[id]) == "" {
			t.Errorf("rule %s: en %q, ko %q", id, en[id], ko[id])
		}
	}
	for _, texts := range []map[string]string{en, ko} {
		for id := range texts {
			if !known[id] {
				t.Errorf("a text for %s, which is no rule of stack/rfc", id)
			}
		}
	}
	sameFields(t, "rule", en, ko)
}

func TestEveryFieldTextIsThereInBothLanguages(t *testing.T) {
	en, ko := Fields(English), Fields(Korean)
	if len(en) != len(ko) {
		t.Errorf("%d English texts of fields, %d Korean", len(en), len(ko))
	}
	sameFields(t, "field", en, ko)
}

// sameFields compares what two texts fill in.
func sameFields(t *testing.T, what string, en, ko map[string]string) {
	t.Helper()
	named := func(text string) []string {
		found := map[string]bool{}
		for _, m := range brace.FindAllStringSubmatch(text, -1) {
			found[m[1]] = true
		}
		return slices.Sorted(maps.Keys(found))
	}
	for id, text := range en {
		if e, k := named(text), named(ko[id]); !slices.Equal(e, k) {
			t.Errorf("%s %s: fields %v in English, %v in Korean", what, id, e, k)
		}
	}
}

func TestPluralsAndValuesAreFilledIn(t *testing.T) {
	ctx := With(context.Background(), English)
	for n, want := range map[int]string{1: "1 goal", 2: "2 goals", 0: "0 goals"} {
		if got := T(ctx, LabsGoals, Args{"Count": n}); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
	if got := T(With(ctx, Korean), LabsGoals, Args{"Count": 3}); got != "목표 3개" {
		t.Error(got)
	}
	if got := T(ctx, Key("no.such.key")); got != "no.such.key" {
		t.Errorf("a missing message shows %q", got)
	}
	if From(context.Background()) != Fallback {
		t.Error("a context without a language speaks none")
	}
}

func TestAMessageDoesNotInterpretItsValues(t *testing.T) {
	got := In(English, LandingStartNote, Args{"Number": "4", "Title": "{{.Number}}<b>",
		"Minutes": 3})
	if got != "Opens lab 4: {{.Number}}<b> · about 3 minutes" {
		t.Error(got)
	}
}

func TestTheLanguageIsTheFirstThatIsKnown(t *testing.T) {
	for _, c := range []struct {
		asked, chosen, accept string
		want                  Lang
	}{
		{"ko", "en", "en", Korean}, {"", "ko", "en", Korean}, {"", "", "ko-KR", Korean},
		{"", "", "ja,ko;q=0.1", Korean}, {"", "", "ja", English}, {"", "", "", English},
		{"KO", "", "", English}, {"", "", ";;;", English}, {"", "", "en-GB,ko", English},
	} {
		if got := Match(c.asked, c.chosen, c.accept); got != c.want {
			t.Errorf("%.40v: %s", c, got)
		}
	}
}
