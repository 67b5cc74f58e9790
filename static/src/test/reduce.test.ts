// The reducer against what the Go side wrote: golden samples, golden traces, and the
// schema that both were made from.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SchemaHash, type View } from "../gen/wire";
import { newView, reduce, type AnyEvent } from "../reduce";

const root = process.env["LABSERVER_ROOT"] ?? join(process.cwd(), "..");
const samplesFile = join(root, "stack/event/testdata/samples.ndjson");
const traces = join(root, "stack/testdata/golden");

function linesOf(file: string): string[] {
  return readFileSync(file, "utf8").split("\n").filter((line) => line !== "");
}

function eventsOf(file: string): AnyEvent[] {
  return linesOf(file).map((line) => JSON.parse(line) as AnyEvent);
}

function fold(events: readonly AnyEvent[], view: View = newView()): View {
  for (const e of events) reduce(view, e);
  return view;
}

const samples = eventsOf(samplesFile);
const folded = JSON.parse(
  readFileSync(samplesFile.replace(".ndjson", ".view.json"), "utf8"),
) as View;

test("the samples fold to the view that Go folds them to", () => {
  assert.deepEqual(fold(samples), folded);
});

test("folding goes on from a snapshot taken anywhere", () => {
  for (let n = 0; n <= samples.length; n++) {
    const snapshot = structuredClone(fold(samples.slice(0, n)));
    assert.deepEqual(fold(samples.slice(n), snapshot), folded, `after event ${n}`);
  }
});

test("the members of a view stand in Go's order", () => {
  assert.equal(JSON.stringify(fold(samples)), JSON.stringify(folded));
});

// Refusals and the like are told in the ladder; the view does not show them.
const silent = [
  "world.started", "world.budget", "segment.refused", "segment.held", "datagram.refused",
  "icmp.suppressed", "conn.report", "packet.held", "packet.parked", "datagram.copied", "packet.corrupted", "packet.marked",
  "segment.lost", "capture.opened", "packet.observed",
  "segment.lost", "ping.started", "ping.answered", "ping.refused", "ping.missed", "ping.ended",
  "trace.started", "trace.answered", "trace.missed", "trace.ended",
];

test("every other kind changes the view", () => {
  const view = newView();
  const changed = new Set<string>();
  for (const e of samples) {
    const before = JSON.stringify(view);
    if (JSON.stringify(reduce(view, e)) !== before) changed.add(e.kind);
  }
  for (const { kind } of samples) {
    const quiet = silent.includes(kind) || /^(cmd|note)\./.test(kind);
    assert.equal(changed.has(kind), !quiet, kind);
  }
});

test("an unknown kind is passed over", () => {
  const view = fold(samples);
  reduce(view, { n: 1000, t: 0, kind: "moon.rose", by: 0, rule: "world" });
  reduce(view, { n: 1001, t: 0, kind: "constructor", by: 0, rule: "world" });
  assert.deepEqual(view, folded);
});

test("an event about something that is not there throws", () => {
  const about = (kind: string, rest: object) =>
    () => reduce(newView(), { n: 1, t: 0, kind, by: 0, rule: "world", ...rest });
  assert.throws(about("packet.arrived", { pkt: 7, link: "l1" }), /7/);
  assert.throws(about("conn.state", { conn: "c9", new: "CLOSED" }), /c9/);
  assert.throws(about("host.renamed", { new: "B" }), /BUG/);
});

const traceNames = existsSync(traces)
  ? readdirSync(traces).filter((name) => name.endsWith(".ndjson")) : [];

test("there are golden traces to fold", (t) => {
  if (traceNames.length === 0 && process.env["LABSERVER_E2E"] !== "1") {
    t.skip(`${traces} holds none`);
  } else {
    assert.ok(traceNames.length > 0, `${traces} holds none`);
  }
});

