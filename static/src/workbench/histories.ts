// What became of each connection: the edges of the state diagram it went along, and what
// its last segments were. Connections stay here after their TCB is gone, because people
// look at them afterwards.

import type { Event, View } from "./model";

/** One step along the state diagram. */
export interface Edge {
  from: string;
  to: string;
  n: number; // the event
}

/** One endpoint's connection, alive or gone. */
export interface History {
  id: string;
  host: string;
  local: string;
  remote: string;
  state: string;
  gone: boolean;
  edges: Edge[];
  iss: number;
  last: number; // n of its latest event
}

export class Histories {
  readonly all = new Map<string, History>();

  /** Learns the connections of a view whose beginning was not seen. */
  seed(view: View): void {
    for (const c of view.connections) {
      this.all.set(c.id, {
        id: c.id,
        host: c.host,
        local: c.local,
        remote: c.remote,
        state: c.state,
        gone: false,
        edges: [],
        iss: c.iss,
        last: 0,
      });
    }
  }

  /** Takes the next event. */
  feed(e: Event): void {
    if (!e.conn) return;
    if (e.kind === "conn.opened") {
      this.all.set(e.conn, {
        id: e.conn,
        host: e.host ?? "",
        local: e.local,
        remote: e.remote,
        state: e.state,
        gone: false,
        edges: [],
        iss: e.iss,
        last: e.n,
      });
      return;
    }
    const h = this.all.get(e.conn);
    if (!h) return;
    h.last = e.n;
    if (e.kind === "conn.state") {
      h.edges.push({ from: e.old, to: e.new, n: e.n });
      h.state = e.new;
    } else if (e.kind === "conn.closed") {
      if (h.state !== "CLOSED") h.edges.push({ from: h.state, to: "CLOSED", n: e.n });
      h.state = "CLOSED";
      h.gone = true;
    }
  }

  /** The other end of a connection: the youngest whose endpoints are its own reversed. */
  peer(of: History): History | undefined {
    let found: History | undefined;
    for (const h of this.all.values()) {
      if (h.local === of.remote && h.remote === of.local && h.host !== of.host) found = h;
    }
    return found;
  }
}
