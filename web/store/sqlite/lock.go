package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"

	"labserver/web/store"
)

// lock is the file that one serving process holds. The kernel gives it up with the
// process, however that ends; the file itself stays.
type lock struct{ f *os.File }

// lockFile takes the lock or says who has it.
func lockFile(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock database: %w", err)
	}
	if err := exclusive(f); err != nil {
		holder := make([]byte, 32)
		n, _ := f.ReadAt(holder, 0)
		f.Close()
		if !errors.Is(err, errHeld) {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		return nil, fmt.Errorf("%w: %s is held by process %s; stop it or use another data folder",
			store.ErrLocked, path, bytes.TrimSpace(holder[:n]))
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &lock{f}, nil
}

func (l *lock) release() error { return l.f.Close() }
