// The ladder's layout: slopes, losses, folds and the window, on small worlds made of
// events, and its pace on a large one.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../workbench/model";
import { Axis } from "../workbench/ladder/axis";
import { label } from "../workbench/ladder/arrows";
import { hit, layout, visible } from "../workbench/ladder/layout";
import { boxAt, covered, overlap, textWidth, type Box } from "../workbench/ladder/labels";
import { GUTTER, lanesX, type Primitive, type Viewport } from "../workbench/ladder/shapes";
import { Fate, Rows, address } from "../workbench/ladder/rows";

const MS = 1e6;

/** A run of two hosts around a router, told event by event. */
class Run {
  readonly rows = new Rows();
  private n = 0;

  constructor() {
    for (const [id, addr, forward] of [
      ["A", "1.1.1.1/24", false],
      ["R", "9.9.9.9/24", true],
      ["B", "2.2.2.2/24", false],
    ] as const) {
      this.tell(0, "host.added", { name: id, profile: "linux", forward }, id);
      this.tell(0, "nic.added", { nic: "eth0", addr, mtu: 1500 }, id);
    }
    this.tell(0, "link.added", {
      link: "l1",
      a: { host: "A", nic: "eth0" },
      b: { host: "R", nic: "eth0" },
      params: {},
    });
    this.tell(0, "link.added", {
      link: "l2",
      a: { host: "R", nic: "eth1" },
      b: { host: "B", nic: "eth0" },
      params: {},
    });
  }

  tell(t: number, kind: string, body: object, host?: string, conn?: string): number {
    this.n++;
    this.rows.feed({
      n: this.n,
      t,
      kind,
      by: 0,
      rule: "r",
      ...(host ? { host } : {}),
      ...(conn ? { conn } : {}),
      ...body,
    } as Event);
    return this.n;
  }

  send(t: number, from: "A" | "B", flags: string, seq = 0, more: object = {}): number {
    const [src, dst] =
      from === "A" ? ["1.1.1.1:3001", "2.2.2.2:8081"] : ["2.2.2.2:8081", "1.1.1.1:3001"];
    return this.tell(
      t,
      "segment.sent",
      { seg: { src, dst, flags, seq, ack: 0, wnd: 1000, len: 0, end: seq, ...more } },
      from,
      from === "A" ? "c1" : "c2",
    );
  }

  arrive(t: number, pkt: number, at: "A" | "B"): number {
    return this.tell(t, "segment.received", { pkt, seg: {} }, at, at === "A" ? "c1" : "c2");
  }
}

function viewport(more: Partial<Viewport> = {}): Viewport {
  return {
    width: 800,
    height: 600,
    top: 0,
    now: 0,
    relativeSeq: true,
    showRouters: false,
    litN: 0,
    litConns: null,
    names: new Map(),
    ...more,
  };
}

function draw(run: Run, view: Viewport): { shapes: Primitive[]; axis: Axis } {
  const axis = new Axis(run.rows, 1);
  axis.update();
  return { shapes: layout(run.rows, axis, view), axis };
}

function lines(shapes: Primitive[]): Extract<Primitive, { k: "line" }>[] {
  return shapes.filter(
    (s): s is Extract<Primitive, { k: "line" }> => s.k === "line" && s.n !== undefined,
  );
}

test("an arrow goes from its sender's lifeline down to its receiver's", () => {
  const run = new Run();
  const pkt = run.send(0, "A", "S");
  run.arrive(50 * MS, pkt, "B");
  const { shapes } = draw(run, viewport({ now: 50 * MS }));
  const [arrow] = lines(shapes);
  const [a, , b] = lanesX(run.rows, viewport());
  assert.ok(arrow && a != null && b != null);
  assert.deepEqual([arrow.x0, arrow.x1], [a, b]);
  assert.ok(arrow.y1 > arrow.y0, "time runs downwards");
});

test("a router has a lifeline only when asked for", () => {
  const run = new Run();
  assert.equal(lanesX(run.rows, viewport())[1], null);
  assert.notEqual(lanesX(run.rows, viewport({ showRouters: true }))[1], null);
});

