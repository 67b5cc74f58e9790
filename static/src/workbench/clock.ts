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
  playing: false,
  speed: 1,
  waiting: false,
  busy: false,
  next: null,
  broken: false,
});

// Without hearing, guess this much wall time ahead, or to when the next thing is due: the
// server is silent while nothing happens.
const TRUST_MS = 400;

let heardT = 0;
let heardAt = 0;
let shown = 0;
let held = true;

/** Notes that the world was at t when `at` (performance.now) was. */
export function heard(t: number, at: number): void {
  heardT = t;
  heardAt = at;
}

/** Takes a clock as the server tells it: from here on the page may guess again. */
export function take(c: Clock, t: number, at: number): void {
  clock.value = c;
  held = false;
  heard(t, at);
  // A guess that went far astray is given up; small ones are waited for.
  if (shown - t > TRUST_MS * 1e6 * Math.max(c.speed, 0.001)) shown = t;
}

/** Starts over at t: another run, a snapshot. */
export function restart(t: number, at: number): void {
  heard(t, at);
  shown = t;
}

/** The instant to draw. It never runs back by itself within a run. */
export function virtualNow(at: number): number {
  const { playing, speed, waiting, next } = clock.value;
  if (!playing) return (shown = heardT);
  if (waiting || held || speed <= 0) return (shown = Math.max(shown, heardT));
  const wall = Math.max(0, at - heardAt) * 1e6 * speed;
  const most = next === null ? Infinity : Math.max(next, heardT + TRUST_MS * 1e6 * speed);
  return (shown = Math.max(shown, Math.min(heardT + wall, most)));
}

/** Without a connection nothing is guessed, until the server tells the clock again. */
export function hold(): void {
  held = true;
}
