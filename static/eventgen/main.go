// Command eventgen writes what everybody must know alike of events, views and commands,
// from the Go sources that define them:
//
//	stack/event/encode_gen.go   the codec without reflection, and SchemaHash
//	static/src/gen/wire.ts      the same types in TypeScript
//	static/src/gen/schema.json  the JSON Schema of the stream
//
// It must never import what it describes: it reads sources, so that it runs even when
// the generated code is behind them. It is run by go generate in stack/event. Read
// load.go first, then one writer.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	root := flag.String("root", ".", "folder of the module")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, "eventgen:", err)
		os.Exit(1)
	}
}

// run writes the files that changed, each beside a complete new copy of itself.
func run(root string) error {
	files, err := Generate(root)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(root, name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, files[name]) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Generate returns the files by their names under root.
func Generate(root string) (map[string][]byte, error) {
	m, err := Load(root)
	if err != nil {
		return nil, err
	}
	schema, err := Schema(m)
	if err != nil {
		return nil, err
	}
	hash := Hash(schema)
	code, err := GoCode(m, hash)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"stack/event/encode_gen.go":  code,
		"static/src/gen/wire.ts":     TypeScript(m, hash),
		"static/src/gen/schema.json": schema,
	}, nil
}
