// The words of the wire, under the names the panels use. They are generated from Go; the
// browser adds none of its own.

export type {
  Call,
  Commands,
  Conn,
  Event,
  Host,
  Link,
  LinkParams,
  Op,
  Packet,
  Seg,
  Socket,
  View,
} from "../gen/wire";

import type { Event } from "../gen/wire";

/** The events of a kind: Of<"segment.sent">. */
export type Of<K extends Event["kind"]> = Extract<Event, { kind: K }>;
