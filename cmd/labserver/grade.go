package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"labserver/labs"
	"labserver/labs/grade"
)

type gradeCmd struct {
	dataFlag
	Lab     string `arg:"" help:"A built-in lab's name, or a lab's folder."`
	Journal string `arg:"" help:"A journal file, or session:ID[/RUN] of the data folder." placeholder:"JOURNAL|session:ID[/RUN]"`
	JSON    bool   `help:"The whole report as JSON." env:"LABSERVER_GRADE_JSON"`
}

// Run prints a verdict per goal with the numbers of the events that show it. Unmet goals
// are a result, not a failure.
func (c gradeCmd) Run(ctx context.Context, s streams) error {
	lab, err := findLab(c.Lab)
	if err != nil {
		return err
	}
	rec, err := c.read(ctx, c.Journal)
	if err != nil {
		return err
	}
	report, err := grade.Grade(lab, rec.header, rec.entries)
	if err != nil {
		return wrongf("%s: %v", rec.from, err)
	}
	if c.JSON {
		out := json.NewEncoder(s.out)
		out.SetIndent("", "  ")
		return out.Encode(report)
	}
	for _, g := range report.Goals {
		evidence := "-"
		if len(g.Evidence) > 0 {
			evidence = "#" + strings.Trim(strings.ReplaceAll(fmt.Sprint(g.Evidence), " ", " #"), "[]")
		}
		fmt.Fprintf(s.out, "%-7s %-28s %d/%d  %s%s\n",
			g.State, g.ID, g.Points, g.OutOf, evidence, missing(g.Unmet))
	}
	handedIn := "not handed in"
	if report.Finished {
		handedIn = "handed in"
	}
	_, err = fmt.Fprintf(s.out, "%d of %d points, %d commands, %s\n",
		report.Points, report.OutOf, report.Commands, handedIn)
	return err
}

func missing(what string) string {
	if what == "" {
		return ""
	}
	return "  missing: " + what
}

// findLab takes a folder of that name if there is one, else a built-in lab.
func findLab(name string) (*labs.Lab, error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return loadFolder(name)
	}
	catalog, err := labs.Embedded()
	if err != nil {
		return nil, fmt.Errorf("the built-in labs: %w", err)
	}
	if lab, ok := catalog.Lab(name); ok {
		return lab, nil
	}
	var known []string
	for _, lab := range catalog.All() {
		known = append(known, lab.Slug)
	}
	return nil, wrongf("lab %q is neither a folder nor built in; built in are: %s",
		name, strings.Join(known, ", "))
}
