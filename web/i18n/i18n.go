// Package i18n is what the server says to people: the interface's messages and the texts
// of rules and fields, in Korean and English, equally complete.
//
// It must never hold protocol behaviour, and no other package of web may hold prose.
// Messages of pages are in ui.en.json and ui.ko.json (go-i18n's format); the texts of
// rules are in rules/<area>.<lang>.json, written by whoever adds the rule, and those of
// header fields in fields.<lang>.json. Both go to the browser as they are. What the
// requirements of RFC 9293 ask for and why the stack meets them or not is in about/, for
// the page of rules; what knobs do is in knobs.<lang>.json. Read docs/events.md §3 first.
package i18n

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:generate go run ./keygen
//go:generate go run ./knobdoc

//go:embed *.json rules about
var files embed.FS

// Lang is a language the interface speaks. The zero value is not one; see Fallback.
type Lang string

// The languages, equally complete.
const (
	English Lang = "en"
	Korean  Lang = "ko"
	// Fallback is what a reader gets whose wishes name neither.
	Fallback = English
)

// Langs returns the languages in the order in which they are offered.
func Langs() []Lang { return []Lang{Korean, English} }

// ParseLang returns the language s names exactly; false for anything else.
func ParseLang(s string) (Lang, bool) {
	l := Lang(s)
	return l, slices.Contains(Langs(), l)
}

// Key names a message of the interface. The constants are generated.
type Key string

// Args are the values a message names.
type Args map[string]any

type langKey struct{}

// With returns a context whose messages are in l.
func With(ctx context.Context, l Lang) context.Context {
	return context.WithValue(ctx, langKey{}, l)
}

// From returns the language of ctx, Fallback without one.
func From(ctx context.Context) Lang {
	if l, ok := ctx.Value(langKey{}).(Lang); ok {
		return l
	}
	return Fallback
}

// T returns the message key in the language of ctx, with the values of args. A missing
// message shows its key: the tests make sure that no reader sees one.
func T(ctx context.Context, key Key, args ...Args) string {
	return In(From(ctx), key, args...)
}

// In is T for a language by name.
func In(l Lang, key Key, args ...Args) string {
	values := Args{}
	for _, a := range args {
		maps.Copy(values, a)
	}
	cfg := &goi18n.LocalizeConfig{
		MessageID: string(key), TemplateData: map[string]any(values), TemplateParser: parser(),
	}
	if n, ok := values["Count"]; ok {
		cfg.PluralCount = n
	}
	localizer, ok := catalogue().localizers[l]
	if !ok {
		localizer = catalogue().localizers[Fallback]
	}
	text, err := localizer.Localize(cfg)
	if err != nil {
		return string(key)
	}
	return text
}

// Rules returns the text of every rule in l, by rule id. The map is the caller's.
func Rules(l Lang) map[string]string { return maps.Clone(catalogue().rules[l]) }

// Requirements returns in l what each requirement of RFC 9293 asks for, by id, in words
// that name no field of an event. The map is the caller's.
func Requirements(l Lang) map[string]string { return maps.Clone(catalogue().asked[l]) }

// Reasons returns in l why the stack stands to a requirement as the ledger says, by id.
// The map is the caller's.
func Reasons(l Lang) map[string]string { return maps.Clone(catalogue().reasons[l]) }

// Knobs returns in l what every knob of a host does, by name. The map is the caller's.
func Knobs(l Lang) map[string]string { return maps.Clone(catalogue().knobs[l]) }

// Mutants returns in l what each documented mistake of RFC 2525 is, by its name as a value
// of the knob mutant. The map is the caller's.
func Mutants(l Lang) map[string]string { return maps.Clone(catalogue().mutants[l]) }

// Fields returns the texts of header fields in l, by key. The map is the caller's.
func Fields(l Lang) map[string]string { return maps.Clone(catalogue().fields[l]) }

// texts is everything the embedded files say.
type texts struct {
	localizers map[Lang]*goi18n.Localizer
	rules      map[Lang]map[string]string
	fields     map[Lang]map[string]string
	asked      map[Lang]map[string]string
	knobs      map[Lang]map[string]string
	reasons    map[Lang]map[string]string
	mutants    map[Lang]map[string]string
}

func catalogue() *texts { return loaded() }

var loaded = sync.OnceValue(func() *texts {
	t, err := load()
	if err != nil {
		panic("BUG: embedded messages: " + err.Error())
	}
	return t
})

func load() (*texts, error) {
	bundle := goi18n.NewBundle(language.English)
	t := &texts{
		localizers: map[Lang]*goi18n.Localizer{},
		rules:      map[Lang]map[string]string{}, fields: map[Lang]map[string]string{},
		asked: map[Lang]map[string]string{}, reasons: map[Lang]map[string]string{},
		mutants: map[Lang]map[string]string{},
		knobs:   map[Lang]map[string]string{},
	}
	for _, l := range Langs() {
		if _, err := bundle.LoadMessageFileFS(files, "ui."+string(l)+".json"); err != nil {
			return nil, fmt.Errorf("load messages: %w", err)
		}
		t.localizers[l] = goi18n.NewLocalizer(bundle, string(l))
		var err error
		if t.rules[l], err = flat("rules/*." + string(l) + ".json"); err != nil {
			return nil, err
		}
		if t.fields[l], err = flat("fields*." + string(l) + ".json"); err != nil {
			return nil, err
		}
		if t.asked[l], err = flat("about/rfc9293." + string(l) + ".json"); err != nil {
			return nil, err
		}
		if t.knobs[l], err = flat("knobs." + string(l) + ".json"); err != nil {
			return nil, err
		}
		if t.reasons[l], err = flat("about/reasons." + string(l) + ".json"); err != nil {
			return nil, err
		}
		if t.mutants[l], err = flat("about/mutants." + string(l) + ".json"); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// flat merges the files that match pattern, each one object of texts. A key may stand
// in one file only, or which text wins would depend on file names.
func flat(pattern string) (map[string]string, error) {
	all := map[string]string{}
	names, err := glob(pattern)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		raw, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		one := map[string]string{}
		if err := json.Unmarshal(raw, &one); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		for _, id := range slices.Sorted(maps.Keys(one)) {
			if _, twice := all[id]; twice {
				return nil, fmt.Errorf("read %s: %q already stands in another file", name, id)
			}
			all[id] = one[id]
		}
	}
	return all, nil
}

func glob(pattern string) ([]string, error) {
	dir, last := path.Split(pattern)
	entries, err := files.ReadDir(strings.TrimSuffix(path.Join(".", dir), "/"))
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", pattern, err)
	}
	var names []string
	for _, e := range entries {
		if ok, err := path.Match(last, e.Name()); err != nil {
			return nil, fmt.Errorf("match %s: %w", pattern, err)
		} else if ok {
			names = append(names, path.Join(dir, e.Name()))
		}
	}
	return names, nil
}
