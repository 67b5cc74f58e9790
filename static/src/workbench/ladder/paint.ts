// Puts the ladder's primitives on a canvas. Colours are the roles of tokens.css, read
// once per theme; nothing else here knows what a shape means.

import type { Primitive, Tone } from "./shapes";

/** Colours and faces of the page's theme. */
export interface Palette {
  stroke: Record<Tone, string>;
  words: Record<Tone, string>;
  mono: string;
  sans: string;
}

const TONES: readonly Tone[] = [
  "text",
  "muted",
  "line",
  "data",
  "ack",
  "syn",
  "retx",
  "loss",
  "goal",
  "sel",
  "surface",
];
const PLAIN = new Set<Tone>(["text", "muted", "line", "surface"]);

/** Reads the palette from the computed style of an element. */
export function readPalette(of: Element): Palette {
  const style = getComputedStyle(of);
  const read = (name: string): string => style.getPropertyValue(name).trim() || "CanvasText";
  const stroke = {} as Record<Tone, string>;
  const words = {} as Record<Tone, string>;
  for (const tone of TONES) {
    stroke[tone] = read(`--ls-${tone}`);
    words[tone] = PLAIN.has(tone) ? stroke[tone] : read(`--ls-${tone}-text`);
  }
  return { stroke, words, mono: read("--ls-mono"), sans: read("--ls-font") };
}

/** Paints all primitives; the context is scaled to CSS pixels. */
export function paint(
  ctx: CanvasRenderingContext2D,
  shapes: readonly Primitive[],
  p: Palette,
  width: number,
  height: number,
): void {
  ctx.clearRect(0, 0, width, height);
  ctx.lineCap = "round";
  ctx.lineJoin = "round";
  for (const s of shapes) {
    ctx.globalAlpha = "alpha" in s && s.alpha !== undefined ? s.alpha : 1;
    switch (s.k) {
      case "line":
        line(ctx, s, p);
        break;
      case "loop":
        loop(ctx, s, p);
        break;
      case "rect":
        ctx.fillStyle = p.stroke[s.tone];
        ctx.fillRect(s.x, s.y, s.w, s.h);
        break;
      case "glyph":
        glyph(ctx, s, p);
        break;
      case "zigzag":
        zigzag(ctx, s, p);
        break;
      case "bracket":
        bracket(ctx, s, p);
        break;
      case "text":
        break; // on top of everything, below
    }
  }
  for (const s of shapes) if (s.k === "text") text(ctx, s, p);
  ctx.globalAlpha = 1;
}

function line(
  ctx: CanvasRenderingContext2D,
  s: Extract<Primitive, { k: "line" }>,
  p: Palette,
): void {
  ctx.beginPath();
  ctx.moveTo(s.x0, s.y0);
  ctx.lineTo(s.x1, s.y1);
  stroke(ctx, s, p);
}

function loop(
  ctx: CanvasRenderingContext2D,
  s: Extract<Primitive, { k: "loop" }>,
  p: Palette,
): void {
  ctx.beginPath();
  ctx.moveTo(s.x, s.y0);
  ctx.bezierCurveTo(s.x + s.w, s.y0, s.x + s.w, s.y1, s.x, s.y1);
  stroke(ctx, s, p);
}

function stroke(
  ctx: CanvasRenderingContext2D,
  s: { tone: Tone; width: number; dash?: boolean; double?: boolean },
  p: Palette,
): void {
  ctx.strokeStyle = p.stroke[s.tone];
  ctx.lineWidth = s.double ? s.width + 3 : s.width;
  ctx.setLineDash(s.dash ? [5, 4] : []);
  ctx.stroke();
  if (s.double) {
    ctx.strokeStyle = p.stroke.surface;
    ctx.lineWidth = 1.6;
    ctx.setLineDash([]);
    ctx.stroke();
  }
  ctx.setLineDash([]);
}

