package pcapng

import (
	"encoding/binary"
	"unicode/utf8"
)

// resolution is the only one that is written: time stamps count nanoseconds.
const resolution = 9

// maxOption is the most octets that an option can hold (§3.5).
const maxOption = 1<<16 - 1

// AppendSection writes a Section Header. All that follows it is little-endian too,
// whatever machine this is.
func AppendSection(b []byte, s Section) []byte {
	b, start := open(b, BlockSection)
	b = put32(b, ByteOrderMagic)
	b = put16(b, Major)
	b = put16(b, Minor)
	// §4.1, Section Length: "If the Section Length is -1 … the size of the section is not
	// specified": the file may be read while it is written.
	b = binary.LittleEndian.AppendUint64(b, 1<<64-1)
	b = comments(b, s.Comments)
	b = text(b, OptSectionHardware, s.Hardware)
	b = text(b, OptSectionOS, s.OS)
	b = text(b, OptSectionApplication, s.Application)
	return end(b, start)
}

// AppendInterface writes an Interface Description. Its time stamps will count nanoseconds:
// Resolution and Offset are not looked at.
func AppendInterface(b []byte, i Interface) []byte {
	b, start := open(b, BlockInterface)
	b = put16(b, uint16(i.Link))
	b = put16(b, 0) // reserved
	b = put32(b, i.SnapLen)
	b = comments(b, i.Comments)
	b = text(b, OptInterfaceName, i.Name)
	b = text(b, OptInterfaceDescription, i.Description)
	if len(i.MAC) == 6 {
		b = option(b, OptInterfaceMAC, i.MAC)
	}
	b = option(b, OptInterfaceResolution, []byte{resolution})
	return end(b, start)
}

// AppendPacket writes an Enhanced Packet.
func AppendPacket(b []byte, p Packet) []byte {
	b, start := open(b, BlockPacket)
	b = put32(b, uint32(p.Interface))
	// §4.3: "the most significant 32 bits … followed by the least significant".
	b = put32(b, uint32(uint64(p.TimeNS)>>32))
	b = put32(b, uint32(p.TimeNS))
	b = put32(b, uint32(len(p.Data)))
	b = put32(b, uint32(max(p.Length, len(p.Data))))
	b = padded(b, p.Data)
	b = comments(b, p.Comments)
	if p.Direction != Unknown {
		b = put16(b, OptPacketFlags)
		b = put16(b, 4)
		b = put32(b, uint32(p.Direction))
	}
	return end(b, start)
}

// open begins a block, whose length end fills in.
func open(b []byte, t BlockType) (_ []byte, start int) {
	start = len(b)
	b = put32(b, uint32(t))
	return put32(b, 0), start
}

// end closes a block: its options, if it has any, and its length at both of its ends, so
// that a reader can go backwards too (§3.1).
func end(b []byte, start int) []byte {
	b = put32(b, uint32(OptEnd)) // code and length 0
	n := uint32(len(b) - start + 4)
	binary.LittleEndian.PutUint32(b[start+4:], n)
	return put32(b, n)
}

func comments(b []byte, all []string) []byte {
	for _, c := range all {
		b = text(b, OptComment, c)
	}
	return b
}

// text writes an option of words, unless there are none. What is too long is cut between
// two characters.
func text(b []byte, code uint16, s string) []byte {
	if s == "" {
		return b
	}
	if len(s) > maxOption {
		n := maxOption
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	b = put16(b, code)
	b = put16(b, uint16(len(s)))
	return pad(append(b, s...), len(s))
}

func option(b []byte, code uint16, value []byte) []byte {
	b = put16(b, code)
	b = put16(b, uint16(len(value)))
	return padded(b, value)
}

// padded adds octets and zeros up to a multiple of four (§3.1: "padded to 32 bits").
func padded(b, octets []byte) []byte { return pad(append(b, octets...), len(octets)) }

func pad(b []byte, n int) []byte {
	for ; n%4 != 0; n++ {
		b = append(b, 0)
	}
	return b
}

func put16(b []byte, v uint16) []byte { return binary.LittleEndian.AppendUint16(b, v) }

func put32(b []byte, v uint32) []byte { return binary.LittleEndian.AppendUint32(b, v) }
