// The ladder as a list of shapes. Pure: rows, axis and viewport in, primitives out; the
// canvas paints them, a test or an SVG export reads them.
//
// It must never measure text or read a colour: tones are roles, the painter knows them.

import { relative, shortInstant, span } from "../format";
import type { Axis } from "./axis";
import { Fate, type Rows } from "./rows";

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

const GUTTER = 80; // times
const HEAD = 30; // above the first anchor: the first label needs room
const MOST_LINES = 1500;
const FAINT = 0.22;

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

/** The whole height of the ladder at an instant. */
export function totalHeight(axis: Axis, now: number): number {
  return HEAD + Math.max(axis.bottom(), axis.ofTime(now)) + 44;
}

/** The shapes of one viewport. */
export function layout(rows: Rows, axis: Axis, view: Viewport): Primitive[] {
  const out: Primitive[] = [];
  const lanes = lanesX(rows, view);
  const [first, last] = visible(rows, axis, view);
  lifelines(out, rows, axis, view, lanes);
  ribbons(out, rows, axis, view, lanes);
  folds(out, axis, view, lanes);
  if (last - first > MOST_LINES) density(out, rows, axis, view, lanes, first, last);
  else arrows(out, rows, axis, view, lanes, first, last);
  flying(out, rows, axis, view, lanes);
  brackets(out, rows, axis, view, lanes);
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

interface Arrow {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  right: boolean;
  reach: number;
}

/** The geometry of row i; share is how far a packet under way has come. */
function arrow(
  rows: Rows,
  axis: Axis,
  view: Viewport,
  lanes: (number | null)[],
  i: number,
  share: number,
): Arrow | null {
  const x0 = lanes[rows.from.at(i)] ?? null;
  if (x0 === null) return null;
  const to = lanes[rows.to.at(i)] ?? null;
  const far = to ?? (x0 < view.width / 2 ? view.width - 40 : GUTTER + 20);
  const y0 = HEAD + axis.at(rows.a0.at(i)) - view.top;
  const fate = rows.fate.at(i);
  const done = fate === Fate.Received ? 1 : fate === Fate.Dropped ? rows.share.at(i) : share;
  const y1 =
    fate === Fate.Flying
      ? HEAD + axis.ofTime(view.now) - view.top
      : HEAD + axis.at(rows.a1.at(i)) - view.top;
  const own = far === x0;
  const x1 = own ? x0 + 34 : x0 + (far - x0) * done;
  // A drop at the instant of sending would be level, and an own packet a dot.
  const drop = fate === Fate.Dropped ? Math.max(y1, y0 + 9) : y1;
  return {
    x0,
    y0,
    x1,
    y1: own ? Math.max(drop, y0 + 6) : drop,
    right: x1 >= x0,
    reach: Math.abs(far - x0),
  };
}

function progressOf(rows: Rows, i: number, now: number): number {
  if (rows.fate.at(i) !== Fate.Flying) return 1;
  for (const p of rows.underWay(now)) if (p.row === i) return p.share;
  return 0;
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
  const at = xs.length > 1 ? (xs[0]! + xs[1]!) / 2 : x0; // between two lifelines, where it can be read
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
    if (a) drawArrow(out, rows, view, i, a, labels);
  }
}

function flying(
  out: Primitive[],
  rows: Rows,
  axis: Axis,
  view: Viewport,
  lanes: (number | null)[],
): void {
  for (const { row, share } of rows.underWay(view.now)) {
    const a = arrow(rows, axis, view, lanes, row, share);
    if (!a || a.y1 < -20 || a.y0 > view.height + 20) continue;
    drawArrow(out, rows, view, row, a, axis.zoom >= 0.6);
  }
}

