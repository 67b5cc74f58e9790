package stack

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"labserver/stack/inet"
	"labserver/stack/sock"
)

// Command is one world or note command: an op and its typed arguments (see args.go).
type Command struct {
	Op    string
	Actor string
	Args  any
}

// The codes of an ArgError.
const (
	CodeMalformed      = "malformed"     // not a JSON object
	CodeUnknownOp      = "unknown_op"    // no such command
	CodeUnknownField   = "unknown_field" // the command has no such field
	CodeDuplicate      = "duplicate_field"
	CodeMissing        = "missing"  // a field that must be there is not
	CodeBadType        = "bad_type" // the field's value is of another type or cannot be read
	CodeOutOfRange     = "out_of_range"
	CodeExactlyOne     = "exactly_one" // of text, base64, octets
	CodeUnknownHost    = "unknown_host"
	CodeUnknownProc    = "unknown_proc"
	CodeUnknownLink    = "unknown_link"
	CodeUnknownNIC     = "unknown_nic"
	CodeUnknownRoute   = "unknown_route"
	CodeUnknownKnob    = "unknown_knob"
	CodeUnknownProfile = "unknown_profile"
	CodeBehaviour      = "behaviour"
	CodeTaken          = "taken" // the id or address is in use
	CodeNICBusy        = "nic_busy"
	CodeNoFreeNIC      = "no_free_nic"
	CodeUnreachable    = "not_a_neighbour" // via is on no connected network
	CodeNotInFlight    = "not_in_flight"
	CodeNotOnLink      = "not_on_link" // the packet waits, or is at a host
	CodeNoneBehind     = "none_behind" // no packet follows it on its link
	CodeBare           = "bare_host"   // a bare host runs and forwards nothing
	CodeNotBare        = "not_a_bare_host"
	CodeNotIP          = "not_ip"        // no header of an IP packet
	CodeNoField        = "no_such_field" // the packet has none of that name
	CodeUnknownConn    = "unknown_conn"
	CodeSameHost       = "same_host" // a link joins two hosts
	CodeSwitch         = "switch"    // a switch has ports and nothing else
	CodeSwitchLoop     = "switch_loop"
	CodeOtherNetwork   = "other_network" // the interfaces of a LAN are in one network
	CodeQuota          = "quota"
	CodeUnknownCall    = "unknown_call" // no ping or traceroute that runs
	CodeNoNAT          = "no_nat"       // the interface translates nothing
	CodeNotRouter      = "not_a_router"
)

// ArgError says that something is no command: what is wrong with which field. Nothing
// was changed.
type ArgError struct {
	Code  string `json:"code"`
	Field string `json:"field,omitempty"`
	Got   string `json:"got,omitempty"`   // the offending value, shortened
	Limit string `json:"limit,omitempty"` // for quota and out_of_range
}

// Error names the field and what is wrong with it, in English, for logs and terminals.
func (e *ArgError) Error() string {
	s := e.Code
	if e.Field != "" {
		s += " in field " + e.Field
	}
	if e.Got != "" {
		s += ": " + e.Got
	}
	if e.Limit != "" {
		s += " (limit " + e.Limit + ")"
	}
	return s
}

// MaxText is the longest text or base64 payload of one command, in octets.
const MaxText = 64 << 10

// ParseCommand reads the arguments of op strictly: an unknown op, an unknown, doubled or
// missing field, a wrong type give an *ArgError.
func ParseCommand(op, actor string, args json.RawMessage) (Command, error) {
	proto, ok := argsOf(op)
	if !ok {
		return Command{}, &ArgError{Code: CodeUnknownOp, Field: "op", Got: shorten(op)}
	}
	if len(bytes.TrimSpace(args)) == 0 {
		args = json.RawMessage("{}")
	}
	v := reflect.New(reflect.TypeOf(proto)).Elem()
	if err := readObject(v, args, ""); err != nil {
		return Command{}, err
	}
	c := Command{Op: op, Actor: actor, Args: v.Interface()}
	if err := c.checkRanges(); err != nil {
		return Command{}, err
	}
	return c, nil
}