for (const name of traceNames) {
  test(`golden trace ${name} folds to its last line`, () => {
    const lines = linesOf(join(traces, name));
    const last = JSON.parse(lines.pop() ?? "{}") as { view?: View };
    assert.ok(last.view, "the last line must be {\"view\": …}");
    const events = lines.map((line) => JSON.parse(line) as AnyEvent);
    assert.ok(events.length > 0);
    assert.deepEqual(fold(events), last.view);
  });
}

// What follows holds the samples to schema.json, with as much of JSON Schema as it uses.

type Schema = {
  $ref?: string; type?: string; const?: unknown; pattern?: string; minimum?: number;
  maximum?: number; minItems?: number; maxItems?: number; items?: Schema;
  required?: string[]; properties?: Record<string, Schema>; anyOf?: Schema[];
  oneOf?: Schema[]; $defs?: Record<string, Schema>;
};

const schemaText = readFileSync(join(root, "static/src/gen/schema.json"), "utf8");
const schema = JSON.parse(schemaText) as Schema;

/** Says what is wrong with a value, "" for nothing. */
function wrong(value: unknown, s: Schema, at: string): string {
  if (s.$ref) return wrong(value, schema.$defs![s.$ref.split("/").pop()!]!, at);
  if (s.anyOf) return s.anyOf.some((one) => !wrong(value, one, at)) ? "" : `${at}: none of anyOf`;
  if ("const" in s && value !== s.const) return `${at} is not ${s.const}`;
  if (s.type && !isA(value, s.type)) return `${at} is no ${s.type}`;
  if (s.pattern && !new RegExp(s.pattern).test(value as string)) return `${at}: ${s.pattern}`;
  if (s.minimum !== undefined && (value as number) < s.minimum) return `${at} is too small`;
  if (s.maximum !== undefined && (value as number) > s.maximum) return `${at} is too large`;
  if (Array.isArray(value)) return wrongItem(value, s, at);
  if (!s.properties) return "";
  return wrongMember(value as Record<string, unknown>, s, at);
}

function isA(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isSafeInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "null") return value === null;
  return typeof value === type;
}

function wrongItem(list: unknown[], s: Schema, at: string): string {
  if (list.length < (s.minItems ?? 0)) return `${at} is too short`;
  if (list.length > (s.maxItems ?? Infinity)) return `${at} is too long`;
  return list.map((v, i) => wrong(v, s.items!, `${at}[${i}]`)).find(Boolean) ?? "";
}

function wrongMember(value: Record<string, unknown>, s: Schema, at: string): string {
  for (const key of s.required ?? []) if (!(key in value)) return `${at} lacks ${key}`;
  for (const [key, v] of Object.entries(value)) {
    const member = s.properties![key];
    if (!member) return `${at}.${key} is in no schema`;
    const what = wrong(v, member, `${at}.${key}`);
    if (what) return what;
  }
  return "";
}

test("every sample obeys exactly one kind's schema", () => {
  for (const e of samples) {
    const fits = schema.oneOf!.filter((one) => !wrong(e, one, "event"));
    assert.equal(fits.length, 1, `${e.kind}: ${schema.oneOf!
      .map((one) => wrong(e, one, "event")).filter((w) => !w.includes(" is not ")).join("; ")}`);
  }
});

test("the schema refuses what is not as it says", () => {
  const state = { n: 1, t: 0, kind: "conn.state", by: 0, rule: "r", old: "CLOSED", new: "LISTEN" };
  const def = schema.$defs!["ConnStateEvent"]!;
  assert.equal(wrong(state, def, "e"), "");
  assert.notEqual(wrong({ ...state, n: -1 }, def, "e"), "");
  assert.notEqual(wrong({ ...state, old: 1 }, def, "e"), "");
  assert.notEqual(wrong({ ...state, more: 1 }, def, "e"), "");
  const { rule: _, ...without } = state;
  assert.notEqual(wrong(without, def, "e"), "");
});

test("the folded view obeys its schema", () => {
  assert.equal(wrong(folded, schema.$defs!["View"]!, "view"), "");
});

test("the page knows the schema it was built for by its hash", () => {
  const hash = createHash("sha256").update(schemaText).digest("hex").slice(0, 16);
  assert.equal(SchemaHash, hash);
});
