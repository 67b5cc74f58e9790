package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// axeSource is what `npm ci` in static/ brings; nothing of it is ever shipped.
const axeSource = "../static/node_modules/axe-core/axe.min.js"

// Accessible fails the test for every WCAG 2.2 A or AA violation axe-core sees on the
// page as it stands now. The source goes in by the debugging protocol, past the policy.
func (p *Page) Accessible(what string) {
	p.t.Helper()
	src, err := os.ReadFile(axeSource)
	if err != nil {
		if os.Getenv("LABSERVER_E2E") == "1" {
			p.t.Errorf("LABSERVER_E2E=1, but axe-core is missing: run `npm ci` in static/")
		} else {
			p.t.Log("axe-core is not checked: run `npm ci` in static/")
		}
		return
	}
	raw := p.JS(string(src) + `; axe.run(document, {
		runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
		resultTypes: ["violations"]}).then((r) => JSON.stringify(r.violations))`)
	var violations []struct {
		ID, Help string
		Nodes    []struct {
			HTML           string
			FailureSummary string
		}
	}
	if err := json.Unmarshal([]byte(raw), &violations); err != nil {
		p.t.Fatalf("axe on %s: %v", what, err)
	}
	for _, v := range violations {
		var at strings.Builder
		for i, n := range v.Nodes {
			if i == 5 {
				fmt.Fprintf(&at, "\n  … and %d more", len(v.Nodes)-i)
				break
			}
			fmt.Fprintf(&at, "\n  %.160s\n    %s", n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", " "))
		}
		p.t.Errorf("axe on %s: %s: %s%s", what, v.ID, v.Help, at.String())
	}
}
