package e2e

import (
	"strings"
	"testing"
)

// Every rule and every knob can be looked up, in every look of the page.
func TestTheRulesAreCleanInEveryLook(t *testing.T) {
	s := Serve(t)
	p := Open(t, s.URL, "/rfc?lang=en")
	for _, l := range looks() {
		p.SetViewport(l.width, l.height)
		p.Media(l.dark)
		for _, path := range []string{"/rfc?lang=" + l.lang + "&level=MUST&state=met",
			"/rfc/knobs?lang=" + l.lang} {
			p.Go(path)
			inspect(p, path+" "+l.String(), l)
		}
	}
	p.Go("/rfc?lang=en")
	p.Accessible("all rules")
}

// A reader looks for a rule, opens the run that shows it, reads why, and plays on.
func TestFromARuleToTheEventThatShowsIt(t *testing.T) {
	s := Serve(t)
	p := Open(t, s.URL, "/rfc?lang=en")
	p.SetViewport(1366, 768)
	p.Type("#q", "closed window probed")
	p.Click("button >> Show")
	p.Expect(".ls-filter-found >> Show all rules")
	p.Expect("#MUST-36 >> met")
	p.Click("#MUST-36 summary")
	p.Expect("#MUST-36 >> stack/tcp/persist.go")
	p.Click("#MUST-36 button >> See it live")
	p.Expect(".ls-bar-title >> Example: ")
	b := bench{p}
	b.online()
	p.Expect(".ls-area-inspector >> MUST-36")
	p.Expect(".ls-guide-prose >> MUST-36")
	first := b.session()
	p.Click(`.ls-guide-prose a[href="/rfc#MUST-36"]`)
	p.Expect("h1 >> Rules")
	p.Eventually(`document.querySelector(":target")?.id ?? ""`, "MUST-36")
	p.Click("#MUST-36 button >> See it live")
	b.online()
	if b.session() != first {
		t.Error("the second look started another session")
	}
	b.typed("A", "socket tcp", "=")
	b.play("1")
	if at := p.JS("location.search"); !strings.Contains(at, "at=") {
		t.Errorf("the address is %q", at)
	}
	p.Go("/sessions?lang=en")
	p.Expect("main >> Example: ")
}
