// The console's language: a line → what to do. Friendly words (listen, connect) stand for
// several calls; each call also has its own word, and everything a button does can be
// said here, because buttons echo these lines.
//
// Pure: it never looks at the world beyond the process it is told of. What is a sensible
// line but cannot succeed (port 65536, fd 99) is for the system to refuse.

import type { Key } from "../text";
import { LineError, Reader, bad, lex, type Word } from "./lex";
import { arp, ip, mac } from "./lan";
import { interrupt, nat, ping, traceroute } from "./net";
import { NEW, call, calls, clock, one, type Plan, type Process, type Step } from "./plan";
import { forge, rules } from "./links";
import { edits, host, inject, knob, link, nic, play, proc, route, step, tc } from "./world";

export { NEW, type Plan, type Process, type Step } from "./plan";

/** One word of the language. */
export interface Verb {
  name: string;
  usage: string;
  help: Key;
  parse(r: Reader, p: Process): Plan;
}

const fd = (r: Reader): number => r.whole("console.want.fd");

/** All verbs, in the order help lists them. */
export const verbs: readonly Verb[] = [
  {
    name: "listen",
    usage: "listen [addr:]port [backlog] | listen fd FD [backlog]",
    help: "help.listen",
    parse: listen,
  },
  {
    name: "connect",
    usage: "connect addr:port [from [addr:]port] | connect fd FD addr:port",
    help: "help.connect",
    parse: connect,
  },
  { name: "accept", usage: "accept [FD]", help: "help.accept", parse: accept },
  { name: "send", usage: 'send FD "text"|octets N [oob|more|…]', help: "help.send", parse: send },
  {
    name: "recv",
    usage: "recv FD [most] [peek|oob|waitall|…]",
    help: "help.recv",
    parse: (r) => call("recv", { fd: fd(r), ...most(r), ...flags(r, ...RECV_FLAGS) }),
  },
  {
    name: "close",
    usage: "close FD",
    help: "help.close",
    parse: (r) => call("close", { fd: fd(r) }),
  },
  { name: "shutdown", usage: "shutdown FD rd|wr|rdwr", help: "help.shutdown", parse: shutdown },
  { name: "udp", usage: "udp [[addr:]port]", help: "help.udp", parse: udp },
  {
    name: "sendto",
    usage: 'sendto FD addr:port "text"|octets N [fastopen|…]',
    help: "help.sendto",
    parse: sendto,
  },
  {
    name: "recvfrom",
    usage: "recvfrom FD [most] [peek|trunc|…]",
    help: "help.recvfrom",
    parse: (r) => call("recvfrom", { fd: fd(r), ...most(r), ...flags(r, ...RECV_FLAGS) }),
  },
  {
    name: "socket",
    usage: "socket tcp|udp [ip6]",
    help: "help.socket",
    parse: (r) =>
      call("socket", {
        proto: one(r, "console.want.proto", "tcp", "udp"),
        ...(r.take("ip6") ? { family: "ip6" } : {}),
      }),
  },
  {
    name: "poll",
    usage: "poll FD in,out,pri,rdhup … [timeout MS]",
    help: "help.poll",
    parse: poll,
  },
  {
    name: "ioctl",
    usage: "ioctl FD SIOCINQ|SIOCOUTQ|SIOCATMARK",
    help: "help.ioctl",
    parse: (r) =>
      call("ioctl", { fd: fd(r), request: r.word("console.want.option").text.toUpperCase() }),
  },
  {
    name: "fcntl",
    usage: "fcntl FD F_GETFL | fcntl FD F_SETFL [O_NONBLOCK]",
    help: "help.fcntl",
    parse: fcntl,
  },
  {
    name: "bind",
    usage: "bind FD [addr:]port",
    help: "help.bind",
    parse: (r) => call("bind", { fd: fd(r), ...r.local() }),
  },
  {
    name: "setsockopt",
    usage: "setsockopt FD OPTION value|name",
    help: "help.setsockopt",
    parse: setsockopt,
  },
  {
    name: "getsockopt",
    usage: "getsockopt FD OPTION",
    help: "help.getsockopt",
    parse: (r) => call("getsockopt", { fd: fd(r), option: option(r) }),
  },
  {
    name: "getsockname",
    usage: "getsockname FD",
    help: "help.getsockname",
    parse: (r) => call("getsockname", { fd: fd(r) }),
  },
  {
    name: "getpeername",
    usage: "getpeername FD",
    help: "help.getpeername",
    parse: (r) => call("getpeername", { fd: fd(r) }),
  },
  { name: "ss", usage: "ss [-t|-u|-l]", help: "help.ss", parse: ss },
  {
    name: "tc",
    usage:
      "tc link LINK [delay 40ms] [jitter 2ms] [overtaking on] [loss 5%] [duplicate 1%]" +
      " [corrupt 1%] [reorder 1%] [rate 10mbit] [queue 64k] [packets N]" +
      " [discipline droptail|codel|red] [ecn on] [target 5ms] [interval 100ms] [min N] [max N]" +
      " [maxp 10%] [weight N] [gentle on] [up|down] [back … | back same]",
    help: "help.tc",
    parse: tc,
  },
  {
    name: "ping",
    usage:
      "ping HOST|addr [count N] [interval 1s] [size N] [ttl N] [df] [timeout 2s] [src addr]" +
      " [from HOST]",
    help: "help.ping",
    parse: ping,
  },
  {
    name: "traceroute",
    usage: "traceroute HOST|addr [udp|icmp] [hops N] [probes N] [timeout 2s] [from HOST]",
    help: "help.traceroute",
    parse: traceroute,
  },
  { name: "interrupt", usage: "interrupt [CALL]", help: "help.interrupt", parse: interrupt },
  {
    name: "nat",
    usage:
      "nat | nat set HOST NIC masquerade|off [mapping independent|address|port]" +
      " [filtering …] [ports LOW-HIGH] [hairpin on|off] [refresh out|both] [udp 300s] …" +
      " | nat forward HOST NIC tcp|udp PORT addr:port | nat unforward HOST NIC tcp|udp PORT",
    help: "help.nat",
    parse: nat,
  },
  {
    name: "rules",
    usage: "rules LINK drop data nth 3 / delay 50ms ack every 4 / … | rules LINK none",
    help: "help.rules",
    parse: rules,
  },
  {
    name: "arp",
    usage: "arp | arp flush HOST [addr] [nic NIC]",
    help: "help.arp",
    parse: arp,
  },
  { name: "ip", usage: "ip neigh [flush HOST …] | ip maddr", help: "help.ip", parse: ip },
  { name: "mac", usage: "mac", help: "help.mac", parse: mac },
  { name: "drop", usage: "drop #N", help: "help.drop", parse: edits.drop },
  { name: "delay", usage: "delay #N 50ms", help: "help.delay", parse: edits.delay },
  { name: "duplicate", usage: "duplicate #N", help: "help.duplicate", parse: edits.duplicate },
  { name: "corrupt", usage: "corrupt #N BIT", help: "help.corrupt", parse: edits.corrupt },
  { name: "reorder", usage: "reorder #N", help: "help.reorder", parse: edits.reorder },
  { name: "mark", usage: "mark #N not|ect0|ect1|ce", help: "help.mark", parse: edits.mark },
  {
    name: "edit",
    usage: 'edit #N FIELD VALUE … [payload OFFSET "text"] [raw OFFSET "text"] [keep]',
    help: "help.edit",
    parse: edits.edit,
  },
  {
    name: "forge",
    usage:
      "forge HOST FLAGS [conn c1 [self]] [from addr:port] [to addr:port] [seq N] [by N]" +
      ' [ack N] [wnd N] [mss N] [ttl N] [bad] ["text"]',
    help: "help.forge",
    parse: forge,
  },
  { name: "inject", usage: "inject HOST BASE64", help: "help.inject", parse: inject },
  {
    name: "proc",
    usage: "proc start HOST [name] | proc kill PROCESS",
    help: "help.proc",
    parse: proc,
  },
  {
    name: "host",
    usage:
      "host add [NAME] [addr/len] [addr6/len] [router|bare|switch] [profile NAME]" +
      " | host remove HOST | host rename HOST NAME",
    help: "help.host",
    parse: host,
  },
  {
    name: "nic",
    usage: "nic add HOST addr/len [addr6/len] [mtu N] | nic add SWITCH [name PORT] [mtu N] | nic remove HOST NIC",
    help: "help.nic",
    parse: nic,
  },
  {
    name: "link",
    usage: "link add HOST[.nic] HOST[.nic] [delay 40ms] … | link remove LINK",
    help: "help.link",
    parse: link,
  },
  {
    name: "route",
    usage:
      "route add HOST addr/len via addr [mtu N] [advmss N]" +
      " | route add HOST addr/len blackhole|unreachable|prohibit | route remove HOST addr/len",
    help: "help.route",
    parse: route,
  },
  { name: "knob", usage: "knob HOST NAME value", help: "help.knob", parse: knob },
  { name: "play", usage: "play [speed|max]", help: "help.play", parse: play },
  { name: "pause", usage: "pause", help: "help.pause", parse: () => clock("clock.pause", {}) },
  { name: "step", usage: "step [event|segment|quiet]", help: "help.step", parse: step },
  {
    name: "help",
    usage: "help [command]",
    help: "help.help",
    parse: (r) => ({ kind: "help", about: r.more() ? r.word("console.want.verb").text : "" }),
  },
  { name: "clear", usage: "clear", help: "help.clear", parse: () => ({ kind: "clear" }) },
];

