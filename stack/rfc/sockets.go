package rfc

// Rules of the socket calls: POSIX.1-2017 by function or section, RFC 6056, and ours.
const (
	ProcStart          ID = "policy:proc-start"
	ProcExit           ID = "policy:proc-exit"
	CallBlocks         ID = "posix:blocking"
	WouldBlock         ID = "posix:EAGAIN"
	BadFD              ID = "posix:EBADF"
	BadArgument        ID = "posix:EINVAL"
	NotConnected       ID = "posix:ENOTCONN"
	SocketMade         ID = "posix:socket"
	SocketTooMany      ID = "posix:EMFILE"
	BindCall           ID = "posix:bind"
	BindInUse          ID = "posix:bind.EADDRINUSE"
	BindNotLocal       ID = "posix:bind.EADDRNOTAVAIL"
	BindTwice          ID = "posix:bind.EINVAL"
	EphemeralPort      ID = "rfc6056:3.3.1"
	NoPortLeft         ID = "policy:no-port-left"
	ListenCall         ID = "posix:listen"
	ListenUDP          ID = "posix:listen.EOPNOTSUPP"
	ListenConnected    ID = "posix:listen.EINVAL"
	AcceptCall         ID = "posix:accept"
	AcceptNotListening ID = "posix:accept.EINVAL"
	ConnectCall        ID = "posix:connect"
	ConnectInProgress  ID = "posix:connect.EINPROGRESS"
	ConnectAlready     ID = "posix:connect.EALREADY"
	ConnectTwice       ID = "posix:connect.EISCONN"
	ConnectListening   ID = "policy:connect-listening"
	ConnectNoRoute     ID = "posix:connect.ENETUNREACH"
	ConnectSamePair    ID = "posix:connect.EADDRNOTAVAIL"
	ConnectRefused     ID = "posix:connect.ECONNREFUSED"
	ConnectTimedOut    ID = "posix:connect.ETIMEDOUT"
	ConnectUnicast     ID = "MUST-46"
	ConnectFailed      ID = "posix:connect.ECONNABORTED"
	ConnFailed         ID = "posix:connection-failed"
	WasReset           ID = "posix:ECONNRESET"
	SendTook           ID = "posix:send"
	SendAfterFIN       ID = "posix:send.EPIPE"
	SendToConnected    ID = "posix:sendto.EISCONN"
	NoDestination      ID = "posix:send.EDESTADDRREQ"
	RecvGave           ID = "posix:recv"
	RecvEnd            ID = "posix:recv.end"
	RecvDatagram       ID = "posix:recvfrom"
	RecvTruncated      ID = "posix:recvfrom.truncated"
	ShutdownCall       ID = "posix:shutdown"
	CloseCall          ID = "posix:close"
	CloseWakes         ID = "policy:close-wakes"
	NameCall           ID = "posix:getsockname"
	OptionCall         ID = "posix:setsockopt"
	NoSuchOption       ID = "posix:setsockopt.ENOPROTOOPT"
	UDPConnect         ID = "posix:connect.udp"
	UDPTooLong         ID = "rfc768:EMSGSIZE"
	UDPOverMTU         ID = "policy:udp-df"
	UnicastOnly        ID = "policy:unicast-only"
	FastOpenOff        ID = "policy:fastopen-off"
	FastOpenDefer      ID = "policy:fastopen-connect"
	NeedsBroadcast     ID = "posix:sendto.EACCES"
	WrongFamily        ID = "posix:EAFNOSUPPORT"
	V6OnlyNoIP4        ID = "rfc3493:5.3"
	V6OnlyTooLate      ID = "policy:v6only-before-bind"
	Disconnect         ID = "policy:disconnect"
	BufferDoubled      ID = "policy:buffer-doubled"
	NoSuchCongestion   ID = "policy:no-such-congestion"
	CallTimedOut       ID = "posix:SO_RCVTIMEO"
	PollReady          ID = "posix:poll"
	PollTimedOut       ID = "posix:poll.timeout"
	LingerDone         ID = "posix:SO_LINGER"
	LingerOver         ID = "posix:SO_LINGER.timeout"
	IoctlCall          ID = "policy:ioctl"
	NoSuchIoctl        ID = "posix:ioctl.ENOTTY"
	FcntlCall          ID = "posix:fcntl"
	RecvUrgent         ID = "posix:recv.MSG_OOB"
	NoUrgentData       ID = "posix:recv.EINVAL"
	NoUrgentUDP        ID = "posix:recv.EOPNOTSUPP"
	LoopbackInside     ID = "rfc1122:3.2.1.3:loopback"
)

