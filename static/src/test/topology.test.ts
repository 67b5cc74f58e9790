// Where cards and badges stand: within the panel, clear of each other, whatever their size.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { View } from "../workbench/model";
import {
  arrange,
  badgeAt,
  columns,
  leaving,
  type Column,
  type Size,
  type Stage,
} from "../workbench/topology/place";

const PANEL: Size = { width: 684, height: 155 };

/** A world of hosts; a name that begins with R is a router's. */
function world(...names: string[]): View {
  const hosts = names.map((id) => ({ id, name: id, forward: id.startsWith("R"), procs: [] }));
  return { hosts, sockets: [], links: [] } as unknown as View;
}

function sizes(of: Record<string, [number, number]>): Map<string, Size> {
  return new Map(Object.entries(of).map(([id, [width, height]]) => [id, { width, height }]));
}

/** Fails unless all cards are within the stage and none covers another. */
function clear(stage: Stage, cards: Map<string, Size>, what: string): void {
  const all = [...stage.at].map(([id, p]) => ({ id, ...p, ...cards.get(id)! }));
  for (const [i, a] of all.entries()) {
    assert.ok(a.x - a.width / 2 >= 0 && a.x + a.width / 2 <= stage.size.width, `${what}: ${a.id}`);
    assert.ok(
      a.y - a.height / 2 >= 0 && a.y + a.height / 2 <= stage.size.height,
      `${what}: ${a.id} is cut`,
    );
    for (const b of all.slice(i + 1)) {
      const apart =
        Math.abs(a.x - b.x) >= (a.width + b.width) / 2 ||
        Math.abs(a.y - b.y) >= (a.height + b.height) / 2;
      assert.ok(apart, `${what}: ${a.id} covers ${b.id}`);
    }
  }
}

function left(...ids: string[]): Map<string, Column> {
  return new Map(ids.map((id) => [id, "left"]));
}

test("cards of a column share its height by what they measure", () => {
  const cards = sizes({ A: [136, 58], C: [136, 84], R: [98, 30], B: [156, 84] });
  const view = world("A", "C", "R", "B");
  const of = left("A", "C").set("R", "middle").set("B", "right");
  const stage = arrange(view, of, {}, cards, PANEL);
  clear(stage, cards, "A, C, R, B");
  const [a, c] = [stage.at.get("A")!, stage.at.get("C")!];
  assert.ok(Math.abs(a.y - 29 - (stage.size.height - c.y - 42)) < 0.01, "as much above as below");
});

test("cards that do not fit are drawn smaller, never cut", () => {
  for (const n of [4, 8, 16]) {
    const ids = Array.from({ length: n }, (_, i) => `H${i}`);
    const cards = sizes(Object.fromEntries(ids.map((id) => [id, [140, 60]])));
    for (const panel of [PANEL, { width: 380, height: 560 }]) {
      const stage = arrange(world(...ids), left(...ids), {}, cards, panel);
      clear(stage, cards, `${n} hosts`);
      assert.ok(stage.scale < 1);
      assert.ok(Math.abs(stage.size.height * stage.scale - panel.height) < 0.01);
    }
  }
});

test("cards that fit are drawn at their own size", () => {
  const cards = sizes({ A: [130, 34], B: [130, 60] });
  const stage = arrange(world("A", "B"), left("A").set("B", "right"), {}, cards, PANEL);
  assert.equal(stage.scale, 1);
  assert.deepEqual(stage.size, PANEL);
});

test("a card that was dragged to the edge stays whole", () => {
  const cards = sizes({ A: [130, 60] });
  for (const put of [{ x: 0, y: 0 }, { x: 1, y: 1 }, { x: 0.5, y: 2 }]) {
    const stage = arrange(world("A"), left("A"), { A: put }, cards, PANEL);
    clear(stage, cards, JSON.stringify(put));
  }
});

test("a badge moves along its line, out of what is in its way", () => {
  const a = { x: 100, y: 50 };
  const b = { x: 300, y: 50 };
  const size = { width: 50, height: 24 };
  assert.deepEqual(badgeAt(a, b, size, []), { x: 200, y: 50, ...size });
  const other = { x: 200, y: 60, width: 40, height: 24 };
  const moved = badgeAt(a, b, size, [other]);
  assert.ok(Math.abs(moved.x - other.x) >= 45, "clear of the other");
  assert.ok(moved.x > a.x && moved.x < b.x, "and still on its line");
});

test("a line leaves a card at its edge", () => {
  const at = leaving({ x: 0, y: 0 }, { x: 200, y: 0 }, { width: 60, height: 40 });
  assert.deepEqual(at, { x: 30, y: 0 });
});

test("a host keeps the column it has when it starts to serve", () => {
  const view = world("A", "B");
  const first = columns(view, new Map());
  assert.equal(first.get("A"), "left");
  view.sockets.push({ host: "A", listening: true } as never);
  assert.equal(columns(view, first).get("A"), "left");
});
