package live

import (
	"encoding/json"
	"errors"
	"testing"

	"labserver/web/app"
	"labserver/web/session"
)

func TestMessagesAreRead(t *testing.T) {
	for text, want := range map[string]string{
		`{"type":"hello","proto":[1],"schema":"x"}`:                       "*live.ClientHello",
		`{"type":"hello","proto":[1],"schema":"x","run":2,"after":-1}`:    "*live.ClientHello",
		`{"type":"ack","run":1,"n":12}`:                                   "*live.Ack",
		`{"type":"cmd","cid":"c","op":"bind","args":{"proc":"p","fd":3}}`: "*live.Cmd",
		`{"type":"view","rate":"idle"}`:                                   "*live.ViewRate",
		` { "type" : "ping", "ts": 17 } `:                                 "*live.Ping",
	} {
		m, _, err := decode([]byte(text))
		if got := typeName(m); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}

func typeName(m message) string {
	switch m.(type) {
	case *ClientHello:
		return "*live.ClientHello"
	case *Ack:
		return "*live.Ack"
	case *Cmd:
		return "*live.Cmd"
	case *ViewRate:
		return "*live.ViewRate"
	case *Ping:
		return "*live.Ping"
	}
	return "?"
}

// FuzzDecode: whatever comes, there is a message or an error with a code, and what is
// echoed is short.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"type":"ack","run":1,"n":2}`, `{"type":"cmd","cid":"c","op":"x"}`,
		`[[[[[[[[[`, `{"type":"hello","proto":[1]}`, `"\"`, `{"type":"cmd","cid":"` + "\xff" + `"}`,
		`{"type":"ack","type":"ping"}`, `{"TYPE":"ping"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, cid, err := decode(text)
		var known *app.Error
		if err == nil && m == nil || err != nil && (!errors.As(err, &known) || known.Code == "") {
			t.Fatalf("%q: %v, %v", text, m, err)
		}
		if cid != "" && !session.ValidCid(cid) || known != nil && len(known.Field) > 200 {
			t.Fatalf("%q: echoes %q, %q", text, cid, known.Field)
		}
		if answer := encodeResult(cid, session.Result{}, err); !json.Valid(answer) {
			t.Fatalf("%q is answered with %q", text, answer)
		}
	})
}
