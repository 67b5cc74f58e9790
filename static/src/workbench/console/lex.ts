// A console line cut into words that know where they stood, so that an error can point.

import type { Args, Key } from "../text";

/** One word of a line. Quoted words keep their text without the quotes. */
export interface Word {
  text: string;
  col: number; // from 0
  width: number;
  quoted: boolean;
}

/** What is wrong with a line, and where. */
export class LineError extends Error {
  constructor(
    readonly key: Key,
    readonly col: number,
    readonly width: number,
    readonly args: Args = {},
  ) {
    super(key);
  }
}

const ESCAPES: Record<string, string> = {
  n: "\n",
  r: "\r",
  t: "\t",
  "0": "\0",
  '"': '"',
  "\\": "\\",
};

/** Cuts a line into words. */
export function lex(line: string): Word[] {
  const words: Word[] = [];
  let i = 0;
  while (i < line.length) {
    if (/\s/.test(line[i]!)) {
      i++;
      continue;
    }
    const start = i;
    if (line[i] === '"') {
      const [text, end] = quoted(line, i);
      words.push({ text, col: start, width: end - start, quoted: true });
      i = end;
      continue;
    }
    while (i < line.length && !/\s/.test(line[i]!)) i++;
    words.push({ text: line.slice(start, i), col: start, width: i - start, quoted: false });
  }
  return words;
}

function quoted(line: string, start: number): [string, number] {
  let text = "";
  for (let i = start + 1; i < line.length; i++) {
    const c = line[i]!;
    if (c === '"') return [text, i + 1];
    if (c !== "\\") {
      text += c;
      continue;
    }
    const escaped = ESCAPES[line[i + 1] ?? ""];
    if (escaped === undefined) throw new LineError("console.bad_escape", i, 2);
    text += escaped;
    i++;
  }
  throw new LineError("console.open_quote", start, line.length - start);
}

/** Reads words one after the other, each as what it should be. */
export class Reader {
  private i = 0;

  constructor(
    private readonly words: readonly Word[],
    private readonly end: number,
  ) {}

  more(): boolean {
    return this.i < this.words.length;
  }

  /** What the next word will be, if there is one and it is not quoted. */
  ahead(): string | undefined {
    const w = this.words[this.i];
    return w && !w.quoted ? w.text : undefined;
  }

  /** The next word; the error names what was wanted. */
  word(want: Key): Word {
    const w = this.words[this.i];
    if (!w) throw new LineError("console.want", this.end, 1, { what: want });
    this.i++;
    return w;
  }

  /** Takes the next word if it is this one. */
  take(...words: string[]): boolean {
    const w = this.words[this.i];
    if (!w || w.quoted || !words.includes(w.text.toLowerCase())) return false;
    this.i++;
    return true;
  }

  /** A whole number. Its range is the system's to judge: 65536 is tried and refused. */
  whole(want: Key): number {
    const w = this.word(want);
    if (!/^-?\d{1,15}$/.test(w.text)) throw bad(want, w);
    return Number(w.text);
  }

  /** "8081", ":8081", "1.2.3.4:8081", "[fd00::1]:8081", "*:8081". Empty: the wildcard. */
  local(): { addr?: string; port: number } {
    const w = this.word("console.want.local");
    const m = /^(?:(.*):)?(-?\d{1,15})$/.exec(w.text);
    if (!m) throw bad("console.want.local", w);
    const addr = m[1] === "*" || m[1] === "" ? undefined : m[1];
    return { ...(addr === undefined ? {} : { addr: hostPart(addr, w) }), port: Number(m[2]) };
  }

  /** "1.2.3.4:8081" or "[fd00::1]:8081", with an address. */
  endpoint(): { addr: string; port: number } {
    const w = this.word("console.want.endpoint");
    const m = /^(.+):(-?\d{1,15})$/.exec(w.text);
    if (!m?.[1]) throw bad("console.want.endpoint", w);
    return { addr: hostPart(m[1], w), port: Number(m[2]) };
  }

