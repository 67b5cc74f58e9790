// The dissection of a packet as the server tells it: layers with fields and the octets.
// The browser has no second dissector; it fetches, keeps, and points.

/** One field of a header; Go's wire.Field. */
export interface Field {
  key: string;
  value: string;
  off: number;
  len: number;
  bit?: number;
  bits?: number;
  rfc?: string;
  bad?: boolean;
  fields?: Field[] | null;
}

/** One header of the frame; Go's wire.Layer. */
export interface Layer {
  name: string;
  off: number;
  len: number;
  quoted?: boolean;
  fields: Field[] | null;
}

/** One packet, taken apart. */
export interface Segment {
  pkt: number;
  octets: Uint8Array;
  layers: Layer[];
}

const MOST = 200;

/** Fetches dissections and keeps the last ones. */
export class Segments {
  private readonly kept = new Map<string, Segment>();

  constructor(private readonly base: string) {}

  /** The packet that event n sent; null if it cannot be had or nobody waits any more. */
  async get(run: number, pkt: number, signal: AbortSignal): Promise<Segment | null> {
    const path = `${this.base}/runs/${run}/segments/${pkt}`;
    const known = this.kept.get(path);
    if (known) return known;
    const found = await ask(path, signal);
    if (found) this.kept.set(path, found);
    const oldest = this.kept.keys().next().value;
    if (this.kept.size > MOST && oldest !== undefined) this.kept.delete(oldest);
    return found;
  }
}

async function ask(path: string, signal: AbortSignal): Promise<Segment | null> {
  try {
    const answer = await fetch(path, { signal });
    if (!answer.ok) return null;
    const body = (await answer.json()) as { pkt: number; octets: string; layers: Layer[] | null };
    return { pkt: body.pkt, octets: fromHex(body.octets), layers: body.layers ?? [] };
  } catch {
    return null;
  }
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  );
}

/** The field an octet belongs to, the most inner one; undefined between fields. */
export function fieldAt(layers: readonly Layer[], off: number): Field | undefined {
  let best: Field | undefined;
  const look = (fields: readonly Field[] | null | undefined): void => {
    for (const f of fields ?? []) {
      if (off < f.off || off >= f.off + f.len) continue;
      if (!best || f.len <= best.len) best = f;
      look(f.fields);
    }
  };
  for (const l of layers) look(l.fields);
  return best;
}
