// The visible state of a world as the fold of its events: the twin of stack/view.Reduce,
// held to it by the same golden traces (law L3).
//
// It knows no protocol: each case puts what the event says where the view shows it. It
// changes the view in place, and finds rows through maps that belong to the view, so a
// view must be changed by nobody else. Read stack/view/reduce.go beside it.

import type {
  Call, Conn, Envelope, Event, Group, Host, Kind, Link, NAT, NATMapping, NIC, Option, Packet, Queue,
  Socket, Timer, View,
} from "./gen/wire";

/** The empty world. */
export function newView(): View {
  return {
    hosts: [], links: [], sockets: [], connections: [], calls: [], packets: [],
    counters: { sent: 0, delivered: 0, dropped: 0 },
  };
}

/** An event as it comes off the wire, perhaps of a kind this page does not know. */
export type AnyEvent = Envelope & { kind: string };

/**
 * Folds one event into the view and returns the view. Kinds that change nothing visible
 * by themselves (commands, notes, refusals) and unknown kinds leave it alone. An event
 * about something that is not there throws: then the page has missed one and needs a
 * snapshot.
 */
export function reduce<V extends View>(view: V, e: AnyEvent): V {
  const fold = folds.get(e.kind);
  if (fold) fold(view, e);
  return view;
}

/** Rows by id, beside the arrays that keep their order. */
interface Rows {
  hosts: Map<string, Host>;
  links: Map<string, Link>;
  sockets: Map<string, Socket>;
  conns: Map<string, Conn>;
  packets: Map<number, Packet>;
}

const rowsOf = new WeakMap<View, Rows>();

/** The maps of a view: made when it is folded into for the first time. */
function rows(v: View): Rows {
  let r = rowsOf.get(v);
  if (!r) {
    r = {
      hosts: byId(v.hosts), links: byId(v.links), sockets: byId(v.sockets),
      conns: byId(v.connections), packets: new Map(v.packets.map((p) => [p.pkt, p])),
    };
    rowsOf.set(v, r);
  }
  return r;
}

function byId<T extends { id: string }>(list: readonly T[]): Map<string, T> {
  return new Map(list.map((row) => [row.id, row]));
}

function need<K, T>(map: Map<K, T>, id: K | undefined): T {
  const row = id === undefined ? undefined : map.get(id);
  if (!row) throw new Error(`BUG: an event names ${id}, which is not in the view`);
  return row;
}

const hostOf = (v: View, e: Envelope) => need(rows(v).hosts, e.host);
const connOf = (v: View, e: Envelope) => need(rows(v).conns, e.conn);
const socketOf = (v: View, id: string) => need(rows(v).sockets, id);
const packetOf = (v: View, pkt: number) => need(rows(v).packets, pkt);

function drop<T>(list: T[], match: (row: T) => boolean): void {
  const i = list.findIndex(match);
  if (i >= 0) list.splice(i, 1);
}

/** Puts row in the place of the one of the same name, or at the end. */
function put<T extends { name: string }>(list: T[], row: T): void {
  const i = list.findIndex((old) => old.name === row.name);
  if (i >= 0) list[i] = row;
  else list.push(row);
}

/** Arms a timer, keeping the order of names. */
function arm(list: Timer[], timer: Timer): void {
  let i = 0;
  while (i < list.length && list[i]!.name < timer.name) i++;
  list.splice(i, list[i]?.name === timer.name ? 1 : 0, timer);
}

function launch(
  v: View, e: Envelope, proto: string, label: string, src: string, dst: string,
): void {
  const packet: Packet = {
    pkt: e.n, proto, label, src, dst, host: e.host ?? "", link: "", to: "", queued: false,
    queue_octets: 0, depart: 0, arrive: 0,
  };
  v.counters.sent++;
  v.packets.push(packet);
  rows(v).packets.set(e.n, packet);
}

/** Adds a packet that is where another is, but for what is given. */
function copyOf(v: View, pkt: number, but: Partial<Packet> & { pkt: number }): void {
  const copy: Packet = { ...packetOf(v, pkt), ...but };
  if (copy.queued) {
    const q = queueOf(v, copy.link, copy.host);
    q.octets += copy.queue_octets;
    q.packets++;
  }
  v.counters.sent++;
  v.packets.push(copy);
  rows(v).packets.set(copy.pkt, copy);
}