test("a packet lost on the second link stops between middle and end, with a cross", () => {
  const run = new Run();
  const pkt = run.send(0, "A", "PA", 1, { len: 5 });
  run.tell(0, "packet.departed", {
    pkt,
    link: "l1",
    from: "A",
    to: "R",
    arrive: 20 * MS,
    octets: 45,
  });
  run.tell(20 * MS, "packet.arrived", { pkt, link: "l1" }, "R");
  run.tell(20 * MS, "packet.departed", {
    pkt,
    link: "l2",
    from: "R",
    to: "B",
    arrive: 40 * MS,
    octets: 45,
  });
  run.tell(30 * MS, "packet.dropped", { pkt, link: "l2", reason: "loss" });
  assert.equal(run.rows.fate.at(0), Fate.Dropped);
  assert.equal(run.rows.share.at(0), 0.75);
  const { shapes } = draw(run, viewport({ now: 40 * MS }));
  const [arrow] = lines(shapes);
  const cross = shapes.find((s) => s.k === "glyph" && s.glyph === "cross");
  const [a, , b] = lanesX(run.rows, viewport());
  assert.ok(arrow?.dash && arrow.tone === "loss");
  assert.ok(Math.abs(arrow.x1 - (a! + (b! - a!) * 0.75)) < 0.01);
  assert.ok(cross?.k === "glyph" && cross.x === arrow.x1);
});

test("a packet that its own host drops was no frame; one that a router or link drops was", () => {
  const run = new Run();
  const [stays, lost, refused] = [0, 1, 2].map((seq) => run.send(0, "A", "A", seq)) as [
    number,
    number,
    number,
  ];
  run.tell(0, "packet.dropped", { pkt: stays, reason: "no route" }, "A");
  run.tell(5, "packet.dropped", { pkt: lost, link: "l1", reason: "loss" });
  run.tell(9, "packet.arrived", { pkt: refused, link: "l1" }, "R");
  run.tell(9, "packet.dropped", { pkt: refused, reason: "no route" }, "R");
  assert.deepEqual([stays, lost, refused].map((n) => run.rows.stayed(n)), [true, false, false]);
});

test("a packet under way is drawn as far as it has come by now", () => {
  const run = new Run();
  const pkt = run.send(0, "A", "S");
  run.tell(0, "packet.departed", {
    pkt,
    link: "l1",
    from: "A",
    to: "R",
    arrive: 40 * MS,
    octets: 60,
  });
  const [early] = [...run.rows.underWay(10 * MS)];
  const [late] = [...run.rows.underWay(40 * MS)];
  assert.equal(early?.share, 0.125);
  assert.equal(late?.share, 0.5);
});

test("a retransmission is a double line in its own colour, a SYN carries a triangle", () => {
  const run = new Run();
  const syn = run.send(0, "A", "S");
  run.arrive(50 * MS, syn, "B");
  const again = run.send(60 * MS, "A", "S", 0, { retransmission: true });
  run.arrive(110 * MS, again, "B");
  const { shapes } = draw(run, viewport({ now: 110 * MS }));
  const [first, second] = lines(shapes);
  assert.ok(!first?.double && first?.tone === "syn");
  assert.ok(second?.double && second.tone === "retx");
  assert.ok(shapes.some((s) => s.k === "glyph" && s.glyph === "triangle"));
});

test("an ACK that says nothing new has a hollow head", () => {
  const run = new Run();
  for (const [t, more] of [
    [0, { ack: 100 }],
    [1, { ack: 100 }],
    [2, { ack: 100, wnd: 2000 }],
    [3, { ack: 100, wnd: 2000, len: 5 }],
  ] as const) {
    run.arrive(t * 60 * MS + 50 * MS, run.send(t * 60 * MS, "B", "A", 0, more), "A");
  }
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => run.rows.again.at(i)),
    [0, 1, 0, 0],
    "neither a window update nor data is a duplicate",
  );
  const { shapes } = draw(run, viewport({ now: 300 * MS }));
  assert.equal(shapes.filter((s) => s.k === "glyph" && s.glyph === "hollow").length, 1);
});

