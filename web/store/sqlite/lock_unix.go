//go:build unix

package sqlite

import (
	"os"

	"golang.org/x/sys/unix"
)

// errHeld is what exclusive returns when another process holds the lock.
const errHeld = unix.EWOULDBLOCK

// exclusive locks f for this process, or fails at once.
func exclusive(f *os.File) error {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}
