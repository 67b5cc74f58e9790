package check

import (
	"strings"
	"testing"

	"labserver/labs"
	"labserver/stack/event"
)

func TestAnAuthorsMistakeNamesItsLineAndWhatToDo(t *testing.T) {
	find := func(src string) labs.Goal { return labs.Goal{Kind: labs.Find, Steps: steps("x", src)} }
	reach := func(src string) labs.Goal { return labs.Goal{Kind: labs.Reach, Where: pred(src)} }
	for _, c := range []struct {
		name string
		goal labs.Goal
		want string
	}{
		{"syntax", find(`e.kind == `), "lab.yaml:10: column 11:"},
		{"line of a block", find("e.kind == \"segment.sent\" &&\n  e.seg.flag == \"S\""),
			"lab.yaml:11: column"},
		{"unknown field", find(`e.kind == "segment.sent" && e.seg.flag == "S"`),
			"undefined field 'flag'"},
		{"field of another kind", find(`e.kind == "conn.state" && e.seg.flags == "S"`),
			"undefined field 'seg'"},
		{"field not of all kinds", find(`e.kind in ["conn.state", "segment.sent"] && e.seg.flags == "S"`),
			"undefined field 'seg'"},
		{"no kind", find(`e.host == "A"`), `add e.kind == "…"`},
		{"kind on one side of or", find(`e.kind == "conn.state" || e.host == "A"`), `add e.kind == "…"`},
		{"two kinds at once", find(`e.kind == "conn.state" && e.kind == "conn.opened"`),
			"two kinds at once"},
		{"unknown kind", find(`e.kind == "segment.send"`), `"segment.send" is unknown; the kinds are`},
		{"no event", find(`v.hosts.size() == 3`), "is about no event"},
		{"event in a view", reach(`e.kind == "conn.state"`), "cannot name an event e"},
		{"looks at nothing", reach(`1 == 1`), "name the view v"},
		{"unknown parameter", reach(`v.hosts.size() == int(p.nope)`), "undefined field 'nope'"},
		{"unknown variable", reach(`v.hosts.size() == x`), "undeclared reference to 'x'"},
		{"not a truth", reach(`v.hosts.size()`), "gives int, not true or false"},
		{"bare plus on a sequence number", find(`e.kind == "segment.sent" && e.seg.seq + 1 == e.seg.end`),
			"no matching overload for '_+_'"},
		{"bare less on a sequence number", find(`e.kind == "segment.sent" && e.seg.seq < e.seg.end`),
			"no matching overload for '_<_'"},
		{"number for a sequence number", find(`e.kind == "segment.sent" && e.seg.seq == 1`),
			"no matching overload for '_==_'"},
		{"a later goal's step", find(`e.kind == "conn.state" && e.conn == later.conn`),
			"undeclared reference"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := New(lab(c.goal), map[string]string{"port": "1"})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(),
				"lab.yaml:1") {
				t.Errorf("got %v, want …%s…", err, c.want)
			}
		})
	}
}

func TestAPredicateThatCostsTooMuchIsTheAuthorsMistake(t *testing.T) {
	l := lab(labs.Goal{Kind: labs.Reach, Where: pred(
		`v.hosts.exists(a, v.hosts.exists(b, v.hosts.exists(c, a.id + b.id + c.id == "x")))`)})
	c, err := New(l, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &story{}
	for range 60 {
		s.on("h", "", event.HostAdded{})
	}
	for _, e := range s.log.From(1) {
		c.Feed(e)
	}
	if c.Err() == nil || !strings.Contains(c.Err().Error(), "lab.yaml:10") ||
		!strings.Contains(c.Err().Error(), "cost") {
		t.Errorf("got %v, want the cost limit at lab.yaml:10", c.Err())
	}
	if v := c.Verdicts()[0]; v.State != Open {
		t.Errorf("a predicate that fails must count as false: %+v", v)
	}
}

func TestAFaultWhileRunningIsRememberedOnce(t *testing.T) {
	l := lab(labs.Goal{Kind: labs.Reach, Where: pred(`v.hosts[5].id == "A"`)})
	c, err := New(l, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := (&story{}).on("A", "", event.HostAdded{})
	c.Feed(s.log.At(1))
	if c.Err() == nil || !strings.Contains(c.Err().Error(), "lab.yaml:10") {
		t.Errorf("got %v", c.Err())
	}
}

func TestWholeThingsCannotBeCompared(t *testing.T) {
	l := lab(labs.Goal{Kind: labs.Reach, Where: pred(`v.hosts.exists(a, a == a)`)})
	c, err := New(l, nil)
	if err != nil {
		return // refused at compile time is as good
	}
	c.Feed((&story{}).on("A", "", event.HostAdded{}).log.At(1))
	if c.Err() == nil || !strings.Contains(c.Err().Error(), "compare fields") {
		t.Errorf("got %v", c.Err())
	}
}
