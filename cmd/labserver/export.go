package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"labserver/stack"
	"labserver/stack/capture"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/web/i18n"
)

type exportCmd struct {
	dataFlag
	Journal string   `arg:"" help:"A journal file, or session:ID[/RUN] of the data folder." placeholder:"JOURNAL|session:ID[/RUN]"`
	Pcapng  string   `required:"" help:"New file for the capture; - is the standard output." placeholder:"FILE|-" env:"LABSERVER_EXPORT_PCAPNG"`
	Follow  bool     `help:"Go on as the session does, until it ends or nobody reads any more." env:"LABSERVER_EXPORT_FOLLOW"`
	Links   []string `help:"Only these links, such as l1,l2; lo is what hosts send to themselves." placeholder:"LINK" env:"LABSERVER_EXPORT_LINKS"`
	Hosts   []string `help:"Only what these hosts see, coming and going." placeholder:"HOST" env:"LABSERVER_EXPORT_HOSTS"`
	Ends    string   `help:"sent: each packet where it leaves (default); both: where it arrives, too." default:"sent" env:"LABSERVER_EXPORT_ENDS"`
	Lang    string   `help:"Language of the comments: en (default) or ko." default:"en" env:"LABSERVER_EXPORT_LANG"`
}

// errGone says that nobody reads any more, as when Wireshark is closed.
var errGone = errors.New("nobody reads any more")

// Run writes the frames of a run as a pcapng file.
func (c exportCmd) Run(ctx context.Context, s streams) error {
	opt, err := c.options()
	if err != nil {
		return err
	}
	if c.Follow && !strings.HasPrefix(c.Journal, "session:") {
		return wrongf("--follow: %s is a file, which does not go on; name session:ID", c.Journal)
	}
	rec, err := c.read(ctx, c.Journal)
	if err != nil {
		return err
	}
	// All of it is computed before anything is written: a damaged journal or a link that is
	// not there gives one line of error and no half of a file.
	w, err := rec.play(nil)
	if err != nil {
		return err
	}
	if err := checkNames(w, opt); err != nil {
		return err
	}
	// What reads the capture may be closed: then a write fails, rather than the process.
	signal.Ignore(syscall.SIGPIPE)
	defer signal.Reset(syscall.SIGPIPE)
	out, err := c.create(ctx, s)
	if err != nil {
		return err
	}
	err = c.write(ctx, rec, opt, out)
	if err == nil || errors.Is(err, errGone) {
		err = out.keep()
	} else {
		out.discard()
	}
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}

// options reads the flags.
func (c exportCmd) options() (capture.Options, error) {
	lang, ok := i18n.ParseLang(c.Lang)
	if !ok {
		return capture.Options{}, wrongf("--lang %q is no language here; use en or ko", c.Lang)
	}
	if c.Ends != "sent" && c.Ends != "both" {
		return capture.Options{}, wrongf("--ends %q is neither sent nor both", c.Ends)
	}
	opt := capture.Options{Both: c.Ends == "both",
		Words: func(e event.Event) string { return i18n.Explain(lang, e) }}
	for _, l := range c.Links {
		opt.Links = append(opt.Links, inet.LinkID(strings.TrimSpace(l)))
	}
	for _, h := range c.Hosts {
		opt.Hosts = append(opt.Hosts, inet.HostID(strings.TrimSpace(h)))
	}
	return opt, nil
}

// checkNames refuses a link or a host that the run never had.
func checkNames(w *stack.World, opt capture.Options) error {
	links, hosts := []inet.LinkID{capture.LoopbackLink}, []inet.HostID{}
	for _, e := range w.Events().From(1) {
		switch b := e.Body.(type) {
		case event.LinkAdded:
			links = append(links, b.Link)
		case event.HostAdded:
			hosts = append(hosts, e.Host)
		}
	}
	for _, l := range opt.Links {
		if !slices.Contains(links, l) {
			return wrongf("--links: this run has no link %q; it has %s", l, list(links))
		}
	}
	for _, h := range opt.Hosts {
		if !slices.Contains(hosts, h) {
			return wrongf("--hosts: this run has no host %q; it has %s", h, list(hosts))
		}
	}
	return nil
}

