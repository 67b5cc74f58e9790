// The ladder's time axis: instants → pixels. Time runs straight down, except that idle
// gaps fold (a lost segment's second of waiting would hide the handshake) and that labels
// of one lane keep their distance.
//
// Pure: anchors in, positions out. Positions never fall as time goes on.

import { Anchor, Fate, type Rows } from "./rows";

/** A gap longer than this many median spacings folds, when nothing is under way. */
const FOLD_AT = 8;
const FOLD_PX = 52; // room for a state above the zigzag and a label below it
const MEDIAN_PX = 32; // what the median spacing is drawn as, at zoom 1
const FLIGHT_PX = 200; // what the median way of a packet is drawn as, at most
const BUSY_MOST_PX = 76; // a wait with packets under way
const IDLE_MOST_PX = 120;
const IDLE_TAIL_PX = 40; // after the last thing that happened, while nothing does
const LABEL_PX = 17;
const CROWD_PX = 6; // of a burst, once CALM of its segments have had room for their labels
const CALM = 6;
const MARK_PX = 14;
const AFTER_MARK_PX = 33; // a state stands below its point, a label above its own

/** A folded gap, to be drawn as a zigzag with its real length. */
export interface Fold {
  y: number;
  height: number;
  ns: number;
}

export class Axis {
  readonly folds: Fold[] = [];
  private readonly y: number[] = [];
  private sendY = new Map<number, number>(); // lane → y of its last label
  private burst = new Map<number, number>(); // lane → segments pushed down since it was calm
  private markY = new Map<number, number>();
  private markT = new Map<number, number>();
  private spacing = new Spacing();
  private flights = new Spacing();
  private median = 0;
  private perNs = 0; // pixels, at zoom 1
  private done = 0;

  constructor(
    private readonly rows: Rows,
    readonly zoom: number,
  ) {}

  /** Takes up new anchors. Says whether older positions moved. */
  update(): boolean {
    const times = this.rows.anchorT;
    for (let i = Math.max(1, this.spacing.seen); i < times.length; i++) {
      this.spacing.add(times.at(i) - times.at(i - 1));
    }
    this.spacing.seen = times.length;
    const { rows, flights } = this;
    for (; flights.seen < rows.n.length; flights.seen++) {
      if (rows.fate.at(flights.seen) === Fate.Flying) break;
      flights.add(rows.t1.at(flights.seen) - rows.t0.at(flights.seen));
    }
    const median = this.spacing.median();
    const perNs = this.fitting(median, flights.median());
    // Only a scale that has really changed moves what is already drawn.
    const moved = this.done > 1 && (perNs > this.perNs * 2 || perNs < this.perNs / 2);
    if (moved || this.done <= 1) {
      this.median = median;
      this.perNs = perNs;
      this.restart();
    }
    while (this.done < times.length) this.place(this.done++);
    return moved;
  }

  /** The position of an anchor. */
  at(anchor: number): number {
    return this.y[anchor] ?? 0;
  }

  /** Where the last anchor is. */
  bottom(): number {
    return this.y[this.y.length - 1] ?? 0;
  }

  /** The position of any instant: between anchors by proportion, past the last by scale. */
  ofTime(t: number): number {
    const times = this.rows.anchorT;
    const after = times.lowerBound(t);
    if (after < times.length && times.at(after) === t) return this.at(after);
    if (after === 0) return 0;
    const t0 = times.at(after - 1);
    const y0 = this.at(after - 1);
    if (after === times.length) return y0 + this.tail(t - t0);
    const t1 = times.at(after);
    return y0 + ((this.at(after) - y0) * (t - t0)) / (t1 - t0);
  }