function glyph(
  ctx: CanvasRenderingContext2D,
  s: Extract<Primitive, { k: "glyph" }>,
  p: Palette,
): void {
  const r = s.size ?? 6;
  ctx.save();
  ctx.translate(s.x, s.y);
  ctx.rotate(s.angle);
  ctx.fillStyle = ctx.strokeStyle = p.stroke[s.tone];
  ctx.lineWidth = 2;
  ctx.beginPath();
  switch (s.glyph) {
    case "head":
    case "hollow":
      ctx.moveTo(0, 0);
      ctx.lineTo(-9, -4.5);
      ctx.lineTo(-9, 4.5);
      ctx.closePath();
      if (s.glyph === "head") ctx.fill();
      else ctx.stroke();
      break;
    case "triangle":
      ctx.moveTo(0, -r);
      ctx.lineTo(r, r * 0.8);
      ctx.lineTo(-r, r * 0.8);
      ctx.closePath();
      ctx.fill();
      break;
    case "square":
      ctx.rect(-r * 0.8, -r * 0.8, r * 1.6, r * 1.6);
      ctx.fill();
      break;
    case "cross":
      ctx.moveTo(-r, -r);
      ctx.lineTo(r, r);
      ctx.moveTo(r, -r);
      ctx.lineTo(-r, r);
      ctx.stroke();
      break;
    case "dot":
      ctx.arc(0, 0, r, 0, 2 * Math.PI);
      ctx.fill();
  }
  ctx.restore();
}

function text(
  ctx: CanvasRenderingContext2D,
  s: Extract<Primitive, { k: "text" }>,
  p: Palette,
): void {
  ctx.globalAlpha = s.alpha ?? 1;
  ctx.font = `${s.bold ? "600 " : ""}${s.small ? 11 : 12}px ${p.mono}`;
  ctx.textAlign = s.align;
  ctx.textBaseline = "alphabetic";
  // The halo keeps words readable where lines cross behind them.
  ctx.lineWidth = 4;
  ctx.strokeStyle = p.stroke.surface;
  ctx.fillStyle = p.words[s.tone];
  if (s.angle) {
    ctx.save();
    ctx.translate(s.x, s.y);
    ctx.rotate(s.angle);
  }
  const x = s.angle ? 0 : s.x;
  const y = s.angle ? 0 : s.y;
  ctx.strokeText(s.text, x, y, s.most);
  ctx.fillText(s.text, x, y, s.most);
  if (s.angle) ctx.restore();
}

function zigzag(
  ctx: CanvasRenderingContext2D,
  s: Extract<Primitive, { k: "zigzag" }>,
  p: Palette,
): void {
  ctx.fillStyle = p.stroke.surface;
  ctx.fillRect(s.x0, s.y - s.h / 2, s.x1 - s.x0, s.h);
  ctx.strokeStyle = p.stroke.muted;
  ctx.lineWidth = 1;
  for (const edge of [-s.h / 2, s.h / 2]) {
    ctx.beginPath();
    for (let x = s.x0, up = true; x <= s.x1; x += 6, up = !up) {
      const y = s.y + edge + (up ? -2 : 2);
      if (x === s.x0) ctx.moveTo(x, y);
      else ctx.lineTo(x, y);
    }
    ctx.stroke();
  }
  ctx.font = `11px ${p.sans}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = p.words.muted;
  ctx.lineWidth = 6;
  ctx.strokeStyle = p.stroke.surface;
  ctx.strokeText(s.text, s.at, s.y);
  ctx.fillText(s.text, s.at, s.y);
}

function bracket(
  ctx: CanvasRenderingContext2D,
  s: Extract<Primitive, { k: "bracket" }>,
  p: Palette,
): void {
  ctx.strokeStyle = p.stroke[s.tone];
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  ctx.moveTo(s.x - 4 * s.dir, s.y0);
  ctx.lineTo(s.x, s.y0);
  ctx.lineTo(s.x, s.y1);
  ctx.lineTo(s.x - 4 * s.dir, s.y1);
  ctx.stroke();
}
