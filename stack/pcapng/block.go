// Package pcapng writes and reads capture files: the blocks of pcapng
// (draft-ietf-opsawg-pcapng), octets ⇄ meaning. What a run of ours looks like in such a
// file is the business of stack/capture.
//
// It must never do input or output, nor believe a length that a file gives. Read the
// draft's §3 (general file structure) and §4 (block definitions) first.
package pcapng

// BlockType says what a block is (draft §11.1).
type BlockType uint32

// The blocks that are known here; a reader passes over the others (draft §3.1).
const (
	BlockSection    BlockType = 0x0a0d0d0a // Section Header, §4.1
	BlockInterface  BlockType = 1          // Interface Description, §4.2
	BlockOldPacket  BlockType = 2          // Packet, obsolete, appendix A
	BlockSimple     BlockType = 3          // Simple Packet, §4.4
	BlockNames      BlockType = 4          // Name Resolution, §4.5
	BlockStatistics BlockType = 5          // Interface Statistics, §4.6
	BlockPacket     BlockType = 6          // Enhanced Packet, §4.3
)

// ByteOrderMagic is the first field of a Section Header. It says in which order of octets
// the section was written (§4.1).
const ByteOrderMagic uint32 = 0x1a2b3c4d

// The version that is written and read (§4.1: "the current value is 1 … 0").
const (
	Major uint16 = 1
	Minor uint16 = 0
)

// Option codes (§3.5 for those of every block, then §4.1, §4.2, §4.3).
const (
	OptEnd     uint16 = 0
	OptComment uint16 = 1

	OptSectionHardware    uint16 = 2
	OptSectionOS          uint16 = 3
	OptSectionApplication uint16 = 4

	OptInterfaceName        uint16 = 2
	OptInterfaceDescription uint16 = 3
	OptInterfaceMAC         uint16 = 6
	OptInterfaceSpeed       uint16 = 8
	OptInterfaceResolution  uint16 = 9
	OptInterfaceOffset      uint16 = 14

	OptPacketFlags uint16 = 2
)

// LinkType says what the packets of an interface begin with.
type LinkType uint16

// The link types that are known here (the registry of draft-ietf-opsawg-pcaplinktype).
const (
	LinkNull     LinkType = 0 // a loopback interface of BSD: the family, then IP
	LinkEthernet LinkType = 1
	LinkRaw      LinkType = 101 // IPv4 or IPv6, by the version field
	LinkLoop     LinkType = 108 // as LinkNull, in network order
	LinkLinuxSLL LinkType = 113 // "any" of Linux
	LinkIPv4     LinkType = 228
	LinkIPv6     LinkType = 229
	LinkSLL2     LinkType = 276
)

// Direction says which way a packet went at its interface (§4.3.1, bits 0 and 1 of
// epb_flags). The zero value is unknown.
type Direction uint8

// The directions.
const (
	Unknown  Direction = 0
	Inbound  Direction = 1
	Outbound Direction = 2
)

// Section is what a Section Header says. All may be "".
type Section struct {
	Hardware    string
	OS          string
	Application string
	Comments    []string
}

// Interface is what an Interface Description says. Its number is its place among those of
// its section, from 0.
type Interface struct {
	Name        string // "A:eth0 (l1)"
	Description string
	Link        LinkType
	SnapLen     uint32 // 0: none
	MAC         []byte // 6 octets, or nil
	// Resolution is if_tsresol: 9 counts nanoseconds; with the high bit set it is a power
	// of 2. A writer knows 9 only; 0 stands for a file that does not say (microseconds).
	Resolution uint8
	// Offset is if_tsoffset: seconds to add to each time stamp.
	Offset   int64
	Comments []string
}

// Packet is what an Enhanced Packet says.
type Packet struct {
	Interface int    // number of its interface
	TimeNS    int64  // since 1970 in a capture of the world outside, since the start in ours
	Data      []byte // as captured
	Length    int    // octets it had on the wire; no less than Data
	Direction Direction
	Comments  []string
}
