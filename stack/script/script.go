// Package script reads and runs packet scripts: tests of a TCP/IP stack written as a list
// of socket calls and packets with the times at which they happen, in the notation of
// packetdrill, in virtual time.
//
// It must never reach past the façade of package stack: a script is commands to a world
// and a comparison of what the world tells, so every run can be kept as a journal. It
// opens no file: text comes from the caller. Read docs/scripts.md first.
package script

import (
	"strconv"
	"time"

	"labserver/stack/inet"
	"labserver/stack/wire"
)

// Limits of one script.
const (
	MaxOctets = 4 << 20 // of its text
	MaxEvents = 20_000
	maxDepth  = 32 // of nested expressions
)

// Script is a script as parsed.
type Script struct {
	File   string // as the caller names it, for messages
	Flags  []Flag
	Events []Event
}

// Flag is one --name=value line at the start of a script.
type Flag struct {
	Line        int
	Name, Value string
}

// Event is one statement: when, and what.
type Event struct {
	Line int
	When When
	Text string // the action as written, on one line
	Do   Action
}

// TimeKind says how the time of an event is meant.
type TimeKind uint8

const (
	Absolute      TimeKind = iota // since the script began
	Relative                      // since the event before: +t
	AbsoluteRange                 // t~t
	RelativeRange                 // +t~+t
	AnyTime                       // *
)

// When is the time of an event. To is the end of a range.
type When struct {
	Kind     TimeKind
	From, To time.Duration
}

// Action is what an event does: *Packet, *Call, *Shell or *Code.
type Action interface{ action() }

// Shell is a line between backticks.
type Shell struct{ Text string }

// Code is what stands between %{ and }%.
type Code struct{ Stmts []stmt }

// Call is a socket call with the result it must have.
type Call struct {
	Name string
	Args []Expr
	// Blocking tells that the call is given until End: since the script began, or since
	// the event before if the event's own time is relative.
	Blocking bool
	End      time.Duration
	Result   Expr
	Errno    inet.Errno
}

func (*Packet) action() {}
func (*Call) action()   {}
func (*Shell) action()  {}
func (*Code) action()   {}

// Packet is one packet as a script writes it.
type Packet struct {
	Inbound bool // "<": towards the stack under test
	Proto   inet.Protocol
	IP      IPInfo
	Ports   *[2]uint16 // source and destination, if they are written

	// Of TCP. Numbers are relative to the initial sequence numbers.
	Flags          wire.Flags
	AE             bool // RFC 9768's third ECN flag
	Seq, End       uint32
	Len            int // octets of data, of UDP too
	Ack            uint32
	HasWin, HasUrg bool
	Win            uint32
	Urg            uint16
	AnyOpts        bool // <...>
	Opts           []Option

	ICMP *ICMPInfo
}

// IPInfo is what stands in brackets before a packet. A nil field was not written.
type IPInfo struct {
	ECN  *uint8 // the two bits of RFC 3168 §5
	TOS  *uint8
	TTL  *uint8
	Flow *uint32
	// BadChecksum tells that the transport checksum is made wrong, on injected packets.
	BadChecksum bool
}

// ICMPInfo is an ICMP message: by its names, and the packet it quotes.
type ICMPInfo struct {
	Type, Code string // as written; Code may be ""
	MTU        uint32
	HasMTU     bool
	Quoted     *Packet // nil if the script does not say
}

// Option is one TCP option as a script writes it.
type Option struct {
	Kind   uint8
	Value  uint32      // mss, wscale, TS val
	Ecr    uint32      // TS
	Blocks [][2]uint32 // sack
	Cookie []byte      // FO, and the value of an option written as octets
	// Exp tells that a Fast Open cookie is in the experimental option of RFC 6994.
	Exp bool
}

// The kinds that package wire does not name.
const (
	optFastOpen = 34  // RFC 7413 §4.1.1
	optExp      = 254 // RFC 6994
	optMD5      = 19  // RFC 2385
	fastOpenID  = 0xf989
)

// Error says what is wrong with a script, and where.
type Error struct {
	File   string
	Line   int
	Reason string
}

// Error renders FILE:LINE: reason.
func (e *Error) Error() string {
	return e.File + ":" + strconv.Itoa(e.Line) + ": " + e.Reason
}
