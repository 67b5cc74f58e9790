package check

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"labserver/labs"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
)

// story is a hand-made event log: what a world could have told.
type story struct {
	log event.Log
	now sim.Time
}

func (s *story) on(host inet.HostID, conn inet.ConnID, b event.Body) *story {
	event.Scope{Log: &s.log, Now: s.now, Host: host, Conn: conn}.Emit(rfc.ByCommand, b)
	return s
}

func (s *story) at(d time.Duration) *story { s.now = sim.Time(d); return s }

func ep(s string) inet.Endpoint {
	e, err := inet.ParseEndpoint(s)
	if err != nil {
		panic(err)
	}
	return e
}

func seg(flags string, n seq.Num, size int) event.Seg {
	end := n.Add(seq.Size(size))
	if strings.ContainsAny(flags, "SF") {
		end = end.Add(1)
	}
	return event.Seg{Src: ep("77.77.77.77:3001"), Dst: ep("50.50.50.50:8081"), Flags: flags,
		Seq: n, Len: size, End: end}
}

func (s *story) sent(host inet.HostID, sg event.Seg) *story {
	return s.on(host, "", event.SegmentSent{Seg: sg})
}

func (s *story) note(op, args string) *story {
	return s.on("", "", event.Note{Op: op, Args: json.RawMessage(args)})
}

func (s *story) conn(id inet.ConnID, host inet.HostID, state inet.TCPState) *story {
	s.on(host, id, event.ConnOpened{Local: ep("50.50.50.50:8081"), Remote: ep("77.77.77.77:3001"),
		Active: true, State: inet.Closed, ISS: 7})
	return s.on(host, id, event.ConnState{Old: inet.Closed, New: state})
}

func (s *story) call(op string, errno inet.Errno) *story {
	return s.on("A", "", event.CallFailed{Call: "k1", Proc: "A.client", Op: op, Errno: errno})
}

// pred makes a predicate that pretends to stand on line 10 of a file.
func pred(src string) labs.Predicate {
	return labs.Predicate{Source: src, Pos: labs.Pos{File: "lab.yaml", Line: 10}}
}

func steps(pairs ...string) (out []labs.Binding) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, labs.Binding{Name: pairs[i], Where: pred(pairs[i+1])})
	}
	return out
}

func lab(goals ...labs.Goal) *labs.Lab {
	for i := range goals {
		if goals[i].ID == "" {
			goals[i].ID = "g"
		}
		if goals[i].Keep == "" && !slices.Contains([]labs.Kind{labs.Never, labs.Always, labs.Final},
			goals[i].Kind) {
			goals[i].Keep = labs.Ever
		}
	}
	return &labs.Lab{Goals: goals, Params: []labs.Param{{Name: "port", Value: "8081"}}}
}

func run(t *testing.T, l *labs.Lab, s *story) *Checker {
	t.Helper()
	c, err := New(l, map[string]string{"port": "8081"})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range s.log.From(1) {
		c.Feed(e)
	}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	return c
}

const isSYN = `e.kind == "segment.sent" && e.seg.flags == "S"`

