// The ladder as a list of shapes. Pure: rows, axis and viewport in, primitives out; the
// canvas paints them, a test or an SVG export reads them.
//
// It must never measure text or read a colour: tones are roles, the painter knows them.

import { shortInstant, span } from "../format";
import { arrow, distance, drawArrow, labelDistance, progressOf, style } from "./arrows";
import type { Axis } from "./axis";
import { place, type Wish } from "./labels";
import { brackets, ribbons } from "./marks";
import { Fate, type Rows } from "./rows";
import { GUTTER, HEAD, lanesX, type Primitive, type Viewport } from "./shapes";

const MOST_LINES = 1500;
const LABEL_REACH = 160; // a label stands at most so far below its arrow's beginning

/** The whole height of the ladder at an instant. */
export function totalHeight(axis: Axis, now: number): number {
  return HEAD + Math.max(axis.bottom(), axis.ofTime(now)) + 32;
}

/** The shapes of one viewport. */
export function layout(rows: Rows, axis: Axis, view: Viewport): Primitive[] {
  const out: Primitive[] = [];
  const lanes = lanesX(rows, view);
  const [first, last] = visible(rows, axis, view);
  const words: Wish[] = []; // of arrows and timers
  const aside: Wish[] = []; // of states, which give way to those that must be read
  lifelines(out, rows, axis, view, lanes);
  ribbons(out, aside, rows, axis, view, lanes);
  folds(out, axis, view, lanes);
  if (last - first > MOST_LINES) density(out, words, rows, axis, view, lanes, first, last);
  else arrows(out, words, rows, axis, view, lanes, first, last);
  flying(out, words, rows, axis, view, lanes);
  brackets(out, words, rows, axis, view, lanes);
  const must = words.filter((w) => !w.spare);
  const spare = words.filter((w) => w.spare);
  out.push(...place([...must, ...aside, ...spare], out));
  times(out, rows, axis, view, first, last);
  nowLine(out, axis, view);
  return out;
}

/** Rows [first, last) that can touch the viewport. */
export function visible(rows: Rows, axis: Axis, view: Viewport): [number, number] {
  const t0 = axis.toTime(view.top - HEAD - 40);
  const t1 = axis.toTime(view.top - HEAD + view.height + 40);
  let first = rows.t0.lowerBound(t0);
  // Arrows that began above may end inside: go back as long as any of a stretch does.
  for (let back = 0; first > 0 && back < 400; back++) {
    const from = first - 1;
    if (rows.t1.at(from) < t0 && back > 64) break;
    first = from;
  }
  const last = Math.min(rows.n.length, rows.t0.lowerBound(t1 + 1));
  return [first, Math.max(first, last)];
}

/** The event under a point, 0 for none. */
export function hit(rows: Rows, axis: Axis, view: Viewport, x: number, y: number): number {
  const lanes = lanesX(rows, view);
  const [first, last] = visible(rows, axis, view);
  let best = 0;
  let nearest = 9;
  for (let i = first; i < last; i++) {
    const a = arrow(rows, axis, view, lanes, i, progressOf(rows, i, view.now));
    if (!a) continue;
    const d = Math.min(distance(x, y, a), labelDistance(x, y, a));
    if (d < nearest) {
      nearest = d;
      best = rows.n.at(i);
    }
  }
  return best;
}

function lifelines(
  out: Primitive[],
  rows: Rows,
  axis: Axis,
  view: Viewport,
  lanes: (number | null)[],
): void {
  const end = Math.min(
    view.height,
    HEAD + Math.max(axis.bottom(), axis.ofTime(view.now)) - view.top + 14,
  );
  for (let lane = 0; lane < lanes.length; lane++) {
    const x = lanes[lane];
    if (x == null) continue;
    out.push({
      k: "line",
      x0: x,
      y0: Math.min(0, end),
      x1: x,
      y1: end,
      tone: "line",
      width: 1.5,
      ...(rows.routers.has(rows.lanes[lane] ?? "") ? { dash: true } : {}),
    });
  }
}

