package e2e

import (
	"testing"
)

// A link's form sets its queue's discipline and its rules; a packet in flight is edited by
// the buttons under the map; the console says all of it too.
func TestQueuesRulesAndPacketsAreChangedByForms(t *testing.T) {
	s := Serve(t)
	b := startLab(Open(t, s.URL, "/?lang=en"), lab)
	b.play("50")
	b.Click(".ls-badge")
	b.Click(".ls-topology form summary >> Queue")
	b.JS(`(() => { const s = [...document.querySelectorAll(".ls-topology form select")]
		.find((s) => [...s.options].some((o) => o.value === "codel"));
		s.value = "codel"; s.dispatchEvent(new Event("change", {bubbles: true})); return ""; })()`)
	b.Expect(".ls-topology form label >> Interval (ms)")
	b.Click(".ls-topology form summary >> Rules")
	b.Click(".ls-topology form button >> Add rule")
	b.Expect(".ls-rules-list code >> drop forth data nth 3")
	b.Accessible("the form of a link")
	b.Click(`.ls-topology form button[type="submit"]`)
	b.typed("B", "listen 8081", "= 0")
	b.Expect(".ls-log >> discipline codel")
	b.Expect(".ls-log >> rules")

	b.Click(".ls-play")
	b.Expect(`.ls-play use[href$="#play"]`)
	b.console("A")
	b.Type("#wb-console", "connect 50.50.50.50:8081 from 3001")
	b.Key("\r")
	b.Click(".ls-dropper button >> SYN")
	b.Click(".ls-dropper button >> Edit")
	b.Type(".ls-hands-form input >> Value", "R")
	b.Accessible("the hands on a packet")
	b.Click(`.ls-hands-form button[type="submit"]`)
	b.Expect(".ls-dropper button >> RST")
	b.Expect(".ls-log >> edit #")
}
