package main

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// cli is the command line: public and stable. Every flag has a LABSERVER_* variable.
type cli struct {
	Serve   serveCmd   `cmd:"" default:"withargs" help:"Serve the labs (also without any argument)."`
	Migrate migrateCmd `cmd:"" help:"Bring the database to this version's schema."`
	Replay  replayCmd  `cmd:"" help:"Compute a run again: its events, or their hash."`
	Grade   gradeCmd   `cmd:"" help:"Judge a run by a lab's goals, with evidence."`
	Export  exportCmd  `cmd:"" help:"Write a run as a capture for Wireshark, or follow it as it goes on."`
	Import  importCmd  `cmd:"" help:"Read a capture of a real network: what it shows, and what follows."`
	Lab     struct {
		Check labCheckCmd `cmd:"" help:"Try a lab's solution and its typical mistakes."`
	} `cmd:"" help:"Tools for authors of labs."`
	Script  scriptCmd  `cmd:"" help:"Run packet scripts against the stack, in virtual time."`
	Tun     tunCmd     `cmd:"" help:"Join a virtual host to this machine by a TUN device (Linux, root)."`
	Backup  backupCmd  `cmd:"" help:"Copy the database into a new file, also while it is served."`
	Health  healthCmd  `cmd:"" help:"Ask a running server whether it is ready."`
	Version versionCmd `cmd:"" help:"Say what this is."`
	Help    helpCmd    `cmd:"" help:"Say what there is, or what a subcommand takes."`
}

// helpCmd is how people ask who do not know --help. It is only for the list of
// subcommands: withHelp has made it into that flag before anything is parsed.
type helpCmd struct {
	Words []string `arg:"" optional:"" name:"subcommand" help:"Its words, such as lab check."`
}

// withHelp turns "help lab check" into "lab check --help".
func withHelp(args []string) []string {
	if len(args) > 0 && args[0] == "help" {
		return append(slices.Clone(args[1:]), "--help")
	}
	return args
}

// dataFlag is the data folder, for every subcommand that needs one.
type dataFlag struct {
	Data string `help:"Folder for everything that is kept; ./labserver-data unless said." default:"./labserver-data" placeholder:"DIR" env:"LABSERVER_DATA"`
}

type addrFlag struct {
	Addr string `help:"Address to listen on, [host]:port; :8080 unless said." default:":8080" placeholder:"ADDR" env:"LABSERVER_ADDR"`
}

// checked returns the address, or says what is wrong with it.
func (f addrFlag) checked() (string, error) {
	_, port, err := net.SplitHostPort(f.Addr)
	if err != nil {
		return "", wrongf("--addr %q is not [host]:port; use :8080 or 127.0.0.1:8080", f.Addr)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", wrongf("--addr %q: port %q is not a number from 0 to 65535", f.Addr, port)
	}
	return f.Addr, nil
}

// checkProxies reads ranges of addresses, or says what is wrong with one. An empty one,
// as of a variable that is set to nothing, is none.
func checkProxies(ranges []string) ([]netip.Prefix, error) {
	var proxies []netip.Prefix
	for _, s := range ranges {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if one, err := netip.ParseAddr(s); err == nil && one.Zone() == "" {
			return nil, wrongf("--proxy %q is one address, not a range; use %s/%d", s, one, one.BitLen())
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, wrongf("--proxy %q is not a range of addresses; use 10.0.0.0/8 or 192.0.2.7/32", s)
		}
		proxies = append(proxies, p)
	}
	return proxies, nil
}

// checkPublicURL accepts an origin: scheme, host and nothing else.
func checkPublicURL(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", wrongf("--public-url %q is not an origin; use https://labs.example.org", s)
	}
	return u.Scheme + "://" + u.Host, nil
}
