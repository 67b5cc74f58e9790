// What a host's socket table shows, row by row, as `ss -tuan` would, with the listening
// socket and the sockets accepted from it as one group. Pure.

import type { History } from "../histories";
import type { Conn, Socket, View } from "../model";

/** One row. Connections without a socket (half-open, closing, TIME-WAIT) have rows too. */
export interface SocketRow {
  key: string;
  proto: string;
  state: string;
  recvQ: number;
  sendQ: number;
  local: string;
  peer: string;
  depth: 0 | 1; // 1: belongs to the listening socket above
  socket: Socket | null;
  conn: Conn | null;
  /** Half-open connections that wait for their third segment. */
  synQueue?: number;
  /** The connection it was, when that is gone. */
  ended?: string;
}

/**
 * The connections that a host had, in the order of their beginning: what a capture shows
 * beside those that are still there.
 */
export function endedRows(all: Iterable<History>, host: string): SocketRow[] {
  const out: SocketRow[] = [];
  for (const h of all) {
    if (h.host !== host || !h.gone) continue;
    out.push({
      key: h.id,
      proto: "tcp",
      state: "CLOSED",
      recvQ: 0,
      sendQ: 0,
      local: h.local,
      peer: h.remote,
      depth: 0,
      socket: null,
      conn: null,
      ended: h.id,
    });
  }
  return out;
}

/** The rows of a host; proc "" means of all its processes. */
export function socketRows(view: View, host: string, proc: string): SocketRow[] {
  const sockets = view.sockets.filter((s) => s.host === host && (proc === "" || s.proc === proc));
  const conns = view.connections.filter((c) => c.host === host);
  const out: SocketRow[] = [];
  const used = new Set<string>();
  const connOf = (s: Socket): Conn | null => {
    const c = conns.find((x) => x.id === s.conn || x.sock === s.id) ?? null;
    if (c) used.add(c.id);
    return c;
  };
  const listeners = sockets.filter((s) => s.listening);
  for (const l of listeners) {
    out.push(row(l, null, 0));
    for (const s of sockets) {
      if (s.listener === l.id && !s.listening) out.push(row(s, connOf(s), 1));
    }
    for (const c of conns) {
      if (c.listener === l.id && !used.has(c.id) && c.sock === "") {
        used.add(c.id);
        out.push(orphan(c, 1));
      }
    }
  }
  const grouped = new Set(out.map((r) => r.socket?.id));
  for (const s of sockets) {
    if (!grouped.has(s.id)) out.push(row(s, connOf(s), 0));
  }
  if (proc === "") {
    for (const c of conns) if (!used.has(c.id) && c.sock === "") out.push(orphan(c, 0));
  }
  return out;
}

function row(s: Socket, c: Conn | null, depth: 0 | 1): SocketRow {
  const base = { key: s.id, proto: s.proto, depth, socket: s, conn: c };
  if (s.listening) {
    return {
      ...base,
      state: "LISTEN",
      recvQ: s.accept_queue,
      sendQ: s.backlog,
      local: shown(s.local),
      peer: "*:*",
      synQueue: s.syn_queue,
    };
  }
  if (s.proto === "udp") {
    return {
      ...base,
      state: s.remote ? "CONNECTED" : "UNCONN",
      recvQ: s.octets,
      sendQ: 0,
      local: shown(s.local),
      peer: shown(s.remote),
    };
  }
  return {
    ...base,
    state: c?.state ?? "CLOSED",
    recvQ: c?.rcv.queued ?? 0,
    sendQ: c?.snd.queued ?? 0,
    local: shown(s.local || c?.local || ""),
    peer: shown(s.remote || c?.remote || ""),
  };
}

function orphan(c: Conn, depth: 0 | 1): SocketRow {
  return {
    key: c.id,
    proto: "tcp",
    state: c.state,
    recvQ: c.rcv.queued,
    sendQ: c.snd.queued,
    local: shown(c.local),
    peer: shown(c.remote),
    depth,
    socket: null,
    conn: c,
  };
}

/** "0.0.0.0:80" as ss shows it, and an absent endpoint. */
function shown(endpoint: string): string {
  if (endpoint === "") return "*:*";
  return endpoint.startsWith("0.0.0.0:") ? `*${endpoint.slice(7)}` : endpoint;
}

/** What tells a connection from others that share one of its sockets' endpoints. */
export interface Uniqueness {
  tuple: [string, string, string, string]; // source address and port, destination address and port
  sharing: number; // other connections with the same local endpoint
  differs: ("addr" | "port")[]; // in what the peers of those differ
}

/** The four-tuple of a connection, from its opener's side, and what makes it unique. */
export function uniqueness(view: View, c: Conn): Uniqueness {
  const [src, dst] = c.active ? [c.local, c.remote] : [c.remote, c.local];
  const others = view.connections.filter(
    (o) => o.id !== c.id && o.host === c.host && o.local === c.local,
  );
  const differs: ("addr" | "port")[] = [];
  if (others.some((o) => split(o.remote)[0] !== split(c.remote)[0])) differs.push("addr");
  if (
    others.some(
      (o) => split(o.remote)[0] === split(c.remote)[0] && split(o.remote)[1] !== split(c.remote)[1],
    )
  )
    differs.push("port");
  return { tuple: [...split(src), ...split(dst)], sharing: others.length, differs };
}

function split(endpoint: string): [string, string] {
  const colon = endpoint.lastIndexOf(":");
  return [endpoint.slice(0, colon), endpoint.slice(colon + 1)];
}

/** What can be asked of a row's socket now. */
export type Action =
  | "bind"
  | "listen"
  | "accept"
  | "connect"
  | "send"
  | "recv"
  | "sendto"
  | "recvfrom"
  | "shutdown"
  | "close";

/** The calls that make sense for a socket; any other can still be tried in the console. */
export function actions(r: SocketRow): Action[] {
  const s = r.socket;
  if (!s) return [];
  if (s.listening) return ["accept", "close"];
  if (s.proto === "udp") {
    // Bound or connected before or not: a datagram goes anywhere, and another connect
    // names another peer. Only bind is once, and only send wants a peer.
    return [
      ...(s.local ? [] : ["bind" as const]),
      "connect",
      "sendto",
      ...(s.remote ? ["send" as const] : []),
      "recv",
      "recvfrom",
      "close",
    ];
  }
  if (!r.conn) return s.local ? ["listen", "connect", "close"] : ["bind", "connect", "close"];
  return ["send", "recv", ...(s.shut_write ? [] : ["shutdown" as const]), "close"];
}

/** The style of a state: opening, open, closing, waiting. */
export function stateClass(state: string): string {
  if (state === "ESTABLISHED" || state === "CONNECTED") return "open";
  if (state.startsWith("SYN")) return "opening";
  if (state === "LISTEN" || state === "UNCONN") return "listen";
  if (state === "TIME-WAIT" || state === "CLOSED") return "gone";
  return "closing";
}