// argsOf returns the zero arguments of an op.
func argsOf(op string) (any, bool) {
	switch op {
	case "host.add":
		return HostAdd{}, true
	case "host.remove":
		return HostRemove{}, true
	case "host.rename":
		return HostRename{}, true
	case "nic.add":
		return NICAdd{}, true
	case "nic.remove":
		return NICRemove{}, true
	case "link.add":
		return LinkAdd{}, true
	case "link.set":
		return LinkSet{}, true
	case "link.rules":
		return LinkRules{}, true
	case "link.remove":
		return LinkRemove{}, true
	case "route.add":
		return RouteAdd{}, true
	case "route.remove":
		return RouteRemove{}, true
	case "knob.set":
		return KnobSet{}, true
	case "proc.start":
		return ProcStart{}, true
	case "proc.kill":
		return ProcKill{}, true
	case "segment.drop":
		return SegmentDrop{}, true
	case "segment.delay":
		return SegmentDelay{}, true
	case "segment.duplicate":
		return SegmentDuplicate{}, true
	case "segment.corrupt":
		return SegmentCorrupt{}, true
	case "segment.mark":
		return SegmentMark{}, true
	case "segment.reorder":
		return SegmentReorder{}, true
	case "segment.edit":
		return SegmentEdit{}, true
	case "segment.inject":
		return SegmentInject{}, true
	case "packet.inject":
		return PacketInject{}, true
	case "ping":
		return Ping{}, true
	case "traceroute":
		return Traceroute{}, true
	case "interrupt":
		return Interrupt{}, true
	case "neigh.flush":
		return NeighFlush{}, true
	case "nat.set":
		return NATSet{}, true
	case "nat.forward":
		return NATForward{}, true
	}
	if a, ok := callArgs(op); ok {
		return a, true
	}
	return noteArgs(op)
}

func callArgs(op string) (any, bool) {
	switch op {
	case "socket":
		return Socket{}, true
	case "bind":
		return Bind{}, true
	case "listen":
		return Listen{}, true
	case "accept":
		return Accept{}, true
	case "connect":
		return Connect{}, true
	case "send", "write":
		return Send{}, true
	case "sendto":
		return SendTo{}, true
	case "sendmsg":
		return SendMsg{}, true
	case "recv", "recvfrom", "recvmsg", "read":
		return Recv{}, true
	case "poll":
		return Poll{}, true
	case "fcntl":
		return Fcntl{}, true
	case "ioctl":
		return Ioctl{}, true
	case "shutdown":
		return Shutdown{}, true
	case "close":
		return Close{}, true
	case "setsockopt":
		return SetSockOpt{}, true
	case "getsockopt":
		return GetSockOpt{}, true
	case "getsockname", "getpeername":
		return GetName{}, true
	}
	return nil, false
}

func noteArgs(op string) (any, bool) {
	switch op {
	case "answer":
		return Answer{}, true
	case "hint":
		return Hint{}, true
	case "bookmark":
		return Bookmark{}, true
	case "finish":
		return Finish{}, true
	}
	return nil, false
}

// IsNote reports whether op says something about the run instead of doing something to
// the world.
func IsNote(op string) bool { _, ok := noteArgs(op); return ok }

// Ops lists every command, in the order of the documentation.
func Ops() []string {
	return []string{"host.add", "host.remove", "host.rename", "nic.add", "nic.remove",
		"link.add", "link.set", "link.rules", "link.remove", "route.add", "route.remove",
		"neigh.flush", "knob.set", "proc.start", "proc.kill", "segment.drop", "segment.delay",
		"segment.duplicate", "segment.corrupt", "segment.mark", "segment.reorder",
		"segment.edit", "segment.inject", "packet.inject", "ping", "traceroute", "interrupt",
		"nat.set", "nat.forward", "socket", "bind",
		"listen", "accept", "connect", "send", "write", "sendto", "sendmsg", "recv", "read",
		"recvfrom", "recvmsg", "poll", "fcntl", "ioctl", "shutdown", "close", "setsockopt",
		"getsockopt", "getsockname", "getpeername", "answer", "hint", "bookmark", "finish"}
}

// readObject reads a JSON object into a struct, field by field.
func readObject(v reflect.Value, raw json.RawMessage, at string) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return &ArgError{Code: CodeMalformed, Field: at, Got: shorten(string(raw))}
	}
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		name, ok := key.(string)
		if err != nil || !ok {
			return &ArgError{Code: CodeMalformed, Field: at, Got: shorten(string(raw))}
		}
		field, known := fieldByName(v, name)
		switch {
		case !known:
			return &ArgError{Code: CodeUnknownField, Field: at + shorten(name)}
		case seen[name]:
			return &ArgError{Code: CodeDuplicate, Field: at + name}
		}
		seen[name] = true
		var value json.RawMessage
		if dec.Decode(&value) != nil {
			return &ArgError{Code: CodeMalformed, Field: at + name}
		}
		if err := readField(field, value, at+name); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil || dec.More() || trailing(dec) {
		return &ArgError{Code: CodeMalformed, Field: at, Got: shorten(string(raw))}
	}
	return missing(v, seen, at)
}

// trailing reports whether something follows the object.
func trailing(dec *json.Decoder) bool {
	_, err := dec.Token()
	return err == nil
}

