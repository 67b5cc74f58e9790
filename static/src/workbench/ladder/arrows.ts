// One packet's arrow: its geometry, its style, its label, and how near a point is to it.

import { relative } from "../format";
import type { Event, Of } from "../model";
import type { Axis } from "./axis";
import { textWidth, type Spot, type Wish } from "./labels";
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
  loop: number; // a host talking to itself: how far out, and to which side; else 0
}

const LOOP_PX = 52; // past the ribbons of states

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
  // A drop at the instant of sending would be level.
  const drop = fate === Fate.Dropped ? Math.max(y1, y0 + 9) : y1;
  if (far === x0) {
    const loop = x0 + 0.75 * LOOP_PX + 100 < view.width ? LOOP_PX : -LOOP_PX;
    return { x0, y0, x1: x0, y1: Math.max(drop, y0 + 14), right: loop > 0, reach: 110, loop };
  }
  const x1 = x0 + (far - x0) * done;
  return { x0, y0, x1, y1: drop, right: x1 >= x0, reach: Math.abs(far - x0), loop: 0 };
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
  words: Wish[],
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
  const shape = a.loop
    ? ({ k: "loop", x: a.x0, y0: a.y0, y1: a.y1, w: a.loop } as const)
    : ({ k: "line", x0: a.x0, y0: a.y0, x1: a.x1, y1: a.y1 } as const);
  if (lit) out.push({ ...shape, tone: "sel", width: s.width + 7, alpha: 0.35 });
  out.push({
    ...shape,
    tone,
    width: lit ? s.width + 1 : s.width,
    n,
    alpha,
    ...(fate === Fate.Dropped ? { dash: true } : {}),
    ...(s.double ? { double: true } : {}),
  });
  out.push(tip(rows, i, a, tone, alpha));
  if (s.badge) {
    const on = a.loop ? { x: a.x0 + a.loop * 0.4, y: a.y0 + 1 } : along(a, BADGE_PX, 0);
    out.push({ k: "glyph", glyph: s.badge, ...on, angle: 0, tone, alpha, size: 4.5 });
  }
  if (!labelled && !lit) return;
  const text = label(rows, i, view.relativeSeq);
  words.push({
    text,
    tone: toneOfText(tone),
    alpha,
    bold: lit,
    spare: !lit && !s.badge && !s.double && fate !== Fate.Dropped,
    most: Math.max(40, a.reach - (s.badge ? 18 : 10) - 10),
    spots: a.loop ? [besideLoop(a)] : alongLine(a, text, s.badge !== null),
  });
}

/** What an arrow ends in: a head, a hollow one, ✕ where it was lost, a dot under way. */
function tip(rows: Rows, i: number, a: Arrow, tone: Tone, alpha: number): Primitive {
  const fate = rows.fate.at(i);
  if (fate === Fate.Received) {
    const glyph = rows.again.at(i) === 1 ? "hollow" : "head";
    const angle = a.loop ? (a.right ? Math.PI : 0) : Math.atan2(a.y1 - a.y0, a.x1 - a.x0);
    return { k: "glyph", glyph, x: a.x1, y: a.y1, angle, tone, alpha };
  }
  const at = a.loop
    ? { x: a.x0 + a.loop * 0.75, y: (a.y0 + a.y1) / 2 } // the outermost of its curve
    : { x: a.x1, y: a.y1 };
  return fate === Fate.Dropped
    ? { k: "glyph", glyph: "cross", ...at, angle: 0, tone: "loss", alpha, size: 6 }
    : { k: "glyph", glyph: "dot", ...at, angle: 0, tone, alpha, size: 4.5 };
}

const BADGE_PX = 10;
const ABOVE_PX = 5; // of a baseline over its line
const SLIDES = [0, 26, 48, 72, 100];

/**
 * A label lies along its own line, over it, at the sender's end; where another arrow ends
 * or begins there, it slides down the line until it is clear.
 */
function alongLine(a: Arrow, text: string, badge: boolean): Spot[] {
  const start = badge ? BADGE_PX + 8 : BADGE_PX;
  const room = a.reach / Math.cos(slope(a)) - start - textWidth(text) - 12;
  const angle = a.right ? slope(a) : -slope(a);
  return SLIDES.filter((d) => d === 0 || d <= room).map((d) => ({
    ...along(a, start + d, ABOVE_PX),
    angle,
    align: a.right ? "left" : "right",
  }));
}

