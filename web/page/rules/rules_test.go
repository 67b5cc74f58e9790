package rules

import (
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"labserver/stack/rfc"
	"labserver/web/i18n"
)

func some() Page {
	return Page{
		Table: []rfc.Rule{
			{ID: "command", Level: rfc.Root},
			{ID: "policy:link-loss", Level: rfc.Policy},
			{ID: "posix:bind", Level: rfc.Says, Section: "bind"},
			{ID: "rfc6298:5.1", Level: rfc.Says, RFC: 6298, Section: "5.1"},
			{ID: "MUST-36", Level: rfc.Must, RFC: 9293, Section: "3.8.6.1"},
			{ID: "rfc9293:3.10.7", Level: rfc.Says, RFC: 9293, Section: "3.10.7"},
			{ID: "rfc9293:3.8.6", Level: rfc.Says, RFC: 9293, Section: "3.8.6"},
			{ID: "rfc768:format", Level: rfc.Says, RFC: 768, Section: "format"},
		},
		Ledger: []rfc.Requirement{
			{ID: "SHLD-31", Section: "3.10.7.4", State: rfc.Met, Tests: []string{"stack/tcp.TestX"}},
			{ID: "MUST-36", Section: "3.8.6.1", State: rfc.Met, Shown: []rfc.ID{"MUST-36"}},
			{ID: "MUST-1", Section: "3.1", State: rfc.Met},
			{ID: "MAY-14", Section: "3.9.1.7", State: rfc.NotMet},
			{ID: "SHLD-13", Section: "3.8.5", State: rfc.NoCase},
		},
	}
}

func get(p Page, query string) string {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("GET", "/rfc"+query, nil))
	return w.Body.String()
}

func TestTheLedgerStandsFirstThenRulesByDocumentInOrderOfSection(t *testing.T) {
	p := some()
	var got []string
	for _, g := range groups(p.Ledger, p.Table, i18n.English) {
		for _, r := range g.rows {
			got = append(got, g.id+"/"+string(r.id))
		}
	}
	want := "part-header/MUST-1 part-urgent/SHLD-13 part-window/MUST-36 part-calls/MAY-14 " +
		"part-arriving/SHLD-31 rfc9293/rfc9293:3.8.6 rfc9293/rfc9293:3.10.7 rfc768/rfc768:format " +
		"rfc6298/rfc6298:5.1 posix/posix:bind policies/policy:link-loss roots/command"
	if strings.Join(got, " ") != want {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

// Every part of RFC 9293 that the ledger cites belongs to one part of the page.
func TestThePageShowsEveryRuleOfTheStackOnce(t *testing.T) {
	body := get(New(), "")
	var want []rfc.ID
	for _, r := range rfc.Ledger() {
		want = append(want, r.ID)
	}
	for _, r := range rfc.Table() {
		if !slices.Contains(want, r.ID) {
			want = append(want, r.ID)
		}
	}
	for _, id := range want {
		if n := strings.Count(body, `id="`+string(id)+`"`); n != 1 {
			t.Errorf("%s stands there %d times", id, n)
		}
	}
	if strings.Contains(body, `href=""`) {
		t.Error("a link leads nowhere")
	}
}

func TestTheFilterShowsWhatFitsAllOfIt(t *testing.T) {
	for query, want := range map[string]string{
		"":                             "MUST-1 SHLD-13 MUST-36 MAY-14 SHLD-31",
		"?level=MUST":                  "MUST-1 MUST-36",
		"?state=met":                   "MUST-1 MUST-36 SHLD-31",
		"?level=SHLD&state=met":        "SHLD-31",
		"?state=does+not+arise":        "SHLD-13",
		"?q=must-36":                   "MUST-36",
		"?q=%C2%A73.8.5":               "SHLD-13",
		"?q=Closed++window":            "MUST-36",
		"?q=closed+window&level=MAY":   "",
		"?level=nonsense&state=broken": "MUST-1 SHLD-13 MUST-36 MAY-14 SHLD-31",
		"?q=%3Cscript%3E":              "",
	} {
		p := some()
		p.Table = nil
		body := get(p, query)
		var got []string
		for _, id := range strings.Fields("MUST-1 SHLD-13 MUST-36 MAY-14 SHLD-31") {
			if strings.Contains(body, `id="`+id+`"`) {
				got = append(got, id)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v", query, got)
		}
		if strings.Contains(body, "<script>") {
			t.Error("the words of the search are markup")
		}
	}
}

func TestTheTallyCountsTheLedger(t *testing.T) {
	c := count(some().Ledger)
	want := counts{all: 5, met: 3, not: 1, nocase: 1, levels: []levelCount{
		{rfc.Must, 2, 2}, {rfc.Should, 1, 2}, {rfc.May, 0, 1}}}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("%+v", c)
	}
	whole := count(rfc.Ledger())
	body := get(New(), "?lang=en")
	if !strings.Contains(body, strconv.Itoa(whole.met)+" of 119 met") || whole.all != 119 {
		t.Errorf("the page does not say %+v", whole)
	}
}

func TestARuleLinksToItsSectionOnlyWhenItHasOne(t *testing.T) {
	for _, c := range []struct {
		rfc     int
		section string
		want    string
	}{
		{9293, "3.10.7.4", "https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4"},
		{768, "", "https://www.rfc-editor.org/rfc/rfc768"},
		{768, "Introduction", "https://www.rfc-editor.org/rfc/rfc768"},
	} {
		if got := link(c.rfc, c.section); string(got) != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestATextIsTakenApartAtItsFields(t *testing.T) {
	for text, want := range map[string][]piece{
		"":               nil,
		"plain":          {{"plain", false}},
		"{new.wnd}":      {{"new.wnd", true}},
		"to {a} and {b}": {{"to ", false}, {"a", true}, {" and ", false}, {"b", true}},
		"{ no field }":   {{"{ no field }", false}},
	} {
		if got := pieces(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v", text, got)
		}
	}
}
