package netstack

import "testing"

// With no offload no segment is longer than the MTU lets it be, and none is lost on the way.
func TestGVisorSendsEachSegmentByItself(t *testing.T) {
	for _, o := range []Options{{}, {Wire: Channel}, {Buffer: 64 << 10}} {
		s, err := Bulk{Options: o, Octets: 4 << 20}.Run()
		if err != nil {
			t.Fatal(o, err)
		}
		if s.Octets != 4<<20 || s.Segments < s.Octets/1448 || s.Segments > s.Octets/400 {
			t.Errorf("%s: %d octets in %d segments", o, s.Octets, s.Segments)
		}
	}
}

func TestEveryOpeningOfGVisorIsClosedInOrder(t *testing.T) {
	for _, workers := range []int{1, 8} {
		s, err := Openings(Options{}, 160, workers)
		if err != nil {
			t.Fatal(err)
		}
		if s.Operations != 160 || s.Segments < 6*160 || s.Segments > 8*160 {
			t.Errorf("%d clients: %d openings in %d segments", workers, s.Operations, s.Segments)
		}
	}
}

func TestEveryDatagramOfGVisorIsRead(t *testing.T) {
	s, err := Datagrams(Options{}, 320, 200)
	if err != nil || s.Operations != 320 || s.Octets != 320*200 {
		t.Errorf("%+v, %v", s, err)
	}
}

// Between many hosts, too, what is sent to warm up is not counted.
func TestWhatWarmsUpIsNotCounted(t *testing.T) {
	s, err := Bulk{Warm: 16 << 20, Octets: 4 << 20}.Many(2)
	if err != nil || s.Octets != 4<<20 || s.Segments < s.Octets/1448 || s.Segments > s.Octets/400 {
		t.Errorf("%+v, %v", s, err)
	}
}
