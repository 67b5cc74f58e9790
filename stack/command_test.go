package stack_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"labserver/stack"
)

// lab builds a world of the pair with a client and a server process.
func lab(t *testing.T) *stack.World {
	t.Helper()
	var start []stack.Command
	for _, line := range lines(pair) {
		op, args, _ := strings.Cut(line, " ")
		c, err := stack.ParseCommand(op, "", json.RawMessage(args))
		if err != nil {
			t.Fatal(err)
		}
		start = append(start, c)
	}
	w, err := stack.New(stack.Config{Seed: 1, Start: start})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWhatIsNoCommandNamesTheFieldAndChangesNothing(t *testing.T) {
	for _, c := range []struct{ op, args, code, field string }{
		{"explode", `{}`, "unknown_op", "op"},
		{"bind", `[]`, "malformed", ""},
		{"bind", `{"proc":"server","fd":3,"port":80`, "malformed", ""},
		{"bind", `{"proc":"server","fd":3,"port":80} trailing`, "malformed", ""},
		{"bind", `{"proc":"server","fd":3}`, "missing", "port"},
		{"bind", `{"proc":"server","fd":3,"port":"80"}`, "bad_type", "port"},
		{"bind", `{"proc":"server","fd":3,"port":80.5}`, "bad_type", "port"},
		{"bind", `{"proc":"server","fd":3,"port":null}`, "bad_type", "port"},
		{"bind", `{"proc":"server","fd":3,"port":99999999999999999999}`, "bad_type", "port"},
		{"bind", `{"proc":"server","fd":3,"port":80,"reuse":true}`, "unknown_field", "reuse"},
		{"bind", `{"proc":"server","fd":3,"port":80,"port":81}`, "duplicate_field", "port"},
		{"bind", `{"proc":"nobody","fd":3,"port":80}`, "unknown_proc", "proc"},
		{"socket", `{"proc":"server","proto":"sctp"}`, "out_of_range", "proto"},
		{"listen", `{"proc":"server","fd":3,"backlog":-1}`, "out_of_range", "backlog"},
		{"send", `{"proc":"client","fd":3}`, "exactly_one", "text, base64, octets"},
		{"send", `{"proc":"client","fd":3,"text":"a","octets":1}`, "exactly_one", "text, base64, octets"},
		{"send", `{"proc":"client","fd":3,"octets":16777217}`, "out_of_range", "octets"},
		{"send", `{"proc":"client","fd":3,"octets":-1}`, "out_of_range", "octets"},
		{"send", `{"proc":"client","fd":3,"base64":"%%"}`, "bad_type", "base64"},
		{"recv", `{"proc":"client","fd":3,"max":-1}`, "out_of_range", "max"},
		{"host.add", `{"id":"A"}`, "taken", "id"},
		{"host.add", `{"id":"1st"}`, "out_of_range", "id"},
		{"host.add", `{"id":"a b"}`, "out_of_range", "id"},
		{"host.add", `{"id":"Z","addr":"10.0.0.0/24"}`, "out_of_range", "addr"},
		{"host.add", `{"id":"Z","addr":"::1/64"}`, "out_of_range", "addr"},
		{"host.add", `{"id":"Z","addr":"nowhere"}`, "bad_type", "addr"},
		{"host.add", `{"id":"Z","addr":"fe80::1/64"}`, "out_of_range", "addr"},
		{"host.add", `{"id":"Z","addr":"::ffff:10.0.0.1/100"}`, "out_of_range", "addr"},
		{"host.add", `{"id":"Z","addr":"fd00::/64"}`, "out_of_range", "addr"},
		{"host.add", `{"id":"Z","addr6":"fd00::1/64"}`, "out_of_range", "addr6"},
		{"host.add", `{"id":"Z","addr":"10.0.0.1/8","addr6":"10.0.0.2/8"}`, "out_of_range", "addr6"},
		{"nic.add", `{"host":"A","addr":"fd00::1/64","mtu":1279}`, "out_of_range", "mtu"},
		{"route.add", `{"host":"A","dst":"::/0","via":"10.0.1.1"}`, "bad_type", "via"},
		{"route.add", `{"host":"A","dst":"10.0.0.0/8","via":"10.0.1.1","mtu":-1}`, "out_of_range", "mtu"},
		{"host.add", `{"id":"Z","profile":"plan9"}`, "unknown_profile", "profile"},
		{"host.rename", `{"host":"A","name":""}`, "missing", "name"},
		{"host.rename", `{"host":"A","name":"` + strings.Repeat("x", 65) + `"}`, "out_of_range", "name"},
		{"host.remove", `{"host":"Z"}`, "unknown_host", "host"},
		{"nic.add", `{"host":"A","addr":"10.0.1.2/24"}`, "taken", "addr"},
		{"nic.add", `{"host":"A","nic":"eth0","addr":"10.0.7.2/24"}`, "taken", "nic"},
		{"nic.add", `{"host":"A","addr":"10.0.7.2/24","mtu":10}`, "out_of_range", "mtu"},
		{"nic.remove", `{"host":"A","nic":"eth7"}`, "unknown_nic", "nic"},
		{"link.add", `{"a":{"host":"A"},"b":{"host":"R"}}`, "no_free_nic", "a.host"},
		{"link.add", `{"a":{"host":"Q"},"b":{"host":"R"}}`, "unknown_host", "a.host"},
		{"link.add", `{"a":{"host":"A","nic":"eth0"},"b":{"host":"R","nic":"eth0"}}`, "nic_busy", "a.nic"},
		{"link.add", `{"a":{"host":"A"},"b":{"host":"A"}}`, "same_host", "b.host"},
		{"link.add", `{"a":{"host":"A","port":1},"b":{"host":"R"}}`, "unknown_field", "a.port"},
		{"link.set", `{"link":"AR","loss_ppm":1000001}`, "out_of_range", "loss_ppm"},
		{"link.set", `{"link":"XX"}`, "unknown_link", "link"},
		{"route.add", `{"host":"A","dst":"0.0.0.0/0","via":"10.9.9.9"}`, "not_a_neighbour", "via"},
		{"route.add", `{"host":"A","dst":"0.0.0.0/0","via":"10.0.1.1"}`, "taken", "dst"},
		{"route.remove", `{"host":"A","dst":"10.9.0.0/16"}`, "unknown_route", "dst"},
		{"knob.set", `{"host":"A","knob":"tcp_magic","value":"1"}`, "unknown_knob", "knob"},
		{"knob.set", `{"host":"A","knob":"ip_default_ttl","value":"0"}`, "unknown_knob", "knob"},
		{"proc.start", `{"host":"A","id":"client"}`, "taken", "id"},
		{"segment.drop", `{"pkt":12345}`, "not_in_flight", "pkt"},
		{"segment.delay", `{"pkt":12345,"by_ns":1}`, "not_in_flight", "pkt"},
		{"segment.delay", `{"pkt":1,"by_ns":-1}`, "out_of_range", "by_ns"},
		{"segment.duplicate", `{"pkt":12345}`, "not_in_flight", "pkt"},
		{"segment.corrupt", `{"pkt":12345,"bit":3}`, "not_in_flight", "pkt"},
		{"segment.corrupt", `{"pkt":1,"bit":-3}`, "out_of_range", "bit"},
		{"segment.mark", `{"pkt":12345,"ecn":"ce"}`, "not_in_flight", "pkt"},
		{"segment.mark", `{"pkt":1,"ecn":"CE"}`, "out_of_range", "ecn"},
		{"segment.reorder", `{"pkt":12345}`, "not_in_flight", "pkt"},
		{"host.add", `{"id":"Z","bare":true,"forward":true}`, "bare_host", "forward"},
		{"link.set", `{"link":"AR","dup_ppm":-1}`, "out_of_range", "dup_ppm"},
		{"link.set", `{"link":"AR","corrupt_ppm":1000001}`, "out_of_range", "corrupt_ppm"},
		{"packet.inject", `{"host":"A","base64":"AAAA"}`, "not_ip", "base64"},
		{"packet.inject", `{"host":"Q","base64":"RQAAFAAAAABAAAAACgABAgoAAgI="}`, "unknown_host", "host"},
		{"answer", `{"goal":"g"}`, "missing", "value"},
	} {
		w := lab(t)
		before := w.Hash()
		cmd, err := stack.ParseCommand(c.op, "me", json.RawMessage(c.args))
		if err == nil {
			err = w.Check(cmd)
		}
		var bad *stack.ArgError
		if !errors.As(err, &bad) || bad.Code != c.code || bad.Field != c.field {
			t.Errorf("%s %s: got %v, want %s in %q", c.op, c.args, err, c.code, c.field)
			continue
		}
		if !strings.Contains(bad.Error(), c.field) || w.Hash() != before {
			t.Errorf("%s %s: %q, or the world changed", c.op, c.args, bad)
		}
	}
}

// TestEveryOpParses keeps Ops, the parser and the machine together.
func TestEveryOpParses(t *testing.T) {
	for _, op := range stack.Ops() {
		_, err := stack.ParseCommand(op, "", json.RawMessage(`{}`))
		var bad *stack.ArgError
		if errors.As(err, &bad) && bad.Code == stack.CodeUnknownOp {
			t.Errorf("%s is listed and unknown", op)
		}
	}
}

func TestQuotasRefuseBeforeAnythingHappens(t *testing.T) {
	w := lab(t)
	do := func(op, args string) error {
		c, err := stack.ParseCommand(op, "", json.RawMessage(args))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Check(c); err != nil {
			return err
		}
		w.Apply(c)
		return nil
	}
	var err error
	n := 0
	for ; err == nil && n < 1000; n++ {
		err = do("host.add", `{}`)
	}
	var bad *stack.ArgError
	if !errors.As(err, &bad) || bad.Code != stack.CodeQuota || n != stack.MaxHosts-3+1 {
		t.Errorf("hosts: %d made, then %v", n-1, err)
	}
	for i := 0; i < stack.MaxSockets; i++ {
		if i%64 == 0 {
			if err := do("proc.start", `{"host":"A","id":"q`+string(rune('a'+i/64))+`"}`); err != nil {
				t.Fatal(err)
			}
		}
		if err := do("socket", `{"proc":"q`+string(rune('a'+i/64))+`","proto":"udp"}`); err != nil {
			t.Fatalf("socket %d: %v", i, err)
		}
	}
	if err := do("socket", `{"proc":"client","proto":"udp"}`); !errors.As(err, &bad) ||
		bad.Code != stack.CodeQuota {
		t.Errorf("one socket too many: %v", err)
	}
}

func TestAStartWorldThatCannotBeIsAnError(t *testing.T) {
	for _, c := range []struct{ op, args string }{
		{"route.add", `{"host":"A","dst":"0.0.0.0/0","via":"10.0.1.1"}`}, // no such host
		{"answer", `{"goal":"g","value":"v"}`},                           // a note
	} {
		cmd, err := stack.ParseCommand(c.op, "", json.RawMessage(c.args))
		if err != nil {
			t.Fatal(err)
		}
		var start *stack.StartError
		if _, err = stack.New(stack.Config{Start: []stack.Command{cmd}}); !errors.As(err, &start) ||
			start.Op != c.op || start.Index != 0 {
			t.Errorf("%s: %v", c.op, err)
		}
	}
	if _, err := stack.New(stack.Config{Behaviour: 99}); err == nil {
		t.Error("another behaviour was accepted")
	}
	if _, err := stack.New(stack.Config{Profile: "plan9"}); err == nil {
		t.Error("an unknown profile was accepted")
	}
}

func FuzzParseCommand(f *testing.F) {
	f.Add("bind", `{"proc":"server","fd":3,"port":80}`)
	f.Add("link.add", `{"a":{"host":"A"},"b":{"host":"R","nic":"eth0"},"delay_ns":1}`)
	f.Add("send", `{"proc":"p","fd":3,"base64":"AAAA"}`)
	f.Fuzz(func(t *testing.T, op, args string) {
		c, err := stack.ParseCommand(op, "", json.RawMessage(args))
		if err != nil {
			var bad *stack.ArgError
			if !errors.As(err, &bad) || bad.Code == "" {
				t.Fatalf("not an ArgError: %v", err)
			}
			return
		}
		again, err := json.Marshal(c.Args)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stack.ParseCommand(op, "", again); err != nil {
			t.Fatalf("%s: its own encoding %s is refused: %v", args, again, err)
		}
	})
}