func sockets() []Rule {
	return []Rule{
		{ID: ProcStart, Level: Policy, Why: "processes start and end by command; what runs in them " +
			"comes later"},
		{ID: ProcExit, Level: Policy, Why: "an ending process closes all its descriptors, lowest first"},
		{ID: CallBlocks, Level: Says, Section: "2.10.7"},
		{ID: WouldBlock, Level: Says, Section: "2.10.7"},
		{ID: BadFD, Level: Says, Section: "2.3"},
		{ID: BadArgument, Level: Says, Section: "2.3"},
		{ID: NotConnected, Level: Says, Section: "2.3"},
		{ID: SocketMade, Level: Says, Section: "socket"},
		{ID: SocketTooMany, Level: Says, Section: "socket"},
		{ID: BindCall, Level: Says, Section: "bind"},
		{ID: BindInUse, Level: Says, Section: "bind"},
		{ID: BindNotLocal, Level: Says, Section: "bind"},
		{ID: BindTwice, Level: Says, Section: "bind"},
		{ID: EphemeralPort, Level: Says, RFC: 6056, Section: "3.3.1"},
		{ID: NoPortLeft, Level: Policy, Why: "every port of the ephemeral range is taken for this " +
			"destination"},
		{ID: ListenCall, Level: Says, Section: "listen"},
		{ID: ListenUDP, Level: Says, Section: "listen"},
		{ID: ListenConnected, Level: Says, Section: "listen"},
		{ID: AcceptCall, Level: Says, Section: "accept"},
		{ID: AcceptNotListening, Level: Says, Section: "accept"},
		{ID: ConnectCall, Level: Says, Section: "connect"},
		{ID: ConnectInProgress, Level: Says, Section: "connect"},
		{ID: ConnectAlready, Level: Says, Section: "connect"},
		{ID: ConnectTwice, Level: Says, Section: "connect"},
		{ID: ConnectListening, Level: Policy, Why: "a listening socket cannot open " +
			"actively; Linux answers " +
			"EISCONN"},
		{ID: ConnectNoRoute, Level: Says, Section: "connect"},
		{ID: ConnectSamePair, Level: Says, Section: "connect"},
		{ID: ConnectRefused, Level: Says, Section: "connect"},
		{ID: ConnectTimedOut, Level: Says, Section: "connect"},
		{ID: ConnectUnicast, Level: Must, RFC: 9293, Section: "3.9.1.1"},
		{ID: ConnectFailed, Level: Says, Section: "connect"},
		{ID: ConnFailed, Level: Says, Section: "recv"},
		{ID: WasReset, Level: Says, Section: "recv"},
		{ID: SendTook, Level: Says, Section: "send"},
		{ID: SendAfterFIN, Level: Says, Section: "send"},
		{ID: SendToConnected, Level: Says, Section: "sendto"},
		{ID: NoDestination, Level: Says, Section: "send"},
		{ID: RecvGave, Level: Says, Section: "recv"},
		{ID: RecvEnd, Level: Says, Section: "recv"},
		{ID: RecvDatagram, Level: Says, Section: "recvfrom"},
		{ID: RecvTruncated, Level: Says, Section: "recvfrom"},
		{ID: ShutdownCall, Level: Says, Section: "shutdown"},
		{ID: CloseCall, Level: Says, Section: "close"},
		{ID: CloseWakes, Level: Policy, Why: "a call that waits on a closed descriptor fails at " +
			"once; POSIX leaves it open"},
		{ID: NameCall, Level: Says, Section: "getsockname"},
		{ID: OptionCall, Level: Says, Section: "setsockopt"},
		{ID: NoSuchOption, Level: Says, Section: "setsockopt"},
		{ID: UDPConnect, Level: Says, Section: "connect"},
		{ID: UDPTooLong, Level: Says, RFC: 768, Section: "length"},
		{ID: UDPOverMTU, Level: Policy,
			Why: "datagrams carry DF unless a program asks for fragments, so " +
				"that the size of a path shows in the call that meets it; Linux fragments unasked"},
		{ID: UnicastOnly, Level: Policy, Why: "a link joins two hosts; broadcast and multicast " +
			"come with switches"},
		{ID: FastOpenOff, Level: Policy, Why: "the knob tcp_fastopen keeps clients from it; Linux " +
			"answers EOPNOTSUPP"},
		{ID: FastOpenDefer, Level: Policy, Why: "TCP_FASTOPEN_CONNECT of Linux: connect returns at " +
			"once, and the SYN waits for data to carry"},
		{ID: NeedsBroadcast, Level: Says, Section: "sendto"},
		{ID: WrongFamily, Level: Says, Section: "bind"},
		{ID: V6OnlyNoIP4, Level: Says, RFC: 3493, Section: "5.3"},
		{ID: V6OnlyTooLate, Level: Policy, Why: "whether a bound socket takes IPv4 is settled; " +
			"Linux answers EINVAL"},
		{ID: Disconnect, Level: Policy, Why: "connect to AF_UNSPEC dissolves; POSIX says so for " +
			"datagrams, Linux does it for streams too"},
		{ID: BufferDoubled, Level: Policy, Why: "Linux doubles the size asked for, to have room " +
			"for its own bookkeeping, and getsockopt gives the doubled value"},
		{ID: NoSuchCongestion, Level: Policy, Why: "TCP_CONGESTION is Linux's, and so is ENOENT " +
			"for a name it does not know"},
		{ID: CallTimedOut, Level: Says, Section: "2.10.16"},
		{ID: PollReady, Level: Says, Section: "poll"},
		{ID: PollTimedOut, Level: Says, Section: "poll"},
		{ID: LingerDone, Level: Says, Section: "2.10.16"},
		{ID: LingerOver, Level: Says, Section: "2.10.16"},
		{ID: IoctlCall, Level: Policy, Why: "the requests that count a socket's octets are those " +
			"of Linux"},
		{ID: NoSuchIoctl, Level: Says, Section: "ioctl"},
		{ID: FcntlCall, Level: Says, Section: "fcntl"},
		{ID: RecvUrgent, Level: Says, Section: "recv"},
		{ID: NoUrgentData, Level: Says, Section: "recv"},
		{ID: NoUrgentUDP, Level: Says, Section: "recv"},
		{ID: LoopbackInside, Level: Must, RFC: 1122, Section: "3.2.1.3"},
	}
}
