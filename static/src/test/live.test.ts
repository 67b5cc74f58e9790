// The live client against a fake socket and clock: every frame by hand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff } from "../live/backoff";
import {
  LiveClient,
  type Env,
  type Link,
  type Result,
  type SocketLike,
  type Status,
} from "../live/client";

interface Sent {
  type: string;
  [field: string]: unknown;
}

class FakeSocket implements SocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: unknown }) => void) | null = null;
  onclose: ((e: { code: number }) => void) | null = null;
  readonly sent: Sent[] = [];
  closed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Sent);
  }

  close(): void {
    this.closed = true;
  }

  hear(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  of(type: string): Sent[] {
    return this.sent.filter((f) => f.type === type);
  }
}

class World implements Env {
  sockets: FakeSocket[] = [];
  at = 0;
  timers: { due: number; f: () => void; off: boolean }[] = [];
  told: string[] = [];
  links: Link[] = [];
  answer: Status | null = null;
  private ids = 0;
  readonly client = new LiveClient(
    this,
    {
      link: (l) => this.links.push(l),
      hello: (f, from) => this.told.push(`hello ${f.resumed ? `resumed from ${from}` : "fresh"}`),
      snap: (f) => this.told.push(`snap ${f.run}/${f.n}`),
      events: (run, items) => this.told.push(`events ${run}: ${items.map((e) => e.n).join(" ")}`),
      frame: (f) => this.told.push(f.type),
    },
    "schema-1",
  );

  open(): SocketLike {
    const s = new FakeSocket();
    this.sockets.push(s);
    return s;
  }

  now(): number {
    return this.at;
  }

  setTimeout(f: () => void, ms: number): unknown {
    const timer = { due: this.at + ms, f, off: false };
    this.timers.push(timer);
    return timer;
  }

  clearTimeout(handle: unknown): void {
    if (handle) (handle as { off: boolean }).off = true;
  }

  random(): number {
    return 0.5;
  }

  id(): string {
    return `cid-${++this.ids}`;
  }

  status(): Promise<Status | null> {
    return Promise.resolve(this.answer);
  }

  get socket(): FakeSocket {
    return this.sockets[this.sockets.length - 1]!;
  }

  /** Lets ms pass, running timers in order. */
  pass(ms: number): void {
    const until = this.at + ms;
    for (;;) {
      const next = this.timers
        .filter((t) => !t.off && t.due <= until)
        .sort((a, b) => a.due - b.due)[0];
      if (!next) break;
      next.off = true;
      this.at = Math.max(this.at, next.due);
      next.f();
    }
    this.at = until;
  }

  /** Starts and has the server's first hello and snapshot at run 1, event n. */
  online(n: number): this {
    this.client.start();
    this.socket.onopen?.();
    this.socket.hear(hello({ head: n, resumed: false }));
    this.socket.hear({ type: "snap", run: 1, n, t: 0, view: {} });
    return this;
  }

  drop(): void {
    this.socket.onclose?.({ code: 1006 });
  }

  /** Waits out the backoff and opens the next socket. */
  reopen(): void {
    this.pass(10_000);
    this.socket.onopen?.();
  }
}

function hello(more: object): object {
  return {
    type: "hello",
    proto: 1,
    schema: "schema-1",
    run: 1,
    owner_epoch: 7,
    role: "drive",
    head: 0,
    oldest: 1,
    common: 0,
    resumed: false,
    ...more,
  };
}

function evs(from: number, to: number, run = 1): object {
  const items = Array.from({ length: to - from + 1 }, (_, i) => ({
    n: from + i,
    t: 0,
    kind: "x",
    by: 0,
    rule: "r",
  }));
  return { type: "evs", run, from, to, t: 5, items };
}

test("a first hello names no run, and a snapshot sets the cursor", () => {
  const w = new World().online(40);
  assert.deepEqual(w.socket.of("hello"), [{ type: "hello", proto: [1], schema: "schema-1" }]);
  assert.deepEqual(w.client.position(), { run: 1, after: 40, owner_epoch: 7 });
  assert.deepEqual(w.socket.of("ack").at(-1), { type: "ack", run: 1, n: 40 });
});

test("after a lost socket it asks for what is missing and hears each event once", () => {
  const w = new World().online(0);
  w.socket.hear(evs(1, 3));
  w.drop();
  w.reopen();
  assert.deepEqual(w.socket.of("hello"), [
    { type: "hello", proto: [1], schema: "schema-1", run: 1, after: 3, owner_epoch: 7 },
  ]);
  w.socket.hear(hello({ head: 5, resumed: true }));
  w.socket.hear(evs(2, 5));
  assert.deepEqual(w.told, [
    "hello fresh",
    "snap 1/0",
    "events 1: 1 2 3",
    "hello resumed from 3",
    "events 1: 4 5",
  ]);
});

test("what was heard before is dropped, another run's events too", () => {
  const w = new World().online(10);
  w.socket.hear(evs(8, 10));
  w.socket.hear(evs(11, 12, 2));
  assert.deepEqual(w.told, ["hello fresh", "snap 1/10"]);
});

