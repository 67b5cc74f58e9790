package tun_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

// inside says how the tests that need a network of their own got it: "yes", or why not.
const inside = "LABSERVER_KERNEL_INSIDE"

// TestMain runs the tests a second time in a network namespace of their own, so that devices,
// addresses and settings there are nobody else's. Without root it tries a namespace of users
// as well. What cannot be had is told to the tests that need it: see needsKernel.
func TestMain(m *testing.M) {
	if os.Getenv(inside) != "" {
		os.Exit(m.Run())
	}
	code, err := runInside()
	if err != nil {
		os.Setenv(inside, err.Error())
		code = m.Run()
	}
	os.Exit(code)
}

func runInside() (code int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	runtime.LockOSThread() // Pdeathsig looks at the thread
	c := exec.Command(self, os.Args[1:]...)
	c.Env = append(os.Environ(), inside+"=yes")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET,
		Pdeathsig: syscall.SIGKILL}
	if uid, gid := os.Getuid(), os.Getgid(); uid != 0 {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: uid, Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: gid, Size: 1}}
	}
	if err := c.Start(); err != nil {
		return 0, fmt.Errorf("a network namespace of its own needs root: %w", err)
	}
	if err := c.Wait(); c.ProcessState == nil {
		return 0, err
	}
	return c.ProcessState.ExitCode(), nil
}

// needsKernel skips a test where there is no network namespace or no TUN device; in CI, where
// both must be, it fails.
func needsKernel(t *testing.T) {
	t.Helper()
	why := os.Getenv(inside)
	if why == "yes" {
		f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
		if err == nil {
			f.Close()
			return
		}
		why = "no TUN devices here: " + err.Error()
	}
	if os.Getenv("LABSERVER_E2E") != "" || os.Getenv("CI") == "true" {
		t.Fatal("the kernel must be there as a witness: " + why)
	}
	t.Skip("without the kernel as a witness: " + why)
}
