package witness_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/layers"

	"labserver/stack/capture"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/seq"
)

// reader is gopacket reading one run: every frame where it left and where it came.
type reader struct {
	t       *testing.T
	p       point
	damaged map[inet.PacketID]bool
	marked  map[inet.PacketID]bool // ECN rewritten on the way
	whole   *ip4defrag.IPv4Defragmenter
	counts  map[string]int
}

// TestGopacketDecodesEveryFrameAndFindsWhatOurEventsSay reads all golden scenarios, labs and
// random worlds: no frame fails to decode, every checksum is right, and headers, options
// and payloads are those of the events. Fragments are put together by gopacket, too.
func TestGopacketDecodesEveryFrameAndFindsWhatOurEventsSay(t *testing.T) {
	counts := map[string]int{}
	for _, r := range append(append(goldenRuns(t), labRuns(t)...), worldRuns(t)...) {
		file, w := r.told(t, capture.Options{Both: true})
		g := reader{t: t, p: point{run: r, world: w, frames: frames(t, file)},
			damaged: damagedFrames(w), marked: map[inet.PacketID]bool{},
			whole: ip4defrag.NewIPv4Defragmenter(), counts: counts}
		for _, e := range w.Events().From(1) {
			if b, ok := e.Body.(event.PacketMarked); ok {
				g.marked[b.Pkt] = true
			}
		}
		for _, f := range g.p.frames {
			g.read(f)
		}
	}
	t.Log(counts)
	for _, kind := range []string{"TCP", "UDP", "ICMPv4", "ICMPv6", "IPv4 fragment", "IPv6 fragment",
		"ARP", "reassembled", "damaged"} {
		if counts[kind] < 10 {
			t.Errorf("only %d of %s: these runs show too little", counts[kind], kind)
		}
	}
}

// fail reports what is wrong with a frame.
func (g *reader) fail(f frame, format string, a ...any) {
	g.t.Helper()
	g.t.Errorf("%s, packet #%d at %s: %s: % x", g.p.run.name, f.pkt, f.where,
		fmt.Sprintf(format, a...), f.data[:min(len(f.data), 90)])
}

func (g *reader) read(f frame) {
	made, _ := g.p.made(f.pkt)
	if g.damaged[f.pkt] || forged(made) {
		g.counts["damaged"]++
		return
	}
	p := gopacket.NewPacket(f.data, layers.LayerTypeEthernet, gopacket.NoCopy)
	if bad := failure(p); bad != nil {
		g.fail(f, "%v", bad.Error())
		return
	}
	g.sums(f, p)
	// Where it was made its header is still that of the event; routers may translate it.
	if f.out && strings.HasPrefix(f.where, string(made.Host)+":") {
		g.compare(f, p, made)
	}
}

// sums verifies the checksums of the network layer and of the one above it.
func (g *reader) sums(f frame, p gopacket.Packet) {
	for _, l := range p.Layers() {
		if above, ok := l.(interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}); ok {
			if err := above.SetNetworkLayerForChecksum(p.NetworkLayer()); err != nil {
				g.fail(f, "%v", err)
			}
		}
		if sum, ok := l.(gopacket.LayerWithChecksum); ok {
			if err, got := sum.VerifyChecksum(); err != nil || !got.Valid {
				g.fail(f, "%v has the checksum %x, not %x (%v)", l.LayerType(), got.Actual, got.Correct, err)
			}
		}
		if _, icmp := l.(*layers.ICMPv4); l == p.TransportLayer() || icmp {
			return
		}
	}
}

// failure returns why a packet could not be decoded, nil if it could: up to its transport
// layer. What gopacket makes of the payload, going by the port, is not ours: people send
// gibberish to port 53.
func failure(p gopacket.Packet) gopacket.ErrorLayer {
	if p.TransportLayer() != nil {
		return nil
	}
	return p.ErrorLayer()
}

// compare holds a decoded packet against the event that made it.
func (g *reader) compare(f frame, p gopacket.Packet, made event.Event) {
	if g.fragment(f, p, made) {
		return
	}
	switch b := made.Body.(type) {
	case event.SegmentSent:
		g.counts["TCP"]++
		tcp, ok := p.TransportLayer().(*layers.TCP)
		if !ok {
			g.fail(f, "no TCP in %v", p)
			return
		}
		g.segment(f, p, tcp, b.Seg)
	case event.DatagramSent:
		g.counts["UDP"]++
		udp, ok := p.TransportLayer().(*layers.UDP)
		if !ok {
			g.fail(f, "no UDP in %v", p)
			return
		}
		g.datagram(f, p, udp, b.Dgram)
	case event.ICMPSent:
		g.message(f, p, b.ICMP)
	case event.ARPSent:
		g.counts["ARP"]++
		arp, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP)
		if !ok {
			g.fail(f, "no ARP in %v", p)
			return
		}
		g.address(f, p, arp, b.ARP)
	}
}

