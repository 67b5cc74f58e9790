package labs

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// Text is what a lab says in one language.
type Text struct {
	Lang       string
	Title      string
	Summary    string
	Objectives []string
	HTML       string              // the prose, sanitized
	Goals      map[string]GoalText // by goal id
}

// GoalText is what a lab says about one goal in one language. All of it is plain text.
type GoalText struct {
	Title   string
	Choices map[string]string // an answer's choices, by id
	Steps   map[string]string // what is still missing, by step name; may lack some
	Hints   []string          // in the order of Goal.Hints
}

// page is a Text with its $params still in it, and what the languages are compared by.
type page struct {
	Text
	cards    []string
	headings int
}

// Text returns what the lab says in lang ("ko" or "en"; anything else is taken as "en"),
// with the readable parameters in place.
func (l *Lab) Text(lang string) Text { return l.TextFor(lang, l.Readable()) }

// TextFor is Text with the parameters of one run in place.
func (l *Lab) TextFor(lang string, params map[string]string) Text {
	p, ok := l.texts[lang]
	if !ok {
		p = l.texts["en"]
	}
	sub := func(s string) string { return Substitute(s, params) }
	t := Text{Lang: p.Lang, Title: sub(p.Title), Summary: sub(p.Summary), HTML: sub(p.HTML),
		Goals: make(map[string]GoalText, len(p.Goals))}
	for _, o := range p.Objectives {
		t.Objectives = append(t.Objectives, sub(o))
	}
	for id, g := range p.Goals {
		out := GoalText{Title: sub(g.Title), Choices: maps.Clone(g.Choices), Steps: maps.Clone(g.Steps)}
		for k, v := range out.Choices {
			out.Choices[k] = sub(v)
		}
		for k, v := range out.Steps {
			out.Steps[k] = sub(v)
		}
		for _, h := range g.Hints {
			out.Hints = append(out.Hints, sub(h))
		}
		t.Goals[id] = out
	}
	return t
}

// readTexts reads the page of each language and holds them to each other.
func (l *Lab) readTexts(bad *faults, folder string, files map[string][]byte) {
	for _, lang := range Languages() {
		file := path.Join(folder, "lab."+lang+".md")
		l.texts[lang] = l.readPage(bad, file, lang, files["lab."+lang+".md"])
	}
	if len(bad.list) > 0 {
		return // what follows would only repeat it
	}
	ko, en := l.texts["ko"], l.texts["en"]
	at := Pos{path.Join(folder, "lab.en.md"), 1}
	if len(ko.Objectives) != len(en.Objectives) {
		bad.add(at, "has %d objectives, lab.ko.md has %d; say the same in both",
			len(en.Objectives), len(ko.Objectives))
	}
	if !slices.Equal(ko.cards, en.cards) {
		bad.add(at, "has the cards %v, lab.ko.md has %v; place the same in both", en.cards, ko.cards)
	}
	if ko.headings != en.headings {
		bad.add(at, "has %d sections, lab.ko.md has %d; say the same in both", en.headings, ko.headings)
	}
	for _, g := range l.Goals {
		k, e := keys(ko.Goals[g.ID].Steps), keys(en.Goals[g.ID].Steps)
		if !slices.Equal(k, e) {
			bad.add(at, "goal %q has texts for the steps %v, lab.ko.md for %v", g.ID, e, k)
		}
	}
}

func keys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// readPage reads one lab.<lang>.md: YAML between two lines of ---, then Markdown.
func (l *Lab) readPage(bad *faults, file, lang string, src []byte) page {
	at := Pos{file, 1}
	front, prose, ok := strings.Cut(strings.TrimPrefix(string(src), "---\n"), "\n---\n")
	if !ok || !strings.HasPrefix(string(src), "---\n") {
		bad.add(at, "must begin with a line of --- , YAML, another line of --- , then Markdown")
		return page{}
	}
	r := &reader{faults: bad, file: file, above: 1}
	root := r.parse([]byte(front))
	if root == nil {
		return page{}
	}
	f := r.mapping(root, "the page")
	p := page{Text: Text{Lang: lang, Title: f.line("title"), Summary: f.line("summary"),
		Objectives: f.texts("objectives"), Goals: map[string]GoalText{}}}
	if len(p.Objectives) == 0 {
		bad.add(at, "objectives is missing; say what one can do after this lab")
	}
	l.readGoalTexts(r, &p, f)
	cards := readCards(r, f)
	f.done()
	l.knownParams(bad, at, string(src))
	p.render(bad, Pos{file, strings.Count(front, "\n") + 4}, prose, cards)
	return p
}

// line takes a text that must be there and not be empty.
func (f *fields) line(key string) string {
	s := strings.TrimSpace(f.text(key))
	if s == "" {
		f.r.add(f.at, "%s: key %q is missing or empty; write it", f.what, key)
	}
	return s
}

// readGoalTexts reads the words of every goal, its choices, steps and hints.
func (l *Lab) readGoalTexts(r *reader, p *page, f *fields) {
	goals := r.mapping(f.need("goals"), "goals")
	hints := r.mapping(f.take("hints"), "hints")
	for i := range l.Goals {
		g := &l.Goals[i]
		n := goals.take(g.ID)
		if n == nil {
			r.add(goals.at, "goals: %q has no text; write its title", g.ID)
			continue
		}
		one := r.mapping(n, "goal "+g.ID)
		t := GoalText{Title: one.line("title")}
		t.Choices = wordsOf(r, one, "choices", g.Answer.Choices, true)
		names := make([]string, 0, len(g.Steps))
		for _, s := range g.Steps {
			names = append(names, s.Name)
		}
		t.Steps = wordsOf(r, one, "steps", names, false)
		one.done()
		for _, h := range g.Hints {
			t.Hints = append(t.Hints, hints.line(h.ID))
		}
		p.Goals[g.ID] = t
	}
	goals.done()
	hints.done()
}

// wordsOf reads a mapping from each of ids to its words; all of them if all are needed.
func wordsOf(r *reader, f *fields, key string, ids []string, all bool) map[string]string {
	n := f.take(key)
	if n == nil && (!all || len(ids) == 0) {
		return nil
	}
	m := r.mapping(n, f.what+": "+key)
	if n == nil {
		m.at = f.at
	}
	words := map[string]string{}
	for _, id := range ids {
		if all || m.has(id) {
			words[id] = m.line(id)
		} else {
			m.take(id)
		}
	}
	m.done()
	return words
}
