package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"labserver/stack/journal"
)

// tunFiles are where a run with the outside is saved. They are made before it begins, so
// that it is not all for nothing.
type tunFiles struct {
	cmd     tunCmd
	journal *os.File
	capture *captureFile
}

// files makes the files that the flags name; they must be new.
func (c tunCmd) files(ctx context.Context, s streams) (*tunFiles, error) {
	f := &tunFiles{cmd: c}
	if c.Journal != "" {
		var err error
		f.journal, err = os.OpenFile(c.Journal, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, wrongf("--journal %s: %v; name a new file that you may write", c.Journal, cause(err))
		}
	}
	if c.Pcapng != "" {
		var err error
		f.capture, err = exportCmd{Pcapng: c.Pcapng}.create(ctx, s)
		if err != nil {
			f.discard()
			return nil, err
		}
	}
	return f, nil
}

// discard removes what was made for a run that never began.
func (f *tunFiles) discard() {
	if f.journal != nil {
		f.journal.Close()
		os.Remove(f.journal.Name())
	}
	if f.capture != nil {
		f.capture.discard()
	}
}

// write saves a run that is over.
func (f *tunFiles) write(r *journal.Recorder) error {
	if r == nil {
		return nil
	}
	r.Clock()
	var errs []error
	if f.journal != nil {
		_, err := f.journal.Write(r.File())
		if err = errors.Join(err, f.journal.Close()); err != nil {
			errs = append(errs, fmt.Errorf("write the journal: %w", err))
		}
	}
	if f.capture != nil {
		if err := f.export(r); err != nil {
			f.capture.discard()
			errs = append(errs, err)
		} else {
			errs = append(errs, f.capture.keep())
		}
	}
	return errors.Join(errs...)
}

// export plays the run again for its frames.
func (f *tunFiles) export(r *journal.Recorder) error {
	header, entries, err := journal.Decode(r.File())
	if err != nil {
		return fmt.Errorf("read the run again: %w", err)
	}
	cmd := exportCmd{Pcapng: f.cmd.Pcapng, Ends: "sent", Lang: "en"}
	opt, err := cmd.options()
	if err != nil {
		return err
	}
	return cmd.write(context.Background(), recorded{from: "this run", header: header, entries: entries}, opt, f.capture)
}
