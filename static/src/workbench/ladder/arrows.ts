// One packet's arrow: its geometry, its style, its label, and how near a point is to it.

import { relative } from "../format";
import type { Axis } from "./axis";
import { Fate, type Rows } from "./rows";
import {
  FAINT,
  GUTTER,
  HEAD,
  type Glyph,
  type Primitive,
  type Tone,
  type Viewport,
} from "./shapes";

/** Where an arrow begins and ends, in viewport pixels. */
export interface Arrow {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  right: boolean;
  reach: number;
}

/** The geometry of row i; share is how far a packet under way has come. */
export function arrow(
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

/** How much of its way row i has done by now; 1 when it has ended. */
export function progressOf(rows: Rows, i: number, now: number): number {
  if (rows.fate.at(i) !== Fate.Flying) return 1;
  for (const p of rows.underWay(now)) if (p.row === i) return p.share;
  return 0;
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

/** Adds the shapes of a row. */
export function drawArrow(
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
    out.push({
      k: "glyph",
      glyph: rows.again.at(i) === 1 ? "hollow" : "head",
      x: a.x1,
      y: a.y1,
      angle,
      tone,
      alpha,
    });
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

/** How far a point is from an arrow's line. */
export function distance(x: number, y: number, a: Arrow): number {
  const dx = a.x1 - a.x0;
  const dy = a.y1 - a.y0;
  const along = dx * dx + dy * dy;
  const u = along > 0 ? Math.min(1, Math.max(0, ((x - a.x0) * dx + (y - a.y0) * dy) / along)) : 0;
  return Math.hypot(x - a.x0 - u * dx, y - a.y0 - u * dy);
}

/** The same for its label, which stands above the line at the sender's end. */
export function labelDistance(x: number, y: number, a: Arrow): number {
  const from = a.right ? a.x0 + 8 : a.x0 - 118;
  const inside = x >= from && x <= from + 110 && y >= a.y0 - 10 && y <= a.y0 + 4;
  return inside ? 6 : Infinity;
}
