package sim

import "math/bits"

// Rand is a splitmix64 generator. Each purpose takes its own named stream, so that
// one more draw in one place does not shift every other place's numbers.
type Rand struct{ state uint64 }

// Stream derives the generator for one named purpose from a world's seed.
func Stream(seed uint64, name string) *Rand {
	h := uint64(14695981039346656037) // FNV-1a offset basis
	for i := 0; i < len(name); i++ {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	r := &Rand{state: seed ^ h}
	r.Uint64()
	return r
}

// Uint64 draws 64 random bits.
func (r *Rand) Uint64() uint64 {
	r.state += 0x9E3779B97F4A7C15
	z := r.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// Below draws a number in [0, n). n of 0 gives 0. The high half of a 64×64 product is
// used instead of a remainder, so the bias is below 2^-64 · n.
func (r *Rand) Below(n uint64) uint64 {
	hi, _ := bits.Mul64(r.Uint64(), n)
	return hi
}

// PerMillion reports true with probability ppm/1 000 000. Zero never draws, so an
// unimpaired link leaves its stream untouched.
func (r *Rand) PerMillion(ppm int64) bool {
	return ppm > 0 && int64(r.Below(1_000_000)) < ppm
}
