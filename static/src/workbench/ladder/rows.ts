// What the ladder shows of a run, in columns: one arrow for each packet from its sending
// to its end, one mark for each change of state, and the anchors (instants of interest)
// that the time axis is made of.
//
// Fed with every event once, in order; it knows hosts and addresses only from them (or
// from a view, when the page did not see the run from the start).

import type { Event, Of, Seg, View } from "../model";
import { floats, ints, octets } from "./column";

/** How far a packet has come. */
export const enum Fate {
  Flying,
  Received,
  Dropped,
}

/** What an anchor is: the axis keeps labels of sends and marks apart. */
export const enum Anchor {
  Send,
  End,
  Mark,
}

/** Where a packet under way is: on a link between two instants, or waiting at a host. */
interface Hop {
  row: number;
  hops: number; // links behind it
  depart: number;
  arrive: number;
}

/** A timer that ran out, drawn as a bracket outside the lifeline. */
export interface Bracket {
  host: string;
  conn: string;
  timer: string;
  n: number;
  from: number; // instants
  to: number;
}

export class Rows {
  // Arrows, in the order of sending.
  readonly n = ints();
  readonly end = ints(); // n of the event that ended it, 0 while under way
  readonly t0 = floats();
  readonly t1 = floats();
  readonly fate = octets();
  readonly from = ints(); // lane
  readonly to = ints(); // lane, -1 when nobody has the address
  readonly share = floats(); // how much of the way was done when it was dropped
  readonly a0 = ints(); // anchors
  readonly a1 = ints();
  readonly iss = floats(); // where the sequence space of this direction began
  readonly peerIss = floats();
  readonly again = octets(); // 1: an ACK that says nothing new
  readonly connFrom: string[] = [];
  readonly connTo: string[] = [];
  readonly events: Event[] = [];
  readonly piece: ("" | "copy" | "fragment")[] = []; // of the packet whose event stands there

  // Marks: changes of state, in order.
  readonly markAnchor = ints();
  readonly markT = floats();
  readonly markN = ints();
  readonly markHost: string[] = [];
  readonly markConn: string[] = [];
  readonly markState: string[] = [];

  readonly brackets: Bracket[] = [];

  // Anchors: instant, kind, and the lane whose label must keep its distance.
  readonly anchorT = floats();
  readonly anchorKind = octets();
  readonly anchorLane = ints();
  readonly anchorBusy = octets(); // 1 when a packet was under way just before

  /** Lanes in order: ids of hosts that have been seen. */
  readonly lanes: string[] = [];
  readonly routers = new Set<string>();

  private readonly flying = new Map<number, Hop>();
  private readonly owner = new Map<string, string>(); // address → host
  private readonly isn = new Map<string, number>(); // "src>dst" → first sequence number
  private readonly told = new Map<string, string>(); // "src>dst" → last ACK and window
  private readonly armed = new Map<string, number>(); // "conn timer" → instant
  private readonly neighbours = new Map<string, Map<string, string>>(); // host → link → host

  /** Learns hosts, addresses and links of a world whose beginning was not seen. */
  seed(view: View): void {
    for (const h of view.hosts) {
      this.addHost(h.id, h.forward || h.switch === true);
      for (const nic of h.nics) this.own(nic, h.id);
    }
    for (const l of view.links) this.join(l.id, l.a.host, l.b.host);
  }

  private own(nic: { addr: string; addr6?: string }, host: string): void {
    if (nic.addr) this.owner.set(bare(nic.addr), host);
    if (nic.addr6) this.owner.set(bare(nic.addr6), host);
  }

  /** The lane of a host, -1 for none. */
  lane(host: string): number {
    return this.lanes.indexOf(host);
  }

  /** Whether any packet is under way. */
  busy(): boolean {
    return this.flying.size > 0;
  }

  /** The packets under way at t: their row and how much of the way they have done. */
  *underWay(t: number): Generator<{ row: number; share: number }> {
    for (const hop of this.flying.values()) {
      yield { row: hop.row, share: this.progress(hop, t) };
    }
  }

  /** Whether packet n was dropped by its own host, for want of a route say: no frame of it is. */
  stayed(n: number): boolean {
    const row = this.rowOf(n);
    return row >= 0 && this.fate.at(row) === Fate.Dropped && this.share.at(row) === 0;
  }

  /** The row of the packet that event n sent or ended, -1 for none. */
  rowOf(n: number): number {
    const i = this.n.lowerBound(n);
    if (i < this.n.length && this.n.at(i) === n) return i;
    for (let k = Math.min(i, this.n.length) - 1; k >= 0 && k > i - 2048; k--) {
      if (this.end.at(k) === n) return k;
    }
    return -1;
  }

