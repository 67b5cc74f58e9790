package check

import (
	"cel.dev/cel-go/common/types"

	"labserver/labs"
	"labserver/stack/sim"
	"labserver/stack/view"
)

// Wait is a predicate a command list waits for, over the view v and the time t in ns.
type Wait struct {
	pred *predicate
	vars vars
}

// NewWait compiles what a line of a command list waits for. It looks at v as it is
// whenever Holds is called.
func NewWait(l *labs.Lab, params map[string]string, src labs.Predicate, v *view.View) (*Wait, error) {
	names := make([]string, 0, len(l.Params))
	for _, p := range l.Params {
		names = append(names, p.Name)
	}
	c, err := newCompiler(names)
	if err != nil {
		return nil, err
	}
	p, err := c.compile(src, onWait)
	if err != nil {
		return nil, err
	}
	return &Wait{pred: p, vars: newVars(v, params)}, nil
}

// Holds evaluates the predicate at the instant t.
func (w *Wait) Holds(t sim.Time) (bool, error) {
	w.vars.t = types.Int(t)
	ok, err := eval(w.pred.prog, &w.vars)
	if err != nil {
		return false, &labs.Fault{Pos: w.pred.src.Pos, Msg: err.Error() + " in: " + w.pred.src.Source}
	}
	return ok, nil
}
