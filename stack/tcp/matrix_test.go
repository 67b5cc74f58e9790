package tcp_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/journal"
	"labserver/stack/script"
	"labserver/stack/seq"
	"labserver/stack/sim"
	"labserver/stack/view"
)

var rewriteMatrix = flag.Bool("rewrite-matrix", false,
	"write the matrix's packet scripts anew instead of comparing")

const matrixDir = "testdata/matrix"

// matrixFlags settle what the scripts take for granted: the size of the window, and that
// invalid segments are answered however close together they come. The SYN offers whole
// segments, so the buffer is ten of them.
const matrixFlags = `--set=tcp_adv_win_scale=0
--set=tcp_rcvbuf_bytes=14600
--set=tcp_rcvbuf_max_bytes=14600
--set=tcp_invalid_ratelimit_ms=0
--set=tcp_syncookies=0
--set=tcp_rfc1337=0
--set=tcp_persist_min_ms=0
`

// probes are the segments that a state is tried with.
func probes(s stage) []probe {
	var list []probe
	add := func(p probe) {
		if !p.has(".") {
			p.ack = 0
		}
		list = append(list, p)
	}
	spots := s.places()
	if s.rcvNXT == 0 {
		spots = spots[2:3] // nothing is synchronized yet: one place is like another
	}
	for _, f := range flags {
		for _, at := range spots {
			for _, data := range []int64{0, 10} {
				add(probe{flags: f, place: at.name, off: at.off, data: data, ack: goodACK(s)})
			}
		}
	}
	for _, f := range []string{".", "S", "F.", "R"} {
		for _, data := range []int64{0, 10} {
			add(probe{flags: f, place: "left", data: data, ack: goodACK(s), bad: true,
				about: "bad checksum"})
		}
	}
	return append(list, ackProbes(s)...)
}

// goodACK is the acknowledgment that changes nothing, or in a handshake the one that
// completes it.
func goodACK(s stage) int64 {
	if s.state == "SYN-SENT" || s.state == "SYN-RECEIVED" {
		return 1
	}
	return s.sndUNA
}

// ackProbes try the edges of what may be acknowledged.
func ackProbes(s stage) []probe {
	at := func(f string, ack, data int64, about string) probe {
		return probe{flags: f, place: "left", ack: ack, data: data, about: about}
	}
	switch s.state {
	case "CLOSED", "LISTEN":
		return nil
	case "SYN-SENT":
		var list []probe
		for _, f := range []string{".", "S.", "R.", "F."} {
			list = append(list, at(f, 0, 0, "ACK of nothing"), at(f, 2, 0, "ACK of what was not sent"))
		}
		return list
	case "SYN-RECEIVED":
		return []probe{at(".", 0, 0, "ACK of nothing"), at(".", 2, 0, "ACK of what was not sent"),
			at("F.", 0, 0, "ACK of nothing"), at(".", 0, 10, "ACK of nothing")}
	}
	list := []probe{
		at(".", s.sndNXT+1, 0, "ACK of what was not sent"),
		at(".", s.sndNXT+1, 10, "ACK of what was not sent"),
		at(".", s.sndUNA-1, 0, "old ACK"),
		at(".", s.sndUNA-3001, 0, "ACK older than any window"),
		at(".", s.sndUNA-3001, 10, "ACK older than any window"),
	}
	if s.sndUNA < s.sndNXT {
		list = append(list, at(".", s.sndNXT, 0, "ACK of our FIN"),
			at("F.", s.sndNXT, 0, "FIN with ACK of our FIN"))
	}
	return list
}

// hole says why the matrix has no script for a probe; "" if it has.
func hole(s stage, p probe) string {
	switch {
	case p.bad:
		return ""
	case s.rcvNXT == 2 && p.has("F") && p.has(".") && !p.has("S") && !p.has("R") && s.acceptable(p):
		return "a second FIN, behind the first: no TCP sends it, and no RFC says what to do"
	case s.state == "TIME-WAIT" && p.flags == "S" && p.off > 0:
		return "a SYN that opens a new connection, with an ISS no script can know: " +
			"TestANewSYNReopensTimeWait"
	case s.state == "TIME-WAIT" && p.flags == "." && strings.HasPrefix(p.about, "ACK"):
		return "TIME-WAIT has nothing left to be acknowledged; §3.10.7.4 checks no ACK there"
	case s.state == "SYN-SENT" && p.flags == "S" && p.data > 0, s.state == "LISTEN" && p.flags == "S" && p.data > 0,
		s.state == "SYN-RECEIVED" && p.flags == "S" && p.off == -1 && p.data > 0:
		return "data in a SYN may be kept or left to be sent again (§3.10.7.2); both are right"
	case s.state == "SYN-RECEIVED" && p.has(".") && p.has("F") && p.off != 0 && s.acceptable(p):
		return "a FIN ahead of a gap in a handshake: covered in ESTABLISHED"
	}
	return ""
}

