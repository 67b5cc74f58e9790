package labs

import (
	"bytes"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// card is one kind correction of the lecture note: what it wrote, what to try, what the
// standard says. Its three parts are Markdown.
type card struct {
	id                    string
	note, check, standard string
	labels                []string
}

// cardLine places a card in the prose.
var cardLine = regexp.MustCompile(`^:::card ([A-Z][0-9]+)$`)

// readCards reads the cards by id, with the three labels they share.
func readCards(r *reader, f *fields) map[string]card {
	labels := f.texts("card_labels")
	m := r.mapping(f.take("cards"), "cards")
	if len(m.keys) > 0 && len(labels) != 3 {
		r.add(f.at, "card_labels is missing; give the headings of a card's three parts")
		return nil
	}
	cards := map[string]card{}
	for _, id := range m.keys {
		c := r.mapping(m.take(id), "card "+id)
		cards[id] = card{id, c.line("note"), c.line("check"), c.line("standard"), labels}
		c.done()
	}
	m.done()
	return cards
}

// render turns the prose into HTML, cards in their places.
func (p *page) render(bad *faults, at Pos, prose string, cards map[string]card) {
	var out, run strings.Builder
	flush := func() {
		out.WriteString(p.markdown(run.String()))
		run.Reset()
	}
	for i, line := range strings.Split(prose, "\n") {
		m := cardLine.FindStringSubmatch(line)
		if m == nil {
			if strings.HasPrefix(line, ":::") {
				bad.add(Pos{at.File, at.Line + i}, "%q is unknown; :::card ID places a card", line)
			}
			run.WriteString(line)
			run.WriteByte('\n')
			continue
		}
		c, ok := cards[m[1]]
		if !ok || slices.Contains(p.cards, c.id) {
			bad.add(Pos{at.File, at.Line + i}, "card %s is not among the cards, or placed twice", m[1])
			continue
		}
		flush()
		p.cards = append(p.cards, c.id)
		out.WriteString(p.cardHTML(c))
	}
	flush()
	for _, id := range slices.Sorted(maps.Keys(cards)) {
		if !slices.Contains(p.cards, id) {
			bad.add(at, "card %s has no place; write :::card %s where it belongs", id, id)
		}
	}
	p.HTML = sanitizer().Sanitize(out.String())
	if strings.TrimSpace(p.HTML) == "" {
		bad.add(at, "there is no prose; a lab explains what it asks for")
	}
}

func (p *page) cardHTML(c card) string {
	var b strings.Builder
	b.WriteString(`<aside class="card" id="card-` + strings.ToLower(c.id) + `">`)
	for i, part := range []struct{ class, body string }{
		{"card-note", c.note}, {"card-check", c.check}, {"card-standard", c.standard},
	} {
		b.WriteString(`<div class="` + part.class + `"><p class="card-label">`)
		b.WriteString(html.EscapeString(c.labels[i]) + "</p>")
		b.WriteString(p.markdown(part.body) + "</div>")
	}
	b.WriteString("</aside>\n")
	return b.String()
}

// markdown renders one stretch of Markdown; raw HTML in it is left out.
func (p *page) markdown(src string) string {
	md := goldmark.New(goldmark.WithExtensions(extension.Table),
		goldmark.WithParserOptions(parser.WithHeadingAttribute()))
	source := []byte(src)
	doc := md.Parser().Parse(text.NewReader(source))
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if n.Kind() == ast.KindHeading {
			p.headings++
		}
	}
	var out bytes.Buffer
	if err := md.Renderer().Render(&out, source, doc); err != nil {
		panic("BUG: rendering into memory failed: " + err.Error())
	}
	return out.String()
}

// sanitizer lets through what goldmark makes and what cards are made of.
func sanitizer() *bluemonday.Policy {
	policy := bluemonday.UGCPolicy()
	words := regexp.MustCompile(`^[a-z0-9 -]+$`)
	policy.AllowElements("aside")
	policy.AllowAttrs("class").Matching(words).OnElements("aside", "div", "p", "code", "pre", "table")
	policy.AllowAttrs("id").Matching(words).OnElements("aside", "h2", "h3")
	return policy
}
