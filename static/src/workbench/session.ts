// The page's one session: the live connection, the store it fills, and what people ask
// of it. Panels get a Session and nothing else.

import { signal } from "@preact/signals";
import { browserEnv, watchPage } from "../live/browser";
import { LiveClient, type Result, type Sink } from "../live/client";
import { SchemaHash } from "../gen/wire";
import type { HelloFrame, LabFrame, ServerFrame, SnapFrame } from "../live/frames";
import type { Boot } from "./boot";
import { Calls, type Outcome } from "./calls";
import { hold } from "./clock";
import { composite, line } from "./console/echo";
import { NEW, type Step } from "./console/parse";
import { fetchHistory } from "./history";
import type { Event } from "./model";
import { view as panels } from "./panels";
import { release } from "./selection";
import { Store } from "./store";
import { limitWords, maybe, t } from "./text";
import { Transcript } from "./transcript";

const FRAME_MS = 6; // of one animation frame, for applying events
const CHUNK = 200;

/** A short word to the reader, in the page's role="status". */
export interface Toast {
  key: number;
  text: string;
  bad: boolean;
}

export class Session {
  readonly store = new Store();
  readonly transcript = new Transcript();
  readonly calls = new Calls();
  readonly toasts = signal<Toast[]>([]);
  private readonly client: LiveClient;
  private queue: { items: Event[]; t: number }[] = [];
  private scheduled = false;
  private toastKeys = 0;
  private lostAt = 0; // head when the connection went, to say how much came after
  private away = false;

  constructor(readonly boot: Boot) {
    this.store.role.value = boot.role;
    this.store.params.value = boot.lab.params ?? {};
    this.client = new LiveClient(browserEnv(boot.live, boot.status), this.sink(), SchemaHash);
  }

  /** Connects and stays connected. */
  start(): void {
    this.client.start();
    watchPage(this.client);
  }

  /** Whether this reader may change anything now, and if not, why. */
  locked(): string {
    if (this.boot.capture) return t("locked.capture");
    const role = this.store.role.value;
    if (role !== "drive" && role !== "codrive") return t("locked.watching");
    if (this.store.connection.value.state !== "online") return t("locked.offline");
    if (this.store.sum.value.finished) return t("locked.finished");
    return "";
  }

  retryNow(): void {
    this.client.retryNow();
  }

  /** Sends one command, echoed as the line it is. What is no command becomes a toast. */
  async world(op: string, args: Record<string, unknown>, echo = true): Promise<Result> {
    if (echo) this.transcript.local("typed", line(op, args));
    const result = await this.client.command(op, args);
    if (!result.ok) this.refused(result);
    return result;
  }

  /** Sends a command of the clock, a note, or of the session: nothing is echoed. */
  async quietly(op: string, args: Record<string, unknown>): Promise<Result> {
    const result = await this.client.command(op, args);
    if (!result.ok) this.refused(result);
    return result;
  }

  /** Lets a process make calls one after the other; the first failure ends it. */
  async perform(proc: string, steps: readonly Step[], echo = true): Promise<Outcome> {
    if (echo) this.transcript.local("typed", composite(steps), proc);
    let fresh = -1;
    let last: Outcome = { kind: "none" };
    for (const step of steps) {
      const args = { proc, ...step.args, ...(step.args["fd"] === NEW ? { fd: fresh } : {}) };
      const result = await this.client.command(step.op, args);
      if (!result.ok) {
        this.refused(result);
        return { kind: "none" };
      }
      last = await this.calls.outcome(result.n, this.store);
      if (last.kind === "failed" || last.kind === "none") return last;
      if (step.op === "socket" && last.kind === "returned") fresh = last.value;
    }
    return last;
  }

  /** A clock step from where the page stands. */
  step(unit: "event" | "segment" | "quiet"): void {
    void this.quietly("clock.step", { unit, from_n: this.store.head() });
  }

