package e2e

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// What a person sees and waits for on a page. The browser library is not needed here.

//go:embed testdata/find.js
var findJS string

// found is where an element is, or why a click on it would not reach it.
type found struct {
	X, Y             float64
	Text             string
	OK               bool
	Matched, Visible int
	Covered          string
	Disabled         bool
}

// find looks once. It scrolls the element into view, as a person would.
func (p *Page) find(selector string) (found, error) {
	quoted, err := json.Marshal(selector)
	if err != nil {
		return found{}, err
	}
	raw, err := p.try(`(() => { const f = (` + findJS + `)(` + string(quoted) + `);
		if (!f.el) return JSON.stringify({matched: f.matched, visible: f.visible});
		f.el.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
		const r = f.el.getBoundingClientRect();
		const x = r.left + r.width / 2, y = r.top + r.height / 2;
		const at = document.elementFromPoint(x, y);
		const hit = at && (f.el.contains(at) || at.contains(f.el) ||
			at.closest("label")?.control === f.el);
		return JSON.stringify({x, y, ok: true, matched: f.matched, visible: f.visible,
			text: f.el.innerText ?? f.el.textContent,
			disabled: !!f.el.closest(":disabled, [aria-disabled=true]"),
			covered: hit ? "" : (at ? at.outerHTML.slice(0, 120) : "outside the window")}); })()`)
	if err != nil {
		return found{}, err
	}
	var f found
	return f, json.Unmarshal([]byte(raw), &f)
}

// until tries again, at short intervals, until ok is nil or patience runs out.
func (p *Page) until(what string, ok func() error) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	var err error
	for time.Now().Before(deadline) {
		if err = ok(); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.t.Fatalf("%s: %v", what, err)
}

// reach waits until a person could press the element.
func (p *Page) reach(what, selector string) (f found) {
	p.t.Helper()
	p.until(what+" "+selector, func() (err error) {
		f, err = p.find(selector)
		switch {
		case err != nil:
			return err
		case !f.OK:
			return fmt.Errorf("not on the page (%d match the CSS, %d of them visible with these words)",
				f.Matched, f.Visible)
		case f.Covered != "":
			return fmt.Errorf("covered by %s", f.Covered)
		case f.Disabled:
			return errors.New("disabled")
		}
		return nil
	})
	return f
}

// Select chooses the option of a <select> that has this value.
func (p *Page) Select(selector, value string) {
	p.t.Helper()
	p.reach("select", selector)
	sel, _ := json.Marshal(selector)
	val, _ := json.Marshal(value)
	got := p.JS(`(() => { const el = (` + findJS + `)(` + string(sel) + `).el;
		el.focus(); el.value = ` + string(val) + `;
		el.dispatchEvent(new Event("input", {bubbles: true}));
		el.dispatchEvent(new Event("change", {bubbles: true}));
		return el.value; })()`)
	if got != value {
		p.t.Fatalf("select %s: has no option %q", selector, value)
	}
}

// Expect waits until the selector is on the page.
func (p *Page) Expect(selector string) {
	p.t.Helper()
	p.until("expect "+selector, func() error {
		f, err := p.find(selector)
		if err == nil && !f.OK {
			err = fmt.Errorf("not on the page (%d match the CSS); the page says:\n%s",
				f.Matched, p.excerpt())
		}
		return err
	})
}

// Gone waits until the selector is not on the page any more.
func (p *Page) Gone(selector string) {
	p.t.Helper()
	p.until("gone "+selector, func() error {
		f, err := p.find(selector)
		if err == nil && f.OK {
			err = fmt.Errorf("still there: %.80q", f.Text)
		}
		return err
	})
}

// Eventually waits until an expression gives the string want.
func (p *Page) Eventually(expression, want string) {
	p.t.Helper()
	p.until(expression, func() error {
		got, err := p.try(expression)
		if err == nil && got != want {
			err = fmt.Errorf("= %.300q, want %.300q", got, want)
		}
		return err
	})
}

// Text returns what an element says.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	var f found
	p.until("text of "+selector, func() (err error) {
		if f, err = p.find(selector); err == nil && !f.OK {
			err = errors.New("not on the page")
		}
		return err
	})
	return f.Text
}

func (p *Page) excerpt() string {
	text, _ := p.try(`document.body.innerText.slice(0, 1500)`)
	return text
}
