// What a line can ask for, and the small readers that its parsers share.

import type { Key } from "../text";
import { bad, type Reader } from "./lex";

/** One command for the server. fd "new" is the descriptor the first step returned. */
export interface Step {
  op: string;
  args: Record<string, unknown>;
}

/** What a line asks for. */
export type Plan =
  | { kind: "calls"; steps: Step[] } // by the console's process; proc is filled in
  | { kind: "world"; step: Step }
  | { kind: "clock"; step: Step }
  | { kind: "ss"; proto: "tcp" | "udp" | "all"; listening: boolean }
  | { kind: "nat" }
  | { kind: "table"; of: "neighbours" | "groups" | "macs" }
  | { kind: "help"; about: string }
  | { kind: "clear" };

/** What the parser may know of the process that the console speaks for. */
export interface Process {
  /** Its listening descriptors: "accept" alone means the only one. */
  listeners: readonly number[];
  /** The pings and traceroutes that run: "interrupt" alone means the only one. */
  probes?: readonly string[];
}

/** The place of a descriptor that an earlier step returns. */
export const NEW = "new";

export const calls = (...steps: Step[]): Plan => ({ kind: "calls", steps });

export const call = (op: string, args: Record<string, unknown>): Plan => calls({ op, args });

export const world = (op: string, args: Record<string, unknown>): Plan => ({
  kind: "world",
  step: { op, args },
});

export const clock = (op: string, args: Record<string, unknown>): Plan => ({
  kind: "clock",
  step: { op, args },
});

/** A word that must be one of these. */
export function one(r: Reader, want: Key, ...words: string[]): string {
  const w = r.word(want);
  const found = words.find((x) => x === w.text.toLowerCase());
  if (found === undefined) throw bad(want, w);
  return found;
}
