// RFC 9293 figure 5, placed by hand: where each state stands and which edges there are.

export interface Spot {
  x: number;
  y: number;
}

/** The drawing's own units; SVG scales them. */
export const WIDTH = 380;
export const HEIGHT = 222;
export const BOX = { w: 96, h: 20 };

export const SPOTS: Readonly<Record<string, Spot>> = {
  CLOSED: { x: 190, y: 14 },
  LISTEN: { x: 60, y: 40 },
  "SYN-RECEIVED": { x: 60, y: 74 },
  "SYN-SENT": { x: 320, y: 74 },
  ESTABLISHED: { x: 190, y: 108 },
  "FIN-WAIT-1": { x: 60, y: 142 },
  "CLOSE-WAIT": { x: 320, y: 142 },
  "FIN-WAIT-2": { x: 60, y: 176 },
  CLOSING: { x: 190, y: 176 },
  "LAST-ACK": { x: 320, y: 176 },
  "TIME-WAIT": { x: 190, y: 208 },
};

/** The edges of the figure. Those back to CLOSED from below are drawn when taken. */
export const EDGES: readonly (readonly [from: string, to: string])[] = [
  ["CLOSED", "LISTEN"],
  ["CLOSED", "SYN-SENT"],
  ["LISTEN", "SYN-RECEIVED"],
  ["LISTEN", "SYN-SENT"],
  ["SYN-SENT", "SYN-RECEIVED"],
  ["SYN-RECEIVED", "ESTABLISHED"],
  ["SYN-SENT", "ESTABLISHED"],
  ["SYN-RECEIVED", "FIN-WAIT-1"],
  ["ESTABLISHED", "FIN-WAIT-1"],
  ["ESTABLISHED", "CLOSE-WAIT"],
  ["FIN-WAIT-1", "FIN-WAIT-2"],
  ["FIN-WAIT-1", "CLOSING"],
  ["FIN-WAIT-1", "TIME-WAIT"],
  ["FIN-WAIT-2", "TIME-WAIT"],
  ["CLOSING", "TIME-WAIT"],
  ["CLOSE-WAIT", "LAST-ACK"],
  ["LAST-ACK", "CLOSED"],
  ["TIME-WAIT", "CLOSED"],
];

/** The line of an edge, from box border to box border, bent where it would cross others. */
export function pathOf(from: string, to: string): string {
  const a = SPOTS[from];
  const b = SPOTS[to];
  if (!a || !b) return "";
  if (from === "LAST-ACK" && to === "CLOSED")
    return bend(a.x + BOX.w / 2, a.y, 376, (a.y + b.y) / 2, b.x + BOX.w / 2, b.y);
  if (from === "TIME-WAIT" && to === "CLOSED")
    return bend(a.x - BOX.w / 2, a.y, -60, (a.y + b.y) / 2 + 10, b.x - BOX.w / 2, b.y);
  if (from === "SYN-RECEIVED" && to === "FIN-WAIT-1")
    return `M${a.x - 30} ${a.y + BOX.h / 2}L${b.x - 30} ${b.y - BOX.h / 2}`;
  if (from === "FIN-WAIT-1" && to === "TIME-WAIT")
    return bend(a.x + 34, a.y + BOX.h / 2, 128, 178, b.x - 34, b.y - BOX.h / 2);
  if (from === "LISTEN" && to === "SYN-SENT")
    return `M${a.x + BOX.w / 2} ${a.y + 4}L${b.x - 30} ${b.y - BOX.h / 2}`;
  const p = border(a, b);
  const q = border(b, a);
  return `M${p.x} ${p.y}L${q.x} ${q.y}`;
}

function bend(x0: number, y0: number, cx: number, cy: number, x1: number, y1: number): string {
  return `M${x0} ${y0}Q${cx} ${cy} ${x1} ${y1}`;
}

/** Where the line from a towards b leaves a's box. */
function border(a: Spot, b: Spot): Spot {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const scale = Math.min(
    dx === 0 ? Infinity : (BOX.w / 2 + 1) / Math.abs(dx),
    dy === 0 ? Infinity : (BOX.h / 2 + 1) / Math.abs(dy),
  );
  return { x: Math.round(a.x + dx * scale), y: Math.round(a.y + dy * scale) };
}
