// Events in a few words, for the table, the live region and the inspector's head. Protocol
// words stay English in both languages; what is said about them comes from the messages.

import { line } from "../console/echo";
import { rulesLine } from "../console/links";
import { span } from "../format";
import type { Event, Of } from "../model";
import { arpWords, label } from "./arrows";
import type { Store } from "../store";
import { t } from "../text";

/** A connection together with its other end: both are lit at once. */
export function connsAbout(store: Store, conn: string): ReadonlySet<string> {
  const h = store.histories.all.get(conn);
  const peer = h && store.histories.peer(h);
  return new Set(peer ? [conn, peer.id] : [conn]);
}

/** The connection an event belongs to: its own, its packet's, its socket's. */
export function connOf(
  store: Pick<Store, "event" | "view">,
  e: Event | undefined,
): string | undefined {
  if (!e) return undefined;
  if (e.conn) return e.conn;
  if ("pkt" in e && typeof e.pkt === "number") return store.event(e.pkt)?.conn || undefined;
  const sock = "sock" in e && typeof e.sock === "string" ? e.sock : "";
  const own = store.view.sockets.find((s) =>
    sock
      ? s.id === sock
      : "proc" in e && "fd" in e && s.proc === e.proc && s.fd === describes(e),
  );
  return own?.conn || undefined;
}

// accept answers with the descriptor of the connection it took.
function describes(e: Event): unknown {
  if (e.kind === "call.returned" && e.op === "accept") return e.value;
  return "fd" in e ? e.fd : undefined;
}

/** A host's name, or its id. */
export function hostName(store: Store, id: string | undefined): string {
  return store.view.hosts.find((h) => h.id === id)?.name || id || "";
}

/** "A → B  SYN 0": a packet by its sending or its end. */
export function titleOf(store: Store, e: Event): string {
  const row = store.rows.rowOf(e.n);
  if (row < 0) return `${e.kind} ${summary(store, e)}`;
  const from = hostName(store, store.rows.lanes[store.rows.from.at(row)]);
  const to = hostName(store, store.rows.lanes[store.rows.to.at(row)]);
  return `${from} → ${to || "?"}  ${label(store.rows, row, true)}`;
}

