// LANs on the page: their tables, their words, and where what a switch floods is drawn.

import assert from "node:assert/strict";
import { test } from "node:test";
import { tableOf } from "../workbench/console/lan";
import { arpWords } from "../workbench/ladder/arrows";
import { Rows } from "../workbench/ladder/rows";
import type { Event, View } from "../workbench/model";
import { beyond, ownerOf } from "../workbench/sockets/lan";
import { columns } from "../workbench/topology/place";

const view = {
  hosts: [
    { id: "S", name: "S", switch: true, procs: [], nics: [{ id: "eth0" }],
      macs: [{ mac: "02:00:00:00:00:01", port: "eth0" }] },
    { id: "A", name: "alice", procs: [], nics: [{ id: "eth0", mac: "02:00:00:00:00:01" }],
      neighbours: [{ nic: "eth0", addr: "10.0.0.2", mac: "", state: "INCOMPLETE" }],
      groups: [{ sock: "s1", group: "239.1.1.1", nic: "eth0" }] },
    { id: "B", name: "B", procs: [], nics: [] },
  ],
  links: [{ id: "l1", a: { host: "S", nic: "eth0" }, b: { host: "A", nic: "eth0" } }],
  sockets: [],
} as unknown as View;

test("a table has a head and a row for each entry, and is nothing when empty", () => {
  assert.deepEqual(tableOf(view, "macs"), [
    ["Switch", "MAC", "Port"], ["S", "02:00:00:00:00:01", "eth0"],
  ]);
  assert.deepEqual(tableOf(view, "neighbours")[1],
    ["alice", "10.0.0.2", "–", "eth0", "INCOMPLETE"]);
  assert.deepEqual(tableOf(view, "groups")[1], ["alice", "239.1.1.1", "eth0", "s1"]);
  assert.deepEqual(tableOf({ hosts: [] } as unknown as View, "macs"), []);
});

test("an address is told by its host, and a port by what is behind its cable", () => {
  assert.equal(ownerOf(view, "02:00:00:00:00:01"), "alice");
  assert.equal(ownerOf(view, "02:00:00:00:00:09"), "–");
  assert.equal(beyond(view, "S", "eth0"), "alice");
  assert.equal(beyond(view, "S", "eth1"), "–");
});

test("ARP is told as what it asks and answers", () => {
  const arp = { op: "request", sender: "10.0.0.1", sender_mac: "02:…:01", target: "10.0.0.2",
    target_mac: "" };
  assert.equal(arpWords(arp), "ARP who has 10.0.0.2?");
  assert.equal(arpWords({ ...arp, target: arp.sender }), "ARP 10.0.0.1 is here");
  assert.equal(arpWords({ ...arp, op: "reply" }), "ARP 10.0.0.1 is at 02:…:01");
});

test("a switch stands in the middle and has no lifeline of its own", () => {
  assert.equal(columns(view, new Map()).get("S"), "middle");
  assert.equal(columns(view, new Map()).get("B"), "right");
  const rows = new Rows();
  rows.seed(view);
  assert.ok(rows.routers.has("S"));
  assert.ok(!rows.routers.has("A"));
});

test("a copy that a switch floods is drawn to the host it comes to", () => {
  const rows = new Rows();
  const feed = (e: object): void => rows.feed({ by: 0, rule: "r", t: 0, ...e } as unknown as Event);
  feed({ n: 1, kind: "host.added", host: "S", forward: false, switch: true });
  for (const [n, host] of [[2, "A"], [3, "B"], [4, "C"]] as const)
    feed({ n, kind: "host.added", host, forward: false });
  feed({ n: 5, kind: "nic.added", host: "B", nic: "eth0", addr: "10.0.0.2/24", mtu: 1500 });
  feed({ n: 6, kind: "arp.sent", host: "A", nic: "eth0", arp: { op: "request",
    sender: "10.0.0.1", sender_mac: "", target: "10.0.0.2", target_mac: "" } });
  feed({ n: 7, kind: "packet.arrived", host: "S", pkt: 6, link: "l1" });
  feed({ n: 8, kind: "packet.duplicated", host: "S", pkt: 6 });
  feed({ n: 9, kind: "packet.arrived", host: "B", pkt: 6, link: "l2" });
  feed({ n: 10, kind: "arp.received", host: "B", pkt: 6, nic: "eth0" });
  feed({ n: 11, kind: "packet.arrived", host: "C", pkt: 8, link: "l3" });
  feed({ n: 12, kind: "arp.received", host: "C", pkt: 8, nic: "eth0" });
  const to = [rows.rowOf(6), rows.rowOf(8)].map((row) => rows.lanes[rows.to.at(row)]);
  assert.deepEqual(to, ["B", "C"]);
});
