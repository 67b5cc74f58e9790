package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

const play = "<!-- @license -->\n<svg\n  width=\"24\"\n>\n" +
	"  <path d=\"M5 5\" />\n  <path d=\"M6 6\" />\n</svg>\n"

func TestASpriteHoldsOneSymbolForEachListedIcon(t *testing.T) {
	icons := fstest.MapFS{"play.svg": {Data: []byte(play)}}
	got, err := Sprite("# transport\nplay   # the time bar\n\n", icons)
	if err != nil {
		t.Fatal(err)
	}
	want := `stroke-linejoin="round"><path d="M5 5" /><path d="M6 6" /></symbol>`
	if !strings.Contains(string(got), want) || strings.Count(string(got), "<symbol ") != 1 {
		t.Errorf("sprite:\n%s\nwant one symbol that ends in %s", got, want)
	}
}

func TestASpriteRefusesAnUnknownOrRepeatedIconWithItsLine(t *testing.T) {
	icons := fstest.MapFS{"play.svg": {Data: []byte(play)}}
	for list, want := range map[string]string{
		"play\nplai\n": `src/icons.txt:2: Lucide has no icon "plai"`,
		"play\nplay\n": `src/icons.txt:2: "play" is listed twice`,
	} {
		if _, err := Sprite(list, icons); err == nil || err.Error() != want {
			t.Errorf("Sprite(%q) = %v, want %s", list, err, want)
		}
	}
}

func TestNoticesNameEveryPackageThatWasBundledAndNoOther(t *testing.T) {
	modules := fstest.MapFS{
		"preact/package.json":          {Data: []byte(`{"version":"1.2.3","license":"MIT"}`)},
		"preact/LICENSE":               {Data: []byte("words of preact\n")},
		"@preact/signals/package.json": {Data: []byte(`{"version":"4.5.6","license":"MIT"}`)},
		"@preact/signals/LICENSE":      {Data: []byte("words of signals\n")},
		"unused/package.json":          {Data: []byte(`{"version":"9","license":"MIT"}`)},
		"bare/package.json":            {Data: []byte(`{"version":"9","license":"MIT"}`)},
	}
	meta := `{"inputs":{"src/main.tsx":{},"node_modules/preact/dist/preact.module.js":{},
		"node_modules/@preact/signals/dist/signals.mjs":{}}}`
	got, err := Notices([]byte(meta), modules)
	if err != nil {
		t.Fatal(err)
	}
	text := string(got)
	a := strings.Index(text, "@preact/signals 4.5.6 (MIT)")
	b := strings.Index(text, "preact 1.2.3 (MIT)")
	if a < 0 || b < a || !strings.Contains(text, "words of preact") ||
		strings.Contains(text, "unused") {
		t.Errorf("notices:\n%s", text)
	}
	if _, err := Notices([]byte(meta), modules, "bare"); err == nil {
		t.Error("a package without a licence text was accepted")
	}
}

func TestReplaceLeavesExactlyWhatWasBuilt(t *testing.T) {
	built, out := t.TempDir(), t.TempDir()
	write := func(dir, name, data string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(built, "page.js", "new")
	write(out, "page.js", "old")
	write(out, "stale.js", "gone")
	if err := replace(out, built); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(filepath.Join(out, "page.js")); string(got) != "new" {
		t.Errorf("page.js = %q, want the new text", got)
	}
	if _, err := os.Stat(filepath.Join(out, "stale.js")); !os.IsNotExist(err) {
		t.Error("stale.js is still there")
	}
}
