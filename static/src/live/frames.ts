// The frames of labwire.v1 as text. Their shapes are generated from Go (gen/live.ts);
// this file is the only place of the island that reads and writes them.

import type { ClientFrame, Goal, ServerFrame } from "../gen/live";

export { SUBPROTOCOL } from "../gen/live";
export type {
  ClientFrame,
  ClockFrame,
  CmdFrame,
  EvsFrame,
  HelloFrame,
  LabFrame,
  ResFrame,
  Role,
  ServerFrame,
  SnapFrame,
  SumFrame,
  WireError,
} from "../gen/live";

/** Where the reader stands: all events up to `after` of a run, as this owner told them. */
export interface Cursor {
  run: number;
  after: number;
  owner_epoch: number;
}

/** How one goal stands; fields may be absent before the first sum frame. */
export type GoalStatus = Pick<Goal, "id" | "state"> & Partial<Goal>;

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
