// Command knobdoc writes docs/knobs.md: every knob of a host with its unit, its range, its
// default in each profile, the rule it bends and what it does.
//
// It must never say what is not in the stack's own table or in knobs.en.json. It is run by
// go generate in web/i18n.
package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"labserver/stack"
	"labserver/web/i18n"
)

func main() {
	if err := os.WriteFile("../../docs/knobs.md", document(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "knobdoc:", err)
		os.Exit(1)
	}
}

func document() []byte {
	var b bytes.Buffer
	b.WriteString(`# Knobs

<!-- Written by web/i18n/knobdoc from the stack's table and web/i18n/knobs.en.json. -->

Every host can be told to behave otherwise. A profile sets all knobs at once; each of them can be
turned on its own, and the change counts from the next time the stack looks.

- In a lab's console: ` + "`knob A tcp_nagle 0`" + `
- In a lab's start world, or as any command: ` +
		"`{\"op\":\"knob.set\",\"args\":{\"host\":\"A\",\"knob\":\"tcp_nagle\",\"value\":\"0\"}}`" + `
- For a packet script: ` + "`labserver script --set tcp_nagle=0 FILE.pkt`" + `

The rule is what the knob bends or fills in; the page ` + "`/rfc/knobs`" + ` links to it.

`)
	b.WriteString("| Knob | Unit | Values |")
	for _, p := range stack.Profiles() {
		b.WriteString(" " + p + " |")
	}
	b.WriteString(" Rule | What it does |\n|" + strings.Repeat(" --- |", 5+len(stack.Profiles())) + "\n")
	texts := i18n.Knobs(i18n.English)
	for _, k := range stack.KnobTable() {
		span := strings.Join(k.Names, ", ")
		if k.Unit != stack.KnobName {
			span = fmt.Sprintf("%d to %d", k.Min, k.Max)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |", k.Name, k.Unit, span)
		for _, d := range k.Defaults {
			b.WriteString(" " + d.Value + " |")
		}
		fmt.Fprintf(&b, " %s | %s |\n", k.Rule, strings.ReplaceAll(texts[k.Name], "|", "\\|"))
	}
	return b.Bytes()
}