/** How a row is drawn: its tone, its width and the badge of its flags. */
export function style(
  rows: Rows,
  i: number,
): { tone: Tone; width: number; badge: Glyph | null; double: boolean } {
  const e = rows.events[i];
  const seg = e?.kind === "segment.sent" ? e.seg : null;
  const len: number = seg ? seg.len : e?.kind === "datagram.sent" ? e.dgram.len : 0;
  const width = len > 0 ? Math.min(4, 1.6 + Math.log10(len + 1) * 0.5) : 1.4;
  const flags: string = seg?.flags ?? "";
  const badge: Glyph | null = flags.includes("R")
    ? "cross"
    : flags.includes("S")
      ? "triangle"
      : flags.includes("F")
        ? "square"
        : null;
  const retx = seg?.retransmission === true;
  const tone: Tone = retx
    ? "retx"
    : flags.includes("R")
      ? "loss"
      : badge
        ? "syn"
        : seg && len === 0
          ? "ack"
          : e?.kind === "icmp.sent"
            ? "loss"
            : "data";
  return { tone, width, badge, double: retx };
}

function drawArrow(
  out: Primitive[],
  rows: Rows,
  view: Viewport,
  i: number,
  a: Arrow,
  labelled: boolean,
): void {
  const fate = rows.fate.at(i);
  const s = style(rows, i);
  const n = rows.n.at(i);
  const lit = view.litN === n || (view.litN > 0 && view.litN === rows.end.at(i));
  const other =
    view.litConns !== null &&
    !view.litConns.has(rows.connFrom[i] ?? "") &&
    !view.litConns.has(rows.connTo[i] ?? "");
  const alpha = other && !lit ? FAINT : 1;
  const tone: Tone = fate === Fate.Dropped ? "loss" : s.tone;
  const angle = Math.atan2(a.y1 - a.y0, a.x1 - a.x0);
  if (lit) out.push({ k: "line", ...ends(a), tone: "sel", width: s.width + 7, alpha: 0.35 });
  out.push({
    k: "line",
    ...ends(a),
    tone,
    width: lit ? s.width + 1 : s.width,
    n,
    alpha,
    ...(fate === Fate.Dropped ? { dash: true } : {}),
    ...(s.double ? { double: true } : {}),
  });
  if (fate === Fate.Dropped)
    out.push({
      k: "glyph",
      glyph: "cross",
      x: a.x1,
      y: a.y1,
      angle: 0,
      tone: "loss",
      alpha,
      size: 6,
    });
  else if (fate === Fate.Received)
    out.push({ k: "glyph", glyph: "head", x: a.x1, y: a.y1, angle, tone, alpha });
  else out.push({ k: "glyph", glyph: "dot", x: a.x1, y: a.y1, angle: 0, tone, alpha, size: 4.5 });
  if (s.badge)
    out.push({
      k: "glyph",
      glyph: s.badge,
      x: a.x0 + (a.right ? 10 : -10),
      y: a.y0 + 10 * Math.tan(slope(a)),
      angle: 0,
      tone,
      alpha,
      size: 4.5,
    });
  if (!labelled && !lit) return;
  const away = s.badge ? 18 : 10;
  out.push({
    k: "text",
    x: a.x0 + (a.right ? away : -away),
    y: a.y0 + away * Math.tan(slope(a)) - 5,
    text: label(rows, i, view.relativeSeq),
    tone: toneOfText(tone),
    align: a.right ? "left" : "right",
    alpha,
    bold: lit,
    most: Math.max(40, a.reach - away - 10),
  });
}

/** "SYN·ACK 0/1", "data 0–5", in words a reader of tcpdump knows. */
export function label(rows: Rows, i: number, relativeSeq: boolean): string {
  const e = rows.events[i];
  if (!e) return "";
  if (e.kind === "datagram.sent") return `UDP ${e.dgram.len} B`;
  if (e.kind === "icmp.sent") return `ICMP ${e.icmp.name}`;
  if (e.kind !== "segment.sent") return e.kind;
  const seg = e.seg;
  const seq = relativeSeq ? relative(seg.seq, rows.iss.at(i)) : seg.seq;
  const ack = relativeSeq ? relative(seg.ack, rows.peerIss.at(i)) : seg.ack;
  const words = flagWords(seg.flags);
  const plain = seg.flags === "A" && seg.len === 0;
  const where = plain ? ` ${ack}` : seg.flags.includes("A") ? ` ${seq}/${ack}` : ` ${seq}`;
  return `${words}${where}${seg.len > 0 ? ` · ${seg.len} B` : ""}`;
}

