// Tab: what the word before the caret could become.

import type { View } from "../model";
import { FIELDS, FORGE_WORDS, PARAM_WORDS, RULE_WORDS } from "./links";
import { verbs } from "./parse";

/** The completions of a line up to its caret, and where the word begins. */
export interface Completion {
  from: number;
  options: string[];
}

const FD_VERBS = new Set([
  "accept",
  "send",
  "recv",
  "close",
  "shutdown",
  "sendto",
  "recvfrom",
  "bind",
  "setsockopt",
  "getsockopt",
  "getsockname",
  "getpeername",
  "poll",
  "ioctl",
  "fcntl",
]);
const OPTIONS = [
  ..."O_NONBLOCK SO_REUSEADDR SO_REUSEPORT SO_BROADCAST SO_KEEPALIVE SO_OOBINLINE".split(" "),
  ..."SO_LINGER SO_RCVBUF SO_SNDBUF SO_RCVTIMEO SO_SNDTIMEO SO_ERROR SO_TYPE SO_DOMAIN".split(" "),
  ..."SO_PROTOCOL SO_ACCEPTCONN TCP_NODELAY TCP_CORK TCP_QUICKACK TCP_MAXSEG".split(" "),
  ..."TCP_CONGESTION TCP_KEEPIDLE TCP_KEEPINTVL TCP_KEEPCNT TCP_KEEPINIT".split(" "),
  ..."TCP_USER_TIMEOUT TCP_SYNCNT TCP_LINGER2 TCP_FASTOPEN TCP_FASTOPEN_CONNECT".split(" "),
  ..."TCP_INFO IP_TOS IP_TTL IP_MTU_DISCOVER IP_RECVERR IP_MTU IPV6_TCLASS".split(" "),
  ..."IPV6_UNICAST_HOPS IPV6_MTU_DISCOVER IPV6_RECVERR IPV6_MTU IPV6_V6ONLY".split(" "),
  ..."IP_ADD_MEMBERSHIP IP_DROP_MEMBERSHIP IP_MULTICAST_IF IP_MULTICAST_TTL".split(" "),
  ..."IP_MULTICAST_LOOP IPV6_JOIN_GROUP IPV6_LEAVE_GROUP IPV6_MULTICAST_IF".split(" "),
  ..."IPV6_MULTICAST_HOPS IPV6_MULTICAST_LOOP".split(" "),
];
const SECOND: Record<string, string[]> = {
  socket: ["tcp", "udp"],
  tc: ["link"],
  step: ["event", "segment", "quiet"],
  play: ["max"],
  proc: ["start", "kill"],
  host: ["add", "remove", "rename"],
  nic: ["add", "remove"],
  link: ["add", "remove"],
  route: ["add", "remove"],
  ss: ["-t", "-u", "-l"],
  nat: ["set", "forward", "unforward"],
  arp: ["flush"],
  ip: ["neigh", "maddr"],
  listen: ["fd"],
};

/** Completes the word at the end of `before`, for a process of a world. */
export function complete(before: string, view: View, proc: string): Completion {
  const from = before.search(/\S*$/);
  const typed = before.slice(from).toLowerCase();
  const words = before.slice(0, from).trim().split(/\s+/).filter(Boolean);
  const options = candidates(words, view, proc).filter((o) => o.toLowerCase().startsWith(typed));
  return { from, options: [...new Set(options)] };
}

