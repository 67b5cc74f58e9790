//go:build !linux

// Package veth measures the Linux kernel's own software path; there is none here.
package veth

import (
	"errors"

	"labserver/bench/sample"
)

// errLinux is what every function returns.
var errLinux = errors.New("this needs Linux")

// Usable says why nothing can be measured.
func Usable() error { return errLinux }

// Bulk measures nothing.
func Bulk(warm, octets int64) (sample.Sample, error) { return sample.Sample{}, errLinux }

// Hosts measures nothing.
func Hosts(n int) (sample.Sample, error) { return sample.Sample{}, errLinux }