function folds(out: Primitive[], axis: Axis, view: Viewport, lanes: (number | null)[]): void {
  const xs = lanes.filter((x): x is number => x !== null);
  const x0 = Math.min(...xs);
  const x1 = Math.max(...xs);
  // Its words stand between two lifelines, where they can be read.
  const at = xs.length > 1 ? (xs[0]! + xs[1]!) / 2 : x0;
  for (const f of axis.folds) {
    const y = HEAD + f.y - view.top;
    if (y + f.height < 0 || y > view.height || xs.length === 0) continue;
    out.push({
      k: "zigzag",
      x0: x0 - 14,
      x1: x1 + 14,
      y: y + f.height / 2 + 2,
      h: Math.min(16, f.height),
      at,
      text: span(f.ns),
    });
  }
}

function arrows(
  out: Primitive[],
  words: Wish[],
  rows: Rows,
  axis: Axis,
  view: Viewport,
  lanes: (number | null)[],
  first: number,
  last: number,
): void {
  const labels = axis.zoom >= 0.6;
  for (let i = first; i < last; i++) {
    if (rows.fate.at(i) === Fate.Flying) continue;
    const a = arrow(rows, axis, view, lanes, i, 1);
    if (!a || a.y1 < -20 || a.y0 > view.height + 20) continue;
    drawArrow(out, words, rows, view, i, a, labels && a.y0 > -LABEL_REACH);
  }
}

function flying(
  out: Primitive[],
  words: Wish[],
  rows: Rows,
  axis: Axis,
  view: Viewport,
  lanes: (number | null)[],
): void {
  for (const { row, share } of rows.underWay(view.now)) {
    const a = arrow(rows, axis, view, lanes, row, share);
    if (!a || a.y1 < -20 || a.y0 > view.height + 20) continue;
    drawArrow(out, words, rows, view, row, a, axis.zoom >= 0.6);
  }
}

// More arrows than a screen can tell apart: bars of how many, anomalies kept on top.
function density(
  out: Primitive[],
  words: Wish[],
  rows: Rows,
  axis: Axis,
  view: Viewport,
  lanes: (number | null)[],
  first: number,
  last: number,
): void {
  const BIN = 3;
  const counts = new Uint32Array(Math.ceil(view.height / BIN) + 1);
  let most = 1;
  for (let i = first; i < last; i++) {
    const bin = Math.floor((HEAD + axis.at(rows.a0.at(i)) - view.top) / BIN);
    if (bin < 0 || bin >= counts.length) continue;
    counts[bin]!++;
    most = Math.max(most, counts[bin]!);
  }
  const xs = lanes.filter((x): x is number => x !== null);
  const x0 = Math.min(...xs) + 6;
  const full = Math.max(...xs) - 6 - x0;
  for (let b = 0; b < counts.length; b++) {
    if (counts[b])
      out.push({
        k: "rect",
        x: x0,
        y: b * BIN,
        w: (full * counts[b]!) / most,
        h: BIN - 1,
        tone: "data",
        alpha: 0.55,
      });
  }
  for (let i = first, drawn = 0; i < last && drawn < 300; i++) {
    if (rows.fate.at(i) !== Fate.Dropped && !style(rows, i).double) continue;
    const a = arrow(rows, axis, view, lanes, i, 1);
    if (!a) continue;
    drawArrow(out, words, rows, view, i, a, false);
    drawn++;
  }
}

function times(
  out: Primitive[],
  rows: Rows,
  axis: Axis,
  view: Viewport,
  first: number,
  last: number,
): void {
  let free = -1e9;
  const now = HEAD + axis.ofTime(view.now) - view.top + 8;
  const step = last - first > MOST_LINES ? Math.ceil((last - first) / 400) : 1;
  for (let i = first; i < last; i += step) {
    const y = HEAD + axis.at(rows.a0.at(i)) - view.top;
    if (y < free || y < 0 || y > view.height || Math.abs(y - now) < 13) continue;
    out.push({
      k: "text",
      x: GUTTER - 10,
      y: y + 4,
      text: shortInstant(rows.t0.at(i)),
      tone: "muted",
      align: "right",
      small: true,
    });
    free = y + 15;
  }
}

function nowLine(out: Primitive[], axis: Axis, view: Viewport): void {
  const y = HEAD + axis.ofTime(view.now) - view.top + 8;
  if (y < 0 || y > view.height) return;
  out.push({
    k: "line",
    x0: GUTTER - 6,
    y0: y,
    x1: view.width,
    y1: y,
    tone: "sel",
    width: 1,
    dash: true,
  });
  out.push({
    k: "text",
    x: GUTTER - 10,
    y: y + 4,
    text: shortInstant(view.now),
    tone: "sel",
    align: "right",
    small: true,
    bold: true,
  });
}
