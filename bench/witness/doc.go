// Package witness holds tests only: a world of ours talks to a gVisor netstack, which was
// written by other people from the same standards, over a wire in memory that loses,
// doubles and reorders packets by a seed. What one of them sends the other must understand.
//
// It must never know how either stack works inside: it looks at what programs get and at
// what passes the wire.
package witness
