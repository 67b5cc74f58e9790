// Which fields each form of the socket table has, and what calls it makes of them. Pure.

import { NEW, type Step } from "../console/parse";
import type { Key } from "../text";
import type { Action } from "./rows";

/** What can be made anew. */
export type Fresh = "listen" | "connect" | "udp" | "socket" | "ping" | "process";

/** A field of a form by name; two fields of one form never have the same. */
export type Name = "name" | "proto" | "addr" | "port" | "from" | "backlog" | "text" | "how" | "target" | "count";

/** One field: a line of text or, with options, a choice. */
export interface Row {
  name: Name;
  label: Key;
  start?: string;
  required?: boolean;
  placeholder?: string | { key: Key };
  hint?: Key;
  pattern?: string;
  numeric?: boolean;
  mono?: boolean;
  wide?: boolean;
  options?: readonly (readonly [value: string, text: string | { key: Key }])[];
}

/** What was given, by field. */
export type Given = Record<Name, string>;

const PORT = { pattern: "-?\\d{1,9}", numeric: true, mono: true };
const ADDR = { pattern: "\\d{1,3}(\\.\\d{1,3}){3}", mono: true };

const port = (placeholder = ""): Row => ({
  name: "port", label: "form.port", required: true, placeholder, ...PORT,
});
const remote: Row = {
  name: "addr", label: "form.addr", required: true, placeholder: "50.50.50.50", ...ADDR,
};
const local: Row = {
  name: "addr", label: "form.addr_local", placeholder: "*", hint: "form.addr_hint", ...ADDR,
};
const from: Row = {
  name: "from", label: "form.from_port", placeholder: { key: "form.ephemeral" }, ...PORT,
};
const backlog: Row = { name: "backlog", label: "form.backlog", placeholder: "128", ...PORT };
const text: Row = { name: "text", label: "form.text", start: "hello", wide: true, mono: true };
const proto: Row = {
  name: "proto", label: "form.proto", start: "tcp", options: [["tcp", "TCP"], ["udp", "UDP"]],
};
const how: Row = {
  name: "how",
  label: "form.how",
  start: "wr",
  options: [
    ["wr", { key: "form.how_wr" }],
    ["rd", { key: "form.how_rd" }],
    ["rdwr", { key: "form.how_rdwr" }],
  ],
};

/** The fields of what is made anew. */
export const FRESH: Readonly<Record<Fresh, readonly Row[]>> = {
  process: [{ name: "name", label: "process.name", placeholder: "client" }],
  socket: [proto],
  listen: [port("8081"), local, backlog],
  udp: [port("5000"), local],
  connect: [remote, port("8081"), from],
  ping: [
    { name: "target", label: "form.target", required: true, placeholder: "B", mono: true },
    { name: "count", label: "form.count", placeholder: "4", numeric: true, mono: true },
  ],
};

/** The fields of a call on a socket; calls without any are made at once. */
export const ACTION: Readonly<Record<Action, readonly Row[]>> = {
  bind: [port(), local],
  listen: [backlog],
  accept: [],
  connect: [remote, port()],
  send: [text],
  sendto: [remote, port(), text],
  recv: [],
  recvfrom: [],
  shutdown: [how],
  close: [],
};

/** What was given in a form, from what its fields hold: fields it has not are empty. */
export function read(held: ReadonlyMap<Name, { value: string }>): Given {
  const of = (name: Name): string => held.get(name)?.value ?? "";
  return {
    name: of("name"), proto: of("proto"), addr: of("addr"), port: of("port"), from: of("from"),
    backlog: of("backlog"), text: of("text"), how: of("how"), target: of("target"),
    count: of("count"),
  };
}

/** The calls that make a new socket, one after the other. */
export function stepsOf(what: Exclude<Fresh, "process">, g: Given): Step[] {
  const socket = (p: string): Step => ({ op: "socket", args: { proto: p } });
  const bind: Step = { op: "bind", args: { fd: NEW, ...endpoint(g) } };
  switch (what) {
    case "socket":
      return [socket(g.proto)];
    case "udp":
      return [socket("udp"), bind];
    case "ping":
      return [
        {
          op: "ping",
          args: { addr: g.target.trim(), ...(g.count ? { count: Number(g.count) } : {}) },
        },
      ];
    case "listen":
      return [socket("tcp"), bind, { op: "listen", args: { fd: NEW, ...waiting(g) } }];
    case "connect":
      return [
        socket("tcp"),
        ...(g.from ? [{ op: "bind", args: { fd: NEW, port: Number(g.from) } }] : []),
        { op: "connect", args: { fd: NEW, ...endpoint(g) } },
      ];
  }
}

/** The arguments of a call beside its descriptor. */
export function argsOf(action: Action, g: Given): Record<string, unknown> {
  switch (action) {
    case "bind":
    case "connect":
      return endpoint(g);
    case "send":
      return { text: g.text };
    case "sendto":
      return { ...endpoint(g), text: g.text };
    case "listen":
      return waiting(g);
    case "shutdown":
      return { how: g.how };
    default:
      return {};
  }
}

function endpoint(g: Given): Record<string, unknown> {
  const addr = g.addr.trim();
  return { ...(addr ? { addr } : {}), port: Number(g.port) };
}

function waiting(g: Given): Record<string, unknown> {
  return g.backlog ? { backlog: Number(g.backlog) } : {};
}
