// The console's words for what links do and what hands do to packets: parameters, rules,
// edits, forged segments; and the same things written as lines again.

import type { LinkRule } from "../../gen/wire";
import { bad, isAddress, isAddress6, type Reader } from "./lex";
import { one, world, type Plan } from "./plan";

type Args = Record<string, unknown>;

/** One parameter: its word, its field, how it is read and written. */
interface Param {
  word: string;
  field: string;
  read(r: Reader): unknown;
  show(v: unknown): string;
}

const ms = (v: unknown): string => `${Number(v) / 1e6}ms`;
const percentage = (v: unknown): string => `${Number(v) / 1e4}%`;
const span = (r: Reader): number => r.span();
const share = (r: Reader): number => r.share();
const size = (r: Reader): number => r.size();
const count = (r: Reader): number => r.whole("console.want.whole");
// On the wire 0 is a condition that is absent: what a rule may not ask for here, since it
// would then act on every packet.
const ordinal = (r: Reader): number => r.above("console.want.ordinal", (x) => x.whole("console.want.ordinal"));
const chance = (r: Reader): number => r.above("console.want.chance", (x) => x.share());
const onOff = (r: Reader): boolean => one(r, "console.want.on_off", "on", "off") === "on";
const showOnOff = (v: unknown): string => (v ? "on" : "off");

/** The parameters of links, in the order of lines. */
export const PARAMS: readonly Param[] = [
  { word: "delay", field: "delay_ns", read: span, show: ms },
  { word: "jitter", field: "jitter_ns", read: span, show: ms },
  { word: "overtaking", field: "jitter_reorders", read: onOff, show: showOnOff },
  { word: "loss", field: "loss_ppm", read: share, show: percentage },
  { word: "duplicate", field: "dup_ppm", read: share, show: percentage },
  { word: "corrupt", field: "corrupt_ppm", read: share, show: percentage },
  { word: "reorder", field: "reorder_ppm", read: share, show: percentage },
  {
    word: "rate",
    field: "rate_bps",
    read: (r) => r.rate(),
    show: (v) => (v === 0 ? "0" : `${Number(v) / 1e6}mbit`),
  },
  { word: "queue", field: "queue_octets", read: size, show: String },
  { word: "packets", field: "queue_packets", read: count, show: String },
  {
    word: "discipline",
    field: "queue",
    read: (r) => one(r, "console.want.discipline", "droptail", "codel", "red"),
    show: (v) => String(v) || "droptail",
  },
  { word: "ecn", field: "queue_ecn", read: onOff, show: showOnOff },
  { word: "target", field: "codel_target_ns", read: span, show: ms },
  { word: "interval", field: "codel_interval_ns", read: span, show: ms },
  { word: "min", field: "red_min", read: count, show: String },
  { word: "max", field: "red_max", read: count, show: String },
  { word: "maxp", field: "red_max_p_ppm", read: share, show: percentage },
  { word: "weight", field: "red_weight", read: count, show: String },
  { word: "gentle", field: "red_gentle", read: onOff, show: showOnOff },
];

/** Every word that may stand among a link's parameters. */
export const PARAM_WORDS = [...PARAMS.map((p) => p.word), "up", "down", "back"];

/** The parameters of tc link and link add; after "back", those of the way from B to A. */
export function linkParams(r: Reader, change: boolean): Args {
  const args: Args = {};
  let into = args;
  if (change && !r.more()) r.word("console.want.param");
  while (r.more()) {
    if (change && into === args && r.take("up")) args["up"] = true;
    else if (change && into === args && r.take("down")) args["up"] = false;
    else if (into === args && r.take("back")) {
      args["b_to_a"] = into = {};
      if (change && r.take("same")) return args;
      if (!r.more()) r.word("console.want.param");
    } else {
      const p = PARAMS.find((x) => r.take(x.word));
      if (!p) throw bad("console.want.param", r.word("console.want.param"));
      into[p.field] = p.read(r);
    }
  }
  return args;
}

/** The words of a link's parameters. */
export function paramWords(args: Args): string {
  const out = PARAMS.filter((p) => args[p.field] !== undefined).map(
    (p) => `${p.word} ${p.show(args[p.field])}`,
  );
  if (args["up"] === true) out.push("up");
  if (args["up"] === false) out.push("down");
  const back = args["b_to_a"] as Args | undefined;
  if (back) out.push(`back ${paramWords(back) || "same"}`);
  return out.join(" ");
}

/** The conditions of a rule that are one number or word. */
const CONDITIONS: readonly Param[] = [
  { word: "flags", field: "flags", read: letters, show: String },
  { word: "without", field: "without", read: letters, show: String },
  { word: "sport", field: "src_port", read: count, show: String },
  { word: "dport", field: "dst_port", read: count, show: String },
  { word: "min", field: "min_octets", read: size, show: String },
  { word: "max", field: "max_octets", read: size, show: String },
  { word: "from", field: "from_ns", read: span, show: ms },
  { word: "to", field: "to_ns", read: span, show: ms },
  { word: "nth", field: "nth", read: ordinal, show: String },
  { word: "every", field: "every", read: ordinal, show: String },
  { word: "first", field: "first", read: ordinal, show: String },
  { word: "chance", field: "ppm", read: chance, show: percentage },
];

