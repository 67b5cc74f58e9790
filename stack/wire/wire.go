// Package wire turns octets into headers and headers into octets: Ethernet II, IPv4,
// IPv6, ICMP, ICMPv6, UDP and TCP, with their checksums.
//
// It must never decide anything about a packet: it says what is there and what is
// wrong with it, and the layer that asked chooses the rule. Parsing never panics,
// never reads past its input, and does not copy: Data and Payload alias what was
// parsed. Read RFC 9293 §3.1, RFC 791 §3.1, RFC 8200 §3 and §4, RFC 768, RFC 792,
// RFC 4443 and RFC 1071 first.
package wire

import "encoding/binary"

// Error says what is wrong with octets that were parsed. It is a constant, so that a
// caller can switch on it and cite the rule that fits.
type Error string

// What can be wrong. Beside every error the parsers return what they could read, which
// is everything but what the error names; it may be shown, but not trusted.
const (
	Truncated     Error = "truncated"         // fewer octets than the headers promise
	BadChecksum   Error = "bad checksum"      // RFC 1071
	BadLength     Error = "bad length"        // a length field smaller than its own header
	BadDataOffset Error = "bad data offset"   // TCP: under 5 words or past the segment's end
	BadVersion    Error = "bad version"       // IP: neither 4 nor 6, or not the one asked for
	BadExtension  Error = "bad extension"     // IPv6: an extension header past the packet's end
	BadOption     Error = "bad option length" // TCP: under 2 or past the header's end
)

// Error implements error.
func (e Error) Error() string { return string(e) }

// Numbers in headers stand in the network's order of octets (RFC 791, appendix B).
func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }
func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

func append16(b []byte, v uint16) []byte { return binary.BigEndian.AppendUint16(b, v) }
func append32(b []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(b, v) }

func put16(b []byte, v uint16) { binary.BigEndian.PutUint16(b, v) }
func put32(b []byte, v uint32) { binary.BigEndian.PutUint32(b, v) }
