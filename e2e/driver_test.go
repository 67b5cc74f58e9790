package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a page may take to show what a test expects of it.
const patience = 20 * time.Second

// watchCSP runs before every page's own scripts and remembers what the policy refused.
const watchCSP = `globalThis.__csp = [];
addEventListener("securitypolicyviolation", (e) =>
  __csp.push(e.effectiveDirective + " " + e.blockedURI + " " + e.sample), true);`

// Page is one tab in a browser profile of its own: a person at a machine. It fails the
// test on any console error, policy report or request to elsewhere; see Close.
type Page struct {
	t      *testing.T
	ctx    context.Context
	origin string

	mu     sync.Mutex
	faults []string
	outage bool
}

// classroom is a name for this machine that browsers do not take for the loopback: what
// they allow only on https or on localhost is not there.
const classroom = "classroom.test"

// browser is the one Chromium of this test process.
var browser struct {
	once   sync.Once
	ctx    context.Context
	cancel context.CancelFunc
	err    error
}

// need skips what cannot run here, or fails it where everything must run.
func need(t *testing.T, ok bool, what string) {
	t.Helper()
	switch {
	case ok:
	case os.Getenv("LABSERVER_E2E") == "1":
		t.Fatalf("LABSERVER_E2E=1, but %s", what)
	default:
		t.Skipf("skipped: %s", what)
	}
}

