package layout

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const cssDir = "../../../static/src"

// tokens reads the custom properties of one block of tokens.css: what stands between the
// selector and the next closing brace at its indent.
func tokens(t *testing.T, selector string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(cssDir, "css/tokens.css"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(raw), selector+" {")
	if !ok {
		t.Fatalf("tokens.css has no block %q", selector)
	}
	block, _, _ := strings.Cut(rest, "}")
	all := map[string]string{}
	for _, m := range regexp.MustCompile(`--ls-([a-z-]+): ([^;]+);`).FindAllStringSubmatch(block, -1) {
		all[m[1]] = m[2]
	}
	return all
}

func light(t *testing.T) map[string]string { return tokens(t, "  :root") }

func dark(t *testing.T) map[string]string { return tokens(t, `:root[data-theme="dark"]`) }

func TestDarkIsTheSameByChoiceAndBySystem(t *testing.T) {
	chosen, system := dark(t), tokens(t, `:root:not([data-theme="light"])`)
	if len(chosen) < 20 || len(chosen) != len(system) {
		t.Fatalf("%d tokens by choice, %d by system", len(chosen), len(system))
	}
	l := light(t)
	for name, v := range chosen {
		if system[name] != v {
			t.Errorf("%s: %s by choice, %s by system", name, v, system[name])
		}
		if l[name] == "" {
			t.Errorf("%s is dark only", name)
		}
	}
}

// luminance is WCAG 2.2's relative luminance of "#rrggbb".
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil || len(hex) != 7 {
		t.Fatalf("%q is no #rrggbb", hex)
	}
	part := func(shift uint) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

func TestWordsAndStrokesStandOutOnEveryBackground(t *testing.T) {
	roles := []string{"data", "ack", "syn", "retx", "loss", "goal", "sel"}
	for theme, c := range map[string]map[string]string{"light": light(t), "dark": dark(t)} {
		need := func(fg, bg string, least float64) {
			t.Helper()
			if got := contrast(t, c[fg], c[bg]); got < least {
				t.Errorf("%s: %s on %s is %.2f, want %.1f", theme, fg, bg, got, least)
			}
		}
		for _, bg := range []string{"bg", "surface", "sunken"} {
			for _, fg := range []string{"text", "muted", "link"} {
				need(fg, bg, 4.5)
			}
			need("control", bg, 3)
			need("focus", bg, 3)
			for _, r := range roles {
				need(r, bg, 3)
				need(r+"-text", bg, 4.5)
			}
		}
		for _, r := range roles {
			need(r+"-text", r+"-soft", 4.5)
			need("text", r+"-soft", 4.5)
		}
		need("muted", "sel-soft", 4.5)
		need("on-accent", "accent", 4.5)
		need("on-accent", "accent-hover", 4.5)
	}
}

func TestNoStyleSheetButTheTokensNamesAColour(t *testing.T) {
	raw := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b|\b(?:rgb|rgba|hsl|hsla|oklch|oklab|lab|lch)\(`)
	system := regexp.MustCompile(`(?m)^\s*[a-z-]*colou?r[a-z-]*:\s*(white|black|red|green|blue|gray|grey)\b`)
	veil := regexp.MustCompile(`rgb\(0 0 0 / \d+%\)`) // a shade over the page, in any theme
	n := 0
	err := filepath.WalkDir(cssDir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".css") || filepath.Base(path) == "tokens.css" {
			return err
		}
		n++
		src, err := os.ReadFile(path)
		src = veil.ReplaceAll(src, nil)
		for _, re := range []*regexp.Regexp{raw, system} {
			if hit := re.Find(src); hit != nil {
				t.Errorf("%s names the colour %q; use a token", path, hit)
			}
		}
		return err
	})
	if err != nil || n < 5 {
		t.Fatal(n, err)
	}
}

func TestEveryTokenThatIsUsedExists(t *testing.T) {
	set := regexp.MustCompile(`--ls-([a-z0-9-]+):`)
	used := regexp.MustCompile(`var\(--ls-([a-z0-9-]+)`)
	files, err := filepath.Glob(filepath.Join(cssDir, "css/*.css"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	known := map[string]bool{}
	var all strings.Builder
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(src)
	}
	for _, m := range set.FindAllStringSubmatch(all.String(), -1) {
		known[m[1]] = true
	}
	for _, m := range used.FindAllStringSubmatch(all.String(), -1) {
		if !known[m[1]] {
			t.Errorf("--ls-%s is used and never set", m[1])
		}
	}
}
