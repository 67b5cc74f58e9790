package e2e

import (
	"strings"
	"testing"
)

// The main job: a newcomer does the lecture note's example from the first page to
// handing in, by clicking and typing, finds everything still there after a reload, while
// somebody else watches by a link.
func TestANewcomerDoesTheABCLabWhileSomebodyWatches(t *testing.T) {
	s := Serve(t)
	p := Open(t, s.URL, "/?lang=en")
	p.Accessible("the landing page")
	b := startFromLanding(p)
	if !strings.Contains(b.Text("h1"), "socket") {
		t.Errorf("the first lab is %q, want the one of the two sockets", b.Text("h1"))
	}
	p.Accessible("the idle workbench")

	watcher := watch(t, s, b)
	b.play("50")
	serve(b)
	connectThree(b)
	p.Accessible("the playing workbench")
	b.goal("three-at-once", "met")
	answer(b)
	talk(b)
	watcher.goal("data-both-ways", "met")
	b.play("1") // an orphan waits only a minute in FIN-WAIT-2
	closeAll(b)
	if got := b.goals(); strings.Count(got, "=met") != strings.Count(got, "=") {
		t.Fatalf("not all goals are green: %s", got)
	}
	handIn(b)
	watcher.Expect(".ls-finished")
	watcher.Accessible("the watcher's workbench")

	before, table := b.goals(), b.sockets("C")
	b.Reload()
	b.online()
	b.Expect(".ls-finished")
	if after := b.goals(); after != before {
		t.Errorf("after a reload the goals are\n%s\nbefore it\n%s", after, before)
	}
	if after := b.sockets("C"); after != table {
		t.Errorf("after a reload C's sockets are\n%s\nbefore it\n%s", after, table)
	}
	checkGrade(t, s, b.session())
}

// watch makes a watch link as the driver would and opens it in another browser.
func watch(t *testing.T, s *Server, b bench) bench {
	t.Helper()
	here := b.JS("location.pathname")
	b.Click("[data-share]")
	b.Click(`form[action$="/share"] button`)
	b.Expect("[data-share-link]")
	link := b.JS(`document.querySelector("[data-share-link]").value`)
	if !strings.HasPrefix(link, s.URL+"/w/") {
		t.Fatalf("the watch link is %q", link)
	}
	b.Accessible("the share page")
	b.Go(here)
	b.online()
	w := bench{Open(t, s.URL, strings.TrimPrefix(link, s.URL))}
	w.online()
	if w.JS(`document.querySelector("#wb-console")?.disabled === false ? "yes" : "no"`) == "yes" {
		t.Error("a watcher can type commands")
	}
	return w
}

// serve makes B listen on port 8081, after the mistake of the lecture note's figure.
func serve(b bench) {
	b.t.Helper()
	b.typed("B", "listen 70000", "EINVAL")
	b.typed("B", "listen 8081", "= 0")
	b.goal("server-listens", "met")
}

// connectThree opens A:3001, C:3001 and C:3000 to B and accepts all three.
func connectThree(b bench) {
	b.t.Helper()
	b.typed("A", "connect 50.50.50.50:8081 from 3001", "= 0")
	b.goal("a-connects", "met")
	b.typed("C", "connect 50.50.50.50:8081 from 3001", "= 0")
	b.goal("c-same-port", "met")
	b.typed("C", "connect 50.50.50.50:8081 from 3001", "EADDRINUSE")
	b.typed("C", "connect 50.50.50.50:8081 from 3000", "= 0")
	for range 3 {
		b.typed("B", "accept", "=")
	}
}

// answer answers the three questions, one wrongly at first.
func answer(b bench) {
	b.t.Helper()
	b.Type(`[data-goal="how-many-sockets"] input`, "3")
	b.Click(`[data-goal="how-many-sockets"] button[type="submit"]`)
	b.goal("how-many-sockets", "unmet")
	b.Type(`[data-goal="how-many-sockets"] input`, "4")
	b.Click(`[data-goal="how-many-sockets"] button[type="submit"]`)
	b.goal("how-many-sockets", "met")
	b.Type(`[data-goal="the-slip"] input`, "8081")
	b.Click(`[data-goal="the-slip"] button[type="submit"]`)
	b.goal("the-slip", "met")
	b.Click(`[data-goal="whose-connection"] input[value="c-3000"]`)
	b.Click(`[data-goal="whose-connection"] button[type="submit"]`)
	b.goal("whose-connection", "met")
}

// talk sends a line each way, in Hangul one way.
func talk(b bench) {
	b.t.Helper()
	b.typed("A", `send 3 "안녕, B!"`, "= ")
	b.typed("B", "recv 5", "안녕")
	b.typed("B", `send 5 "hello, A!"`, "= ")
	b.typed("A", "recv 3", "hello, A!")
	b.goal("data-both-ways", "met")
}

// closeAll closes the clients first, then the server's ends.
func closeAll(b bench) {
	b.t.Helper()
	for _, c := range [][2]string{{"A", "close 3"}, {"C", "close 3"}, {"C", "close 5"},
		{"B", "close 5"}, {"B", "close 6"}, {"B", "close 7"}, {"B", "close 4"}} {
		b.typed(c[0], c[1], "= 0")
	}
	b.goal("who-waits", "met")
	b.goal("all-closed", "met")
	b.goal("no-reset", "met")
}

// handIn presses Finish and confirms.
func handIn(b bench) {
	b.t.Helper()
	b.Click(".ls-finish")
	b.Click(".ls-finish-ask .ls-button:not(.ls-button-quiet)")
	b.Expect(".ls-finished")
}

// checkGrade holds the screen's verdicts against the grader's, from the journal alone.
func checkGrade(t *testing.T, s *Server, session string) {
	t.Helper()
	out, errs, code := s.Command("grade", lab, "session:"+session)
	if code != 0 {
		t.Fatalf("grade: status %d: %s", code, errs)
	}
	if strings.Contains(out, "unmet") || strings.Contains(out, "open ") ||
		!strings.Contains(out, ", handed in") {
		t.Errorf("grade says otherwise than the screen:\n%s", out)
	}
}
