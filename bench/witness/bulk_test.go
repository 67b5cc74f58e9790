package witness

import (
	"io"
	"testing"
	"time"

	"labserver/stack"
	"labserver/stack/inet"
)

// both runs a test in both versions of IP, with the connection opened by either side.
func both(t *testing.T, o options, test func(*rig, version, *peer, int)) {
	t.Helper()
	for _, v := range versions() {
		for _, opener := range []side{ours, theirs} {
			t.Run(v.name+"/"+opener.String()+" opens", func(t *testing.T) {
				t.Parallel()
				r := newRig(t, o)
				p, fd := r.join(v, opener)
				test(r, v, p, fd)
			})
		}
	}
}

// pattern fills b with the octets of a stream from a position on.
func pattern(b []byte, seed uint64, at int) {
	for i := range b {
		x := (uint64(at+i) + seed<<40) * 0x9e3779b97f4a7c15
		b[i] = byte(x >> 56)
	}
}

// compare counts the octets of b that are not those of the stream.
func (r *rig) compare(b []byte, seed uint64, at int) {
	want := make([]byte, len(b))
	pattern(want, seed, at)
	different := 0
	for i := range b {
		if b[i] != want[i] {
			different++
		}
	}
	total.octets.Add(int64(len(b)))
	total.different.Add(int64(different))
	if different > 0 {
		r.t.Errorf("%d of %d octets from %d on differ", different, len(b), at)
	}
}

// the streams of the two directions.
const (
	fromOurs   uint64 = 1
	fromTheirs uint64 = 2
)

// exchange sends so many octets from each side at the same time, ends both directions in
// order, and compares every octet.
func (r *rig) exchange(p *peer, fd, n, back int) {
	r.t.Helper()
	wrote, read, ended := 0, 0, false
	done, failed := make(chan struct{}), ""
	r.program(func() bool {
		if failed != "" || ended && wrote > n {
			return false
		}
		busy := false
		var buf [16 << 10]byte
		for wrote < n {
			b := buf[:min(len(buf), n-wrote)]
			pattern(b, fromOurs, wrote)
			k, e := r.w.Write(proc, fd, b)
			if e == inet.EAGAIN {
				break
			}
			if e != inet.OK {
				failed = "our write: " + string(e)
				close(done)
				return true
			}
			wrote, busy = wrote+k, true
		}
		if wrote == n {
			r.endOurs(fd)
			wrote, busy = n+1, true
		}
		for !ended {
			k, e := r.w.Read(proc, fd, buf[:])
			if e == inet.EAGAIN {
				break
			}
			if e != inet.OK {
				failed = "our read: " + string(e)
				close(done)
				return true
			}
			r.compare(buf[:k], fromTheirs, read)
			read, ended, busy = read+k, k == 0, true
		}
		if ended && wrote > n {
			close(done)
		}
		return busy
	})
	r.exchangeTheirs(p, n, back)
	select {
	case <-done:
	case <-time.After(2 * patience):
		r.t.Fatalf("our side stands: %d of %d written, %d of %d read", wrote, n, read, back)
	}
	r.do(func() {
		if failed != "" || read != back {
			r.t.Errorf("%s; %d of %d octets read", failed, read, back)
		}
	})
	p.Close()
	r.close(fd)
}

// exchangeTheirs is gVisor's part of an exchange: it is sent n octets and sends some back.
func (r *rig) exchangeTheirs(p *peer, n, back int) {
	r.t.Helper()
	wrote := make(chan error, 1)
	go func() {
		buf := make([]byte, 16<<10)
		for at := 0; at < back; at += len(buf) {
			buf = buf[:min(len(buf), back-at)]
			pattern(buf, fromTheirs, at)
			if _, err := p.Write(buf); err != nil {
				wrote <- err
				return
			}
		}
		wrote <- p.CloseWrite()
	}()
	buf, got := make([]byte, 16<<10), 0
	var err error
	for err == nil {
		var k int
		k, err = p.Read(buf)
		r.compare(buf[:k], fromOurs, got)
		got += k
	}
	if err != io.EOF || got != n {
		r.t.Errorf("gVisor read %d octets of %d, %v", got, n, err)
	}
	if err := <-wrote; err != nil {
		r.t.Errorf("gVisor's write: %v", err)
	}
}

// amount is how much a bulk test sends each way.
func amount(full int) int {
	if testing.Short() {
		return full / 8
	}
	return full
}

func TestBulkBothWaysAtOnceArrivesWhole(t *testing.T) {
	both(t, options{}, func(r *rig, _ version, p *peer, fd int) {
		r.exchange(p, fd, amount(8<<20), amount(8<<20))
	})
}

// eachWay sends in one direction, then in the other, through a wire with faults.
//
// Not in both at once: when packets are reordered, this gVisor stops sending for ever now
// and then, with everything acknowledged and an open window, also when it talks to itself.
func eachWay(t *testing.T, f faults, n int) {
	t.Run("ours sends", func(t *testing.T) {
		both(t, options{faults: f}, func(r *rig, _ version, p *peer, fd int) {
			r.exchange(p, fd, n, 0)
		})
	})
	t.Run("gVisor sends", func(t *testing.T) {
		both(t, options{faults: f}, func(r *rig, _ version, p *peer, fd int) {
			r.exchange(p, fd, 0, n)
		})
	})
}

func TestBulkArrivesWholeThroughLoss(t *testing.T) {
	eachWay(t, faults{seed: 1, lose: 20}, amount(2<<20))
}

func TestBulkArrivesWholeThroughReordering(t *testing.T) {
	eachWay(t, faults{seed: 2, lag: 50}, amount(4<<20))
}

func TestBulkArrivesWholeThroughDuplication(t *testing.T) {
	eachWay(t, faults{seed: 3, dup: 50}, amount(4<<20))
}

func TestBulkArrivesWholeThroughEverythingAtOnce(t *testing.T) {
	eachWay(t, faults{seed: 4, lose: 15, lag: 30, dup: 15}, amount(2<<20))
}

// endOurs ends our sending; for the world's owner.
func (r *rig) endOurs(fd int) {
	r.must("shutdown", stack.Shutdown{Proc: proc, FD: fd, How: "wr"})
}
