// Package static is everything the browser gets: the built bundles in dist and how they
// are addressed and served.
//
// It must never hold a page or know of sessions. The bundles come from src by
// `go generate ./...`; dist is committed, so building the server needs no Node:
//
//	src/css/site.css        → dist/site.css        every page
//	src/page/site.ts        → dist/site.js         every page: theme, copy buttons
//	src/workbench/main.tsx  → dist/workbench.js    the island, and its style:
//	                          dist/workbench.css
package static

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

//go:embed all:dist favicon.svg
var files embed.FS

// Prefix is where the server mounts Assets.
const Prefix = "/static/"

// Assets is a set of built files under one content hash, so that every address of a
// build is immutable. The zero value is not useful; use Embedded or Dir.
type Assets struct {
	fsys fs.FS
	live bool // read the hash again for each page: development

	mu   sync.Mutex
	hash string
}

// Embedded returns the files compiled into the binary.
func Embedded() *Assets {
	dist, err := fs.Sub(files, "dist")
	if err != nil {
		panic("BUG: static/dist is not embedded: " + err.Error())
	}
	a := &Assets{fsys: dist}
	a.hash = mustHash(dist)
	return a
}

// Dir returns files that may change while the server runs (serve --dev).
func Dir(dist fs.FS) *Assets { return &Assets{fsys: dist, live: true} }

// Favicon returns the site's icon, an SVG image.
func Favicon() []byte {
	b, err := files.ReadFile("favicon.svg")
	if err != nil {
		panic("BUG: favicon.svg is not embedded: " + err.Error())
	}
	return b
}

// URL returns the address of the built file name: "/static/v-0123456789abcdef/site.css".
func (a *Assets) URL(name string) string {
	return Prefix + "v-" + a.version() + "/" + name
}

// Has reports whether the build holds name.
func (a *Assets) Has(name string) bool {
	_, err := fs.Stat(a.fsys, name)
	return err == nil
}

func (a *Assets) version() string {
	if !a.live {
		return a.hash
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if h, err := contentHash(a.fsys); err == nil {
		a.hash = h // a build in progress keeps the last good one
	}
	return a.hash
}

// ServeHTTP serves /static/v-{hash}/{name}. An address of another build is not found,
// rather than answered with bytes its hash does not name.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.Path, Prefix+"v-")
	hash, name, cut := strings.Cut(rest, "/")
	if !ok || !cut || hash != a.version() || !fs.ValidPath(name) {
		http.NotFound(w, r)
		return
	}
	body, err := fs.ReadFile(a.fsys, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	if a.live {
		w.Header().Set("Cache-Control", "no-store")
	} else {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
}

func mustHash(fsys fs.FS) string {
	h, err := contentHash(fsys)
	if err != nil {
		panic("BUG: embedded files cannot be read: " + err.Error())
	}
	return h
}

// contentHash digests every file's name and content in walking order, which is sorted.
func contentHash(fsys fs.FS) (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %d\n", name, len(b))
		sum.Write(b)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("hash static files: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}
