package workbench

import (
	"context"

	"labserver/labs"
	"labserver/stack/rfc"
	"labserver/web/app"
	"labserver/web/i18n"
)

// Boot is what the page hands to the island, as JSON in #boot; static/src/workbench
// reads it. Everything in it is in the page's language. It holds no answers.
type Boot struct {
	Session string            `json:"session"`
	Role    app.Role          `json:"role"`
	Lang    i18n.Lang         `json:"lang"`
	Base    string            `json:"base"`   // "/s/{session}"
	Live    string            `json:"live"`   // the socket
	Status  string            `json:"status"` // why the socket is closed
	Journal string            `json:"journal,omitempty"`
	Share   string            `json:"share,omitempty"`   // only for who may share
	Icons   string            `json:"icons"`             // the sprite, without a #name
	Capture bool              `json:"capture,omitempty"` // what is shown was read from a file
	Lab     BootLab           `json:"lab"`
	Rules   map[string]string `json:"rules"`     // texts by rule id
	RFCs    map[string]Source `json:"rule_refs"` // where a rule stands
	Fields  map[string]string `json:"fields"`    // texts by field key
}

// Source is where a rule stands. RFC is 0 for a choice of ours.
type Source struct {
	Level   rfc.Level `json:"level"`
	RFC     int       `json:"rfc,omitempty"`
	Section string    `json:"section,omitempty"`
}

// BootLab is the lab's texts.
type BootLab struct {
	Slug    string            `json:"slug"`
	Digest  string            `json:"digest"`
	Number  int               `json:"number"`
	Title   string            `json:"title"`
	Minutes int               `json:"minutes"`
	Par     int               `json:"par,omitempty"`
	Params  map[string]string `json:"params"`
	Goals   []BootGoal        `json:"goals"`
}

// BootGoal is one goal's texts, without what would answer it.
type BootGoal struct {
	ID      string            `json:"id"`
	Kind    labs.Kind         `json:"kind"`
	Keep    labs.Keep         `json:"keep"`
	Points  int               `json:"points"`
	Title   string            `json:"title"`
	Needs   []string          `json:"needs,omitempty"`
	Answer  string            `json:"answer,omitempty"` // choice, number, text
	Choices []BootChoice      `json:"choices,omitempty"`
	Hints   []BootHint        `json:"hints"`
	Steps   map[string]string `json:"steps,omitempty"` // what is still missing, by step
}

// BootChoice is one choice of an answer.
type BootChoice struct {
	Value string `json:"value"`
	Text  string `json:"text"`
}

// BootHint is one hint's words.
type BootHint struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// bootOf builds the boot data of one session's page.
func bootOf(ctx context.Context, v view) Boot {
	lang, base := i18n.From(ctx), "/s/"+string(v.session.ID)
	b := Boot{
		Session: string(v.session.ID), Role: v.role, Lang: lang,
		Base: base, Live: base + "/live", Status: base + "/status", Icons: v.icons,
		Lab: bootLab(v), Rules: i18n.Rules(lang), Fields: i18n.Fields(lang), RFCs: sources(),
	}
	if app.Allows(v.role, app.Manage) {
		b.Share, b.Journal = base+"/share", base+"/journal"
	}
	if v.capture {
		b.Capture, b.Journal = true, ""
	}
	return b
}

func bootLab(v view) BootLab {
	l := BootLab{
		Slug: v.run.LabSlug, Digest: v.run.LabDigest, Title: v.text.Title,
		Params: v.run.Params, Goals: []BootGoal{},
	}
	if v.lab == nil {
		return l
	}
	l.Number, l.Minutes, l.Par = v.lab.Number, v.lab.Minutes, v.lab.Par
	for _, g := range v.lab.Goals {
		l.Goals = append(l.Goals, bootGoal(g, v.text.Goals[g.ID]))
	}
	return l
}

func bootGoal(g labs.Goal, text labs.GoalText) BootGoal {
	b := BootGoal{
		ID: g.ID, Kind: g.Kind, Keep: g.Keep, Points: g.Points, Needs: g.Needs,
		Title: text.Title, Steps: text.Steps, Hints: []BootHint{},
	}
	if g.Kind == labs.Answer {
		b.Answer = g.Answer.Type
		for _, id := range g.Answer.Choices {
			b.Choices = append(b.Choices, BootChoice{Value: id, Text: text.Choices[id]})
		}
	}
	for i, h := range g.Hints {
		if i < len(text.Hints) {
			b.Hints = append(b.Hints, BootHint{ID: h.ID, Text: text.Hints[i]})
		}
	}
	return b
}

func sources() map[string]Source {
	all := map[string]Source{}
	for _, r := range rfc.Table() {
		all[string(r.ID)] = Source{Level: r.Level, RFC: r.RFC, Section: r.Section}
	}
	return all
}
