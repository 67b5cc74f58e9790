// How long to wait before the next try to reconnect: 0.5 s × 1.6 each time, at most 8 s,
// ± 50 % so that a room full of pages does not come back at one instant (docs/labwire.md §4).

const FIRST_MS = 500;
const FACTOR = 1.6;
const MOST_MS = 8000;

/** The wait in ms before try number `attempt` (from 0); `random` is in [0, 1). */
export function backoff(attempt: number, random: number): number {
  const base = Math.min(MOST_MS, FIRST_MS * FACTOR ** attempt);
  return Math.round(base * (0.5 + random));
}
