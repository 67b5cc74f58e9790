package labs

import (
	"regexp"
	"strconv"
	"strings"

	"labserver/stack/sim"
)

// Param is a parameter of a lab: $name in its world, goals, texts and solutions, p.name
// in its predicates. Exactly one of Value, From and Between is set.
type Param struct {
	Name    string
	Value   string   // the same for everyone; may hold parameters named before it
	From    []string // one of these, drawn; the first is the readable one
	Between *[2]int64
	Pos     Pos
}

// paramRef finds $name, and $$ for a dollar sign.
var paramRef = regexp.MustCompile(`\$(\$|[a-z][a-z0-9_]*)`)

// paramValue is what a parameter may be drawn as: nothing that would end a JSON string,
// a CEL string or an HTML text, so that putting it in stays a matter of text.
var paramValue = regexp.MustCompile(`^[A-Za-z0-9 ._:/-]{0,200}$`)

// wholeParam reports whether s is one $name and nothing else.
func wholeParam(s string) bool {
	return len(s) > 1 && s[1] != '$' && paramRef.FindString(s) == s
}

// Draw returns the parameters of the run with this seed. Each has its own stream, so
// that one more parameter leaves the others as they were.
func (l *Lab) Draw(seed uint64) map[string]string {
	return l.values(func(p Param) string {
		r := sim.Stream(seed, "param:"+p.Name)
		if p.Between != nil {
			lo, hi := p.Between[0], p.Between[1]
			return strconv.FormatInt(lo+int64(r.Below(uint64(hi-lo)+1)), 10)
		}
		return p.From[r.Below(uint64(len(p.From)))]
	})
}

// Readable returns the parameters as a page shows them before any run exists: the
// first of each list and the lower end of each range.
func (l *Lab) Readable() map[string]string {
	return l.values(func(p Param) string {
		if p.Between != nil {
			return strconv.FormatInt(p.Between[0], 10)
		}
		return p.From[0]
	})
}

func (l *Lab) values(draw func(Param) string) map[string]string {
	values := make(map[string]string, len(l.Params))
	for _, p := range l.Params {
		if p.From == nil && p.Between == nil {
			values[p.Name] = Substitute(p.Value, values)
			continue
		}
		values[p.Name] = draw(p)
	}
	return values
}

// Substitute puts the parameters into s: $name becomes its value and $$ a dollar sign.
// An unknown $name stays as it is; Load has refused it before.
func Substitute(s string, params map[string]string) string {
	if !strings.Contains(s, "$") {
		return s
	}
	return paramRef.ReplaceAllStringFunc(s, func(ref string) string {
		if ref == "$$" {
			return "$"
		}
		if v, ok := params[ref[1:]]; ok {
			return v
		}
		return ref
	})
}

// SubstituteJSON puts the parameters into JSON text. Outside a string a whole number
// stays a number and anything else becomes a string.
func SubstituteJSON(s string, params map[string]string) string {
	if !strings.Contains(s, "$") {
		return s
	}
	var out strings.Builder
	for inString := false; s != ""; {
		end := strings.IndexAny(s, `"\$`)
		if end < 0 {
			out.WriteString(s)
			break
		}
		out.WriteString(s[:end])
		s = s[end:]
		n := 1
		switch {
		case s[0] == '"':
			inString = !inString
		case s[0] == '\\':
			n = min(2, len(s))
		default:
			if ref := paramRef.FindString(s); ref != "" && strings.HasPrefix(s, ref) {
				out.WriteString(jsonValue(Substitute(ref, params), inString))
				s = s[len(ref):]
				continue
			}
		}
		out.WriteString(s[:n])
		s = s[n:]
	}
	return out.String()
}

func jsonValue(v string, inString bool) string {
	if inString {
		return v
	}
	if _, err := strconv.ParseInt(v, 10, 64); err == nil && (v == "0" || v[0] != '0' && v[0] != '+') {
		return v
	}
	return strconv.Quote(v)
}

// paramNames lists the names s refers to.
func paramNames(s string) []string {
	var names []string
	for _, m := range paramRef.FindAllStringSubmatch(s, -1) {
		if m[1] != "$" {
			names = append(names, m[1])
		}
	}
	return names
}
