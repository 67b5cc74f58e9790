package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// policy is the one of every page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; " +
	"img-src 'self' data: blob:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// fixture serves one page under the policy.
func fixture(t *testing.T, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/page.js" {
			w.Header().Set("Content-Type", "text/javascript")
			io.WriteString(w, `document.querySelector("form")?.addEventListener("submit", (e) => {
				e.preventDefault();
				document.querySelector("output").textContent = new FormData(e.target).get("name"); });
				document.querySelector("#bad")?.addEventListener("click", () => console.error("boom"));
				document.querySelector("#html")?.addEventListener("click", () => {
					document.body.innerHTML = "<p>x</p>"; });`)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		fmt.Fprintf(w, `<!doctype html><html lang="en"><title>fixture</title>
			<link rel="icon" href="data:,"><main>%s</main><script src="/page.js"></script>`, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestTheDriverClicksTypesAndReadsAsAPersonWould(t *testing.T) {
	p := Open(t, fixture(t, `<h1>Form</h1><form><label>Name <input name="name" value="old"></label>
		<button>Say</button></form><output></output>`), "/")
	p.Type("input >> Name", "소켓")
	p.Click("button >> Say")
	p.Expect("output >> 소켓")
	p.Type("input", "socket")
	p.Key("\r")
	p.Expect("output >> socket")
	if got := p.Text("h1"); got != "Form" {
		t.Errorf("h1 = %q, want Form", got)
	}
	p.Accessible("the fixture")
}

// The driver must see what it promises to see, or every browser test would be blind.
func TestTheDriverSeesErrorsPolicyReportsAndForeignRequests(t *testing.T) {
	p := Open(t, fixture(t, `<button id="bad">Bad</button><button id="html">HTML</button>
		<img src="http://127.0.0.1:9/pixel.png" alt="x"><p style="color:red">styled</p>`), "/")
	p.Click("#bad")
	p.Click("#html")
	p.collectCSP()
	p.mu.Lock()
	all := strings.Join(p.faults, "\n")
	p.faults = nil
	p.mu.Unlock()
	for _, want := range []string{"console error: boom", "uncaught: ", "policy report: style-src",
		"policy report: require-trusted-types-for", "request to elsewhere: http://127.0.0.1:9/"} {
		if !strings.Contains(all, want) {
			t.Errorf("missed %q in:\n%s", want, all)
		}
	}
}