func readField(field reflect.Value, value json.RawMessage, at string) error {
	bad := &ArgError{Code: CodeBadType, Field: at, Got: shorten(string(value))}
	if string(value) == "null" {
		return bad
	}
	_, text := field.Addr().Interface().(encoding.TextUnmarshaler)
	if field.Kind() == reflect.Struct && !text {
		return readObject(field, value, at+".")
	}
	if field.Kind() == reflect.Pointer && field.Type().Elem().Kind() == reflect.Struct && !text {
		field.Set(reflect.New(field.Type().Elem()))
		return readObject(field.Elem(), value, at+".")
	}
	if field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct {
		return readList(field, value, at)
	}
	if json.Unmarshal(value, field.Addr().Interface()) != nil {
		return bad
	}
	if field.Kind() == reflect.Int && field.Int() != int64(int32(field.Int())) {
		return bad // C's int, so that the same commands pass on every machine (law L1)
	}
	return nil
}

// maxList is how many objects a list of arguments may hold.
const maxList = 1024

// readList reads a JSON array of objects.
func readList(field reflect.Value, raw json.RawMessage, at string) error {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return &ArgError{Code: CodeBadType, Field: at, Got: shorten(string(raw))}
	}
	if err := inRange(at, int64(len(items)), 0, maxList); err != nil {
		return err
	}
	list := reflect.MakeSlice(field.Type(), len(items), len(items))
	for i, item := range items {
		if err := readObject(list.Index(i), item, at+"["+strconv.Itoa(i)+"]."); err != nil {
			return err
		}
	}
	field.Set(list)
	return nil
}

// fieldByName finds the field with a JSON name, looking into embedded structs.
func fieldByName(v reflect.Value, name string) (reflect.Value, bool) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			if in, ok := fieldByName(v.Field(i), name); ok {
				return in, true
			}
			continue
		}
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// missing names the first field that has to be there and is not.
func missing(v reflect.Value, seen map[string]bool, at string) error {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			continue // Payload: checkRanges wants exactly one of its fields
		}
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !strings.HasPrefix(opts, "omit") && !seen[name] {
			return &ArgError{Code: CodeMissing, Field: at + name}
		}
	}
	return nil
}

func shorten(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// canonical is the encoding of the arguments that events and hashes hold.
func (c Command) canonical() json.RawMessage {
	b, err := json.Marshal(c.Args)
	if err != nil {
		panic("BUG: arguments that cannot be encoded: " + err.Error())
	}
	return b
}

// payload makes what send and sendto carry.
func (p Payload) payload() sock.Payload {
	switch {
	case p.Text != nil:
		return sock.Payload{Data: []byte(*p.Text)}
	case p.Octets != nil:
		return sock.Payload{Pattern: *p.Octets}
	}
	return sock.Payload{Data: p.Base64}
}

// hostArg returns the host a command names.
func (c Command) hostArg() (inet.HostID, bool) {
	switch a := c.Args.(type) {
	case HostAdd:
		return a.ID, true
	case HostRemove:
		return a.Host, true
	case HostRename:
		return a.Host, true
	case NICAdd:
		return a.Host, true
	case NICRemove:
		return a.Host, true
	case RouteAdd:
		return a.Host, true
	case RouteRemove:
		return a.Host, true
	case KnobSet:
		return a.Host, true
	case ProcStart:
		return a.Host, true
	case PacketInject:
		return a.Host, true
	case Ping:
		return a.Host, a.Proc == ""
	case Traceroute:
		return a.Host, a.Proc == ""
	case NeighFlush:
		return a.Host, true
	case NATSet:
		return a.Host, true
	case NATForward:
		return a.Host, true
	case SegmentInject:
		return a.Host, true
	}
	return "", false
}

// procArg returns the process whose call a command is.
func (c Command) procArg() (inet.ProcID, bool) {
	switch a := c.Args.(type) {
	case ProcKill:
		return a.Proc, true
	case Socket:
		return a.Proc, true
	case Bind:
		return a.Proc, true
	case Listen:
		return a.Proc, true
	case Accept:
		return a.Proc, true
	case Connect:
		return a.Proc, true
	case Send:
		return a.Proc, true
	case SendTo:
		return a.Proc, true
	case SendMsg:
		return a.Proc, true
	case Poll:
		return a.Proc, true
	case Fcntl:
		return a.Proc, true
	case Ioctl:
		return a.Proc, true
	case Recv:
		return a.Proc, true
	case Shutdown:
		return a.Proc, true
	case Close:
		return a.Proc, true
	case SetSockOpt:
		return a.Proc, true
	case GetSockOpt:
		return a.Proc, true
	case GetName:
		return a.Proc, true
	case Ping:
		return a.Proc, a.Proc != ""
	case Traceroute:
		return a.Proc, a.Proc != ""
	}
	return "", false
}
