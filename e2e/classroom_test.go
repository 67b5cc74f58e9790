package e2e

import (
	"strings"
	"testing"
)

// A teacher's laptop has no certificate. On plain http and another name than localhost
// browsers send no Sec-Fetch-Site, refuse Secure cookies and hide randomUUID and the
// clipboard: the whole way must work all the same.
func TestTheWholeWayWorksOnPlainHTTPInAClassroom(t *testing.T) {
	s := Serve(t)
	origin := strings.Replace(s.URL, "127.0.0.1", classroom, 1)
	p := Open(t, origin, "/?lang=ko")
	if p.JS("String(isSecureContext)") != "false" {
		t.Fatal("the browser takes the classroom for a secure context: the test shows nothing")
	}
	b := startFromLanding(p)
	b.play("50")
	b.typed("B", "listen 8081", "= 0")
	b.typed("A", "connect 50.50.50.50:8081 from 3001", "= 0")
	b.goal("a-connects", "met")

	here := b.JS("location.pathname")
	b.Click("[data-share]")
	b.Click(`form[action$="/share"] button`)
	b.Expect("[data-share-link]")
	link := b.JS(`document.querySelector("[data-share-link]").value`)
	if !strings.HasPrefix(link, origin+"/w/") {
		t.Errorf("the watch link is %q, which nobody in the room can open", link)
	}
	b.Click("[data-copy]") // without a clipboard the link is at least selected
	b.Eventually(`document.getSelection().toString() || document.activeElement.value?.slice(
		document.activeElement.selectionStart, document.activeElement.selectionEnd) || ""`, link)
	b.Go(here)
	b.online()
	b.goal("a-connects", "met")
	w := bench{Open(t, origin, strings.TrimPrefix(link, origin))}
	w.online()
	w.goal("a-connects", "met")
}
