package rules

import (
	"net/http/httptest"
	"strings"
	"testing"

	"labserver/stack/rfc"
)

func someRules() []rfc.Rule {
	return []rfc.Rule{
		{ID: "command", Level: rfc.Root},
		{ID: "policy:link-loss", Level: rfc.Policy},
		{ID: "posix:bind", Level: rfc.Says, Section: "bind"},
		{ID: "rfc6298:5.1", Level: rfc.Says, RFC: 6298, Section: "5.1"},
		{ID: "MUST-8", Level: rfc.Must, RFC: 9293, Section: "3.10"},
		{ID: "MUST-7", Level: rfc.Must, RFC: 9293, Section: "3.8.1"},
		{ID: "rfc768:0", Level: rfc.Says, RFC: 768},
	}
}

func TestRulesStandByDocumentAndInOrderOfSection(t *testing.T) {
	var got []string
	for _, g := range groups(someRules(), map[string]string{}) {
		for _, r := range g.rules {
			got = append(got, g.id+"/"+string(r.ID))
		}
	}
	want := "rfc9293/MUST-7 rfc9293/MUST-8 rfc768/rfc768:0 rfc6298/rfc6298:5.1 " +
		"posix/posix:bind policies/policy:link-loss roots/command"
	if strings.Join(got, " ") != want {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

func TestARuleLinksToItsSectionOnlyWhenItHasOne(t *testing.T) {
	for _, c := range []struct {
		r    rfc.Rule
		want string
	}{
		{rfc.Rule{RFC: 9293, Section: "3.10.7.4"},
			"https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4"},
		{rfc.Rule{RFC: 768}, "https://www.rfc-editor.org/rfc/rfc768"},
		{rfc.Rule{RFC: 768, Section: "Introduction"}, "https://www.rfc-editor.org/rfc/rfc768"},
	} {
		if got := link(c.r); string(got) != c.want {
			t.Errorf("%+v: %s", c.r, got)
		}
	}
}

func TestThePageNamesEveryRuleOnce(t *testing.T) {
	w := httptest.NewRecorder()
	Page{Table: someRules()}.ServeHTTP(w, httptest.NewRequest("GET", "/rfc", nil))
	for _, r := range someRules() {
		if n := strings.Count(w.Body.String(), `id="rule-`+string(r.ID)+`"`); n != 1 {
			t.Errorf("%s stands there %d times", r.ID, n)
		}
	}
	if strings.Contains(w.Body.String(), `href=""`) {
		t.Error("a link leads nowhere")
	}
}