func TestEveryKindOfGoalJudgesAsItSays(t *testing.T) {
	established := pred(`v.connections.exists(c, c.state == "ESTABLISHED")`)
	reach := labs.Goal{Kind: labs.Reach, Where: established}
	reachAtFinish := labs.Goal{Kind: labs.Reach, Keep: labs.Finish, Where: established}
	final := labs.Goal{Kind: labs.Final, Where: established}
	always := labs.Goal{Kind: labs.Always,
		Where: pred(`v.connections.all(c, c.state != "CLOSED" || c.iss == seq(7))`)}
	never := labs.Goal{Kind: labs.Never,
		Where: pred(`e.kind == "segment.sent" && e.seg.flags.contains("R")`)}
	two := labs.Goal{Kind: labs.Count, Where: pred(isSYN), Min: 2}
	atMostTwo := labs.Goal{Kind: labs.Count, Keep: labs.Finish, Where: pred(isSYN), Min: 1, Max: 2}
	find := labs.Goal{Kind: labs.Find, Steps: steps("syn", isSYN)}
	number := labs.Goal{Kind: labs.Answer, Answer: labs.AnswerSpec{Type: "number",
		Correct: []string{"$port"}}}
	lastCounts := number
	lastCounts.Keep = labs.Finish
	say := func(v string) string { return fmt.Sprintf(`{"goal":"g","value":%q}`, v) }

	for _, c := range []struct {
		name  string
		goal  labs.Goal
		story *story
		want  State
		seen  []uint64
		unmet string
	}{
		{"reach, not yet", reach, (&story{}).conn("c1", "A", inet.SynSent), Open, nil, "reach"},
		{"reach stays green", reach, (&story{}).conn("c1", "A", inet.Established).
			on("A", "c1", event.ConnState{Old: inet.Established, New: inet.TimeWait}), Met, []uint64{2}, ""},
		{"reach kept to the finish goes again", reachAtFinish, (&story{}).conn("c1", "A",
			inet.Established).
			on("A", "c1", event.ConnState{Old: inet.Established, New: inet.TimeWait}), Open, nil, "reach"},
		{"final shows the present", final, (&story{}).conn("c1", "A", inet.Established), Met, []uint64{2},
			""},
		{"final not so at finish", final, (&story{}).conn("c1", "A", inet.SynSent).note("finish", "{}"),
			Unmet, nil, "final"},
		{"always so far", always, (&story{}).conn("c1", "A", inet.SynSent), Met, nil, ""},
		{"always broken", always, (&story{}).conn("c1", "A", inet.SynSent).
			on("A", "c2", event.ConnOpened{ISS: 8}), Broken, []uint64{3}, "always"},
		{"never so far", never, (&story{}).sent("A", seg("S", 1, 0)), Met, nil, ""},
		{"never broken", never, (&story{}).sent("A", seg("S", 1, 0)).sent("B", seg("RA", 1, 0)),
			Broken, []uint64{2}, "never"},
		{"count below", two, (&story{}).sent("A", seg("S", 1, 0)), Open, []uint64{1}, "count"},
		{"count reached", two, (&story{}).sent("A", seg("S", 1, 0)).sent("A", seg("S", 1, 0)),
			Met, []uint64{1, 2}, ""},
		{"count above", atMostTwo, (&story{}).sent("A", seg("S", 1, 0)).sent("A", seg("S", 1, 0)).
			sent("A", seg("S", 1, 0)).note("finish", "{}"), Unmet, []uint64{1, 2, 3}, "count"},
		{"find", find, (&story{}).sent("A", seg("A", 1, 0)).sent("A", seg("S", 1, 0)), Met, []uint64{2},
			""},
		{"no answer", number, &story{}, Open, nil, "answer"},
		{"wrong answer", number, (&story{}).note("answer", say("8282")), Unmet, []uint64{1}, "answer"},
		{"right answer", number, (&story{}).note("answer", say(" 8,081 ")), Met, []uint64{1}, ""},
		{"right answer stays", number, (&story{}).note("answer", say("8081")).note("answer", say("1")),
			Met, []uint64{1}, ""},
		{"last answer counts", lastCounts, (&story{}).note("answer", say("8081")).note("answer",
			say("1")),
			Unmet, []uint64{2}, "answer"},
		{"answer after finish", number, (&story{}).note("finish", "{}").note("answer", say("8081")),
			Unmet, nil, "answer"},
		{"answer to another goal", number, (&story{}).note("answer", `{"goal":"x","value":"8081"}`),
			Open, nil, "answer"},
		{"answer that is no JSON", number, (&story{}).note("answer", `[`), Open, nil, "answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := run(t, lab(c.goal), c.story).Verdicts()[0]
			if v.State != c.want || !slices.Equal(v.Evidence, c.seen) || v.Unmet != c.unmet {
				t.Errorf("got %s, evidence %v, unmet %q; want %s, %v, %q",
					v.State, v.Evidence, v.Unmet, c.want, c.seen, c.unmet)
			}
		})
	}
}

