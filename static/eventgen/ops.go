package main

// Op pairs a command's op with the name of its argument type in stack/args.go.
type Op struct{ Name, Args string }

// Ops lists the world and note commands in the order of args.go.
func Ops() []Op {
	return []Op{
		{"host.add", "HostAdd"},
		{"host.remove", "HostRemove"},
		{"host.rename", "HostRename"},
		{"nic.add", "NICAdd"},
		{"nic.remove", "NICRemove"},
		{"link.add", "LinkAdd"},
		{"link.set", "LinkSet"},
		{"link.remove", "LinkRemove"},
		{"route.add", "RouteAdd"},
		{"route.remove", "RouteRemove"},
		{"knob.set", "KnobSet"},
		{"proc.start", "ProcStart"},
		{"proc.kill", "ProcKill"},
		{"socket", "Socket"},
		{"bind", "Bind"},
		{"listen", "Listen"},
		{"accept", "Accept"},
		{"connect", "Connect"},
		{"send", "Send"},
		{"sendto", "SendTo"},
		{"recv", "Recv"},
		{"recvfrom", "Recv"},
		{"shutdown", "Shutdown"},
		{"close", "Close"},
		{"setsockopt", "SetSockOpt"},
		{"getsockopt", "GetSockOpt"},
		{"getsockname", "GetName"},
		{"getpeername", "GetName"},
		{"segment.drop", "SegmentDrop"},
		{"answer", "Answer"},
		{"hint", "Hint"},
		{"bookmark", "Bookmark"},
		{"finish", "Finish"},
	}
}
