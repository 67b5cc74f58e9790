package check

import (
	"errors"
	"testing"

	"labserver/labs"
	"labserver/stack/event"
	"labserver/stack/inet"
)

// FuzzPredicate: whatever an author writes, compiling ends with a predicate or with a
// fault at the author's line, and a predicate that compiles runs within its cost.
func FuzzPredicate(f *testing.F) {
	for _, src := range []string{
		isSYN, `v.connections.exists(c, c.state == "ESTABLISHED")`,
		`e.kind in ["segment.sent", "conn.state"] && e.host != ""`,
		`e.kind == "segment.sent" && seqBefore(e.seg.seq, seqAdd(e.seg.end, -1))`,
		`v.hosts.all(e, e.id == "A")`, `e.kind == "note.answer" && e.args.value == "x"`,
		`v.sockets.map(s, s.fd).filter(x, x > 2).size() / 0 == 1`, `p.port.matches("(a+)+$")`,
		`e.kind == "cmd.send" && e.args.text.size() > 3`, `has(v.hosts[0].id)`, `v == v`, `e == e`,
		`type(v) == type(e)`, `dyn(v).x == 1`, `string(v.hosts) == ""`, `{v: 1}[v] == 1`,
		`[v.counters] == [v.counters]`, `v.counters in [v.counters]`, `e.kind == "segment.sent" && e in [e]`,
	} {
		f.Add(src)
	}
	s := (&story{}).on("A", "", event.HostAdded{Name: "A"}).sent("A", seg("S", 0xFFFFFFFF, 4)).
		conn("c1", "A", inet.Established).note("answer", `{"goal":"g","value":[1,{"x":null}]}`)
	f.Fuzz(func(t *testing.T, src string) {
		if len(src) > labs.MaxPredicate {
			return
		}
		for _, g := range []labs.Goal{
			{Kind: labs.Find, Steps: steps("x", src)}, {Kind: labs.Reach, Where: pred(src)},
		} {
			c, err := New(lab(g), map[string]string{"port": "8081"})
			if err != nil {
				var fault *labs.Fault
				if !errors.As(err, &fault) || fault.Pos.File != "lab.yaml" || fault.Pos.Line < 10 {
					t.Fatalf("%q: no fault of the author's: %v", src, err)
				}
				continue
			}
			for _, e := range s.log.From(1) {
				c.Feed(e)
			}
			c.Verdicts()
		}
	})
}
