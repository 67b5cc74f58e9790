package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Notices writes the licence texts of the npm packages that esbuild's metafile names as
// inputs, and of those in also, in order of name.
func Notices(metafile []byte, modules fs.FS, also ...string) ([]byte, error) {
	var meta struct {
		Inputs map[string]json.RawMessage `json:"inputs"`
	}
	if err := json.Unmarshal(metafile, &meta); err != nil {
		return nil, fmt.Errorf("metafile: %w", err)
	}
	packages := map[string]bool{}
	for _, name := range also {
		packages[name] = true
	}
	for input := range meta.Inputs {
		if name := packageOf(input); name != "" {
			packages[name] = true
		}
	}
	var out bytes.Buffer
	out.WriteString("The files beside this one contain work of others, under these licences.\n")
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		if err := notice(&out, modules, name); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// packageOf returns the npm package an input path belongs to; "" if it is our own.
func packageOf(input string) string {
	_, path, ok := strings.Cut(input, "node_modules/")
	if !ok {
		return ""
	}
	parts := strings.SplitN(path, "/", 3)
	if strings.HasPrefix(parts[0], "@") && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

func notice(out *bytes.Buffer, modules fs.FS, name string) error {
	manifest, err := fs.ReadFile(modules, name+"/package.json")
	if err != nil {
		return err
	}
	var pkg struct{ Version, License string }
	if err := json.Unmarshal(manifest, &pkg); err != nil {
		return fmt.Errorf("%s/package.json: %w", name, err)
	}
	var text []byte
	for _, file := range []string{"LICENSE", "LICENSE.md", "LICENSE.txt", "license"} {
		if text, err = fs.ReadFile(modules, name+"/"+file); err == nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%s ships no licence text: it cannot be bundled", name)
	}
	rule := strings.Repeat("=", 72)
	fmt.Fprintf(out, "\n%s\n%s %s (%s)\n%s\n\n%s\n",
		rule, name, pkg.Version, pkg.License, rule, bytes.TrimSpace(text))
	return nil
}