/** A handshake, then silence, then one more segment. */
function handshakeThen(quiet: number): Run {
  const run = new Run();
  let t = 0;
  for (const [from, to, flags] of [
    ["A", "B", "S"],
    ["B", "A", "SA"],
    ["A", "B", "A"],
  ] as const) {
    const pkt = run.send(t, from, flags);
    run.arrive((t += 50 * MS), pkt, to);
  }
  run.arrive(t + quiet + 50 * MS, run.send(t + quiet, "A", "PA", 1, { len: 3 }), "B");
  return run;
}

test("a quiet time beyond eight median spacings folds and says its real length", () => {
  const { axis, shapes } = draw(handshakeThen(1000 * MS), viewport({ now: 2000 * MS }));
  assert.equal(axis.folds.length, 1);
  assert.equal(axis.folds[0]?.ns, 1000 * MS);
  assert.ok((axis.folds[0]?.height ?? 999) < 60, "twenty spacings to scale would be 520 px");
  assert.ok(shapes.some((s) => s.k === "zigzag" && s.text === "1 s"));
});

test("a shorter quiet time is drawn to scale, and a wait with packets under way never folds", () => {
  assert.equal(draw(handshakeThen(300 * MS), viewport()).axis.folds.length, 0);
  const run = handshakeThen(100 * MS);
  const pkt = run.send(400 * MS, "A", "PA", 4, { len: 3 });
  run.arrive(9000 * MS, pkt, "B");
  assert.equal(draw(run, viewport()).axis.folds.length, 0);
});

test("positions never fall, and time and position are each other's inverse", () => {
  const run = handshakeThen(1000 * MS);
  const { axis } = draw(run, viewport());
  for (let i = 1; i < run.rows.anchorT.length; i++) assert.ok(axis.at(i) >= axis.at(i - 1));
  for (const t of [10 * MS, 75 * MS, 700 * MS, 1160 * MS]) {
    assert.ok(Math.abs(axis.toTime(axis.ofTime(t)) - t) < 0.001 * MS, String(t));
  }
});

test("labels of one lane keep their distance in a burst", () => {
  const run = new Run();
  for (let i = 0; i < 5; i++) run.send(0, "A", "PA", i, { len: 1 });
  const { axis } = draw(run, viewport());
  for (let i = 1; i < 5; i++) {
    assert.ok(axis.at(run.rows.a0.at(i)) - axis.at(run.rows.a0.at(i - 1)) >= 15);
  }
});

test("a label counts from each side's own initial sequence number", () => {
  const run = new Run();
  run.send(0, "A", "S", 4_294_967_290, { end: 4_294_967_291 });
  run.send(1, "B", "SA", 700, { ack: 4_294_967_291 });
  run.send(2, "A", "PA", 4_294_967_291, { ack: 701, len: 10 });
  assert.deepEqual(
    [0, 1, 2].map((i) => label(run.rows, i, true)),
    ["SYN 0", "SYN·ACK 0/1", "PSH·ACK 1/1 · 10 B"],
  );
  assert.equal(label(run.rows, 2, false), "PSH·ACK 4294967291/701 · 10 B");
});

test("states passed through within one instant leave one mark", () => {
  const run = new Run();
  run.tell(
    0,
    "conn.opened",
    { local: "x", remote: "y", state: "LISTEN", active: false, iss: 1 },
    "B",
    "c2",
  );
  run.tell(0, "conn.state", { old: "LISTEN", new: "SYN-RECEIVED" }, "B", "c2");
  assert.deepEqual(run.rows.markState, ["SYN-RECEIVED"]);
});

