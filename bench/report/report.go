// Package report holds what a run of the benchmarks found, and prints it: as a table for
// people, as JSON for programs.
//
// It must never measure, and never judge a figure that has no target in the requirements.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"labserver/bench/sample"
)

// Row is one figure: ours, and what it is compared with.
type Row struct {
	ID      string    `json:"id"`   // "bulk.quiet.1core.segments"
	Group   string    `json:"-"`    // the heading it stands under
	What    string    `json:"what"` // in words
	Unit    string    `json:"unit"`
	Ours    Figure    `json:"ours"`
	Against string    `json:"against,omitempty"` // "gVisor, 64 KiB buffers"
	Theirs  Figure    `json:"theirs,omitempty"`
	Ratio   float64   `json:"ratio,omitempty"` // how many times better ours is; 0: nothing to compare
	Target  *Target   `json:"target,omitempty"`
	Verdict Verdict   `json:"verdict,omitempty"`
	Better  Direction `json:"-"`
}

// Figure is the median of several runs, and the runs. The zero value: not measured.
type Figure struct {
	Median float64   `json:"median"`
	Runs   []float64 `json:"runs"`
}

// Of returns the figure of some runs.
func Of(runs ...float64) Figure { return Figure{sample.Median(runs), runs} }

// Measured reports whether there is anything in it.
func (f Figure) Measured() bool { return len(f.Runs) > 0 }

// Direction says which of two figures is the better one.
type Direction int

// More is better, or less is.
const (
	More Direction = iota
	Less
)

// Verdict says whether a target was reached.
type Verdict string

// The verdicts; the zero value is for rows without a target.
const (
	OK     Verdict = "ok"
	Missed Verdict = "MISSED"
)

// Target is what a requirement asks of a row.
type Target struct {
	Of    Subject `json:"of"`
	AtMin bool    `json:"at_least"` // else at most
	Value float64 `json:"value"`
}

// Subject is the part of a row that a target is about.
type Subject string

// The subjects.
const (
	OfRatio Subject = "ratio"
	OfOurs  Subject = "ours"
)

// AtLeast returns a target that a figure must reach.
func AtLeast(of Subject, v float64) *Target { return &Target{of, true, v} }

// AtMost returns a target that a figure must not pass.
func AtMost(of Subject, v float64) *Target { return &Target{of, false, v} }

// String is "ratio ≥ 10", "≤ 12 288".
func (t *Target) String() string {
	sign := "≤ "
	if t.AtMin {
		sign = "≥ "
	}
	if t.Of == OfRatio {
		return "ratio " + sign + number(t.Value)
	}
	return sign + number(t.Value)
}

// Report is a run of the benchmarks.
type Report struct {
	Machine string   `json:"machine"`
	Rows    []Row    `json:"rows"`
	Notes   []string `json:"notes"`
}

// Add judges a row and adds it.
func (r *Report) Add(row Row) {
	if row.Theirs.Measured() && row.Theirs.Median != 0 && row.Ours.Median != 0 {
		row.Ratio = row.Ours.Median / row.Theirs.Median
		if row.Better == Less {
			row.Ratio = 1 / row.Ratio
		}
	}
	row.Verdict = row.judge()
	r.Rows = append(r.Rows, row)
}

// Judge gives a row a target after all.
func (row *Row) Judge(t *Target) {
	row.Target = t
	row.Verdict = row.judge()
}

func (row Row) judge() Verdict {
	if row.Target == nil {
		return ""
	}
	v := row.Ours.Median
	if row.Target.Of == OfRatio {
		if v = row.Ratio; v == 0 {
			return "" // nothing to compare with was measured
		}
	}
	if row.Target.AtMin && v >= row.Target.Value || !row.Target.AtMin && v <= row.Target.Value {
		return OK
	}
	return Missed
}

// Note adds a sentence that the reader needs beside the figures.
func (r *Report) Note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// Missed returns how many targets were missed.
func (r *Report) Missed() int {
	n := 0
	for _, row := range r.Rows {
		if row.Verdict == Missed {
			n++
		}
	}
	return n
}

// JSON writes the report for programs.
func (r *Report) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// Table writes the report for people.
func (r *Report) Table(w io.Writer) error {
	cells := [][]string{{"", "unit", "ours", "other", "ratio", "target", "", "other is"}}
	for i, row := range r.Rows {
		if i == 0 || r.Rows[i-1].Group != row.Group {
			cells = append(cells, []string{""}, []string{strings.ToUpper(row.Group)})
		}
		cells = append(cells, row.cells())
	}
	var b strings.Builder
	b.WriteString(r.Machine + "\n\n")
	for _, line := range align(cells) {
		b.WriteString(line + "\n")
	}
	b.WriteString("\n")
	for _, n := range r.Notes {
		b.WriteString("- " + n + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (row Row) cells() []string {
	c := []string{"  " + row.What, row.Unit, number(row.Ours.Median), "", "", "", string(row.Verdict),
		row.Against}
	if row.Theirs.Measured() {
		c[3] = number(row.Theirs.Median)
	}
	if row.Ratio != 0 {
		c[4] = number(row.Ratio) + " ×"
	}
	if row.Target != nil {
		c[5] = row.Target.String()
	}
	return c
}

// align pads the cells of each column; figures stand at the right. A line with one cell is
// a heading and counts for no width.
func align(cells [][]string) []string {
	var widths []int
	for _, line := range cells {
		for i, c := range line {
			if len(line) == 1 {
				continue
			}
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	var lines []string
	for _, line := range cells {
		var b strings.Builder
		for i, c := range line {
			if len(line) == 1 {
				b.WriteString(c)
				break
			}
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			if i >= 2 && i <= 4 {
				b.WriteString(pad + c + "  ")
			} else {
				b.WriteString(c + pad + "  ")
			}
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return lines
}

// number writes a figure with three digits that count, and thin groups of thousands.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a == 0:
		return "0"
	case a < 0.01:
		return strconv.FormatFloat(v, 'f', 4, 64)
	case a < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case a < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	s := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		if s[i-1] != '-' {
			s = s[:i] + "\u202f" + s[i:]
		}
	}
	return s
}
