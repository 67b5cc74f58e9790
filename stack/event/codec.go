package event

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// UnknownKind is the error of decoding an event of a kind this build does not have.
type UnknownKind Kind

// Error implements error.
func (k UnknownKind) Error() string { return "unknown kind of event " + strconv.Quote(string(k)) }

// DecodeError says why a line is no event of ours.
type DecodeError struct {
	Kind Kind // "" if it cannot be told
	Err  error
}

// Error implements error.
func (e *DecodeError) Error() string {
	if e.Kind == "" {
		return "event: " + e.Err.Error()
	}
	return "event " + string(e.Kind) + ": " + e.Err.Error()
}

// Unwrap returns what was wrong.
func (e *DecodeError) Unwrap() error { return e.Err }

// envelope is what an event's line holds beside its body.
type envelope struct {
	N    uint64      `json:"n"`
	T    sim.Time    `json:"t"`
	K    Kind        `json:"kind"`
	By   uint64      `json:"by"`
	Rule rfc.ID      `json:"rule"`
	Host inet.HostID `json:"host"`
	Conn inet.ConnID `json:"conn"`
}

// Decode reads one event as AppendJSON writes it. It is strict, for golden traces: an
// unknown kind is an UnknownKind, an unknown member or anything behind the object is a
// *DecodeError.
func Decode(line []byte) (Event, error) {
	var k struct {
		Kind Kind `json:"kind"`
	}
	if err := json.Unmarshal(line, &k); err != nil {
		return Event{}, &DecodeError{Err: err}
	}
	env, body, err := decodeBody(k.Kind, line)
	if _, unknown := err.(UnknownKind); unknown {
		return Event{}, err
	}
	if err == nil && body.Kind() != k.Kind {
		err = errOtherOp
	}
	if err != nil {
		return Event{}, &DecodeError{k.Kind, err}
	}
	return Event{N: env.N, T: env.T, By: env.By, Rule: env.Rule, Host: env.Host, Conn: env.Conn,
		Body: body}, nil
}

type codecError string

func (e codecError) Error() string { return string(e) }

const (
	errOtherOp  codecError = "kind and op do not agree"
	errTrailing codecError = "something stands behind the object"
)

// strict decodes a whole line and refuses members that v does not have.
func strict(line []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if len(bytes.TrimSpace(line[d.InputOffset():])) > 0 {
		return errTrailing
	}
	return nil
}

// prefixOf returns "cmd." of "cmd.host.add".
func prefixOf(k Kind) string {
	prefix, _, _ := strings.Cut(string(k), ".")
	return prefix + "."
}

// MarshalJSON implements json.Marshaler with AppendJSON.
func (e Event) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil), nil }

// UnmarshalJSON implements json.Unmarshaler with Decode.
func (e *Event) UnmarshalJSON(b []byte) error {
	decoded, err := Decode(b)
	if err == nil {
		*e = decoded
	}
	return err
}

// OptionKinds are kinds of TCP options. In JSON they are numbers, not base64 as other
// octets are: they are read as numbers.
type OptionKinds []uint8

// MarshalJSON implements json.Marshaler.
func (k OptionKinds) MarshalJSON() ([]byte, error) { return appendNumbers(nil, k), nil }

// UnmarshalJSON implements json.Unmarshaler.
func (k *OptionKinds) UnmarshalJSON(b []byte) error {
	var numbers []uint16 // []uint8 would be base64 again
	if err := json.Unmarshal(b, &numbers); err != nil {
		return err
	}
	*k = nil
	for _, n := range numbers {
		if n > 255 {
			return codecError("an option kind is one octet")
		}
		*k = append(*k, uint8(n))
	}
	return nil
}

// The encoders below write what encoding/json writes, escapes for HTML included, so
// that an event is the same octets however it came into a frame.

// closeObject ends an object whose members each have a comma after them.
func closeObject(b []byte) []byte {
	if b[len(b)-1] == ',' {
		b[len(b)-1] = '}'
		return b
	}
	return append(b, '}')
}

func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' ||
			c == '>' || c == '&' {
			return append(appendEscaped(append(b, '"'), s), '"')
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

func appendPrefixed(b []byte, prefix, s string) []byte {
	b = append(append(b, '"'), prefix...)
	return append(appendEscaped(b, s), '"')
}

// appendEscaped writes s as it stands between quotes.
func appendEscaped(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd"): // not UTF-8
			b = append(b, `\ufffd`...)
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == '\r':
			b = append(b, '\\', 'r')
		case r == '\t':
			b = append(b, '\\', 't')
		case r == '\b':
			b = append(b, '\\', 'b')
		case r == '\f':
			b = append(b, '\\', 'f')
		case r < ' ' || r == '<' || r == '>' || r == '&':
			b = append(b, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
		case r == '\u2028':
			b = append(b, `\u2028`...)
		case r == '\u2029':
			b = append(b, `\u2029`...)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

func appendBytes(b, data []byte) []byte {
	if data == nil {
		return append(b, "null"...)
	}
	return append(base64.StdEncoding.AppendEncode(append(b, '"'), data), '"')
}

func appendNumbers(b []byte, numbers []uint8) []byte {
	b = append(b, '[')
	for i, n := range numbers {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(n), 10)
	}
	return append(b, ']')
}

func appendRaw(b []byte, raw json.RawMessage) []byte {
	if raw == nil {
		return append(b, "null"...)
	}
	return append(b, raw...)
}

func appendAddr(b []byte, a netip.Addr) []byte {
	if a.Zone() != "" { // a zone is any text
		return appendString(b, a.String())
	}
	if !a.IsValid() {
		return append(b, '"', '"')
	}
	return append(a.AppendTo(append(b, '"')), '"')
}

// givenPrefix is what omitzero asks of a prefix.
func givenPrefix(p netip.Prefix) bool { return p != (netip.Prefix{}) }

func appendPrefix(b []byte, p netip.Prefix) []byte {
	if p == (netip.Prefix{}) {
		return append(b, '"', '"')
	}
	return append(p.AppendTo(append(b, '"')), '"')
}

func appendEndpoint(b []byte, e inet.Endpoint) []byte {
	if !e.Addr.IsValid() || e.Addr.Zone() != "" {
		return appendString(b, e.String())
	}
	return append(netip.AddrPortFrom(e.Addr, e.Port).AppendTo(append(b, '"')), '"')
}
