package main

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"labserver/stack/inet"
	"labserver/stack/pcapng"
	"labserver/stack/view"
	"labserver/stack/wire"
)

// captured writes a file of one SYN and its refusal.
func captured(t *testing.T) string {
	t.Helper()
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	file := pcapng.AppendSection(nil, pcapng.Section{})
	file = pcapng.AppendInterface(file, pcapng.Interface{Link: pcapng.LinkRaw})
	ask := wire.TCP{SrcPort: 5000, DstPort: 80, Seq: 10, Flags: wire.SYN, Wnd: 100}
	no := wire.TCP{SrcPort: 80, DstPort: 5000, Ack: 11, Flags: wire.RST | wire.ACK}
	p := wire.IP{Src: a, Dst: b, Proto: inet.TCP, TTL: 60, Payload: ask.Append(nil, a, b)}
	file = pcapng.AppendPacket(file, pcapng.Packet{Data: p.Append(nil)})
	p = wire.IP{Src: b, Dst: a, Proto: inet.TCP, TTL: 55, Payload: no.Append(nil, b, a)}
	file = pcapng.AppendPacket(file, pcapng.Packet{TimeNS: 5_000_000, Data: p.Append(nil)})
	name := filepath.Join(t.TempDir(), "refused.pcapng")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestImportSaysWhatACaptureShows(t *testing.T) {
	name := captured(t)
	out, errs, code := call(t, "import", name)
	want := "192.0.2.1:5000 → 192.0.2.2:80: CLOSED SYN-SENT CLOSED\n"
	if code != 0 || !strings.HasSuffix(out, want) || !strings.Contains(out, "2 packets") {
		t.Errorf("%d: %s%s", code, out, errs)
	}
	out, errs, code = call(t, "import", name, "--events")
	if code != 0 || !strings.Contains(out, `"kind":"capture.opened"`) {
		t.Errorf("%d: %s%s", code, out, errs)
	}
	out, errs, code = call(t, "import", name, "--view")
	var v view.View
	if err := json.Unmarshal([]byte(out), &v); code != 0 || err != nil || len(v.Hosts) != 2 {
		t.Errorf("%d: %v %s", code, err, errs)
	}
}

func TestImportRefusesABadFileInOneLine(t *testing.T) {
	good, err := os.ReadFile(captured(t))
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.pcapng")
	if err := os.WriteFile(cut, good[:len(good)-9], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{cut, filepath.Dir(cut), cut + ".none"} {
		out, errs, code := call(t, "import", name)
		if code != 2 || out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, name) {
			t.Errorf("%s: %d %q %q", name, code, out, errs)
		}
	}
}
