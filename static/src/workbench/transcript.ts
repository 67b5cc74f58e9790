// What was done in a run and what came of it, as a system call trace: every command of
// every hand, taken from the events, so that a reload and a second reader see the same.
// Lines a person typed here, and local answers (help, ss, errors), stand between them.

import { signal } from "@preact/signals";
import { callText, line } from "./console/echo";
import { Probes } from "./console/probes";
import type { CommandEvent } from "../gen/wire";
import type { Event, Of } from "./model";

/** How a line looks. */
export type Look = "typed" | "call" | "done" | "failed" | "waiting" | "info" | "printed" | "error";

/** One line of the console's log. */
export interface Entry {
  key: number;
  look: Look;
  who: string; // process or host it is about, "" for the world
  text: string;
  result: string; // what a call came to, "" while unknown
  n: number; // the event to select, 0 for a local line
  caret?: number; // column an error points at
  why?: string; // rule of a refusal
}

const MOST = 4000;

export class Transcript {
  readonly version = signal(0);
  entries: Entry[] = [];
  private keys = 0;
  private readonly byCommand = new Map<string, Entry>();
  private readonly byCall = new Map<string, Entry>();
  private readonly probes = new Probes();
  private readonly hops = new Map<string, Entry>(); // lines of traceroute that may grow

  /** Adds a line that is not an event. */
  local(look: Look, text: string, who = "", caret?: number): void {
    this.add({ look, who, text, result: "", n: 0, ...(caret === undefined ? {} : { caret }) });
    this.version.value++;
  }

  /** Empties the log; what happened stays in the ladder. */
  clear(): void {
    this.entries = [];
    this.version.value++;
  }

  /** Forgets everything: another run. */
  reset(): void {
    this.byCommand.clear();
    this.byCall.clear();
    this.probes.reset();
    this.hops.clear();
    this.clear();
  }

  /** Takes the next event. */
  feed(e: Event): void {
    if (isCommand(e)) return this.command(e);
    if (e.kind === "call.blocked" || e.kind === "call.returned" || e.kind === "call.failed")
      return this.call(e);
    if (e.kind.startsWith("ping.") || e.kind.startsWith("trace.")) this.printed(e);
  }

  private printed(e: Event): void {
    for (const { text, key } of this.probes.print(e)) {
      const old = key === undefined ? undefined : this.hops.get(key);
      if (old) {
        old.text = text;
        old.n = e.n;
        continue;
      }
      const entry = this.add({ look: "printed", who: "", text, result: "", n: e.n });
      if (key !== undefined) this.hops.set(key, entry);
    }
  }

  /** Draws what feed has taken. */
  settle(): void {
    this.version.value++;
  }

  private command(e: CommandEvent): void {
    const args = (e.args ?? {}) as Record<string, unknown>;
    const proc = typeof args["proc"] === "string" ? args["proc"] : "";
    const probe = e.op === "ping" || e.op === "traceroute";
    const isCall = probe || (proc !== "" && e.op !== "proc.kill");
    const entry = this.add({
      look: isCall ? "call" : "done",
      who: proc || (typeof args["host"] === "string" ? args["host"] : ""),
      text: isCall && !probe ? callText(e.op, args) : line(e.op, args),
      result: "",
      n: e.n,
    });
    if (isCall) this.byCommand.set(`${e.n} ${e.op}`, entry);
  }

  private call(e: Of<"call.blocked" | "call.returned" | "call.failed">): void {
    // A close also ends the calls that wait on its descriptor, before its own result.
    const asked = `${e.by} ${e.op}`;
    const entry = this.byCall.get(e.call) ?? this.byCommand.get(asked);
    if (!entry) return;
    this.byCommand.delete(asked);
    if (e.kind === "call.blocked") {
      this.byCall.set(e.call, entry);
      entry.look = "waiting";
      entry.result = "…";
      return;
    }
    this.byCall.delete(e.call);
    entry.n = e.n;
    if (e.kind === "call.failed") {
      entry.look = "failed";
      entry.result = `= -1 ${e.errno}`;
      entry.why = e.rule;
      return;
    }
    entry.look = "done";
    entry.result = `= ${resultText(e)}`;
  }

  private add(line: Omit<Entry, "key">): Entry {
    const entry = { ...line, key: ++this.keys };
    this.entries.push(entry);
    if (this.entries.length > MOST) this.entries.splice(0, this.entries.length - MOST / 2);
    return entry;
  }
}

function isCommand(e: Event): e is CommandEvent {
  return e.kind.startsWith("cmd.");
}

function resultText(e: Of<"call.returned">): string {
  const parts = [String(e.value)];
  if (e.from) parts.push(e.from);
  if (typeof e.data === "string" && e.data !== "") {
    parts.push(e.op === "getsockopt" ? atob(e.data) : readable(e.data)); // TCP_INFO, whole
  }
  if (e.op.startsWith("recv") && e.value === 0) parts.push("EOF");
  if (e.truncated) parts.push("(truncated)");
  return parts.join("  ");
}

/** Octets in base64 as text where they are text, else as hex. */
export function readable(base64: string): string {
  const octets = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(octets);
    if (!/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text)) return JSON.stringify(shorten(text));
  } catch {
    // not text
  }
  const hex = Array.from(octets.slice(0, 24), (o) => o.toString(16).padStart(2, "0")).join(" ");
  return octets.length > 24 ? `${hex} …` : hex;
}

function shorten(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