test("pointing at an arrow or at its label finds its event, beside it nothing", () => {
  const run = new Run();
  const pkt = run.send(0, "A", "S");
  run.arrive(50 * MS, pkt, "B");
  const view = viewport({ now: 50 * MS });
  const { shapes, axis } = draw(run, view);
  const [arrow] = lines(shapes);
  assert.equal(
    hit(run.rows, axis, view, (arrow!.x0 + arrow!.x1) / 2, (arrow!.y0 + arrow!.y1) / 2),
    pkt,
  );
  assert.equal(hit(run.rows, axis, view, arrow!.x0 + 40, arrow!.y0 - 4), pkt);
  assert.equal(hit(run.rows, axis, view, arrow!.x0 + 40, arrow!.y0 + 300), 0);
});

/** The lecture note's B between A and C: C connects, with both ends' states. */
function handshakeOfC(): Run {
  const run = new Run();
  run.tell(0, "host.added", { name: "C", profile: "linux", forward: false }, "C");
  run.tell(0, "nic.added", { nic: "eth0", addr: "3.3.3.3/24", mtu: 1500 }, "C");
  const state = (t: number, host: "B" | "C", old: string, now: string): number =>
    run.tell(t, "conn.state", { old, new: now }, host, host === "B" ? "b1" : "k1");
  const segment = (t: number, from: "B" | "C", flags: string): void => {
    const ends = { B: "2.2.2.2:8081", C: "3.3.3.3:3001" };
    const to = from === "B" ? "C" : "B";
    const seg = { src: ends[from], dst: ends[to], flags, seq: 0, ack: 0, wnd: 9, len: 0, end: 0 };
    const pkt = run.tell(t, "segment.sent", { seg }, from, from === "B" ? "b1" : "k1");
    run.tell(t + 50 * MS, "segment.received", { pkt, seg }, to, to === "B" ? "b1" : "k1");
  };
  state(0, "C", "CLOSED", "SYN-SENT");
  segment(0, "C", "S");
  state(50 * MS, "B", "LISTEN", "SYN-RECEIVED");
  segment(50 * MS, "B", "SA");
  state(100 * MS, "C", "SYN-SENT", "ESTABLISHED");
  segment(100 * MS, "C", "A");
  state(150 * MS, "B", "SYN-RECEIVED", "ESTABLISHED");
  return run;
}

type Text = Extract<Primitive, { k: "text" }>;

/** The words beside arrows and lifelines with the room they take; not the times. */
function words(shapes: Primitive[]): { text: string; box: Box }[] {
  return shapes
    .filter((s): s is Text => s.k === "text" && s.x !== GUTTER - 10)
    .map((s) => ({ text: s.text, box: boxAt(s, { ...s, align: s.align as "left" | "right" }) }));
}

test("no words of a handshake cover each other or an arrow", () => {
  for (const width of [684, 800, 1200]) {
    const { shapes } = draw(handshakeOfC(), viewport({ now: 200 * MS, width }));
    const all = words(shapes);
    assert.deepEqual(
      all.map((w) => w.text).sort(),
      ["ACK 0", "ESTABLISHED", "ESTABLISHED", "SYN 0", "SYN-RECEIVED", "SYN-SENT", "SYN·ACK 0/0"],
    );
    for (const [i, a] of all.entries()) {
      for (const b of all.slice(i + 1)) {
        assert.ok(!overlap(a.box, b.box), `${a.text} covers ${b.text} at ${width} px`);
      }
      for (const l of lines(shapes)) {
        assert.equal(covered(a.box, l), 0, `${a.text} covers an arrow at ${width} px`);
      }
    }
  }
});

test("words of the outermost lanes end within the panel, on a phone too", () => {
  for (const width of [360, 390, 519, 520, 684, 1200]) {
    const { shapes } = draw(handshakeOfC(), viewport({ now: 200 * MS, width }));
    for (const { text, box } of words(shapes)) {
      assert.ok(box.x - box.w >= 0 && box.x + box.w <= width, `${text} is cut at ${width} px`);
    }
  }
});

