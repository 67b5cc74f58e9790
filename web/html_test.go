package web

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"labserver/web/app"
	"labserver/web/page/workbench"
)

// pagesShown lists an address of every page, each to be read by the owner.
func pagesShown(f *fixture, token string) []string {
	s := "/s/" + string(f.session)
	return []string{"/", "/labs", "/labs/alpha", "/labs/beta", "/sessions", "/rfc", "/rfc/knobs", "/import", s,
		s + "/share", s + "/share?revoked", "/no/such/page", "/w/bad" + token}
}

// eachPage renders every page in both languages and every theme.
func eachPage(t *testing.T, check func(t *testing.T, name string, doc *html.Node, body string)) {
	t.Helper()
	f := newFixture(t)
	_, token := f.share(t, app.Watcher)
	for _, path := range pagesShown(f, token) {
		for _, lang := range []string{"ko", "en"} {
			for _, theme := range []string{"", "dark"} {
				r := request("GET", path)
				r.AddCookie(f.owner)
				r.AddCookie(&http.Cookie{Name: "lang", Value: lang})
				r.AddCookie(&http.Cookie{Name: "theme", Value: theme})
				body := f.do(t, r).Body.String()
				doc, err := html.Parse(strings.NewReader(body))
				if err != nil {
					t.Fatal(path, err)
				}
				check(t, path+" "+lang+" "+theme, doc, body)
			}
		}
	}
}

func walk(n *html.Node, visit func(*html.Node)) {
	visit(n)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, visit)
	}
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func textOf(n *html.Node) string {
	var b strings.Builder
	walk(n, func(c *html.Node) {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	})
	return strings.TrimSpace(b.String())
}

func TestNoPageHasInlineScriptOrStyle(t *testing.T) {
	eachPage(t, func(t *testing.T, name string, doc *html.Node, _ string) {
		walk(doc, func(n *html.Node) {
			if n.Type != html.ElementNode {
				return
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" ||
					strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
					t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
				}
			}
			src, _ := attr(n, "src")
			kind, _ := attr(n, "type")
			switch {
			case n.Data == "style", n.Data == "iframe", n.Data == "object", n.Data == "embed":
				t.Errorf("%s: <%s>", name, n.Data)
			case n.Data == "script" && kind == "application/json":
			case n.Data == "script" && (!strings.HasPrefix(src, "/static/v-") || textOf(n) != ""):
				t.Errorf("%s: <script src=%q>%s", name, src, textOf(n))
			}
		})
	})
}

func TestEveryAddressInAPageIsOurOwnOrALinkToAnRFC(t *testing.T) {
	eachPage(t, func(t *testing.T, name string, doc *html.Node, _ string) {
		walk(doc, func(n *html.Node) {
			for _, key := range []string{"src", "href", "action"} {
				to, ok := attr(n, key)
				outside := n.Data == "a" && strings.HasPrefix(to, "https://www.rfc-editor.org/")
				if ok && !outside && (!strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "#") ||
					strings.HasPrefix(to, "//")) {
					t.Errorf("%s: <%s %s=%q>", name, n.Data, key, to)
				}
			}
		})
	})
}

func TestIDsAreUniqueAndReferencesMeetThem(t *testing.T) {
	eachPage(t, func(t *testing.T, name string, doc *html.Node, _ string) {
		ids := map[string]bool{}
		walk(doc, func(n *html.Node) {
			if id, ok := attr(n, "id"); ok {
				if ids[id] || id == "" || strings.ContainsAny(id, " \t\n") {
					t.Errorf("%s: id %q is empty, broken or there twice", name, id)
				}
				ids[id] = true
			}
		})
		walk(doc, func(n *html.Node) {
			for _, key := range []string{"aria-labelledby", "aria-describedby", "for", "aria-controls"} {
				if to, ok := attr(n, key); ok && !ids[to] {
					t.Errorf("%s: <%s %s=%q> names nothing", name, n.Data, key, to)
				}
			}
			if to, ok := attr(n, "href"); ok && strings.HasPrefix(to, "#") && !ids[to[1:]] {
				t.Errorf("%s: link to %q, which is not there", name, to)
			}
		})
	})
}

func TestEveryControlHasAName(t *testing.T) {
	eachPage(t, func(t *testing.T, name string, doc *html.Node, _ string) {
		labels := map[string]bool{}
		walk(doc, func(n *html.Node) {
			if to, ok := attr(n, "for"); ok && n.Data == "label" && textOf(n) != "" {
				labels[to] = true
			}
		})
		walk(doc, func(n *html.Node) {
			if n.Type != html.ElementNode {
				return
			}
			id, _ := attr(n, "id")
			kind, _ := attr(n, "type")
			label, _ := attr(n, "aria-label")
			by, _ := attr(n, "aria-labelledby")
			named := label != "" || by != "" || labels[id]
			switch n.Data {
			case "a", "button", "summary":
				named = named || textOf(n) != ""
			case "input", "select", "textarea":
				named = named || kind == "hidden"
			case "svg":
				hidden, _ := attr(n, "aria-hidden")
				named = named || hidden == "true"
			case "nav", "aside":
			default:
				return
			}
			if !named {
				t.Errorf("%s: <%s %v> has no name", name, n.Data, n.Attr)
			}
		})
	})
}

