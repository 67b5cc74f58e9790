package stack

// Build is the digest of the golden traces: what this program's stack does, in 64 bits.
// A journal of another build may replay differently. TestGoldenTraces -rewrite writes it.
const Build = "ea5c59578c051e83"
