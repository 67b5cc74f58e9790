// What became of a call: the event that a command led to. A command's answer and its
// events come over the same socket but in no fixed order, so both are looked for.

import type { Event } from "./model";
import type { Store } from "./store";

/** How a call stands after its first event. */
export type Outcome =
  | { kind: "returned"; value: number }
  | { kind: "failed"; errno: string }
  | { kind: "blocked" }
  | { kind: "none" };

const PATIENCE_MS = 10_000;

export class Calls {
  private readonly waiting = new Map<number, (o: Outcome) => void>();

  /** Resolves with the first call event caused by command n. */
  outcome(n: number, store: Store): Promise<Outcome> {
    for (let k = n + 1; k <= store.head(); k++) {
      const e = store.event(k);
      const found = e && e.by === n ? outcomeOf(e) : null;
      if (found) return Promise.resolve(found);
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.settle(n, { kind: "none" }), PATIENCE_MS);
      this.waiting.set(n, (o) => {
        clearTimeout(timer);
        resolve(o);
      });
    });
  }

  /** Takes the next event. */
  feed(e: Event): void {
    if (this.waiting.size === 0) return;
    const found = outcomeOf(e);
    if (found) this.settle(e.by, found);
  }

  /** Another run: nobody will answer. */
  reset(): void {
    for (const n of [...this.waiting.keys()]) this.settle(n, { kind: "none" });
  }

  private settle(n: number, o: Outcome): void {
    this.waiting.get(n)?.(o);
    this.waiting.delete(n);
  }
}

function outcomeOf(e: Event): Outcome | null {
  switch (e.kind) {
    case "call.returned":
      return { kind: "returned", value: e.value };
    case "call.failed":
      return { kind: "failed", errno: e.errno };
    case "call.blocked":
      return { kind: "blocked" };
  }
  return null;
}
