package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"labserver/labs"
	"labserver/labs/trial"
)

type labCheckCmd struct {
	Dirs  []string `arg:"" name:"dir" help:"Folders of labs." placeholder:"DIR"`
	Seeds int      `help:"With how many seeds each list is tried." default:"100" env:"LABSERVER_LAB_CHECK_SEEDS"`
}

// Run tries every lab: its solution must meet every goal, doing nothing must meet none,
// and each typical mistake must fail where it says. A lab that does not is a failure.
func (c labCheckCmd) Run(s streams) error {
	if c.Seeds < 1 {
		return wrongf("--seeds %d is not a number from 1; leave it away for %d", c.Seeds, trial.Seeds)
	}
	for _, dir := range c.Dirs {
		if err := holdsLab(dir); err != nil {
			return err
		}
	}
	sound := true
	for _, dir := range c.Dirs {
		table, err := trial.CheckDir(dir, c.Seeds)
		if err != nil {
			for _, line := range lines(err) {
				fmt.Fprintf(s.out, "%s: %s\n", dir, line)
			}
			sound = false
			continue
		}
		fmt.Fprint(s.out, table)
		sound = sound && table.OK()
	}
	if !sound {
		fmt.Fprintln(s.err, "labserver: lab check: not every lab did what it says; see above")
		return errFailed
	}
	return nil
}

// holdsLab refuses a folder that is none or holds no lab.
func holdsLab(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return wrongf("lab folder %s: %v; name a folder that holds a lab.yaml", dir, cause(err))
	case !info.IsDir():
		return wrongf("lab folder %s is a file; name the folder that holds it", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "lab.yaml")); err != nil {
		return wrongf("lab folder %s holds no lab.yaml; name a folder that does", dir)
	}
	return nil
}

// loadFolder loads one lab's folder from disk.
func loadFolder(dir string) (*labs.Lab, error) {
	if err := holdsLab(dir); err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	lab, err := labs.LoadLab(os.DirFS(dir), filepath.Base(abs))
	if err != nil {
		return nil, wrongf("lab folder %s: %v; `labserver lab check %s` lists all mistakes",
			dir, lines(err)[0], dir)
	}
	return lab, nil
}

// lines splits joined errors into one line each.
func lines(err error) []string {
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) {
		var all []string
		for _, e := range many.Unwrap() {
			all = append(all, lines(e)...)
		}
		return all
	}
	return []string{fmt.Sprint(err)}
}
