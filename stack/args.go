package stack

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
)

// The typed arguments of every command, as they stand in JSON. A pointer or a field
// with omitempty is optional. Names and units follow the events.
type (
	// HostAdd makes a host; with Addr, of either version, it gets interface eth0. Addr6 is
	// an IPv6 address beside an IPv4 one.
	HostAdd struct {
		ID      inet.HostID  `json:"id,omitempty"`
		Name    string       `json:"name,omitempty"`
		Addr    netip.Prefix `json:"addr,omitzero"`
		Addr6   netip.Prefix `json:"addr6,omitzero"`
		Forward bool         `json:"forward,omitempty"`
		Bare    bool         `json:"bare,omitempty"`   // no stack: packet.inject sends from it
		Switch  bool         `json:"switch,omitempty"` // a learning switch: ports, no addresses
		Profile string       `json:"profile,omitempty"`
	}
	// HostRemove takes a host away with all it holds.
	HostRemove struct {
		Host inet.HostID `json:"host"`
	}
	// HostRename changes the name people read.
	HostRename struct {
		Host inet.HostID `json:"host"`
		Name string      `json:"name"`
	}
	// NICAdd gives a host one more interface, with addresses as those of HostAdd. A switch's
	// port has none.
	NICAdd struct {
		Host  inet.HostID  `json:"host"`
		NIC   inet.NICID   `json:"nic,omitempty"`
		Addr  netip.Prefix `json:"addr,omitzero"`
		Addr6 netip.Prefix `json:"addr6,omitzero"`
		MTU   int          `json:"mtu,omitempty"`
	}
	// NICRemove takes an interface, its link and its routes away.
	NICRemove struct {
		Host inet.HostID `json:"host"`
		NIC  inet.NICID  `json:"nic"`
	}
	// End names one side of a link; without NIC the host's first free interface.
	End struct {
		Host inet.HostID `json:"host"`
		NIC  inet.NICID  `json:"nic,omitempty"`
	}
	// LinkAdd joins two interfaces.
	LinkAdd struct {
		ID          inet.LinkID     `json:"id,omitempty"`
		A           End             `json:"a"`
		B           End             `json:"b"`
		DelayNS     int64           `json:"delay_ns,omitempty"`
		JitterNS    int64           `json:"jitter_ns,omitempty"`
		RateBPS     inet.BitRate    `json:"rate_bps,omitempty"`
		LossPPM     int64           `json:"loss_ppm,omitempty"`
		DupPPM      int64           `json:"dup_ppm,omitempty"`
		CorruptPPM  int64           `json:"corrupt_ppm,omitempty"`
		ReorderPPM  int64           `json:"reorder_ppm,omitempty"`
		QueueOctets *inet.ByteCount `json:"queue_octets,omitempty"`

		QueuePackets    int64            `json:"queue_packets,omitempty"`
		JitterReorders  bool             `json:"jitter_reorders,omitempty"`
		Queue           string           `json:"queue,omitempty"` // droptail, codel, red
		QueueECN        bool             `json:"queue_ecn,omitempty"`
		CoDelTargetNS   int64            `json:"codel_target_ns,omitempty"`
		CoDelIntervalNS int64            `json:"codel_interval_ns,omitempty"`
		REDMin          int64            `json:"red_min,omitempty"`
		REDMax          int64            `json:"red_max,omitempty"`
		REDMaxPPPM      int64            `json:"red_max_p_ppm,omitempty"`
		REDWeight       int64            `json:"red_weight,omitempty"`
		REDGentle       bool             `json:"red_gentle,omitempty"`
		BToA            *event.LinkWay   `json:"b_to_a,omitempty"`
		Rules           []event.LinkRule `json:"rules,omitempty"`
	}
	// LinkSet changes the parameters that are given. BToA takes the place of all that was
	// apart from B to A; {} makes the directions alike again. Rules, if given, are those of
	// LinkRules.
	LinkSet struct {
		Link        inet.LinkID     `json:"link"`
		Up          *bool           `json:"up,omitempty"`
		DelayNS     *int64          `json:"delay_ns,omitempty"`
		JitterNS    *int64          `json:"jitter_ns,omitempty"`
		RateBPS     *inet.BitRate   `json:"rate_bps,omitempty"`
		LossPPM     *int64          `json:"loss_ppm,omitempty"`
		DupPPM      *int64          `json:"dup_ppm,omitempty"`
		CorruptPPM  *int64          `json:"corrupt_ppm,omitempty"`
		ReorderPPM  *int64          `json:"reorder_ppm,omitempty"`
		QueueOctets *inet.ByteCount `json:"queue_octets,omitempty"`

		QueuePackets    *int64           `json:"queue_packets,omitempty"`
		JitterReorders  *bool            `json:"jitter_reorders,omitempty"`
		Queue           *string          `json:"queue,omitempty"`
		QueueECN        *bool            `json:"queue_ecn,omitempty"`
		CoDelTargetNS   *int64           `json:"codel_target_ns,omitempty"`
		CoDelIntervalNS *int64           `json:"codel_interval_ns,omitempty"`
		REDMin          *int64           `json:"red_min,omitempty"`
		REDMax          *int64           `json:"red_max,omitempty"`
		REDMaxPPPM      *int64           `json:"red_max_p_ppm,omitempty"`
		REDWeight       *int64           `json:"red_weight,omitempty"`
		REDGentle       *bool            `json:"red_gentle,omitempty"`
		BToA            *event.LinkWay   `json:"b_to_a,omitempty"`
		Rules           []event.LinkRule `json:"rules,omitzero"`
	}
	// LinkRules gives a link the rules of a list, in their order; an empty list takes them
	// away.
	LinkRules struct {
		Link  inet.LinkID      `json:"link"`
		Rules []event.LinkRule `json:"rules"`
	}
	// LinkRemove takes a link away.
	LinkRemove struct {
		Link inet.LinkID `json:"link"`
	}
	// RouteAdd gives a host a route by way of a neighbour. MTU is the largest packet it
	// takes, AdvMSS the MSS that TCP announces over it.
	RouteAdd struct {
		Host   inet.HostID  `json:"host"`
		Dst    netip.Prefix `json:"dst"`
		Via    netip.Addr   `json:"via,omitzero"`
		MTU    int          `json:"mtu,omitempty"`
		AdvMSS int          `json:"adv_mss,omitempty"`
		// Type is unicast (the default), or blackhole, unreachable or prohibit: such a route
		// has no neighbour and refuses what it matches.
		Type string `json:"type,omitempty"`
	}
	// RouteRemove takes a route away.
	RouteRemove struct {
		Host inet.HostID  `json:"host"`
		Dst  netip.Prefix `json:"dst"`
	}
	// KnobSet changes a knob of a host.
	KnobSet struct {
		Host  inet.HostID `json:"host"`
		Knob  string      `json:"knob"`
		Value string      `json:"value"`
	}
	// NeighFlush empties a host's neighbour cache, which is its ARP table too, or what it
	// holds of one interface or one address.
	NeighFlush struct {
		Host inet.HostID `json:"host"`
		NIC  inet.NICID  `json:"nic,omitempty"`
		Addr netip.Addr  `json:"addr,omitzero"`
	}
	// ProcStart starts a process.
	ProcStart struct {
		Host inet.HostID `json:"host"`
		ID   inet.ProcID `json:"id,omitempty"`
		Name string      `json:"name,omitempty"`
	}
	// ProcKill ends a process; its descriptors are closed.
	ProcKill struct {
		Proc inet.ProcID `json:"proc"`
	}

	// Socket is socket(2): Proto is "tcp" or "udp", Family "ip4" (the default) or "ip6".
	Socket struct {
		Proc   inet.ProcID `json:"proc"`
		Proto  string      `json:"proto"`
		Family string      `json:"family,omitempty"`
	}
	// Bind is bind(2). Addr "" is the wildcard. Port is any whole number, so that 65536
	// can be tried and refused.
	Bind struct {
		Proc inet.ProcID `json:"proc"`
		FD   int         `json:"fd"`
		Addr string      `json:"addr,omitempty"`
		Port int64       `json:"port"`
	}
	// Listen is listen(2).
	Listen struct {
		Proc    inet.ProcID `json:"proc"`
		FD      int         `json:"fd"`
		Backlog *int        `json:"backlog,omitempty"`
	}
	// Accept is accept(2).
	Accept struct {
		Proc inet.ProcID `json:"proc"`
		FD   int         `json:"fd"`
	}
	// Connect is connect(2). Addr "" with port 0 is the family AF_UNSPEC: it dissolves.
	Connect struct {
		Proc inet.ProcID `json:"proc"`
		FD   int         `json:"fd"`
		Addr string      `json:"addr"`
		Port int64       `json:"port"`
	}
	// Payload is what send and sendto carry: exactly one of the three.
	Payload struct {
		Text   *string `json:"text,omitempty"`
		Base64 []byte  `json:"base64,omitzero"`
		Octets *int64  `json:"octets,omitempty"` // so many octets of a fixed pattern
	}
	// Send is send(2) and, as op "write", write(2), which takes no flags. Flags are more,
	// dontwait, oob, nosignal.
	Send struct {
		Proc  inet.ProcID `json:"proc"`
		FD    int         `json:"fd"`
		Flags []string    `json:"flags,omitempty"`
		Payload
	}
	// SendTo is sendto(2). Flags are those of Send, and fastopen.
	SendTo struct {
		Proc  inet.ProcID `json:"proc"`
		FD    int         `json:"fd"`
		Addr  string      `json:"addr"`
		Port  int64       `json:"port"`
		Flags []string    `json:"flags,omitempty"`
		Payload
	}
	// SendMsg is sendmsg(2): send with an address or without one.
	SendMsg struct {
		Proc  inet.ProcID `json:"proc"`
		FD    int         `json:"fd"`
		Addr  string      `json:"addr,omitempty"`
		Port  int64       `json:"port,omitempty"`
		Flags []string    `json:"flags,omitempty"`
		Payload
	}
	// Recv is recv(2) and, as the ops "read", "recvfrom" and "recvmsg", these calls. Max
	// defaults to 65536 octets. Flags are peek, dontwait, oob, waitall, trunc; read takes
	// none.
	Recv struct {
		Proc  inet.ProcID `json:"proc"`
		FD    int         `json:"fd"`
		Max   *int64      `json:"max,omitempty"`
		Flags []string    `json:"flags,omitempty"`
	}
	// Poll is poll(2). TimeoutMS below 0 waits for ever, 0 not at all.
	Poll struct {
		Proc      inet.ProcID `json:"proc"`
		FDs       []PollFD    `json:"fds"`
		TimeoutMS int64       `json:"timeout_ms"`
	}
	// PollFD is one descriptor that poll watches, and for which of POLLIN, POLLPRI,
	// POLLOUT, POLLRDHUP. POLLERR, POLLHUP and POLLNVAL come unasked.
	PollFD struct {
		FD     int      `json:"fd"`
		Events []string `json:"events"`
	}
	// Fcntl is fcntl(2): Cmd F_GETFL, or F_SETFL with Flags O_NONBLOCK or none.
	Fcntl struct {
		Proc  inet.ProcID `json:"proc"`
		FD    int         `json:"fd"`
		Cmd   string      `json:"cmd"`
		Flags []string    `json:"flags,omitempty"`
	}
	// Ioctl is ioctl(2): Request is SIOCINQ, SIOCOUTQ, SIOCOUTQNSD or SIOCATMARK.
	Ioctl struct {
		Proc    inet.ProcID `json:"proc"`
		FD      int         `json:"fd"`
		Request string      `json:"request"`
	}
	// Shutdown is shutdown(2): How is "rd", "wr" or "rdwr".
	Shutdown struct {
		Proc inet.ProcID `json:"proc"`
		FD   int         `json:"fd"`
		How  string      `json:"how"`
	}
	// Close is close(2).
	Close struct {
		Proc inet.ProcID `json:"proc"`
		FD   int         `json:"fd"`
	}
	// SetSockOpt is setsockopt(2), with O_NONBLOCK among the options. Exactly one of Value
	// and Text is given; TCP_CONGESTION takes text, the others a value. SO_LINGER's value is
	// the seconds, -1 for off; timeouts are in milliseconds but for those of Linux in seconds.
	SetSockOpt struct {
		Proc   inet.ProcID `json:"proc"`
		FD     int         `json:"fd"`
		Option string      `json:"option"`
		Value  *int64      `json:"value,omitempty"`
		Text   *string     `json:"text,omitempty"`
	}
	// GetSockOpt is getsockopt(2).
	GetSockOpt struct {
		Proc   inet.ProcID `json:"proc"`
		FD     int         `json:"fd"`
		Option string      `json:"option"`
	}
	// GetName is getsockname(2) and, as op "getpeername", getpeername(2).
	GetName struct {
		Proc inet.ProcID `json:"proc"`
		FD   int         `json:"fd"`
	}

	// SegmentDrop takes one packet in flight off the network by hand.
	SegmentDrop struct {
		Pkt inet.PacketID `json:"pkt"`
	}

	// SegmentDelay keeps one packet on its link for longer.
	SegmentDelay struct {
		Pkt  inet.PacketID `json:"pkt"`
		ByNS int64         `json:"by_ns"`
	}
	// SegmentDuplicate doubles one packet in flight.
	SegmentDuplicate struct {
		Pkt inet.PacketID `json:"pkt"`
	}
	// SegmentCorrupt turns one bit of a packet in flight over. Bit 0 is the first of the IP
	// header.
	SegmentCorrupt struct {
		Pkt inet.PacketID `json:"pkt"`
		Bit int           `json:"bit"`
	}
	// SegmentMark writes the ECN field of a packet in flight: "not", "ect0", "ect1" or "ce",
	// as a router under congestion would (RFC 3168 §5).
	SegmentMark struct {
		Pkt inet.PacketID `json:"pkt"`
		ECN string        `json:"ecn"`
	}
	// SegmentReorder has a packet on a link overtaken by the one behind it.
	SegmentReorder struct {
		Pkt inet.PacketID `json:"pkt"`
	}
	// SegmentEdit writes fields of a packet in flight. Checksums follow, by what changed;
	// with Checksum "keep" they stay.
	SegmentEdit struct {
		Pkt      inet.PacketID `json:"pkt"`
		Set      EditSet       `json:"set"`
		Checksum string        `json:"checksum,omitempty"` // fix, keep
	}
	// EditSet are the fields to write: TTL (the hop limit), TOS (the traffic class) and ECN of
	// IP, ID and DF of IPv4; SPort and DPort of TCP and UDP; the header of TCP and the values
	// of options that the segment has; Type and Code of ICMP; octets of what TCP or UDP
	// carries, and of the whole packet.
	EditSet struct {
		TTL     *int64      `json:"ttl,omitempty"`
		TOS     *int64      `json:"tos,omitempty"`
		ECN     *string     `json:"ecn,omitempty"`
		ID      *int64      `json:"id,omitempty"`
		DF      *bool       `json:"df,omitempty"`
		SPort   *int64      `json:"sport,omitempty"`
		DPort   *int64      `json:"dport,omitempty"`
		Seq     *int64      `json:"seq,omitempty"`
		Ack     *int64      `json:"ack,omitempty"`
		Flags   *string     `json:"flags,omitempty"`
		Wnd     *int64      `json:"wnd,omitempty"`
		Urg     *int64      `json:"urg,omitempty"`
		MSS     *int64      `json:"mss,omitempty"`
		WScale  *int64      `json:"wscale,omitempty"`
		TSVal   *int64      `json:"ts_val,omitempty"`
		TSEcr   *int64      `json:"ts_ecr,omitempty"`
		Type    *int64      `json:"type,omitempty"`
		Code    *int64      `json:"code,omitempty"`
		Payload *EditOctets `json:"payload,omitempty"`
		Raw     *EditOctets `json:"raw,omitempty"`
	}
	// EditOctets are octets to write at a place: exactly one of Text and Base64.
	EditOctets struct {
		Offset int     `json:"offset,omitempty"`
		Text   *string `json:"text,omitempty"`
		Base64 []byte  `json:"base64,omitempty"`
	}
	// PacketInject sends a whole IP packet from an interface of a host: its stack, if it has
	// one, knows nothing of it.
	PacketInject struct {
		Host   inet.HostID `json:"host"`
		Base64 []byte      `json:"base64"`
	}
	// SegmentInject sends a TCP segment that is written here from an interface of a host.
	// Conn fills in what is not given: addresses and ports, and numbers that the receiver
	// would take next. With End "peer", the default, the segment is as if the connection's
	// peer had sent it; with "self" as if the connection's own end had. SeqBy moves seq on.
	// Of the payload at most one is given. Checksum "bad" spoils it.
	SegmentInject struct {
		Host     inet.HostID `json:"host"`
		Conn     inet.ConnID `json:"conn,omitempty"`
		End      string      `json:"end,omitempty"` // peer, self
		Src      netip.Addr  `json:"src,omitzero"`
		Dst      netip.Addr  `json:"dst,omitzero"`
		SPort    *int64      `json:"sport,omitempty"`
		DPort    *int64      `json:"dport,omitempty"`
		Flags    string      `json:"flags"`
		Seq      *int64      `json:"seq,omitempty"`
		SeqBy    int64       `json:"seq_by,omitempty"`
		Ack      *int64      `json:"ack,omitempty"`
		Wnd      *int64      `json:"wnd,omitempty"`
		Urg      int64       `json:"urg,omitempty"`
		MSS      int64       `json:"mss,omitempty"`
		WScale   *int64      `json:"wscale,omitempty"`
		SACKOK   bool        `json:"sack_ok,omitempty"`
		TSVal    *int64      `json:"ts_val,omitempty"`
		TSEcr    int64       `json:"ts_ecr,omitempty"`
		TTL      int64       `json:"ttl,omitempty"` // 0: 64
		Checksum string      `json:"checksum,omitempty"`
		Payload
	}

	// Ping sends echo requests from a host, or for one of its processes: exactly one of Host
	// and Proc. Addr is an address or the id or name of a host.
	Ping struct {
		Host       inet.HostID `json:"host,omitempty"`
		Proc       inet.ProcID `json:"proc,omitempty"`
		Addr       string      `json:"addr"`
		Src        netip.Addr  `json:"src,omitzero"`
		Count      *int        `json:"count,omitempty"`       // 4
		IntervalNS *int64      `json:"interval_ns,omitempty"` // a second
		Size       *int        `json:"size,omitempty"`        // octets of data; 56
		TTL        *int        `json:"ttl,omitempty"`
		DF         bool        `json:"df,omitempty"`         // do not fragment
		TimeoutNS  *int64      `json:"timeout_ns,omitempty"` // for each answer; 2 s
	}
	// Traceroute looks for the routers on the way to an address, as Ping names it.
	Traceroute struct {
		Host      inet.HostID `json:"host,omitempty"`
		Proc      inet.ProcID `json:"proc,omitempty"`
		Addr      string      `json:"addr"`
		Src       netip.Addr  `json:"src,omitzero"`
		MaxHops   *int        `json:"max_hops,omitempty"` // 30
		Probes    *int        `json:"probes,omitempty"`   // for each hop; 3
		Proto     string      `json:"proto,omitempty"`    // udp (the default), icmp
		TimeoutNS *int64      `json:"timeout_ns,omitempty"`
	}
	// Interrupt ends a ping or traceroute that runs, as Ctrl-C does.
	Interrupt struct {
		Call inet.CallID `json:"call"`
	}
	// NATSet says how a router translates the IPv4 addresses of what leaves by an interface:
	// see event.NATParams. Absent fields keep what they are, or have their defaults.
	NATSet struct {
		Host           inet.HostID `json:"host"`
		NIC            inet.NICID  `json:"nic"` // the outside
		Kind           string      `json:"kind"`
		Mapping        *string     `json:"mapping,omitempty"`
		Filtering      *string     `json:"filtering,omitempty"`
		PortLow        *int        `json:"port_low,omitempty"`
		PortHigh       *int        `json:"port_high,omitempty"`
		Hairpin        *bool       `json:"hairpin,omitempty"`
		InboundRefresh *bool       `json:"inbound_refresh,omitempty"`
		UDPNS          *int64      `json:"udp_ns,omitempty"`
		EstablishedNS  *int64      `json:"established_ns,omitempty"`
		TransitoryNS   *int64      `json:"transitory_ns,omitempty"`
		ICMPNS         *int64      `json:"icmp_ns,omitempty"`
	}
	// NATForward forwards a port of the outside address to an inside endpoint for good;
	// without To it takes that away.
	NATForward struct {
		Host  inet.HostID   `json:"host"`
		NIC   inet.NICID    `json:"nic"`
		Proto string        `json:"proto"` // tcp, udp
		Port  int           `json:"port"`
		To    inet.Endpoint `json:"to,omitzero"`
	}

	// Answer is a note: the student's answer to a goal.
	Answer struct {
		Goal  string `json:"goal"`
		Value string `json:"value"`
	}
	// Hint is a note: the student looked at the next hint of a goal.
	Hint struct {
		Goal string `json:"goal"`
	}
	// Bookmark is a note: an event worth coming back to.
	Bookmark struct {
		At   uint64 `json:"at"`
		Text string `json:"text,omitempty"`
	}
	// Finish is the note that hands the run in.
	Finish struct{}
)
