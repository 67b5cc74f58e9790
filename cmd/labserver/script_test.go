package main

import (
	"os"
	"strings"
	"testing"
)

// scripts writes a few scripts into the working folder.
func scripts(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("dir/deep", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("none", 0o755); err != nil {
		t.Fatal(err)
	}
	const reset = "0 < S 100:100(0) win 1000\n+0 > R. 0:0(0) ack 101\n"
	for name, text := range map[string]string{
		"good.pkt":         reset,
		"dir/b.pkt":        reset,
		"dir/deep/a.pkt":   "--profile=linux,freebsd,rfc\n" + reset,
		"dir/notes.txt":    "not a script",
		"quiet.pkt":        "0 < S 100:100(0) win 1000\n",
		"bad.pkt":          "\n0 < S 100:100(0) win 1000\n+0 > R. 0:0(0) ack 7\n",
		"strange.pkt":      "0 `sysctl a.b=1`\n+0 epoll_wait(3) = 0\n",
		"broken.pkt":       "0 <\n",
		"long.pkt":         "0 write(3, \"" + strings.Repeat("x", 9000) + "\", 9000) = 9000\n",
		"empty.pkt":        "// nothing yet\n",
		"print.pkt":        "`sysctl a.b=1`\n%{ print 6 * 7 }%\n",
		"dir/deep/six.pkt": "--ip_version=ipv6\n" + reset,
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestScriptsAreRunOneLineEach(t *testing.T) {
	scripts(t)
	out, errs, code := call(t, "script", "dir", "good.pkt")
	const want = "ok   dir/b.pkt\nok   dir/deep/a.pkt\nok   dir/deep/six.pkt\nok   good.pkt\n" +
		"4 scripts: 4 ok, 0 failed, 0 could not be run\n"
	if out != want || errs != "" || code != exitOK {
		t.Errorf("%q %q %d", out, errs, code)
	}
	if out, _, code := call(t, "script", "--moved", "--strict", "dir"); code != exitOK {
		t.Error(out)
	}
}

func TestAScriptThatFailsSaysWhereAndHow(t *testing.T) {
	scripts(t)
	out, errs, code := call(t, "script", "bad.pkt", "strange.pkt", "broken.pkt", "good.pkt")
	for _, want := range []string{
		"FAIL bad.pkt:3: another packet than expected: ack\n  expected  0.000000  > R. 0:0(0) ack 7\n" +
			"  got       0.000000  > R. 0:0(0) ack 101\n",
		"FAIL strange.pkt:2: refused: unknown call epoll_wait\n",
		"FAIL broken.pkt:1: expected flags",
		"ok   good.pkt\n4 scripts: 1 ok, 1 failed, 2 could not be run\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if errs != "" || code != exitFail {
		t.Errorf("%q %d", errs, code)
	}
}

func TestAnUnexpectedPacketFailsOnlyStrictly(t *testing.T) {
	scripts(t)
	if out, _, code := call(t, "script", "quiet.pkt"); out != "ok   quiet.pkt\n" || code != exitOK {
		t.Errorf("%q %d", out, code)
	}
	out, _, code := call(t, "script", "--strict", "quiet.pkt")
	if !strings.HasPrefix(out, "FAIL quiet.pkt:1: a packet that no line expects\n") || code != exitFail {
		t.Errorf("%q %d", out, code)
	}
}

func TestAScriptPrintsWarnsAndTells(t *testing.T) {
	scripts(t)
	out, errs, code := call(t, "script", "-v", "print.pkt", "good.pkt")
	for _, want := range []string{"42\n", "ok   print.pkt\n",
		"1    0.000000  < S 100:100(0) win 1000\n2    0.000000  > R. 0:0(0) ack 101\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if !strings.Contains(errs, "warning: print.pkt:1: the sysctl a.b is not known") || code != exitOK {
		t.Errorf("%q %d", errs, code)
	}
}

func TestNamesThatAreNotUnderstoodAreListed(t *testing.T) {
	scripts(t)
	out, _, code := call(t, "script", "--list", "strange.pkt", "broken.pkt", "good.pkt")
	if !strings.Contains(out, "strange.pkt:2: unknown call epoll_wait (refused)\n"+
		"strange.pkt:1: unknown sysctl a.b (passed over)\nbroken.pkt:1: expected") ||
		!strings.HasSuffix(out, "3 names\n") || code != exitOK {
		t.Errorf("%q %d", out, code)
	}
}

func TestAFailureIsShownInOneGlanceHoweverLongItsLine(t *testing.T) {
	scripts(t)
	out, _, code := call(t, "script", "long.pkt")
	if code != exitFail || len(out) > 2000 || !strings.Contains(out, "octets)") {
		t.Errorf("%d: %d octets: %.200q", code, len(out), out)
	}
}

func TestAnEmptyScriptIsWarnedAbout(t *testing.T) {
	scripts(t)
	out, errs, code := call(t, "script", "empty.pkt")
	if out != "ok   empty.pkt\n" || code != exitOK ||
		errs != "warning: empty.pkt: there is nothing in it to run\n" {
		t.Errorf("%d %q %q", code, out, errs)
	}
}

func TestARunOfAScriptIsSavedAsAJournal(t *testing.T) {
	scripts(t)
	if out, errs, code := call(t, "script", "--journal", "run.jsonl", "good.pkt"); code != exitOK {
		t.Fatalf("%q %q", out, errs)
	}
	out, errs, code := call(t, "replay", "--json", "run.jsonl")
	if code != exitOK || !strings.Contains(out, `"kind":"packet.arrived"`) ||
		!strings.Contains(out, `"flags":"RA"`) {
		t.Errorf("%d %q %s", code, errs, out)
	}
}

func TestArgumentsOfScriptThatMakeNoSenseGetOneLine(t *testing.T) {
	scripts(t)
	for want, args := range map[string][]string{
		"name a file or a folder":          {"nowhere.pkt"},
		"holds no *.pkt":                   {"none"},
		"--profile \"mac\" is not known":   {"--profile", "mac", "good.pkt"},
		"is not KNOB=VALUE":                {"--set", "tcp_sack", "good.pkt"},
		"there is no knob \"tcp_wat\"":     {"--set", "tcp_wat=1", "good.pkt"},
		"tcp_sack takes 0 to 1, not \"7\"": {"--set", "tcp_sack=7", "good.pkt"},
		"mutant does not take \"mad\"":     {"--set", "mutant=mad", "good.pkt"},
		"--mtu needs a number":             {"--mtu=much", "good.pkt"},
		"--ip_version needs ipv4":          {"--ip_version=5", "good.pkt"},
		"is not an address of IPv4":        {"--local_ip=fd00::1", "good.pkt"},
		"is not an address of IPv6":        {"--ip_version=ipv6", "--remote_ip=1.2.3.4", "good.pkt"},
		"--non_fatal needs packet":         {"--non_fatal=packet,sys", "good.pkt"},
		"saves the run of one script":      {"--journal", "x", "good.pkt", "bad.pkt"},
		"--journal no/where":               {"--journal", "no/where", "good.pkt"},
		"expected \"<file> ...\"":          {},
	} {
		out, errs, code := call(t, append([]string{"script"}, args...)...)
		if code != exitWrong || !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: %d %q %q", args, code, out, errs)
		}
	}
}

func TestFlagsOfTheLanguageStandOnTheCommandLineToo(t *testing.T) {
	scripts(t)
	for _, args := range [][]string{
		{"--ip_version=ipv6"}, {"--local_ip=10.1.2.3", "--gateway_ip=10.1.2.1"},
		{"--remote_ip=198.51.100.1"}, {"--bind_port=99", "--connect_port=98"}, {"--mtu=1280"},
		{"--tolerance_usecs=1", "--tolerance_percent=0"}, {"--tcp_ts_tick_usecs=1000"},
		{"--strict_segments", "--non_fatal=packet"}, {"--set", "tcp_sack=0", "--profile=rfc"},
	} {
		out, errs, code := call(t, append(append([]string{"script"}, args...), "good.pkt")...)
		if code != exitOK || errs != "" {
			t.Errorf("%v: %d %q %q", args, code, out, errs)
		}
	}
}
