// Commands as lines of the console: what a button would have been typed as, and what a
// call looks like in the transcript (as strace would print it). parse(line) of a line
// made here gives the same command again; a test holds the two together.

import { flushLine } from "./lan";
import { natLine, probeLine } from "./net";
import { NEW } from "./plan";
import type { LinkRule } from "../../gen/wire";
import { editLine, forgeLine, paramWords, rulesLine } from "./links";

type Fields = Record<string, unknown>;

/** The console line of one command. */
export function line(op: string, args: Fields): string {
  const f = (name: string): string => String(args[name] ?? "");
  const at = args["addr"] ? endpoint(args) : f("port");
  switch (op) {
    case "socket":
      return join("socket", f("proto"), f("family") === "ip6" ? "ip6" : "");
    case "bind":
      return `bind ${f("fd")} ${at}`;
    case "listen":
      return join("listen fd", f("fd"), f("backlog"));
    case "connect":
      return `connect fd ${f("fd")} ${at}`;
    case "accept":
    case "close":
    case "getsockname":
    case "getpeername":
      return `${op} ${f("fd")}`;
    case "send":
      return join("send", f("fd"), payload(args), flags(args));
    case "sendto":
      return join("sendto", f("fd"), at, payload(args), flags(args));
    case "recv":
    case "recvfrom":
      return join(op, f("fd"), f("max"), flags(args));
    case "shutdown":
      return `shutdown ${f("fd")} ${f("how")}`;
    case "setsockopt":
      return `setsockopt ${f("fd")} ${f("option")} ${f("text") || f("value")}`;
    case "getsockopt":
      return `getsockopt ${f("fd")} ${f("option")}`;
    case "poll":
      return join("poll", polled(args, " "), wait(args));
    case "ioctl":
      return `ioctl ${f("fd")} ${f("request")}`;
    case "fcntl":
      return join("fcntl", f("fd"), f("cmd"), flags(args));
    case "link.set":
      return join("tc link", f("link"), paramWords(args));
    case "link.add":
      return join("link add", end(args["a"]), end(args["b"]), paramWords(args));
    case "link.rules":
      return rulesLine(f("link"), (args["rules"] as LinkRule[] | undefined) ?? []);
    case "link.remove":
      return `link remove ${f("link")}`;
    case "host.add":
      return join(
        "host add",
        word(f("name") || f("id")),
        f("addr"),
        f("addr6"),
        args["forward"] ? "router" : "",
        args["bare"] ? "bare" : "",
        args["switch"] ? "switch" : "",
        named("profile", f("profile")),
      );
    case "host.remove":
      return `host remove ${f("host")}`;
    case "host.rename":
      return `host rename ${f("host")} ${word(f("name"))}`;
    case "nic.add":
      return join(
        "nic add",
        f("host"),
        f("addr"),
        f("addr6"),
        named("name", f("nic")),
        named("mtu", f("mtu")),
      );
    case "neigh.flush":
      return flushLine(args);
    case "nic.remove":
      return `nic remove ${f("host")} ${f("nic")}`;
    case "ping":
    case "traceroute":
      return probeLine(op, args);
    case "interrupt":
      return `interrupt ${f("call")}`;
    case "nat.set":
    case "nat.forward":
      return natLine(op, args);
    case "route.add":
      if (args["type"] && args["type"] !== "unicast")
        return `route add ${f("host")} ${f("dst")} ${f("type")}`;
      return join(
        `route add ${f("host")} ${f("dst")} via ${f("via")}`,
        named("mtu", f("mtu")),
        named("advmss", f("adv_mss")),
      );
    case "route.remove":
      return `route remove ${f("host")} ${f("dst")}`;
    case "knob.set":
      return `knob ${f("host")} ${f("knob")} ${word(f("value"))}`;
    case "proc.start":
      return join("proc start", f("host"), word(f("name")));
    case "proc.kill":
      return `proc kill ${f("proc")}`;
    case "segment.drop":
      return `drop #${f("pkt")}`;
    case "segment.delay":
      return `delay #${f("pkt")} ${Number(args["by_ns"]) / 1e6}ms`;
    case "segment.duplicate":
      return `duplicate #${f("pkt")}`;
    case "segment.corrupt":
      return `corrupt #${f("pkt")} ${f("bit")}`;
    case "segment.reorder":
      return `reorder #${f("pkt")}`;
    case "segment.mark":
      return `mark #${f("pkt")} ${f("ecn")}`;
    case "segment.edit":
      return editLine(args, quote);
    case "segment.inject":
      return forgeLine(args, quote);
    case "packet.inject":
      return `inject ${f("host")} ${f("base64")}`;
    case "clock.play":
      return join("play", f("speed"));
    case "clock.pause":
      return "pause";
    case "clock.step":
      return `step ${f("unit")}`;
    default:
      return join(op, ...Object.entries(args).map(([k, v]) => `${k}=${String(v)}`));
  }
}

