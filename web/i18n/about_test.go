package i18n

import (
	"strings"
	"testing"

	"labserver/stack/host"
	"labserver/stack/rfc"
	"labserver/stack/tcp"
)

func TestEveryMutantIsDescribedInBothLanguages(t *testing.T) {
	for _, l := range Langs() {
		texts := Mutants(l)
		for _, m := range tcp.Mutants() {
			if !strings.Contains(texts[m.Name], "§"+m.Section+")") {
				t.Errorf("%s: %q does not say where RFC 2525 has %s", l, texts[m.Name], m.Name)
			}
			delete(texts, m.Name)
		}
		for name := range texts {
			t.Errorf("%s: a text for %s, which is no mutant", l, name)
		}
	}
}

func TestEveryKnobIsExplainedInBothLanguages(t *testing.T) {
	for _, l := range Langs() {
		texts := Knobs(l)
		for _, k := range host.KnobTable() {
			if strings.TrimSpace(texts[k.Name]) == "" {
				t.Errorf("%s has no text in %s", k.Name, l)
			}
			delete(texts, k.Name)
		}
		for name := range texts {
			t.Errorf("%s: a text for %s, which is no knob", l, name)
		}
	}
}

func TestEveryRequirementIsSaidInBothLanguagesWithoutFields(t *testing.T) {
	for _, l := range Langs() {
		asked, reasons := Requirements(l), Reasons(l)
		for _, r := range rfc.Ledger() {
			id := string(r.ID)
			if text := asked[id]; strings.TrimSpace(text) == "" || strings.Contains(text, "{") {
				t.Errorf("%s in %s asks for %q", id, l, text)
			}
			if r.State != rfc.Met && strings.TrimSpace(reasons[id]) == "" {
				t.Errorf("%s is %s, and %s has no reason", id, r.State, l)
			}
			delete(asked, id)
			delete(reasons, id)
		}
		for id := range asked {
			t.Errorf("%s: a text for %s, which is no requirement", l, id)
		}
		for id := range reasons {
			t.Errorf("%s: a reason for %s, which is no requirement", l, id)
		}
	}
	en, ko := Reasons(English), Reasons(Korean)
	for id := range en {
		if ko[id] == "" {
			t.Errorf("%s has a reason in English only", id)
		}
	}
	if len(en) != len(ko) {
		t.Errorf("%d reasons in English, %d in Korean", len(en), len(ko))
	}
}