function besideLoop(a: Arrow): Spot {
  const x = a.x0 + a.loop * 0.75 + (a.right ? 9 : -9);
  return { x, y: (a.y0 + a.y1) / 2 + 4, align: a.right ? "left" : "right" };
}

/** The point d pixels along an arrow and up pixels over it. */
function along(a: Arrow, d: number, up: number): { x: number; y: number } {
  const s = slope(a);
  const way = a.right ? 1 : -1;
  return {
    x: a.x0 + way * (d * Math.cos(s) + up * Math.sin(s)),
    y: a.y0 + d * Math.sin(s) - up * Math.cos(s),
  };
}

/** "SYN·ACK 0/1", "data 0–5", in words a reader of tcpdump knows. */
export function label(rows: Rows, i: number, relativeSeq: boolean): string {
  const e = rows.events[i];
  if (!e) return "";
  const words = wordsOf(rows, i, e, relativeSeq);
  const piece = rows.piece[i];
  return piece ? `${piece} · ${words}` : words;
}

function wordsOf(rows: Rows, i: number, e: Event, relativeSeq: boolean): string {
  if (e.kind === "datagram.sent") return `UDP ${e.dgram.len} B`;
  if (e.kind === "icmp.sent") return `ICMP ${e.icmp.name}${e.icmp.target ? ` ${e.icmp.target}` : ""}`;
  if (e.kind === "arp.sent") return arpWords(e.arp);
  if (e.kind === "packet.injected") return `${e.proto ? e.proto.toUpperCase() : "?"} ${e.octets} B`;
  if (e.kind !== "segment.sent") return e.kind;
  const seg = e.seg;
  const seq = relativeSeq ? relative(seg.seq, rows.iss.at(i)) : seg.seq;
  const ack = relativeSeq ? relative(seg.ack, rows.peerIss.at(i)) : seg.ack;
  const words = flagWords(seg.flags);
  const plain = seg.flags === "A" && seg.len === 0;
  const where = plain ? ` ${ack}` : seg.flags.includes("A") ? ` ${seq}/${ack}` : ` ${seq}`;
  return `${words}${where}${seg.len > 0 ? ` · ${seg.len} B` : ""}`;
}

/** "ARP who has 10.0.0.2?", "ARP 10.0.0.2 is at 02:…". */
export function arpWords(arp: Of<"arp.sent">["arp"]): string {
  if (arp.op === "request" && arp.sender === arp.target) return `ARP ${arp.sender} is here`;
  return arp.op === "request"
    ? `ARP who has ${arp.target}?`
    : `ARP ${arp.sender} is at ${arp.sender_mac}`;
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

function slope(a: Arrow): number {
  return Math.min(1.2, Math.atan2(Math.max(0, a.y1 - a.y0), Math.max(24, Math.abs(a.x1 - a.x0))));
}

/** How far a point is from an arrow's line. */
export function distance(x: number, y: number, a: Arrow): number {
  if (a.loop) {
    const out = (x - a.x0) / (a.loop * 0.75);
    return out >= 0 && out <= 1.1 && y >= a.y0 - 4 && y <= a.y1 + 4 ? 2 : Infinity;
  }
  const dx = a.x1 - a.x0;
  const dy = a.y1 - a.y0;
  const whole = dx * dx + dy * dy;
  const u = whole > 0 ? Math.min(1, Math.max(0, ((x - a.x0) * dx + (y - a.y0) * dy) / whole)) : 0;
  return Math.hypot(x - a.x0 - u * dx, y - a.y0 - u * dy);
}

/** The same for its label, which lies over the line at the sender's end. */
export function labelDistance(x: number, y: number, a: Arrow): number {
  const s = a.loop ? 0 : slope(a);
  const out = (x - a.x0) * (a.right ? 1 : -1);
  const d = out * Math.cos(s) + (y - a.y0) * Math.sin(s);
  const up = out * Math.sin(s) - (y - a.y0) * Math.cos(s);
  const inside = d >= 8 && d <= Math.min(a.reach, 140) && up >= -4 && up <= 15;
  return inside ? 6 : Infinity;
}
