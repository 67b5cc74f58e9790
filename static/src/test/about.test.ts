// What events say in a line: every kind that a step or a timer, a packet or a connection
// brings has words of its own, and a command reads as it would be typed.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { summary } from "../workbench/ladder/about";
import { Rows } from "../workbench/ladder/rows";
import type { Event } from "../workbench/model";
import type { Store } from "../workbench/store";

const root = process.env["LABSERVER_ROOT"] ?? join(process.cwd(), "..");
const samples = readFileSync(join(root, "stack/event/testdata/samples.ndjson"), "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as Event);

function say(e: object): string {
  return summary({ rows: new Rows() } as unknown as Store, e as Event);
}

test("an event of TCP, IP or a packet is told in words, not as JSON", () => {
  const told = /^(conn|packet|segment|loss|urgent|path|cmd)\./;
  for (const e of samples.filter((e) => told.test(e.kind))) {
    assert.doesNotMatch(say(e), /[{}]|undefined|NaN|null/, `${e.kind}: ${say(e)}`);
  }
});

test("the line of an event names what it is about", () => {
  const lines: readonly [kind: string, body: object, line: string][] = [
    ["cmd.segment.delay", { op: "segment.delay", args: { pkt: 7, by_ns: 3e7 } }, "delay #7 30ms"],
    ["packet.corrupted", { pkt: 7, bit: 400 }, "#7 bit 400"],
    ["packet.marked", { pkt: 7, ecn: "ce" }, "#7 ECN ce"],
    ["packet.edited", { pkt: 7, field: "ttl", old: "64", new: "1" }, "#7 ttl 64 → 1"],
    [
      "link.matched",
      { pkt: 7, link: "l1", no: 2, action: "drop", acts: true, matched: 3, acted: 1 },
      "#7 l1 2. drop (1/3)",
    ],
    [
      "link.rules",
      { link: "l1", old: [], new: [{ action: "drop", segment: "data", nth: 3 }] },
      "rules l1 drop data nth 3",
    ],
    ["packet.merged", { pkt: 9, into: 7 }, "#9 → #7"],
    ["path.mtu", { dst: "10.0.0.2", old: 0, new: 1300 }, "10.0.0.2 MTU – → 1300"],
    ["conn.mss", { old: 1460, new: 1260 }, "MSS 1460 → 1260"],
    ["segment.lost", { seq: 100, end: 200 }, "SEQ 100 – 200"],
    [
      "loss.changed",
      {
        old: { sacked: 0, lost: 0, retrans: 0, reordering: 3, dsacks: 0 },
        new: { sacked: 1460, lost: 0, retrans: 0, reordering: 3, dsacks: 0 },
      },
      "sacked 0 → 1460",
    ],
  ];
  for (const [kind, body, line] of lines) assert.equal(say({ n: 1, t: 0, kind, ...body }), line);
});
