package session

import (
	"fmt"
	"slices"
	"sync"

	"labserver/stack"
	"labserver/stack/journal"
	"labserver/web/app"
)

// replayCache holds the last few runs that were computed again, with the octets of
// their frames. They only ever go forward, and never past the run they follow.
type replayCache struct {
	limit int

	mu   sync.Mutex
	list []*replay // the last used first
}

type replay struct {
	key string

	mu      sync.Mutex
	world   *stack.World
	applied uint64 // seq of the last entry applied
}

// with brings the replay of a run to its last entry and hands its world to f, which may
// go on to where the run stands. Nobody else uses that world meanwhile.
func (c *replayCache) with(key string, p past, f func(*stack.World)) (err error) {
	r := c.find(key)
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() {
		if v := recover(); v != nil {
			r.world = nil
			err = app.ErrBroken.Because(fmt.Errorf("replay: %v", v))
		}
	}()
	if err := r.follow(p); err != nil {
		r.world = nil
		return app.ErrBroken.Because(err)
	}
	f(r.world)
	return nil
}

// follow applies the entries that are new since the last time.
func (r *replay) follow(p past) error {
	if r.world == nil || r.ahead(p) {
		cfg, err := journal.Config(p.header)
		if err != nil {
			return err
		}
		cfg.KeepFrames = true
		if r.world, err = stack.New(cfg); err != nil {
			return err
		}
		r.applied = 0
	}
	for _, e := range p.entries {
		if e.Seq <= r.applied {
			continue // a clock entry that has been moved on is met again at the next command
		}
		if err := journal.Apply(r.world, e); err != nil {
			return err
		}
		r.applied = e.Seq
	}
	return nil
}

// ahead reports whether the replay has gone further than the run has: the session was
// dropped from memory and came back as its journal had it.
func (r *replay) ahead(p past) bool {
	for _, e := range p.entries {
		if e.Seq > r.applied && e.Step < r.world.Steps() {
			return true
		}
	}
	return r.world.Steps() > p.at.step
}

// find returns the replay of a run, making room for it if need be.
func (c *replayCache) find(key string) *replay {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.list, func(r *replay) bool { return r.key == key })
	if i < 0 {
		c.list = append(c.list, &replay{key: key})
		if len(c.list) > c.limit {
			c.list = slices.Delete(c.list, c.limit-1, c.limit)
		}
		i = len(c.list) - 1
	}
	r := c.list[i]
	copy(c.list[1:i+1], c.list[:i])
	c.list[0] = r
	return r
}
