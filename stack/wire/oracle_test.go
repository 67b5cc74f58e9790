package wire

import (
	"bytes"
	"encoding/binary"
	"net"
	"testing"

	"labserver/stack/inet"
	"labserver/stack/seq"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"pgregory.net/rapid"
)

// decode lets gopacket, which shares no code with us, read a frame of ours. It must
// find nothing wrong with it.
func decode(t *rapid.T, proto inet.Protocol, payload []byte) gopacket.Packet {
	ip := drawIPv4(t)
	ip.Src, ip.Dst, ip.Proto, ip.Payload = addrA, addrB, proto, payload
	ip.MF, ip.FragOff = false, 0
	frame := Ethernet{
		Dst: MAC{2, 0, 0, 0, 0, 2}, Src: MAC{2, 0, 0, 0, 0, 1},
		Type: EtherTypeIPv4, Payload: ip.Append(nil),
	}
	p := gopacket.NewPacket(frame.Append(nil), layers.LayerTypeEthernet, gopacket.Default)
	if l4, ok := p.TransportLayer().(interface {
		SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
	}); ok {
		same(t, l4.SetNetworkLayerForChecksum(p.NetworkLayer()), nil)
	}
	if err, bad := p.VerifyChecksums(); err != nil || len(bad) > 0 {
		t.Fatalf("checksums: %v %v", err, bad)
	}
	checkNetwork(t, p, frame, ip)
	return p
}

func checkNetwork(t *rapid.T, p gopacket.Packet, frame Ethernet, ip IPv4) {
	eth := p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
	same(t, eth.SrcMAC, net.HardwareAddr(frame.Src[:]))
	same(t, eth.DstMAC, net.HardwareAddr(frame.Dst[:]))
	same(t, eth.EthernetType, layers.EthernetTypeIPv4)
	got := p.NetworkLayer().(*layers.IPv4)
	same(t, got.SrcIP.String(), ip.Src.String())
	same(t, got.DstIP.String(), ip.Dst.String())
	same(t, got.TTL, ip.TTL)
	same(t, got.TOS, ip.TOS)
	same(t, got.Id, ip.ID)
	same(t, got.Flags&layers.IPv4DontFragment != 0, ip.DF)
	same(t, int(got.Length), IPv4HeaderLen+len(ip.Payload))
	same(t, len(got.Options), 0)
}

func TestGopacketReadsOurSegments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawTCP(t)
		p := decode(t, inet.TCP, s.Append(nil, addrA, addrB))
		got := p.TransportLayer().(*layers.TCP)
		same(t, uint16(got.SrcPort), s.SrcPort)
		same(t, uint16(got.DstPort), s.DstPort)
		same(t, got.Seq, uint32(s.Seq))
		same(t, got.Ack, uint32(s.Ack))
		same(t, got.Window, s.Wnd)
		same(t, got.Urgent, s.Urg)
		same(t, gopacketFlags(got), s.Flags)
		same(t, got.NS, false)
		same(t, bytes.Equal(got.Payload, s.Data), true)
		same(t, gopacketOptions(t, got), s.Opts.asRead())
	})
}

func gopacketFlags(g *layers.TCP) Flags {
	var f Flags
	for i, set := range []bool{g.FIN, g.SYN, g.RST, g.PSH, g.ACK, g.URG, g.ECE, g.CWR} {
		if set {
			f |= 1 << i
		}
	}
	return f
}

// gopacketOptions puts what gopacket found into our words.
func gopacketOptions(t *rapid.T, g *layers.TCP) Options {
	var o Options
	u32 := binary.BigEndian.Uint32
	for _, opt := range g.Options {
		d := opt.OptionData
		switch opt.OptionType {
		case layers.TCPOptionKindNop:
		case layers.TCPOptionKindMSS:
			o.MSS = binary.BigEndian.Uint16(d)
		case layers.TCPOptionKindWindowScale:
			o.HasWScale, o.WScale = true, d[0]
		case layers.TCPOptionKindSACKPermitted:
			o.SACKOK = true
		case layers.TCPOptionKindTimestamps:
			o.HasTS, o.TSVal, o.TSEcr = true, u32(d), u32(d[4:])
		case layers.TCPOptionKindEndList:
		case layers.TCPOptionKind(OptFO):
			o.FO, o.Cookie = true, append(o.Cookie, d...)
		case layers.TCPOptionKindSACK:
			for ; len(d) > 0; d = d[8:] {
				o.SACK[o.NSACK][0], o.SACK[o.NSACK][1] = seq.Num(u32(d)), seq.Num(u32(d[4:]))
				o.NSACK++
			}
		default:
			t.Fatalf("an option nobody wrote: %v", opt)
		}
	}
	return o
}

func TestGopacketReadsOurDatagrams(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := drawUDP(t)
		p := decode(t, inet.UDP, u.Append(nil, addrA, addrB))
		got := p.TransportLayer().(*layers.UDP)
		same(t, uint16(got.SrcPort), u.SrcPort)
		same(t, uint16(got.DstPort), u.DstPort)
		same(t, int(got.Length), UDPHeaderLen+len(u.Data))
		same(t, got.Checksum == 0, u.NoChecksum)
		same(t, bytes.Equal(got.Payload, u.Data), true)
	})
}

func TestGopacketReadsOurMessages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawICMP(t)
		p := decode(t, inet.ICMP, m.Append(nil))
		got := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4)
		same(t, got.TypeCode, layers.CreateICMPv4TypeCode(m.Type, m.Code))
		same(t, got.Id, m.ID)
		same(t, got.Seq, m.Seq|m.MTU) // one of them is 0; MTU stands where Seq does
		same(t, bytes.Equal(got.Payload, m.Data), true)
	})
}

// TestWeReadSegmentsOfGopacket is the other direction, with shapes we never write.
func TestWeReadSegmentsOfGopacket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawTCP(t)
		ip := &layers.IPv4{SrcIP: addrA.AsSlice(), DstIP: addrB.AsSlice(), Protocol: 6}
		g := &layers.TCP{
			SrcPort: layers.TCPPort(s.SrcPort), DstPort: layers.TCPPort(s.DstPort),
			Seq: uint32(s.Seq), SYN: true, Window: s.Wnd,
			Options: []layers.TCPOption{
				{OptionType: 1}, {OptionType: 253, OptionLength: 5, OptionData: []byte{1, 2, 3}},
				{OptionType: 3, OptionLength: 3, OptionData: []byte{7}},
				{OptionType: 4, OptionLength: 2},
			},
		}
		if err := g.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
		buf := gopacket.NewSerializeBuffer()
		how := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
		if err := gopacket.SerializeLayers(buf, how, g, gopacket.Payload(s.Data)); err != nil {
			t.Fatal(err)
		}
		got, err := ParseTCP(addrA, addrB, buf.Bytes())
		same(t, err, nil)
		want := TCP{
			SrcPort: s.SrcPort, DstPort: s.DstPort, Seq: s.Seq, Flags: SYN, Wnd: s.Wnd, Data: s.Data,
			Opts: Options{HasWScale: true, WScale: 7, SACKOK: true, Unknown: []uint8{253}},
		}
		same(t, got, want)
	})
}