func endpoint(p gopacket.Packet, ports ...uint16) (src, dst inet.Endpoint) {
	a, b := p.NetworkLayer().NetworkFlow().Endpoints()
	src.Addr, _ = netip.AddrFromSlice(a.Raw())
	dst.Addr, _ = netip.AddrFromSlice(b.Raw())
	if len(ports) == 2 {
		src.Port, dst.Port = ports[0], ports[1]
	}
	return src, dst
}

// is compares one value of a frame with that of its event.
func (g *reader) is(f frame, what string, got, want any) {
	if !reflect.DeepEqual(got, want) {
		g.t.Helper()
		g.fail(f, "%s is %v, the event says %v", what, got, want)
	}
}

func (g *reader) segment(f frame, p gopacket.Packet, tcp *layers.TCP, s event.Seg) {
	src, dst := endpoint(p, uint16(tcp.SrcPort), uint16(tcp.DstPort))
	g.is(f, "source", src, s.Src)
	g.is(f, "destination", dst, s.Dst)
	g.is(f, "SEQ", tcp.Seq, uint32(s.Seq))
	g.is(f, "ACK", tcp.Ack, uint32(s.Ack))
	g.is(f, "flags", letters(tcp), s.Flags)
	g.is(f, "window", uint32(tcp.Window), s.Wnd)
	g.is(f, "urgent pointer", tcp.Urgent, s.Urg)
	g.is(f, "length", len(tcp.Payload), s.Len)
	g.is(f, "data", string(tcp.Payload[:min(len(tcp.Payload), len(s.Data))]), string(s.Data))
	opts := s.Opts
	if opts == nil {
		opts = &event.SegOpts{}
	}
	g.is(f, "options", options(tcp), *opts)
	if !g.marked[f.pkt] {
		g.is(f, "ECN", ecn(p), s.ECN)
	}
}

func letters(t *layers.TCP) string {
	var b strings.Builder
	for i, set := range []bool{t.FIN, t.SYN, t.RST, t.PSH, t.ACK, t.URG, t.ECE, t.CWR} {
		if set {
			b.WriteByte("FSRPAUEW"[i])
		}
	}
	return b.String()
}

// ecn returns the two bits of the network layer in the events' words.
func ecn(p gopacket.Packet) string {
	var tos uint8
	switch ip := p.NetworkLayer().(type) {
	case *layers.IPv4:
		tos = ip.TOS
	case *layers.IPv6:
		tos = ip.TrafficClass
	}
	return []string{"", "ect1", "ect0", "ce"}[tos&3]
}

// options puts what gopacket found into the words of our events.
func options(t *layers.TCP) (o event.SegOpts) {
	u32 := binary.BigEndian.Uint32
	for _, opt := range t.Options {
		d := opt.OptionData
		switch opt.OptionType {
		case layers.TCPOptionKindNop, layers.TCPOptionKindEndList:
		case layers.TCPOptionKindMSS:
			o.MSS = binary.BigEndian.Uint16(d)
		case layers.TCPOptionKindWindowScale:
			scale := d[0]
			o.WScale = &scale
		case layers.TCPOptionKindSACKPermitted:
			o.SACKOK = true
		case layers.TCPOptionKindTimestamps:
			o.TS, o.TSVal, o.TSEcr = true, u32(d), u32(d[4:])
		case layers.TCPOptionKindSACK:
			for ; len(d) >= 8; d = d[8:] {
				o.SACK = append(o.SACK, [2]seq.Num{seq.Num(u32(d)), seq.Num(u32(d[4:]))})
			}
		case layers.TCPOptionKind(34): // Fast Open
			o.FO = true
			if len(d) > 0 {
				o.Cookie = d
			}
		default:
			o.Unknown = append(o.Unknown, uint8(opt.OptionType))
		}
	}
	return o
}

