// Virtual time between frames. The server owns the clock; the page only guesses how far
// it has come since it last heard, so that packets move smoothly.

import { signal } from "@preact/signals";

/** The clock as last heard. */
export interface Clock {
  playing: boolean;
  speed: number; // virtual seconds per second; 0 means as fast as possible
  waiting: boolean; // the simulation waits for this page
  busy: boolean; // a step or advance is under way
  next: number | null; // when something will happen next; null when nothing is due
  broken: boolean;
}

export const clock = signal<Clock>({
  playing: false, speed: 1, waiting: false, busy: false, next: null, broken: false,
});

// Never guess further ahead than this much wall time without hearing.
const TRUST_MS = 400;

let heardT = 0;
let heardAt = 0;
let shown = 0;

/** Notes that the world was at t when `at` (performance.now) was. */
export function heard(t: number, at: number): void {
  heardT = t;
  heardAt = at;
}

/** Starts over at t: another run, a snapshot. */
export function restart(t: number, at: number): void {
  heard(t, at);
  shown = t;
}

/** The instant to draw. It never runs back by itself within a run. */
export function virtualNow(at: number): number {
  const { playing, speed, waiting } = clock.value;
  const wall = Math.min(TRUST_MS, Math.max(0, at - heardAt));
  const guess = playing && !waiting && speed > 0 ? heardT + wall * 1e6 * speed : heardT;
  shown = playing ? Math.max(shown, guess) : heardT;
  return shown;
}