// line writes a probe as a line of a script.
func (p probe) line(s stage, n int) string {
	from := u32(s.rcvNXT + p.off)
	text := fmt.Sprintf("< %s%s %d:%d(%d)", map[bool]string{true: "[bad_csum] "}[p.bad], p.flags, from,
		from+uint32(p.data), p.data)
	if p.has(".") {
		text += fmt.Sprintf(" ack %d", u32(p.ack))
	}
	// Each tells another window, so that none counts as a duplicate ACK (RFC 5681 §2).
	text += fmt.Sprintf(" win %d", 1000+n)
	if p.has("S") {
		text += " <mss 1000>"
	}
	return text
}

func (p probe) title() string {
	t := fmt.Sprintf("%s at %s", p.flags, p.place)
	if p.data > 0 {
		t += " with data"
	}
	if p.about != "" {
		t += ", " + p.about
	}
	return t
}

// tcpiState is how asserts name a state.
func tcpiState(state string) string {
	return "TCP_" + map[string]string{"SYN-RECEIVED": "SYN_RECV", "FIN-WAIT-1": "FIN_WAIT1",
		"FIN-WAIT-2": "FIN_WAIT2", "CLOSED": "CLOSE"}[state] +
		map[bool]string{true: strings.ReplaceAll(state, "-", "_")}[!strings.Contains(
			"SYN-RECEIVED FIN-WAIT-1 FIN-WAIT-2 CLOSED", state)]
}

// after checks the state that a probe leads to, as far as a program can see it.
func (s stage) after(a answer) string {
	fd := s.fd
	switch {
	case a.error != "":
		return fmt.Sprintf("+0   read(%d, ..., 100) = -1 %s\n", fd, a.error)
	case fd == 0, a.next == "CLOSED", a.next == "LISTEN":
		return ""
	}
	return fmt.Sprintf("+0   %%{ assert tcpi_state == %s, tcpi_state }%%\n", tcpiState(a.next))
}

// matrixScripts writes the matrix: one script for the probes of the same flags that leave
// a state as it was, one for each that does not.
func matrixScripts() map[string][]byte {
	scripts := map[string][]byte{}
	for _, s := range stages() {
		quiet := map[string]*bytes.Buffer{}
		for i, p := range probes(s) {
			if hole(s, p) != "" {
				continue
			}
			a := s.answerTo(p)
			kind := flagName(p.flags)
			body := fmt.Sprintf("\n// %s\n+.001 %s\n", p.title(), p.line(s, i))
			if a.sends != "" {
				when := "+0  "
				if a.ends && p.off <= 0 {
					when = "+0~+.5" // the ACK of data may be delayed (MUST-40)
				}
				body += when + " > " + a.sends + "\n"
			}
			body += s.after(a)
			name := strings.ToLower(s.state) + "/" + kind
			if a.ends {
				name += "-" + slug(p)
				scripts[name+".pkt"] = []byte(head(s, p.title()) + body)
				continue
			}
			if quiet[name] == nil {
				quiet[name] = bytes.NewBufferString(head(s, kind+" that changes nothing"))
			}
			quiet[name].WriteString(body)
		}
		for name, b := range quiet {
			scripts[name+".pkt"] = b.Bytes()
		}
	}
	maps.Copy(scripts, callScripts())
	maps.Copy(scripts, timerScripts())
	return scripts
}

func head(s stage, about string) string {
	return fmt.Sprintf("// %s: %s. RFC 9293 §3.10.7.\n%s%s", s.state, about, matrixFlags, s.scenario)
}

func flagName(f string) string {
	return map[string]string{"S": "syn", "S.": "syn-ack", ".": "ack", "F": "fin-without-ack",
		"F.": "fin", "R": "rst", "R.": "rst-ack", "-": "nothing"}[f]
}

func slug(p probe) string {
	t := p.place
	if p.data > 0 {
		t += "-data"
	}
	if p.about != "" {
		t += "-" + strings.ToLower(strings.ReplaceAll(p.about, " ", "-"))
	}
	return t
}

// TestMatrixScriptsAreWhatTheRFCSays compares the files with the oracle.
func TestMatrixScriptsAreWhatTheRFCSays(t *testing.T) {
	want := matrixScripts()
	if *rewriteMatrix {
		os.RemoveAll(matrixDir)
		for name, text := range want {
			file := filepath.Join(matrixDir, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	have, _ := filepath.Glob(matrixDir + "/*/*.pkt")
	for _, file := range have {
		rel, _ := filepath.Rel(matrixDir, file)
		if want[filepath.ToSlash(rel)] == nil {
			t.Errorf("%s is not of the matrix", file)
		}
	}
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(matrixDir, name))
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s is not what the oracle writes; go test ./stack/tcp -run Matrix -rewrite-matrix",
				name)
		}
	}
}