  /** Takes the next event. */
  feed(e: Event): void {
    switch (e.kind) {
      case "segment.sent":
        return this.sent(e, e.seg.src, e.seg.dst, e.seg);
      case "datagram.sent":
        return this.sent(e, e.dgram.src, e.dgram.dst, null);
      case "icmp.sent":
        return this.sent(e, e.icmp.src, e.icmp.dst, null);
      case "packet.injected":
        return this.sent(e, e.src, e.dst, null);
      case "arp.sent":
        return this.sent(e, e.arp.sender, e.arp.target, null);
      case "packet.duplicated":
        return this.doubled(e, e.pkt, "copy");
      case "packet.fragmented":
        return this.doubled(e, e.pkt, "fragment");
      case "packet.delayed":
        return this.delayed(e.pkt, e.arrive);
      case "packet.translated":
        return this.translated(e);
      case "segment.received":
      case "datagram.received":
      case "icmp.received":
      case "arp.received":
      case "packet.taken":
      case "packet.merged":
        return this.ended(e, e.pkt, Fate.Received);
      case "packet.dropped":
        return this.ended(e, e.pkt, Fate.Dropped);
      case "packet.departed":
        return this.departed(e);
      case "packet.arrived":
        return this.arrived(e);
      default:
        return this.other(e);
    }
  }

  private other(e: Event): void {
    switch (e.kind) {
      case "host.added":
        return this.addHost(e.host ?? "", e.forward || e.switch === true);
      case "nic.added":
        return this.own(e, e.host ?? "");
      case "link.added":
        return this.join(e.link, e.a.host, e.b.host);
      case "conn.opened":
        return this.mark(e, e.conn ?? "", e.state);
      case "conn.state":
        return this.mark(e, e.conn ?? "", e.new);
      case "conn.closed":
        return this.mark(e, e.conn ?? "", "CLOSED");
      case "socket.listening":
        return this.mark(e, "", "LISTEN");
      case "timer.armed":
        this.armed.set(`${e.conn} ${e.timer}`, e.t);
        return;
      case "timer.fired":
        this.brackets.push({
          host: e.host ?? "",
          conn: e.conn ?? "",
          timer: e.timer,
          n: e.n,
          from: this.armed.get(`${e.conn} ${e.timer}`) ?? e.t,
          to: e.t,
        });
    }
  }

  private sent(e: Event, src: string, dst: string, seg: Seg | null): void {
    const from = this.lane(e.host ?? "");
    const row = this.n.length;
    const target = this.owns(dst, e.host);
    this.n.push(e.n);
    this.end.push(0);
    this.t0.push(e.t);
    this.t1.push(e.t);
    this.fate.push(Fate.Flying);
    this.from.push(from);
    this.to.push(target === undefined ? -1 : this.lane(target));
    this.share.push(0);
    this.a0.push(this.anchor(e.t, Anchor.Send, from));
    this.a1.push(-1);
    if (seg?.flags.includes("S")) this.isn.set(`${src}>${dst}`, seg.seq);
    this.iss.push(this.isn.get(`${src}>${dst}`) ?? 0);
    this.peerIss.push(this.isn.get(`${dst}>${src}`) ?? 0);
    this.again.push(seg && this.repeats(`${src}>${dst}`, seg) ? 1 : 0);
    this.connFrom.push(e.conn ?? "");
    this.connTo.push("");
    this.events.push(e);
    this.piece.push("");
    this.flying.set(e.n, { row, hops: 0, depart: e.t, arrive: e.t });
  }

  /** A copy or a fragment of a packet under way: a row of its own, on the way from here on. */
  private doubled(e: Event, pkt: number, piece: "copy" | "fragment"): void {
    const of = this.flying.get(pkt);
    if (!of) return;
    const row = this.n.length;
    this.n.push(e.n);
    this.end.push(0);
    this.t0.push(e.t);
    this.t1.push(e.t);
    this.fate.push(Fate.Flying);
    this.share.push(0);
    for (const column of [this.from, this.to, this.iss, this.peerIss]) {
      column.push(column.at(of.row));
    }
    this.a0.push(this.anchor(e.t, Anchor.Send, this.from.at(of.row)));
    this.a1.push(-1);
    this.again.push(0);
    this.connFrom.push(this.connFrom[of.row] ?? "");
    this.connTo.push("");
    this.events.push(this.events[of.row] ?? e);
    this.piece.push(piece);
    this.flying.set(e.n, { ...of, row });
  }

  /** A router wrote other addresses: the packet is for another host perhaps, and what follows
   * on the new pair of endpoints counts from the same sequence number. */
  private translated(e: Of<"packet.translated">): void {
    const first = this.isn.get(`${e.old_src}>${e.old_dst}`);
    if (first !== undefined) this.isn.set(`${e.src}>${e.dst}`, first);
    const hop = this.flying.get(e.pkt);
    const target = this.owns(e.dst, e.host);
    if (hop && target !== undefined) this.to.set(hop.row, this.lane(target));
  }

  private delayed(pkt: number, arrive: number): void {
    const hop = this.flying.get(pkt);
    if (hop) hop.arrive = arrive;
  }

  /** The host an endpoint belongs to; 127.0.0.0/8 is everybody's own (RFC 1122 §3.2.1.3). */
  private owns(endpoint: string, sender: string | undefined): string | undefined {
    const addr = address(endpoint);
    return addr.startsWith("127.") ? sender : this.owner.get(addr);
  }

