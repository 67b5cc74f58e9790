package labs

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Limits of one lab: past them it is refused, never slow.
const (
	MaxFile      = 256 << 10 // octets of one file
	MaxPredicate = 2000      // octets of one predicate
	maxFiles     = 64
	maxGoals     = 64
	maxSteps     = 16 // of one find
	maxHints     = 16 // of one goal
	maxParams    = 64
	maxWorld     = 500
	maxCommands  = 5000 // of one command list
)

var (
	folderName = regexp.MustCompile(`^([0-9]{2})-([a-z0-9]+(?:-[a-z0-9]+)*)$`)
	fileName   = regexp.MustCompile(
		`^(lab\.yaml|lab\.(ko|en)\.md|solution\.jsonl|wrong-[a-z0-9-]+\.jsonl)$`)
)

// Folder returns the name of the lab's folder, NN-slug.
func (l *Lab) Folder() string { return fmt.Sprintf("%02d-%s", l.Number, l.Slug) }

// Load reads every lab folder of fsys. Files beside the folders are left alone. The
// error holds all mistakes found, one a line, each with file and line.
func Load(fsys fs.FS) (*Catalog, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("labs: read the catalog: %w", err)
	}
	c := &Catalog{}
	var errs []error
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		sub, err := fs.Sub(fsys, e.Name())
		if err != nil {
			return nil, fmt.Errorf("labs: open %s: %w", e.Name(), err)
		}
		l, err := LoadLab(sub, e.Name())
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.labs = append(c.labs, l)
	}
	sortLabs(c.labs)
	errs = append(errs, c.crossCheck()...)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return c, nil
}

// crossCheck finds what no single lab shows.
func (c *Catalog) crossCheck() (errs []error) {
	for i, l := range c.labs {
		if i > 0 && (c.labs[i-1].Number == l.Number || c.labs[i-1].Slug == l.Slug) {
			errs = append(errs, fmt.Errorf("%s: number or name is that of %s; choose another",
				l.Folder(), c.labs[i-1].Folder()))
		}
		for _, p := range l.Prerequisites {
			if _, ok := c.Lab(p); !ok && len(c.labs) > 1 {
				errs = append(errs, fmt.Errorf("%s/lab.yaml:1: prerequisite %q is no lab of this catalog",
					l.Folder(), p))
			}
		}
	}
	return errs
}

// LoadLab reads one lab folder, whose own name is given beside it.
func LoadLab(fsys fs.FS, folder string) (*Lab, error) {
	m := folderName.FindStringSubmatch(folder)
	if m == nil {
		return nil, fmt.Errorf("%s: a lab's folder is called NN-name, such as 04-two-sockets", folder)
	}
	files, err := readFiles(fsys, folder)
	if err != nil {
		return nil, err
	}
	number, _ := strconv.Atoi(m[1])
	l := &Lab{Number: number, Slug: m[2], Digest: digest(files), texts: map[string]page{}}
	bad := &faults{}
	l.readYAML(&reader{faults: bad, file: path.Join(folder, "lab.yaml")}, files["lab.yaml"])
	if len(bad.list) == 0 {
		l.readLists(bad, folder, files)
		l.readTexts(bad, folder, files)
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	return l, nil
}

// readFiles reads the files of a lab, normalized, and refuses what is no part of one.
func readFiles(fsys fs.FS, folder string) (map[string][]byte, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("%s: read the folder: %w", folder, err)
	}
	if len(entries) > maxFiles {
		return nil, fmt.Errorf("%s: has %d files; at most %d are allowed", folder, len(entries), maxFiles)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		name := path.Join(folder, e.Name())
		if e.IsDir() || !fileName.MatchString(e.Name()) {
			return nil, fmt.Errorf("%s: no part of a lab (lab.yaml, lab.ko.md, lab.en.md, "+
				"solution.jsonl, wrong-*.jsonl); move it elsewhere", name)
		}
		if info, err := e.Info(); err == nil && info.Size() > MaxFile {
			return nil, fmt.Errorf("%s: has %d octets; at most %d are allowed", name, info.Size(), MaxFile)
		}
		b, err := fs.ReadFile(fsys, e.Name())
		if err != nil {
			return nil, fmt.Errorf("%s: read: %w", name, err)
		}
		files[e.Name()] = normalize(b)
	}
	for _, must := range []string{"lab.yaml", "lab.ko.md", "lab.en.md", "solution.jsonl"} {
		if files[must] == nil {
			return nil, fmt.Errorf("%s: is missing; every lab has it", path.Join(folder, must))
		}
	}
	return files, nil
}

// normalize makes the same text the same octets on every system.
func normalize(b []byte) []byte {
	s := strings.TrimPrefix(string(b), "\uFEFF")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return []byte(s)
}

// digest names a lab by its content: every file's name, length and text, by name.
func digest(files map[string][]byte) string {
	names := make([]string, 0, len(files))
	for n := range files {
		names = append(names, n)
	}
	sort.Strings(names)
	h := sha256.New()
	var n [8]byte
	put := func(b []byte) {
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	for _, name := range names {
		put([]byte(name))
		put(files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// readLists reads the solution and the wrong solutions.
func (l *Lab) readLists(bad *faults, folder string, files map[string][]byte) {
	var names []string
	for n := range files {
		if strings.HasPrefix(n, "wrong-") {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	_, l.Solution = l.readList(bad, path.Join(folder, "solution.jsonl"), files["solution.jsonl"],
		false)
	for _, n := range names {
		w, steps := l.readList(bad, path.Join(folder, n), files[n], true)
		w.Name, w.Steps = n, steps
		l.Wrong = append(l.Wrong, w)
	}
}
