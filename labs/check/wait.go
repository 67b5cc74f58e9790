package check

import (
	"labserver/labs"
	"labserver/stack/view"
)

// Waits evaluates what the lines of a lab's command lists wait for: predicates on the
// view. It compiles each once and is not safe for concurrent use.
type Waits struct {
	compiler *compiler
	compiled map[string]*predicate
}

// NewWaits makes the evaluator for one lab.
func NewWaits(l *labs.Lab) (*Waits, error) {
	c, err := newCompiler(l)
	if err != nil {
		return nil, err
	}
	return &Waits{compiler: c, compiled: map[string]*predicate{}}, nil
}

// Compile reads src; its error is the author's, with file and line.
func (w *Waits) Compile(src labs.Predicate) error {
	if w.compiled[src.Source] != nil {
		return nil
	}
	p, err := w.compiler.compile(src, onView)
	if err == nil {
		w.compiled[src.Source] = p
	}
	return err
}

// Holds evaluates src, which has been compiled, over a view.
func (w *Waits) Holds(src labs.Predicate, params map[string]string, v *view.View) (bool, error) {
	vars := newVars(v, params)
	ok, err := eval(w.compiled[src.Source].prog, &vars)
	if err != nil {
		return false, &labs.Fault{Pos: src.Pos, Msg: err.Error() + " in: " + src.Source}
	}
	return ok, nil
}
