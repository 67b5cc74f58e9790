package live

import (
	"encoding/json"
	"errors"

	"labserver/web/app"
	"labserver/web/session"
)

// maxDepth is how deep a message's JSON may nest.
const maxDepth = 8

// message is what a client sent: *ClientHello, *Ack, *Cmd, *ViewRate or *Ping.
type message any

// decode reads one message strictly. An error is an *app.Error; cid is the message's, if
// it has one that can be read, so that the answer finds its question.
func decode(text []byte) (m message, cid string, err error) {
	if tooDeep(text) {
		return nil, "", (&app.Error{Code: app.ErrMalformed.Code, Limit: "8 levels"})
	}
	var head struct {
		Type string `json:"type"`
		Cid  string `json:"cid"`
	}
	var typ *json.UnmarshalTypeError
	if err := json.Unmarshal(text, &head); err != nil && !errors.As(err, &typ) {
		return nil, "", app.ErrMalformed
	}
	if !session.ValidCid(head.Cid) {
		head.Cid = "" // not echoed
	}
	m, err = fill(head.Type, text)
	return m, head.Cid, err
}

func fill(typ string, text []byte) (message, error) {
	switch typ {
	case "hello":
		var m ClientHello
		return &m, strict(text, &m)
	case "ack":
		var m Ack
		return &m, strict(text, &m)
	case "cmd":
		var m Cmd
		err := strict(text, &m)
		if err == nil && m.Op == "" {
			err = app.ErrMissing.At("op")
		}
		return &m, err
	case "view":
		var m ViewRate
		err := strict(text, &m)
		if err == nil && m.Rate != "full" && m.Rate != "idle" {
			err = (&app.Error{Code: app.ErrRange.Code, Limit: "full, idle"}).At("rate")
		}
		return &m, err
	case "ping":
		var m Ping
		return &m, strict(text, &m)
	case "":
		return nil, app.ErrMissing.At("type")
	}
	return nil, (&app.Error{Code: "unknown_message"}).At("type")
}

// strict reads one JSON object; what is wrong names the field. A frame in which a field
// stands twice says two things, so it says nothing.
func strict(text []byte, v any) error {
	err := session.Strict(text, v)
	var known *app.Error
	if errors.As(err, &known) && known.Code == app.ErrDuplicate.Code {
		return app.ErrMalformed.At(known.Field)
	}
	return err
}

// tooDeep tells nesting beyond maxDepth without building anything.
func tooDeep(text []byte) bool {
	depth, inString, escaped := 0, false, false
	for _, c := range text {
		switch {
		case escaped:
			escaped = false
		case inString:
			escaped = c == '\\'
			inString = c != '"'
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
