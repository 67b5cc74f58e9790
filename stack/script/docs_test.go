package script

import (
	"os"
	"strings"
	"testing"
)

// TestEveryNameIsDocumented holds docs/scripts.md to the tables.
func TestEveryNameIsDocumented(t *testing.T) {
	b, err := os.ReadFile("../../docs/scripts.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	names := append(append(append(callNames(), optionNames()...), requestNames()...), infoNames()...)
	for _, s := range sysctls() {
		names = append(names, s.name)
		for _, k := range s.knobs {
			if !strings.Contains(text, "`"+s.name+"` | ") || !strings.Contains(text, "`"+k+"`") {
				t.Errorf("docs/scripts.md does not say that %s is %s", s.name, k)
			}
		}
	}
	for _, n := range names {
		if !strings.Contains(text, "`"+n+"`") {
			t.Errorf("docs/scripts.md does not name %s", n)
		}
	}
}

// TestEveryKnobOfTheSysctlTableExists turns each once.
func TestEveryKnobOfTheSysctlTableExists(t *testing.T) {
	for _, s := range sysctls() {
		value := "1"
		switch s.as {
		case asName:
			value = "reno"
		case triple:
			value = "4096 16384 65536"
		case pair:
			value = "40000 50000"
		case fromUS:
			value = "5000"
		}
		switch s.name {
		case "net.ipv4.tcp_base_mss", "net.ipv4.route.min_pmtu":
			value = "512"
		}
		res := Run("t", []byte("`sysctl "+s.name+"=\""+value+"\"`"), Options{})
		if res.Failure != nil || len(res.Warnings) > 0 {
			t.Errorf("%s: %v %q", s.name, res.Failure, res.Warnings)
		}
	}
}
