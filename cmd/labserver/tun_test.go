package main

import (
	"os"
	"strings"
	"testing"
)

func TestWhatCannotBeJoinedGetsOneLineAndNothingIsMade(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"there": "", "bad.world": "# hosts\nhost.add {}\nfoo {}\n",
		"bare.world": `host.add {"id":"B","addr":"10.0.0.1/24","bare":true}`,
		"used.world": `host.add {"id":"outside"}` + "\n" + `host.add {"id":"B"}`} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--addr", "0.0.0.0/0"}, "private use"},
		{[]string{"--addr", "8.8.8.8/24"}, "private use"},
		{[]string{"--addr", "localhost"}, "use 10.99.0.1/24"},
		{[]string{"--addr6", "10.1.0.1/24"}, "use fd99::1/64"},
		{[]string{"--addr6", "::/0"}, "private use"},
		{[]string{"--host-addr", "10.98.0.2"}, "use 10.99.0.2"},
		{[]string{"--host-addr", "10.99.0.1"}, "use 10.99.0.2"},
		{[]string{"--dev", "../etc"}, "no name for a device"},
		{[]string{"--dev", "a-name-of-16-char"}, "no name for a device"},
		{[]string{"--http", "65536"}, "--http 65536"},
		{[]string{"--loss", "NaN"}, "--loss NaN"},
		{[]string{"--delay", "2m"}, "--delay 2m0s"},
		{[]string{"--profile", "beos"}, "use linux, freebsd, rfc"},
		{[]string{"--host", "outside"}, "use B"},
		{[]string{"--host", ""}, "use B"},
		{[]string{"--pcapng", "-"}, "name a new file"},
		{[]string{"nosuchlab"}, "built in are"},
		{[]string{"hello-udp", "--world", "there"}, "not both"},
		{[]string{"hello-udp", "--host", "Q"}, "it has A, B"},
		{[]string{"--world", "nowhere"}, "--world nowhere"},
		{[]string{"--world", "bad.world"}, "line 3: foo"},
		{[]string{"--world", "used.world"}, "host.add: taken"},
	} {
		out, errs, code := call(t, append([]string{"tun"}, c.args...)...)
		if code != exitWrong || out != "" || strings.Count(errs, "\n") != 1 ||
			!strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d, %q, %q; want %q", c.args, code, out, errs, c.want)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != 4 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