test("a label lies over its own line, at its sender's end", () => {
  const run = new Run();
  run.arrive(50 * MS, run.send(0, "B", "PA", 1, { len: 5 }), "A");
  const { shapes } = draw(run, viewport({ now: 50 * MS }));
  const [line] = lines(shapes);
  const label = shapes.find((s): s is Text => s.k === "text" && s.text.startsWith("PSH"));
  assert.ok(line && label?.angle);
  assert.equal(label.align, "right");
  assert.ok(label.x < line.x0 && label.x > line.x0 - 20);
  const slope = (line.y1 - line.y0) / (line.x1 - line.x0);
  assert.ok(Math.abs(Math.tan(label.angle) - slope) < 0.001, "it is turned as its line is");
  const on = line.y0 + (label.x - line.x0) * slope;
  assert.ok(label.y < on && label.y > on - 8, "it stands just above the line");
});

test("of a dense burst only what can be read is labelled, and every anomaly", () => {
  const run = new Run();
  const sent: number[] = [];
  for (let i = 0; i < 60; i++) {
    sent.push(run.send(i * 1000, "A", "PA", i, i === 40 ? { retransmission: true } : { len: 1 }));
  }
  for (const [i, pkt] of sent.entries()) run.arrive(50 * MS + i * 1000, pkt, "B");
  const view = viewport({ now: 60 * MS, height: 2000 });
  const { shapes } = draw(run, view);
  const labels = words(shapes);
  assert.equal(lines(shapes).length, 60);
  assert.ok(labels.length < 40, `${labels.length} labels`);
  assert.ok(labels.some((w) => w.text === "PSH·ACK 40/0"), "the retransmission has its label");
  const lit = draw(run, { ...view, litN: sent[50] ?? 0 }).shapes;
  assert.ok(words(lit).some((w) => w.text.startsWith("PSH·ACK 50/")), "and what is pointed at");
});

test("a host that talks to itself has a loop at its lifeline, which can be pointed at", () => {
  const run = new Run();
  const seg = { src: "127.0.0.1:3001", dst: "127.0.0.1:80", flags: "S", seq: 0, ack: 0, wnd: 9 };
  const pkt = run.tell(0, "segment.sent", { seg: { ...seg, len: 0, end: 1 } }, "B", "c1");
  run.tell(0, "segment.received", { pkt, seg }, "B", "c2");
  const view = viewport({ now: 0 });
  const { shapes, axis } = draw(run, view);
  const loop = shapes.find((s): s is Extract<Primitive, { k: "loop" }> => s.k === "loop");
  const b = lanesX(run.rows, view)[2]!;
  assert.ok(loop && loop.n === pkt && loop.x === b && loop.y1 - loop.y0 >= 12);
  assert.ok(b + loop.w <= view.width && b + loop.w >= 0);
  assert.equal(hit(run.rows, axis, view, b + loop.w / 2, (loop.y0 + loop.y1) / 2), pkt);
  for (const { box } of words(shapes)) assert.ok(box.x + box.w <= view.width);
});

test("a bulk transfer's arrows slope, however close its segments follow each other", () => {
  const run = new Run();
  const sent: number[] = [];
  for (let i = 0; i < 30; i++) sent.push(run.send(i * MS, "A", "PA", i, { len: 1 }));
  for (const [i, pkt] of sent.entries()) run.arrive((90 + i) * MS, pkt, "B");
  const { shapes } = draw(run, viewport({ now: 200 * MS, height: 4000 }));
  for (const l of lines(shapes)) assert.ok(l.y1 - l.y0 < 500, `${l.y1 - l.y0} px down`);
});

test("the room of a word follows from its characters and its baseline's direction", () => {
  const wish = { text: "SYN-RECEIVED", small: true };
  const level = boxAt(wish, { x: 100, y: 50, align: "right" });
  assert.equal(level.x + level.w, 100);
  assert.equal(level.w * 2, textWidth("SYN-RECEIVED", true));
  const turned = boxAt(wish, { x: 100, y: 50, align: "left", angle: Math.PI / 2 });
  assert.ok(Math.abs(turned.y - 50 - turned.w) < 0.001 && turned.x > 100);
  assert.ok(overlap(level, { ...level, y: level.y + 11 }));
  assert.ok(!overlap(level, { ...level, y: level.y + 13 }));
  const through = { x0: level.x - 200, y0: level.y, x1: level.x + 200, y1: level.y };
  assert.ok(Math.abs(covered(level, through) - 2 * level.w) < 0.001);
});

