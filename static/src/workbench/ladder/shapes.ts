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
      alpha?: number;
      bold?: boolean;
      small?: boolean;
      most?: number;
    }
  | { k: "rect"; x: number; y: number; w: number; h: number; tone: Tone; alpha?: number }
  | { k: "zigzag"; x0: number; x1: number; y: number; h: number; at: number; text: string }
  | { k: "bracket"; x: number; y0: number; y1: number; tone: Tone; text: string };

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
export const GUTTER = 80;
export const HEAD = 30;

/** What is not lit while something else is. */
export const FAINT = 0.22;

/** Where lanes stand. Routers have none unless asked for. */
export function lanesX(
  rows: Rows,
  view: Pick<Viewport, "width" | "showRouters">,
): (number | null)[] {
  const shown = rows.lanes.filter((h) => view.showRouters || !rows.routers.has(h));
  const narrow = view.width < 520;
  const left = GUTTER + (narrow ? 8 : 88);
  const right = view.width - (narrow ? 40 : 100);
  const gap = shown.length > 1 ? (right - left) / (shown.length - 1) : 0;
  const of = new Map(
    shown.map((h, i) => [h, shown.length > 1 ? left + i * gap : (left + right) / 2]),
  );
  return rows.lanes.map((h) => of.get(h) ?? null);
}

/** Which way is out of the ladder at a lane: -1 at the left edge, else 1. */
export function outward(lanes: (number | null)[], lane: number): 1 | -1 {
  const x = lanes[lane] ?? 0;
  const xs = lanes.filter((v): v is number => v !== null);
  return xs.length > 1 && x === Math.min(...xs) ? -1 : 1;
}
