package pcapng

import (
	"encoding/binary"
	"strconv"
)

// What a file may be, unless Limits say otherwise. Reading needs no more memory than the
// file itself and a row for each packet: the data of packets stays where it is.
const (
	MaxFile       = 64 << 20  // octets
	MaxBlock      = 256 << 10 // octets of a block, or of a record of pcap
	MaxInterfaces = 256
	MaxPackets    = 200_000
)

// Limits are what a reader takes. A zero field is the default.
type Limits struct{ File, Block, Interfaces, Packets int }

func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		field    *int
		standard int
	}{{&l.File, MaxFile}, {&l.Block, MaxBlock}, {&l.Interfaces, MaxInterfaces},
		{&l.Packets, MaxPackets}} {
		if *f.field <= 0 {
			*f.field = f.standard
		}
	}
	return l
}

// File is what a capture file holds.
type File struct {
	Format string // "pcapng" or "pcap"
	// Interfaces are those of all sections, in their order. Each packet's Interface is an
	// index here.
	Interfaces []Interface
	Packets    []Packet // in the order of the file; Data aliases what was read
}

// Error says what is wrong with a file, in one line: which block (or, in pcap, record),
// counted from 1, where it begins, and what is the matter.
type Error struct {
	Format string // "" for what is no capture file at all
	Block  int    // 0: of the file as a whole
	Offset int
	// Code names the kind of trouble: "not-a-capture", "truncated", "bad-length",
	// "bad-value", "too-large".
	Code string
	What string
}

// Error implements error.
func (e *Error) Error() string {
	if e.Block == 0 {
		return e.What
	}
	unit := " block "
	if e.Format == "pcap" {
		unit = " record "
	}
	return e.Format + unit + strconv.Itoa(e.Block) + " at offset " + strconv.Itoa(e.Offset) +
		": " + e.What
}

// The codes of errors.
const (
	CodeNoCapture = "not-a-capture"
	CodeTruncated = "truncated"
	CodeBadLength = "bad-length"
	CodeBadValue  = "bad-value"
	CodeTooLarge  = "too-large"
)

// Read reads a whole file: pcapng, or classic pcap, in either order of octets. An error is
// an *Error, and then nothing is returned beside it: a file that is damaged is not read in
// part. Blocks that hold no packets are passed over.
func Read(file []byte, limits Limits) (File, error) {
	r := reader{file: file, limits: limits.withDefaults()}
	var err error
	switch {
	case len(file) > r.limits.File:
		err = &Error{Code: CodeTooLarge, What: "the file has more than " +
			strconv.Itoa(r.limits.File) + " octets"}
	case len(file) < 4:
		err = &Error{Code: CodeTruncated, What: "the file has " + strconv.Itoa(len(file)) +
			" octets, too few for any capture"}
	case BlockType(binary.BigEndian.Uint32(file)) == BlockSection:
		r.out.Format = "pcapng"
		err = r.blocks()
	case r.classic():
		r.out.Format = "pcap"
		err = r.records()
	default:
		err = r.foreign()
	}
	if err != nil {
		return File{}, err
	}
	return r.out, nil
}

// reader walks a file.
type reader struct {
	file   []byte
	limits Limits
	order  binary.ByteOrder
	out    File

	at    int // offset of the present block
	block int // its number, from 1
	first int // index of the section's first interface
	last  int64
	nanos bool // pcap: time stamps count nanoseconds, not microseconds
}

// foreign says what a file is that is no capture, as far as its first octets tell.
func (r *reader) foreign() error {
	what := "the file begins with " + hex32(binary.BigEndian.Uint32(r.file)) +
		"; pcapng begins with 0a0d0d0a, pcap with a1b2c3d4 or a1b23c4d"
	if r.file[0] == 0x1f && r.file[1] == 0x8b {
		what = "the file is compressed by gzip: unpack it first"
	}
	return &Error{Code: CodeNoCapture, What: what}
}

func hex32(v uint32) string {
	s := strconv.FormatUint(uint64(v), 16)
	for len(s) < 8 {
		s = "0" + s
	}
	return s
}

// fail makes an error about the present block.
func (r *reader) fail(code, what string) error {
	return &Error{Format: r.out.Format, Block: r.block, Offset: r.at, Code: code, What: what}
}