  /** "1.2.3.4" or "1.2.3.0/24", "fd00::1" or "fd00::/64". */
  address(want: Key, prefix: boolean): string {
    const w = this.word(want);
    const [addr = "", length, ...rest] = w.text.split("/");
    const good =
      (isAddress(addr) || isAddress6(addr)) &&
      rest.length === 0 &&
      (prefix
        ? length !== undefined &&
          /^\d{1,3}$/.test(length) &&
          Number(length) <= (addr.includes(":") ? 128 : 32)
        : length === undefined);
    if (!good) throw bad(want, w);
    return w.text;
  }

  /** "40ms", "1.5s", "200us" in nanoseconds. */
  span(): number {
    return this.unit("console.want.span", { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9 });
  }

  /** "5%" in parts per million. */
  share(): number {
    const w = this.word("console.want.share");
    const m = /^(\d+(?:\.\d+)?)%$/.exec(w.text);
    if (!m || Number(m[1]) > 100) throw bad("console.want.share", w);
    return Math.round(Number(m[1]) * 1e4);
  }

  /** What read reads, if it is above 0. */
  above(want: Key, read: (r: Reader) => number): number {
    const w = this.words[this.i];
    const n = read(this);
    if (n <= 0) throw bad(want, w!);
    return n;
  }

  /** "10mbit", "1gbit", "0" for no limit, in bits per second. */
  rate(): number {
    return this.unit("console.want.rate", { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 });
  }

  /** "64k", "1500" in octets. */
  size(): number {
    return this.unit("console.want.size", { "": 1, b: 1, k: 1024, m: 1024 * 1024 });
  }

  /** What follows is too much. */
  done(): void {
    const w = this.words[this.i];
    if (!w) return;
    const last = this.words[this.words.length - 1]!;
    throw new LineError("console.too_much", w.col, last.col + last.width - w.col, { word: w.text });
  }

  private unit(want: Key, units: Record<string, number>): number {
    const w = this.word(want);
    const m = /^(\d+(?:\.\d+)?)([a-zµ]*)$/i.exec(w.text);
    const of = m && (Number(m[1]) === 0 ? 1 : units[(m[2] ?? "").toLowerCase()]);
    if (!m || of === undefined || of === null) throw bad(want, w);
    return Math.round(Number(m[1]) * of);
  }
}

/** The error of a word that is not what it should be. */
export function bad(want: Key, w: Word): LineError {
  return new LineError("console.not", w.col, w.width, { word: w.text, what: want });
}

/** Whether s is a dotted IPv4 address. */
export function isAddress(s: string): boolean {
  const parts = s.split(".");
  return parts.length === 4 && parts.every((p) => /^\d{1,3}$/.test(p) && Number(p) <= 255);
}

/** Whether s is an IPv6 address as RFC 4291 §2.2 writes them, without a zone. */
export function isAddress6(s: string): boolean {
  const halves = s.split("::");
  if (!s.includes(":") || halves.length > 2) return false;
  const groups = halves.flatMap((h) => (h === "" ? [] : h.split(":")));
  const dotted = !s.endsWith("::") && isAddress(groups[groups.length - 1] ?? "");
  const count = groups.length + (dotted ? 1 : 0);
  return (
    groups.slice(0, dotted ? -1 : undefined).every((g) => /^[0-9a-f]{1,4}$/i.test(g)) &&
    (halves.length === 2 ? count < 8 : count === 8)
  );
}

// The address of an endpoint: IPv6 stands in brackets, because it has colons of its own.
function hostPart(text: string, w: Word): string {
  if (isAddress(text)) return text;
  const inner = /^\[(.*)\]$/.exec(text)?.[1];
  if (inner !== undefined && isAddress6(inner)) return inner;
  throw new LineError("console.not", w.col, text.length, {
    word: text,
    what: "console.want.address",
  });
}