/** What an event says beyond its kind. */
export function summary(store: Store, e: Event): string {
  const row = store.rows.rowOf(e.n);
  switch (e.kind) {
    case "segment.sent":
    case "datagram.sent":
    case "icmp.sent":
    case "segment.received":
    case "datagram.received":
    case "icmp.received":
    case "arp.sent":
    case "packet.injected":
    case "packet.taken":
      return row >= 0 ? label(store.rows, row, true) : "";
    case "packet.departed":
      return `#${e.pkt} ${e.link} ${e.from} → ${e.to}, ${span(e.arrive - e.t)}`;
    case "packet.queued":
    case "packet.arrived":
      return `#${e.pkt} ${e.link}`;
    case "packet.dropped":
    case "segment.refused":
    case "datagram.refused":
      return `#${e.pkt} ${e.reason}`;
    case "arp.received":
      return `#${e.pkt} ${arpWords(e.arp)}`;
    case "neighbour.changed":
      return `${e.addr} ${e.old || "–"} → ${e.new || "–"}${e.mac ? ` (${e.mac})` : ""}`;
    case "packet.parked":
      return `#${e.pkt} … ${e.hop}`;
    case "datagram.copied":
      return `#${e.pkt} → ${e.sock}`;
    case "mac.learned":
      return `${e.mac} ${e.old ? `${e.old} → ` : "→ "}${e.port}`;
    case "mac.forgotten":
      return `${e.mac} (${e.port})`;
    case "nic.mac":
      return `${e.nic} ${e.mac}`;
    case "nic.address":
      return `${e.nic} ${e.old || "–"} → ${e.new || "–"}`;
    case "group.joined":
    case "group.left":
      return `${e.sock} ${e.group} (${e.nic})`;
    case "segment.held":
    case "icmp.suppressed":
      return `#${e.pkt}`;
    case "packet.observed":
      return `#${e.pkt}, ${e.frame}: ${e.octets} B${e.captured < e.octets ? ` (${e.captured})` : ""}`;
    case "capture.opened":
      return `${e.format} ${e.start}, ${e.packets}`;
    case "packet.duplicated":
      return `#${e.pkt} → #${e.n}`;
    case "packet.fragmented":
      return `#${e.pkt} → #${e.n}, ${e.offset}… · ${e.octets} B`;
    case "packet.held":
      return `#${e.pkt}, ${e.offset}… · ${e.octets} B`;
    case "packet.merged":
      return `#${e.pkt} → #${e.into}`;
    case "packet.corrupted":
      return `#${e.pkt} bit ${e.bit}`;
    case "packet.marked":
      return `#${e.pkt} ECN ${e.ecn || "–"}`;
    case "packet.translated":
      return `#${e.pkt} ${e.old_src} → ${e.old_dst}  ⇒  ${e.src} → ${e.dst}`;
    case "ping.started":
    case "trace.started":
      return `${e.call} ${e.src} → ${e.dst}`;
    case "ping.answered":
      return `${e.call} seq ${e.seq}: ${e.from}, TTL ${e.ttl}, ${span(e.rtt_ns)}`;
    case "ping.refused":
      return `${e.call} seq ${e.seq}: ${e.from}, ${e.reason}${e.mtu ? ` (MTU ${e.mtu})` : ""}`;
    case "ping.missed":
      return `${e.call} seq ${e.seq}: –`;
    case "ping.ended":
      return `${e.call} ${e.received}/${e.sent}, ${[e.min_ns, e.avg_ns, e.max_ns].map(span).join(" / ")}`;
    case "trace.answered":
      return `${e.call} TTL ${e.hop}: ${e.from}, ${span(e.rtt_ns)}, ${e.reason}`;
    case "trace.missed":
      return `${e.call} TTL ${e.hop}: *`;
    case "trace.ended":
      return `${e.call} ${e.dst}, ${e.hops}`;
    case "nat.set":
      return `${e.nic} ${e.old.kind} → ${e.new.kind}`;
    case "nat.mapped":
    case "nat.expired":
      return `${e.proto} ${e.inside} ↔ ${e.outside}${e.remote ? ` (${e.remote})` : ""}`;
    case "nat.changed":
      return `${e.proto} ${e.inside} ↔ ${e.outside}: ${e.old} → ${e.new}`;
    case "packet.edited":
      return `#${e.pkt} ${e.field} ${e.old || "–"} → ${e.new || "–"}`;
    case "link.matched":
      return `#${e.pkt} ${e.link} ${e.no}. ${e.action}${e.acts ? "" : " –"} (${e.acted}/${e.matched})`;
    case "link.rules":
      return rulesLine(e.link, e.new);
    case "queue.changed":
      return `${e.link} ${e.from} ${e.old.phase || "–"} → ${e.new.phase || "–"}${
        e.new.count > 0 ? ` ×${e.new.count}` : ""
      }`;
    case "packet.delayed":
      return `#${e.pkt} ${span(e.arrive - e.t)}`;
    case "segment.lost":
      return `SEQ ${e.seq} – ${e.end}`;
    case "conn.mss":
      return `MSS ${e.old} → ${e.new}`;
    case "path.mtu":
      return `${e.dst} MTU ${e.old || "–"} → ${e.new || "–"}`;
    case "knob.set":
      return `${e.knob} ${e.old} → ${e.new}`;
    case "conn.state":
      return `${e.old} → ${e.new}`;
    case "conn.opened":
      return `${e.local} ↔ ${e.remote} ${e.state}`;
    case "conn.closed":
      return e.errno ? String(e.errno) : t("event.orderly");
    case "snd.changed":
      return changes(e, ["una", "nxt", "wnd", "queued"], "SND.");
    case "rcv.changed":
      return changes(e, ["nxt", "wnd", "queued", "held"], "RCV.");
    case "cc.changed":
      return changes(e, ["cwnd", "ssthresh", "phase"], "");
    case "loss.changed":
      return changes(e, ["sacked", "lost", "retrans", "reordering", "dsacks"], "");
    case "urgent.changed":
      return changes(e, ["snd_up", "snd_urgent", "rcv_up", "rcv_urgent"], "");
    case "rtt.changed":
      return `RTO ${span(e.old.rto_ns)} → ${span(e.new.rto_ns)}`;
    case "timer.armed":
      return `${e.timer} ${span(e.at - e.t)}`;
    case "timer.stopped":
      return e.timer;
    case "timer.fired":
      return `${e.timer}${e.count ? ` ×${e.count}` : ""}`;
    case "call.blocked":
      return `${call(e)} …`;
    case "call.returned":
      return `${call(e)} = ${e.value}`;
    case "call.failed":
      return `${call(e)} = -1 ${e.errno}`;
    default:
      return isCommand(e) ? line(e.op, e.args as Record<string, unknown>) : plain(e);
  }
}

function isCommand(e: Event): e is Of<`cmd.${string}`> {
  return e.kind.startsWith("cmd.");
}

/** "accept(3)"; a call that makes a descriptor has none yet. */
export function call(e: { op: string; fd: number }): string {
  return `${e.op}(${e.fd < 0 ? "" : e.fd})`;
}

function changes(e: { old: object; new: object }, fields: string[], prefix: string): string {
  const old = e.old as Record<string, unknown>;
  const now = e.new as Record<string, unknown>;
  return fields
    .filter((f) => old[f] !== now[f])
    .map((f) => `${prefix}${prefix ? f.toUpperCase() : f} ${String(old[f])} → ${String(now[f])}`)
    .join(", ");
}

const ENVELOPE = new Set(["n", "t", "kind", "by", "rule", "host", "conn", "op", "actor"]);

/** The body of an event as "key value" pairs; nested values as JSON. */
export function plain(e: Event): string {
  return Object.entries(e)
    .filter(([k, v]) => !ENVELOPE.has(k) && v !== "" && v !== null)
    .map(([k, v]) => (typeof v === "object" ? `${k} ${JSON.stringify(v)}` : `${k} ${v}`))
    .join(", ");
}
