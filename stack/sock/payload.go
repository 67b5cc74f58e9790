package sock

// maxChunk is how much of a large payload is in memory at once.
const maxChunk = 64 << 10

// MaxOctets is the longest pattern that send takes (contract: 16 MiB).
const MaxOctets = 16 << 20

// Payload is what a program sends: its own octets, or so many of a fixed pattern, which
// lets a lab move megabytes without carrying them in a command.
type Payload struct {
	Data    []byte
	Pattern int64 // used when Data is nil
}

// Len returns the octets in all.
func (p Payload) Len() int64 {
	if p.Data != nil {
		return int64(len(p.Data))
	}
	return p.Pattern
}

// chunk returns up to max octets from off on; empty at the end.
func (p Payload) chunk(off int64, max int) []byte {
	n := min(p.Len()-off, int64(max))
	if n <= 0 {
		return nil
	}
	if p.Data != nil {
		return p.Data[off : off+n]
	}
	b := make([]byte, n)
	for i := range min(len(b), patternPeriod) {
		b[i] = PatternAt(off + int64(i))
	}
	for done := patternPeriod; done < len(b); done *= 2 {
		copy(b[done:], b[:done])
	}
	return b
}

// patternPeriod is after how many octets the pattern comes again: lcm(26, 64).
const patternPeriod = 832

// PatternAt is octet i of the pattern: the letters a to z, over and over, with a line
// break every 64 octets so that hex dumps stay readable.
func PatternAt(i int64) byte {
	if i%64 == 63 {
		return '\n'
	}
	return 'a' + byte(i%26)
}
