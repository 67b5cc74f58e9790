package e2e

import (
	"fmt"
	"testing"
)

// The UDP lab by clicks alone: every call that its goals need has a button or a form, and
// opening one takes nobody away from the present.
func TestTheUDPLabIsDoneByForms(t *testing.T) {
	s := Serve(t)
	b := startLab(Open(t, s.URL, "/?lang=en"), "03-hello-udp")
	b.Expect("#wb-lower .ls-tool >> socket")
	b.play("50")
	there := []string{"Address", "50.50.50.50", "Port", "4000", "Text"}

	b.choose("A")
	b.udpSocket(3)
	b.Expect(".ls-chip >> udp, unbound")
	b.act(3, "sendto", append(there, "hello?")...)
	b.goal("nobody-home", "met")
	b.act(3, "sendto", append(there, "hello??")...)
	b.goal("nobody-told-me", "met")
	if b.JS(`document.querySelector(".ls-live-button") ? "yes" : "no"`) == "yes" {
		t.Error("opening a form has taken the ladder away from the present")
	}

	b.udpSocket(4)
	b.act(4, "connect", "Address", "50.50.50.50", "Port", "4000")
	b.act(4, "send", "Text", "anyone?")
	b.Expect(`.ls-ladder-box[aria-label^="Ladder of 6 packets"]`) // it was told so
	b.act(4, "send", "Text", "anyone??")
	b.goal("connected-is-told", "met")
	b.Click("#wb-tab-sockets") // the refusal was shown in the console

	b.choose("B")
	b.udpSocket(3)
	b.act(3, "bind", "Port", "4000", "Local address", "50.50.50.50")
	b.act(3, "recvfrom")
	b.Expect(".ls-pending >> recvfrom(3)")
	b.choose("A")
	b.act(3, "sendto", append(there, "hello, B!")...)
	b.goal("delivered", "met")

	b.Type(`[data-goal="no-handshake"] input`, "0")
	b.Click(`[data-goal="no-handshake"] button[type="submit"]`)
	b.Click(`[data-goal="who-complained"] input[value="host-b"]`)
	b.Click(`[data-goal="who-complained"] button[type="submit"]`)
	b.goal("no-handshake", "met")
	b.goal("who-complained", "met")
	b.Reload()
	b.online()
	b.Eventually(`document.querySelector('[data-goal="no-handshake"] input').value`, "0")
	b.Eventually(`document.querySelector('[data-goal="who-complained"] :checked').value`, "host-b")
}

// udpSocket makes a bare UDP socket, which gets the descriptor fd.
func (b bench) udpSocket(fd int) {
	b.t.Helper()
	b.Click("#wb-lower .ls-bar-actions button >> socket")
	b.JS(`(() => { const s = document.querySelector("#wb-lower form select");
		s.value = "udp"; s.dispatchEvent(new Event("change", {bubbles: true})); return ""; })()`)
	b.Click(`#wb-lower form button[type="submit"]`)
	b.Expect(fmt.Sprintf("#wb-lower .ls-ss td.ls-num >> %d", fd))
}

// act presses a call's button in the row of a socket, fills its form, if it has one, sends
// it and closes it.
func (b bench) act(fd int, call string, fields ...string) {
	b.t.Helper()
	unfold := fmt.Sprintf(`#wb-lower [aria-label="Actions of socket %d"]`, fd)
	shown := fmt.Sprintf(`document.querySelector(%q)?.getAttribute("aria-expanded") ?? ""`, unfold)
	if b.JS(shown) == "false" {
		b.Click(unfold)
	}
	row := fmt.Sprintf(`[...document.querySelectorAll("#wb-lower .ls-ss-acts")].find((a) =>
		(a.parentElement.id ? a.parentElement.previousElementSibling : a.parentElement)
			.querySelector(".ls-num").innerText === "%d")`, fd)
	b.until(fmt.Sprintf("a button %s for socket %d", call, fd), func() error {
		found, err := b.try(fmt.Sprintf(`(() => {
			const b = [...(%s?.querySelectorAll("button") ?? [])].find((x) =>
				x.innerText.trim() === %q);
			b?.click();
			return b ? "yes" : "no"; })()`, row, call))
		if err == nil && found != "yes" {
			err = fmt.Errorf("there is none")
		}
		return err
	})
	if len(fields) == 0 {
		return
	}
	for i := 0; i < len(fields); i += 2 {
		b.Type("#wb-lower form input >> "+fields[i], fields[i+1])
	}
	b.Click(`#wb-lower form button[type="submit"]`)
	b.JS(`document.querySelector("#wb-lower form .ls-button-quiet")?.click() ?? ""`)
}

// A drawer that is closed costs nobody's server a request; drawn out, it shows the newest.
func TestTheHiddenInspectorAsksForNothing(t *testing.T) {
	s := Serve(t)
	b := startLab(Open(t, s.URL, "/?lang=en"), "03-hello-udp")
	b.SetViewport(900, 700)
	b.play("50")
	b.choose("A")
	b.udpSocket(3)
	b.act(3, "sendto", "Address", "50.50.50.50", "Port", "4000", "Text", "hello?")
	b.goal("nobody-home", "met")
	asked := `String(performance.getEntriesByType("resource").filter((r) =>
		r.name.includes("/segments/")).length)`
	if n := b.JS(asked); n != "0" {
		t.Errorf("the closed drawer has fetched %s packets", n)
	}
	b.Click(".ls-drawer-open")
	b.Expect(".ls-inspector .ls-tree >> ICMP")
	if n := b.JS(asked); n == "0" {
		t.Error("the open drawer shows a packet that nobody fetched: this test sees no requests")
	}
}