function long(packets: number): Run {
  const run = new Run();
  for (let i = 0; i < packets; i++) {
    const t = i * 2 * MS;
    run.arrive(t + MS, run.send(t, "A", "PA", i, { len: 1 }), "B");
  }
  return run;
}

test("only what can be seen is laid out, of fifty thousand packets", () => {
  const run = long(50_000);
  const axis = new Axis(run.rows, 1);
  axis.update();
  const view = viewport({ top: axis.bottom() / 2, now: 100_000 * MS });
  const [first, last] = visible(run.rows, axis, view);
  assert.ok(last - first < 250, `${last - first} rows`);
  assert.ok(first > 20_000 && last < 30_000);
  const began = performance.now();
  for (let i = 0; i < 20; i++) layout(run.rows, axis, { ...view, top: view.top + i * 30 });
  assert.ok((performance.now() - began) / 20 < 8, "8 ms a frame");
});

test("zoomed far out, bars stand for lines", () => {
  const run = long(20_000);
  const axis = new Axis(run.rows, 0.002);
  axis.update();
  const shapes = layout(run.rows, axis, viewport({ top: 0, now: 40_000 * MS }));
  assert.ok(lines(shapes).length <= 1500);
  assert.ok(shapes.filter((s) => s.k === "rect").length > 50);
});

test("an address is what stands before the port", () => {
  assert.deepEqual(["10.0.0.1:80", "10.0.0.1", "[2001:db8::1]:53"].map(address), [
    "10.0.0.1",
    "10.0.0.1",
    "2001:db8::1",
  ]);
});

test("a copy and a fragment have arrows of their own, from where the packet was", () => {
  const run = new Run();
  const sent = run.send(0, "A", "S");
  run.tell(0, "packet.departed", { pkt: sent, link: "l1", from: "A", to: "R", arrive: 10 * MS });
  const copy = run.tell(5 * MS, "packet.duplicated", { pkt: sent });
  run.tell(6 * MS, "packet.delayed", { pkt: sent, arrive: 40 * MS });
  const at = (n: number): number => run.rows.rowOf(n);
  assert.equal(label(run.rows, at(copy), true), "copy · SYN 0");
  const shares = [...run.rows.underWay(10 * MS)].map((p) => p.share);
  assert.deepEqual(shares, [0.125, 0.5], "the copy is not delayed with it");
  const got = run.arrive(20 * MS, copy, "B");
  assert.equal(run.rows.fate.at(at(copy)), Fate.Received);
  assert.equal(at(got), at(copy));
  assert.equal(run.rows.fate.at(at(sent)), Fate.Flying);
  const piece = run.tell(20 * MS, "packet.fragmented", { pkt: sent, offset: 8, octets: 28 });
  run.tell(30 * MS, "packet.merged", { pkt: piece, into: sent });
  assert.equal(label(run.rows, at(piece), true), "fragment · SYN 0");
  assert.equal(run.rows.fate.at(at(piece)), Fate.Received);
});

test("what a bare host sends and takes is drawn, whatever it is", () => {
  const run = new Run();
  const body = { proto: "89", src: "1.1.1.1", dst: "2.2.2.2", octets: 40 };
  const sent = run.tell(0, "packet.injected", body, "A");
  const taken = run.tell(MS, "packet.taken", { pkt: sent }, "B");
  const row = run.rows.rowOf(sent);
  assert.equal(run.rows.rowOf(taken), row);
  assert.equal(label(run.rows, row, true), "89 40 B");
  assert.equal(run.rows.fate.at(row), Fate.Received);
});
