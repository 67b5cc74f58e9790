package i18n

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"labserver/stack/event"
)

// placeholder is where a rule's text takes a field of the event it explains.
var placeholder = regexp.MustCompile(`\{([\w.]+)\}`)

// Explain returns the text of an event's rule in l, with what the event says in the
// places for it; "" for a rule without a text. Pages do the same in the browser.
func Explain(l Lang, e event.Event) string {
	return fill(catalogue().rules[l][string(e.Rule)], e)
}

// fill puts what an event says into a text. A field that it has not stays as it stands.
func fill(text string, e event.Event) string {
	if !strings.Contains(text, "{") {
		return text
	}
	var said map[string]any
	d := json.NewDecoder(bytes.NewReader(e.AppendJSON(nil)))
	d.UseNumber() // sequence numbers and times are no floats
	if err := d.Decode(&said); err != nil {
		return text
	}
	return placeholder.ReplaceAllStringFunc(text, func(whole string) string {
		path := whole[1 : len(whole)-1]
		value, ok := lookup(said, path)
		if !ok {
			return whole
		}
		return show(path, value)
	})
}

// lookup follows a path of names into what an event says.
func lookup(said any, path string) (any, bool) {
	for _, name := range strings.Split(path, ".") {
		object, ok := said.(map[string]any)
		if !ok {
			return nil, false
		}
		if said, ok = object[name]; !ok || said == nil {
			return nil, false
		}
	}
	return said, true
}

// show renders a value for people; the name says its unit (docs/events.md §5).
func show(path string, value any) string {
	switch v := value.(type) {
	case string:
		if v == "" {
			return "–"
		}
		return v
	case bool:
		if v {
			return "✓"
		}
		return "–"
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		last := path[strings.LastIndexByte(path, '.')+1:]
		switch {
		case err != nil:
			return v.String()
		case strings.HasSuffix(path, "_ns"):
			return span(n)
		case strings.HasSuffix(path, "_ppm"):
			return scaled(n, 4) + " %"
		case last == "t" || last == "at" || last == "arrive" || last == "since" || last == "depart":
			return scaled(n, 9) + " s"
		}
		return v.String()
	}
	b, _ := json.Marshal(value)
	return string(b)
}

// span renders a length of time in the unit that fits it.
func span(ns int64) string {
	switch size := max(ns, -ns); {
	case size >= 1e9:
		return scaled(ns, 9) + " s"
	case size >= 1e6:
		return scaled(ns, 6) + " ms"
	case size >= 1e3:
		return scaled(ns, 3) + " µs"
	}
	return strconv.FormatInt(ns, 10) + " ns"
}

// scaled renders n/10^places without a float.
func scaled(n int64, places int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	digits := strconv.FormatInt(n, 10)
	if short := places + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	whole, part := digits[:len(digits)-places], strings.TrimRight(digits[len(digits)-places:], "0")
	if part == "" {
		return sign + whole
	}
	return sign + whole + "." + part
}
