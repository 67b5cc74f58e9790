package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

type healthCmd struct {
	addrFlag
}

// Run asks /readyz on this machine; a server that is not there or not ready fails.
func (c healthCmd) Run(ctx context.Context, s streams) error {
	addr, err := c.checked()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	url := "http://" + local(addr) + "/readyz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return wrongf("--addr %q: %v", c.Addr, err)
	}
	// No proxy of the environment stands between this process and its own machine.
	client := http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		fmt.Fprintf(s.err, "labserver: no server answers at %s; start one with `labserver`\n", url)
		return errFailed
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 256))
	word := strings.TrimSpace(string(body))
	if resp.StatusCode != http.StatusOK {
		fmt.Fprintf(s.err, "labserver: %s is not ready: %s %s\n", url, resp.Status, word)
		return errFailed
	}
	fmt.Fprintf(s.out, "%s: %s\n", url, word)
	return nil
}

// local turns an address to listen on into one to connect to.
func local(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