  say(text: string, bad = false): void {
    const key = ++this.toastKeys;
    this.toasts.value = [...this.toasts.value.slice(-2), { key, text, bad }];
    setTimeout(
      () => {
        this.toasts.value = this.toasts.value.filter((x) => x.key !== key);
      },
      bad ? 8000 : 4000,
    );
  }

  private refused(result: Extract<Result, { ok: false }>): void {
    const { code, field, args } = result.err;
    const fill = {
      field: field ?? "",
      got: String(args?.["got"] ?? ""),
      limit: limitWords(String(args?.["limit"] ?? "")),
    };
    const text = maybe(`error.${code}`, t("error.other", { code }), fill);
    this.transcript.local("error", text);
    if (panels.sockets.value !== "console") this.say(text, true); // else it stands in the log
  }

  private sink(): Sink {
    return {
      link: (link) => {
        if (link.state === "offline" && !this.away) {
          this.away = true;
          this.lostAt = this.store.head();
        }
        if (link.state !== "online") hold();
        this.store.connection.value = link;
      },
      hello: (frame) => this.onHello(frame),
      snap: (frame) => this.onSnap(frame),
      events: (_run, items, at) => {
        this.queue.push({ items, t: at });
        this.schedule();
      },
      frame: (frame) => this.onFrame(frame),
    };
  }

  private onHello(frame: HelloFrame): void {
    this.store.role.value = frame.role;
    if (this.away && frame.resumed) {
      this.say(t("live.continued", { n: Math.max(0, frame.head - this.lostAt) }));
    }
    this.away = false;
    this.store.outdated.value = frame.schema !== "" && frame.schema !== SchemaHash;
  }

  private onSnap(frame: SnapFrame): void {
    const before = this.store.run.value;
    if (before !== 0 && before !== frame.run) release(); // events of another run
    this.queue = [];
    this.store.snap(frame.run, frame.n, frame.t, frame.view);
    this.transcript.reset();
    this.calls.reset();
    if (frame.n > 0) void this.loadHistory(frame.run, frame.n);
  }

  private async loadHistory(run: number, n: number): Promise<void> {
    const older = await fetchHistory(this.boot.base, run, n);
    if (this.store.run.value !== run || this.store.first !== n + 1) return;
    if (older === null) {
      this.store.history.value = "missing";
      return;
    }
    this.store.prepend(run, older);
    this.transcript.reset();
    for (const e of this.store.events) this.transcript.feed(e);
    this.transcript.settle();
  }

  // Frames about time and goals must not overtake the events they are about.
  private onFrame(frame: ServerFrame): void {
    if (this.queue.length > 0) this.drain(Infinity);
    this.store.take(frame);
    if (frame.type === "lab") this.sameTexts(frame);
  }

  // Another variant draws other parameters, and the page's texts hold the old ones.
  private sameTexts(frame: LabFrame): void {
    const shown = this.boot.lab.params ?? {};
    const drawn = frame.params ?? {};
    const same =
      frame.digest === this.boot.lab.digest &&
      Object.keys({ ...shown, ...drawn }).every((k) => shown[k] === drawn[k]);
    const once = `labserver.texts.${this.boot.session}.${frame.run}`;
    if (same || sessionStorage.getItem(once)) return;
    sessionStorage.setItem(once, "1");
    location.reload();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    const run = (): void => {
      this.scheduled = false;
      this.drain(FRAME_MS);
      if (this.queue.length > 0) this.schedule();
    };
    if (document.hidden) setTimeout(run, 50);
    else requestAnimationFrame(run);
  }

  /** Applies queued events for at most ms. */
  private drain(ms: number): void {
    const until = performance.now() + ms;
    let at = this.store.t;
    while (this.queue.length > 0) {
      const batch = this.queue[0]!;
      const part = batch.items.splice(0, CHUNK);
      this.store.apply(part);
      for (const e of part) {
        this.transcript.feed(e);
        this.calls.feed(e);
      }
      at = batch.items.length > 0 ? this.store.t : batch.t;
      if (batch.items.length === 0) this.queue.shift();
      if (performance.now() >= until) break;
    }
    this.store.settle(at);
    this.transcript.settle();
  }
}
