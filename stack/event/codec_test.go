package event_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"labserver/stack/event"
	"labserver/stack/inet"

	"pgregory.net/rapid"
)

// reflective is the reference encoder: encoding/json on a struct that has the
// envelope's fields, then the body's.
func reflective(t fataler, e event.Event) []byte {
	t.Helper()
	envelope, err := json.Marshal(struct {
		N    uint64      `json:"n"`
		T    int64       `json:"t"`
		Kind event.Kind  `json:"kind"`
		By   uint64      `json:"by"`
		Rule string      `json:"rule"`
		Host inet.HostID `json:"host,omitempty"`
		Conn inet.ConnID `json:"conn,omitempty"`
	}{e.N, int64(e.T), e.Kind(), e.By, string(e.Rule), e.Host, e.Conn})
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(e.Body)
	if err != nil {
		t.Fatal(err)
	}
	if string(body) == "{}" {
		return envelope
	}
	return append(append(envelope[:len(envelope)-1], ','), body[1:]...)
}

// fataler is what *testing.T and *rapid.T have in common here.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func checkEncoding(t fataler, e event.Event) {
	t.Helper()
	got, want := e.AppendJSON(nil), reflective(t, e)
	if !bytes.Equal(got, want) {
		t.Fatalf("%s\n got %s\nwant %s", e.Kind(), got, want)
	}
	if marshalled, err := json.Marshal(e); err != nil || !bytes.Equal(marshalled, got) {
		t.Fatalf("inside a frame it is another: %s, %v", marshalled, err)
	}
}

func TestEncodingIsWhatEncodingJSONWritesForAnyValues(t *testing.T) {
	bodies := prototypes()
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SampledFrom(bodies).Draw(t, "kind")
		v := reflect.New(reflect.TypeOf(body)).Elem()
		fill(t, v)
		checkEncoding(t, event.Event{
			N: rapid.Uint64().Draw(t, "n"), T: 5, By: 1, Rule: "policy:<&>",
			Host: inet.HostID(drawString(t)), Body: v.Interface().(event.Body),
		})
	})
}

// prototypes are one body of each kind, from the samples.
func prototypes() []event.Body {
	var bodies []event.Body
	for _, e := range samples() {
		bodies = append(bodies, e.Body)
	}
	return bodies
}

func drawString(t *rapid.T) string {
	return rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{"", "A", "서울", "a\"b\\c", "<&>", "\u2028\u2029",
			"\xff\xfe", "\ufffd", "\b\f\n\r\t\x00\x1f\x7f"}),
	).Draw(t, "string")
}

// fill draws a value of any type that bodies use.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Interface().(type) {
	case netip.Addr:
		v.Set(reflect.ValueOf(drawAddr(t)))
		return
	case netip.Prefix:
		a := drawAddr(t).WithZone("")
		v.Set(reflect.ValueOf(netip.PrefixFrom(a, rapid.IntRange(-1, 40).Draw(t, "bits"))))
		return
	case inet.Endpoint:
		v.Set(reflect.ValueOf(inet.Endpoint{Addr: drawAddr(t), Port: rapid.Uint16().Draw(t, "port")}))
		return
	case inet.TCPState:
		v.Set(reflect.ValueOf(inet.TCPState(rapid.IntRange(0, 12).Draw(t, "state"))))
		return
	case json.RawMessage:
		v.Set(reflect.ValueOf(rapid.SampledFrom([]json.RawMessage{nil,
			json.RawMessage(`{}`), json.RawMessage(`{"a":[1,"x"]}`)}).Draw(t, "raw")))
		return
	}
	fillKind(t, v)
}

func fillKind(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "present") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Slice:
		n := rapid.IntRange(-1, 3).Draw(t, "elements")
		if n < 0 {
			return // nil
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(t, v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	case reflect.String:
		v.SetString(drawString(t))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.OneOf(rapid.Just(int64(0)), rapid.Int64()).Draw(t, "int"))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(rapid.OneOf(rapid.Just(uint64(0)), rapid.Uint64()).Draw(t, "uint") >>
			(64 - v.Type().Bits()))
	default:
		t.Fatalf("no values for %v", v.Type())
	}
}

