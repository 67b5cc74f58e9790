// The console's words for looking at the way between hosts: ping and traceroute, and what a
// router translates.

import { LineError, bad, isAddress, isAddress6, type Reader } from "./lex";
import { call, one, world, type Plan, type Process } from "./plan";

export function ping(r: Reader): Plan {
  const args: Record<string, unknown> = { addr: target(r) };
  while (r.more()) {
    if (r.take("from")) args["host"] = r.word("console.want.host").text;
    else if (r.take("count", "-c")) args["count"] = r.whole("console.want.value");
    else if (r.take("interval", "-i")) args["interval_ns"] = r.span();
    else if (r.take("size", "-s")) args["size"] = r.size();
    else if (r.take("ttl", "-t")) args["ttl"] = r.whole("console.want.value");
    else if (r.take("df")) args["df"] = true;
    else if (r.take("timeout", "-w")) args["timeout_ns"] = r.span();
    else if (r.take("src")) args["src"] = r.address("console.want.address", false);
    else throw bad("console.want.ping_param", r.word("console.want.ping_param"));
  }
  return probe("ping", args);
}

export function traceroute(r: Reader): Plan {
  const args: Record<string, unknown> = { addr: target(r) };
  while (r.more()) {
    if (r.take("from")) args["host"] = r.word("console.want.host").text;
    else if (r.take("hops", "-m")) args["max_hops"] = r.whole("console.want.value");
    else if (r.take("probes", "-q")) args["probes"] = r.whole("console.want.value");
    else if (r.take("udp")) args["proto"] = "udp";
    else if (r.take("icmp", "-i")) args["proto"] = "icmp";
    else if (r.take("timeout", "-w")) args["timeout_ns"] = r.span();
    else if (r.take("src")) args["src"] = r.address("console.want.address", false);
    else throw bad("console.want.trace_param", r.word("console.want.trace_param"));
  }
  return probe("traceroute", args);
}

// From a host by name, or from the console's own process.
function probe(op: string, args: Record<string, unknown>): Plan {
  return args["host"] === undefined ? call(op, args) : world(op, args);
}

// A name, or an address, with brackets or without.
function target(r: Reader): string {
  const w = r.word("console.want.target");
  const inner = /^\[(.*)\]$/.exec(w.text)?.[1] ?? w.text;
  if (/^[\d.]+$/.test(inner) ? isAddress(inner) : !inner.includes(":") || isAddress6(inner))
    return inner;
  throw bad("console.want.target", w);
}

export function interrupt(r: Reader, p: Process): Plan {
  if (r.more()) return world("interrupt", { call: r.word("console.want.call").text });
  const running = p.probes ?? [];
  if (running.length === 1) return world("interrupt", { call: running[0] });
  throw new LineError(running.length === 0 ? "console.no_probe" : "console.which_probe", 10, 1, {
    calls: running.join(", "),
  });
}

const WAYS = {
  independent: "endpoint-independent",
  address: "address-dependent",
  port: "address-and-port-dependent",
} as const;

export function nat(r: Reader): Plan {
  if (!r.more()) return { kind: "nat" };
  const what = one(r, "console.want.nat", "set", "forward", "unforward");
  const at = { host: r.word("console.want.host").text, nic: r.word("console.want.nic_name").text };
  if (what === "set") return world("nat.set", { ...at, ...settings(r) });
  const port = {
    proto: one(r, "console.want.proto", "tcp", "udp"),
    port: r.whole("console.want.value"),
  };
  if (what === "unforward") return world("nat.forward", { ...at, ...port });
  const to = r.endpoint();
  return world("nat.forward", { ...at, ...port, to: `${to.addr}:${to.port}` });
}

function settings(r: Reader): Record<string, unknown> {
  const args: Record<string, unknown> = {
    kind: one(r, "console.want.nat_kind", "masquerade", "off"),
  };
  while (r.more()) {
    if (r.take("mapping")) args["mapping"] = way(r);
    else if (r.take("filtering")) args["filtering"] = way(r);
    else if (r.take("ports")) ports(r, args);
    else if (r.take("hairpin")) args["hairpin"] = one(r, "console.want.on", "on", "off") === "on";
    else if (r.take("refresh"))
      args["inbound_refresh"] = one(r, "console.want.refresh", "both", "out") === "both";
    else if (r.take("udp")) args["udp_ns"] = r.span();
    else if (r.take("established")) args["established_ns"] = r.span();
    else if (r.take("transitory")) args["transitory_ns"] = r.span();
    else if (r.take("icmp")) args["icmp_ns"] = r.span();
    else throw bad("console.want.nat_param", r.word("console.want.nat_param"));
  }
  return args;
}

function way(r: Reader): string {
  return WAYS[
    one(r, "console.want.way", "independent", "address", "port") as keyof typeof WAYS
  ];
}

function ports(r: Reader, args: Record<string, unknown>): void {
  const w = r.word("console.want.ports");
  const m = /^(\d{1,5})-(\d{1,5})$/.exec(w.text);
  if (!m) throw bad("console.want.ports", w);
  args["port_low"] = Number(m[1]);
  args["port_high"] = Number(m[2]);
}

/** The line of ping and traceroute. */
export function probeLine(op: string, args: Record<string, unknown>): string {
  const span = (name: string, field: string): string =>
    args[field] === undefined ? "" : `${name} ${Number(args[field]) / 1e6}ms`;
  const plain = (name: string, field: string): string =>
    args[field] === undefined || args[field] === "" ? "" : `${name} ${String(args[field])}`;
  return [
    op,
    String(args["addr"] ?? ""),
    plain("from", "host"),
    plain("count", "count"),
    span("interval", "interval_ns"),
    plain("size", "size"),
    plain("ttl", "ttl"),
    args["df"] ? "df" : "",
    plain("hops", "max_hops"),
    plain("probes", "probes"),
    String(args["proto"] ?? ""),
    span("timeout", "timeout_ns"),
    plain("src", "src"),
  ]
    .filter((s) => s !== "")
    .join(" ");
}

/** The line of nat.set and nat.forward. */
export function natLine(op: string, args: Record<string, unknown>): string {
  const given = (field: string): boolean => args[field] !== undefined && args[field] !== "";
  const at = `${String(args["host"])} ${String(args["nic"])}`;
  if (op === "nat.forward") {
    const port = `${String(args["proto"])} ${String(args["port"])}`;
    return given("to")
      ? `nat forward ${at} ${port} ${String(args["to"])}`
      : `nat unforward ${at} ${port}`;
  }
  const short = (field: string): string =>
    Object.entries(WAYS).find(([, whole]) => whole === args[field])?.[0] ?? String(args[field]);
  const words = [`nat set ${at} ${String(args["kind"])}`];
  if (given("mapping")) words.push(`mapping ${short("mapping")}`);
  if (given("filtering")) words.push(`filtering ${short("filtering")}`);
  if (given("port_low")) words.push(`ports ${String(args["port_low"])}-${String(args["port_high"])}`);
  if (given("hairpin")) words.push(`hairpin ${args["hairpin"] ? "on" : "off"}`);
  if (given("inbound_refresh")) words.push(`refresh ${args["inbound_refresh"] ? "both" : "out"}`);
  for (const name of ["udp", "established", "transitory", "icmp"]) {
    if (given(`${name}_ns`)) words.push(`${name} ${Number(args[`${name}_ns`]) / 1e6}ms`);
  }
  return words.join(" ");
}
