package i18n

import (
	"strings"
	"testing"

	"labserver/stack/event"
	"labserver/stack/rfc"
)

func TestARuleIsExplainedWithWhatTheEventSays(t *testing.T) {
	e := event.Event{N: 7, By: 3, T: 1_500_000, Rule: rfc.ByCommand, Host: "A",
		Body: event.Command{Op: "bind", Args: []byte(`{}`)}}
	for _, l := range Langs() {
		for id, text := range Rules(l) {
			e.Rule = rfc.ID(id)
			got := Explain(l, e)
			if got == "" || strings.Contains(text, "{op}") && strings.Contains(got, "{op}") {
				t.Errorf("%s %s: %q gives %q", l, id, text, got)
			}
		}
	}
	e.Rule = "policy:nobody-wrote-this"
	if got := Explain(English, e); got != "" {
		t.Errorf("a rule without a text is explained as %q", got)
	}
}

func TestValuesAreShownInTheirUnits(t *testing.T) {
	body := event.LinkAdded{Link: "l1", Params: event.LinkParams{Up: true, DelayNS: 1_250_000,
		LossPPM: 12_500}}
	said := event.Event{N: 1, T: 2_000_000_001, Rule: "x", Body: body}
	for text, want := range map[string]string{
		"{link}": "l1", "{params.delay_ns}": "1.25 ms", "{params.loss_ppm}": "1.25 %",
		"{t}": "2.000000001 s", "{params.jitter_ns}": "0 ns", "{params.up}": "✓",
		"{params.rate_bps}": "0", "{none.such}": "{none.such}", "{link.deeper}": "{link.deeper}",
		"{host}": "{host}", "{a.host}": "–", "{a}": `{"host":"","nic":""}`,
	} {
		if got := fill(text, said); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 ns", 999: "999 ns", -1500: "-1.5 µs",
		1e6: "1 ms", 61e9: "61 s"} {
		if got := span(n); got != want {
			t.Errorf("%d ns are %q, want %q", n, got, want)
		}
	}
}
