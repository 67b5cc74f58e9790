package tun

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// queueLength is how many packets the kernel keeps for us while we are busy.
const queueLength = 8192

// Config says what device to make. Addr and Addr6 are the machine's own addresses on it,
// with the networks that are reached by it; one of them may be missing.
type Config struct {
	Name        string
	Addr, Addr6 netip.Prefix
	MTU         int // 0: MTU
}

// Device is a TUN device that this process made and that ends with it.
type Device struct {
	fd, wake int
	name     string
}

// Open makes a device, gives it its addresses and brings it up. It refuses a name that is
// taken with ErrTaken. What fails leaves nothing behind.
func Open(c Config) (*Device, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("make an eventfd: %w", err)
	}
	d := &Device{fd: fd, wake: wake, name: c.Name}
	if err := d.make(c); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// make gives the descriptor its device. IFF_TUN_EXCL refuses one that exists: we would write
// into what is another's.
func (d *Device) make(c Config) error {
	ifr, err := unix.NewIfreq(c.Name)
	if err != nil {
		return fmt.Errorf("the name %q: %w", c.Name, err)
	}
	ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_TUN_EXCL)
	if err := unix.IoctlIfreq(d.fd, unix.TUNSETIFF, ifr); errors.Is(err, unix.EBUSY) {
		return ErrTaken
	} else if err != nil {
		return fmt.Errorf("make device %s: %w", c.Name, err)
	}
	return configure(c)
}

// Name returns the name of the device.
func (d *Device) Name() string { return d.name }

// Read implements Wire.
func (d *Device) Read(buf []byte) (int, error) {
	for {
		n, err := unix.Read(d.fd, buf)
		switch {
		case err == nil:
			return n, nil
		case errors.Is(err, unix.EAGAIN):
			return 0, nil
		case !errors.Is(err, unix.EINTR):
			return 0, os.NewSyscallError("read the device", err)
		}
	}
}

// Write implements Wire.
func (d *Device) Write(packet []byte) error {
	for {
		_, err := unix.Write(d.fd, packet)
		switch {
		case err == nil, errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOBUFS),
			errors.Is(err, unix.EINVAL): // what the kernel takes for no packet is lost, too
			return nil
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EIO):
			return fmt.Errorf("device %s was taken down", d.name)
		default:
			return os.NewSyscallError("write the device", err)
		}
	}
}

// Wait implements Wire.
func (d *Device) Wait(span time.Duration) error {
	fds := []unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLIN},
		{Fd: int32(d.wake), Events: unix.POLLIN}}
	var timeout *unix.Timespec
	if span >= 0 {
		ts := unix.NsecToTimespec(span.Nanoseconds())
		timeout = &ts
	}
	if _, err := unix.Ppoll(fds, timeout, nil); err != nil && !errors.Is(err, unix.EINTR) {
		return os.NewSyscallError("wait for the device", err)
	}
	if fds[0].Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0 {
		return fmt.Errorf("device %s is gone", d.name)
	}
	if fds[1].Revents != 0 {
		var count [8]byte
		unix.Read(d.wake, count[:]) // back to 0
	}
	return nil
}

// Wake implements Wire.
func (d *Device) Wake() { unix.Write(d.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) }

// Close implements Wire. The kernel takes the device away with its last descriptor, and its
// addresses and routes with it.
func (d *Device) Close() error {
	unix.Close(d.wake)
	return os.NewSyscallError("close the device", unix.Close(d.fd))
}