func list[T ~string](names []T) string {
	var all []string
	for _, n := range names {
		all = append(all, string(n))
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}

// write tells the run from its beginning.
func (c exportCmd) write(ctx context.Context, rec recorded, opt capture.Options,
	out *captureFile,
) error {
	run, err := capture.Open(rec.header, opt)
	if err != nil {
		return err
	}
	if err := run.Follow(rec.entries, out.take); err != nil {
		return err
	}
	if c.Follow {
		if err := c.follow(ctx, rec, run, out); err != nil {
			return err
		}
	}
	return run.End(out.take)
}

// captureFile is where a capture goes: a new file, a pipe, or the standard output.
type captureFile struct {
	to      *bufio.Writer
	file    *os.File // nil for a stream that is not ours to close
	pipe    *os.File // to ask whether anybody reads
	path    string   // of a file that is ours to remove; "" for none
	written int64
}

// create opens what --pcapng names. A file must be new; a named pipe, which Wireshark can
// read too, must be there.
func (c exportCmd) create(ctx context.Context, s streams) (*captureFile, error) {
	if c.Pcapng == "-" {
		f, _ := s.out.(*os.File)
		if f != nil {
			if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 &&
				!isNull(info) {
				return nil, wrongf("--pcapng -: a capture is no text for a terminal; " +
					"append | wireshark -k -i - or name a file")
			}
		}
		return &captureFile{to: bufio.NewWriter(s.out), pipe: f}, nil
	}
	info, err := os.Lstat(c.Pcapng)
	switch {
	case err == nil && info.Mode()&fs.ModeNamedPipe != 0:
		f, err := openPipe(ctx, c.Pcapng)
		if err != nil {
			return nil, wrongf("--pcapng %s: %v", c.Pcapng, cause(err))
		}
		return &captureFile{to: bufio.NewWriter(f), file: f, pipe: f}, nil
	case err == nil:
		return nil, wrongf("--pcapng %s exists already; name a new file", c.Pcapng)
	}
	if info, err := os.Stat(filepath.Dir(c.Pcapng)); err != nil || !info.IsDir() {
		return nil, wrongf("--pcapng: there is no folder %s; make it first", filepath.Dir(c.Pcapng))
	}
	f, err := os.OpenFile(c.Pcapng, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, wrongf("--pcapng %s cannot be made: %v; name a file you may write",
			c.Pcapng, cause(err))
	}
	return &captureFile{to: bufio.NewWriter(f), file: f, path: c.Pcapng}, nil
}

// isNull reports whether a file is the null device, under whatever name it was opened: the
// standard output keeps its own.
func isNull(file fs.FileInfo) bool {
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(file, null)
}

// openPipe opens a named pipe, which takes until somebody reads it; the caller may have
// enough before.
func openPipe(ctx context.Context, path string) (*os.File, error) {
	type opened struct {
		f   *os.File
		err error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		done <- opened{f, err}
	}()
	select {
	case o := <-done:
		return o.f, o.err
	case <-ctx.Done():
		return nil, errors.New("nobody has read it")
	}
}

// take writes what a run tells.
func (f *captureFile) take(b []byte) error {
	n, err := f.to.Write(b)
	f.written += int64(n)
	return f.explain(err)
}

// flush hands over what has been written, so that a reader sees it now.
func (f *captureFile) flush() error { return f.explain(f.to.Flush()) }

func (f *captureFile) explain(err error) error {
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) {
		return errGone
	}
	if err != nil {
		return fmt.Errorf("write the capture: %w", err)
	}
	return nil
}

// keep ends a capture that is whole.
func (f *captureFile) keep() error {
	err := f.flush()
	if f.file != nil {
		err = errors.Join(err, f.file.Close())
	}
	return err
}

// discard removes what has been written of a file.
func (f *captureFile) discard() {
	if f.file != nil {
		f.file.Close()
	}
	if f.path != "" {
		os.Remove(f.path)
	}
}