func TestFindIsNotGreedy(t *testing.T) {
	// The first SYN leads nowhere; the second one's SYN-ACK completes the match.
	l := lab(labs.Goal{Kind: labs.Find, Steps: steps(
		"syn", isSYN,
		"synack", `e.kind == "segment.sent" && e.seg.flags == "SA" && e.seg.ack == syn.seg.end`)})
	answer := seg("SA", 900, 0)
	answer.Ack = 201
	s := (&story{}).sent("A", seg("S", 100, 0)).sent("A", seg("S", 200, 0)).sent("B", answer)
	v := run(t, l, s).Verdicts()[0]
	if v.State != Met || !slices.Equal(v.Evidence, []uint64{2, 3}) {
		t.Errorf("got %+v, want met by events 2 and 3", v)
	}
}

func TestOneEventBindsOneStep(t *testing.T) {
	l := lab(labs.Goal{Kind: labs.Find, Steps: steps("a", isSYN, "b", isSYN)})
	s := (&story{}).sent("A", seg("S", 1, 0))
	if v := run(t, l, s).Verdicts()[0]; v.State != Open || v.Unmet != "b" {
		t.Errorf("one SYN met both steps: %+v", v)
	}
	s.sent("A", seg("S", 1, 0))
	if v := run(t, l, s).Verdicts()[0]; v.State != Met {
		t.Errorf("two SYNs did not meet the two steps: %+v", v)
	}
}

func TestFindForgetsTheOldestOfTooManyMatches(t *testing.T) {
	l := lab(labs.Goal{Kind: labs.Find, Steps: steps(
		"syn", isSYN,
		"synack", `e.kind == "segment.sent" && e.seg.flags == "SA" && e.seg.ack == syn.seg.end`)})
	s := &story{}
	for i := range maxPartial + 1 {
		s.sent("A", seg("S", seq.Num(1000*i), 0))
	}
	late := seg("SA", 5, 0)
	late.Ack = 1 // answers the first SYN, which is forgotten
	s.sent("B", late)
	c := run(t, l, s)
	if v := c.Verdicts()[0]; v.State != Open {
		t.Errorf("the oldest of %d partial matches was still kept", maxPartial+1)
	}
	late.Ack = 1001
	s.sent("B", late)
	if v := run(t, l, s).Verdicts()[0]; v.State != Met || v.Evidence[0] != 2 {
		t.Errorf("the second oldest was lost too: %+v", v)
	}
}

func TestWithinCountsFromTheFirstBoundEvent(t *testing.T) {
	l := lab(labs.Goal{Kind: labs.Find, Within: time.Second, Steps: steps(
		"syn", isSYN, "ack", `e.kind == "segment.sent" && e.seg.flags == "A"`)})
	s := (&story{}).sent("A", seg("S", 1, 0)).at(1500*time.Millisecond).sent("A", seg("A", 1, 0))
	if v := run(t, l, s).Verdicts()[0]; v.State != Open {
		t.Errorf("an event 1.5 s later met a goal within 1 s: %+v", v)
	}
	// A fresh start takes the place of the stale one.
	s.sent("A", seg("S", 1, 0)).at(2*time.Second).sent("A", seg("A", 1, 0))
	if v := run(t, l, s).Verdicts()[0]; v.State != Met || !slices.Equal(v.Evidence, []uint64{3, 4}) {
		t.Errorf("the later SYN was not used: %+v", v)
	}
}

func TestGoalsUseWhatEarlierGoalsBound(t *testing.T) {
	l := lab(
		labs.Goal{ID: "open", Kind: labs.Find, Steps: steps("opened",
			`e.kind == "conn.opened" && e.host == "A"`)},
		labs.Goal{ID: "same", Kind: labs.Find, Steps: steps("again",
			`e.kind == "conn.state" && e.conn == opened.conn`)})
	s := (&story{}).on("B", "c9", event.ConnOpened{}).on("B", "c9",
		event.ConnState{New: inet.SynSent}).
		conn("c1", "A", inet.SynSent)
	v := run(t, l, s).Verdicts()
	if v[1].State != Met || !slices.Equal(v[1].Evidence, []uint64{4}) {
		t.Errorf("got %+v, want event 4, not 2", v[1])
	}
}

