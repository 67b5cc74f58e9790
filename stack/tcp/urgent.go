package tcp

import "labserver/stack/inet"

// Urgent reports whether an urgent octet waits to be read.
func (c *Conn) Urgent() bool { return false }

// AtMark reports whether the next octet read is the one behind which urgent data ends.
func (c *Conn) AtMark() bool { return false }

// RecvUrgent reads the urgent octet.
func (c *Conn) RecvUrgent(peek bool, fx *Effects) (byte, inet.Errno) { return 0, inet.EINVAL }
