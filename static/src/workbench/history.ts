// The events before a snapshot, as compressed NDJSON from the server.

import type { Event } from "./model";

const PAGE = 20_000;

/** Events 1…n of a run, or null if they cannot be had. */
export async function fetchHistory(base: string, run: number, n: number): Promise<Event[] | null> {
  const all: Event[] = [];
  try {
    for (let from = 1; from <= n; from = all.length + 1) {
      const to = Math.min(n, from + PAGE - 1);
      const answer = await fetch(`${base}/runs/${run}/events?from=${from}&to=${to}`);
      if (!answer.ok) return null;
      const before = all.length;
      for (const text of (await answer.text()).split("\n")) {
        if (text.trim() !== "") all.push(JSON.parse(text) as Event);
      }
      if (all.length === before) return null;
    }
  } catch {
    return null;
  }
  return all[0]?.n === 1 ? all : null;
}