const WORDS: Record<string, string> = {
  F: "FIN",
  S: "SYN",
  R: "RST",
  P: "PSH",
  A: "ACK",
  U: "URG",
  E: "ECE",
  W: "CWR",
};

/** "SA" → "SYN·ACK"; no flag at all → "–". */
export function flagWords(flags: string): string {
  return (
    flags
      .split("")
      .map((f) => WORDS[f] ?? f)
      .join("·") || "–"
  );
}

function toneOfText(tone: Tone): Tone {
  return tone === "line" ? "muted" : tone;
}

function ends(a: Arrow): { x0: number; y0: number; x1: number; y1: number } {
  return { x0: a.x0, y0: a.y0, x1: a.x1, y1: a.y1 };
}

function slope(a: Arrow): number {
  return Math.min(0.9, Math.atan2(Math.max(0, a.y1 - a.y0), Math.max(24, Math.abs(a.x1 - a.x0))));
}

// More arrows than a screen can tell apart: bars of how many, anomalies kept on top.
function density(
  out: Primitive[],
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
    drawArrow(out, rows, view, i, a, false);
    drawn++;
  }
}

function ribbons(
  out: Primitive[],
  rows: Rows,
  axis: Axis,
  view: Viewport,
  lanes: (number | null)[],
): void {
  const open = new Map<string, { y: number; state: string; x: number; lane: number }>();
  const slot = new Map<string, number>(); // connection → its place beside the line
  const used = new Map<number, number>();
  const bottom = HEAD + axis.ofTime(view.now) - view.top;
  const rightmost = Math.max(...lanes.map((x) => x ?? 0));
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
    const edge = x === rightmost;
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
    const side = x + outer * (conn ? 24 : 8);
    const lit = view.litN === rows.markN.at(m);
    const faint = view.litConns !== null && conn !== "" && !view.litConns.has(conn);
    out.push({
      k: "text",
      x: side,
      y: y + (outer < 0 || edge ? 4 : 15),
      text: state,
      tone: lit ? "sel" : "muted",
      align: outer < 0 ? "right" : "left",
      small: true,
      bold: lit,
      alpha: faint ? FAINT : 1,
      most: outer < 0 ? x - GUTTER - 20 : 100,
    });
  }
  for (const c of open.values()) close(c, bottom);
}

/** Which way is out of the ladder at a lane: -1 at the left edge, else 1. */
function outward(lanes: (number | null)[], lane: number): 1 | -1 {
  const x = lanes[lane] ?? 0;
  const xs = lanes.filter((v): v is number => v !== null);
  return xs.length > 1 && x === Math.min(...xs) ? -1 : 1;
}

/** The colour role of a connection state. */
export function stateTone(state: string): Tone {
  if (state === "ESTABLISHED") return "goal";
  if (state === "SYN-SENT" || state === "SYN-RECEIVED") return "syn";
  if (state === "LISTEN") return "data";
  if (state === "TIME-WAIT" || state === "CLOSED") return "ack";
  return "retx";
}

function brackets(
  out: Primitive[],
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
    out.push({
      k: "bracket",
      x: x - outward(lanes, lane) * 7,
      y0,
      y1: Math.max(y1, y0 + 3),
      tone: "retx",
      text: b.timer,
    });
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

function distance(x: number, y: number, a: Arrow): number {
  const dx = a.x1 - a.x0;
  const dy = a.y1 - a.y0;
  const along = dx * dx + dy * dy;
  const u = along > 0 ? Math.min(1, Math.max(0, ((x - a.x0) * dx + (y - a.y0) * dy) / along)) : 0;
  return Math.hypot(x - a.x0 - u * dx, y - a.y0 - u * dy);
}

// Labels stand above the line at the sender's end; pointing at one is pointing at it.
function labelDistance(x: number, y: number, a: Arrow): number {
  const from = a.right ? a.x0 + 8 : a.x0 - 118;
  const inside = x >= from && x <= from + 110 && y >= a.y0 - 10 && y <= a.y0 + 4;
  return inside ? 6 : Infinity;
}
