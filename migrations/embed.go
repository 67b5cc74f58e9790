// Package migrations is the database schema as numbered steps, embedded in the binary.
//
// A file that has been released is never edited: a change is another file. Each step
// expands first and contracts a release later, so that two versions can run together.
// Read docs/journal.md §7.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed sqlite/*.sql
var files embed.FS

// SQLite returns the steps for SQLite, at the root of the file system.
func SQLite() fs.FS {
	sub, err := fs.Sub(files, "sqlite")
	if err != nil {
		panic("BUG: embedded folder sqlite: " + err.Error())
	}
	return sub
}