// left is how many octets there are from the present block on.
func (r *reader) left() int { return len(r.file) - r.at }

// blocks reads pcapng: block after block until the end (§3.1).
func (r *reader) blocks() error {
	for r.at < len(r.file) {
		r.block++
		if r.left() < 12 {
			return r.fail(CodeTruncated, strconv.Itoa(r.left())+
				" octets are left, and the smallest block has 12")
		}
		// A section's length can only be read once its byte order is known, which stands
		// behind it (§4.1).
		if BlockType(binary.BigEndian.Uint32(r.file[r.at:])) == BlockSection {
			if err := r.byteOrder(); err != nil {
				return err
			}
		}
		body, length, err := r.body()
		if err != nil {
			return err
		}
		if err := r.take(BlockType(r.order.Uint32(r.file[r.at:])), body); err != nil {
			return err
		}
		r.at += length
	}
	return nil
}

// byteOrder reads the magic of a Section Header.
func (r *reader) byteOrder() error {
	magic := r.file[r.at+8:]
	switch {
	case binary.LittleEndian.Uint32(magic) == ByteOrderMagic:
		r.order = binary.LittleEndian
	case binary.BigEndian.Uint32(magic) == ByteOrderMagic:
		r.order = binary.BigEndian
	default:
		return r.fail(CodeBadValue, "the byte-order magic is "+
			hex32(binary.BigEndian.Uint32(magic))+", not 1a2b3c4d in either order")
	}
	return nil
}

// body returns what stands between the two lengths of the present block. No length is
// believed before it fits into what there is.
func (r *reader) body() (body []byte, length int, err error) {
	said := r.order.Uint32(r.file[r.at+4:])
	switch {
	case said < 12 || said%4 != 0:
		return nil, 0, r.fail(CodeBadLength, "a length of "+strconv.FormatUint(uint64(said), 10)+
			"; blocks have at least 12 octets and a multiple of 4")
	case uint64(said) > uint64(r.limits.Block):
		return nil, 0, r.fail(CodeTooLarge, "a length of "+strconv.FormatUint(uint64(said), 10)+
			" octets; at most "+strconv.Itoa(r.limits.Block)+" are read")
	case int(said) > r.left():
		return nil, 0, r.fail(CodeTruncated, "a length of "+strconv.FormatUint(uint64(said), 10)+
			" octets, and the file ends after "+strconv.Itoa(r.left()))
	}
	length = int(said)
	if again := r.order.Uint32(r.file[r.at+length-4:]); again != said {
		return nil, 0, r.fail(CodeBadLength, "a length of "+strconv.FormatUint(uint64(said), 10)+
			" in front and "+strconv.FormatUint(uint64(again), 10)+" behind")
	}
	return r.file[r.at+8 : r.at+length-4], length, nil
}

// take reads a block of a type that matters here; others are passed over, as §3.1 has it.
func (r *reader) take(t BlockType, body []byte) error {
	switch t {
	case BlockSection:
		return r.section(body)
	case BlockInterface:
		return r.iface(body)
	case BlockPacket:
		return r.enhanced(body)
	case BlockSimple:
		return r.simple(body)
	case BlockOldPacket:
		return r.old(body)
	}
	return nil
}

// section begins a section: its interfaces are numbered from 0 again (§4.2).
func (r *reader) section(body []byte) error {
	if len(body) < 16 {
		return r.fail(CodeBadLength, "a Section Header too short for its fields")
	}
	if major := r.order.Uint16(body[4:]); major != Major {
		return r.fail(CodeBadValue, "version "+strconv.Itoa(int(major))+
			" of pcapng; only version 1 is known")
	}
	r.first = len(r.out.Interfaces)
	return nil
}

// packet adds a packet, if there is room for one more.
func (r *reader) packet(p Packet) error {
	if len(r.out.Packets) >= r.limits.Packets {
		return r.fail(CodeTooLarge, "more than "+strconv.Itoa(r.limits.Packets)+
			" packets: cut the file or filter it first")
	}
	p.Length = max(p.Length, len(p.Data))
	r.last = p.TimeNS
	r.out.Packets = append(r.out.Packets, p)
	return nil
}
