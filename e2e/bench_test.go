package e2e

import (
	"fmt"
	"slices"
	"strings"
)

// bench is the workbench as a student uses it: a host is chosen, a line is typed.
type bench struct{ *Page }

// startFromLanding goes the newcomer's way: the first page, one button.
func startFromLanding(p *Page) bench {
	p.t.Helper()
	p.Click("button[data-start]")
	b := bench{p}
	b.online()
	return b
}

// startLab starts a lab from its own page.
func startLab(p *Page, slug string) bench {
	p.t.Helper()
	p.Go("/labs/" + slug)
	p.Click(`form[action$="/start"] button`)
	b := bench{p}
	b.online()
	return b
}

// online waits until the page says that it is connected.
func (b bench) online() {
	b.t.Helper()
	b.Expect(`[data-link="online"]`)
}

// session returns the id in the address.
func (b bench) session() string {
	b.t.Helper()
	return strings.TrimPrefix(b.JS("location.pathname"), "/s/")
}

// console shows the console for a host.
func (b bench) console(host string) {
	b.t.Helper()
	b.Click("#wb-tab-console")
	b.Click(".ls-hosts button >> " + host)
	b.Expect(`.ls-hosts button[aria-pressed="true"] >> ` + host)
}

// typed types a line at a host's console and waits until it stands in the log with a
// result that contains want.
func (b bench) typed(host, line, want string) {
	b.t.Helper()
	b.console(host)
	before := b.results()
	b.Type("#wb-console", line)
	b.Key("\r")
	b.until(fmt.Sprintf("%s $ %s: a result with %q", host, line, want), func() error {
		after := b.results()
		if len(after) < len(before) || !strings.Contains(after[len(before):], want) {
			return fmt.Errorf("the log went on with %q", after[min(len(after), len(before)):])
		}
		return nil
	})
}

// results is the whole log as text.
func (b bench) results() string {
	s, err := b.try(`Array.from(document.querySelectorAll(".ls-log li"),
		(li) => li.innerText).join("\n")`)
	if err != nil {
		return ""
	}
	return s
}

// play presses play, if it is not playing, and moves the slider to a speed: "50".
func (b bench) play(speed string) {
	b.t.Helper()
	if b.JS(`document.querySelector(".ls-play").innerHTML.includes("#pause") ? "yes" : "no"`) == "no" {
		b.Click(".ls-play")
	}
	b.Expect(`.ls-play use[href$="#pause"]`)
	stops := []string{"0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1",
		"2", "5", "10", "20", "50", "100", "200", "500", "1000"}
	b.JS(fmt.Sprintf(`(() => { const s = document.querySelector(".ls-speed input");
		s.value = %d; s.dispatchEvent(new Event("change", {bubbles: true})); return ""; })()`,
		slices.Index(stops, speed)))
	b.Expect(".ls-speed output >> " + speed)
}

// goal waits until a goal is in a state.
func (b bench) goal(id, state string) {
	b.t.Helper()
	b.Expect(fmt.Sprintf(`[data-goal="%s"][data-state="%s"]`, id, state))
}

// goals returns the goals' states, "id=state" joined by spaces.
func (b bench) goals() string {
	b.t.Helper()
	return b.JS(`Array.from(document.querySelectorAll("[data-goal]"),
		(g) => g.dataset.goal + "=" + g.dataset.state).join(" ")`)
}

// sockets returns the socket table of a host as text.
func (b bench) sockets(host string) string {
	b.t.Helper()
	b.Click("#wb-tab-sockets")
	b.Click(".ls-hosts button >> " + host)
	b.Expect(`.ls-hosts button[aria-pressed="true"] >> ` + host)
	return b.JS(`document.querySelector("#wb-lower").innerText`)
}

// choose shows another host's sockets.
func (b bench) choose(host string) {
	b.t.Helper()
	b.Click(".ls-hosts button >> " + host)
	b.Expect(`.ls-hosts button[aria-pressed="true"] >> ` + host)
}

// fresh opens the form of that name above the socket table, fills its fields and sends it.
func (b bench) fresh(what string, fields ...string) {
	b.t.Helper()
	b.Click("#wb-lower button.ls-tool >> " + what)
	for i := 0; i < len(fields); i += 2 {
		b.Type("#wb-lower form input >> "+fields[i], fields[i+1])
	}
	b.Click(`#wb-lower form button[type="submit"]`)
}