/** The queue at the sending end of a link. */
function queueOf(v: View, link: string, from: string): Queue {
  const l = need(rows(v).links, link);
  return l.queues[l.a.host === from ? 0 : 1]!;
}

const noQueue = (): Queue => ({
  octets: 0, packets: 0, vars: { phase: "", count: 0, next: 0 },
});

/** Takes a packet out of the queue in which it waits, if it does. */
function dequeue(v: View, p: Packet): void {
  if (!p.queued) return;
  const q = queueOf(v, p.link, p.host);
  q.octets -= p.queue_octets;
  q.packets--;
  p.queued = false;
  p.queue_octets = 0;
}

function land(v: View, pkt: number, counter: "delivered" | "dropped"): void {
  const packet = packetOf(v, pkt);
  v.counters[counter]++;
  v.packets.splice(v.packets.indexOf(packet), 1);
  rows(v).packets.delete(pkt);
}

function unblock(v: View, id: string): void {
  drop(v.calls, (c: Call) => c.id === id);
}

type Fold<K extends Kind> = (v: View, e: Extract<Event, { kind: K }>) => void;

const packetFolds: { [K in Kind]?: Fold<K> } = {
  "segment.sent": (v, e) => launch(v, e, "tcp", e.seg.flags, e.seg.src, e.seg.dst),
  "datagram.sent": (v, e) => launch(v, e, "udp", "udp", e.dgram.src, e.dgram.dst),
  "icmp.sent": (v, e) => launch(v, e, "icmp", e.icmp.name, e.icmp.src, e.icmp.dst),
  "arp.sent": (v, e) => launch(v, e, "arp", `arp ${e.arp.op}`, e.arp.sender, e.arp.target),
  "arp.received": (v, e) => land(v, e.pkt, "delivered"),
  "segment.received": (v, e) => land(v, e.pkt, "delivered"),
  "datagram.received": (v, e) => land(v, e.pkt, "delivered"),
  "icmp.received": (v, e) => land(v, e.pkt, "delivered"),
  "packet.dropped": (v, e) => {
    dequeue(v, packetOf(v, e.pkt));
    land(v, e.pkt, "dropped");
  },
  "packet.injected": (v, e) => launch(v, e, e.proto, e.proto, e.src, e.dst),
  "packet.taken": (v, e) => land(v, e.pkt, "delivered"),
  "packet.duplicated": (v, e) => copyOf(v, e.pkt, { pkt: e.n }),
  "packet.fragmented": (v, e) => copyOf(v, e.pkt, { pkt: e.n, label: "fragment" }),
  "packet.merged": (v, e) => land(v, e.pkt, "delivered"),
  "packet.translated": (v, e) => {
    const p = packetOf(v, e.pkt);
    p.src = e.src;
    p.dst = e.dst;
  },
  "packet.edited": (v, e) => {
    if (e.field === "flags") packetOf(v, e.pkt).label = e.new;
  },
  "packet.delayed": (v, e) => { packetOf(v, e.pkt).arrive = e.arrive; },
  "packet.queued": (v, e) => {
    const p = packetOf(v, e.pkt);
    p.host = e.from;
    p.link = e.link;
    p.queued = true;
    const q = queueOf(v, e.link, e.from);
    p.queue_octets = e.octets - q.octets;
    q.octets = e.octets;
    q.packets++;
  },
  "packet.departed": (v, e) => {
    const p = packetOf(v, e.pkt);
    dequeue(v, p);
    p.host = e.from;
    p.link = e.link;
    p.to = e.to;
    p.depart = e.t;
    p.arrive = e.arrive;
  },
  "packet.arrived": (v, e) => {
    const p = packetOf(v, e.pkt);
    p.host = e.host ?? "";
    p.link = p.to = "";
    p.depart = p.arrive = 0;
  },
};

