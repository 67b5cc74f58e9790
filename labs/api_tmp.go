package labs

import (
	"io/fs"

	"labserver/stack/journal"
)

// Load reads a catalog.
func Load(fsys fs.FS) (*Catalog, error) { return &Catalog{}, nil }

// Folder returns NN-slug.
func (l *Lab) Folder() string { return l.Slug }

// Text returns what the lab says in lang, with the parameters' readable values.
func (l *Lab) Text(lang string) Text { return Text{Lang: lang} }

// Start draws the parameters from seed and returns the header of a run.
func (l *Lab) Start(seed uint64) (journal.Header, error) { return journal.Header{}, nil }

// Param is one drawn parameter.
type Param struct{ Name string }

type page struct{}