/** The one line that stands for several steps: "listen 8081", "connect … from 3001". */
export function composite(steps: readonly { op: string; args: Fields }[]): string {
  const [first, ...rest] = steps;
  if (!first) return "";
  if (steps.length === 1) return line(first.op, first.args);
  const bind = rest.find((s) => s.op === "bind")?.args;
  const last = rest[rest.length - 1];
  const local = bind
    ? bind["addr"]
      ? endpoint(bind)
      : String(bind["port"])
    : "";
  if (last?.op === "listen") return join("listen", local, String(last.args["backlog"] ?? ""));
  if (last?.op === "connect") {
    return join(
      "connect",
      endpoint(last.args),
      bind ? `from ${local}` : "",
    );
  }
  if (first.args["proto"] === "udp" && bind) return `udp ${local}`;
  return steps.map((s) => line(s.op, s.args)).join("; ");
}

/** A call as strace prints it, without its result: `bind(3, *:8081)`. */
export function callText(op: string, args: Fields): string {
  const fd = args["fd"] === NEW ? "…" : String(args["fd"] ?? "");
  const port =
    args["port"] === undefined ? "" : endpoint({ addr: "*", ...args });
  const given: Record<string, string[]> = {
    socket: [String(args["proto"]), String(args["family"] ?? "")],
    bind: [fd, port],
    connect: [fd, port],
    listen: [fd, String(args["backlog"] ?? "")],
    send: [fd, payload(args), flags(args)],
    write: [fd, payload(args)],
    sendto: [fd, payload(args), flags(args), port],
    sendmsg: [fd, payload(args), flags(args), port],
    recv: [fd, String(args["max"] ?? ""), flags(args)],
    read: [fd, String(args["max"] ?? "")],
    recvfrom: [fd, String(args["max"] ?? ""), flags(args)],
    recvmsg: [fd, String(args["max"] ?? ""), flags(args)],
    poll: [polled(args, ", "), wait(args)],
    ioctl: [fd, String(args["request"] ?? "")],
    fcntl: [fd, String(args["cmd"] ?? ""), flags(args)],
    shutdown: [fd, String(args["how"] ?? "")],
    setsockopt: [fd, String(args["option"] ?? ""), String(args["text"] ?? args["value"] ?? "")],
    getsockopt: [fd, String(args["option"] ?? "")],
  };
  return `${op}(${(given[op] ?? [fd]).filter((s) => s !== "").join(", ")})`;
}

// An address and a port; IPv6 stands in brackets.
function endpoint(args: Fields): string {
  const addr = String(args["addr"]);
  return `${addr.includes(":") ? `[${addr}]` : addr}:${String(args["port"])}`;
}

// "mtu 1400", or nothing without a value.
function named(word: string, value: string): string {
  return value && `${word} ${value}`;
}

// The words of a call's flags, as they are typed.
function flags(args: Fields): string {
  return ((args["flags"] as string[] | undefined) ?? []).join(" ");
}

// What poll watches: "3 in,out" for each descriptor.
function polled(args: Fields, between: string): string {
  const fds = (args["fds"] as { fd: number; events: string[] }[] | undefined) ?? [];
  return fds
    .map((p) => join(String(p.fd), p.events.map((e) => e.slice(4).toLowerCase()).join(",")))
    .join(between);
}

function wait(args: Fields): string {
  const ms = Number(args["timeout_ms"] ?? -1);
  return ms < 0 ? "" : `timeout ${ms}`;
}

function payload(args: Fields): string {
  if (typeof args["text"] === "string") return quote(args["text"]);
  if (args["octets"] !== undefined && args["octets"] !== null)
    return `octets ${String(args["octets"])}`;
  return typeof args["base64"] === "string" ? `base64:${args["base64"]}` : '""';
}

/** A text in the console's quotes. */
export function quote(text: string): string {
  const escaped = text.replace(
    /[\\"\n\r\t\0]/g,
    (c) =>
      ({ "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0" })[c] ?? c,
  );
  return `"${escaped}"`;
}

function word(text: string): string {
  return /[\s"]/.test(text) ? quote(text) : text;
}

function end(value: unknown): string {
  const e = value as { host?: string; nic?: string } | undefined;
  return e?.nic ? `${e.host ?? ""}.${e.nic}` : (e?.host ?? "");
}

function join(...parts: string[]): string {
  return parts.filter((p) => p !== "").join(" ");
}
