// Both languages are complete, and Korean particles fit their words.

import assert from "node:assert/strict";
import { test } from "node:test";
import en from "../i18n/en.json";
import ko from "../i18n/ko.json";
import { instant, percent, rate, relative, shortInstant, span, speed } from "../workbench/format";
import { endsInConsonant, fill } from "../workbench/text";

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{(\w+)/g)].map((m) => m[1]!).sort();
}

test("English and Korean have the same keys and placeholders", () => {
  const english: Record<string, string> = en;
  const korean: Record<string, string> = ko;
  assert.deepEqual(Object.keys(korean).sort(), Object.keys(english).sort());
  for (const [key, text] of Object.entries(english)) {
    assert.notEqual(text.trim(), "", key);
    assert.deepEqual(
      [...new Set(placeholders(korean[key]!))],
      [...new Set(placeholders(text))],
      key,
    );
  }
});

test("a particle follows the last sound of the word", () => {
  assert.equal(fill("{h|이/가} 없어요", { h: "호스트" }), "호스트가 없어요");
  assert.equal(fill("{h|은/는}", { h: "소켓" }), "소켓은");
  assert.equal(fill("{h|이/가}", { h: "l1" }), "l1이");
  assert.equal(fill("{h|이/가}", { h: "B2" }), "B2가");
  assert.equal(fill("{a} {b}", { a: "x" }), "x {b}");
  assert.ok(endsInConsonant("R") && !endsInConsonant("A"));
});

test("instants show seconds with microseconds grouped", () => {
  assert.equal(instant(0), "0.000 000");
  assert.equal(instant(1_140_000_000), "1.140 000");
  assert.equal(instant(3_599_999_999_999), "3599.999 999");
  assert.equal(shortInstant(40_000_000), "0.040");
  assert.equal(shortInstant(40_025_000), "0.040025");
});

test("spans, rates and shares keep three digits at most", () => {
  assert.deepEqual([0, 250, 40e6, 1.5e9, 123_456_789, 90e9].map(span), [
    "0 ms",
    "250 ns",
    "40 ms",
    "1.5 s",
    "123 ms",
    "1.5 min",
  ]);
  assert.deepEqual([0, 9600, 10e6, 1.5e9].map(rate), [
    "∞",
    "9.6 kbit/s",
    "10 Mbit/s",
    "1.5 Gbit/s",
  ]);
  assert.deepEqual([50_000, 1, 1e6].map(percent), ["5 %", "0 %", "100 %"]);
  assert.deepEqual([0.001, 1, 1000, 0].map(speed), ["×0.001", "×1", "×1000", "max"]);
});

test("relative sequence numbers wrap at 2^32", () => {
  assert.equal(relative(5, 0xffff_fffe), 7);
  assert.equal(relative(100, 100), 0);
});
