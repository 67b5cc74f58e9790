// Package trial plays a lab's own command lists: the solution must pass, doing nothing
// must not, and each typical wrong solution must fail where it says and draw the hint
// it names, whatever the seed.
//
// It must never be part of judging a student's run. Read labs/catalog/README.md
// "Command lists" first.
package trial

import (
	"encoding/json"
	"fmt"
	"time"

	"labserver/labs"
	"labserver/labs/check"
	"labserver/stack"
	"labserver/stack/journal"
	"labserver/stack/sim"
	"labserver/stack/view"
)

// Limits of one played list: a wait that needs more will never hold.
const (
	maxWaitSteps = 200_000
	maxWait      = 10 * time.Minute // of virtual time
	settle       = 2 * time.Minute  // after the last command, unless the run was handed in
)

// Run is a command list carried out: the journal it makes and what came of it.
type Run struct {
	Header   journal.Header
	Entries  []journal.Entry
	World    *stack.World
	Checker  *check.Checker
	Commands int // world commands given
}

// player is a run under way.
type player struct {
	Run
	waits *check.Waits
	view  view.View
	fed   uint64
}

// Play carries out a command list in a run with this seed.
func Play(l *labs.Lab, seed uint64, steps []labs.Step) (*Run, error) {
	waits, err := check.NewWaits(l)
	if err != nil {
		return nil, err
	}
	return play(l, seed, steps, waits)
}

func play(l *labs.Lab, seed uint64, steps []labs.Step, waits *check.Waits) (*Run, error) {
	h, err := l.Start(seed)
	if err != nil {
		return nil, err
	}
	p := &player{Run: Run{Header: h}, waits: waits, view: view.New()}
	if p.Checker, err = check.New(l, h.Params); err != nil {
		return nil, err
	}
	if p.World, err = journal.Open(h); err != nil {
		return nil, fmt.Errorf("%s: %w", l.Folder(), err)
	}
	p.feed()
	for _, s := range steps {
		if err := p.step(s); err != nil {
			return nil, err
		}
	}
	if !p.Checker.Finished() {
		p.settle()
	}
	return &p.Run, p.Checker.Err()
}

// feed passes on what has happened since.
func (p *player) feed() {
	for e := range p.World.Events().Since(p.fed + 1) {
		p.Checker.Feed(e)
		view.Reduce(&p.view, e)
		p.fed = e.N
	}
}

// step waits for a line's turn and gives its command.
func (p *player) step(s labs.Step) error {
	e, err := s.Fill(p.Header.Params)
	if err != nil {
		return err
	}
	if e.Wait != "" {
		if err := p.wait(labs.Predicate{Source: e.Wait, Pos: s.Pos}); err != nil {
			return err
		}
	}
	c, err := stack.ParseCommand(e.Op, "", e.Args)
	if err == nil {
		err = p.World.Check(c)
	}
	if err != nil {
		return &labs.Fault{Pos: s.Pos, Msg: fmt.Sprintf("%s: %v", e.Op, err)}
	}
	p.record(e.Op, e.Args)
	p.World.Apply(c)
	if !stack.IsNote(e.Op) {
		p.Commands++
	}
	p.feed()
	return nil
}

// record journals an entry at the present position.
func (p *player) record(op string, args json.RawMessage) {
	seq := uint64(len(p.Entries) + 1)
	p.Entries = append(p.Entries, journal.Entry{Seq: seq, Step: p.World.Steps(), T: p.World.Now(),
		N: p.World.Events().Len(), CID: fmt.Sprintf("trial-%d", seq), Op: op, Args: args})
}

// wait lets the world go on until src holds.
func (p *player) wait(src labs.Predicate) error {
	if err := p.waits.Compile(src); err != nil {
		return err
	}
	until := p.World.Now().Add(maxWait)
	seen := uint64(0)
	for range maxWaitSteps {
		if seen != p.fed {
			seen = p.fed
			ok, err := p.waits.Holds(src, p.Header.Params, &p.view)
			if ok || err != nil {
				return err
			}
		}
		if !p.advance(until) {
			break
		}
	}
	return &labs.Fault{Pos: src.Pos,
		Msg: fmt.Sprintf("waited until %s, when nothing more was to happen "+
			"soon, and it never held: %s", p.World.Now(), src.Source)}
}

// advance processes one queue entry if it is due by until.
func (p *player) advance(until sim.Time) bool {
	at, ok := p.World.NextAt()
	if !ok || at > until || !p.World.Step() {
		return false
	}
	p.feed()
	return true
}

// settle lets what is under way come to its end and notes the time, so that the journal
// reaches as far as the verdicts do.
func (p *player) settle() {
	until := p.World.Now().Add(settle)
	for range maxWaitSteps {
		if !p.advance(until) {
			break
		}
	}
	p.record(journal.OpClock, json.RawMessage(`{"playing":false,"speed":1}`))
}
