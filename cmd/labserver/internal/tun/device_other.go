//go:build !linux

package tun

import (
	"net/netip"
	"time"
)

// Config says what device to make. Addr and Addr6 are the machine's own addresses on it.
type Config struct {
	Name        string
	Addr, Addr6 netip.Prefix
	MTU         int
}

// Device is a TUN device; here there is none.
type Device struct{}

// Open returns ErrUnsupported.
func Open(Config) (*Device, error) { return nil, ErrUnsupported }

// Name returns "".
func (*Device) Name() string { return "" }

// Read implements Wire.
func (*Device) Read([]byte) (int, error) { return 0, ErrUnsupported }

// Write implements Wire.
func (*Device) Write([]byte) error { return ErrUnsupported }

// Wait implements Wire.
func (*Device) Wait(time.Duration) error { return ErrUnsupported }

// Wake implements Wire.
func (*Device) Wake() {}

// Close implements Wire.
func (*Device) Close() error { return nil }
