// The console's words for a LAN: who is where, as hosts and switches know it.

import type { View } from "../model";
import { bad, isAddress, isAddress6, type Reader } from "./lex";
import { one, world, type Plan } from "./plan";

/** "arp", "arp flush HOST [addr|nic NIC]". */
export function arp(r: Reader): Plan {
  if (!r.more()) return { kind: "table", of: "neighbours" };
  one(r, "console.want.flush", "flush");
  const args: Record<string, unknown> = { host: r.word("console.want.host").text };
  while (r.more()) {
    if (r.take("nic", "dev")) args["nic"] = r.word("console.want.nic_name").text;
    else {
      const w = r.word("console.want.address");
      const inner = /^\[(.*)\]$/.exec(w.text)?.[1] ?? w.text;
      if (!isAddress(inner) && !isAddress6(inner)) throw bad("console.want.address", w);
      args["addr"] = inner;
    }
  }
  return world("neigh.flush", args);
}

/** "ip neigh …" is arp; "ip maddr" shows the groups that sockets have joined. */
export function ip(r: Reader): Plan {
  if (one(r, "console.want.ip", "neigh", "maddr") === "neigh") return arp(r);
  return { kind: "table", of: "groups" };
}

export const mac = (): Plan => ({ kind: "table", of: "macs" });

/** The line of neigh.flush. */
export function flushLine(args: Record<string, unknown>): string {
  return ["arp flush", args["host"], args["addr"], args["nic"] && `nic ${String(args["nic"])}`]
    .filter(Boolean)
    .join(" ");
}

/** The rows of a table over all hosts, its head first; none if there is nothing. */
export function tableOf(view: View, of: "neighbours" | "groups" | "macs"): string[][] {
  const rows = view.hosts.flatMap((h) => {
    const at = h.name || h.id;
    if (of === "macs") return (h.macs ?? []).map((m) => [at, m.mac, m.port]);
    if (of === "groups") return (h.groups ?? []).map((g) => [at, g.group, g.nic, g.sock]);
    return (h.neighbours ?? []).map((n) => [at, n.addr, n.mac || "–", n.nic, n.state]);
  });
  const heads = {
    neighbours: ["Host", "Address", "MAC", "NIC", "State"],
    groups: ["Host", "Group", "NIC", "Socket"],
    macs: ["Switch", "MAC", "Port"],
  };
  return rows.length === 0 ? [] : [heads[of], ...rows];
}
