package session

// recentAnswers is how many answers a session remembers.
const recentAnswers = 256

// answers remembers the last results by cid, so that a resend is answered alike even
// for commands that are not journaled. The zero value is empty.
type answers struct {
	byCid map[string]Result
	order []string // oldest first
}

func (a *answers) find(cid string) (Result, bool) {
	r, ok := a.byCid[cid]
	return r, ok
}

func (a *answers) keep(cid string, r Result) {
	if a.byCid == nil {
		a.byCid = make(map[string]Result)
	}
	if len(a.order) == recentAnswers {
		delete(a.byCid, a.order[0])
		a.order = append(a.order[:0], a.order[1:]...)
	}
	a.byCid[cid] = r
	a.order = append(a.order, cid)
}