/** Parses a line; a LineError says what is wrong and where. An empty line is null. */
export function parse(line: string, process: Process): Plan | null {
  const words = lex(line);
  const first = words[0];
  if (!first) return null;
  const verb = verbs.find((v) => v.name === first.text.toLowerCase());
  if (!verb) throw unknown(first);
  const r = new Reader(words.slice(1), line.trimEnd().length + 1);
  const plan = verb.parse(r, process);
  r.done();
  return plan;
}

function unknown(w: Word): LineError {
  const near = verbs.map((v) => v.name).sort((a, b) => apart(a, w.text) - apart(b, w.text))[0];
  return near !== undefined && apart(near, w.text) <= 2
    ? new LineError("console.unknown_near", w.col, w.width, { word: w.text, near })
    : new LineError("console.unknown", w.col, w.width, { word: w.text });
}

function listen(r: Reader): Plan {
  if (r.take("fd")) return call("listen", { fd: fd(r), ...backlog(r) });
  const at = r.local();
  return calls(
    socketFor("tcp", at.addr),
    { op: "bind", args: { fd: NEW, ...at } },
    { op: "listen", args: { fd: NEW, ...backlog(r) } },
  );
}

function connect(r: Reader): Plan {
  if (r.take("fd")) return call("connect", { fd: fd(r), ...r.endpoint() });
  const to = r.endpoint();
  const steps: Step[] = [socketFor("tcp", to.addr)];
  if (r.take("from")) steps.push({ op: "bind", args: { fd: NEW, ...r.local() } });
  return calls(...steps, { op: "connect", args: { fd: NEW, ...to } });
}