  /** The instant at a position. */
  toTime(y: number): number {
    const times = this.rows.anchorT;
    let low = 0;
    let high = this.y.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.y[middle] ?? 0) < y) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return times.at(0);
    if (low >= this.y.length) return times.at(times.length - 1);
    const y0 = this.at(low - 1);
    const y1 = this.at(low);
    const part = y1 > y0 ? (y - y0) / (y1 - y0) : 1;
    return times.at(low - 1) + part * (times.at(low) - times.at(low - 1));
  }

  /** Whether a gap of ns after the last anchor would be folded. */
  folding(ns: number, busy: boolean): boolean {
    return !busy && this.median > 0 && ns > FOLD_AT * this.median;
  }

  private restart(): void {
    this.y.length = 0;
    this.folds.length = 0;
    this.sendY.clear();
    this.burst.clear();
    this.markY.clear();
    this.markT.clear();
    this.done = 0;
  }

  private place(i: number): void {
    const { anchorT, anchorKind, anchorLane, anchorBusy } = this.rows;
    if (i === 0) {
      this.y.push(0);
      return this.note(i, 0);
    }
    const before = this.at(i - 1);
    const gap = anchorT.at(i) - anchorT.at(i - 1);
    const busy = anchorBusy.at(i) === 1;
    let y = before + this.pixels(gap, busy);
    const lane = anchorLane.at(i);
    const tight = Math.min(1, this.zoom);
    const later = this.markT.get(lane) !== anchorT.at(i);
    if (anchorKind.at(i) === Anchor.Send) {
      y = Math.max(y, this.belowLabel(lane, y, tight));
      if (later) y = Math.max(y, (this.markY.get(lane) ?? -1e9) + AFTER_MARK_PX * tight);
    } else if (anchorKind.at(i) === Anchor.Mark) {
      y = Math.max(y, (this.markY.get(lane) ?? -1e9) + (later ? AFTER_MARK_PX : MARK_PX) * tight);
    }
    this.y.push(y);
    if (this.folding(gap, busy)) this.folds.push({ y: before, height: y - before, ns: gap });
    this.note(i, y);
  }

  /** Where the next send of a lane may stand at the earliest. */
  private belowLabel(lane: number, y: number, tight: number): number {
    const above = this.sendY.get(lane) ?? -1e9;
    const pushed = y < above + LABEL_PX * tight ? (this.burst.get(lane) ?? 0) + 1 : 0;
    this.burst.set(lane, pushed);
    return above + (pushed > CALM ? CROWD_PX : LABEL_PX) * tight;
  }

  private note(i: number, y: number): void {
    const kind = this.rows.anchorKind.at(i);
    const lane = this.rows.anchorLane.at(i);
    if (kind === Anchor.Send) this.sendY.set(lane, y);
    if (kind !== Anchor.Mark) return;
    this.markY.set(lane, y);
    this.markT.set(lane, this.rows.anchorT.at(i));
  }

  private pixels(gap: number, busy: boolean): number {
    if (gap <= 0) return 0;
    if (this.folding(gap, busy)) return FOLD_PX;
    const most = (busy ? BUSY_MOST_PX : IDLE_MOST_PX) * Math.max(1, this.zoom);
    return Math.max(Math.min(1, this.zoom), Math.min(most, gap * this.scale()));
  }

  private tail(gap: number): number {
    return Math.min(this.rows.busy() ? BUSY_MOST_PX : IDLE_TAIL_PX, gap * this.scale());
  }

  private scale(): number {
    return this.perNs * this.zoom;
  }

  // In a bulk transfer the median spacing is far below the time a packet is under way; at
  // that scale all arrows would be upright.
  private fitting(median: number, flight: number): number {
    if (median === 0) return 1e-6;
    return Math.min(MEDIAN_PX / median, flight > 0 ? FLIGHT_PX / flight : Infinity);
  }
}

/** A running median of spacings, by counting eighths of octaves. */
class Spacing {
  seen = 0;
  private total = 0;
  private readonly counts = new Array<number>(8 * 54).fill(0);

  add(ns: number): void {
    if (ns <= 0) return;
    const bucket = Math.min(this.counts.length - 1, Math.floor(Math.log2(ns) * 8));
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.total++;
  }

  median(): number {
    let left = Math.ceil(this.total / 2);
    if (left === 0) return 0;
    for (let b = 0; b < this.counts.length; b++) {
      left -= this.counts[b] ?? 0;
      if (left <= 0) return 2 ** ((b + 0.5) / 8);
    }
    return 0;
  }
}