const ACTIONS = ["drop", "pass", "delay", "duplicate", "corrupt", "reorder", "mark"];
const PROTOS = ["tcp", "udp", "icmp", "arp"];
const ECN = ["not", "ect0", "ect1", "ce"];

/** Every word that may stand in a rule. */
export const RULE_WORDS = [
  ...ACTIONS,
  ...PROTOS,
  ..."data ack forth back jitter behind".split(" "),
  ...CONDITIONS.map((c) => c.word),
  "/",
];

function letters(r: Reader): string {
  const w = r.word("console.want.flags");
  const up = w.text.toUpperCase();
  if (!/^[FSRPAUEW]+$/.test(up)) throw bad("console.want.flags", w);
  return up;
}

/** "rules LINK none | RULE [/ RULE]…": the list takes the place of the old one. */
export function rules(r: Reader): Plan {
  const link = r.word("console.want.link").text;
  if (r.take("none")) return world("link.rules", { link, rules: [] });
  const list: Args[] = [];
  do list.push(rule(r));
  while (r.take("/"));
  return world("link.rules", { link, rules: list });
}

function rule(r: Reader): Args {
  const out: Args = { action: one(r, "console.want.action", ...ACTIONS) };
  if (out["action"] === "delay" && r.ahead() !== "jitter") out["by_ns"] = r.span();
  if (out["action"] === "delay" && r.take("jitter")) out["jitter_ns"] = r.span();
  if (out["action"] === "mark") out["ecn"] = one(r, "console.want.ecn", ...ECN);
  if (out["action"] === "corrupt" && /^\d+$/.test(r.ahead() ?? "")) {
    out["bit"] = r.whole("console.want.bit");
  }
  if (out["action"] === "reorder" && r.take("behind")) out["behind"] = count(r);
  while (r.more() && r.ahead() !== "/") {
    const proto = PROTOS.find((p) => r.take(p));
    const segment = proto ? undefined : ["data", "ack"].find((s) => r.take(s));
    if (proto) out["proto"] = proto;
    else if (segment) out["segment"] = segment;
    else if (r.take("forth")) out["dir"] = "a_to_b";
    else if (r.take("back")) out["dir"] = "b_to_a";
    else {
      const c = CONDITIONS.find((x) => r.take(x.word));
      if (!c) throw bad("console.want.condition", r.word("console.want.condition"));
      out[c.field] = c.read(r);
    }
  }
  return out;
}

/** A rule as a line says it: "drop data nth 3". */
export function ruleWords(rule: LinkRule): string {
  const of = rule as unknown as Args;
  const has = (f: string): boolean => of[f] !== undefined && of[f] !== 0 && of[f] !== "";
  const out = [rule.action];
  if (has("by_ns")) out.push(ms(of["by_ns"]));
  if (has("jitter_ns")) out.push(`jitter ${ms(of["jitter_ns"])}`);
  if (of["bit"] !== undefined && of["bit"] !== null) out.push(String(of["bit"]));
  if (has("behind")) out.push(`behind ${String(of["behind"])}`);
  if (has("ecn")) out.push(String(of["ecn"]));
  if (has("dir")) out.push(of["dir"] === "a_to_b" ? "forth" : "back");
  if (has("proto")) out.push(String(of["proto"]));
  if (has("segment")) out.push(String(of["segment"]));
  for (const c of CONDITIONS) if (has(c.field)) out.push(`${c.word} ${c.show(of[c.field])}`);
  return out.join(" ");
}

/** The line of a whole list of rules. */
export function rulesLine(link: string, list: readonly LinkRule[]): string {
  return `rules ${link} ${list.map(ruleWords).join(" / ") || "none"}`;
}

/** The fields of packets that are numbers. */
export const FIELDS =
  "ttl tos id sport dport seq ack wnd urg mss wscale ts_val ts_ecr type code".split(" ");

/** "edit #N FIELD VALUE … [keep]". */
export function edit(r: Reader, pkt: number): Plan {
  const set: Args = {};
  let keep = false;
  do {
    const field = FIELDS.find((f) => r.take(f));
    if (field) set[field] = count(r);
    else if (r.take("flags")) set["flags"] = r.ahead() === "-" ? none(r) : letters(r);
    else if (r.take("ecn")) set["ecn"] = one(r, "console.want.ecn", ...ECN);
    else if (r.take("df")) set["df"] = onOff(r);
    else if (r.take("payload")) set["payload"] = octets(r);
    else if (r.take("raw")) set["raw"] = octets(r);
    else if (Object.keys(set).length > 0 && r.take("keep")) {
      keep = true;
      break;
    } else throw bad("console.want.field", r.word("console.want.field"));
  } while (r.more());
  return world("segment.edit", { pkt, set, ...(keep ? { checksum: "keep" } : {}) });
}

