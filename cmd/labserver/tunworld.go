package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"labserver/stack"
	"labserver/stack/inet"
	"labserver/stack/journal"
)

// start makes the header of the run: the world that was asked for, the machine as a bare
// host outside of it, and the link between.
func (p *joined) start() error {
	c := p.cmd
	switch {
	case c.Lab != "" && c.World != "":
		return wrongf("name a lab or --world FILE, not both")
	case c.Lab != "":
		lab, err := findLab(c.Lab)
		if err != nil {
			return err
		}
		if p.header, err = lab.Start(c.Seed); err != nil {
			return wrongf("lab %s: %v", c.Lab, err)
		}
		// With the outside joined to it, the run is none of the lab's, and has no marks.
		p.header.Lab = journal.Lab{}
	default:
		p.header = journal.Header{Format: journal.Format, Behaviour: stack.Behaviour,
			Params: map[string]string{}, World: journal.World{Profile: c.Profile},
			Seed: strconv.FormatUint(c.Seed, 10)}
	}
	p.header.Build = stack.Build
	if c.World != "" {
		if err := p.readWorld(c.World); err != nil {
			return err
		}
	}
	known, err := p.hosts()
	if err != nil {
		return err
	}
	if len(known) > 0 && !contains(known, p.host) {
		return wrongf("--host %s: this world has no such host; it has %s", p.host, list(known))
	}
	return p.join(len(known) == 0)
}

// readWorld adds the commands of a file, one a line.
func (p *joined) readWorld(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return wrongf("--world %s: %v; name a file of commands, one a line", path, cause(err))
	}
	if len(text) > journal.MaxOctets {
		return wrongf("--world %s has more than %d octets", path, journal.MaxOctets)
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		op, args, _ := strings.Cut(line, " ")
		if _, err := stack.ParseCommand(op, "", json.RawMessage(args)); err != nil {
			return wrongf("--world %s line %d: %s: %v; write op {arguments}, as in a journal",
				path, number, op, err)
		}
		p.add(op, json.RawMessage(args))
	}
	return nil
}

func (p *joined) add(op string, args json.RawMessage) {
	p.header.World.Commands = append(p.header.World.Commands, journal.Entry{Op: op, Args: args})
}

func (p *joined) command(op string, args any) {
	raw, err := json.Marshal(args)
	if err != nil {
		panic("BUG: arguments that cannot be encoded: " + err.Error())
	}
	p.add(op, raw)
}

// hosts lists the hosts of the world before the outside is joined to it.
func (p *joined) hosts() (ids []inet.HostID, err error) {
	w, err := journal.Open(p.header)
	if err != nil {
		return nil, wrongf("%s: %v", p.source(), err)
	}
	for _, h := range w.View().Hosts {
		ids = append(ids, h.ID)
	}
	return ids, nil
}

// source names where the world comes from.
func (p *joined) source() string {
	if p.cmd.World != "" {
		return "--world " + p.cmd.World
	}
	return "the world"
}

// join adds the commands that make the outside and its link; and, in an empty world, the
// host itself.
func (p *joined) join(empty bool) error {
	there := make([]netip.Prefix, 2)
	for i, a := range p.addrs {
		bits := p.device.Addr.Bits()
		if i == 1 {
			bits = p.device.Addr6.Bits()
		}
		there[i] = netip.PrefixFrom(a, bits)
	}
	p.command("host.add", stack.HostAdd{ID: outside, Addr: p.device.Addr, Addr6: p.device.Addr6,
		Bare: true})
	end := stack.End{Host: p.host}
	if empty {
		p.command("host.add", stack.HostAdd{ID: p.host, Addr: there[0], Addr6: there[1]})
	} else {
		end.NIC = outside
		p.command("nic.add", stack.NICAdd{Host: p.host, NIC: outside, Addr: there[0], Addr6: there[1]})
	}
	p.command("link.add", stack.LinkAdd{ID: outside, A: stack.End{Host: outside}, B: end,
		DelayNS: p.cmd.Delay.Nanoseconds(), LossPPM: int64(p.cmd.Loss * 10_000)})
	return nil
}

// world makes the world with the outside attached. A quiet one keeps no events, so that it
// can go on for as long as anybody likes.
func (p *joined) world(quiet bool) (*stack.World, *stack.Port, error) {
	cfg, err := journal.Config(p.header)
	if err != nil {
		return nil, nil, fmt.Errorf("the world to join: %w", err)
	}
	cfg.Quiet = quiet
	w, err := stack.New(cfg)
	var start *stack.StartError
	if errors.As(err, &start) {
		return nil, nil, wrongf("%s cannot be joined: %s: %v", p.source(), start.Op, start.Err)
	}
	if err != nil {
		return nil, nil, wrongf("%s cannot be joined: %v", p.source(), err)
	}
	port, err := w.Attach(outside)
	if err != nil {
		return nil, nil, err
	}
	return w, port, nil
}

func contains(ids []inet.HostID, id inet.HostID) bool {
	for _, i := range ids {
		if i == id {
			return true
		}
	}
	return false
}
