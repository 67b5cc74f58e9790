package infer_test

import (
	"net/netip"
	"time"

	"labserver/stack/inet"
	"labserver/stack/pcapng"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// tape is a capture in the making.
type tape struct {
	link pcapng.LinkType
	now  time.Duration
	file pcapng.File
}

func newTape() *tape {
	return &tape{link: pcapng.LinkEthernet,
		file: pcapng.File{Format: "pcapng", Interfaces: []pcapng.Interface{{Link: pcapng.LinkEthernet}}}}
}

// put adds an IP packet as the tape's link has it, after a span of time.
func (t *tape) put(after time.Duration, packet []byte) *tape {
	t.now += after
	f := wire.Ethernet{Dst: wire.MAC{2, 0, 0, 0, 0, 2}, Src: wire.MAC{2, 0, 0, 0, 0, 1},
		Type: wire.EtherTypeIPv4, Payload: packet}
	if packet[0]>>4 == 6 {
		f.Type = wire.EtherTypeIPv6
	}
	octets := f.Append(nil)
	t.file.Packets = append(t.file.Packets, pcapng.Packet{TimeNS: int64(t.now), Data: octets,
		Length: len(octets)})
	return t
}

// end is one side of a forged connection.
type end struct {
	addr netip.Addr
	port uint16
}

func side(addr string, port uint16) end { return end{netip.MustParseAddr(addr), port} }

// alice and bob are the usual two.
func alice() end { return side("192.168.0.10", 50000) }
func bob() end   { return side("203.0.113.5", 80) }

// seg is a segment in short: flags as letters, numbers, and data.
type seg struct {
	flags    wire.Flags
	seq, ack seq.Num
	wnd      uint16
	data     string
	opts     wire.Options
}

func (t *tape) tcp(after time.Duration, from, to end, s seg) *tape {
	if s.wnd == 0 {
		s.wnd = 1000
	}
	h := wire.TCP{SrcPort: from.port, DstPort: to.port, Seq: s.seq, Ack: s.ack, Flags: s.flags,
		Wnd: s.wnd, Opts: s.opts, Data: []byte(s.data)}
	return t.put(after, t.ip(from.addr, to.addr, inet.TCP, h.Append(nil, from.addr, to.addr)))
}

func (t *tape) udp(after time.Duration, from, to end, data string) *tape {
	u := wire.UDP{SrcPort: from.port, DstPort: to.port, Data: []byte(data)}
	return t.put(after, t.ip(from.addr, to.addr, inet.UDP, u.Append(nil, from.addr, to.addr)))
}

func (t *tape) ip(from, to netip.Addr, proto inet.Protocol, payload []byte) []byte {
	h := wire.IP{Src: from, Dst: to, Proto: proto, TTL: 57, ID: uint32(len(t.file.Packets) + 1),
		Payload: payload}
	return h.Append(nil)
}

// The flags, by the letters people write.
const (
	syn = wire.SYN
	fin = wire.FIN | wire.ACK
	ack = wire.ACK
	psh = wire.PSH | wire.ACK
	rst = wire.RST
)

const ms = time.Millisecond

// scaled is what a SYN offers.
func scaled(shift uint8) wire.Options {
	return wire.Options{MSS: 1460, WScale: shift, HasWScale: true, SACKOK: true}
}

// shake adds a handshake of alice and bob, seen at alice: ISS 100 and 900, 40 ms apart.
func (t *tape) shake() *tape {
	return t.tcp(0, alice(), bob(), seg{flags: syn, seq: 100, opts: scaled(7)}).
		tcp(40*ms, bob(), alice(), seg{flags: syn | ack, seq: 900, ack: 101, opts: scaled(4)}).
		tcp(0, alice(), bob(), seg{flags: ack, seq: 101, ack: 901, wnd: 500})
}
