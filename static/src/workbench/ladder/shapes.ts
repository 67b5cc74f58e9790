// What the ladder is drawn of, and where its lanes stand: shared by the files that lay it
// out and the one that paints.

import type { Rows } from "./rows";

/** A colour role of tokens.css. */
export type Tone =
  "text" | "muted" | "line" | "data" | "ack" | "syn" | "retx" | "loss" | "goal" | "sel" | "surface";

export type Glyph = "head" | "hollow" | "triangle" | "square" | "cross" | "dot";

/** One shape, in viewport pixels. n is the event it stands for. */
export type Primitive =
  | {
      k: "line";
      x0: number;
      y0: number;
      x1: number;
      y1: number;
      tone: Tone;
      width: number;
      dash?: boolean;
      double?: boolean;
      alpha?: number;
      n?: number;
    }
  | {
      k: "glyph";
      glyph: Glyph;
      x: number;
      y: number;
      angle: number;
      tone: Tone;
      alpha?: number;
      size?: number;
    }
  | {
      k: "text";
      x: number;
      y: number;
      text: string;
      tone: Tone;
      align: "left" | "right" | "center";
      angle?: number; // of the baseline
      alpha?: number;
      bold?: boolean;
      small?: boolean;
      most?: number;
    }
  | {
      k: "loop"; // from a lifeline out by w and back to it
      x: number;
      y0: number;
      y1: number;
      w: number;
      tone: Tone;
      width: number;
      dash?: boolean;
      double?: boolean;
      alpha?: number;
      n?: number;
    }
  | { k: "rect"; x: number; y: number; w: number; h: number; tone: Tone; alpha?: number }
  | { k: "zigzag"; x0: number; x1: number; y: number; h: number; at: number; text: string }
  | { k: "bracket"; x: number; y0: number; y1: number; tone: Tone; dir: 1 | -1 };

/** What part is seen, and how. */
export interface Viewport {
  width: number;
  height: number;
  top: number; // scroll position
  now: number; // virtual instant
  relativeSeq: boolean;
  showRouters: boolean;
  litN: number; // event lit by the selection, 0 for none
  litConns: ReadonlySet<string> | null; // only these stay opaque; null for all
  names: ReadonlyMap<string, string>;
}

/** Where the times stand, and the room above the first anchor for its label. */
export const GUTTER = 74;
export const HEAD = 30;

/** A panel narrower than this has no room for words outside its outermost lanes. */
const NARROW = 520;

/** From a lifeline to the words beside it: up to four ribbons stand between. */
export const ASIDE = 24;

// The longest state, SYN-RECEIVED, beside an outermost lane, and some air.
const OUTSIDE = ASIDE + 82 + 6;

/** What is not lit while something else is. */
export const FAINT = 0.22;

/** Where lanes stand. Routers have none unless asked for. */
export function lanesX(
  rows: Rows,
  view: Pick<Viewport, "width" | "showRouters">,
): (number | null)[] {
  const shown = rows.lanes.filter((h) => view.showRouters || !rows.routers.has(h));
  const tight = narrow(view);
  const left = GUTTER + (tight ? 22 : OUTSIDE);
  const right = view.width - (tight ? 34 : OUTSIDE);
  const gap = shown.length > 1 ? (right - left) / (shown.length - 1) : 0;
  const of = new Map(
    shown.map((h, i) => [h, shown.length > 1 ? left + i * gap : (left + right) / 2]),
  );
  return rows.lanes.map((h) => of.get(h) ?? null);
}

/** Whether states have to stand between the lanes, for want of room outside. */
export function narrow(view: Pick<Viewport, "width">): boolean {
  return view.width < NARROW;
}

/** Which way is out of the ladder at a lane: -1 at the left edge, else 1. */
export function outward(lanes: (number | null)[], lane: number): 1 | -1 {
  const x = lanes[lane] ?? 0;
  const xs = lanes.filter((v): v is number => v !== null);
  return xs.length > 1 && x === Math.min(...xs) ? -1 : 1;
}
