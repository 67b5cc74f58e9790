// What forms, goals and panels offer and remember, away from any page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { line } from "../workbench/console/echo";
import { revealed } from "../workbench/goals/hints";
import { call, connOf } from "../workbench/ladder/about";
import { follows } from "../workbench/ladder/scroll";
import type { Event, Socket, View } from "../workbench/model";
import { ACTION, FRESH, argsOf, read, stepsOf } from "../workbench/sockets/fields";
import { actions, type SocketRow } from "../workbench/sockets/rows";
import { Store } from "../workbench/store";
import { chipsOf } from "../workbench/topology/card";
import { setLanguage } from "../workbench/text";

function udp(local: string, remote: string): SocketRow {
  const socket = { proto: "udp", local, remote, listening: false } as unknown as Socket;
  return { socket, conn: null } as SocketRow;
}

function given(what: Record<string, string>) {
  return read(new Map(Object.entries(what).map(([k, value]) => [k as never, { value }])));
}

test("a UDP socket's row offers every call that UDP knows, send once it has a peer", () => {
  const always = ["connect", "sendto", "recv", "recvfrom", "close"];
  assert.deepEqual([...actions(udp("", ""))].sort(), ["bind", ...always].sort());
  assert.deepEqual([...actions(udp("*:4000", ""))].sort(), [...always].sort());
  assert.deepEqual([...actions(udp("*:4000", "1.1.1.1:1"))].sort(), ["send", ...always].sort());
});

test("a form's fields say what a console line would", () => {
  const at = given({ addr: " 50.50.50.50 ", port: "4000", text: "hello?" });
  assert.equal(
    line("sendto", { fd: 3, ...argsOf("sendto", at) }),
    'sendto 3 50.50.50.50:4000 "hello?"',
  );
  assert.deepEqual(argsOf("bind", given({ addr: "", port: "4000" })), { port: 4000 });
  assert.deepEqual(argsOf("listen", given({ backlog: "" })), {});
  assert.deepEqual(
    stepsOf("connect", given({ addr: "1.1.1.1", port: "80", from: "3001" })).map((s) => s.op),
    ["socket", "bind", "connect"],
  );
  assert.deepEqual(
    stepsOf("connect", given({ addr: "1.1.1.1", port: "80", from: "" })).map((s) => s.op),
    ["socket", "connect"],
  );
});

test("no form has two fields of one name", () => {
  for (const rows of [...Object.values(FRESH), ...Object.values(ACTION)]) {
    assert.equal(new Set(rows.map((r) => r.name)).size, rows.length);
  }
});

test("the hint of the nearest mistake comes first, then the others in their order", () => {
  assert.deepEqual(revealed(3, 0, [], 2), []);
  assert.deepEqual(revealed(3, 1, [], 2), [2]);
  assert.deepEqual(revealed(3, 2, [2], 2), [2, 0]);
  assert.deepEqual(revealed(3, 1, [], -1), [0]);
  assert.deepEqual(revealed(3, 5, [], 1), [1, 0, 2]);
});

test("a hint once shown stays when another mistake becomes the nearest", () => {
  assert.deepEqual(revealed(3, 1, [0], 2), [0]);
  assert.deepEqual(revealed(3, 2, [0], 2), [0, 2]);
  assert.deepEqual(revealed(2, 2, [7, 1, 1], -1), [1, 0], "what was kept of another lab");
});

test("a panel that becomes smaller goes on following the present", () => {
  const end = { top: 700, height: 300, content: 1000 };
  assert.equal(follows(true, end, { top: 700, height: 200, content: 1000 }), true);
  assert.equal(follows(true, end, { top: 700, height: 300, content: 1100 }), true);
});

test("a reader who scrolls up stops following, and at the end follows again", () => {
  const end = { top: 700, height: 300, content: 1000 };
  assert.equal(follows(true, end, { top: 500, height: 300, content: 1000 }), false);
  assert.equal(follows(false, end, { top: 600, height: 300, content: 1000 }), false);
  assert.equal(follows(false, end, { top: 695, height: 300, content: 1000 }), true);
});

test("a call that makes a descriptor is shown without one", () => {
  assert.equal(call({ op: "socket", fd: -1 }), "socket()");
  assert.equal(call({ op: "accept", fd: 3 }), "accept(3)");
});

test("an event leads to its connection by itself, its packet or its socket", () => {
  const view = {
    sockets: [
      { id: "s1", proc: "p1", fd: 3, conn: "" },
      { id: "s2", proc: "p1", fd: 4, conn: "c2" },
    ],
  } as unknown as View;
  const sent = { n: 7, kind: "segment.sent", conn: "c1" } as unknown as Event;
  const store = { view, event: (n: number) => (n === 7 ? sent : undefined) };
  const of = (e: object) => connOf(store, e as Event);
  assert.equal(of(sent), "c1");
  assert.equal(of({ kind: "packet.dropped", pkt: 7 }), "c1");
  assert.equal(of({ kind: "socket.buffer", sock: "s2" }), "c2");
  assert.equal(of({ kind: "call.returned", op: "accept", proc: "p1", fd: 3, value: 4 }), "c2");
  assert.equal(of({ kind: "call.returned", op: "recv", proc: "p1", fd: 4, value: 9 }), "c2");
  assert.equal(of({ kind: "host.added" }), undefined);
  assert.equal(connOf(store, undefined), undefined);
});

test("the last answer to a goal is known from the run's events alone", () => {
  const store = new Store();
  const note = (n: number, goal: string, value: string): Event =>
    ({ n, t: 0, kind: "note.answer", op: "answer", by: 0, rule: "", args: { goal, value } }) as Event;
  store.snap(1, 2, 0, store.view);
  store.apply([note(3, "b", "2")]);
  assert.deepEqual([...store.answers], [["b", "2"]]);
  store.prepend(1, [note(1, "a", "x"), note(2, "b", "1")]);
  assert.deepEqual([...store.answers], [["a", "x"], ["b", "2"]]);
  store.snap(2, 0, 0, store.view);
  assert.equal(store.answers.size, 0, "another run begins without answers");
});

test("a socket without an endpoint says so on its host's card", () => {
  const view = {
    connections: [],
    sockets: [
      { host: "A", proto: "tcp", local: "", conn: "", listening: false },
      { host: "A", proto: "udp", local: "", conn: "", listening: false },
      { host: "A", proto: "udp", local: "0.0.0.0:4000", conn: "", listening: false },
    ],
  } as unknown as View;
  const texts = (lang: "en" | "ko") => {
    setLanguage(lang);
    return chipsOf(view, "A").map((c) => c.text);
  };
  assert.deepEqual(texts("ko"), ["tcp, 묶이지 않음", "udp, 묶이지 않음", "udp :4000"]);
  assert.deepEqual(texts("en"), ["tcp, unbound", "udp, unbound", "udp :4000"]);
});
