package sock

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/tcp"
)

// The requests that ioctl(2) knows.
const (
	siocInq     = "SIOCINQ"     // octets that can be read
	siocOutq    = "SIOCOUTQ"    // octets sent and not acknowledged, and those not sent
	siocOutqNSD = "SIOCOUTQNSD" // octets not sent yet
	siocAtMark  = "SIOCATMARK"  // 1 when the next octet read is the urgent one
)

// Ioctl is ioctl(2) with a request that counts something.
func (t *Table) Ioctl(p *Proc, fd int, request string, fx *Effects) {
	c, s := t.begin(p, "ioctl", fd, fx)
	if s == nil {
		return
	}
	if request != siocInq && (s.proto == inet.UDP || !isOutq(request)) {
		c.fail(rfc.NoSuchIoctl, inet.ENOTTY, "request", fx)
		return
	}
	if s.listener != nil && request != siocAtMark {
		c.fail(rfc.BadArgument, inet.EINVAL, "fd", fx)
		return
	}
	c.returns(rfc.IoctlCall, s.count(request), fx)
}

func isOutq(request string) bool {
	return request == siocOutq || request == siocOutqNSD || request == siocAtMark
}

// count is the answer to an ioctl.
func (s *Socket) count(request string) int64 {
	switch {
	case s.proto == inet.UDP:
		if s.udp == nil {
			return 0
		}
		return int64(s.udp.Next())
	case s.conn == nil:
		return 0
	}
	return s.countStream(s.conn, request)
}

func (s *Socket) countStream(c *tcp.Conn, request string) int64 {
	switch request {
	case siocInq:
		return int64(c.Unread())
	case siocOutqNSD:
		return int64(c.Unsent())
	case siocAtMark:
		if c.AtMark() {
			return 1
		}
		return 0
	}
	return int64(c.Unacknowledged())
}

// The values of F_GETFL: the access mode of every socket, and O_NONBLOCK of Linux.
const (
	readWrite = 2
	nonblock  = 2048
)

// Fcntl is fcntl(2) with F_GETFL or F_SETFL; the one flag it can change is O_NONBLOCK.
func (t *Table) Fcntl(p *Proc, fd int, cmd string, flags []string, fx *Effects) {
	c, s := t.begin(p, "fcntl", fd, fx)
	if s == nil {
		return
	}
	switch cmd {
	case "F_GETFL":
		c.returns(rfc.FcntlCall, readWrite+nonblock*s.option("O_NONBLOCK"), fx)
	case "F_SETFL":
		on := int64(min(len(flags), 1))
		if on != s.option("O_NONBLOCK") {
			t.setOption(s, "O_NONBLOCK", Setting{Value: on}, rfc.FcntlCall, fx)
		}
		c.returns(rfc.FcntlCall, 0, fx)
	default:
		c.fail(rfc.BadArgument, inet.EINVAL, "cmd", fx)
	}
}
