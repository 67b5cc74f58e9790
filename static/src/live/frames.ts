// The frames of labwire.v1 as the browser sees them. This file is the only place that
// knows how a frame is spelt in JSON; read labwire.md first.

import type { Event, View } from "../workbench/model";

/** The subprotocol offered at the upgrade. */
export const SUBPROTOCOL = "labwire.v1.json";

/** Where the reader stands: all events up to n of a run, as this owner told them. */
export interface Cursor {
  run: number;
  after: number;
  owner_epoch: number;
}

export interface HelloFrame {
  type: "hello";
  proto: number;
  schema: string;
  run: number;
  owner_epoch: number;
  role: Role;
  head: number;
  oldest: number;
  common: number;
  resumed: boolean;
  limits?: Record<string, number>;
}

/** What the holder of this page may do. */
export type Role = "drive" | "codrive" | "watch" | "";

export interface SnapFrame {
  type: "snap";
  run: number;
  n: number;
  t: number;
  view: View;
}

export interface EvsFrame {
  type: "evs";
  run: number;
  from: number;
  to: number;
  t: number;
  items: Event[];
}

export interface WireError {
  code: string;
  key?: string;
  args?: Record<string, unknown>;
  field?: string;
}

export interface ResFrame {
  type: "res";
  cid: string;
  ok: boolean;
  run?: number;
  n?: number;
  err?: WireError;
}

export interface ClockFrame {
  type: "clock";
  run: number;
  n: number;
  t: number;
  step: number;
  playing: boolean;
  speed: number | "max";
  waiting: boolean;
  busy: boolean;
  next?: number;
  broken?: boolean;
}

export type GoalState = "open" | "met" | "unmet" | "broken";

export interface GoalStatus {
  id: string;
  state: GoalState;
  evidence?: number[] | null;
  unmet?: string;
  hint?: number; // the hint that fits the nearest mistake, -1 for none
  hints_used?: number;
}

export interface SumFrame {
  type: "sum";
  run: number;
  goals: GoalStatus[] | null;
  finished: boolean;
}

export interface LabFrame {
  type: "lab";
  slug: string;
  digest: string;
  params?: Record<string, string> | null;
}

export interface WhoFrame {
  type: "who";
  role: Role;
  drivers: number;
  watchers: number;
}

export interface LagFrame {
  type: "lag";
  dropped: number;
}

export interface ByeFrame {
  type: "bye";
  code: string;
  retry: boolean;
}

export interface PongFrame {
  type: "pong";
  ts: number;
}

export type ServerFrame =
  | HelloFrame | SnapFrame | EvsFrame | ResFrame | ClockFrame | SumFrame | LabFrame
  | WhoFrame | LagFrame | ByeFrame | PongFrame;

export type ClientFrame =
  | { type: "hello"; proto: number[]; schema: string; run?: number; after?: number; owner_epoch?: number }
  | { type: "ack"; run: number; n: number }
  | { type: "cmd"; cid: string; op: string; args: object }
  | { type: "view"; rate: "full" | "idle" }
  | { type: "ping"; ts: number };

/** Reads one text frame; null for what is no frame, which is passed over. */
export function decode(text: string): ServerFrame | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !("type" in value)) return null;
  return value as ServerFrame;
}

/** Writes one text frame. */
export function encode(frame: ClientFrame): string {
  return JSON.stringify(frame);
}
