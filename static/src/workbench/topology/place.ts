// Where hosts stand: clients left, routers in the middle, servers right, unless somebody
// moved them. No layout engine; a host keeps its column once it has one, so that nothing
// jumps when a socket starts to listen. Pure: measures come in, places go out.

import type { View } from "../model";

/** A place: shares of the stage, 0 … 1 each, where it is kept; pixels of it where drawn. */
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

const COLUMNS = ["left", "middle", "right"] as const;
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
    of.set(h.id, before ?? (h.forward || h.switch ? "middle" : serves ? "right" : "left"));
  }
  balance(view, of, known);
  return of;
}

// A network with nobody on the right reads better with somebody there.
function balance(view: View, of: Map<string, Column>, known: ReadonlyMap<string, Column>): void {
  const ends = view.hosts.filter((h) => !h.forward && !h.switch);
  if (ends.length < 2 || ends.some((h) => of.get(h.id) === "right")) return;
  const second = ends[1];
  if (second && !known.has(second.id)) of.set(second.id, "right");
}

const EDGE = 10; // around the outermost cards
export const BETWEEN = 8; // cards of one column
const ACROSS = 84; // columns: room for what a link says
const UNSEEN: Size = { width: 130, height: 34 }; // until a card has been measured

/** The drawing: every card's middle in pixels of a stage that is shown scaled. */
export interface Stage {
  size: Size;
  scale: number; // 1, or less when the cards need more room than there is
  at: Map<string, Place>;
}

/**
 * Every card's place: moved ones where they were put, the others spread over their column
 * by what they measure; in rows instead where the panel is taller than wide. All stand
 * within the stage, and none on another of its column.
 */
export function arrange(
  view: View,
  of: ReadonlyMap<string, Column>,
  moved: Readonly<Record<string, Place>>,
  cards: ReadonlyMap<string, Size>,
  panel: Size,
): Stage {
  const tall = panel.height > panel.width;
  const groups = COLUMNS.map((c) =>
    view.hosts
      .filter((h) => of.get(h.id) === c)
      .map((h) => ({ id: h.id, card: cards.get(h.id) ?? UNSEEN })),
  );
  // "Along" runs within a column, "deep" from column to column.
  const along = (s: Size): number => (tall ? s.width : s.height);
  const deep = (s: Size): number => (tall ? s.height : s.width);
  const gap = tall ? 40 : ACROSS;
  const used = groups.filter((g) => g.length > 0);
  const depth = (g: (typeof groups)[number]): number => Math.max(0, ...g.map((x) => deep(x.card)));
  const needAlong = Math.max(
    0,
    ...groups.map((g) => g.reduce((n, x) => n + along(x.card) + BETWEEN, BETWEEN)),
  );
  const needDeep =
    used.reduce((n, g) => n + depth(g), 0) + gap * Math.max(0, used.length - 1) + 2 * EDGE;
  const scale = Math.min(1, along(panel) / needAlong || 1, deep(panel) / needDeep || 1);
  const size = { width: panel.width / scale, height: panel.height / scale };
  const at = new Map<string, Place>();
  groups.forEach((g, i) => {
    const free = along(size) - g.reduce((n, x) => n + along(x.card), 0);
    const lead = Math.max(EDGE + depth(g) / 2, deep(size) * 0.13);
    const across = i === 0 ? lead : i === 2 ? deep(size) - lead : deep(size) / 2;
    let next = 0;
    for (const x of g) {
      next += free / (g.length + 1);
      const middle = next + along(x.card) / 2;
      next += along(x.card);
      const own = tall ? { x: middle, y: across } : { x: across, y: middle };
      const put = moved[x.id];
      at.set(
        x.id,
        put ? within({ x: put.x * size.width, y: put.y * size.height }, x.card, size) : own,
      );
    }
  });
  return { size, scale, at };
}

// A card that was moved stays whole within the stage.
function within(p: Place, card: Size, stage: Size): Place {
  const keep = (v: number, half: number, most: number): number =>
    Math.max(Math.min(half + 2, most / 2), Math.min(most - Math.min(half + 2, most / 2), v));
  return {
    x: keep(p.x, card.width / 2, stage.width),
    y: keep(p.y, card.height / 2, stage.height),
  };
}

/** A rectangle by its middle. */
export interface Rect extends Place, Size {}

const SHARES = [0.5, 0.4, 0.6, 0.32, 0.68, 0.25, 0.75];

/**
 * Where a badge of a size stands on the part of a line that is seen: in the middle, or
 * nearer an end where something else is in the way.
 */
export function badgeAt(a: Place, b: Place, size: Size, taken: readonly Rect[]): Rect {
  let best: { rect: Rect; cost: number } | null = null;
  for (const share of SHARES) {
    const rect = { ...between(a, b, share), ...size };
    const cost = taken.reduce((n, r) => n + shared(rect, r), 0);
    if (!best || cost < best.cost) best = { rect, cost };
    if (cost === 0) break;
  }
  return best!.rect;
}

function shared(a: Rect, b: Rect): number {
  const w = (a.width + b.width) / 2 - Math.abs(a.x - b.x);
  const h = (a.height + b.height) / 2 - Math.abs(a.y - b.y);
  return w > 0 && h > 0 ? w * h : 0;
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
