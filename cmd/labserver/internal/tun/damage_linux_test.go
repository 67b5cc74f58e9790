package tun_test

import (
	"testing"

	"labserver/stack/inet"
	"labserver/stack/wire"
)

// One bit in some packets is turned over on the way. Whatever it was, both sides find it, and
// what they deliver is whole; the kernel finds bad exactly the segments that our own reader
// does.
func TestDamagedPacketsAreFoundOnBothSides(t *testing.T) {
	const volume = 4 << 20
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			r := newRig(t, `"delay_ns":200000,"corrupt_ppm":10000`)
			r.do(func() { r.resets.damage = true })
			r.watch(func(in bool, p *wire.IP, octets []byte) {
				// Uncounted the kernel drops what its IP does not pass on, and what is too
				// short for its own header.
				n := len(p.Payload)
				if in || p.Proto != inet.TCP || p.Dst != v.kernel || p.Src.IsMulticast() ||
					n < wire.TCPHeaderLen || int(p.Payload[12]>>4)*4 > n {
					return
				}
				if _, err := wire.ParseTCP(p.Src, p.Dst, p.Payload); err != nil {
					r.bad++
				}
			})
			conn, o := r.connect(v, true, newTalk(volume, volume, 1, 2))
			if err := talkKernel(conn, newTalk(volume, volume, 2, 1)); err != nil {
				t.Error(err)
			}
			if err := <-o.over; err != nil {
				t.Error(err)
			}
			r.do(func() {
				if r.bad == 0 {
					t.Error("nothing was damaged")
				}
				t.Logf("%d segments of ours were damaged", r.bad)
			})
		})
	}
}
