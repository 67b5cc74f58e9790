package sqlite

import (
	"os"

	"golang.org/x/sys/windows"
)

// errHeld is what exclusive returns when another process holds the lock.
const errHeld = windows.ERROR_LOCK_VIOLATION

// exclusive locks f for this process, or fails at once. The region lies far past the
// process number in the file, because locked octets cannot be read by others here.
func exclusive(f *os.File) error {
	at := &windows.Overlapped{OffsetHigh: 1}
	return windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
}
