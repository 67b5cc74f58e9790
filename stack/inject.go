package stack

import (
	"strconv"

	"labserver/stack/ip"
	"labserver/stack/wire"
)

// checkPacket accepts what may be meant as an IP packet: it begins with a header whose
// addresses can be read. All else about it may be wrong.
func checkPacket(octets []byte) *ArgError {
	if _, _, ok := wire.Addresses(octets); ok {
		return inRange("base64", int64(len(octets)), 1, wire.IPv4MaxLen)
	}
	return &ArgError{Code: CodeNotIP, Field: "base64", Got: strconv.Itoa(len(octets)) + " octets"}
}

func (w *World) checkInject(a PacketInject) error {
	n := w.wayOut(a)
	if n == nil {
		_, dst, _ := wire.Addresses(a.Base64)
		return &ArgError{Code: CodeUnreachable, Field: "base64", Got: dst.String()}
	}
	return first(inRange("base64", int64(len(a.Base64)), 1, int64(n.MTU)),
		quota(w.flights.Len(), ip.MaxPackets, "packets"))
}

// wayOut returns the interface that an injected packet leaves by: the one towards its
// destination, or the only one; nil if there is none.
func (w *World) wayOut(a PacketInject) *ip.NIC {
	h := w.host(a.Host)
	_, dst, _ := wire.Addresses(a.Base64)
	if path, ok := h.IP.Path(dst); ok && path.NIC != nil {
		return path.NIC
	}
	if nics := h.IP.NICs(); len(nics) == 1 {
		return nics[0]
	}
	return nil
}

func (w *World) inject(a PacketInject, by uint64) {
	h := w.host(a.Host)
	fx := w.effects(by)
	h.Inject(a.Base64, w.wayOut(a), fx)
	w.settle(h, fx)
}
