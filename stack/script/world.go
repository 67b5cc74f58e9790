package script

import (
	"encoding/json"
	"net/netip"
	"strconv"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/journal"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// The names in the world of a script: the host under test with one process, the host
// without a stack that the script speaks for, and the cable between them.
const (
	hostLocal  inet.HostID = "local"
	hostRemote inet.HostID = "remote"
	procID     inet.ProcID = "script"
	linkID     inet.LinkID = "l1"
	nicID      inet.NICID  = "eth0"
)

// args are the arguments of a command as they stand in JSON.
type args map[string]any

// arrived is a packet that came to the remote host.
type arrived struct {
	at     sim.Time
	id     inet.PacketID
	rule   rfc.ID      // by which the stack sent it
	on     inet.ConnID // of which connection
	octets []byte
	ends   ends
	p      Packet // raw numbers
}

// build makes the world before the script's first event.
func (r *runner) build(profile string) error {
	st := r.st
	mtu := strconv.Itoa(r.mtu())
	prefix := "/" + strconv.Itoa(st.prefix)
	start := []journal.Entry{
		entry("host.add", args{"id": hostLocal}),
		entry("nic.add", args{"host": hostLocal, "nic": nicID, "addr": st.local.String() + prefix,
			"mtu": json.Number(mtu)}),
		entry("host.add", args{"id": hostRemote, "bare": true}),
		entry("nic.add", args{"host": hostRemote, "nic": nicID,
			"addr": st.gateway.String() + prefix, "mtu": wire.IPv4MaxLen}), // it may inject anything
		entry("link.add", args{"id": linkID, "a": args{"host": hostLocal},
			"b": args{"host": hostRemote}}),
	}
	if st.gateway != st.remote {
		all := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
		if st.ipv6 {
			all = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		}
		start = append(start, entry("route.add",
			args{"host": hostLocal, "dst": all.String(), "via": st.gateway.String()}))
	}
	start = append(start, entry("proc.start", args{"host": hostLocal, "id": procID}))
	r.header = journal.Header{Format: journal.Format, Behaviour: stack.Behaviour,
		Build: stack.Build, Lab: journal.Lab{Slug: "script"}, Params: map[string]string{},
		World: journal.World{Profile: profile, Commands: start},
		Seed:  strconv.FormatUint(r.opt.Seed, 10)}
	cfg, err := journal.Config(r.header)
	if err != nil {
		return err
	}
	cfg.KeepFrames = true
	r.w, err = stack.New(cfg)
	return err
}

// mtu is what the interface takes: the flag's, or less by an ip route line.
func (r *runner) mtu() int {
	mtu := r.st.mtu
	if r.routeMTU != 0 {
		mtu = min(mtu, r.routeMTU+int(r.st.moreInFour))
	}
	return mtu
}

func entry(op string, a args) journal.Entry {
	b, err := json.Marshal(a)
	if err != nil {
		panic("BUG: arguments that cannot be encoded: " + err.Error())
	}
	return journal.Entry{Op: op, Args: b}
}

// apply gives the world a command and takes note of it for the journal.
func (r *runner) apply(op string, a args) error {
	e := entry(op, a)
	c, err := stack.ParseCommand(op, "", e.Args)
	if err == nil {
		err = r.w.Check(c)
	}
	if err != nil {
		return err
	}
	e.Seq = uint64(len(r.journal)) + 1
	e.Step, e.T, e.N = r.w.Steps(), r.w.Now(), r.w.Events().Len()
	r.journal = append(r.journal, e)
	r.w.Apply(c)
	r.collect()
	return nil
}

// setKnob turns a knob of the host under test; false if there is none such, or it does
// not take the value.
func (r *runner) setKnob(name, value string) bool {
	return r.apply("knob.set", args{"host": hostLocal, "knob": name, "value": value}) == nil
}

// advance brings the world to an instant of the script, unless it is there already.
func (r *runner) advance(to sim.Time) {
	r.w.Advance(max(to, r.w.Now()))
	r.collect()
}

// collect takes in what the world told since the last time.
func (r *runner) collect() {
	log := r.w.Events()
	for ; r.seen < log.Len(); r.seen++ {
		e := log.At(r.seen + 1)
		switch b := e.Body.(type) {
		case event.PacketArrived:
			if e.Host == hostRemote {
				r.arrive(e.T, b.Pkt)
			}
		case event.CallReturned, event.CallFailed:
			r.ended(e)
		case event.CallBlocked:
			r.blocked(b)
		case event.ConnSynchronized:
			r.smss(e.Conn, int(b.SMSS))
		case event.ConnMSS:
			r.smss(e.Conn, int(b.New))
		}
	}
}

// arrive takes in one packet that the stack sent. Neighbour discovery and the like belong
// to the network, not to the script.
func (r *runner) arrive(at sim.Time, id inet.PacketID) {
	const etherHeader = 14
	frame := r.w.Frame(id)
	if len(frame) < etherHeader {
		return
	}
	a := arrived{at: at, id: id, octets: frame[etherHeader:]}
	var ok bool
	if a.p, a.ends, ok = parsePacket(a.octets); !ok || housekeeping(&a.p) {
		return
	}
	sent := r.w.Events().At(uint64(id))
	a.rule, a.on = sent.Rule, sent.Conn
	r.outs = append(r.outs, a)
	r.sent = append(r.sent, a)
}

// housekeeping tells ICMPv6's neighbour and multicast messages (RFC 4861, RFC 3810).
func housekeeping(p *Packet) bool {
	if p.ICMP == nil {
		return false
	}
	switch p.ICMP.Type {
	case "133", "134", "135", "136", "137", "130", "131", "132", "143":
		return true
	}
	return false
}

func (r *runner) smss(id inet.ConnID, n int) {
	for i := range r.sizes {
		if r.sizes[i].conn == id {
			r.sizes[i].smss = n
			return
		}
	}
	r.sizes = append(r.sizes, size{id, n})
}

// size is the largest data a connection sends in a segment.
type size struct {
	conn inet.ConnID
	smss int
}

func (r *runner) smssOf(id inet.ConnID) int {
	for _, s := range r.sizes {
		if s.conn == id {
			return s.smss
		}
	}
	return 0
}
