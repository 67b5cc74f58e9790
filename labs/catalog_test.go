package labs

import (
	"regexp"
	"strings"
	"testing"
)

func embedded(t *testing.T) *Catalog {
	t.Helper()
	c, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheCatalogIsFoundByEveryName(t *testing.T) {
	c := embedded(t)
	for _, l := range c.All() {
		for _, name := range []string{l.Slug, l.Folder()} {
			if got, ok := c.Lab(name); !ok || got != l {
				t.Errorf("%q is not found", name)
			}
		}
		if got, ok := c.ByDigest(l.Digest); !ok || got != l {
			t.Errorf("%s is not found by its digest", l.Slug)
		}
	}
	if _, ok := c.Lab("nope"); ok {
		t.Error("a lab that does not exist was found")
	}
	if _, ok := c.ByDigest(""); ok {
		t.Error("the empty digest names a lab")
	}
}

// TestBothLanguagesSayEverything: Load refuses what is missing, so this looks for what
// is there but not written: the same words in both, or Korean without Hangul.
func TestBothLanguagesSayEverything(t *testing.T) {
	hangul := regexp.MustCompile(`\p{Hangul}`)
	for _, l := range embedded(t).All() {
		ko, en := l.Text("ko"), l.Text("en")
		check := func(what, k, e string) {
			t.Helper()
			if k == "" || e == "" {
				t.Errorf("%s: %s is empty in a language", l.Slug, what)
			}
			if hangul.MatchString(e) && what != "prose" {
				t.Errorf("%s: %s in English holds Hangul: %s", l.Slug, what, e)
			}
			if !hangul.MatchString(k) {
				t.Errorf("%s: %s in Korean has no Hangul: %s", l.Slug, what, k)
			}
		}
		check("title", ko.Title, en.Title)
		check("summary", ko.Summary, en.Summary)
		check("prose", ko.HTML, en.HTML)
		for i := range ko.Objectives {
			check("objective", ko.Objectives[i], en.Objectives[i])
		}
		for _, g := range l.Goals {
			k, e := ko.Goals[g.ID], en.Goals[g.ID]
			check(g.ID, k.Title, e.Title)
			if len(k.Hints) != len(g.Hints) || len(e.Hints) != len(g.Hints) {
				t.Fatalf("%s: %s has %d hints, %d in ko, %d in en", l.Slug, g.ID, len(g.Hints), len(k.Hints),
					len(e.Hints))
			}
			for i, h := range g.Hints {
				check("hint "+h.ID, k.Hints[i], e.Hints[i])
			}
			for _, c := range g.Answer.Choices {
				check("choice "+c, k.Choices[c], e.Choices[c])
			}
			for _, s := range g.Steps {
				check("step "+s.Name, k.Steps[s.Name], e.Steps[s.Name])
			}
		}
	}
}

// TestMarkdownLeavesNoMarksBehind: next to Hangul a closing ** after punctuation is not
// one, and stays on the page as two stars.
func TestMarkdownLeavesNoMarksBehind(t *testing.T) {
	for _, l := range embedded(t).All() {
		for _, lang := range Languages() {
			code := regexp.MustCompile(`(?s)<(code|pre)>.*?</(code|pre)>`)
			text := code.ReplaceAllString(l.Text(lang).HTML, "")
			for _, mark := range []string{"**", "`", ":::", "](", "$"} {
				if i := strings.Index(text, mark); i >= 0 {
					t.Errorf("%s, %s: %q is left in …%s…", l.Slug, lang, mark,
						text[max(0, i-60):min(len(text), i+60)])
				}
			}
		}
	}
}

func TestTheNotesOwnNumbersAreTheFirstThingSeen(t *testing.T) {
	l, ok := embedded(t).Lab("two-meanings-of-socket")
	if !ok {
		t.Fatal("the lab of the note's example is missing")
	}
	for seed := range uint64(20) {
		p := l.Draw(seed)
		if p["a"] != "77.77.77.77" || p["b"] != "50.50.50.50" || p["c"] != "33.33.33.33" || p["port"] != "8081" {
			t.Fatalf("seed %d draws other numbers than the note's: %v", seed, p)
		}
	}
	for slug, cards := range map[string][]string{
		"two-meanings-of-socket": {"E7", "E9", "E10", "E11", "E20"},
		"hello-udp":              {"S6", "E22", "E23"},
	} {
		l, _ := embedded(t).Lab(slug)
		for _, lang := range Languages() {
			for _, id := range cards {
				if !strings.Contains(l.Text(lang).HTML, `id="card-`+strings.ToLower(id)+`"`) {
					t.Errorf("%s, %s: card %s is missing", slug, lang, id)
				}
			}
		}
	}
}
