// What ping and traceroute print, as people know it: a line for each answer, then a summary.

import { span } from "../format";
import type { Event } from "../model";
import { t } from "../text";

/** A line of the log: when it has a key, a later one of the same key takes its place. */
export interface Printed {
  text: string;
  key?: string;
}

/** Words of traceroute for the messages that say that it goes no further. */
const MARKS: Record<string, string> = {
  "network unreachable": "!N",
  "host unreachable": "!H",
  "protocol unreachable": "!P",
  "administratively prohibited": "!X",
  "no route to destination": "!N",
  "address unreachable": "!H",
  "reject route": "!X",
};

export class Probes {
  private readonly hops = new Map<string, string>(); // "call hop" → its line so far
  private readonly names = new Map<string, string>(); // call → what it was asked for

  /** Forgets everything: another run. */
  reset(): void {
    this.hops.clear();
    this.names.clear();
  }

  /** What an event prints; none for most. */
  print(e: Event): Printed[] {
    switch (e.kind) {
      case "ping.started":
        this.names.set(e.call, e.name ?? e.dst);
        return [{ text: t("ping.started", { name: e.name ?? e.dst, dst: e.dst, octets: e.octets }) }];
      case "ping.answered":
        return [{ text: answered(e) }];
      case "ping.refused":
        return [
          {
            text: t(e.pkt ? "ping.refused" : "ping.local", {
              from: e.from,
              seq: e.seq,
              reason: e.mtu ? `${e.reason} (mtu = ${e.mtu})` : e.reason,
            }),
          },
        ];
      case "ping.missed":
        return [{ text: t("ping.missed", { seq: e.seq }) }];
      case "ping.ended":
        return this.summary(e);
      case "trace.started":
        return [
          { text: t("trace.started", { name: e.name ?? e.dst, dst: e.dst, hops: e.max_hops }) },
        ];
      case "trace.answered":
        return [this.hop(e.call, e.hop, e.from, `${span(e.rtt_ns)}${mark(e.reason)}`)];
      case "trace.missed":
        return [this.hop(e.call, e.hop, "", "*")];
      case "trace.ended":
        return [
          { text: t(e.reached ? "trace.reached" : "trace.ended", { dst: e.dst, hops: e.hops }) },
        ];
      default:
        return [];
    }
  }

  private summary(e: Extract<Event, { kind: "ping.ended" }>): Printed[] {
    const loss = e.sent === 0 ? 0 : Math.round((100 * e.lost) / e.sent);
    const lines = [
      { text: t("ping.statistics", { name: this.names.get(e.call) ?? e.dst }) },
      {
        text: t(e.again > 0 ? "ping.counts_again" : "ping.counts", {
          sent: e.sent,
          received: e.received,
          again: e.again,
          loss,
        }),
      },
    ];
    this.names.delete(e.call);
    if (e.received === 0) return lines;
    const times = [e.min_ns, e.avg_ns, e.max_ns].map(span).join(" / ");
    return [...lines, { text: t("ping.times", { times }) }];
  }

  // One line for each hop; the address stands again when another host answers.
  private hop(call: string, hop: number, from: string, what: string): Printed {
    const key = `${call} ${hop}`;
    const before = this.hops.get(key) ?? String(hop).padStart(2);
    const text = [before, from !== "" && !before.includes(` ${from}`) ? `  ${from}` : "", `  ${what}`];
    this.hops.set(key, text.join(""));
    return { text: text.join(""), key };
  }
}

function mark(reason: string): string {
  const m = MARKS[reason];
  return m ? ` ${m}` : "";
}

function answered(e: Extract<Event, { kind: "ping.answered" }>): string {
  const text = t("ping.answered", {
    octets: e.octets,
    from: e.from,
    seq: e.seq,
    ttl: e.ttl,
    time: span(e.rtt_ns),
  });
  return text + (e.again ? ` ${t("ping.again")}` : e.late ? ` ${t("ping.late")}` : "");
}