  /** Whether a segment is a duplicate ACK (RFC 5681 §2): no data, same ACK, same window. */
  private repeats(flow: string, seg: Seg): boolean {
    const now = `${seg.ack} ${seg.wnd}`;
    const same = this.told.get(flow) === now && seg.flags === "A" && seg.len === 0;
    this.told.set(flow, now);
    return same;
  }

  private departed(e: Of<"packet.departed">): void {
    const hop = this.flying.get(e.pkt);
    if (!hop) return;
    hop.depart = e.t;
    hop.arrive = e.arrive;
  }

  private arrived(e: Of<"packet.arrived">): void {
    const hop = this.flying.get(e.pkt);
    if (!hop) return;
    hop.hops++;
    hop.depart = hop.arrive = e.t;
    // What a switch floods comes to hosts that it is not for, and is drawn to them.
    const host = e.host ?? "";
    if ((this.piece[hop.row] === "copy" || this.to.at(hop.row) < 0) && !this.routers.has(host))
      this.to.set(hop.row, this.lane(host));
  }

  private ended(e: Event, pkt: number, fate: Fate): void {
    const hop = this.flying.get(pkt);
    if (!hop) return;
    const row = hop.row;
    this.share.set(row, fate === Fate.Received ? 1 : this.lostAt(hop, e));
    this.flying.delete(pkt);
    this.end.set(row, e.n);
    this.t1.set(row, e.t);
    this.fate.set(row, fate);
    if (fate === Fate.Received) {
      this.connTo[row] = e.conn ?? "";
      if (this.to.at(row) < 0) this.to.set(row, this.lane(e.host ?? ""));
    }
    this.a1.set(row, this.anchor(e.t, Anchor.End, -1));
    this.anchorBusy.set(this.anchorBusy.length - 1, 1); // it was under way until now
  }

  // A drop on a link is drawn within that link's part of the way, never at a host.
  private lostAt(hop: Hop, e: Event): number {
    const links = this.distance(hop.row);
    if (e.kind !== "packet.dropped" || !e.link) return Math.min(0.97, hop.hops / links);
    const within = Math.min(0.8, Math.max(0.45, span(e.t, hop.depart, hop.arrive)));
    return (Math.min(hop.hops, links - 1) + within) / links;
  }

  private progress(hop: Hop, t: number): number {
    const links = this.distance(hop.row);
    return Math.min(0.995, (hop.hops + span(t, hop.depart, hop.arrive)) / links);
  }

  /** Links between sender and receiver, at least 1. */
  private distance(row: number): number {
    const from = this.lanes[this.from.at(row)];
    const to = this.lanes[this.to.at(row)];
    if (from === undefined || to === undefined) return 2;
    const seen = new Map<string, number>([[from, 0]]);
    for (const [host, d] of seen) {
      if (host === to) return Math.max(1, d);
      for (const next of this.neighbours.get(host)?.values() ?? []) {
        if (!seen.has(next)) seen.set(next, d + 1);
      }
    }
    return 2;
  }

  private mark(e: Event, conn: string, state: string): void {
    const last = this.markN.length - 1;
    const host = e.host ?? "";
    if (last >= 0 && conn && this.markConn[last] === conn && this.markT.at(last) === e.t) {
      this.markState[last] = state; // passed through within one instant
      this.markN.set(last, e.n);
      return;
    }
    this.markAnchor.push(this.anchor(e.t, Anchor.Mark, this.lane(host)));
    this.markT.push(e.t);
    this.markN.push(e.n);
    this.markHost.push(host);
    this.markConn.push(conn);
    this.markState.push(state);
  }

  private anchor(t: number, kind: Anchor, lane: number): number {
    this.anchorT.push(t);
    this.anchorKind.push(kind);
    this.anchorLane.push(lane);
    this.anchorBusy.push(this.flying.size > 0 ? 1 : 0);
    return this.anchorT.length - 1;
  }

  private addHost(id: string, forward: boolean): void {
    if (!this.lanes.includes(id)) this.lanes.push(id);
    if (forward) this.routers.add(id);
  }

  private join(link: string, a: string, b: string): void {
    for (const [x, y] of [
      [a, b],
      [b, a],
    ] as const) {
      const of = this.neighbours.get(x) ?? new Map<string, string>();
      this.neighbours.set(x, of.set(link, y));
    }
  }
}

function span(t: number, from: number, to: number): number {
  return to > from ? Math.min(1, Math.max(0, (t - from) / (to - from))) : 0;
}

/** "10.0.0.1/24" → "10.0.0.1". */
function bare(prefix: string): string {
  return prefix.split("/", 1)[0] ?? prefix;
}

/** "10.0.0.1:80" and "10.0.0.1" → "10.0.0.1". */
export function address(endpoint: string): string {
  const colon = endpoint.lastIndexOf(":");
  if (endpoint.startsWith("[")) return endpoint.slice(1, endpoint.indexOf("]"));
  return colon > 0 && endpoint.indexOf(":") === colon ? endpoint.slice(0, colon) : endpoint;
}
