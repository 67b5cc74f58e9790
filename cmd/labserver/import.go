package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"labserver/stack/event"
	"labserver/stack/infer"
	"labserver/stack/pcapng"
)

type importCmd struct {
	File   string `arg:"" help:"A pcapng or pcap file; - reads standard input." placeholder:"FILE"`
	Events bool   `help:"The events that were inferred, as NDJSON." xor:"form" env:"LABSERVER_IMPORT_EVENTS"`
	View   bool   `help:"The state at the end, as JSON." xor:"form" env:"LABSERVER_IMPORT_VIEW"`
}

// Run reads a capture of a real network and prints what it shows.
func (c importCmd) Run(s streams) error {
	octets, err := c.read()
	if err != nil {
		return err
	}
	file, err := pcapng.Read(octets, pcapng.Limits{})
	if err != nil {
		return wrongf("capture %s: %v", c.File, err)
	}
	run, err := infer.New(file, 0)
	if err != nil {
		return wrongf("capture %s: %v", c.File, err)
	}
	out := bufio.NewWriter(s.out)
	switch {
	case c.Events:
		for e := range run.Events().Since(1) {
			out.Write(append(e.AppendJSON(nil), '\n'))
		}
	case c.View:
		b, err := json.MarshalIndent(run.View(), "", "  ")
		if err != nil {
			return fmt.Errorf("encode the view: %w", err)
		}
		out.Write(append(b, '\n'))
	default:
		summarize(out, run)
	}
	return out.Flush()
}

// read reads no more of the file than a capture may have.
func (c importCmd) read() ([]byte, error) {
	in := io.Reader(os.Stdin)
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return nil, wrongf("capture %s: %v; name a pcapng or pcap file", c.File, cause(err))
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return nil, wrongf("capture %s is a folder; name a pcapng or pcap file", c.File)
		}
		in = f
	}
	octets, err := io.ReadAll(io.LimitReader(in, pcapng.MaxFile+1))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, wrongf("capture %s: %v", c.File, cause(err))
	}
	return octets, nil
}

// summarize prints what was read, and each connection with the states it went through.
func summarize(out *bufio.Writer, run *infer.Run) {
	type life struct {
		opened event.ConnOpened
		states []string
	}
	var lives []*life
	byConn := map[string]*life{}
	for e := range run.Events().Since(1) {
		switch b := e.Body.(type) {
		case event.CaptureOpened:
			fmt.Fprintf(out, "%s from %s, %d packets\n", b.Format, b.Start, b.Packets)
			if n := b.Foreign + b.Broadcast + b.Crowd + b.Cut; n > 0 {
				fmt.Fprintf(out, "not shown: %d no IP, %d to many hosts, %d of hosts beyond %d, %d cut\n",
					b.Foreign, b.Broadcast, b.Crowd, infer.MaxHosts, b.Cut)
			}
		case event.ConnOpened:
			l := &life{b, []string{b.State.String()}}
			lives, byConn[string(e.Conn)] = append(lives, l), l
		case event.ConnState:
			byConn[string(e.Conn)].states = append(byConn[string(e.Conn)].states, b.New.String())
		}
	}
	v := run.View()
	fmt.Fprintf(out, "%d hosts, %d connections seen from an end, %d events in %v s\n",
		len(v.Hosts), len(lives), run.Events().Len(), run.Now())
	for _, l := range lives {
		fmt.Fprintf(out, "%s → %s:", l.opened.Local, l.opened.Remote)
		for _, s := range l.states {
			fmt.Fprintf(out, " %s", s)
		}
		fmt.Fprintln(out)
	}
}