const connFolds: { [K in Kind]?: Fold<K> } = {
  "snd.changed": (v, e) => { connOf(v, e).snd = e.new; },
  "rcv.changed": (v, e) => { connOf(v, e).rcv = e.new; },
  "cc.changed": (v, e) => { connOf(v, e).cc = e.new; },
  "rtt.changed": (v, e) => { connOf(v, e).rtt = e.new; },
  "loss.changed": (v, e) => { connOf(v, e).loss = e.new; },
  "urgent.changed": (v, e) => { connOf(v, e).urgent = e.new; },
  "conn.mss": (v, e) => { connOf(v, e).smss = e.new; },
  "timer.armed": (v, e) => arm(connOf(v, e).timers, { name: e.timer, at: e.at }),
  "timer.stopped": (v, e) => drop(connOf(v, e).timers, (t) => t.name === e.timer),
  "timer.fired": (v, e) => drop(connOf(v, e).timers, (t) => t.name === e.timer),
  "conn.state": (v, e) => { connOf(v, e).state = e.new; },
  "conn.opened": (v, e) => {
    const conn: Conn = {
      id: e.conn ?? "", host: e.host ?? "", sock: e.sock ?? "", listener: e.listener ?? "",
      local: e.local, remote: e.remote, active: e.active, state: e.state, iss: e.iss,
      irs: 0, smss: 0, snd_wscale: 0, rcv_wscale: 0, timestamps: false, sack: false,
      ecn: false,
      snd: { una: 0, nxt: 0, wnd: 0, queued: 0 },
      rcv: { nxt: 0, wnd: 0, queued: 0, held: 0 },
      cc: { cwnd: 0, ssthresh: 0, phase: "" },
      rtt: { srtt_ns: 0, rttvar_ns: 0, rto_ns: 0 },
      loss: { sacked: 0, lost: 0, retrans: 0, reordering: 0, dsacks: 0 },
      urgent: { snd_up: 0, snd_urgent: false, rcv_up: 0, rcv_urgent: false },
      timers: [],
    };
    v.connections.push(conn);
    rows(v).conns.set(conn.id, conn);
    if (conn.sock) socketOf(v, conn.sock).conn = conn.id;
  },
  "conn.synchronized": (v, e) => {
    const c = connOf(v, e);
    c.irs = e.irs;
    c.smss = e.smss;
    c.snd_wscale = e.snd_wscale;
    c.rcv_wscale = e.rcv_wscale;
    c.timestamps = e.timestamps;
    c.sack = e.sack;
    c.ecn = e.ecn;
  },
  "conn.attached": (v, e) => {
    connOf(v, e).sock = e.sock;
    socketOf(v, e.sock).conn = e.conn ?? "";
  },
  "conn.detached": (v, e) => { connOf(v, e).sock = ""; },
  "conn.closed": (v, e) => {
    const c = connOf(v, e);
    if (c.sock) socketOf(v, c.sock).conn = "";
    v.connections.splice(v.connections.indexOf(c), 1);
    rows(v).conns.delete(c.id);
  },
};

const socketFolds: { [K in Kind]?: Fold<K> } = {
  "call.blocked": (v, e) => {
    v.calls.push({
      id: e.call, host: e.host ?? "", proc: e.proc, op: e.op, fd: e.fd, since: e.t,
    });
  },
  "call.returned": (v, e) => unblock(v, e.call),
  "call.failed": (v, e) => unblock(v, e.call),
  "socket.created": (v, e) => {
    const socket: Socket = {
      id: e.sock, host: e.host ?? "", proc: e.proc, fd: e.fd, proto: e.proto,
      family: e.family ?? "ip4", local: e.local, remote: e.remote, listening: false, backlog: 0, syn_queue: 0, accept_queue: 0,
      listener: e.listener ?? "", conn: "", octets: 0, datagrams: 0, error: "",
      shut_read: false, shut_write: false, options: [],
    };
    v.sockets.push(socket);
    rows(v).sockets.set(socket.id, socket);
  },
  "socket.bound": (v, e) => { socketOf(v, e.sock).local = e.local; },
  "socket.connected": (v, e) => {
    const s = socketOf(v, e.sock);
    s.local = e.local;
    s.remote = e.remote;
  },
  "socket.listening": (v, e) => {
    const s = socketOf(v, e.sock);
    s.listening = true;
    s.backlog = e.backlog;
  },
  "socket.queues": (v, e) => {
    const s = socketOf(v, e.sock);
    s.syn_queue = e.syn_queue;
    s.accept_queue = e.accept_queue;
  },
  "socket.buffer": (v, e) => {
    const s = socketOf(v, e.sock);
    s.octets = e.octets;
    s.datagrams = e.datagrams;
  },
  "socket.option": (v, e) => {
    const option: Option = { name: e.option, value: e.new };
    if (e.new_text) option.text = e.new_text;
    put(socketOf(v, e.sock).options, option);
  },
  "socket.error": (v, e) => { socketOf(v, e.sock).error = e.errno; },
  "socket.shutdown": (v, e) => {
    const s = socketOf(v, e.sock);
    s.shut_read = e.read;
    s.shut_write = e.write;
  },
  "socket.closed": (v, e) => {
    drop(v.sockets, (s) => s.id === e.sock);
    rows(v).sockets.delete(e.sock);
  },
};

