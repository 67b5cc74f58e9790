package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"labserver/stack/sim"
	"labserver/web/app"
)

// The arguments of the commands that a session carries out itself. All others are the
// stack's (stack/args.go).
type (
	// PlayArgs is clock.play; without a speed it keeps the last one.
	PlayArgs struct {
		Speed *app.Speed `json:"speed,omitempty"`
	}
	// PauseArgs is clock.pause.
	PauseArgs struct{}
	// SpeedArgs is clock.speed: another pace, playing or paused as before.
	SpeedArgs struct {
		Speed *app.Speed `json:"speed"`
	}
	// StepArgs is clock.step. Unit "event" goes on until something happens, "segment"
	// until a packet is sent, taken or lost, "quiet" through the next instant at which
	// anything is due. It acts only if the last event is still FromN.
	StepArgs struct {
		Unit  string  `json:"unit"`
		FromN *uint64 `json:"from_n"`
	}
	// AdvanceArgs is clock.advance: on by a span of virtual time. It acts only if the
	// last event is still FromN.
	AdvanceArgs struct {
		ByNS  *int64  `json:"by_ns"`
		FromN *uint64 `json:"from_n"`
	}
	// ResetArgs is reset: another run from the start, with the same seed or, as a
	// Variant, a new one. It acts only if Run is still the last one.
	ResetArgs struct {
		Run     *int `json:"run"`
		Variant bool `json:"variant,omitempty"`
	}
)

// The units of clock.step.
const (
	stepEvent   = "event"
	stepSegment = "segment"
	stepQuiet   = "quiet"
)

// parseOwn reads the arguments of the session's own ops strictly. ok is false for an op
// of the stack's.
func parseOwn(op string, raw json.RawMessage) (args any, ok bool, err error) {
	switch op {
	case "clock.play":
		var a PlayArgs
		return &a, true, Strict(raw, &a)
	case "clock.pause":
		var a PauseArgs
		return &a, true, Strict(raw, &a)
	case "clock.speed":
		var a SpeedArgs
		err := Strict(raw, &a)
		if err == nil && a.Speed == nil {
			err = app.ErrMissing.At("speed")
		}
		return &a, true, err
	case "clock.step":
		var a StepArgs
		err := Strict(raw, &a)
		if err == nil {
			err = a.check()
		}
		return &a, true, err
	case "clock.advance":
		var a AdvanceArgs
		err := Strict(raw, &a)
		if err == nil {
			err = a.check()
		}
		return &a, true, err
	case "reset":
		var a ResetArgs
		err := Strict(raw, &a)
		if err == nil && a.Run == nil {
			err = app.ErrMissing.At("run")
		}
		return &a, true, err
	}
	return nil, false, nil
}

func (a StepArgs) check() error {
	switch a.Unit {
	case "":
		return app.ErrMissing.At("unit")
	case stepEvent, stepSegment, stepQuiet:
	default:
		return (&app.Error{Code: app.ErrRange.Code, Got: shorten(a.Unit),
			Limit: "event, segment, quiet"}).At("unit")
	}
	if a.FromN == nil {
		return app.ErrMissing.At("from_n")
	}
	return nil
}

func (a AdvanceArgs) check() error {
	switch {
	case a.ByNS == nil:
		return app.ErrMissing.At("by_ns")
	case *a.ByNS <= 0 || *a.ByNS > int64(sim.MaxTime):
		return (&app.Error{Code: app.ErrRange.Code, Limit: "1 … 2^53-1"}).At("by_ns")
	case a.FromN == nil:
		return app.ErrMissing.At("from_n")
	}
	return nil
}

// Strict reads one JSON object into v; unknown and doubled fields, wrong types and
// anything after the object are errors that name the field. Nothing counts as {}.
func Strict(raw []byte, v any) error {
	if len(bytes.TrimSpace(raw)) == 0 {
		raw = []byte("{}")
	}
	if err := checkKeys(raw); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
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
		return (&app.Error{Code: "unknown_field"}).At(shorten(strings.Trim(field, `"`)))
	}
	if strings.HasPrefix(err.Error(), "speed ") {
		return (&app.Error{Code: app.ErrRange.Code, Limit: `0.001 … 1000, "max"`}).At("speed")
	}
	return app.ErrMalformed
}

// checkKeys refuses what encoding/json lets pass in an object: a name that stands there
// twice, of which it takes the last, and one that is a field's but for its case. Whatever
// else is wrong is for the decoder to say.
func checkKeys(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil
	}
	seen := make(map[string]bool)
	for d.More() {
		key, err := d.Token()
		name, ok := key.(string)
		if err != nil || !ok {
			return nil
		}
		switch {
		case strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "":
			return (&app.Error{Code: "unknown_field"}).At(shorten(name))
		case seen[name]:
			return app.ErrDuplicate.At(name)
		}
		seen[name] = true
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil
		}
	}
	return nil
}

// shorten cuts what a client sent to a length fit for an answer.
func shorten(s string) string {
	const most = 40
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
