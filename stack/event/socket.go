package event

import "labserver/stack/inet"

// CallBlocked says that a call waits; it stays pending until CallReturned or
// CallFailed with the same id.
type CallBlocked struct {
	Call inet.CallID `json:"call"`
	Proc inet.ProcID `json:"proc"`
	Op   string      `json:"op"`
	FD   int         `json:"fd"`
}

// CallReturned says that a call succeeded. Value is what C would return: the new fd of
// socket and accept, octets of send and recv, the option's value; 0 otherwise.
type CallReturned struct {
	Call  inet.CallID    `json:"call"`
	Proc  inet.ProcID    `json:"proc"`
	Op    string         `json:"op"`
	FD    int            `json:"fd"`
	Value int64          `json:"value"`
	Data  []byte         `json:"data,omitempty"` // received octets, the first 256; base64 in JSON
	From  *inet.Endpoint `json:"from,omitempty"` // recvfrom, accept, getsockname, getpeername
	// Truncated says that the datagram was longer than the buffer given.
	Truncated bool        `json:"truncated,omitempty"`
	Ready     []PollReady `json:"ready,omitempty"` // poll: the descriptors that are ready
}

// PollReady is what poll says of one descriptor: names as POLLIN, in poll.h's order.
type PollReady struct {
	FD     int      `json:"fd"`
	Events []string `json:"events"`
}

// CallFailed says that the system refused a call. That is an ordinary thing to happen,
// and the rule says why.
type CallFailed struct {
	Call  inet.CallID `json:"call"`
	Proc  inet.ProcID `json:"proc"`
	Op    string      `json:"op"`
	FD    int         `json:"fd"`
	Errno inet.Errno  `json:"errno"`
	Field string      `json:"field,omitempty"` // the argument at fault, if one is
}

// SocketCreated says that a process holds a new socket at fd. Listener is the socket
// it was accepted from, "" otherwise.
type SocketCreated struct {
	Sock     inet.SocketID `json:"sock"`
	Proc     inet.ProcID   `json:"proc"`
	FD       int           `json:"fd"`
	Proto    string        `json:"proto"`
	Family   string        `json:"family,omitempty"` // "ip6"; absent: ip4
	Listener inet.SocketID `json:"listener,omitempty"`
	Local    inet.Endpoint `json:"local"`
	Remote   inet.Endpoint `json:"remote"`
}

// SocketBound says that a socket has its local endpoint. Ephemeral tells that the stack
// chose the port.
type SocketBound struct {
	Sock      inet.SocketID `json:"sock"`
	Local     inet.Endpoint `json:"local"`
	Ephemeral bool          `json:"ephemeral"`
}

// SocketConnected says that a socket has its peer: a UDP socket at once, a TCP socket
// when it starts to open. Remote "" dissolves a UDP association.
type SocketConnected struct {
	Sock   inet.SocketID `json:"sock"`
	Local  inet.Endpoint `json:"local"`
	Remote inet.Endpoint `json:"remote"`
}

// SocketListening says that a socket is a passive opener.
type SocketListening struct {
	Sock    inet.SocketID `json:"sock"`
	Backlog int           `json:"backlog"`
}

// SocketQueues counts a listener's half-open connections and those waiting for accept.
type SocketQueues struct {
	Sock        inet.SocketID `json:"sock"`
	SynQueue    int           `json:"syn_queue"`
	AcceptQueue int           `json:"accept_queue"`
}

// SocketBuffer is a UDP socket's receive buffer after a change.
type SocketBuffer struct {
	Sock      inet.SocketID  `json:"sock"`
	Octets    inet.ByteCount `json:"octets"`
	Datagrams int            `json:"datagrams"`
}

// SocketOption says that an option changed. An option that is a word has it in OldText
// and NewText, and no number.
type SocketOption struct {
	Sock    inet.SocketID `json:"sock"`
	Option  string        `json:"option"`
	Old     int64         `json:"old"`
	New     int64         `json:"new"`
	OldText string        `json:"old_text,omitempty"`
	NewText string        `json:"new_text,omitempty"`
}

// SocketError sets or (with "") clears the error the next call will report.
type SocketError struct {
	Sock  inet.SocketID `json:"sock"`
	Errno inet.Errno    `json:"errno"`
}

// SocketShutdown says which directions of a socket have been shut by its program.
type SocketShutdown struct {
	Sock  inet.SocketID `json:"sock"`
	Read  bool          `json:"read"`
	Write bool          `json:"write"`
}

// SocketClosed says that no process holds the socket any more. A connection may live
// on without it until it has closed in order.
type SocketClosed struct {
	Sock inet.SocketID `json:"sock"`
	Proc inet.ProcID   `json:"proc"`
	FD   int           `json:"fd"`
}

// Kind implements Body.
func (CallBlocked) Kind() Kind     { return "call.blocked" }
func (CallReturned) Kind() Kind    { return "call.returned" }
func (CallFailed) Kind() Kind      { return "call.failed" }
func (SocketCreated) Kind() Kind   { return "socket.created" }
func (SocketBound) Kind() Kind     { return "socket.bound" }
func (SocketConnected) Kind() Kind { return "socket.connected" }
func (SocketListening) Kind() Kind { return "socket.listening" }
func (SocketQueues) Kind() Kind    { return "socket.queues" }
func (SocketBuffer) Kind() Kind    { return "socket.buffer" }
func (SocketOption) Kind() Kind    { return "socket.option" }
func (SocketError) Kind() Kind     { return "socket.error" }
func (SocketShutdown) Kind() Kind  { return "socket.shutdown" }
func (SocketClosed) Kind() Kind    { return "socket.closed" }
