// Package tun joins a world to the machine it runs on: a TUN device on one side, a bare host
// of the world on the other, and virtual time in step with the clock on the wall.
//
// It must never touch an interface, an address or a route that is not its own device's, and
// must never be reached from serve: only `labserver tun` and the tests open a device. Read
// docs/tun.md and stack.World.Attach first.
package tun

import (
	"errors"
	"time"
)

// MTU is the largest packet a device takes unless said, as Ethernet's.
const MTU = 1500

// Limits of what a device's MTU may be: RFC 8200 §5 asks 1280 of a link with IPv6; an IPv4
// packet has at most 65535 octets.
const (
	MinMTU = 1280
	MaxMTU = 65535
)

// ErrUnsupported says that this machine has no TUN devices of the kind that is needed.
var ErrUnsupported = errors.New("TUN devices are there on Linux only")

// ErrTaken says that the machine has a device of that name already.
var ErrTaken = errors.New("a device of that name is there already")

// Wire carries whole IP packets between the world's owner and what is outside. Only Wake may
// be called by another goroutine than the owner's.
type Wire interface {
	// Read puts one packet into buf; 0 if none waits.
	Read(buf []byte) (int, error)
	// Write sends a packet. One that the other side has no room for is lost.
	Write(packet []byte) error
	// Wait returns when a packet waits, after Wake, or when span has passed; a negative
	// span has no end.
	Wait(span time.Duration) error
	// Wake ends a Wait, the present one or the next.
	Wake()
	// Close takes the device away.
	Close() error
}
