package tcp

import (
	"regexp"
	"strconv"
	"testing"
)

func TestEveryKnobIsDocumented(t *testing.T) {
	rule := regexp.MustCompile(`^((MUST|SHLD|MAY|REC)-\d+|rfc\d+:\S+)?$`)
	seen := map[string]bool{}
	names := KnobNames()
	for i, row := range KnobTable() {
		if seen[row.Name] {
			t.Errorf("%s stands twice", row.Name)
		}
		seen[row.Name] = true
		if i >= len(names) || names[i] != row.Name {
			t.Errorf("%s is not where KnobNames has it", row.Name)
		}
		if !rule.MatchString(string(row.Rule)) {
			t.Errorf("%s bends %q, which is no rule", row.Name, row.Rule)
		}
		for _, d := range row.Defaults {
			checkDefault(t, row, d)
		}
		if len(row.Defaults) != len(Profiles()) {
			t.Errorf("%s has %d defaults", row.Name, len(row.Defaults))
		}
	}
	if len(seen) != len(names) {
		t.Errorf("%d knobs, %d documented", len(names), len(seen))
	}
}

// checkDefault: what a profile says is allowed, and setting it changes nothing.
func checkDefault(t *testing.T, row KnobInfo, d KnobDefault) {
	t.Helper()
	k, ok := Profile(d.Profile)
	if !ok {
		t.Fatalf("no profile %q", d.Profile)
	}
	before := k
	if old, err := k.Set(row.Name, d.Value); err != nil || old != d.Value || k != before {
		t.Errorf("%s in %s: %q, set to itself gives %v", row.Name, d.Profile, d.Value, err)
	}
	switch row.Unit {
	case UnitName:
		return
	case UnitMS, UnitOctets, UnitSegments, UnitCount, UnitSwitch, UnitBits:
	default:
		t.Errorf("%s counts %q", row.Name, row.Unit)
	}
	for _, v := range []int64{row.Min - 1, row.Max + 1} {
		if _, err := k.Set(row.Name, strconv.FormatInt(v, 10)); err != ErrKnobValue {
			t.Errorf("%s takes %d", row.Name, v)
		}
	}
}

func TestAMillisecondKnobIsSetInMilliseconds(t *testing.T) {
	k, _ := Profile("linux")
	if _, err := k.Set("tcp_rto_min_ms", "250"); err != nil || k.MinRTO.Milliseconds() != 250 {
		t.Errorf("%v, %v", k.MinRTO, err)
	}
}
