// What the inspector shows while nothing is pinned: the newest segment, at a pace that can
// be read and that does not ask the server for every packet of a bulk transfer. Pure: the
// caller tells the time.

const LEAST_MS = 250; // between two segments: at most four a second
const WINDOW_MS = 1000;
const BUSY = 50; // events within the window; above it nothing new is shown

export class Follower {
  /** The segment shown, 0 for none yet. */
  n = 0;
  private since = -Infinity; // when it was first shown
  private readonly seen: { at: number; head: number }[] = [];

  /**
   * Learns that the run has come to event head and that newest is its last segment. Says
   * in how many ms to ask again, because something newer waits; 0 when nothing does.
   */
  offer(now: number, head: number, newest: number): number {
    const pace = this.pace(now, head);
    if (newest === this.n) return 0;
    const wait = this.since + LEAST_MS - now;
    if (this.n > 0 && newest > this.n) {
      if (pace > BUSY) return Math.max(LEAST_MS, wait);
      if (wait > 0) return wait;
    }
    this.n = newest; // also back: another run has begun
    this.since = now;
    return 0;
  }

  /** Events within the last second. */
  private pace(now: number, head: number): number {
    const { seen } = this;
    const last = seen[seen.length - 1];
    if (last && last.head > head) seen.length = 0; // another run
    if (last?.head !== head) seen.push({ at: now, head });
    while (seen.length > 1 && seen[1]!.at <= now - WINDOW_MS) seen.shift();
    const first = seen[0]!;
    return now - first.at > WINDOW_MS && seen.length === 1 ? 0 : head - first.head;
  }
}