const worldFolds: { [K in Kind]?: Fold<K> } = {
  "host.added": (v, e) => {
    const host: Host = {
      id: e.host ?? "", name: e.name, profile: e.profile, forward: e.forward,
      bare: e.bare ?? false, nics: [], routes: [], procs: [], knobs: [], paths: [],
    };
    if (e.switch) host.switch = true;
    v.hosts.push(host);
    rows(v).hosts.set(host.id, host);
  },
  "host.removed": (v, e) => {
    drop(v.hosts, (h) => h.id === e.host);
    rows(v).hosts.delete(e.host ?? "");
  },
  "host.renamed": (v, e) => { hostOf(v, e).name = e.new; },
  "nic.added": (v, e) => {
    hostOf(v, e).nics.push({ id: e.nic, addr: e.addr, addr6: e.addr6 ?? "", mtu: e.mtu });
  },
  "nic.removed": (v, e) => drop(hostOf(v, e).nics, (n) => n.id === e.nic),
  "route.added": (v, e) => {
    hostOf(v, e).routes.push({
      dst: e.dst, via: e.via, nic: e.nic, mtu: e.mtu ?? 0, adv_mss: e.adv_mss ?? 0,
      ...(e.type ? { type: e.type } : {}),
    });
  },
  "route.removed": (v, e) => drop(
    hostOf(v, e).routes, (r) => r.dst === e.dst && r.via === e.via && r.nic === e.nic && r.type === e.type,
  ),
  "knob.set": (v, e) => put(hostOf(v, e).knobs, { name: e.knob, value: e.new }),
  "path.mtu": (v, e) => {
    const paths = hostOf(v, e).paths;
    drop(paths, (p) => p.dst === e.dst);
    if (e.new > 0) paths.push({ dst: e.dst, mtu: e.new });
  },
  "proc.started": (v, e) => { hostOf(v, e).procs.push({ id: e.proc, name: e.name }); },
  "proc.ended": (v, e) => drop(hostOf(v, e).procs, (p) => p.id === e.proc),
  "link.added": (v, e) => {
    const link: Link = {
      id: e.link, a: e.a, b: e.b, params: e.params, rules: [], queues: [noQueue(), noQueue()],
    };
    v.links.push(link);
    rows(v).links.set(link.id, link);
  },
  "link.changed": (v, e) => { need(rows(v).links, e.link).params = e.new; },
  "link.rules": (v, e) => {
    need(rows(v).links, e.link).rules = e.new.map((rule) => ({ rule, matched: 0, acted: 0 }));
  },
  "link.matched": (v, e) => {
    const row = need(rows(v).links, e.link).rules[e.no - 1]!;
    row.matched = e.matched;
    row.acted = e.acted;
  },
  "queue.changed": (v, e) => { queueOf(v, e.link, e.from).vars = e.new; },
  "link.removed": (v, e) => {
    drop(v.links, (l) => l.id === e.link);
    rows(v).links.delete(e.link);
  },
};

const natOf = (v: View, e: Envelope, nic: string): NAT => {
  const nat = hostOf(v, e).nat?.find((n) => n.nic === nic);
  if (!nat) throw new Error(`BUG: an event names ${nic}, which translates nothing`);
  return nat;
};

