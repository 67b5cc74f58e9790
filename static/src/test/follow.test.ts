// The pace at which the inspector follows the newest segment while nothing is pinned.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Follower } from "../workbench/inspector/follow";

test("the first segment is shown at once", () => {
  const f = new Follower();
  assert.equal(f.offer(0, 5, 0), 0);
  assert.equal(f.n, 0);
  assert.equal(f.offer(10, 6, 6), 0);
  assert.equal(f.n, 6);
});

test("segments that come slowly are shown each, at most four a second", () => {
  const f = new Follower();
  f.offer(0, 1, 1);
  const wait = f.offer(100, 3, 3);
  assert.equal(f.n, 1);
  assert.equal(wait, 150, "asked again when a quarter of a second has passed");
  assert.equal(f.offer(100 + wait, 3, 3), 0);
  assert.equal(f.n, 3);
});

test("while events rush nothing new is shown; when they end, the newest is", () => {
  const f = new Follower();
  f.offer(0, 1, 1);
  let head = 1;
  let now = 0;
  for (; now < 3000; now += 20) {
    head += 2; // a hundred a second
    const wait = f.offer(now, head, head);
    assert.ok(now < 1000 || wait > 0, `shown ${f.n} at ${now} ms`);
  }
  assert.ok(f.n < 110, "what was shown when the rush began stayed");
  for (let wait = 250; wait > 0 && now < 9000; ) {
    now += wait;
    wait = f.offer(now, head, head);
  }
  assert.equal(f.n, head);
});

test("another run, whose events begin anew, is followed at once", () => {
  const f = new Follower();
  f.offer(0, 900, 890);
  assert.equal(f.offer(10, 3, 2), 0);
  assert.equal(f.n, 2);
  f.offer(20, 0, 0);
  assert.equal(f.n, 0);
});
