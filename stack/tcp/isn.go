package tcp

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
)

// prf is a keyed hash of a flow, the F() of RFC 6528 §3: "a pseudorandom function (PRF)
// of the connection-id", not computable from outside because of the secret (MUST-9).
// Purpose keeps its uses apart.
func (l *Layer) prf(flow inet.Flow, purpose byte) uint32 {
	sum := l.digest(flow, purpose, nil)
	return binary.BigEndian.Uint32(sum[:])
}

// digest is the whole of the keyed hash, of a flow and of what else is to go into it.
func (l *Layer) digest(flow inet.Flow, purpose byte, more []byte) [sha256.Size]byte {
	var b [45 + 8]byte
	local, remote := flow.Local.Addr.As16(), flow.Remote.Addr.As16()
	copy(b[0:], local[:])
	copy(b[16:], remote[:])
	binary.BigEndian.PutUint16(b[32:], flow.Local.Port)
	binary.BigEndian.PutUint16(b[34:], flow.Remote.Port)
	binary.BigEndian.PutUint64(b[36:], l.secret)
	b[44] = purpose
	return sha256.Sum256(b[:45+copy(b[45:], more)])
}

// isnTick is the period of the ISN clock: RFC 9293 §3.4.1, "a clock that increments
// roughly every 4 microseconds" (MUST-8).
const isnTick = 4 * time.Microsecond

// newISS selects an initial send sequence number and says by which rule:
// ISN = M + F(localip, localport, remoteip, remoteport, secretkey) (SHLD-1).
func (l *Layer) newISS(flow inet.Flow, now sim.Time) (seq.Num, rfc.ID) {
	if l.k.ISN != 0 {
		return seq.Num(uint32(l.k.ISN)), rfc.TCPISNFixed
	}
	m := uint32(int64(now) / int64(isnTick))
	return seq.Num(m + l.prf(flow, 'i')), rfc.TCPISN
}

// tsTick is the period of the timestamp clock (RFC 7323 §5.4 wants 1 ms to 1 s).
const tsTick = time.Millisecond

// tsNow is the timestamp clock of a connection: milliseconds from an offset of its own.
func (c *Conn) tsNow(now sim.Time) uint32 {
	return uint32(int64(now)/int64(tsTick)) + c.tsOffset
}
