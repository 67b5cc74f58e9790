package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"labserver/migrations"
)

// Migrate brings the schema of a database up to date and closes it again.
func Migrate(ctx context.Context, path string) (err error) {
	l, err := lockFile(path + ".lock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.release()) }()
	db, err := openDB(path, 1, "rwc")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := checkDurable(ctx, db); err != nil {
		return err
	}
	return migrate(ctx, db)
}

// migrate applies the steps that are missing, and refuses a schema from the future.
func migrate(ctx context.Context, db *sql.DB) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.SQLite())
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	want, err := newest()
	if err != nil {
		return err
	}
	if have > want {
		return fmt.Errorf("the database has schema %d, newer than this program's %d: "+
			"use a newer labserver", have, want)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// newest returns the version of the last step.
func newest() (int64, error) {
	files, err := fs.Glob(migrations.SQLite(), "*.sql")
	if err != nil {
		return 0, fmt.Errorf("migrations: %w", err)
	}
	last := int64(0)
	for _, name := range files {
		v, err := goose.NumericComponent(name)
		if err != nil {
			return 0, fmt.Errorf("migrations: %w", err)
		}
		last = max(last, v)
	}
	return last, nil
}
