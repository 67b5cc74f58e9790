package rfc_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"labserver/stack/rfc"
)

// An id says whose rule it is, and its row agrees.
func TestEveryRowAgreesWithItsID(t *testing.T) {
	requirement := regexp.MustCompile(`^(MUST|SHLD|MAY|REC)-[0-9]+$`)
	section := regexp.MustCompile(`^rfc([0-9]+):\S+$`)
	seen := map[rfc.ID]bool{}
	for _, r := range rfc.Table() {
		id := string(r.ID)
		if seen[r.ID] {
			t.Errorf("%s stands twice", id)
		}
		seen[r.ID] = true
		ours := r.Level == rfc.Policy
		switch {
		case r.Level == rfc.Root:
			if r.RFC != 0 || r.Section != "" || r.Why != "" {
				t.Errorf("%s: a root has no reason", id)
			}
		case ours != strings.HasPrefix(id, "policy:"), ours != (r.Why != ""), ours && r.RFC != 0:
			t.Errorf("%s: a policy is ours and says why, and nothing else does", id)
		case ours:
		case requirement.MatchString(id):
			level := map[string]rfc.Level{"MUST": rfc.Must, "SHLD": rfc.Should, "REC": rfc.Should,
				"MAY": rfc.May}[id[:strings.Index(id, "-")]]
			if r.RFC != 9293 || r.Section == "" || r.Level != level {
				t.Errorf("%s: %+v", id, r)
			}
		case section.MatchString(id):
			if strconv.Itoa(r.RFC) != section.FindStringSubmatch(id)[1] || r.Section == "" {
				t.Errorf("%s: RFC %d §%s", id, r.RFC, r.Section)
			}
		case strings.HasPrefix(id, "posix:"):
			if r.RFC != 0 || r.Section == "" || r.Level != rfc.Says {
				t.Errorf("%s: %+v", id, r)
			}
		default:
			t.Errorf("%s is an id of no kind", id)
		}
	}
	if len(seen) < 100 {
		t.Errorf("only %d rules", len(seen))
	}
}
