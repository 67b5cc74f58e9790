// The console's words for the world around a process: links, hosts, routes, processes,
// packets in flight, and the clock.

import { LineError, bad, isAddress, isAddress6, type Reader } from "./lex";
import { edit, linkParams } from "./links";
import { clock, one, world, type Plan } from "./plan";

export function tc(r: Reader): Plan {
  if (!r.take("link")) {
    const w = r.word("console.want.tc");
    throw bad("console.want.tc", w);
  }
  const id = r.word("console.want.link").text;
  return world("link.set", { link: id, ...linkParams(r, true) });
}

export function proc(r: Reader): Plan {
  if (one(r, "console.want.proc", "start", "kill") === "kill") {
    return world("proc.kill", { proc: r.word("console.want.process").text });
  }
  const args: Record<string, unknown> = { host: r.word("console.want.host").text };
  if (r.more()) args["name"] = r.word("console.want.name").text;
  return world("proc.start", args);
}

export function host(r: Reader): Plan {
  const what = one(r, "console.want.host_verb", "add", "remove", "rename");
  if (what === "remove") return world("host.remove", { host: r.word("console.want.host").text });
  if (what === "rename") {
    return world("host.rename", {
      host: r.word("console.want.host").text,
      name: r.word("console.want.name").text,
    });
  }
  const args: Record<string, unknown> = {};
  while (r.more()) {
    const next = r.ahead() ?? "";
    if (next.includes("/") || isAddress(next) || isAddress6(next)) {
      args[next.includes(":") ? "addr6" : "addr"] = r.address("console.want.prefix", true);
      continue;
    }
    const w = r.word("console.want.name");
    if (w.text === "router") args["forward"] = true;
    else if (w.text === "bare") args["bare"] = true;
    else if (w.text === "switch") args["switch"] = true;
    else if (w.text === "profile") args["profile"] = r.word("console.want.profile").text;
    else args["name"] = args["id"] = w.text;
  }
  return world("host.add", args);
}

export function nic(r: Reader): Plan {
  const what = one(r, "console.want.nic", "add", "remove");
  const at = r.word("console.want.host").text;
  if (what === "remove")
    return world("nic.remove", { host: at, nic: r.word("console.want.nic_name").text });
  const args: Record<string, unknown> = { host: at };
  if (/\//.test(r.ahead() ?? "")) args["addr"] = r.address("console.want.prefix", true);
  while (r.more()) {
    if (r.take("name")) args["nic"] = r.word("console.want.nic_name").text;
    else if (r.take("mtu")) args["mtu"] = r.size();
    else args["addr6"] = r.address("console.want.prefix", true);
  }
  return world("nic.add", args);
}

export function link(r: Reader): Plan {
  if (one(r, "console.want.link_verb", "add", "remove") === "remove") {
    return world("link.remove", { link: r.word("console.want.link").text });
  }
  return world("link.add", { a: end(r), b: end(r), ...linkParams(r, false) });
}

function end(r: Reader): { host: string; nic?: string } {
  const [at = "", nicName] = r.word("console.want.host").text.split(".", 2);
  return { host: at, ...(nicName ? { nic: nicName } : {}) };
}

export function route(r: Reader): Plan {
  const what = one(r, "console.want.route", "add", "remove");
  const at = r.word("console.want.host").text;
  const dst = r.address("console.want.prefix", true);
  if (what === "remove") return world("route.remove", { host: at, dst });
  for (const type of ["blackhole", "unreachable", "prohibit"])
    if (r.take(type)) return world("route.add", { host: at, dst, type });
  if (!r.take("via"))
    throw r.more() ? bad("console.want.via", r.word("console.want.via")) : missing(r);
  const args: Record<string, unknown> = { via: r.address("console.want.address", false) };
  while (r.more()) {
    if (r.take("mtu")) args["mtu"] = r.size();
    else if (r.take("advmss")) args["adv_mss"] = r.size();
    else throw bad("console.want.route_param", r.word("console.want.route_param"));
  }
  return world("route.add", { host: at, dst, ...args });
}

function missing(r: Reader): LineError {
  try {
    r.word("console.want.via");
  } catch (e) {
    if (e instanceof LineError) return e;
  }
  return new LineError("console.want", 0, 1);
}

export function knob(r: Reader): Plan {
  return world("knob.set", {
    host: r.word("console.want.host").text,
    knob: r.word("console.want.knob").text,
    value: r.word("console.want.value").text,
  });
}

/** What a hand does to one packet in flight. */
export const edits = {
  drop: (r: Reader): Plan => world("segment.drop", { pkt: number(r) }),
  delay: (r: Reader): Plan => world("segment.delay", { pkt: number(r), by_ns: r.span() }),
  duplicate: (r: Reader): Plan => world("segment.duplicate", { pkt: number(r) }),
  corrupt: (r: Reader): Plan =>
    world("segment.corrupt", { pkt: number(r), bit: r.whole("console.want.bit") }),
  reorder: (r: Reader): Plan => world("segment.reorder", { pkt: number(r) }),
  mark: (r: Reader): Plan =>
    world("segment.mark", {
      pkt: number(r),
      ecn: one(r, "console.want.ecn", "not", "ect0", "ect1", "ce"),
    }),
  edit: (r: Reader): Plan => edit(r, number(r)),
};

/** A whole IP packet from an interface of a host. */
export function inject(r: Reader): Plan {
  return world("packet.inject", {
    host: r.word("console.want.host").text,
    base64: r.word("console.want.base64").text,
  });
}

export function play(r: Reader): Plan {
  if (!r.more()) return clock("clock.play", {});
  const w = r.word("console.want.speed");
  if (w.text === "max") return clock("clock.play", { speed: "max" });
  const x = Number(w.text.replace(/^[x×]/, ""));
  if (!(x >= 0.001 && x <= 1000)) throw bad("console.want.speed", w);
  return clock("clock.play", { speed: x });
}

export function step(r: Reader): Plan {
  return clock("clock.step", {
    unit: r.more() ? one(r, "console.want.unit", "event", "segment", "quiet") : "event",
  });
}

function number(r: Reader): number {
  const w = r.word("console.want.number");
  const m = /^#?(\d{1,15})$/.exec(w.text);
  if (!m) throw bad("console.want.number", w);
  return Number(m[1]);
}
