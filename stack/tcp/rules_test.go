package tcp

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"

	"labserver/stack/event"
	"labserver/stack/rfc"
)

// cited remembers, over all tests of the package, one event of each kind that cited a
// rule.
type cited map[rfc.ID]map[event.Kind]event.Event

var allCited = cited{}

func (c cited) note(e event.Event) {
	if c[e.Rule] == nil {
		c[e.Rule] = map[event.Kind]event.Event{}
	}
	if _, ok := c[e.Rule][e.Kind()]; !ok {
		c[e.Rule][e.Kind()] = e
	}
}

// TestMain runs the tests, then checks what only all of them together show: every rule
// of TCP was emitted, and every text names only fields of the events it explains.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && !testing.Short() && flag.Lookup("test.run").Value.String() == "" &&
		flag.Lookup("test.fuzz").Value.String() == "" && flag.Lookup("test.list").Value.String() == "" &&
		flag.Lookup("test.skip").Value.String() == "" {
		for _, problem := range append(unusedRules(), wrongFields()...) {
			fmt.Println("FAIL:", problem)
			code = 1
		}
	}
	os.Exit(code)
}

// unusedRules lists the rules of TCP in stack/rfc that no test saw in an event.
func unusedRules() (problems []string) {
	for _, path := range []string{"../rfc/tcp.go", "../rfc/congestion.go", "../rfc/opening.go",
		"../rfc/sizes.go", "../rfc/urgent.go", "../rfc/recovery.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return []string{err.Error()}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
				id := rfc.ID(strings.Trim(lit.Value, `"`))
				if allCited[id] == nil {
					problems = append(problems, "no test emits "+string(id))
				}
			}
			return true
		})
	}
	if len(allCited) < 50 {
		problems = append(problems, "hardly any rule was seen")
	}
	return problems
}

// wrongFields lists the placeholders in the texts of rules that an event citing the rule
// does not have.
func wrongFields() (problems []string) {
	texts := map[rfc.ID]string{}
	for _, part := range []string{"tcp", "congestion", "opening", "sizes", "urgent", "recovery"} {
		raw, err := os.ReadFile("../../web/i18n/rules/" + part + ".en.json")
		if err != nil {
			return []string{err.Error()}
		}
		if err := json.Unmarshal(raw, &texts); err != nil {
			return []string{err.Error()}
		}
	}
	field := regexp.MustCompile(`\{([\w.]+)\}`)
	for id, text := range texts {
		for _, e := range allCited[id] {
			body, _ := json.Marshal(e.Body)
			var values map[string]any
			if err := json.Unmarshal(body, &values); err != nil {
				problems = append(problems, err.Error())
			}
			for _, m := range field.FindAllStringSubmatch(text, -1) {
				if !has(values, m[1]) {
					problems = append(problems, fmt.Sprintf("%s names {%s}, which %s does not have",
						id, m[1], e.Kind()))
				}
			}
		}
	}
	return problems
}

func has(v any, path string) bool {
	for _, part := range strings.Split(path, ".") {
		object, ok := v.(map[string]any)
		if !ok {
			return false
		}
		if v, ok = object[part]; !ok {
			return false
		}
	}
	return true
}
