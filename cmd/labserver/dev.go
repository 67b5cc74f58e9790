package main

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"labserver/static"
)

// rebuildEvery is how often --dev looks for changed sources.
const rebuildEvery = 500 * time.Millisecond

// develop builds the front end with source maps into a folder of its own, serves it from
// there and builds it again when a source changes, until ctx ends. done removes the folder.
func develop(ctx context.Context, log *slog.Logger) (
	assets *static.Assets, done func(), err error) {
	out, err := os.MkdirTemp("", "labserver-dev-")
	if err != nil {
		return nil, nil, err
	}
	done = func() { os.RemoveAll(out) }
	if err := bundle(ctx, out); err != nil {
		done()
		return nil, nil, wrongf("--dev could not build static/src: %v; run `npm ci` in static/ first",
			err)
	}
	go func() {
		last := newest("static/src")
		for ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-time.After(rebuildEvery):
			}
			if now := newest("static/src"); now.After(last) {
				last = now
				if err := bundle(ctx, out); err != nil {
					log.Error("front end not built", "err", err)
					continue
				}
				log.Info("front end built")
			}
		}
	}()
	return static.Dir(os.DirFS(out)), done, nil
}

// sourcesHere refuses --dev where there is nothing to build from.
func sourcesHere() error {
	if _, err := os.Stat("static/src"); err != nil {
		return wrongf("--dev builds from the sources, and there is no static/src here; " +
			"run it in the repository's folder")
	}
	return nil
}

func bundle(ctx context.Context, out string) error {
	cmd := exec.CommandContext(ctx, "go", "run", "./bundle", "-dev", "-out", out)
	cmd.Dir = "static"
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// newest is when a file under dir last changed.
func newest(dir string) (t time.Time) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // a file that an editor is just replacing
		}
		if info, err := d.Info(); err == nil && info.ModTime().After(t) {
			t = info.ModTime()
		}
		return nil
	})
	return t
}