// An address of IPv6 wants a socket of its family.
function socketFor(proto: string, addr: string | undefined): Step {
  return { op: "socket", args: { proto, ...(addr?.includes(":") ? { family: "ip6" } : {}) } };
}

function accept(r: Reader, p: Process): Plan {
  if (r.more()) return call("accept", { fd: fd(r) });
  if (p.listeners.length === 1) return call("accept", { fd: p.listeners[0] });
  throw new LineError(
    p.listeners.length === 0 ? "console.no_listener" : "console.which_listener",
    7,
    1,
    { fds: p.listeners.join(", ") },
  );
}

function send(r: Reader): Plan {
  return call("send", { fd: fd(r), ...payload(r), ...flags(r, ...SEND_FLAGS) });
}

function sendto(r: Reader): Plan {
  const to = { fd: fd(r), ...r.endpoint(), ...payload(r) };
  return call("sendto", { ...to, ...flags(r, "fastopen", ...SEND_FLAGS) });
}

function poll(r: Reader): Plan {
  const fds: { fd: number; events: string[] }[] = [];
  let timeout = -1;
  while (r.more()) {
    if (r.take("timeout")) {
      timeout = r.whole("console.want.value");
      break;
    }
    fds.push({ fd: fd(r), events: r.more() ? pollEvents(r) : [] });
  }
  return call("poll", { fds, timeout_ms: timeout });
}

