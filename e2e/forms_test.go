package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// Everything the console can make a form can make too: a host with its link, a process,
// a listener, a connection; and what the system refuses it refuses with a reason.
func TestAHostItsProcessAndItsConnectionAreMadeByForms(t *testing.T) {
	s := Serve(t)
	b := startLab(Open(t, s.URL, "/?lang=en"), lab)
	b.play("50")

	b.Click(".ls-area-topology button.ls-tool >> Host")
	b.Type(".ls-area-topology form input >> Name", "D")
	b.Type(".ls-area-topology form input >> Address/length", "44.44.44.44/24")
	b.Click(`.ls-area-topology form button[type="submit"]`)
	b.Expect(".ls-card-name >> 44.44.44.44")

	b.Click("#wb-tab-sockets")
	b.choose("B")
	b.fresh("listen", "Port", "65536")
	b.Expect(".ls-log-failed >> EINVAL")
	if why := b.Text(".ls-log-failed .ls-log-why"); len(strings.Fields(why)) < 3 {
		t.Errorf("the refusal of port 65536 has no reason in words: %q", why)
	}
	b.Click("#wb-tab-sockets")
	b.fresh("listen", "Port", "8081")
	b.goal("server-listens", "met")

	b.choose("D")
	b.fresh("Process", "Name", "client")
	b.Expect("button.ls-tool >> connect")
	b.fresh("connect", "Address", "50.50.50.50", "Port", "8282")
	b.Click("#wb-tab-console") // it waited for the answer of B before it failed
	b.Expect(".ls-log-failed >> ECONNREFUSED")
	b.Click("#wb-tab-sockets")
	b.fresh("connect", "Address", "50.50.50.50", "Port", "8081", "From port", "3000")
	b.Expect("td .ls-state >> ESTABLISHED")
	b.Expect("#wb-lower td >> 44.44.44.44:3000")
	b.Accessible("the workbench after forms")
}

// A syllable in the making is not a shortcut, and Enter that ends it is not a command.
func TestTheConsoleWaitsForAHangulSyllableToBeFinished(t *testing.T) {
	s := Serve(t)
	b := startLab(Open(t, s.URL, "/?lang=ko"), lab)
	b.console("A")
	b.Type("#wb-console", "help")
	b.JS(`(() => { const i = document.querySelector("#wb-console");
		for (const o of [{key: "Process", keyCode: 229, isComposing: true},
				{key: "Enter", isComposing: true}])
			i.dispatchEvent(new KeyboardEvent("keydown", {bubbles: true, cancelable: true, ...o}));
		return ""; })()`)
	if got := b.JS(`document.querySelector("#wb-console").value`); got != "help" {
		t.Errorf("Enter during composition sent the line; the input now holds %q", got)
	}
	b.Key("\r")
	b.Eventually(`document.querySelector("#wb-console").value`, "")
	b.Expect(".ls-log >> getsockname")
}

// A student without a mouse reaches the console, makes a server and finds its event.
func TestTheKeyboardAloneIsEnough(t *testing.T) {
	s := Serve(t)
	b := startLab(Open(t, s.URL, "/?lang=en"), lab)
	b.JS(`document.querySelector("#main").focus() ?? ""`)
	b.Key("k") // to the console, as the sheet of keys says
	b.Eventually(`document.activeElement.id`, "wb-console")
	b.Insert("proc start A helper")
	b.Key("\r")
	b.Expect(".ls-log >> proc start A")
	b.Key(kb.Escape)
	b.JS(`document.querySelector("#main").focus() ?? ""`)
	b.Key("t")
	b.Expect(".ls-area-ladder table")
	b.Key("?")
	b.Expect("dialog, [role=dialog], .ls-keys")
}
