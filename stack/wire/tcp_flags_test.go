package wire

import "testing"

// The constants for usual flags say what the letters, put together, say.
func TestFlagsAreTheirLettersInOrder(t *testing.T) {
	for f := range 256 {
		want := ""
		for i := range 8 {
			if f&(1<<i) != 0 {
				want += string("FSRPAUEW"[i])
			}
		}
		if got := Flags(f).String(); got != want {
			t.Errorf("flags %08b are %q, want %q", f, got, want)
		}
	}
}
