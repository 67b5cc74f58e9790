package static

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"strings"
	"testing"
)

// A lab page may cost a phone on a poor line this much, compressed.
const (
	maxScripts = 120 << 10
	maxStyles  = 15 << 10
)

func TestTheBuiltFilesKeepTheirSizeBudget(t *testing.T) {
	size := map[string]int{}
	err := fs.WalkDir(files, "dist", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		ext := path[strings.LastIndexByte(path, '.'):]
		n := gzipped(t, data)
		size[ext] += n
		t.Logf("%-28s %7d octets, %6d gzipped", path, len(data), n)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for ext, limit := range map[string]int{".js": maxScripts, ".css": maxStyles} {
		if n := size[ext]; n == 0 || n > limit {
			t.Errorf("%s files in dist: %d octets gzipped, want more than 0 and at most %d",
				ext, n, limit)
		}
	}
}

func TestTheBuiltFilesCarryNoSourceMapAndNoForeignAddress(t *testing.T) {
	err := fs.WalkDir(files, "dist", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == "dist/THIRD_PARTY.txt" {
			return err
		}
		data, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		if bytes.Contains(data, []byte("sourceMappingURL")) {
			t.Errorf("%s names a source map: it was built with -dev", path)
		}
		// Names of XML namespaces are words, not requests; preact and the sprite hold them.
		text := strings.ReplaceAll(string(data), "http://www.w3.org/", "")
		for _, scheme := range []string{"http://", "https://"} {
			if i := strings.Index(text, scheme); i >= 0 {
				t.Errorf("%s holds a foreign address: %.60q", path, text[i:])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func gzipped(t *testing.T, data []byte) int {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}
