package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"labserver/web/app"
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
	if len(head.Cid) > maxCid {
		head.Cid = ""
	}
	m, err = fill(head.Type, text)
	return m, head.Cid, err
}

// maxCid is the longest cid that is echoed.
const maxCid = 64

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

// strict reads one JSON object; unknown fields and wrong types name the field.
func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		return app.ErrMalformed
	}
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) {
		return (&app.Error{Code: app.ErrBadType.Code, Got: typ.Value}).At(typ.Field)
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		const most = 40
		field = strings.Trim(field, `"`)
		field = strings.ToValidUTF8(field[:min(len(field), most)], "")
		return (&app.Error{Code: "unknown_field"}).At(field)
	}
	return app.ErrMalformed
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
