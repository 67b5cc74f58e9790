package script

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"labserver/stack/inet"
	"labserver/stack/wire"
)

// show renders a packet in the script's notation. like says which optional parts are of
// interest: those that the other packet of a comparison writes.
func (p *Packet) show(like *Packet) string {
	out := []string{">"}
	if p.Inbound {
		out[0] = "<"
	}
	if ip := p.IP.show(like.IP); ip != "" {
		out = append(out, ip)
	}
	switch p.Proto {
	case inet.UDP:
		out = append(out, "udp ("+strconv.Itoa(p.Len)+")")
	case inet.ICMP:
		out = append(out, p.ICMP.show())
	default:
		out = append(out, p.flagText(), u32(p.Seq)+":"+u32(p.End)+"("+strconv.Itoa(p.Len)+")")
		if p.Flags&wire.ACK != 0 {
			out = append(out, "ack "+u32(p.Ack))
		}
		if p.HasWin && (like.HasWin || p == like) {
			out = append(out, "win "+u32(p.Win))
		}
		if p.HasUrg && (like.HasUrg || p == like || p.Urg != 0) {
			out = append(out, "urg "+strconv.Itoa(int(p.Urg)))
		}
		if p.AnyOpts {
			out = append(out, "<...>")
		} else if len(p.Opts) > 0 {
			out = append(out, showOptions(p.Opts))
		}
	}
	return strings.Join(out, " ")
}

func u32(v uint32) string { return strconv.FormatUint(uint64(v), 10) }

// flagText renders the control bits as scripts write them: S., FP., SEW, -.
func (p *Packet) flagText() string {
	out := ""
	for i, l := range "FSRP UEW" {
		if l != ' ' && p.Flags&(1<<i) != 0 {
			out += string(l)
		}
	}
	if p.AE {
		out += "A"
	}
	if p.Flags&wire.ACK != 0 {
		out += "."
	}
	if out == "" {
		return "-"
	}
	return out
}

func (ip IPInfo) show(like IPInfo) string {
	var parts []string
	if ip.ECN != nil && like.ECN != nil {
		parts = append(parts, []string{"noecn", "ect1", "ect0", "ce"}[*ip.ECN&3])
	}
	if ip.TOS != nil && like.TOS != nil {
		parts = append(parts, "tos 0x"+strconv.FormatUint(uint64(*ip.TOS), 16))
	}
	if ip.TTL != nil && like.TTL != nil {
		parts = append(parts, "ttl "+strconv.Itoa(int(*ip.TTL)))
	}
	if ip.Flow != nil && like.Flow != nil {
		parts = append(parts, "flowlabel 0x"+strconv.FormatUint(uint64(*ip.Flow), 16))
	}
	if ip.BadChecksum {
		parts = append(parts, "bad_csum")
	}
	if parts == nil {
		return ""
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func (i *ICMPInfo) show() string {
	out := "icmp " + i.Type
	if i.Code != "" {
		out += " " + i.Code
	}
	if i.HasMTU {
		out += " mtu " + u32(i.MTU)
	}
	switch q := i.Quoted; {
	case q == nil:
	case q.Proto == inet.UDP:
		out += " [udp (" + strconv.Itoa(q.Len) + ")]"
	case q.Proto == inet.TCP:
		out += " [" + u32(q.Seq) + ":" + u32(q.End) + "(" + strconv.Itoa(q.Len) + ")]"
	}
	return out
}

func showOptions(opts []Option) string {
	parts := make([]string, len(opts))
	for i, o := range opts {
		parts[i] = o.show()
	}
	return "<" + strings.Join(parts, ",") + ">"
}

func (o Option) show() string {
	switch k := wire.OptionKind(o.Kind); {
	case k == wire.OptEOL:
		return "eol"
	case k == wire.OptNOP:
		return "nop"
	case k == wire.OptMSS:
		return "mss " + u32(o.Value)
	case k == wire.OptWScale:
		return "wscale " + u32(o.Value)
	case k == wire.OptSACKOK:
		return "sackOK"
	case k == wire.OptTS:
		return "TS val " + u32(o.Value) + " ecr " + u32(o.Ecr)
	case k == wire.OptSACK:
		out := "sack"
		for _, b := range o.Blocks {
			out += " " + u32(b[0]) + ":" + u32(b[1])
		}
		return out
	}
	name := "option-" + strconv.Itoa(int(o.Kind))
	switch {
	case o.Exp:
		name = "FOEXP"
	case o.Kind == optFastOpen:
		name = "FO"
	case o.Kind == optMD5:
		name = "md5"
	}
	if len(o.Cookie) == 0 {
		return name
	}
	return name + " " + hex.EncodeToString(o.Cookie)
}

// seconds renders a time with microseconds, as scripts write it, and with nanoseconds
// where there are any.
func seconds(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	frac := strconv.FormatInt(int64(time.Second+d%time.Second), 10)[1:]
	frac = frac[:6] + strings.TrimRight(frac[6:], "0")
	return sign + strconv.FormatInt(int64(d/time.Second), 10) + "." + frac
}