const POLLED = ["POLLIN", "POLLOUT", "POLLPRI", "POLLRDHUP"];

function pollEvents(r: Reader): string[] {
  const w = r.word("console.want.poll");
  return w.text
    .toUpperCase()
    .split(",")
    .map((e) => (e.startsWith("POLL") ? e : `POLL${e}`))
    .map((e) => {
      if (!POLLED.includes(e)) throw bad("console.want.poll", w);
      return e;
    });
}

function fcntl(r: Reader): Plan {
  const args = { fd: fd(r), cmd: r.word("console.want.option").text.toUpperCase() };
  return call("fcntl", r.take("o_nonblock") ? { ...args, flags: ["O_NONBLOCK"] } : args);
}

function udp(r: Reader): Plan {
  if (!r.more()) return calls(socketFor("udp", undefined));
  const at = r.local();
  return calls(socketFor("udp", at.addr), { op: "bind", args: { fd: NEW, ...at } });
}

function shutdown(r: Reader): Plan {
  return call("shutdown", { fd: fd(r), how: one(r, "console.want.how", "rd", "wr", "rdwr") });
}

function setsockopt(r: Reader): Plan {
  const args = { fd: fd(r), option: option(r) };
  const name = r.ahead() !== undefined && !/^-?\d+$/.test(r.ahead() ?? "");
  return call(
    "setsockopt",
    name && TEXT_OPTIONS.test(args.option)
      ? { ...args, text: r.word("console.want.value").text }
      : { ...args, value: r.whole("console.want.value") },
  );
}

// The options that are set to a name, a group or an interface.
const TEXT_OPTIONS = /^(TCP_CONGESTION|IP_(ADD|DROP)_MEMBERSHIP|IPV6_(JOIN|LEAVE)_GROUP|IP(V6)?_MULTICAST_IF)$/;

function ss(r: Reader): Plan {
  let proto: "tcp" | "udp" | "all" = "all";
  let listening = false;
  while (r.more()) {
    const w = r.word("console.want.ss");
    if (!/^-[tuanl]+$/.test(w.text)) throw bad("console.want.ss", w);
    const t = w.text.includes("t");
    const u = w.text.includes("u");
    if (t !== u) proto = t ? "tcp" : "udp";
    listening ||= w.text.includes("l");
  }
  return { kind: "ss", proto, listening };
}

function payload(r: Reader): Record<string, unknown> {
  if (r.take("octets")) return { octets: r.size() };
  return { text: r.word("console.want.text").text };
}

function most(r: Reader): Record<string, unknown> {
  return /^-?\d/.test(r.ahead() ?? "") ? { max: r.whole("console.want.value") } : {};
}

// What a call may be asked besides (MSG_…).
const SEND_FLAGS = ["more", "dontwait", "oob", "nosignal"];
const RECV_FLAGS = ["peek", "dontwait", "oob", "waitall", "trunc"];

function flags(r: Reader, ...known: string[]): Record<string, unknown> {
  const list: string[] = [];
  while (known.includes(r.ahead()?.toLowerCase() ?? "")) {
    list.push(r.word("console.want.option").text.toLowerCase());
  }
  return list.length > 0 ? { flags: list } : {};
}

function backlog(r: Reader): Record<string, unknown> {
  return r.more() ? { backlog: r.whole("console.want.backlog") } : {};
}

function option(r: Reader): string {
  return r.word("console.want.option").text.toUpperCase();
}

/** Levenshtein's distance; both are short words. */
function apart(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