func TestEveryPageHasItsLanguageItsTitleAndOneFirstHeading(t *testing.T) {
	eachPage(t, func(t *testing.T, name string, doc *html.Node, body string) {
		var lang, theme, title string
		count := map[string]int{}
		level := 0
		walk(doc, func(n *html.Node) {
			if n.Type != html.ElementNode {
				return
			}
			count[n.Data]++
			switch n.Data {
			case "html":
				lang, _ = attr(n, "lang")
				theme, _ = attr(n, "data-theme")
			case "title":
				if n.Parent.Data == "head" {
					title = textOf(n)
				}
			case "h1", "h2", "h3":
				now := int(n.Data[1] - '0')
				if now > level+1 {
					t.Errorf("%s: %s after level %d", name, n.Data, level)
				}
				level = now
			}
		})
		if want := strings.Fields(name); lang != want[1] || len(want) > 2 && theme != want[2] ||
			len(want) == 2 && theme != "" {
			t.Errorf("%s: lang %q, theme %q", name, lang, theme)
		}
		if count["h1"] != 1 || count["main"] != 1 || !strings.HasSuffix(title, " · labserver") {
			t.Errorf("%s: %d h1, %d main, title %q", name, count["h1"], count["main"], title)
		}
		if !strings.HasPrefix(body, "<!doctype html>") {
			t.Errorf("%s: begins with %.20q", name, body)
		}
		limit := 200 << 10
		if strings.HasPrefix(name, "/rfc ") {
			limit = 640 << 10 // every rule there is; it is sent compressed
		}
		if len(body) > limit {
			t.Errorf("%s: %d octets of HTML", name, len(body))
		}
	})
}

func TestNoPageShowsAMessageKey(t *testing.T) {
	key := regexp.MustCompile(
		`\b(site|nav|lang|theme|footer|copy|landing|labs|lab|sessions|bench|share|rules|knobs|fault)\.[a-z_]+\b`)
	eachPage(t, func(t *testing.T, name string, doc *html.Node, _ string) {
		walk(doc, func(n *html.Node) {
			if n.Type == html.TextNode && n.Parent.Data != "script" {
				if hit := key.FindString(n.Data); hit != "" && hit != testHost && !strings.HasSuffix(hit, ".go") {
					t.Errorf("%s: shows %q", name, hit)
				}
			}
		})
	})
}

func TestWordsOfALabCannotBecomeMarkup(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/", "/labs", "/labs/alpha", "/sessions", "/s/" + string(f.session)} {
		r := request("GET", path+"?lang=en")
		r.AddCookie(f.owner)
		body := f.do(t, r).Body.String()
		for _, bad := range []string{"<script>alert", "<img src=x", "<b>unique", "<i>pair"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s: holds %q", path, bad)
			}
		}
		if !strings.Contains(body, "&lt;script&gt;alert(1)") {
			t.Errorf("%s: does not show the title, escaped", path)
		}
	}
}

func TestWhatIsTypedIntoAnAddressCannotBecomeMarkup(t *testing.T) {
	f := newFixture(t)
	for _, payload := range []string{`"><script>alert(1)</script>`, `'onmouseover='alert(1)`,
		`</title><svg onload=alert(1)>`, `javascript:alert(1)`, `{{7*7}}`, `%00<b>`} {
		for _, path := range []string{"/labs?at=", "/labs?lang=", "/?x=", "/nothing?x="} {
			r := request("GET", "/")
			r.URL.Path, _, _ = strings.Cut(path, "?")
			r.URL.RawQuery = strings.SplitN(path, "?", 2)[1] + payload
			body := f.do(t, r).Body.String()
			if strings.Contains(body, payload) && strings.ContainsAny(payload, `<"`) ||
				strings.Contains(body, `href="javascript:`) {
				t.Errorf("%s with %q: shown as it is", path, payload)
			}
		}
	}
}

// bootOf reads the data a page has for the island.
func bootOf(t *testing.T, body string) (b workbench.Boot) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	found := false
	walk(doc, func(n *html.Node) {
		if id, _ := attr(n, "id"); id == "boot" && n.Data == "script" {
			found = true
			if err := json.Unmarshal([]byte(textOf(n)), &b); err != nil {
				t.Error(err)
			}
		}
	})
	if !found {
		t.Error("the page has no boot data")
	}
	return b
}

// rawAllowed are the templates that may render HTML as it is: a lab's prose, made and
// sanitized by package labs.
func rawAllowed() map[string]int {
	return map[string]int{"page/lab/lab.templ": 1, "page/workbench/workbench.templ": 1}
}

func TestRawHTMLIsRenderedOnlyWhereItIsAllowed(t *testing.T) {
	banned := regexp.MustCompile(
		`templ\.(Raw|JSUnsafeFuncCall|JSExpression|JSFuncCall|SafeScript|ComponentScript)|` +
			`^script \w|innerHTML|template\.HTML`)
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".templ") &&
			(!strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
				strings.HasSuffix(path, "_templ.go")) {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n := 0
		for _, line := range strings.Split(string(src), "\n") {
			if banned.MatchString(line) {
				n++
			}
		}
		if want := rawAllowed()[filepath.ToSlash(path)]; n != want {
			t.Errorf("%s: %d lines of raw HTML or script, %d allowed", path, n, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
