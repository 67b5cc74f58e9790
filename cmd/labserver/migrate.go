package main

import (
	"context"
	"fmt"
	"path/filepath"

	"labserver/web/store/sqlite"
)

type migrateCmd struct {
	dataFlag
}

// Run makes the database if need be and brings its schema up to date. `serve` does the
// same at its start.
func (c migrateCmd) Run(ctx context.Context, s streams) error {
	if err := openFolder(c.Data); err != nil {
		return err
	}
	path := filepath.Join(c.Data, databaseFile)
	if err := storeError(c.Data, sqlite.Migrate(ctx, path)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.out, "%s: the schema is up to date\n", path)
	return err
}
