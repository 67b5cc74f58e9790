package event

import "labserver/stack/inet"

// CaptureOpened says that all that follows was read from a capture of a real network:
// packets as they were seen, and what can be inferred from them. Nothing of it was
// computed by a stack of ours.
type CaptureOpened struct {
	Format string `json:"format"` // "pcapng" or "pcap"
	// Start is the wall time of virtual time 0, RFC 3339 in UTC with nanoseconds.
	Start      string   `json:"start"`
	Interfaces []string `json:"interfaces"` // where packets were seen
	Packets    int      `json:"packets"`    // in the file
	// What of them is not shown, and why.
	Foreign   int `json:"foreign,omitempty"`   // no IP packets: ARP, LLDP, …
	Broadcast int `json:"broadcast,omitempty"` // to many hosts at once
	Crowd     int `json:"crowd,omitempty"`     // of hosts beyond those that are shown
	Cut       int `json:"cut,omitempty"`       // cut off or damaged within their headers
}

// PacketObserved says that the capture saw a packet, at this very instant. All other
// instants of the packet are inferred from it.
type PacketObserved struct {
	Pkt       inet.PacketID  `json:"pkt"`
	Frame     int            `json:"frame"`               // its number in the file, from 1
	Interface string         `json:"interface,omitempty"` // where, if the file says
	Octets    inet.ByteCount `json:"octets"`              // on the wire, headers of the link included
	Captured  inet.ByteCount `json:"captured"`            // how many of them are in the file
}

// Kind implements Body.
func (CaptureOpened) Kind() Kind  { return "capture.opened" }
func (PacketObserved) Kind() Kind { return "packet.observed" }