// TestEveryCellOfTheMatrixIsMet runs the scripts and watches what arrives in which state:
// the coverage is measured, not claimed. It lists the holes with their reasons.
func TestEveryCellOfTheMatrixIsMet(t *testing.T) {
	met := map[string]int{}
	for _, sc := range scriptFiles(t) {
		for _, v := range sc.variants()[:1] {
			res := sc.run(v)
			if res.Failure == nil {
				watch(t, res, met)
			}
		}
	}
	var cells, holes, reasons []string
	why := map[string]int{}
	for _, s := range stages() {
		for _, p := range probes(s) {
			c := cell(s.state, p.flags, p.place, p.data > 0, p.bad)
			if reason := hole(s, p); reason != "" && met[c] == 0 {
				holes = append(holes, c)
				why[reason]++
				continue
			}
			cells = append(cells, c)
		}
	}
	for _, s := range stages() {
		for _, c := range callNames {
			cells = append(cells, s.state+" call "+c.op)
		}
	}
	for _, c := range timerCells() {
		cells = append(cells, c.state+" timer "+c.timer)
	}
	for _, c := range cells {
		if met[c] == 0 {
			t.Errorf("nothing meets %s", c)
		}
	}
	for reason, n := range why {
		reasons = append(reasons, fmt.Sprintf("%3d: %s", n, reason))
	}
	sort.Strings(reasons)
	t.Logf("%d cells met, %d holes:\n%s\n%s", len(met), len(holes), strings.Join(reasons, "\n"),
		strings.Join(holes, "\n"))
}

func cell(state, flags, place string, data, bad bool) string {
	c := state + " " + flags + " " + place
	if data {
		c += " data"
	}
	if bad {
		c = state + " bad checksum"
	}
	return c
}

// watch replays a run and notes which cells it met.
func watch(t *testing.T, res script.Result, met map[string]int) {
	w, err := journal.Replay(res.Header, res.Journal)
	if err != nil {
		t.Fatal(err)
	}
	w.Advance(max(w.Now(), sim.Time(res.End)).Add(5 * time.Millisecond)) // and what the last line waited for
	v := view.New()
	var before view.Conn // of the connection of the event at hand
	for _, e := range w.Events().From(1) {
		if c := v.Conn(e.Conn); c != nil {
			before = *c
		}
		switch b := e.Body.(type) {
		case event.SegmentReceived:
			if e.Host == "local" {
				note(met, &v, e, b.Seg, before)
			}
		case event.PacketDropped:
			if e.Host == "local" && strings.Contains(b.Reason, "checksum") {
				for _, c := range v.Connections {
					met[cell(c.State.String(), "", "", false, true)]++
				}
				met[cell(standing(&v, inet.Endpoint{}), "", "", false, true)]++
			}
		case event.Command:
			noteCall(met, &v, b)
		case event.TimerFired:
			met[before.State.String()+" timer "+string(b.Timer)]++
		}
		view.Reduce(&v, e)
	}
}

// standing is LISTEN if the host has a listener, else CLOSED.
func standing(v *view.View, _ inet.Endpoint) string {
	for _, s := range v.Sockets {
		if s.Listening {
			return "LISTEN"
		}
	}
	return "CLOSED"
}

// noteCall notes in which state a program made a call.
func noteCall(met map[string]int, v *view.View, c event.Command) {
	var args struct {
		Proc inet.ProcID `json:"proc"`
		FD   int         `json:"fd"`
	}
	if json.Unmarshal(c.Args, &args) != nil || args.FD == 0 {
		return
	}
	for _, s := range v.Sockets {
		if s.Proc != args.Proc || s.FD != args.FD {
			continue
		}
		state, op := "CLOSED", c.Op
		if s.Listening {
			state = "LISTEN"
		} else if conn := v.Conn(s.Conn); conn != nil {
			state = conn.State.String()
		}
		for _, o := range s.Options {
			if o.Name == "SO_LINGER" && op == "close" {
				op = "abort"
			}
		}
		switch op {
		case "sendto", "sendmsg", "write":
			op = "send"
		case "recvfrom", "recvmsg", "read":
			op = "recv"
		}
		met[state+" call "+op]++
	}
}

func note(met map[string]int, v *view.View, e event.Event, s event.Seg, c view.Conn) {
	letters := scriptFlags(s.Flags)
	state, place := standing(v, s.Dst), "left"
	if e.Conn != "" {
		state = c.State.String()
		if state != "SYN-SENT" {
			place = placeOf(s.Seq, c.Rcv.NXT, c.Rcv.WND)
		}
	}
	met[cell(state, letters, place, s.Len > 0, false)]++
}

// placeOf says where a sequence number stands to the receive window.
func placeOf(s, nxt seq.Num, wnd inet.ByteCount) string {
	switch off := int64(int32(s - nxt)); {
	case off == -1:
		return "left-1"
	case off < 0:
		return "old"
	case off == 0:
		return "left"
	case off == int64(wnd)-1:
		return "last"
	case off < int64(wnd):
		return "inside"
	case off == int64(wnd):
		return "right"
	}
	return "far"
}

// scriptFlags turns an event's letters into a script's.
func scriptFlags(f string) string {
	out := ""
	for _, l := range []string{"S", "F", "R"} {
		if strings.Contains(f, l) {
			out += l
		}
	}
	if strings.Contains(f, "A") {
		out += "."
	}
	if out == "" {
		return "-"
	}
	return out
}
