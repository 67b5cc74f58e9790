package tun

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// configure gives a device that was just made its size and addresses, and brings it up. It
// speaks of this device by name only, so it can change no other.
func configure(c Config) error {
	ctl, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("open a control socket", err)
	}
	defer unix.Close(ctl)
	mtu := c.MTU
	if mtu == 0 {
		mtu = MTU
	}
	set := func(what string, request uint, fill func(*unix.Ifreq) error) error {
		ifr, err := unix.NewIfreq(c.Name)
		if err == nil {
			err = fill(ifr)
		}
		if err == nil {
			err = unix.IoctlIfreq(ctl, request, ifr)
		}
		if err != nil {
			return fmt.Errorf("set the %s of %s: %w", what, c.Name, err)
		}
		return nil
	}
	number := func(v int) func(*unix.Ifreq) error {
		return func(r *unix.Ifreq) error { r.SetUint32(uint32(v)); return nil }
	}
	address := func(a [4]byte) func(*unix.Ifreq) error {
		return func(r *unix.Ifreq) error { return r.SetInet4Addr(a[:]) }
	}
	quieten(c.Name)
	if err := set("MTU", unix.SIOCSIFMTU, number(mtu)); err != nil {
		return err
	}
	if err := set("queue", unix.SIOCSIFTXQLEN, number(queueLength)); err != nil {
		return err
	}
	if c.Addr.IsValid() {
		if err := set("address", unix.SIOCSIFADDR, address(c.Addr.Addr().As4())); err != nil {
			return err
		}
		mask := [4]byte(net.CIDRMask(c.Addr.Bits(), 32))
		if err := set("netmask", unix.SIOCSIFNETMASK, address(mask)); err != nil {
			return err
		}
	}
	if err := set("flags", unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error {
		r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
		return nil
	}); err != nil {
		return err
	}
	if c.Addr6.IsValid() {
		return address6(c.Name, c.Addr6)
	}
	return nil
}

// address6 adds an IPv6 address: its request has a form of its own (struct in6_ifreq).
func address6(name string, addr netip.Prefix) error {
	dev, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	ctl, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("this machine has no IPv6, leave the address %s away: %w", addr, err)
	}
	defer unix.Close(ctl)
	request := struct {
		addr  [16]byte
		bits  uint32
		index int32
	}{addr.Addr().As16(), uint32(addr.Bits()), int32(dev.Index)}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(ctl), unix.SIOCSIFADDR,
		uintptr(unsafe.Pointer(&request))); errno != 0 {
		return fmt.Errorf("set the address %s of %s: %w", addr, name, errno)
	}
	return usable6(addr.Addr())
}

// readyWithin is how long the kernel may take until an IPv6 address can be used: the device
// is not up the moment that it was brought up.
const readyWithin = 3 * time.Second

// usable6 waits until a socket can be bound to an address.
func usable6(addr netip.Addr) error {
	for end := time.Now().Add(readyWithin); ; time.Sleep(2 * time.Millisecond) {
		c, err := net.ListenUDP("udp6", net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, 0)))
		if err == nil {
			return c.Close()
		}
		if time.Now().After(end) {
			return fmt.Errorf("the address %s cannot be used: %w", addr, err)
		}
	}
}

// quieten keeps the kernel from looking for routers and neighbours on the device by itself:
// no link-local address, no solicitations, no search for who else has its address. A file
// that cannot be written costs only some packets that the world does not take.
func quieten(name string) {
	dir := "/proc/sys/net/ipv6/conf/" + name + "/"
	for _, file := range []string{"addr_gen_mode", "router_solicitations", "accept_ra",
		"accept_dad"} {
		value := "0"
		if file == "addr_gen_mode" {
			value = "1" // none
		}
		os.WriteFile(dir+file, []byte(value), 0)
	}
}
