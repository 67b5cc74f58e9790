package tun_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"labserver/cmd/labserver/internal/tun"
	"labserver/stack"
	"labserver/stack/event"
)

// newLoudRig is newRig of a world that keeps its events, for what only they tell.
func newLoudRig(t *testing.T) *rig {
	t.Helper()
	return startRig(t, tun.Config{Name: "lab0", Addr: kernel4, Addr6: kernel6},
		pair+`link.add {"id":"wire","a":{"host":"K"},"b":{"host":"B"}}`, loud)
}

// command gives the world a command, "op {args}".
func (r *rig) command(format string, a ...any) {
	r.t.Helper()
	op, args, _ := strings.Cut(fmt.Sprintf(format, a...), " ")
	c, err := stack.ParseCommand(op, "", json.RawMessage(args))
	r.do(func() {
		if err == nil {
			err = r.runner.Apply(c)
		}
	})
	if err != nil {
		r.t.Fatalf("%s: %v", op, err)
	}
}

// await waits for the next event of a kind that was not returned before.
func await[B event.Body](r *rig) (body B) {
	r.t.Helper()
	r.soon(fmt.Sprintf("there is a %T", body), func() bool {
		for _, e := range r.world.Events().From(r.told + 1) {
			if b, ok := e.Body.(B); ok {
				body, r.told = b, e.N
				return true
			}
		}
		return false
	})
	return body
}