func TestNeedsAndComposeJoinGoals(t *testing.T) {
	syn := labs.Goal{ID: "syn", Kind: labs.Find, Steps: steps("s", isSYN)}
	calm := labs.Goal{ID: "calm", Kind: labs.Never, Needs: []string{"syn"},
		Where: pred(`e.kind == "segment.sent" && e.seg.flags == "R"`)}
	both := labs.Goal{ID: "both", Kind: labs.Compose, All: []string{"syn", "calm"}}
	one := labs.Goal{ID: "one", Kind: labs.Compose, Any: []string{"syn", "calm"}}
	state := func(s *story) (out []State) {
		for _, v := range run(t, lab(syn, calm, both, one), s).Verdicts() {
			out = append(out, v.State)
		}
		return out
	}
	if got := state(&story{}); !slices.Equal(got, []State{Open, Open, Open, Open}) {
		t.Errorf("an empty run: %v", got)
	}
	ok := (&story{}).sent("A", seg("S", 1, 0))
	if got := state(ok); !slices.Equal(got, []State{Met, Met, Met, Met}) {
		t.Errorf("a SYN: %v", got)
	}
	ok.sent("A", seg("R", 1, 0))
	if got := state(ok); !slices.Equal(got, []State{Met, Broken, Broken, Met}) {
		t.Errorf("a SYN, then RST: %v", got)
	}
}

func TestTheNearestHintIsTheFirstPatternSeen(t *testing.T) {
	l := lab(labs.Goal{Kind: labs.Find, Hints: []labs.Hint{
		{ID: "general"},
		{ID: "refused", When: pred(`e.kind == "call.failed" && e.errno == "ECONNREFUSED"`)},
		{ID: "no-conn", When: pred(`v.connections.size() == 0`)},
	}, Steps: steps("bound", `e.kind == "socket.bound"`,
		"up", `e.kind == "conn.state" && e.new == "ESTABLISHED"`)})
	hint := func(s *story) int { return run(t, l, s).Verdicts()[0].Hint }

	s := (&story{}).on("", "", event.WorldStarted{})
	if got := hint(s); got != 2 {
		t.Errorf("an empty world draws hint %d, want no-conn", got)
	}
	s.call("connect", inet.ECONNREFUSED)
	if got := hint(s); got != 1 {
		t.Errorf("a refusal draws hint %d, want refused", got)
	}
	s.on("A", "", event.SocketCreated{Sock: "s1"}).on("A", "", event.SocketBound{Sock: "s1"})
	if got := hint(s); got != 2 {
		t.Errorf("after progress hint %d, want no-conn: the refusal is past", got)
	}
	s.conn("c1", "A", inet.Established)
	if got := hint(s); got != -1 {
		t.Errorf("a met goal draws hint %d", got)
	}
}

func TestHintsAskedForAreCountedByGoal(t *testing.T) {
	l := lab(labs.Goal{ID: "a", Kind: labs.Find, Steps: steps("x", isSYN)},
		labs.Goal{ID: "b", Kind: labs.Find, Steps: steps("y", isSYN)})
	s := (&story{}).note("hint", `{"goal":"b"}`).note("hint", `{"goal":"b"}`).note("hint",
		`{"goal":"no"}`)
	v := run(t, l, s).Verdicts()
	if v[0].HintsUsed != 0 || v[1].HintsUsed != 2 {
		t.Errorf("hints used: %d and %d, want 0 and 2", v[0].HintsUsed, v[1].HintsUsed)
	}
}

func TestAlwaysBeginsWhenTheStartWorldIsComplete(t *testing.T) {
	l := lab(labs.Goal{Kind: labs.Always, Where: pred(`v.hosts.size() == 1`)})
	s := &story{}
	start := func(b event.Body) { event.Scope{Log: &s.log}.Emit(rfc.ByStart, b) }
	start(event.WorldStarted{})
	start(event.Command{Op: "host.add"})
	event.Scope{Log: &s.log, Host: "A", By: 2}.Emit(rfc.ByStart, event.HostAdded{})
	if v := run(t, l, s).Verdicts()[0]; v.State != Met {
		t.Fatalf("the start world broke the goal: %+v", v)
	}
	s.on("", "", event.Command{Op: "host.add"}).on("B", "", event.HostAdded{})
	if v := run(t, l, s).Verdicts()[0]; v.State != Broken || v.Evidence[0] != 5 {
		t.Errorf("a second host did not break it: %+v", v)
	}
}