function candidates(words: string[], view: View, proc: string): string[] {
  const verb = words[0]?.toLowerCase();
  if (verb === undefined) return verbs.map((v) => v.name);
  const fds = view.sockets.filter((s) => s.proc === proc).map((s) => String(s.fd));
  const hosts = view.hosts.map((h) => h.id);
  const links = view.links.map((l) => l.id);
  if (verb === "help") return verbs.map((v) => v.name);
  if (words.length === 1) {
    if (verb === "connect") return ["fd", ...listeners(view)];
    if (verb === "ping" || verb === "traceroute") return [...hosts, ...addresses(view)];
    if (verb === "interrupt") return probes(view);
    if (verb === "knob" || verb === "inject" || verb === "forge") return hosts;
    if (verb === "rules") return links;
    if (HANDS.has(verb)) return view.packets.map((p) => `#${p.pkt}`);
    return FD_VERBS.has(verb) ? fds : (SECOND[verb] ?? []);
  }
  if (words[1] === "fd" && words.length === 2) return fds;
  switch (verb) {
    case "tc":
      return words.length === 2 ? links : paramAfter(words);
    case "rules":
      return words.length === 2 ? ["none", ...RULE_WORDS] : RULE_WORDS;
    case "edit":
      return editAfter(words);
    case "forge":
      if (words.length === 2) return ["R", "RA", "S", "SA", "A", "PA", "FA"];
      return words.at(-1) === "conn" ? view.connections.map((c) => c.id) : FORGE_WORDS;
    case "connect":
      return words[1] === "fd" ? listeners(view) : ["from"];
    case "sendto":
      return words.length === 2 ? receivers(view) : ["octets"];
    case "send":
      return words.length === 2 ? ["octets"] : ["oob", "more", "dontwait"];
    case "recv":
    case "recvfrom":
      return ["peek", "oob", "dontwait", "waitall", "trunc"];
    case "poll":
      return words.length % 2 === 0 ? ["in", "out", "in,out", "pri", "rdhup"] : [...fds, "timeout"];
    case "ioctl":
      return ["SIOCINQ", "SIOCOUTQ", "SIOCOUTQNSD", "SIOCATMARK"];
    case "fcntl":
      return words.length === 2 ? ["F_GETFL", "F_SETFL"] : ["O_NONBLOCK"];
    case "shutdown":
      return ["rd", "wr", "rdwr"];
    case "setsockopt":
    case "getsockopt":
      return OPTIONS;
    case "proc":
      return words[1] === "kill" ? view.hosts.flatMap((h) => h.procs.map((p) => p.id)) : hosts;
    case "link":
      return words[1] === "remove" ? links : hosts;
    case "knob":
      return words.length === 2 ? knobs(view, words[1]) : [];
    case "ping":
      return words[words.length - 1] === "from"
        ? hosts
        : "count interval size ttl df timeout src from".split(" ");
    case "traceroute":
      return words[words.length - 1] === "from"
        ? hosts
        : "icmp udp hops probes timeout src from".split(" ");
    case "nat":
      return natWords(words, view, hosts);
    case "arp":
      return words.length === 2 ? hosts : [...addresses(view), "nic"];
    case "ip":
      return words.length === 2 && words[1] === "neigh" ? ["flush"] : [...hosts, "nic"];
    case "mark":
      return words.length === 2 ? ["ce", "ect0", "ect1", "not"] : [];
    case "host":
    case "nic":
    case "route":
      return hosts;
  }
  return [];
}

function addresses(view: View): string[] {
  return view.hosts.flatMap((h) =>
    h.nics.flatMap((n) => [n.addr, n.addr6].filter(Boolean).map((a) => a.split("/", 1)[0] ?? "")),
  );
}

function probes(view: View): string[] {
  return view.calls.filter((c) => c.op === "ping" || c.op === "traceroute").map((c) => c.id);
}

function natWords(words: string[], view: View, hosts: string[]): string[] {
  if (words.length === 2) return hosts;
  if (words.length === 3)
    return view.hosts.find((h) => h.id === words[2])?.nics.map((n) => n.id) ?? [];
  if (words[1] !== "set") return words.length === 4 ? ["tcp", "udp"] : [];
  if (words.length === 4) return ["masquerade", "off"];
  switch (words[words.length - 1]) {
    case "mapping":
    case "filtering":
      return ["independent", "address", "port"];
    case "hairpin":
      return ["on", "off"];
    case "refresh":
      return ["out", "both"];
  }
  return "mapping filtering ports hairpin refresh udp established transitory icmp".split(" ");
}

// The words that touch a packet in flight.
const HANDS = new Set(["drop", "delay", "duplicate", "corrupt", "reorder", "mark", "edit"]);

const ON_OFF = ["on", "off"];

// What may follow in a line of a link's parameters.
function paramAfter(words: string[]): string[] {
  const last = words.at(-1) ?? "";
  if (last === "discipline") return ["droptail", "codel", "red"];
  if (["overtaking", "ecn", "gentle"].includes(last)) return ON_OFF;
  return last === "back" ? ["same", ...PARAM_WORDS] : PARAM_WORDS;
}

function editAfter(words: string[]): string[] {
  const last = words.at(-1) ?? "";
  if (last === "ecn") return ["ce", "ect0", "ect1", "not"];
  if (last === "df") return ON_OFF;
  return [...FIELDS, "flags", "ecn", "df", "payload", "raw", "keep"];
}

function knobs(view: View, host: string | undefined): string[] {
  return view.hosts.find((h) => h.id === host)?.knobs.map((k) => k.name) ?? [];
}

// Where somebody listens, so that connect need not be typed in full.
function listeners(view: View): string[] {
  return view.sockets.filter((s) => s.listening).flatMap((s) => reach(view, s.host, s.local));
}

function receivers(view: View): string[] {
  return view.sockets
    .filter((s) => s.proto === "udp" && s.local)
    .flatMap((s) => reach(view, s.host, s.local));
}

function reach(view: View, host: string, local: string): string[] {
  const port = local.slice(local.lastIndexOf(":") + 1);
  const wild = local.startsWith("0.0.0.0:") || local.startsWith("*:");
  const wild6 = local.startsWith("[::]:");
  if (!wild && !wild6) return [local];
  const nics = view.hosts.find((h) => h.id === host)?.nics ?? [];
  return nics.flatMap((n) => [
    `${n.addr.split("/", 1)[0] ?? ""}:${port}`,
    ...(wild6 && n.addr6 ? [`[${n.addr6.split("/", 1)[0] ?? ""}]:${port}`] : []),
  ]);
}
