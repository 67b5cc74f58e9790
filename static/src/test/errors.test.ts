// Every error code of the protocol has its words in both languages, and no others do.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import en from "../i18n/en.json";
import ko from "../i18n/ko.json";
import { limitKey } from "../workbench/text";

/** The codes of docs/labwire.md §9: those its list names before each item ends its list. */
function documented(): string[] {
  const text = readFileSync(join(process.env["LABSERVER_ROOT"] ?? "", "docs/labwire.md"), "utf8");
  const list = /## §9 Error codes[\s\S]*?\n(- [\s\S]*?)\n\n/.exec(text)?.[1] ?? "";
  return [...list.matchAll(/`([a-z_]+)`/g)].map((m) => m[1]!).sort();
}

test("every error code has a text in both languages, and every such text a code", () => {
  const codes = documented();
  assert.ok(codes.includes("malformed") && codes.includes("internal"), "the list was not found");
  for (const messages of [en, ko]) {
    const have = Object.keys(messages)
      .filter((k) => k.startsWith("error.") && k !== "error.other")
      .map((k) => k.slice("error.".length));
    assert.deepEqual(have.sort(), codes);
  }
});

test("every phrase that the stack gives as a limit has words in both languages", () => {
  const dir = join(process.env["LABSERVER_ROOT"] ?? "", "stack");
  const go = readdirSync(dir).filter((f) => f.endsWith(".go") && !f.endsWith("_test.go"));
  const said = go.flatMap((f) => [
    ...readFileSync(join(dir, f), "utf8").matchAll(
      /ArgError\{Code: Code(?:OutOfRange|Quota),[^}]*Limit:\s*"([^"]+)"\}/g,
    ),
  ]);
  const phrases = said.map((m) => m[1]!).filter((p) => !/^\w+(, \w+)*$/.test(p)); // else words to type
  assert.ok(phrases.includes("later than from_ns"), "the phrases were not found");
  for (const messages of [en, ko] as Record<string, string>[]) {
    for (const p of phrases) assert.ok(messages[limitKey(p)], `${p}: ${limitKey(p)}`);
  }
});
