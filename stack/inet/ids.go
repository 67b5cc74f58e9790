package inet

import "strconv"

// IDs hands out the ids a world numbers itself. The zero value starts every kind at 1.
// Ids are never used again within a run.
type IDs struct{ proc, host, link, socket, conn, call uint64 }

func next(n *uint64, letter byte) string {
	*n++
	return text(*n, letter)
}

func text(n uint64, letter byte) string {
	var b [21]byte
	b[0] = letter
	return string(strconv.AppendUint(b[:1], n, 10))
}

// NextHost returns "h1", "h2", …
func (i *IDs) NextHost() HostID { return HostID(next(&i.host, 'h')) }

// NextProc returns "p1", "p2", …
func (i *IDs) NextProc() ProcID { return ProcID(next(&i.proc, 'p')) }

// NextLink returns "l1", "l2", …
func (i *IDs) NextLink() LinkID { return LinkID(next(&i.link, 'l')) }

// NextSocket returns "s1", "s2", …
func (i *IDs) NextSocket() SocketID { return SocketID(next(&i.socket, 's')) }

// NextConn returns "c1", "c2", …
func (i *IDs) NextConn() ConnID { return ConnID(next(&i.conn, 'c')) }

// NextCall returns "k1", "k2", …
func (i *IDs) NextCall() CallID { return Call(i.CountCall()) }

// CountCall is NextCall that returns the number only; Call makes an id of it.
func (i *IDs) CountCall() uint64 { i.call++; return i.call }

// Call returns the id of the n-th call: "k1", "k2", …
func Call(n uint64) CallID { return CallID(text(n, 'k')) }
