package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"labserver/cmd/labserver/internal/tun"
	"labserver/stack/inet"
	"labserver/stack/journal"
	"labserver/stack/tcp"
)

type tunCmd struct {
	Lab   string `arg:"" optional:"" help:"A built-in lab's name, or a lab's folder, whose world is joined; else a world of one host."`
	World string `help:"Or a file of commands, one a line: op {arguments}." placeholder:"FILE" env:"LABSERVER_TUN_WORLD"`
	Host  string `help:"The host of the world that is joined; B unless said." default:"B" placeholder:"ID" env:"LABSERVER_TUN_HOST"`

	Dev       string `help:"Name of the device to make; lab0 unless said." default:"lab0" placeholder:"NAME" env:"LABSERVER_TUN_DEV"`
	Addr      string `help:"This machine's address on it, with its network; 10.99.0.1/24 unless said." default:"10.99.0.1/24" placeholder:"ADDR/BITS" env:"LABSERVER_TUN_ADDR"`
	Addr6     string `name:"addr6" help:"An IPv6 address beside it, such as fd99::1/64." placeholder:"ADDR/BITS" env:"LABSERVER_TUN_ADDR6"`
	HostAddr  string `help:"The host's address there; the one after --addr unless said." placeholder:"ADDR" env:"LABSERVER_TUN_HOST_ADDR"`
	HostAddr6 string `name:"host-addr6" help:"And its IPv6 address." placeholder:"ADDR" env:"LABSERVER_TUN_HOST_ADDR6"`

	Delay   time.Duration `help:"How long a packet takes each way, such as 20ms." placeholder:"SPAN" env:"LABSERVER_TUN_DELAY"`
	Loss    float64       `help:"How many packets in a hundred are lost each way." placeholder:"PERCENT" env:"LABSERVER_TUN_LOSS"`
	Profile string        `help:"What the host without a lab is like: linux, freebsd or rfc." default:"linux" placeholder:"NAME" env:"LABSERVER_TUN_PROFILE"`
	Seed    uint64        `help:"Seed of the world; 1 unless said." default:"1" placeholder:"N" env:"LABSERVER_TUN_SEED"`

	HTTP    int `name:"http" help:"Port of a web server with one page; 80 unless said, 0 for none." default:"80" placeholder:"PORT" env:"LABSERVER_TUN_HTTP"`
	Echo    int `help:"Port of echo, TCP and UDP; 7 unless said, 0 for none." default:"7" placeholder:"PORT" env:"LABSERVER_TUN_ECHO"`
	Discard int `help:"Port of discard; 9 unless said, 0 for none." default:"9" placeholder:"PORT" env:"LABSERVER_TUN_DISCARD"`

	Journal string `help:"New file for the run as a journal; it ends when the journal is full." placeholder:"FILE" env:"LABSERVER_TUN_JOURNAL"`
	Pcapng  string `help:"New file for what passed as a capture with reasons; it ends likewise." placeholder:"FILE" env:"LABSERVER_TUN_PCAPNG"`
}

// outside is the id of the bare host that stands for this machine, and of its link.
const outside = "outside"

// Run joins a host of a world to this machine until it is interrupted.
func (c tunCmd) Run(ctx context.Context, s streams) error {
	plan, err := c.plan()
	if err != nil {
		return err
	}
	w, port, err := plan.world(c.Journal == "" && c.Pcapng == "")
	if err != nil {
		return err
	}
	dev, err := openDevice(plan.device)
	if err != nil {
		return err
	}
	defer dev.Close()
	files, err := c.files(ctx, s)
	if err != nil {
		return err
	}
	var recorder *journal.Recorder
	if c.Journal != "" || c.Pcapng != "" {
		recorder = journal.Record(plan.header, w)
	}
	runner := tun.NewRunner(w, port, dev, recorder)
	if err := c.serve(runner, plan, s.out); err != nil {
		files.discard()
		return err
	}
	plan.tell(s.out)
	err = runner.Run(ctx)
	if errors.Is(err, tun.ErrFull) {
		fmt.Fprintln(s.out, "the journal is full, so the run ends here")
		err = nil
	}
	counts := runner.Counts()
	fmt.Fprintf(s.out, "%s is gone; %d packets went in and %d came out\n", c.Dev, counts.In, counts.Out)
	return errors.Join(err, files.write(recorder))
}

// joined is what the flags ask for: the start of a run, and the two ends of the device.
type joined struct {
	cmd    tunCmd
	header journal.Header
	device tun.Config
	host   inet.HostID
	addrs  []netip.Addr // the host's, on the device's networks
}

