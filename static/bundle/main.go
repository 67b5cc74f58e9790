// Command bundle makes static/dist from static/src: scripts and style sheets with
// esbuild, the icon sprite from the list in src/icons.txt, and
// THIRD_PARTY.txt with the licence of every library that went in.
//
// It runs in the folder static (go generate does that) and owns dist wholly: what it does
// not write there is removed. It must never touch the network; `npm ci` comes before it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// entries are the bundles: output name → source.
func entries() [][2]string {
	return [][2]string{
		{"workbench", "src/workbench/main.tsx"},
		{"site", "src/page/site.ts"},
		{"site", "src/css/site.css"},
	}
}

func main() {
	out := flag.String("out", "dist", "folder to write; what else is in it is removed")
	dev := flag.Bool("dev", false, "readable output with source maps")
	flag.Parse()
	if err := run(*out, *dev); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run(out string, dev bool) error {
	if _, err := os.Stat("node_modules/.package-lock.json"); err != nil {
		return errors.New("static/node_modules is missing: run `npm ci` in static/ first")
	}
	tmp, err := os.MkdirTemp("", "bundle-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	built := filepath.Join(tmp, "dist")
	meta := filepath.Join(tmp, "meta.json")
	if err := esbuild(built, meta, dev); err != nil {
		return err
	}
	icons, err := os.ReadFile("src/icons.txt")
	if err != nil {
		return err
	}
	sprite, err := Sprite(string(icons), os.DirFS("node_modules/lucide-static/icons"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(built, "icons.svg"), sprite, 0o644); err != nil {
		return err
	}
	metafile, err := os.ReadFile(meta)
	if err != nil {
		return err
	}
	notices, err := Notices(metafile, os.DirFS("node_modules"), "lucide-static")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(built, "THIRD_PARTY.txt"), notices, 0o644); err != nil {
		return err
	}
	return replace(out, built)
}

// esbuild bundles all entries in one call, so that shared settings cannot drift apart.
func esbuild(outdir, meta string, dev bool) error {
	args := []string{"tool", "-modfile=../tools/go.mod", "esbuild"}
	for _, e := range entries() {
		args = append(args, e[0]+"="+e[1])
	}
	args = append(args,
		"--bundle", "--format=esm", "--target=es2022", "--charset=utf8",
		"--jsx=automatic", "--jsx-import-source=preact",
		"--legal-comments=none", "--log-level=warning",
		"--outdir="+outdir, "--metafile="+meta)
	if dev {
		args = append(args, "--sourcemap=linked")
	} else {
		args = append(args, "--minify")
	}
	cmd := exec.Command("go", args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("esbuild: %w", err)
	}
	return nil
}

// replace makes out hold exactly what built holds, writing only what differs so that an
// unchanged file keeps its time.
func replace(out, built string) error {
	keep := map[string]bool{}
	err := filepath.WalkDir(built, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(built, path)
		if err != nil {
			return err
		}
		keep[rel] = true
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		to := filepath.Join(out, rel)
		if old, err := os.ReadFile(to); err == nil && string(old) == string(data) {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o644)
	})
	if err != nil {
		return err
	}
	return filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if rel, err := filepath.Rel(out, path); err != nil || keep[rel] {
			return err
		}
		return os.Remove(path)
	})
}
