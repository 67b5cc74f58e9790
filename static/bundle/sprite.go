package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// Sprite makes one SVG of <symbol> elements from a list of Lucide icon names, one a line;
// `#` begins a comment. A page shows one with <svg><use href="…/icons.svg#name"/></svg>;
// colour and width of the stroke come from the page.
func Sprite(list string, icons fs.FS) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("<!-- Lucide icons, ISC licence: see THIRD_PARTY.txt -->\n")
	out.WriteString(`<svg xmlns="http://www.w3.org/2000/svg">` + "\n")
	seen := map[string]bool{}
	for i, line := range strings.Split(list, "\n") {
		name, _, _ := strings.Cut(line, "#")
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		if seen[name] {
			return nil, fmt.Errorf("src/icons.txt:%d: %q is listed twice", i+1, name)
		}
		seen[name] = true
		svg, err := fs.ReadFile(icons, name+".svg")
		if err != nil {
			return nil, fmt.Errorf("src/icons.txt:%d: Lucide has no icon %q", i+1, name)
		}
		body, err := inner(svg)
		if err != nil {
			return nil, fmt.Errorf("icon %q: %w", name, err)
		}
		fmt.Fprintf(&out, `<symbol id="%s" viewBox="0 0 24 24" fill="none" stroke="currentColor" `+
			`stroke-width="2" stroke-linecap="round" stroke-linejoin="round">%s</symbol>`+"\n",
			name, body)
	}
	out.WriteString("</svg>\n")
	return out.Bytes(), nil
}

// inner returns what stands between <svg …> and </svg>, on one line.
func inner(svg []byte) (string, error) {
	m := regexp.MustCompile(`(?s)<svg[^>]*>(.*)</svg>`).FindSubmatch(svg)
	if m == nil {
		return "", fmt.Errorf("no <svg> element")
	}
	fields := strings.Fields(string(m[1]))
	return strings.ReplaceAll(strings.Join(fields, " "), "> <", "><"), nil
}
