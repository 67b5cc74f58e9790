package web

// The pages' Go code comes from their templates. Both are committed, so building the
// server needs no generator.
//go:generate go tool -modfile=../tools/go.mod templ generate -log-level=warn
