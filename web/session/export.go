package session

import (
	"context"
	"errors"
	"fmt"

	"labserver/stack/capture"
	"labserver/web/app"
)

// Export writes a run, as far as it has gone, as a capture file: no 0 means the last run.
// It replays the run for itself, as few at once as Limits.Exports says; out is called with
// each part, which is good until it returns. A run that was read from a capture is that
// file again.
func (m *Manager) Export(ctx context.Context, id app.SessionID, no int, opt capture.Options,
	out func([]byte) error,
) (err error) {
	p, err := m.past(ctx, id, no)
	if errors.Is(err, app.ErrCapture) {
		file, err := m.Capture(ctx, id)
		if err != nil {
			return err
		}
		return out(file.Octets)
	}
	if err != nil {
		return err
	}
	select {
	case m.exports <- struct{}{}:
		defer func() { <-m.exports }()
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() {
		if v := recover(); v != nil {
			err = app.ErrBroken.Because(fmt.Errorf("capture: %v", v))
		}
	}()
	run, err := capture.Open(p.header, opt)
	if err != nil {
		return app.ErrBroken.Because(err)
	}
	var gone error // why a part could not be given away
	part := func(b []byte) error {
		if gone = ctx.Err(); gone == nil {
			gone = out(b)
		}
		return gone
	}
	for _, step := range []func() error{
		func() error { return run.Follow(p.entries, part) },
		func() error { return run.Reach(p.at.step, p.at.t, part) },
		func() error { return run.End(part) },
	} {
		switch err := step(); {
		case gone != nil:
			return gone
		case err != nil:
			return app.ErrBroken.Because(err)
		}
	}
	return nil
}
