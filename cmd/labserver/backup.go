package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

type backupCmd struct {
	dataFlag
	File string `arg:"" help:"New file for the copy."`
}

// Run writes a consistent copy of the database, also while a server writes to it. The
// copy is a data folder's database: put it into an empty folder and serve that.
func (c backupCmd) Run(ctx context.Context, s streams) error {
	if _, err := os.Lstat(c.File); err == nil {
		return wrongf("backup: %s exists already; name a new file", c.File)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return wrongf("backup: %s: %v; name a file you may write", c.File, cause(err))
	}
	if info, err := os.Stat(filepath.Dir(c.File)); err != nil || !info.IsDir() {
		return wrongf("backup: there is no folder %s; make it first", filepath.Dir(c.File))
	}
	db, err := openReader(ctx, c.Data)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Backup(ctx, c.File); err != nil {
		return err
	}
	if err := os.Chmod(c.File, 0o600); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	info, err := os.Stat(c.File)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	_, err = fmt.Fprintf(s.out, "%s: %d octets; to restore, put it as %s into an empty folder\n",
		c.File, info.Size(), databaseFile)
	return err
}
