// Where words stand on the ladder: each has a few spots it would like, in order, and takes
// the first where it covers neither other words nor an arrow. Pure, and without measuring:
// the data face is monospaced, so a word is as long as its characters are many.

import type { Primitive } from "./shapes";

type Text = Extract<Primitive, { k: "text" }>;

/** One place for a word: its anchor on the baseline, and how the baseline lies. */
export interface Spot {
  x: number;
  y: number;
  align: "left" | "right";
  angle?: number;
}

/** A word and the spots it may take, best first. */
export interface Wish extends Omit<Text, "k" | "x" | "y" | "align" | "angle"> {
  spots: readonly Spot[];
  /** Whether it may be left out where it would cover much: one of many in a burst. */
  spare?: boolean;
}

/** A turned rectangle: its middle, half its length and height, and its direction. */
export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
  cos: number;
  sin: number;
}

const ADVANCE = 0.61; // of a monospaced character, in its own height
const TEXT_PX = 12;
const SMALL_PX = 11;
const WORD = 200; // what covering a word costs, in pixels of a covered line
const TOO_MUCH = 30; // for a word that can be spared

/** About how long a text is in the data face. */
export function textWidth(text: string, small = false): number {
  return text.length * (small ? SMALL_PX : TEXT_PX) * ADVANCE;
}

/** The room a word takes at a spot. */
export function boxAt(wish: Pick<Wish, "text" | "small" | "most">, s: Spot): Box {
  const size = wish.small ? SMALL_PX : TEXT_PX;
  const w = Math.min(wish.most ?? Infinity, textWidth(wish.text, wish.small)) / 2;
  const cos = Math.cos(s.angle ?? 0);
  const sin = Math.sin(s.angle ?? 0);
  const along = s.align === "left" ? w : -w;
  const up = 0.32 * size; // the middle of capitals over the baseline
  return { x: s.x + along * cos + up * sin, y: s.y + along * sin - up * cos, w, h: 6, cos, sin };
}

/** Puts every word where it covers least; the earlier wish has the better right. */
export function place(wishes: readonly Wish[], shapes: readonly Primitive[]): Text[] {
  const lines = shapes.filter(isArrow);
  const taken: Box[] = [];
  return wishes.flatMap(({ spots, spare, ...wish }) => {
    let best: { cost: number; spot: Spot; box: Box } | null = null;
    for (const spot of spots) {
      const box = boxAt(wish, spot);
      const cost = price(box, taken, lines);
      if (!best || cost < best.cost) best = { cost, spot, box };
      if (cost === 0) break;
    }
    if (!best || (spare && best.cost > TOO_MUCH)) return [];
    taken.push(best.box);
    return [{ ...wish, k: "text", ...best.spot }];
  });
}

type Line = Extract<Primitive, { k: "line" }>;

function isArrow(s: Primitive): s is Line {
  return s.k === "line" && s.n !== undefined;
}

function price(box: Box, taken: readonly Box[], lines: readonly Line[]): number {
  const reach = box.w + box.h;
  let cost = 0;
  for (const other of taken) {
    if (Math.abs(other.y - box.y) < reach + other.w && overlap(box, other)) cost += WORD;
  }
  for (const l of lines) {
    if (Math.max(l.y0, l.y1) < box.y - reach || Math.min(l.y0, l.y1) > box.y + reach) continue;
    cost += covered(box, l);
  }
  return cost;
}

/** Whether two boxes share any point: no axis of either parts them. */
export function overlap(a: Box, b: Box): boolean {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const c = Math.abs(a.cos * b.cos + a.sin * b.sin); // of the angle between them
  const s = Math.abs(a.sin * b.cos - a.cos * b.sin);
  return (
    Math.abs(dx * a.cos + dy * a.sin) < a.w + b.w * c + b.h * s &&
    Math.abs(dy * a.cos - dx * a.sin) < a.h + b.w * s + b.h * c &&
    Math.abs(dx * b.cos + dy * b.sin) < b.w + a.w * c + a.h * s &&
    Math.abs(dy * b.cos - dx * b.sin) < b.h + a.w * s + a.h * c
  );
}

/** How much of a line lies under a box, in pixels. */
export function covered(box: Box, l: Pick<Line, "x0" | "y0" | "x1" | "y1">): number {
  const along = (x: number, y: number): number => (x - box.x) * box.cos + (y - box.y) * box.sin;
  const across = (x: number, y: number): number => (y - box.y) * box.cos - (x - box.x) * box.sin;
  let from = 0;
  let to = 1;
  for (const [p, q, half] of [
    [along(l.x0, l.y0), along(l.x1, l.y1), box.w],
    [across(l.x0, l.y0), across(l.x1, l.y1), box.h],
  ] as const) {
    if (p === q) {
      if (Math.abs(p) >= half) return 0;
      continue;
    }
    const a = (-half - p) / (q - p);
    const b = (half - p) / (q - p);
    from = Math.max(from, Math.min(a, b));
    to = Math.min(to, Math.max(a, b));
  }
  return to > from ? (to - from) * Math.hypot(l.x1 - l.x0, l.y1 - l.y0) : 0;
}