func TestFinishFreezesTheVerdicts(t *testing.T) {
	l := lab(labs.Goal{Kind: labs.Find, Steps: steps("x", isSYN)})
	s := (&story{}).note("finish", "{}").sent("A", seg("S", 1, 0))
	c := run(t, l, s)
	if v := c.Verdicts()[0]; !c.Finished() || v.State != Unmet {
		t.Errorf("finished %v, %+v; want unmet for good", c.Finished(), v)
	}
}

func TestSequenceFunctionsWrapAround(t *testing.T) {
	top := seq.Num(0xFFFFFFFF)
	for src, want := range map[string]bool{
		`e.seg.seq == seq(4294967295)`:                  true,
		`seqAdd(e.seg.seq, 1) == seq(0)`:                true,
		`seqAdd(e.seg.seq, -1) == seq(4294967294)`:      true,
		`seqBefore(e.seg.seq, seqAdd(e.seg.seq, 10))`:   true,
		`seqBefore(seqAdd(e.seg.seq, 10), e.seg.seq)`:   false,
		`seqDiff(e.seg.seq, seqAdd(e.seg.seq, 5)) == 5`: true,
		`seqDiff(seq(3), e.seg.seq) == -4`:              true,
		`e.seg.end == seqAdd(e.seg.seq, e.seg.len)`:     true,
	} {
		l := lab(labs.Goal{Kind: labs.Find, Steps: steps("x", `e.kind == "segment.sent" && `+src)})
		s := (&story{}).sent("A", seg("A", top, 3))
		if got := run(t, l, s).Verdicts()[0].State == Met; got != want {
			t.Errorf("%s: %v, want %v", src, got, want)
		}
	}
}

func TestPredicatesSeeWhatTheWireSays(t *testing.T) {
	scale := uint8(7)
	sg := seg("SA", 5, 0)
	sg.Opts = &event.SegOpts{MSS: 1460, WScale: &scale, SACK: [][2]seq.Num{{1, 2}}}
	s := (&story{}).at(3*time.Millisecond).on("A", "c1", event.SegmentSent{Seg: sg}).
		on("A", "", event.HostAdded{Name: "A"}).
		sent("A", seg("A", 1, 0)).
		on("A", "", event.CallReturned{Op: "recv", Data: []byte("안녕"), From: nil}).
		on("", "", event.Command{Op: "connect", Args: json.RawMessage(`{"port":8282,"x":[1.5]}`)}).
		on("A", "", event.NICAdded{NIC: "eth0", Addr: netip.MustParsePrefix("77.77.77.77/24"), MTU: 1500})
	for _, src := range []string{
		`e.kind == "segment.sent" && e.n == 1 && e.t == 3000000 && e.by == 0 && e.rule == "command" && e.conn == "c1"`,
		`e.kind == "segment.sent" && e.seg.opts.mss == 1460 && e.seg.opts.wscale == 7 && has(e.seg.opts)`,
		`e.kind == "segment.sent" && e.seg.opts.sack[0][1] == seq(2)`,
		`e.kind == "segment.sent" && !has(e.seg.opts) && e.seg.opts.mss == 0 && e.seg.opts.wscale == 0`,
		`e.kind == "segment.sent" && e.seg.dst == "50.50.50.50:8081" && port(e.seg.dst) == int(p.port)`,
		`e.kind == "segment.sent" && addr(e.seg.src) == "77.77.77.77" && e.seg.dst.endsWith(":$port")`,
		`e.kind == "call.returned" && e.data == bytes("안녕") && e.from == ""`,
		`e.kind == "cmd.connect" && e.args.port == 8282 && e.args.x[0] == 1.5`,
		`e.kind == "nic.added" && e.addr == "77.77.77.77/24"`,
		`e.kind in ["segment.sent", "call.returned"] && e.host == "A" && v.packets.size() == 1`,
		`e.kind == "segment.sent" && v.packets.exists(x, x.pkt == e.n)`,
	} {
		l := lab(labs.Goal{Kind: labs.Find, Steps: steps("x", src)})
		if v := run(t, l, s).Verdicts()[0]; v.State != Met {
			t.Errorf("nothing satisfied %s", src)
		}
	}
}
