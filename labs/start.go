package labs

import (
	"encoding/json"
	"strconv"

	"labserver/stack"
	"labserver/stack/journal"
)

// Start returns the header of a run with this seed: the parameters drawn from it and
// the start world with them in place. Build is left to the caller.
func (l *Lab) Start(seed uint64) (journal.Header, error) {
	params := l.Draw(seed)
	h := journal.Header{
		Format:    journal.Format,
		Behaviour: stack.Behaviour,
		Lab:       journal.Lab{Slug: l.Slug, Digest: l.Digest},
		Params:    params,
		World:     journal.World{Profile: l.Profile},
		Seed:      strconv.FormatUint(seed, 10),
	}
	for _, c := range l.World {
		args := SubstituteJSON(c.Args, params)
		if !json.Valid([]byte(args)) {
			return journal.Header{}, &Fault{c.Pos, "with the drawn parameters this is not JSON: " + args}
		}
		h.World.Commands = append(h.World.Commands,
			journal.Entry{Op: c.Op, Args: json.RawMessage(args)})
	}
	return h, nil
}
