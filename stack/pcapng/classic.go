package pcapng

import (
	"encoding/binary"
	"strconv"
)

// The magic numbers of classic pcap (draft-ietf-opsawg-pcap §4).
const (
	pcapMicros uint32 = 0xa1b2c3d4
	pcapNanos  uint32 = 0xa1b23c4d
)

// Lengths of classic pcap: the file's header and a record's (draft §4, §5).
const (
	pcapHeaderLen = 24
	pcapRecordLen = 16
)

// classic reports whether the file is pcap, and reads from its magic in which order of
// octets and in what unit of time it was written.
func (r *reader) classic() bool {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(r.file) {
		case pcapMicros:
			r.order = order
			return true
		case pcapNanos:
			r.order, r.nanos = order, true
			return true
		}
	}
	return false
}

// records reads pcap: a header, then record after record.
func (r *reader) records() error {
	if len(r.file) < pcapHeaderLen {
		return &Error{Format: "pcap", Code: CodeTruncated, What: "the file ends within its header, " +
			"after " + strconv.Itoa(len(r.file)) + " of 24 octets"}
	}
	// The upper bits of the link type tell of a frame check sequence (draft §4).
	r.out.Interfaces = []Interface{{Link: LinkType(r.order.Uint32(r.file[20:]) & 0xffff),
		SnapLen: r.order.Uint32(r.file[16:])}}
	for r.at = pcapHeaderLen; r.at < len(r.file); {
		r.block++
		if r.left() < pcapRecordLen {
			return r.fail(CodeTruncated, strconv.Itoa(r.left())+
				" octets are left, and a record's header has 16")
		}
		head := r.file[r.at:]
		frac, unit := int64(r.order.Uint32(head[4:])), int64(1000)
		if r.nanos {
			unit = 1
		}
		have := r.order.Uint32(head[8:])
		switch {
		case uint64(have) > uint64(r.limits.Block):
			return r.fail(CodeTooLarge, strconv.FormatUint(uint64(have), 10)+
				" octets captured; at most "+strconv.Itoa(r.limits.Block)+" are read")
		case int(have) > r.left()-pcapRecordLen:
			return r.fail(CodeTruncated, strconv.FormatUint(uint64(have), 10)+
				" octets captured, and the file ends after "+strconv.Itoa(r.left()-pcapRecordLen))
		}
		err := r.packet(Packet{
			TimeNS: int64(r.order.Uint32(head))*1_000_000_000 + frac*unit,
			Data:   head[pcapRecordLen : pcapRecordLen+have : pcapRecordLen+have],
			Length: int(min(r.order.Uint32(head[12:]), 1<<30)),
		})
		if err != nil {
			return err
		}
		r.at += pcapRecordLen + int(have)
	}
	return nil
}
