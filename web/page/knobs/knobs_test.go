package knobs

import (
	"html"
	"net/http/httptest"
	"strings"
	"testing"

	"labserver/stack"
	"labserver/web/i18n"
)

func TestThePageShowsEveryKnobWithItsDefaultsAndALinkToItsRule(t *testing.T) {
	w := httptest.NewRecorder()
	Page{}.ServeHTTP(w, httptest.NewRequest("GET", "/rfc/knobs", nil))
	body := html.UnescapeString(w.Body.String())
	texts := i18n.Knobs(i18n.Fallback)
	for _, k := range stack.KnobTable() {
		_, rest, _ := strings.Cut(body, `<tr id="`+k.Name+`">`)
		one, _, ok := strings.Cut(rest, "</tr>")
		if !ok || !strings.Contains(one, texts[k.Name]) {
			t.Errorf("%s is not there with its text", k.Name)
			continue
		}
		for _, d := range k.Defaults {
			if !strings.Contains(one, ">"+d.Value+"<") {
				t.Errorf("%s: no %q for %s", k.Name, d.Value, d.Profile)
			}
		}
		if known(k.Rule) != strings.Contains(one, `href="/rfc#`+string(k.Rule)+`"`) {
			t.Errorf("%s: the link to %q", k.Name, k.Rule)
		}
	}
}
