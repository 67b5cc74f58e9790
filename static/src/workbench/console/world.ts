// The console's words for the world around a process: links, hosts, routes, processes,
// packets in flight, and the clock.

import { LineError, bad, type Reader } from "./lex";
import { clock, one, world, type Plan } from "./plan";

export function tc(r: Reader): Plan {
  if (!r.take("link")) {
    const w = r.word("console.want.tc");
    throw bad("console.want.tc", w);
  }
  const id = r.word("console.want.link").text;
  return world("link.set", { link: id, ...linkParams(r, true) });
}

function linkParams(r: Reader, change: boolean): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  if (change && !r.more()) r.word("console.want.param");
  while (r.more()) {
    if (r.take("delay")) args["delay_ns"] = r.span();
    else if (r.take("jitter")) args["jitter_ns"] = r.span();
    else if (r.take("loss")) args["loss_ppm"] = r.share();
    else if (r.take("rate")) args["rate_bps"] = r.rate();
    else if (r.take("queue")) args["queue_octets"] = r.size();
    else if (change && r.take("up")) args["up"] = true;
    else if (change && r.take("down")) args["up"] = false;
    else throw bad("console.want.param", r.word("console.want.param"));
  }
  return args;
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
    if (r.take("router")) {
      args["forward"] = true;
      continue;
    }
    const w = r.word("console.want.name");
    if (w.text.includes("/")) args["addr"] = w.text;
    else args["name"] = args["id"] = w.text;
  }
  return world("host.add", args);
}

export function nic(r: Reader): Plan {
  const what = one(r, "console.want.nic", "add", "remove");
  const at = r.word("console.want.host").text;
  if (what === "remove")
    return world("nic.remove", { host: at, nic: r.word("console.want.nic_name").text });
  return world("nic.add", { host: at, addr: r.address("console.want.prefix", true) });
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
  if (!r.take("via"))
    throw r.more() ? bad("console.want.via", r.word("console.want.via")) : missing(r);
  return world("route.add", { host: at, dst, via: r.address("console.want.address", false) });
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

export function number(r: Reader): number {
  const w = r.word("console.want.number");
  const m = /^#?(\d{1,15})$/.exec(w.text);
  if (!m) throw bad("console.want.number", w);
  return Number(m[1]);
}
