package main

import (
	"labserver/labs"
	"labserver/labs/check"
	"labserver/stack/event"
	"labserver/stack/journal"
	"labserver/web/app"
	"labserver/web/session"
)

// goals gives sessions what they need of the labs, in their words: a session knows no
// lab format, and labs know no session.
type goals struct{ catalog *labs.Catalog }

// Start implements session.Labs.
func (g goals) Start(slug string, seed uint64) (journal.Header, error) {
	lab, ok := g.catalog.Lab(slug)
	if !ok {
		return journal.Header{}, app.ErrNotFound
	}
	return lab.Start(seed)
}

// Checker implements session.Labs.
func (g goals) Checker(h journal.Header) (session.Checker, error) {
	lab, ok := g.catalog.ByDigest(h.Lab.Digest)
	if !ok {
		return nil, app.ErrNotFound
	}
	c, err := check.New(lab, h.Params)
	if err != nil {
		return nil, err
	}
	return checker{c, lab}, nil
}

// checker is a lab's checker as a session sees it.
type checker struct {
	c   *check.Checker
	lab *labs.Lab
}

func (c checker) Feed(e event.Event) bool { return c.c.Feed(e) }

func (c checker) Finished() bool { return c.c.Finished() }

func (c checker) Goal(id string) (found, asks bool) {
	g, ok := c.lab.Goal(id)
	return ok, ok && g.Kind == labs.Answer
}

func (c checker) Verdicts() []session.Verdict {
	all := c.c.Verdicts()
	out := make([]session.Verdict, len(all))
	for i, v := range all {
		out[i] = session.Verdict{Goal: v.Goal, State: string(v.State), Evidence: v.Evidence,
			Unmet: v.Unmet, Hint: v.Hint, HintsUsed: v.HintsUsed}
	}
	return out
}
