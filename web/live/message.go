// Package live speaks labwire.v1 with browsers over WebSockets.
//
// It must never touch a world: it asks a session.Session and hands on what that
// publishes. It is the only importer of nhooyr.io/websocket. The structs in this file
// are the source of the wire's schema: static/src/gen/live.ts is written from them.
// Read docs/labwire.md first.
package live

import (
	"encoding/json"

	"labserver/stack/sim"
	"labserver/web/app"
)

// Subprotocol is what both sides must offer and take.
const Subprotocol = "labwire.v1.json"

// Proto is the only version of the protocol.
const Proto = 1

// Every frame is a JSON object whose field "type" names one of these structs.
type (
	// ClientHello opens a conversation, and a client that found a gap sends it again.
	// Run, After and OwnerEpoch say what it has; without Run it has nothing.
	ClientHello struct {
		Type       string `json:"type"` // "hello"
		Proto      []int  `json:"proto"`
		Schema     string `json:"schema"`
		Run        *int   `json:"run,omitempty"`
		After      *int64 `json:"after,omitempty"`
		OwnerEpoch uint64 `json:"owner_epoch,omitempty"`
	}
	// Ack says that every event of the run up to N has been received.
	Ack struct {
		Type string `json:"type"` // "ack"
		Run  int    `json:"run"`
		N    uint64 `json:"n"`
	}
	// Cmd asks for something to be done. A resend with the same Cid is answered like
	// the first and does nothing.
	Cmd struct {
		Type string          `json:"type"` // "cmd"
		Cid  string          `json:"cid"`
		Op   string          `json:"op"`
		Args json.RawMessage `json:"args"`
	}
	// ViewRate says whether anybody looks: with "idle" there are no events and no
	// credit, only a clock frame a second.
	ViewRate struct {
		Type string `json:"type"` // "view"
		Rate string `json:"rate"` // "full", "idle"
	}
	// Ping is the heartbeat that browsers do not show otherwise.
	Ping struct {
		Type string `json:"type"` // "ping"
		TS   int64  `json:"ts"`
	}
)

// What the server says.
type (
	// Hello answers a hello. Unless Resumed, a snap follows.
	Hello struct {
		Type       string   `json:"type"` // "hello"
		Proto      int      `json:"proto"`
		Schema     string   `json:"schema"`
		Run        int      `json:"run"`
		OwnerEpoch uint64   `json:"owner_epoch"`
		Role       app.Role `json:"role"`
		Head       uint64   `json:"head"`   // last event there is
		Oldest     uint64   `json:"oldest"` // first event that can be resumed from
		Common     uint64   `json:"common"` // last event that no take-over can change
		Resumed    bool     `json:"resumed"`
		Limits     Limits   `json:"limits"`
	}
	// Limits are what this connection must keep to.
	Limits struct {
		MessageOctets int `json:"message_octets"`
		CommandsPerS  int `json:"commands_per_s"`
		CommandBurst  int `json:"command_burst"`
		CreditEvents  int `json:"credit_events"`
		CreditOctets  int `json:"credit_octets"`
		SilenceMS     int `json:"silence_ms"`
	}
	// Snap is the whole view at event N; what the client had is void.
	Snap struct {
		Type string          `json:"type"` // "snap"
		Run  int             `json:"run"`
		N    uint64          `json:"n"`
		T    sim.Time        `json:"t"`
		View json.RawMessage `json:"view"` // View of the event schema
	}
	// Evs is a batch of events, From to To without a gap.
	Evs struct {
		Type  string          `json:"type"` // "evs"
		Run   int             `json:"run"`
		From  uint64          `json:"from"`
		To    uint64          `json:"to"`
		T     sim.Time        `json:"t"` // virtual now, not before the last event
		Items json.RawMessage `json:"items"`
	}
	// Res answers a cmd. N is the command's own event, the cause of what follows; for
	// clock commands it is the last event there is.
	Res struct {
		Type string     `json:"type"` // "res"
		Cid  string     `json:"cid"`
		OK   bool       `json:"ok"`
		Run  int        `json:"run,omitempty"`
		N    uint64     `json:"n,omitempty"`
		Err  *WireError `json:"err,omitempty"`
	}
	// WireError says why something was no command. Key finds its text in the page's
	// language, Args fill it.
	WireError struct {
		Code  string            `json:"code"`
		Key   string            `json:"key"`
		Args  map[string]string `json:"args,omitempty"`
		Field string            `json:"field,omitempty"`
	}
	// Pong answers a ping.
	Pong struct {
		Type string `json:"type"` // "pong"
		TS   int64  `json:"ts"`
	}
	// Lag tells a watcher that events were left out; a snap follows.
	Lag struct {
		Type    string `json:"type"` // "lag"
		Dropped uint64 `json:"dropped"`
	}
	// Lab says what is being played.
	Lab struct {
		Type   string            `json:"type"` // "lab"
		Run    int               `json:"run"`
		Slug   string            `json:"slug"`
		Digest string            `json:"digest"`
		Params map[string]string `json:"params"`
	}
	// Clock says how virtual time goes on from T at this moment.
	Clock struct {
		Type    string    `json:"type"` // "clock"
		Run     int       `json:"run"`
		N       uint64    `json:"n"`
		T       sim.Time  `json:"t"`
		Step    uint64    `json:"step"`
		Playing bool      `json:"playing"`
		Speed   app.Speed `json:"speed"` // 1 is real time; or "max"
		// Waiting tells that the simulation waits for the driver's acknowledgements.
		Waiting bool `json:"waiting"`
		// Busy tells that a step or advance is under way.
		Busy bool `json:"busy"`
		// Next is when something will happen next; absent when nothing is due.
		Next *sim.Time `json:"next,omitempty"`
		// Broken tells that the engine met a defect of its own: nothing moves any more,
		// and the journal is kept.
		Broken bool `json:"broken,omitempty"`
	}
	// Who counts who is here, and says what the receiver is.
	Who struct {
		Type     string   `json:"type"` // "who"
		Role     app.Role `json:"role"`
		Drivers  int      `json:"drivers"`
		Watchers int      `json:"watchers"`
	}
	// Sum says how the goals stand.
	Sum struct {
		Type     string `json:"type"` // "sum"
		Run      int    `json:"run"`
		Goals    []Goal `json:"goals"`
		Finished bool   `json:"finished"`
	}
	// Goal is one goal's verdict with the numbers of the events that show it.
	Goal struct {
		ID        string   `json:"id"`
		State     string   `json:"state"` // "open", "met", "unmet", "broken"
		Evidence  []uint64 `json:"evidence"`
		Unmet     string   `json:"unmet,omitempty"`
		Hint      int      `json:"hint"` // index of the hint that fits the nearest mistake; -1: none
		HintsUsed int      `json:"hints_used"`
	}
	// Bye says why the socket is about to close, and whether coming back can help.
	Bye struct {
		Type  string `json:"type"` // "bye"
		Code  string `json:"code"` // "restart", "revoked", "rate", "proto"
		Retry bool   `json:"retry"`
	}
)