function none(r: Reader): string {
  r.word("console.want.flags");
  return "";
}

// "10 "noon"" or "10 base64:…": where to write what.
function octets(r: Reader): Args {
  const offset = r.whole("console.want.whole");
  const w = r.word("console.want.text");
  const from = !w.quoted && w.text.startsWith("base64:");
  return { offset, ...(from ? { base64: w.text.slice(7) } : { text: w.text }) };
}

/** The line of an edit; quote puts a text into the console's quotes. */
export function editLine(args: Args, quote: (text: string) => string): string {
  const set = args["set"] as Args;
  const out = [`edit #${String(args["pkt"])}`];
  for (const f of FIELDS) if (set[f] !== undefined) out.push(`${f} ${String(set[f])}`);
  if (set["flags"] !== undefined) out.push(`flags ${String(set["flags"]) || "-"}`);
  if (set["ecn"] !== undefined) out.push(`ecn ${String(set["ecn"])}`);
  if (set["df"] !== undefined) out.push(`df ${showOnOff(set["df"])}`);
  for (const f of ["payload", "raw"]) {
    const o = set[f] as Args | undefined;
    if (!o) continue;
    const what = o["text"] === undefined ? `base64:${String(o["base64"])}` : quote(String(o["text"]));
    out.push(`${f} ${String(o["offset"] ?? 0)} ${what}`);
  }
  if (args["checksum"] === "keep") out.push("keep");
  return out.join(" ");
}

/** The numbers of a forged segment that have a word. */
const FORGED: readonly [word: string, field: string][] = [
  ["seq", "seq"],
  ["by", "seq_by"],
  ["ack", "ack"],
  ["wnd", "wnd"],
  ["urg", "urg"],
  ["mss", "mss"],
  ["wscale", "wscale"],
  ["ttl", "ttl"],
];

/** Every word of forge. */
export const FORGE_WORDS = [
  ..."conn self from to".split(" "),
  ...FORGED.map(([w]) => w),
  ..."sackok ts bad octets".split(" "),
];

/** "forge HOST FLAGS [conn c1 [self]] [from addr:port] [to addr:port] [seq N] … ["text"]". */
export function forge(r: Reader): Plan {
  const args: Args = { host: r.word("console.want.host").text };
  args["flags"] = r.ahead() === "-" ? none(r) : letters(r);
  while (r.more()) {
    const number = FORGED.find(([w]) => r.take(w));
    if (number) args[number[1]] = count(r);
    else if (r.take("conn")) {
      args["conn"] = r.word("console.want.conn").text;
      if (r.take("self")) args["end"] = "self";
    } else if (r.take("from")) [args["src"], args["sport"]] = end(r);
    else if (r.take("to")) [args["dst"], args["dport"]] = end(r);
    else if (r.take("sackok")) args["sack_ok"] = true;
    else if (r.take("ts")) [args["ts_val"], args["ts_ecr"]] = [count(r), count(r)];
    else if (r.take("bad")) args["checksum"] = "bad";
    else if (r.take("octets")) args["octets"] = r.size();
    else {
      const w = r.word("console.want.forge");
      if (!w.quoted) throw bad("console.want.forge", w);
      args["text"] = w.text;
    }
  }
  return world("segment.inject", args);
}

function end(r: Reader): [addr: string, port: number] {
  const { addr, port } = r.endpoint();
  return [addr, port];
}

/** The line of a forged segment. */
export function forgeLine(args: Args, quote: (text: string) => string): string {
  const f = (name: string): string => String(args[name] ?? "");
  const out = [`forge ${f("host")} ${f("flags") || "-"}`];
  if (args["conn"]) out.push(`conn ${f("conn")}${args["end"] === "self" ? " self" : ""}`);
  if (args["src"]) out.push(`from ${endpoint(f("src"), f("sport"))}`);
  if (args["dst"]) out.push(`to ${endpoint(f("dst"), f("dport"))}`);
  for (const [w, field] of FORGED) if (args[field] !== undefined) out.push(`${w} ${f(field)}`);
  if (args["sack_ok"]) out.push("sackok");
  if (args["ts_val"] !== undefined) out.push(`ts ${f("ts_val")} ${f("ts_ecr") || "0"}`);
  if (args["checksum"] === "bad") out.push("bad");
  if (args["octets"] !== undefined) out.push(`octets ${f("octets")}`);
  if (typeof args["text"] === "string") out.push(quote(args["text"]));
  return out.join(" ");
}

function endpoint(addr: string, port: string): string {
  return isAddress(addr) || !isAddress6(addr) ? `${addr}:${port}` : `[${addr}]:${port}`;
}
