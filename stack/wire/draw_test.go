package wire

import (
	"net/netip"

	"labserver/stack/inet"
	"labserver/stack/seq"

	"pgregory.net/rapid"
)

// The seed's hosts A and B.
var (
	addrA = netip.MustParseAddr("77.77.77.77")
	addrB = netip.MustParseAddr("50.50.50.50")
)

func drawAddr(t *rapid.T, label string) netip.Addr {
	return netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, label)))
}

func drawData(t *rapid.T) []byte {
	return rapid.SliceOfN(rapid.Byte(), 0, 64).Draw(t, "data")
}

func drawIPv4(t *rapid.T) IPv4 {
	return IPv4{
		Src:     drawAddr(t, "src"),
		Dst:     drawAddr(t, "dst"),
		Proto:   inet.Protocol(rapid.SampledFrom([]uint8{1, 6, 17, 253}).Draw(t, "proto")),
		TTL:     rapid.Uint8().Draw(t, "ttl"),
		TOS:     rapid.Uint8().Draw(t, "tos"),
		ID:      rapid.Uint16().Draw(t, "id"),
		DF:      rapid.Bool().Draw(t, "df"),
		MF:      rapid.Bool().Draw(t, "mf"),
		FragOff: rapid.IntRange(0, ipv4OffMask).Draw(t, "off") * 8,
		Payload: drawData(t),
	}
}

func drawUDP(t *rapid.T) UDP {
	return UDP{
		SrcPort:    rapid.Uint16().Draw(t, "sport"),
		DstPort:    rapid.Uint16().Draw(t, "dport"),
		NoChecksum: rapid.Bool().Draw(t, "no checksum"),
		Data:       drawData(t),
	}
}

func drawICMP(t *rapid.T) ICMP {
	m := ICMP{
		Type: rapid.SampledFrom([]uint8{0, 3, 8, 11, 12}).Draw(t, "type"),
		Code: uint8(rapid.IntRange(0, 15).Draw(t, "code")),
		Data: drawData(t),
	}
	if m.IsEcho() {
		m.ID, m.Seq = rapid.Uint16().Draw(t, "id"), rapid.Uint16().Draw(t, "seq")
	}
	if m.Type == ICMPDestUnreachable && m.Code == ICMPFragmentationNeeded {
		m.MTU = rapid.Uint16().Draw(t, "mtu")
	}
	return m
}

func drawNum(t *rapid.T, label string) seq.Num { return seq.Num(rapid.Uint32().Draw(t, label)) }

// drawTCP draws any segment whose options fit the header.
func drawTCP(t *rapid.T) TCP {
	s := TCP{
		SrcPort: rapid.Uint16().Draw(t, "sport"),
		DstPort: rapid.Uint16().Draw(t, "dport"),
		Seq:     drawNum(t, "seq"),
		Ack:     drawNum(t, "ack"),
		Flags:   Flags(rapid.Uint8().Draw(t, "flags")),
		Wnd:     rapid.Uint16().Draw(t, "wnd"),
		Urg:     rapid.Uint16().Draw(t, "urg"),
		Data:    drawData(t),
	}
	o := &s.Opts
	if rapid.Bool().Draw(t, "has mss") {
		o.MSS = uint16(rapid.IntRange(1, 65535).Draw(t, "mss"))
	}
	if o.HasWScale = rapid.Bool().Draw(t, "has wscale"); o.HasWScale {
		o.WScale = rapid.Uint8().Draw(t, "wscale")
	}
	o.SACKOK = rapid.Bool().Draw(t, "sack ok")
	if o.HasTS = rapid.Bool().Draw(t, "has ts"); o.HasTS {
		o.TSVal, o.TSEcr = rapid.Uint32().Draw(t, "tsval"), rapid.Uint32().Draw(t, "tsecr")
	}
	if o.FO = rapid.Bool().Draw(t, "fast open"); o.FO {
		n := rapid.SampledFrom([]int{0, 4, 8, 16}).Draw(t, "cookie length")
		if o.lenBeforeSACK()+n <= maxOpts {
			o.Cookie = rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "cookie")
		}
	}
	o.Layout = Layout(rapid.IntRange(0, 1).Draw(t, "layout"))
	room := o.roomForSACK()
	o.NSACK = rapid.IntRange(0, room).Draw(t, "blocks")
	for i := range o.NSACK {
		o.SACK[i] = [2]seq.Num{drawNum(t, "left"), drawNum(t, "right")}
	}
	return s
}

// roomForSACK is how many SACK blocks surely fit beside the other options.
func (o *Options) roomForSACK() int {
	return min(4, max(0, (maxOpts-o.lenBeforeSACK()-4)/lenBlock))
}

// asRead is what parsing gives of the options: it does not tell how they lay, and knows
// no difference between no cookie and an empty one.
func (o Options) asRead() Options {
	o.Layout = LayoutLinux
	if len(o.Cookie) == 0 {
		o.Cookie = nil
	}
	return o
}