func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// startBrowser starts Chromium with a new profile; TestMain ends it.
func startBrowser() {
	dir, err := os.MkdirTemp("", "labserver-e2e-chromium-")
	if err != nil {
		browser.err = err
		return
	}
	flag := chromedp.Flag
	ctx, cancelAlloc := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(chromium()), chromedp.UserDataDir(dir),
		flag("headless", true), flag("no-sandbox", true), flag("disable-gpu", true),
		flag("disable-quic", true), flag("no-first-run", true),
		flag("disable-background-networking", true), flag("disable-component-update", true),
		flag("disable-sync", true), flag("disable-dev-shm-usage", true),
		flag("host-resolver-rules", "MAP "+classroom+" 127.0.0.1"),
		flag("hide-scrollbars", true), flag("force-color-profile", "srgb"),
		flag("disable-background-timer-throttling", true),
		flag("disable-renderer-backgrounding", true),
		flag("disable-backgrounding-occluded-windows", true))
	ctx, cancel := chromedp.NewContext(ctx)
	browser.err = chromedp.Do(ctx)
	browser.ctx = ctx
	browser.cancel = func() {
		cancel()
		cancelAlloc()
		for range 20 { // Chromium's children may write a little longer
			if os.RemoveAll(dir) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// Open shows origin+path to a new person: no cookies, nothing cached.
func Open(t *testing.T, origin, path string) *Page {
	t.Helper()
	need(t, chromium() != "", "Chromium is not installed")
	browser.once.Do(startBrowser)
	if browser.err != nil {
		t.Fatalf("Chromium did not start: %v", browser.err)
	}
	p := &Page{t: t, origin: origin}
	ctx, cancel := chromedp.NewContext(browser.ctx, chromedp.WithNewBrowserContext(),
		chromedp.WithListener(p.listen))
	p.ctx = ctx
	t.Cleanup(cancel)
	t.Cleanup(func() { p.Close() })
	_, err := chromedp.Run(ctx, func(ctx context.Context, s *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
		if err == nil {
			_, err = chromedp.Call(ctx, log.Enable, cdp.Empty{})
		}
		if err == nil {
			_, err = chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument,
				page.AddScriptToEvaluateOnNewDocumentParams{Source: watchCSP})
		}
		return chromedp.Void{}, err
	})
	if err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	p.SetViewport(1366, 768)
	p.Go(path)
	return p
}

// Go follows an address of the same origin.
func (p *Page) Go(path string) {
	p.t.Helper()
	p.collectCSP()
	p.do("open "+path, chromedp.Navigate(p.origin+path))
}

// Reload loads the page again.
func (p *Page) Reload() {
	p.t.Helper()
	p.collectCSP()
	p.do("reload", chromedp.Reload())
}

// Close ends the tab and fails the test for everything the page did wrong meanwhile.
func (p *Page) Close() {
	p.t.Helper()
	if p.ctx.Err() == nil {
		p.collectCSP()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		p.t.Errorf("page: %s", f)
	}
	p.faults = nil
	if p.t.Failed() {
		p.keepEvidence()
	}
}

// Outage runs f while the network may fail without the page being to blame.
func (p *Page) Outage(f func()) {
	p.mu.Lock()
	p.outage = true
	p.mu.Unlock()
	f()
	p.mu.Lock()
	p.outage = false
	p.mu.Unlock()
}

// listen gathers what no page of ours may do. Chromium calls it in its read loop.
func (p *Page) listen(ev any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch ev := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		if ev.Type == "error" || ev.Type == "assert" {
			var words []string
			for _, a := range ev.Args {
				words = append(words, strings.Trim(string(a.Value), `"`)+a.Description)
			}
			p.faults = append(p.faults, "console error: "+strings.Join(words, " "))
		}
	case *runtime.EventExceptionThrown:
		text := ev.ExceptionDetails.Text
		if ev.ExceptionDetails.Exception != nil {
			text += " " + ev.ExceptionDetails.Exception.Description
		}
		p.faults = append(p.faults, "uncaught: "+text)
	case *log.EventEntryAdded:
		if ev.Entry.Level == "error" && (!p.outage || ev.Entry.Source == "security") {
			p.faults = append(p.faults, fmt.Sprintf("browser log: %s: %s (%s)",
				ev.Entry.Source, ev.Entry.Text, ev.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		u := ev.Request.URL
		if !strings.HasPrefix(u, p.origin+"/") && !strings.HasPrefix(u, "data:") &&
			!strings.HasPrefix(u, "blob:") && u != "about:blank" {
			p.faults = append(p.faults, "request to elsewhere: "+u)
		}
	}
}

// Forgive drops the faults gathered so far that contain words: a test that asks for an
// error on purpose says so.
func (p *Page) Forgive(words string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.faults[:0]
	for _, f := range p.faults {
		if !strings.Contains(f, words) {
			kept = append(kept, f)
		}
	}
	p.faults = kept
}

func (p *Page) collectCSP() {
	var reports []string
	// A report is an event of its own, a moment after what it reports.
	raw, err := p.try(`new Promise((done) => setTimeout(() =>
		done(JSON.stringify((globalThis.__csp || []).splice(0))), 20))`)
	if err == nil {
		err = json.Unmarshal([]byte(raw), &reports)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil && !p.outage {
		p.faults = append(p.faults, "policy reports could not be read: "+err.Error())
	}
	for _, r := range reports {
		p.faults = append(p.faults, "policy report: "+r)
	}
}

// do carries out one browser action or fails the test.
func (p *Page) do(what string, a chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, a); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
}

// try evaluates an expression that gives a string. It goes past the page's policy.
func (p *Page) try(expression string) (string, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
}

// JS evaluates an expression that gives a string.
func (p *Page) JS(expression string) string {
	p.t.Helper()
	s, err := p.try(expression)
	if err != nil {
		p.t.Fatalf("evaluate %.80q: %v", expression, err)
	}
	return s
}

// Click presses the mouse on an element.
func (p *Page) Click(selector string) {
	p.t.Helper()
	f := p.reach("click", selector)
	p.do("click "+selector, chromedp.MouseClickXY(f.X, f.Y))
}

// Type clicks into a field, empties it and types text.
func (p *Page) Type(selector, text string) {
	p.t.Helper()
	p.Click(selector)
	p.JS(`(() => { document.activeElement.select?.(); return ""; })()`)
	p.do("clear "+selector, chromedp.KeyEvent("\b"))
	p.Insert(text)
}

// Insert types text where the focus is, also what no key of the keyboard gives.
func (p *Page) Insert(text string) {
	p.t.Helper()
	for _, r := range text {
		if r > 126 {
			p.do("type", func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
				_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
				return chromedp.Void{}, err
			})
			return
		}
	}
	p.do("type", chromedp.KeyEvent(text))
}

// Key presses one key, by the names of chromedp/kb ("\r" is Enter).
func (p *Page) Key(key string, mods ...chromedp.Modifier) {
	p.t.Helper()
	p.do("key", chromedp.KeyEvent(key, chromedp.KeyModifiers(mods...)))
}

// SetViewport sets the window's size in CSS pixels; below 720 it is a phone with touch.
func (p *Page) SetViewport(width, height int64) {
	p.t.Helper()
	opts := []chromedp.EmulateViewportOption{chromedp.EmulateScale(1)}
	if width < 720 {
		opts = append(opts, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	p.do("viewport", chromedp.EmulateViewport(width, height, opts...))
}

// Media sets what the person's system asks for: dark colours, less motion.
func (p *Page) Media(dark bool) {
	p.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	p.do("media", func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: scheme},
				{Name: "prefers-reduced-motion", Value: "reduce"},
			}})
		return chromedp.Void{}, err
	})
}

// Screenshot returns the window as a PNG.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatalf("screenshot: %v", err)
	}
	return png
}

// keepEvidence saves what a failed test last saw, if LABSERVER_E2E_KEEP names a folder.
func (p *Page) keepEvidence() {
	dir := os.Getenv("LABSERVER_E2E_KEEP")
	if dir == "" || p.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return
	}
	name := strings.NewReplacer("/", "_", " ", "_").Replace(p.t.Name()) + ".png"
	if err := os.WriteFile(filepath.Join(dir, name), png, 0o644); err == nil {
		p.t.Logf("screenshot: %s", filepath.Join(dir, name))
	}
}