// plan reads the flags. Nothing is made yet.
func (c tunCmd) plan() (*joined, error) {
	if !regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]{0,14}$`).MatchString(c.Dev) {
		return nil, wrongf("--dev %q is no name for a device; use up to 15 letters and digits", c.Dev)
	}
	if _, ok := tcp.Profile(c.Profile); !ok {
		return nil, wrongf("--profile %q is not known; use %s", c.Profile,
			strings.Join(tcp.Profiles(), ", "))
	}
	if !(c.Loss >= 0 && c.Loss <= 100) {
		return nil, wrongf("--loss %v is not a number from 0 to 100", c.Loss)
	}
	if c.Delay < 0 || c.Delay > time.Minute {
		return nil, wrongf("--delay %v is not a span from 0 to 1m", c.Delay)
	}
	for _, t := range c.trades() {
		if t.port < 0 || t.port > 65535 {
			return nil, wrongf("--%s %d is not a port from 0 to 65535", t.trade, t.port)
		}
	}
	if c.Host == "" || c.Host == outside {
		return nil, wrongf("--host %q is no host that can be joined: %s is what this machine is called "+
			"in the world; use B", c.Host, outside)
	}
	if c.Pcapng == "-" {
		return nil, wrongf("--pcapng -: the standard output tells what happens; name a new file, or "+
			"capture from %s with wireshark", c.Dev)
	}
	p := &joined{cmd: c, host: inet.HostID(c.Host), device: tun.Config{Name: c.Dev}}
	taken, err := tun.Taken()
	if err != nil {
		return nil, err
	}
	if p.device.Addr, err = p.end("addr", c.Addr, c.HostAddr, false, taken); err != nil {
		return nil, err
	}
	if c.Addr6 != "" {
		if p.device.Addr6, err = p.end("addr6", c.Addr6, c.HostAddr6, true, taken); err != nil {
			return nil, err
		}
	}
	return p, p.start()
}

// end reads this machine's address and the host's, of one version.
func (p *joined) end(flag, here, there string, v6 bool, taken []netip.Prefix) (netip.Prefix, error) {
	addr, err := netip.ParsePrefix(here)
	if err != nil || addr.Addr().Is6() != v6 {
		example := "10.99.0.1/24"
		if v6 {
			example = "fd99::1/64"
		}
		return netip.Prefix{}, wrongf("--%s %q is no address with a network; use %s", flag, here, example)
	}
	if err := tun.CheckNetwork(addr, taken); err != nil {
		return netip.Prefix{}, wrongf("--%s %v", flag, err)
	}
	host := tun.Beside(addr)
	if there != "" {
		host, err = netip.ParseAddr(there)
		if err != nil || !addr.Contains(host) || host == addr.Addr() {
			return netip.Prefix{}, wrongf("--host-%s %q is no other address in %s; use %s", flag, there,
				addr.Masked(), tun.Beside(addr))
		}
	}
	p.addrs = append(p.addrs, host)
	return addr, nil
}

// trade is a built-in program and its port.
type trade struct {
	trade tun.Trade
	port  int
}

func (c tunCmd) trades() []trade {
	return []trade{{tun.HTTP, c.HTTP}, {tun.Echo, c.Echo}, {tun.Discard, c.Discard}}
}

// openDevice makes the device, or says in one line why it cannot be.
func openDevice(c tun.Config) (*tun.Device, error) {
	dev, err := tun.Open(c)
	switch {
	case err == nil:
		return dev, nil
	case errors.Is(err, tun.ErrUnsupported):
		return nil, wrongf("labserver tun: %v", err)
	case errors.Is(err, fs.ErrNotExist):
		return nil, wrongf("this machine has no TUN devices (%v); try: modprobe tun", err)
	case errors.Is(err, fs.ErrPermission):
		return nil, wrongf("to make a device needs root (%v); try: sudo labserver tun", err)
	case errors.Is(err, tun.ErrTaken):
		return nil, wrongf("--dev %s is there already and is left alone; choose another name", c.Name)
	}
	return nil, wrongf("--dev %s: %v", c.Name, err)
}

// serve starts the programs that were asked for.
func (c tunCmd) serve(r *tun.Runner, p *joined, out io.Writer) error {
	say := func(line string) {
		fmt.Fprintf(out, "%10.3f %s\n", time.Duration(r.World.Now()).Seconds(), line)
	}
	proc, err := r.Start(p.host, "tun")
	if err != nil {
		return wrongf("--host %s: %v", c.Host, err)
	}
	r.Refused = func(from, at netip.AddrPort) {
		say(fmt.Sprintf("refused %s > %s: nobody listens there", from, at))
	}
	for _, addr := range p.addrs {
		for _, t := range c.trades() {
			if t.port == 0 {
				continue
			}
			server, err := proc.Serve(netip.AddrPortFrom(addr, uint16(t.port)), t.trade, say)
			if err != nil {
				return wrongf("--%s %d: %v", t.trade, t.port, err)
			}
			r.Add(server)
		}
		if c.Echo != 0 {
			back, err := proc.Return(netip.AddrPortFrom(addr, uint16(c.Echo)), say)
			if err != nil {
				return wrongf("--echo %d: %v", c.Echo, err)
			}
			r.Add(back)
		}
	}
	return nil
}

// tell says what can be done now.
func (p *joined) tell(out io.Writer) {
	c := p.cmd
	fmt.Fprintf(out, "%s is up: %s here, and host %s is there. In another terminal:\n", c.Dev,
		strings.TrimSpace(p.device.Addr.String()+" "+c.Addr6), p.host)
	for _, a := range p.addrs {
		url := "http://" + netip.AddrPortFrom(a, uint16(c.HTTP)).String() + "/"
		if c.HTTP == 80 {
			url = strings.Replace(url, ":80/", "/", 1)
		}
		hint(out, c.HTTP != 0, "curl "+url, "a page about your own connection")
		hint(out, c.Echo != 0, fmt.Sprintf("nc %s %d", a, c.Echo), "what you type comes back; -u for UDP")
		hint(out, c.Discard != 0, fmt.Sprintf("nc %s %d", a, c.Discard), "what you type is thrown away")
		hint(out, true, "ping "+a.String(), "the host answers")
	}
	hint(out, true, "wireshark -k -i "+c.Dev, "every packet; or tcpdump -ni "+c.Dev)
	fmt.Fprintln(out, "Ctrl-C ends it and takes the device away.")
}

func hint(out io.Writer, holds bool, command, what string) {
	if holds {
		fmt.Fprintf(out, "  %-34s %s\n", command, what)
	}
}
