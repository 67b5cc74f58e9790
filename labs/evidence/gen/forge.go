package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"labserver/stack/inet"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// forged is a TCP segment as a scene writes it, to be injected at a bare host.
type forged struct {
	Host  inet.HostID    `json:"host"`
	Src   netip.AddrPort `json:"src"`
	Dst   netip.AddrPort `json:"dst"`
	Flags string         `json:"flags"`
	Seq   uint32         `json:"seq"`
	Ack   uint32         `json:"ack"`
	Wnd   uint16         `json:"wnd"`
	MSS   uint16         `json:"mss"`
	TS    []uint32       `json:"ts"` // TSval, TSecr
	SACK  bool           `json:"sack"`
	// Blocks are SACK blocks, up to three: left and right edge.
	Blocks [][2]uint32 `json:"blocks"`
	ECN    uint8       `json:"ecn"` // of IP: 2 ECT(0), 3 CE
	Text   string      `json:"text"`
	// Unreachable makes it the quote of an ICMP destination unreachable with this code,
	// from its destination back to its source.
	Unreachable *uint8 `json:"unreachable"`
	MTU         uint16 `json:"mtu"` // of that, with code 4
}

// forge writes the arguments of packet.inject for a segment.
func forge(args json.RawMessage) (json.RawMessage, error) {
	var f forged
	if err := json.Unmarshal(args, &f); err != nil {
		return nil, fmt.Errorf("forged segment: %w", err)
	}
	if f.Wnd == 0 {
		f.Wnd = 65535
	}
	s := wire.TCP{SrcPort: f.Src.Port(), DstPort: f.Dst.Port(), Seq: seq.Num(f.Seq),
		Ack: seq.Num(f.Ack), Wnd: f.Wnd, Data: []byte(f.Text)}
	for i, letter := range "FSRPAUEW" {
		if strings.ContainsRune(f.Flags, letter) {
			s.Flags |= 1 << i
		}
	}
	s.Opts.MSS, s.Opts.SACKOK = f.MSS, f.SACK
	if len(f.TS) == 2 {
		s.Opts.HasTS, s.Opts.TSVal, s.Opts.TSEcr = true, f.TS[0], f.TS[1]
	}
	for _, b := range f.Blocks {
		s.Opts.SACK[s.Opts.NSACK] = [2]seq.Num{seq.Num(b[0]), seq.Num(b[1])}
		s.Opts.NSACK++
	}
	src, dst := f.Src.Addr(), f.Dst.Addr()
	p := wire.IPv4{Src: src, Dst: dst, Proto: inet.TCP, TTL: 64, TOS: f.ECN, DF: true,
		Payload: s.Append(nil, src, dst)}
	octets := p.Append(nil)
	if f.Unreachable != nil {
		m := wire.ICMP{Type: wire.ICMPDestUnreachable, Code: *f.Unreachable,
			MTU: f.MTU, Data: octets}
		p = wire.IPv4{Src: dst, Dst: src, Proto: inet.ICMP, TTL: 64, Payload: m.Append(nil)}
		octets = p.Append(nil)
	}
	return json.Marshal(map[string]any{"host": f.Host, "base64": octets})
}