type Mapping = Pick<NATMapping, "proto" | "inside" | "outside" | "remote">;

const same = (m: Mapping, e: Mapping): boolean =>
  m.proto === e.proto && m.inside === e.inside && m.outside === e.outside &&
  m.remote === e.remote;

const natFolds: { [K in Kind]?: Fold<K> } = {
  "nat.set": (v, e) => {
    const host = hostOf(v, e);
    const list = host.nat ?? [];
    const old = list.find((n) => n.nic === e.nic);
    if (e.new.kind === "off") drop(list, (n) => n.nic === e.nic);
    else if (old) old.params = e.new;
    else list.push({ nic: e.nic, params: e.new, mappings: [] });
    if (list.length > 0) host.nat = list;
    else delete host.nat;
  },
  "nat.mapped": (v, e) => {
    natOf(v, e, e.nic).mappings.push({
      proto: e.proto, inside: e.inside, outside: e.outside, remote: e.remote,
      state: e.state ?? "", static: e.static ?? false,
    });
  },
  "nat.changed": (v, e) => {
    const m = natOf(v, e, e.nic).mappings.find((row) => same(row, e));
    if (m) m.state = e.new;
  },
  "nat.expired": (v, e) => drop(
    natOf(v, e, e.nic).mappings, (m) => same(m, e) && m.static === (e.static ?? false),
  ),
};

const sameRow = (a: { nic: string; addr: string }, b: { nic: string; addr: string }) =>
  a.nic === b.nic && a.addr === b.addr;
const sameGroup = (a: Group, b: Group) =>
  a.sock === b.sock && a.group === b.group && a.nic === b.nic;

const nicOf = (v: View, e: Envelope & { nic: string }): NIC => {
  const nic = hostOf(v, e).nics.find((n) => n.id === e.nic);
  if (!nic) throw new Error(`BUG: an event names ${e.nic}, which is not in the view`);
  return nic;
};

/** Changes a list that is absent while it is empty. */
function within<K extends "macs" | "neighbours" | "groups">(
  host: Host, key: K, change: (list: NonNullable<Host[K]>) => void,
): void {
  const list = (host[key] ?? []) as NonNullable<Host[K]>;
  change(list);
  if (list.length > 0) host[key] = list;
  else delete host[key];
}

const lanFolds: { [K in Kind]?: Fold<K> } = {
  "mac.learned": (v, e) => within(hostOf(v, e), "macs", (list) => {
    drop(list, (m) => m.mac === e.mac);
    list.push({ mac: e.mac, port: e.port });
  }),
  "mac.forgotten": (v, e) => within(hostOf(v, e), "macs", (list) =>
    drop(list, (m) => m.mac === e.mac)),
  "neighbour.changed": (v, e) => within(hostOf(v, e), "neighbours", (list) => {
    const row = { nic: e.nic, addr: e.addr, mac: e.mac ?? "", state: e.new };
    const i = list.findIndex((n) => sameRow(n, row));
    if (e.new === "") drop(list, (n) => sameRow(n, row));
    else if (i >= 0) list[i] = row;
    else list.push(row);
  }),
  "nic.mac": (v, e) => { nicOf(v, e).mac = e.mac; },
  "nic.address": (v, e) => {
    if (e.new === "") delete nicOf(v, e).state;
    else nicOf(v, e).state = e.new;
  },
  "group.joined": (v, e) => within(hostOf(v, e), "groups", (list) => {
    list.push({ sock: e.sock, group: e.group, nic: e.nic });
  }),
  "group.left": (v, e) => within(hostOf(v, e), "groups", (list) =>
    drop(list, (g) => sameGroup(g, { sock: e.sock, group: e.group, nic: e.nic }))),
};

/** Every fold by kind; TypeScript has checked each against its own kind of event. */
const folds = new Map<string, (v: View, e: AnyEvent) => void>(
  [packetFolds, connFolds, socketFolds, worldFolds, natFolds, lanFolds].flatMap((part) =>
    Object.entries(part)) as [string, (v: View, e: AnyEvent) => void][],
);
