// Where hosts stand: clients left, routers in the middle, servers right, unless somebody
// moved them. No layout engine; a host keeps its column once it has one, so that nothing
// jumps when a socket starts to listen.

import type { View } from "../model";

/** A place as shares of the panel: 0 … 1 each. */
export interface Place {
  x: number;
  y: number;
}

/** A size in pixels. */
export interface Size {
  width: number;
  height: number;
}

export type Column = "left" | "middle" | "right";

const X: Record<Column, number> = { left: 0.16, middle: 0.5, right: 0.84 };
const SERVER = /serv|srv|web|dns|echo/i;

/** The columns of hosts, keeping those that are known. */
export function columns(view: View, known: ReadonlyMap<string, Column>): Map<string, Column> {
  const of = new Map<string, Column>();
  for (const h of view.hosts) {
    const before = known.get(h.id);
    const serves =
      SERVER.test(h.name) ||
      h.procs.some((p) => SERVER.test(`${p.id} ${p.name}`)) ||
      view.sockets.some((s) => s.host === h.id && s.listening);
    of.set(h.id, before ?? (h.forward ? "middle" : serves ? "right" : "left"));
  }
  balance(view, of, known);
  return of;
}

// A network with nobody on the right reads better with somebody there.
function balance(view: View, of: Map<string, Column>, known: ReadonlyMap<string, Column>): void {
  const ends = view.hosts.filter((h) => !h.forward);
  if (ends.length < 2 || ends.some((h) => of.get(h.id) === "right")) return;
  const second = ends[1];
  if (second && !known.has(second.id)) of.set(second.id, "right");
}

/**
 * Every host's place: moved ones where they were put, the others spread in columns, or in
 * rows where the panel is taller than wide.
 */
export function places(
  view: View,
  of: ReadonlyMap<string, Column>,
  moved: Readonly<Record<string, Place>>,
  tall = false,
): Map<string, Place> {
  const out = new Map<string, Place>();
  for (const column of ["left", "middle", "right"] as const) {
    const here = view.hosts.filter((h) => of.get(h.id) === column);
    here.forEach((h, i) => {
      const across = (i + 0.5) / here.length;
      const own = tall ? { x: across, y: X[column] } : { x: X[column], y: across };
      out.set(h.id, moved[h.id] ?? own);
    });
  }
  return out;
}

/** The point a share of the way from a to b. */
export function between(a: Place, b: Place, share: number): Place {
  return { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share };
}

/** Where the line from a towards b leaves a box around a. */
export function leaving(a: Place, b: Place, box: Size): Place {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const share = Math.min(
    0.5,
    dx === 0 ? 0.5 : box.width / 2 / Math.abs(dx),
    dy === 0 ? 0.5 : box.height / 2 / Math.abs(dy),
  );
  return between(a, b, share);
}
