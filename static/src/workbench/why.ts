// The reason of an event in the reader's language: the rule's text from the page's
// catalogue, with its placeholders filled from the event itself.

import type { Boot, Source } from "./boot";
import { instant, percent, span } from "./format";
import type { Event } from "./model";

/** The text of a rule for an event; the id alone where the page has no text. */
export function ruleText(boot: Boot, rule: string, e: Event | undefined): string {
  const text = boot.rules[rule];
  if (text === undefined) return "";
  return text.replace(/\{([\w.]+)\}/g, (whole, path: string) => {
    const value = e && lookup(e, path);
    return value === undefined || value === null ? whole : show(path, value);
  });
}

/** "RFC 9293 §3.10.7.4 · MUST-8": where a rule stands. */
export function citation(rule: string, source: Source | undefined): string {
  if (!source?.rfc) return rule;
  const place = `RFC ${source.rfc}${source.section ? ` §${source.section}` : ""}`;
  return /^rfc\d/.test(rule) ? place : `${place} · ${rule}`;
}

function lookup(e: Event, path: string): unknown {
  let value: unknown = e;
  for (const part of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** A field's value as people read it; the unit is in its name (docs/events.md §5). */
export function show(path: string, value: unknown): string {
  if (typeof value === "number") {
    if (path.endsWith("_ns")) return span(value);
    if (path.endsWith("_ppm")) return percent(value);
    if (/(^|\.)(t|at|arrive|since|depart)$/.test(path)) return `${instant(value)} s`;
    return String(value);
  }
  if (typeof value === "string") return value === "" ? "–" : value;
  if (typeof value === "boolean") return value ? "✓" : "–";
  return JSON.stringify(value);
}
