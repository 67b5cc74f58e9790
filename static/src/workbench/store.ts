// The run as this page has heard it: events, the folded view, the ladder's rows and what
// became of each connection. One batch of events, one change of `version`; panels draw
// from the store after it.
//
// It must never guess what the server did: everything here follows from frames.

import { signal } from "@preact/signals";
import type { ClockFrame, GoalStatus, LabFrame, Role, ServerFrame, SumFrame } from "../live/frames";
import type { Link as Connection } from "../live/client";
import { newView, reduce } from "../reduce";
import { heard, restart, take as takeClock } from "./clock";
import { Histories } from "./histories";
import { Rows } from "./ladder/rows";
import type { Event, View } from "./model";

/** What may be told of a goal before the first sum frame. */
export interface Sum {
  goals: GoalStatus[];
  finished: boolean;
}

export class Store {
  /** Grows with every batch that was applied. */
  readonly version = signal(0);
  readonly run = signal(0);
  readonly connection = signal<Connection>({ state: "connecting" });
  readonly role = signal<Role>("watch");
  readonly sum = signal<Sum>({ goals: [], finished: false });
  readonly present = signal({ drivers: 0, watchers: 0 });
  readonly params = signal<Record<string, string>>({});
  /** Whether the server speaks a newer schema than this page. */
  readonly outdated = signal(false);
  /** Whether events before the snapshot are still being fetched, or cannot be. */
  readonly history = signal<"whole" | "loading" | "missing">("whole");

  events: Event[] = []; // dense; events[i].n = first + i
  first = 1;
  view: View = newView();
  rows = new Rows();
  histories = new Histories();
  answers = new Map<string, string>(); // the last answer given to each goal
  t = 0; // the last instant heard

  /** Forgets everything and stands at a snapshot. */
  snap(run: number, n: number, t: number, view: View): void {
    this.clear(run);
    this.first = n + 1;
    this.view = view;
    this.rows.seed(view);
    this.histories.seed(view);
    this.t = t;
    restart(t, performance.now());
    this.history.value = n > 0 ? "loading" : "whole";
    this.version.value++;
  }

  /** Puts the events before the snapshot in front; they end where it began. */
  prepend(run: number, older: Event[]): void {
    if (run !== this.run.value || older.length === 0) return;
    const last = older[older.length - 1];
    if (!last || older[0]?.n !== 1 || last.n + 1 < this.first) return;
    const all = older.filter((e) => e.n < this.first).concat(this.events);
    this.events = all;
    this.first = 1;
    this.rows = new Rows();
    this.histories = new Histories();
    this.answers = new Map();
    for (const e of all) {
      this.rows.feed(e);
      this.histories.feed(e);
      this.hear(e);
    }
    this.history.value = "whole";
    this.version.value++;
  }

  /** Applies events in order; the caller has dropped what was heard before. */
  apply(items: readonly Event[]): void {
    for (const e of items) {
      this.events.push(e);
      this.view = reduce(this.view, e) ?? this.view;
      this.rows.feed(e);
      this.histories.feed(e);
      this.hear(e);
      this.t = e.t;
    }
  }

  /** Ends a batch: everything drawn from the store is drawn anew. */
  settle(t: number): void {
    this.t = Math.max(this.t, t);
    heard(this.t, performance.now());
    this.version.value++;
  }

  /** Event n, if this page has it. */
  event(n: number): Event | undefined {
    return this.events[n - this.first];
  }

  /** The number of the last event. */
  head(): number {
    return this.first + this.events.length - 1;
  }

  /** Takes the frames that are not about events. */
  take(frame: ServerFrame): void {
    switch (frame.type) {
      case "clock":
        return this.takeClock(frame);
      case "sum":
        return this.takeSum(frame);
      case "lab":
        return this.takeLab(frame);
      case "who":
        this.present.value = { drivers: frame.drivers, watchers: frame.watchers };
        this.role.value = frame.role;
    }
  }

  private takeClock(frame: ClockFrame): void {
    if (frame.run !== this.run.value) return;
    this.t = Math.max(this.t, frame.t);
    takeClock(
      {
        playing: frame.playing,
        speed: frame.speed === "max" ? 0 : frame.speed,
        waiting: frame.waiting,
        busy: frame.busy,
        next: frame.next ?? null,
        broken: frame.broken === true,
      },
      this.t,
      performance.now(),
    );
    this.version.value++;
  }

  private takeSum(frame: SumFrame): void {
    this.sum.value = { goals: frame.goals ?? [], finished: frame.finished };
  }

  private takeLab(frame: LabFrame): void {
    this.params.value = frame.params ?? {};
  }

  private hear(e: Event): void {
    if (e.kind !== "note.answer" || !("args" in e)) return;
    const { goal, value } = e.args as { goal?: unknown; value?: unknown };
    if (typeof goal === "string" && typeof value === "string") this.answers.set(goal, value);
  }

  private clear(run: number): void {
    this.run.value = run;
    this.events = [];
    this.first = 1;
    this.view = newView();
    this.rows = new Rows();
    this.histories = new Histories();
    this.answers = new Map();
  }
}