func drawAddr(t *rapid.T) netip.Addr {
	return rapid.SampledFrom([]netip.Addr{
		{}, netip.MustParseAddr("77.77.77.77"), netip.MustParseAddr("0.0.0.0"),
		netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("::ffff:1.2.3.4"),
		netip.MustParseAddr(`fe80::1%e"th`),
	}).Draw(t, "addr")
}

func TestAnUnknownKindIsSaidToBeOne(t *testing.T) {
	_, err := event.Decode([]byte(`{"n":1,"t":0,"kind":"moon.full","by":0,"rule":"world"}`))
	var unknown event.UnknownKind
	if !errors.As(err, &unknown) || unknown != "moon.full" {
		t.Errorf("%v", err)
	}
	if !strings.Contains(err.Error(), `"moon.full"`) {
		t.Errorf("it does not say which: %v", err)
	}
}

func TestWhatIsNoEventIsRefused(t *testing.T) {
	const start = `{"n":1,"t":0,"by":0,"rule":"world",`
	for name, line := range map[string]string{
		"no JSON":             `{`,
		"an array":            `[]`,
		"an unknown member":   start + `"kind":"conn.state","old":"CLOSED","new":"LISTEN","x":1}`,
		"a wrong type":        start + `"kind":"conn.state","old":0,"new":"LISTEN"}`,
		"an unknown state":    start + `"kind":"conn.state","old":"CLOSED","new":"OPEN"}`,
		"two on a line":       start + `"kind":"host.removed"} {}`,
		"op against kind":     start + `"kind":"cmd.bind","op":"listen","args":{}}`,
		"an octet of 256":     start + `"kind":"segment.sent","seg":{"opts":{"unknown":[256]}}}`,
		"base64 for numbers":  start + `"kind":"segment.sent","seg":{"opts":{"unknown":"/Q=="}}}`,
		"an endpoint without": start + `"kind":"socket.bound","sock":"s1","local":"1.2.3.4"}`,
	} {
		_, err := event.Decode([]byte(line))
		var refused *event.DecodeError
		if !errors.As(err, &refused) || refused.Unwrap() == nil ||
			!strings.HasPrefix(err.Error(), "event") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, e := range samples() {
		f.Add(e.AppendJSON(nil))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := event.Decode(line)
		if err != nil {
			return
		}
		again, err := event.Decode(e.AppendJSON(nil))
		if err != nil || !bytes.Equal(again.AppendJSON(nil), e.AppendJSON(nil)) {
			t.Fatalf("%s: %v", e.AppendJSON(nil), err)
		}
	})
}

func TestEncodingAllocatesNothingIfThereIsRoom(t *testing.T) {
	b := make([]byte, 0, 4096)
	for _, e := range samples() {
		if n := testing.AllocsPerRun(20, func() { e.AppendJSON(b) }); n != 0 {
			t.Errorf("%s: %v allocations", e.Kind(), n)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	events := samples()
	buf := make([]byte, 0, 4096)
	octets := 0
	for _, e := range events {
		octets += len(e.AppendJSON(buf))
	}
	b.ReportMetric(float64(octets)/float64(len(events)), "octets/event")
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		events[i].AppendJSON(buf)
		if i++; i == len(events) {
			i = 0
		}
	}
}

func BenchmarkAppendJSONOfASegment(b *testing.B) {
	buf := make([]byte, 0, 4096)
	for _, e := range samples() {
		if e.Kind() == "segment.received" {
			b.ReportAllocs()
			for b.Loop() {
				e.AppendJSON(buf)
			}
			return
		}
	}
}

func BenchmarkReflectiveEncoding(b *testing.B) {
	events := samples()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		reflective(b, events[i])
		if i++; i == len(events) {
			i = 0
		}
	}
}
