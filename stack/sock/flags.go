package sock

import "strings"

// Flags are the MSG_ flags of one send or receive. The zero value is none.
type Flags struct {
	Peek     bool // MSG_PEEK: what is read stays
	DontWait bool // MSG_DONTWAIT: this call never waits
	OOB      bool // MSG_OOB: the urgent octet
	WaitAll  bool // MSG_WAITALL: wait until all that was asked for is there
	Trunc    bool // MSG_TRUNC: UDP tells the datagram's true length, TCP throws data away
	More     bool // MSG_MORE: more will follow at once, as TCP_CORK for one call
	NoSignal bool // MSG_NOSIGNAL: no SIGPIPE; signals do not exist here
	FastOpen bool // MSG_FASTOPEN: connect and send in one (RFC 7413)
}

// FlagsOf names the flags that a call takes.
func FlagsOf(op string) string {
	switch op {
	case "send":
		return "more, dontwait, oob, nosignal"
	case "sendto", "sendmsg":
		return "more, dontwait, oob, nosignal, fastopen"
	case "recv", "recvfrom", "recvmsg":
		return "peek, dontwait, oob, waitall, trunc"
	}
	return ""
}

// ParseFlags reads the flags of a call; bad is the first it does not take, "" if none.
func ParseFlags(op string, names []string) (f Flags, bad string) {
	known := strings.Split(FlagsOf(op), ", ")
	for _, name := range names {
		found := false
		for _, k := range known {
			found = found || k == name && k != ""
		}
		if !found {
			return f, quoted(name)
		}
		f.set(name)
	}
	return f, ""
}

func (f *Flags) set(name string) {
	switch name {
	case "peek":
		f.Peek = true
	case "dontwait":
		f.DontWait = true
	case "oob":
		f.OOB = true
	case "waitall":
		f.WaitAll = true
	case "trunc":
		f.Trunc = true
	case "more":
		f.More = true
	case "nosignal":
		f.NoSignal = true
	case "fastopen":
		f.FastOpen = true
	}
}

// quoted makes also the empty name visible.
func quoted(name string) string { return `"` + name + `"` }
