package session

import (
	"context"

	"labserver/stack/sim"
	"labserver/web/app"
)

// Status is how a session stands, for a page whose socket was refused and for people
// who want to know without looking on. Code is empty while all is well.
type Status struct {
	OK       bool     `json:"ok"`
	Code     string   `json:"code,omitempty"` // "other_build", "broken", "draining", "full", "quota"
	Run      int      `json:"run"`
	LabSlug  string   `json:"lab"`
	Live     bool     `json:"live"` // in memory
	N        uint64   `json:"n"`
	T        sim.Time `json:"t"`
	Playing  bool     `json:"playing"`
	Finished bool     `json:"finished"`
}

// Status tells how a session stands, without loading it.
func (m *Manager) Status(ctx context.Context, id app.SessionID) (Status, error) {
	row, err := m.row(ctx, id)
	if err != nil {
		return Status{}, err
	}
	run, err := m.cfg.Store.Run(ctx, id, 0)
	if err != nil {
		return Status{}, notFound(err)
	}
	st := Status{OK: true, Run: run.No, LabSlug: run.LabSlug, Playing: row.Playing,
		Finished: !row.Finished.IsZero()}
	if s := m.inMemory(id); s != nil {
		err := s.post(ctx, func() {
			st.Live, st.Run, st.N, st.T = true, s.run.No, s.at.n, s.at.t
			st.Playing, st.Finished = s.pace.playing, s.finished && !s.recorded
			if s.broken != "" {
				st.OK, st.Code = false, app.ErrBroken.Code
			}
		})
		if err == nil {
			return st, nil
		}
	}
	_, full := m.admits(row.Owner)
	switch {
	case full != nil:
		st.OK, st.Code = false, app.Public(full).Code
	case run.Build != m.cfg.Build && run.LabSlug != app.CaptureSlug:
		st.OK, st.Code = false, app.ErrOtherBuild.Code
	case m.isDraining():
		st.OK, st.Code = false, app.ErrDraining.Code
	}
	return st, nil
}