func (g *reader) datagram(f frame, p gopacket.Packet, udp *layers.UDP, d event.Dgram) {
	src, dst := endpoint(p, uint16(udp.SrcPort), uint16(udp.DstPort))
	g.is(f, "source", src, d.Src)
	g.is(f, "destination", dst, d.Dst)
	g.is(f, "length", len(udp.Payload), d.Len)
	g.is(f, "length field", int(udp.Length), 8+d.Len)
	g.is(f, "data", string(udp.Payload[:min(len(udp.Payload), len(d.Data))]), string(d.Data))
}

func (g *reader) message(f frame, p gopacket.Packet, m event.ICMPMsg) {
	src, dst := endpoint(p)
	g.is(f, "source", src.Addr, m.Src)
	g.is(f, "destination", dst.Addr, m.Dst)
	switch l := p.Layer(layers.LayerTypeICMPv4); l {
	case nil:
		g.counts["ICMPv6"]++
		v6, ok := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
		if !ok {
			g.fail(f, "no ICMP in %v", p)
			return
		}
		g.is(f, "type", v6.TypeCode, layers.CreateICMPv6TypeCode(m.Type, m.Code))
		if m.MTU != 0 {
			g.is(f, "MTU", binary.BigEndian.Uint32(v6.Payload), m.MTU)
		}
	default:
		g.counts["ICMPv4"]++
		v4 := l.(*layers.ICMPv4)
		g.is(f, "type", v4.TypeCode, layers.CreateICMPv4TypeCode(m.Type, m.Code))
		if m.MTU != 0 {
			g.is(f, "MTU", uint32(v4.Seq), m.MTU)
		}
	}
}

func (g *reader) address(f frame, p gopacket.Packet, arp *layers.ARP, m event.ARPMsg) {
	op := map[uint16]string{layers.ARPRequest: "request", layers.ARPReply: "reply"}[arp.Operation]
	g.is(f, "operation", op, m.Op)
	g.is(f, "sender's MAC", net.HardwareAddr(arp.SourceHwAddress).String(), m.SenderMAC)
	g.is(f, "target's MAC", net.HardwareAddr(arp.DstHwAddress).String(), m.TargetMAC)
	g.is(f, "sender", netip.AddrFrom4([4]byte(arp.SourceProtAddress)), m.Sender)
	g.is(f, "target", netip.AddrFrom4([4]byte(arp.DstProtAddress)), m.Target)
	eth := p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
	g.is(f, "sender on the wire", eth.SrcMAC.String(), m.SenderMAC)
}

// fragment looks at a piece of a packet; false if the packet is whole. Where the last piece
// of an IPv4 packet leaves, gopacket has put them together.
func (g *reader) fragment(f frame, p gopacket.Packet, made event.Event) bool {
	cut, isCut := made.Body.(event.PacketFragmented)
	switch ip := p.NetworkLayer().(type) {
	case *layers.IPv4:
		if ip.FragOffset == 0 && ip.Flags&layers.IPv4MoreFragments == 0 {
			return false
		}
		g.counts["IPv4 fragment"]++
		if isCut {
			g.is(f, "offset", int(ip.FragOffset)*8, cut.Offset)
			g.is(f, "length", inet.ByteCount(ip.Length), cut.Octets)
		}
		whole, err := g.whole.DefragIPv4(ip)
		if err != nil {
			g.fail(f, "reassembly: %v", err)
		}
		if err == nil && whole != nil {
			g.reassembled(f, whole)
		}
		return true
	case *layers.IPv6:
		l, ok := p.Layer(layers.LayerTypeIPv6Fragment).(*layers.IPv6Fragment)
		if !ok {
			return false
		}
		g.counts["IPv6 fragment"]++
		if isCut {
			g.is(f, "offset", int(l.FragmentOffset)*8, cut.Offset)
			g.is(f, "length", inet.ByteCount(int(ip.Length)+40), cut.Octets)
		}
		return true
	}
	return false
}

// reassembled reads what gopacket has put together of fragments.
func (g *reader) reassembled(f frame, ip *layers.IPv4) {
	p := gopacket.NewPacket(ip.Payload, ip.NextLayerType(), gopacket.Default)
	if bad := failure(p); bad != nil {
		g.fail(f, "the whole of the fragments: %v", bad.Error())
		return
	}
	if udp, ok := p.Layer(layers.LayerTypeUDP).(*layers.UDP); ok {
		g.is(f, "length field of the whole", int(udp.Length), len(ip.Payload))
		if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
			g.fail(f, "%v", err)
		}
		if err, sum := udp.VerifyChecksum(); err != nil || !sum.Valid {
			g.fail(f, "checksum of the whole: %v %+v", err, sum)
		}
	}
	g.counts["reassembled"]++
}
