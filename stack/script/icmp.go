package script

import (
	"encoding/binary"
	"strconv"

	"labserver/stack/inet"
	"labserver/stack/wire"
)

// icmpName is one ICMP message by the names that scripts use.
type icmpName struct {
	name   string
	number uint8
	codes  []named // of this type; nil: code 0 only
	code   uint8   // if the script names none
}

// icmpNames lists the messages of RFC 792 and RFC 1812, or those of RFC 4443.
func icmpNames(v6 bool) []icmpName {
	if v6 {
		return []icmpName{
			{"unreachable", 1, []named{{"no_route", 0}, {"admin_prohibited", 1}, {"beyond_scope", 2},
				{"not_neighbour", 2}, {"not_neighbor", 2}, {"address_unreachable", 3},
				{"addr_unreachable", 3}, {"host_unreachable", 3}, {"net_unreachable", 0},
				{"port_unreachable", 4}, {"policy_fail", 5}, {"reject_route", 6}}, 0},
			{"dest_unreach", 1, nil, 0},
			{"packet_too_big", 2, nil, 0},
			{"time_exceeded", 3, []named{{"exceed_hops", 0}, {"exceed_hop", 0},
				{"hop_limit_exceeded", 0}, {"ttl_exceeded", 0}, {"exceed_reassembly", 1},
				{"exceed_fragtime", 1}, {"reassembly_exceeded", 1}}, 0},
			{"parameter_problem", 4, []named{{"erroneous_header_field", 0},
				{"unrecognized_next_header", 1}, {"unrecognized_ipv6_option", 2}}, 0},
			{"echo_request", 128, nil, 0},
			{"echo_reply", 129, nil, 0},
		}
	}
	return []icmpName{
		{"echo_reply", 0, nil, 0},
		{"unreachable", 3, []named{{"net_unreachable", 0}, {"host_unreachable", 1},
			{"protocol_unreachable", 2}, {"port_unreachable", 3}, {"frag_needed", 4},
			{"source_route_failed", 5}, {"net_unknown", 6}, {"host_unknown", 7},
			{"source_host_isolated", 8}, {"net_prohibited", 9}, {"host_prohibited", 10},
			{"net_unreachable_for_tos", 11}, {"host_unreachable_for_tos", 12},
			{"packet_filtered", 13}, {"precedence_violation", 14}, {"precedence_cutoff", 15}}, 0},
		{"source_quench", 4, nil, 0},
		{"redirect", 5, []named{{"net_redirect", 0}, {"host_redirect", 1}}, 0},
		{"echo_request", 8, nil, 0},
		{"time_exceeded", 11, []named{{"ttl_exceeded", 0}, {"exceed_ttl", 0},
			{"reassembly_exceeded", 1}, {"exceed_fragtime", 1}}, 0},
		{"parameter_problem", 12, []named{{"pointer", 0}, {"missing_option", 1}, {"bad_length", 2}},
			0},
	}
}

// icmpNumbers gives the type and code of a message by its names. In IPv6 the IPv4 names
// of the same meaning do too: frag_needed is packet_too_big.
func icmpNumbers(i *ICMPInfo, v6 bool) (typ, code uint8, ok bool) {
	if v6 && i.Type == "unreachable" && i.Code == "frag_needed" {
		return 2, 0, true
	}
	if !v6 && i.Type == "packet_too_big" {
		return wire.ICMPDestUnreachable, wire.ICMPFragmentationNeeded, true
	}
	for _, n := range icmpNames(v6) {
		if n.name != i.Type {
			continue
		}
		if i.Code == "" {
			return n.number, n.code, true
		}
		for _, c := range n.codes {
			if c.name == i.Code {
				return n.number, uint8(c.value), true
			}
		}
	}
	return 0, 0, false
}

// icmpMessage writes an ICMP message about a packet.
func (p *Packet) icmpMessage(e ends, quoted []byte) []byte {
	v6 := e.src.Addr.Is6()
	typ, code, ok := icmpNumbers(p.ICMP, v6)
	if !ok {
		typ, code, _ = icmpNumbers(p.ICMP, !v6)
	}
	b := []byte{typ, code, 0, 0}
	if v6 {
		b = binary.BigEndian.AppendUint32(b, p.ICMP.MTU)
	} else {
		b = binary.BigEndian.AppendUint32(b, p.ICMP.MTU&0xffff)
	}
	b = append(b, quoted...)
	if v6 {
		binary.BigEndian.PutUint16(b[2:], transportChecksum(e, inet.ICMPv6, b))
	} else {
		binary.BigEndian.PutUint16(b[2:], wire.Checksum(b))
	}
	return b
}

// parseICMP reads a real ICMP message into the names that scripts use. A number that has
// no name stands for itself.
func parseICMP(b []byte, v6 bool) *ICMPInfo {
	if len(b) < wire.ICMPHeaderLen {
		return &ICMPInfo{Type: "truncated"}
	}
	i := &ICMPInfo{Type: strconv.Itoa(int(b[0])), MTU: binary.BigEndian.Uint32(b[4:])}
	for _, n := range icmpNames(v6) {
		if n.number != b[0] {
			continue
		}
		i.Type = n.name
		for _, c := range n.codes {
			if c.value == int64(b[1]) {
				i.Code = c.name
				break
			}
		}
		break
	}
	i.HasMTU = v6 && b[0] == 2 || !v6 && b[0] == wire.ICMPDestUnreachable &&
		b[1] == wire.ICMPFragmentationNeeded
	if q, _, ok := parsePacket(b[wire.ICMPHeaderLen:]); ok {
		i.Quoted = &q
	}
	return i
}

// quoteLimit is how much of a packet an injected error quotes: its IP header and the
// first 8 octets behind it, the least there may be (RFC 792), so that a stack that asks
// for more is found out.
func quoteLimit(v6 bool) int {
	if v6 {
		return wire.IPv6HeaderLen + wire.QuoteLen
	}
	return wire.IPv4HeaderLen + wire.QuoteLen
}
