package witness_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"

	"labserver/stack/inet"
)

// shark finds tshark. Without it a test skips, but in CI it fails.
func shark(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("tshark"); err != nil {
		const word = "tshark is not installed (Debian: apt-get install tshark)"
		if os.Getenv("CI") != "" || os.Getenv("LABSERVER_E2E") != "" {
			t.Fatal(word)
		}
		t.Skip(word)
	}
}

// noticed is what tshark says of one frame.
type noticed struct {
	marks     map[string]bool // names after tcp.analysis.
	bad       []string        // layers whose checksum is wrong
	malformed string
}

// analysed are the marks of tshark that the tests look at.
func analysed() []string {
	return []string{"zero_window", "duplicate_ack", "retransmission", "fast_retransmission",
		"spurious_retransmission", "out_of_order", "keep_alive", "keep_alive_ack", "window_update",
		"zero_window_probe", "zero_window_probe_ack"}
}

// dissect has tshark read a capture, with every checksum checked. What ports say of the
// protocol above is not looked at: the programs here talk gibberish to well-known ports.
func dissect(dir string, file []byte) (all []noticed, err error) {
	path := filepath.Join(dir, "run.pcapng")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		return nil, err
	}
	sums := []string{"ip", "tcp", "udp", "icmp", "icmpv6"}
	args := []string{"-n", "-r", path, "-T", "fields", "-E", "separator=|",
		"-d", "tcp.port==0-65535,data", "-d", "udp.port==0-65535,data",
		"-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
		"-o", "udp.check_checksum:TRUE", "-o", "tcp.desegment_tcp_streams:FALSE",
		"-e", "_ws.malformed", "-e", "frame.protocols"}
	for _, s := range sums {
		args = append(args, "-e", s+".checksum.status")
	}
	for _, a := range analysed() {
		args = append(args, "-e", "tcp.analysis."+a)
	}
	var out, errs bytes.Buffer
	cmd := exec.Command("tshark", args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+dir)
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("tshark: %w: %s", err, errs.String())
	}
	for line := range strings.Lines(out.String()) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		n := noticed{malformed: cells[0], marks: map[string]bool{}}
		// What an ICMP error quotes is cut off, and its checksum cannot be right: only the
		// layers up to the first ICMP count, and of each layer its first header.
		outer := strings.Split(cells[1], ":")
		if i := slices.IndexFunc(outer, func(l string) bool { return strings.HasPrefix(l, "icmp") }); i >= 0 {
			outer = outer[:i+1]
		}
		for i, s := range sums {
			status, _, _ := strings.Cut(cells[2+i], ",")
			if status == "0" && slices.Contains(outer, s) {
				n.bad = append(n.bad, s)
			}
		}
		for i, a := range analysed() {
			if cells[2+len(sums)+i] != "" {
				n.marks[a] = true
			}
		}
		all = append(all, n)
	}
	return all, nil
}

// frame is a frame of a capture with the packet it is of.
type frame struct {
	pkt   inet.PacketID
	out   bool
	time  int64
	where string // name of the interface, "A:eth0 (l1)"
	data  []byte
}

// frames reads a capture again, to know which packet each of its frames is of.
func frames(t testing.TB, file []byte) (all []frame) {
	t.Helper()
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.NgReaderOptions{})
	for err == nil {
		data, info, opts, readErr := r.ReadPacketDataWithOptions()
		if err = readErr; err != nil {
			break
		}
		number, _, _ := strings.Cut(strings.TrimPrefix(opts.Comments[0], "#"), " ")
		pkt, convErr := strconv.ParseUint(number, 10, 64)
		if convErr != nil {
			t.Fatalf("a comment without a packet: %q", opts.Comments[0])
		}
		at, _ := r.Interface(info.InterfaceIndex)
		all = append(all, frame{inet.PacketID(pkt),
			opts.Flags.Direction == pcapgo.NgEpbFlagDirectionOutbound, info.Timestamp.UnixNano(),
			at.Name, data})
	}
	return all
}
