package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// look is one way a page can be looked at.
type look struct {
	width, height int64
	dark          bool
	lang          string
}

func (l look) String() string {
	theme := "light"
	if l.dark {
		theme = "dark"
	}
	return fmt.Sprintf("%dx%d-%s-%s", l.width, l.height, theme, l.lang)
}

// looks are a laptop and a phone, by day and by night, in both languages.
func looks() (all []look) {
	for _, size := range [][2]int64{{1366, 768}, {390, 844}} {
		for _, dark := range []bool{false, true} {
			for _, lang := range []string{"ko", "en"} {
				all = append(all, look{size[0], size[1], dark, lang})
			}
		}
	}
	return all
}

// Every page, in every look: axe-clean, in the language asked for, nothing cut off at the
// side. With -update the pictures go to docs/screens, where README shows them; they are
// there to be looked at.
func TestScreensAreCleanInEveryLook(t *testing.T) {
	s := Serve(t)
	dir := t.TempDir()
	if *update {
		dir = "../docs/screens"
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b := startLab(Open(t, s.URL, "/?lang=en"), lab)
	at, id := midway(b), b.session()
	for _, l := range looks() {
		b.SetViewport(l.width, l.height)
		b.Media(l.dark)
		for name, path := range map[string]string{
			"landing":   "/?lang=" + l.lang,
			"catalogue": "/labs?lang=" + l.lang,
			"workbench": "/s/" + id + "?lang=" + l.lang + "&at=" + at,
		} {
			b.Go(path)
			if name == "workbench" {
				b.online()
				time.Sleep(300 * time.Millisecond) // a canvas does not tell when it is painted
			}
			inspect(b.Page, name+" "+l.String(), l)
			png := b.Screenshot()
			if len(png) < 8<<10 {
				t.Errorf("%s %s: the picture has only %d octets", name, l, len(png))
			}
			file := filepath.Join(dir, fmt.Sprintf("%s-%s.png", name, l))
			if err := os.WriteFile(file, png, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// inspect holds a page to what holds for all of them.
func inspect(p *Page, what string, l look) {
	p.t.Helper()
	p.Accessible(what)
	if got := p.JS("document.documentElement.lang"); got != l.lang {
		p.t.Errorf("%s: the page is in %q", what, got)
	}
	wider := p.JS(`String(Math.max(0, document.scrollingElement.scrollWidth - innerWidth))`)
	if wider != "0" {
		p.t.Errorf("%s: the page is %s px wider than the window", what, wider)
	}
}

// midway plays the lab until three connections stand, data has gone both ways and a lost
// segment has been sent again, and pauses. It returns the number of B's SYN·ACK.
func midway(b bench) string {
	b.t.Helper()
	b.play("50")
	b.typed("B", "listen 8081", "= 0")
	b.typed("A", "connect 50.50.50.50:8081 from 3001", "= 0")
	b.typed("B", "accept", "=")
	b.typed("C", "connect 50.50.50.50:8081 from 3001", "= 0")
	b.typed("A", `send 3 "hello, B"`, "= ")
	b.typed("B", "recv 4", "hello, B")
	b.typed("B", `send 4 octets 6000`, "= ")
	b.play("1")
	b.typed("C", "connect 50.50.50.50:8081 from 3000", "= 0")
	b.Click(".ls-play")
	b.Expect(`.ls-play use[href$="#play"]`)
	evidence := b.JS(
		`document.querySelectorAll('[data-goal="a-connects"] button.ls-n')[1].textContent`)
	return evidence[strings.LastIndex(evidence, "#")+1:]
}

// A link to an instant opens there, also when the history comes after the page.
func TestALinkToAnEventOpensTheLadderThere(t *testing.T) {
	s := Serve(t)
	b := startLab(Open(t, s.URL, "/?lang=en"), lab)
	b.SetViewport(1366, 500) // little of the ladder is in sight
	at, path := midway(b), b.JS("location.pathname")
	for range 5 {
		b.Go(path + "?at=" + at)
		b.online()
		b.Expect(".ls-area-inspector >> #" + at)
		time.Sleep(300 * time.Millisecond)
		if b.JS(`(() => { const l = document.querySelector(".ls-ladder-box");
			return String(l.scrollHeight - l.scrollTop - l.clientHeight > 100); })()`) != "true" {
			t.Fatalf("the ladder stands at its end, not at event %s", at)
		}
	}
}
