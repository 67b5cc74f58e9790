package main

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// cli is the command line: public and stable. Every flag has a LABSERVER_* variable.
type cli struct {
	Serve   serveCmd   `cmd:"" default:"withargs" help:"Serve the labs (also without any argument)."`
	Migrate migrateCmd `cmd:"" help:"Bring the database to this version's schema."`
	Replay  replayCmd  `cmd:"" help:"Compute a run again: its events, or their hash."`
	Grade   gradeCmd   `cmd:"" help:"Judge a run by a lab's goals, with evidence."`
	Lab     struct {
		Check labCheckCmd `cmd:"" help:"Try a lab's solution and its typical mistakes."`
	} `cmd:"" help:"Tools for authors of labs."`
	Backup  backupCmd  `cmd:"" help:"Copy the database into a new file, also while it is served."`
	Health  healthCmd  `cmd:"" help:"Ask a running server whether it is ready."`
	Version versionCmd `cmd:"" help:"Say what this is."`
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