test("a gap is answered by another hello on the same socket", () => {
  const w = new World().online(10);
  w.socket.hear(evs(13, 14));
  assert.equal(w.socket.of("hello").length, 2);
  assert.equal(w.socket.of("hello")[1]?.["after"], 10);
  w.socket.hear(evs(15, 16)); // until the answer nothing counts
  w.socket.hear(hello({ head: 16, resumed: true }));
  w.socket.hear(evs(11, 16));
  assert.equal(w.told.at(-1), "events 1: 11 12 13 14 15 16");
  assert.equal(w.sockets.length, 1);
});

test("a take-over that cannot be resumed brings a snapshot of another run", () => {
  const w = new World().online(10);
  w.drop();
  w.reopen();
  w.socket.hear(hello({ run: 2, owner_epoch: 8, resumed: false }));
  w.socket.hear(evs(11, 12));
  w.socket.hear({ type: "snap", run: 2, n: 4, t: 0, view: {} });
  assert.deepEqual(w.client.position(), { run: 2, after: 4, owner_epoch: 8 });
  assert.deepEqual(w.told.slice(2), ["hello fresh", "snap 2/4"]);
});

test("it acknowledges after 250 ms or 512 events, whichever is first", () => {
  const w = new World().online(0);
  const acks = (): unknown[] => w.socket.of("ack").map((f) => f["n"]);
  w.socket.hear(evs(1, 5));
  assert.deepEqual(acks(), [0]);
  w.pass(250);
  assert.deepEqual(acks(), [0, 5]);
  w.socket.hear(evs(6, 517));
  assert.deepEqual(acks(), [0, 5, 517]);
});

test("a command that met a lost socket is sent again with the same cid, and answered once", async () => {
  const w = new World().online(0);
  const answers: Result[] = [];
  const asked = w.client.command("listen", { fd: 3 }).then((r) => answers.push(r));
  const first = w.socket.of("cmd");
  w.drop();
  void w.client.command("accept", { fd: 3 });
  w.reopen();
  assert.deepEqual(w.socket.of("cmd"), [], "nothing before the server's hello");
  w.socket.hear(hello({ resumed: true }));
  assert.deepEqual(
    w.socket.of("cmd").map((f) => f["cid"]),
    ["cid-1", "cid-2"],
  );
  assert.deepEqual(w.socket.of("cmd")[0], first[0]);
  w.socket.hear({ type: "res", cid: "cid-1", ok: true, run: 1, n: 12 });
  w.socket.hear({ type: "res", cid: "cid-1", ok: true, run: 1, n: 99 });
  await asked;
  assert.deepEqual(answers, [{ ok: true, run: 1, n: 12 }]);
});

test("an error reaches whoever asked, with its field", async () => {
  const w = new World().online(0);
  const asked = w.client.command("bind", { fd: "x" });
  w.socket.hear({
    type: "res",
    cid: "cid-1",
    ok: false,
    err: { code: "bad_type", key: "error.bad_type", field: "fd" },
  });
  assert.deepEqual(await asked, {
    ok: false,
    err: { code: "bad_type", key: "error.bad_type", field: "fd" },
  });
});

test("waits grow from half a second to eight, within half of themselves", () => {
  assert.deepEqual(
    [0, 1, 2, 6, 20].map((n) => backoff(n, 0.5)),
    [500, 800, 1280, 8000, 8000],
  );
  assert.equal(backoff(20, 0), 4000);
  assert.ok(backoff(20, 0.999) < 12_000);
});

test("a silent socket is given up after 35 seconds, and pings go every 15", () => {
  const w = new World().online(0);
  w.pass(16_000);
  assert.equal(w.socket.of("ping").length, 1);
  w.socket.hear({ type: "pong", ts: 1 });
  w.pass(30_000);
  assert.equal(w.sockets.length, 1);
  w.pass(20_000);
  assert.ok(w.sockets[0]!.closed);
  assert.ok(w.sockets.length > 1);
});

test("the reader's button tries at once", () => {
  const w = new World().online(0);
  w.drop();
  w.client.retryNow();
  assert.equal(w.sockets.length, 2);
  w.pass(10_000);
  assert.equal(w.sockets.length, 2, "the timer of the backoff was stopped");
});

test("a refused door ends it with the reason the status page gives", async () => {
  const w = new World();
  w.answer = { final: true, code: "not_found" };
  w.client.start();
  w.drop();
  await Promise.resolve();
  await Promise.resolve();
  w.pass(60_000);
  assert.equal(w.sockets.length, 1);
  assert.deepEqual(w.links.at(-1), { state: "closed", code: "not_found" });
});

test("a bye without retry ends it, and pending commands are answered", async () => {
  const w = new World().online(0);
  const asked = w.client.command("close", { fd: 3 });
  w.socket.hear({ type: "bye", code: "revoked", retry: false });
  assert.deepEqual(await asked, { ok: false, err: { code: "revoked", key: "" } });
  w.pass(60_000);
  assert.equal(w.sockets.length, 1);
});

test("a hidden tab asks for idle, also after a reconnect", () => {
  const w = new World().online(0);
  w.client.setIdle(true);
  assert.deepEqual(w.socket.of("view"), [{ type: "view", rate: "idle" }]);
  w.drop();
  w.reopen();
  w.socket.hear(hello({ resumed: true }));
  assert.deepEqual(w.socket.of("view"), [{ type: "view", rate: "idle" }]);
  w.client.setIdle(false);
  assert.deepEqual(w.socket.of("view").at(-1), { type: "view", rate: "full" });
});
