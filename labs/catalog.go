package labs

import (
	"embed"
	"io/fs"
	"sort"
)

//go:embed catalog
var catalogFiles embed.FS

// Catalog is a set of labs. It is immutable and safe for concurrent use.
type Catalog struct{ labs []*Lab }

// Embedded returns the labs that are built in.
func Embedded() (*Catalog, error) {
	sub, err := fs.Sub(catalogFiles, "catalog")
	if err != nil {
		return nil, err
	}
	return Load(sub)
}

// All returns the labs by number.
func (c *Catalog) All() []*Lab { return c.labs }

// Lab finds a lab by its slug or by its folder's whole name.
func (c *Catalog) Lab(slug string) (*Lab, bool) {
	for _, l := range c.labs {
		if slug == l.Slug || slug == l.Folder() {
			return l, true
		}
	}
	return nil, false
}

// ByDigest finds the very version of a lab that a run pins.
func (c *Catalog) ByDigest(digest string) (*Lab, bool) {
	for _, l := range c.labs {
		if digest == l.Digest {
			return l, true
		}
	}
	return nil, false
}

// sortLabs puts labs in the order of their numbers, then of their slugs.
func sortLabs(all []*Lab) {
	sort.Slice(all, func(i, j int) bool {
		if all[i].Number != all[j].Number {
			return all[i].Number < all[j].Number
		}
		return all[i].Slug < all[j].Slug
	})
}
