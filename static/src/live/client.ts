// The live connection of one page: labwire.v1 with resume, acknowledgement on receipt,
// commands as promises that survive a lost socket, and a heartbeat.
//
// It never draws and never folds events; it hands frames on in order, each event once.
// All effects come in through Env, so a test drives it with a fake socket and clock.
// Read docs/labwire.md first.

import type { Event } from "../workbench/model";
import { backoff } from "./backoff";
import {
  decode,
  encode,
  SUBPROTOCOL,
  type ClientFrame,
  type CmdFrame,
  type Cursor,
  type EvsFrame,
  type HelloFrame,
  type ResFrame,
  type ServerFrame,
  type SnapFrame,
  type WireError,
} from "./frames";

const BEAT_MS = 5_000;
const PING_MS = 15_000;
const SILENCE_MS = 35_000;
const ACK_MS = 250;
const ACK_EVENTS = 512;
const PROTO = 1;

/** The part of a WebSocket that the client uses. */
export interface SocketLike {
  onopen: (() => void) | null;
  onmessage: ((e: { data: unknown }) => void) | null;
  onclose: ((e: { code: number }) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

/** Everything the client does to the world outside. */
export interface Env {
  open(subprotocol: string): SocketLike;
  now(): number;
  setTimeout(f: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
  random(): number;
  id(): string;
  /** Asks GET /s/{session}/status why the door is shut; null if nobody answers. */
  status(): Promise<Status | null>;
}

/** What the status page says: whether trying again cannot help, and the reason. */
export interface Status {
  final: boolean;
  code: string;
}

/** How the connection stands. Offline says when the next try is due, in Env.now ms. */
export type Link =
  | { state: "connecting" }
  | { state: "online" }
  | { state: "offline"; retryAt: number; attempt: number }
  | { state: "closed"; code: string };

/** The answer to a command. */
export type Result = { ok: true; run: number; n: number } | { ok: false; err: WireError };

/** What the client tells. Each event arrives exactly once, in order. */
export interface Sink {
  link(link: Link): void;
  hello(frame: HelloFrame, resumedFrom: number): void;
  snap(frame: SnapFrame): void;
  events(run: number, items: Event[], t: number): void;
  frame(frame: ServerFrame): void;
}

interface Pending {
  frame: CmdFrame;
  resolve(r: Result): void;
}

/** One page's connection. Call start once. */
export class LiveClient {
  private socket: SocketLike | null = null;
  private greeted = false; // the server's hello has come on this socket
  private cursor: Cursor | null = null;
  private acked = 0;
  private attempt = 0;
  private idle = false;
  private stopped = false;
  private heard = 0;
  private pinged = 0;
  private ackTimer: unknown = null;
  private pingTimer: unknown = null;
  private retryTimer: unknown = null;
  private readonly pending = new Map<string, Pending>();

  constructor(
    private readonly env: Env,
    private readonly sink: Sink,
    private readonly schema: string,
  ) {}

  /** Opens the first connection. */
  start(): void {
    this.connect();
  }

  /** Tries at once: the button of the thin bar, `online`, the tab becoming visible. */
  retryNow(): void {
    if (this.stopped || this.socket) return;
    this.env.clearTimeout(this.retryTimer);
    this.connect();
  }

  /** Tells the server whether anybody looks; idle suspends events and credit. */
  setIdle(idle: boolean): void {
    if (this.idle === idle) return;
    this.idle = idle;
    if (this.greeted) this.write({ type: "view", rate: idle ? "idle" : "full" });
    if (!idle) this.retryNow();
  }

  /** Sends a command. It is sent again after a reconnect until it is answered. */
  command(op: string, args: object): Promise<Result> {
    return new Promise((resolve) => {
      const cid = this.env.id();
      const frame = { type: "cmd" as const, cid, op, args };
      this.pending.set(cid, { frame, resolve });
      if (this.greeted) this.write(frame);
    });
  }

  /** Up to where events have been received. */
  position(): Cursor | null {
    return this.cursor && { ...this.cursor };
  }

  private connect(): void {
    this.sink.link({ state: "connecting" });
    const socket = this.env.open(SUBPROTOCOL);
    this.socket = socket;
    this.greeted = false;
    this.heard = this.env.now();
    socket.onopen = () => {
      if (this.socket === socket) this.hello();
    };
    socket.onmessage = (e) => {
      if (this.socket === socket && typeof e.data === "string") this.receive(e.data);
    };
    socket.onclose = () => {
      if (this.socket === socket) this.lost();
    };
  }

  private hello(): void {
    this.greeted = false;
    const known = this.cursor && this.cursor.after >= 0 ? this.cursor : {};
    this.write({ type: "hello", proto: [PROTO], schema: this.schema, ...known });
    this.beat();
  }

  private receive(text: string): void {
    this.heard = this.env.now();
    const frame = decode(text);
    if (!frame) return;
    switch (frame.type) {
      case "hello":
        return this.onHello(frame);
      case "snap":
        return this.onSnap(frame);
      case "evs":
        return this.onEvs(frame);
      case "res":
        return this.onRes(frame);
      case "pong":
        return;
      case "bye":
        return this.onBye(frame.code, frame.retry);
      default:
        this.sink.frame(frame);
    }
  }

  private onHello(frame: HelloFrame): void {
    this.greeted = true;
    this.attempt = 0;
    const from = this.cursor?.after ?? 0;
    if (frame.resumed && this.cursor) {
      this.cursor.owner_epoch = frame.owner_epoch;
    } else {
      // A snap follows; until it does, nothing of this run is known.
      this.cursor = { run: frame.run, after: -1, owner_epoch: frame.owner_epoch };
    }
    this.sink.link({ state: "online" });
    this.sink.hello(frame, from);
    if (this.idle) this.write({ type: "view", rate: "idle" });
    for (const p of this.pending.values()) this.write(p.frame);
  }

  private onSnap(frame: SnapFrame): void {
    if (!this.greeted || !this.cursor) return;
    this.cursor.run = frame.run;
    this.cursor.after = frame.n;
    this.sink.snap(frame);
    this.ack();
  }

  private onEvs(frame: EvsFrame): void {
    const at = this.cursor;
    if (!this.greeted || !at || frame.run !== at.run || at.after < 0) return;
    if (frame.to <= at.after) return; // heard before
    if (frame.from > at.after + 1) return this.hello(); // a gap: ask again from here
    const fresh = frame.items.filter((e) => e.n > at.after);
    at.after = frame.to;
    this.sink.events(frame.run, fresh, frame.t);
    if (at.after - this.acked >= ACK_EVENTS) return this.ack();
    this.ackTimer ??= this.env.setTimeout(() => this.ack(), ACK_MS);
  }

  private onRes(frame: ResFrame): void {
    const waiting = this.pending.get(frame.cid);
    if (!waiting) return;
    this.pending.delete(frame.cid);
    if (frame.ok) {
      waiting.resolve({ ok: true, run: frame.run ?? 0, n: frame.n ?? 0 });
    } else {
      waiting.resolve({ ok: false, err: frame.err ?? { code: "internal", key: "" } });
    }
  }

  private onBye(code: string, retry: boolean): void {
    if (!retry) this.stop(code);
  }

  private ack(): void {
    this.env.clearTimeout(this.ackTimer);
    this.ackTimer = null;
    if (!this.greeted || !this.cursor || this.cursor.after < 0) return;
    this.acked = this.cursor.after;
    this.write({ type: "ack", run: this.cursor.run, n: this.acked });
  }

  // Browsers hide protocol pings, so silence is found out here.
  private beat(): void {
    this.env.clearTimeout(this.pingTimer);
    const socket = this.socket;
    this.pingTimer = this.env.setTimeout(() => {
      if (!socket || socket !== this.socket) return;
      const now = this.env.now();
      if (now - this.heard >= SILENCE_MS) {
        socket.close();
        return this.lost();
      }
      if (now - this.pinged >= PING_MS) {
        this.pinged = now;
        this.write({ type: "ping", ts: Math.round(now) });
      }
      this.beat();
    }, BEAT_MS);
  }

  private lost(): void {
    const refused = !this.greeted;
    this.socket = null;
    this.greeted = false;
    this.env.clearTimeout(this.pingTimer);
    this.env.clearTimeout(this.ackTimer);
    this.ackTimer = null;
    if (this.stopped) return;
    const wait = backoff(this.attempt, this.env.random());
    this.attempt++;
    this.sink.link({ state: "offline", retryAt: this.env.now() + wait, attempt: this.attempt });
    this.retryTimer = this.env.setTimeout(() => this.connect(), wait);
    // A refused upgrade looks like any closed socket; the status page knows the reason.
    if (refused) void this.env.status().then((s) => s?.final && this.stop(s.code));
  }

  private stop(code: string): void {
    this.stopped = true;
    this.env.clearTimeout(this.retryTimer);
    this.env.clearTimeout(this.pingTimer);
    this.socket?.close();
    this.sink.link({ state: "closed", code });
    for (const p of this.pending.values()) p.resolve({ ok: false, err: { code, key: "" } });
    this.pending.clear();
  }

  private write(frame: ClientFrame): void {
    this.socket?.send(encode(frame));
  }
}
