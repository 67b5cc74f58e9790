// What stands beside the lifelines: ribbons of connection states, and brackets of timers
// that ran out.

import type { Axis } from "./axis";
import type { Spot, Wish } from "./labels";
import type { Rows } from "./rows";
import {
  ASIDE,
  FAINT,
  HEAD,
  narrow,
  outward,
  type Primitive,
  type Tone,
  type Viewport,
} from "./shapes";

/** Adds a ribbon for each connection and the name of each state at its change. */
export function ribbons(
  out: Primitive[],
  words: Wish[],
  rows: Rows,
  axis: Axis,
  view: Viewport,
  lanes: (number | null)[],
): void {
  const open = new Map<string, { y: number; state: string; x: number; lane: number }>();
  const slot = new Map<string, number>(); // connection → its place beside the line
  const used = new Map<number, number>();
  const bottom = HEAD + axis.ofTime(view.now) - view.top;
  const close = (c: { y: number; state: string; x: number }, y: number): void => {
    if (c.state === "CLOSED" || y < -4 || c.y > view.height + 4) return;
    out.push({
      k: "rect",
      x: c.x,
      y: c.y,
      w: 4,
      h: Math.max(2, y - c.y),
      tone: stateTone(c.state),
      alpha: 0.85,
    });
  };
  for (let m = 0; m < rows.markN.length; m++) {
    const lane = rows.lane(rows.markHost[m] ?? "");
    const x = lanes[lane];
    if (x == null) continue;
    const y = HEAD + axis.at(rows.markAnchor.at(m)) - view.top;
    const conn = rows.markConn[m] ?? "";
    const state = rows.markState[m] ?? "";
    const outer = outward(lanes, lane);
    let at = x;
    if (conn) {
      if (!slot.has(conn)) {
        used.set(lane, (used.get(lane) ?? 0) + 1);
        slot.set(conn, (used.get(lane) ?? 1) - 1);
      }
      const before = open.get(conn);
      if (before) close(before, y);
      at = x + outer * (4 + 5 * ((slot.get(conn) ?? 0) % 4)) - 2;
      open.set(conn, { y, state, x: at, lane });
    }
    if (y < -20 || y > view.height + 20) continue;
    const lit = view.litN === rows.markN.at(m);
    const faint = view.litConns !== null && conn !== "" && !view.litConns.has(conn);
    words.push({
      text: state,
      tone: lit ? "sel" : "muted",
      small: true,
      bold: lit,
      alpha: faint ? FAINT : 1,
      spots: stateSpots(view, lanes, lane, y),
    });
  }
  for (const c of open.values()) close(c, bottom);
}

// Outside of the outermost lanes nothing else stands. A lane between others has its states
// on the side where no arrow ends, level with the change if that is free, else lower.
function stateSpots(
  view: Viewport,
  lanes: (number | null)[],
  lane: number,
  y: number,
): readonly Spot[] {
  const x = lanes[lane] ?? 0;
  const xs = lanes.filter((v): v is number => v !== null);
  const outer = outward(lanes, lane);
  const at = (side: 1 | -1, down: number): Spot => ({
    x: x + side * (side === outer ? ASIDE : 9),
    y: y + down,
    align: side < 0 ? "right" : "left",
  });
  const first = x === Math.min(...xs);
  const last = x === Math.max(...xs);
  if (narrow(view) && xs.length > 1 && (first || last)) {
    const inner = first ? 1 : -1;
    return [at(inner, 15), at(inner, 27), at(inner, -7), at(inner, 4)];
  }
  if (first || last) return [at(outer, 4), at(outer, 17), at(outer, -9)];
  return [at(1, 4), at(-1, 4), at(1, 16), at(-1, 16), at(1, 28), at(-1, 28), at(1, -9), at(-1, -9)];
}

/** The colour role of a connection state. */
export function stateTone(state: string): Tone {
  if (state === "ESTABLISHED") return "goal";
  if (state === "SYN-SENT" || state === "SYN-RECEIVED") return "syn";
  if (state === "LISTEN") return "data";
  if (state === "TIME-WAIT" || state === "CLOSED") return "ack";
  return "retx";
}

/** Adds a bracket from arming to firing for each timer that ran out. */
export function brackets(
  out: Primitive[],
  words: Wish[],
  rows: Rows,
  axis: Axis,
  view: Viewport,
  lanes: (number | null)[],
): void {
  for (let i = rows.brackets.length - 1; i >= 0; i--) {
    const b = rows.brackets[i]!;
    const lane = rows.lane(b.host);
    const x = lanes[lane];
    if (x == null) continue;
    const y0 = HEAD + axis.ofTime(b.from) - view.top;
    const y1 = HEAD + axis.ofTime(b.to) - view.top;
    if (y0 > view.height) continue;
    if (y1 < -400) break;
    if (y1 < 0) continue;
    const dir = outward(lanes, lane) === 1 ? -1 : 1; // towards the other lanes
    out.push({ k: "bracket", x: x + dir * 9, y0, y1: Math.max(y1, y0 + 3), tone: "retx", dir });
    const beside = (y: number): Spot => ({ x: x + dir * 14, y, align: dir < 0 ? "right" : "left" });
    words.push({
      text: b.timer.toUpperCase(),
      tone: "retx",
      small: true,
      spots: [beside(y1 - 4), beside(y1 - 16), beside((Math.max(0, y0) + y1) / 2)],
    });
  }
}
