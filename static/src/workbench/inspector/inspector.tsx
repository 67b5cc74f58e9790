// The inspector: what the chosen event is, why it happened, and for a packet its layers
// and octets, each lighting the other.

import { useEffect, useMemo, useRef } from "preact/hooks";
import { useSignal, type Signal } from "@preact/signals";
import { clock } from "../clock";
import { shortInstant } from "../format";
import { Icon } from "../icon";
import { view as panels } from "../panels";
import { connOf, hostName, titleOf } from "../ladder/about";
import type { Event } from "../model";
import { pin, pinned } from "../selection";
import { Sash } from "../sash";
import { StateDiagram } from "../states/diagram";
import { Hands } from "../topology/hands";
import { maybe, t } from "../text";
import { useKept, useSession, useSize } from "../use";
import { citation, ruleText, show } from "../why";
import { Follower } from "./follow";
import { Hex } from "./hex";
import { Segments, type Field, type Layer, type Segment } from "./segment";

export function Inspector() {
  const { boot, store } = useSession();
  const segments = useMemo(() => new Segments(boot.base), [boot.base]);
  const panel = useRef<HTMLElement>(null);
  // Behind its drawer or another tab it has no size, shows nothing and asks for nothing.
  const hidden = useSize(panel).width === 0;
  void store.version.value;
  const chosen = pinned.value.n;
  const newest = useNewest(chosen === undefined && !hidden);
  const n = chosen ?? newest;
  useEffect(() => {
    if (chosen) panels.drawer.value = true;
  }, [chosen]);
  const e = n ? store.event(n) : undefined;
  return (
    <section
      ref={panel}
      class="ls-panel ls-area-inspector ls-inspector"
      aria-label={t("inspector.title")}
      data-open={String(panels.drawer.value)}
    >
      <Sash side="left" property="--ls-col-inspector" label={t("sash.inspector")} />
      <button
        type="button"
        class="ls-tool ls-drawer-close"
        onClick={() => {
          panels.drawer.value = false;
        }}
      >
        <Icon name="x" /> {t("form.close")}
      </button>
      <div class="ls-inspector-main" id="wb-inspector" tabIndex={-1}>
        {hidden ? null : e ? (
          <About key={e.n} e={e} segments={segments} following={chosen === undefined} />
        ) : (
          <Nothing n={chosen} />
        )}
      </div>
      <StateDiagram conn={connOf(store, e)} />
    </section>
  );
}

/** The newest segment, while it is asked for; see Follower for its pace. */
function useNewest(on: boolean): number {
  const { store } = useSession();
  const follower = useRef(new Follower());
  const again = useSignal(0);
  void again.value;
  const rows = store.rows;
  const last = rows.n.length > 0 ? rows.n.at(rows.n.length - 1) : 0;
  const wait = on ? follower.current.offer(performance.now(), store.head(), last) : 0;
  useEffect(() => {
    if (wait <= 0) return;
    const timer = setTimeout(() => {
      again.value++;
    }, wait);
    return () => clearTimeout(timer);
  });
  return follower.current.n;
}

function Nothing({ n }: { n: number | undefined }) {
  return (
    <>
      <header class="ls-panel-head">
        <h2 class="ls-panel-title">{t("inspector.title")}</h2>
      </header>
      <p class="ls-empty">{n ? t("inspector.not_here", { n }) : t("inspector.empty")}</p>
    </>
  );
}

function About({
  e,
  segments,
  following,
}: {
  e: Event;
  segments: Segments;
  following: boolean;
}) {
  const { store } = useSession();
  const pkt = packetOf(e, store.rows.rowOf(e.n) >= 0 ? store.rows.n.at(store.rows.rowOf(e.n)) : 0);
  const [raw, setRaw] = useKept("inspector.event", false);
  return (
    <>
      <header class="ls-panel-head ls-inspector-head">
        <h2 class="ls-panel-title">
          <span class="ls-n-big">#{e.n}</span> {pkt ? titleOf(store, e) : <code>{e.kind}</code>}
        </h2>
        <div class="ls-tools">
          <button
            type="button"
            class="ls-tool ls-tool-icon"
            aria-label={t("inspector.previous")}
            title={t("inspector.previous")}
            disabled={!store.event(e.n - 1)}
            onClick={() => pin({ ...pinned.value, n: e.n - 1 })}
          >
            <Icon name="chevron-left" />
          </button>
          <button
            type="button"
            class="ls-tool ls-tool-icon"
            aria-label={t("inspector.next")}
            title={t("inspector.next")}
            disabled={!store.event(e.n + 1)}
            onClick={() => pin({ ...pinned.value, n: e.n + 1 })}
          >
            <Icon name="chevron-right" />
          </button>
          {pkt > 0 && (
            <button type="button" class="ls-tool" aria-pressed={raw} onClick={() => setRaw(!raw)}>
              {t("inspector.event")}
            </button>
          )}
        </div>
      </header>
      <p class="ls-inspector-when">
        <code>{e.kind}</code> · {hostName(store, e.host) || t("inspector.world")} · t ={" "}
        {shortInstant(e.t)} s{e.conn ? ` · ${e.conn}` : ""}
        {following && <span class="ls-following">{t("inspector.following")}</span>}
      </p>
      <Why e={e} />
      <InFlight pkt={pkt} />
      {pkt === 0 || raw ? (
        <Fields e={e} />
      ) : store.rows.stayed(pkt) ? (
        <p class="ls-empty">{t("inspector.stayed")}</p>
      ) : (
        <Packet pkt={pkt} segments={segments} />
      )}
    </>
  );
}

/** The packet an event is about: its own, or the one it names. */
function packetOf(e: Event, row: number): number {
  if (e.kind === "segment.sent" || e.kind === "datagram.sent" || e.kind === "icmp.sent" || e.kind === "arp.sent") return e.n;
  if ("pkt" in e && typeof e.pkt === "number") return e.pkt;
  return row;
}

/** While time stands, what hands can do to the packet if it is still on its way. */
function InFlight({ pkt }: { pkt: number }) {
  const session = useSession();
  const packet = session.store.view.packets.find((p) => p.pkt === pkt);
  if (!packet || clock.value.playing || session.locked()) return null;
  return <Hands key={pkt} packet={packet} />;
}

/** Rule, its words, and the chain of causes back to a command. */
function Why({ e }: { e: Event }) {
  const { boot, store } = useSession();
  const words = ruleText(boot, e.rule, e);
  const source = boot.rule_refs[e.rule];
  const chain: Event[] = [];
  for (let by = e.by; by > 0 && chain.length < 40;) {
    const cause = store.event(by);
    if (!cause) break;
    if (!cause.kind.startsWith("packet.")) chain.push(cause); // hops on the way say nothing new
    by = cause.by;
  }
  return (
    <div class="ls-why">
      <h3>
        <Icon name="lightbulb" /> {t("why.title")}
      </h3>
      <p>{words || t("why.no_text", { rule: e.rule })}</p>
      <p class="ls-why-rule">
        <a href={`/rfc#${encodeURIComponent(e.rule)}`}>{citation(e.rule, source)}</a>
      </p>
      {chain.length > 0 && (
        <ol class="ls-causes" aria-label={t("why.causes")}>
          {chain.slice(0, 6).map((c) => (
            <li key={c.n}>
              <button
                type="button"
                class="ls-n"
                onClick={() => pin({ n: c.n, ...(c.conn ? { conn: c.conn } : {}) })}
              >
                #{c.n} <span>{c.kind}</span>
              </button>
            </li>
          ))}
          {chain.length > 6 && <li>… {t("why.more", { n: chain.length - 6 })}</li>}
        </ol>
      )}
    </div>
  );
}

function Packet({ pkt, segments }: { pkt: number; segments: Segments }) {
  const { store } = useSession();
  const segment = useSignal<Segment | null | undefined>(undefined);
  const slow = useSignal(false);
  const lit = useSignal<readonly [number, number] | null>(null);
  const chosen = useSignal<readonly [number, number] | null>(null);
  useEffect(() => {
    const gone = new AbortController();
    const timer = setTimeout(() => {
      slow.value = true;
    }, 400);
    void segments.get(store.run.value, pkt, gone.signal).then((s) => {
      clearTimeout(timer);
      if (!gone.signal.aborted) segment.value = s;
    });
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [pkt]);
  const s = segment.value;
  if (s === undefined)
    return slow.value ? (
      <p class="ls-empty" role="status">
        {t("inspector.loading")}
      </p>
    ) : null;
  if (s === null) return <p class="ls-empty">{t("inspector.no_bytes")}</p>;
  return (
    <>
      <Tree layers={s.layers} lit={lit} chosen={chosen} />
      <Hex segment={s} lit={lit} chosen={chosen} />
    </>
  );
}

interface Range {
  lit: Signal<readonly [number, number] | null>;
  chosen: Signal<readonly [number, number] | null>;
}

function Tree({ layers, lit, chosen }: { layers: readonly Layer[] } & Range) {
  return (
    <div class="ls-tree">
      {layers.map((l, i) => (
        <details
          key={i}
          open={
            l.name === "TCP" ||
            l.name === "UDP" ||
            l.name === "ICMP" ||
            l.name === "Data" ||
            i === layers.length - 1
          }
        >
          <summary
            onPointerEnter={() => {
              lit.value = [l.off, l.len];
            }}
            onPointerLeave={() => {
              lit.value = null;
            }}
          >
            <b>{l.name}</b> <span class="ls-tree-gist">{gist(l)}</span>
            {l.quoted && <span class="ls-tag">{t("inspector.quoted")}</span>}
          </summary>
          <Rows fields={l.fields ?? []} lit={lit} chosen={chosen} />
        </details>
      ))}
    </div>
  );
}

/** What a layer is about, in a few words, while it is closed. */
function gist(l: Layer): string {
  const of = (key: string): string => l.fields?.find((f) => f.key === key)?.value ?? "";
  switch (l.name) {
    case "Ethernet":
      return of("eth.type");
    case "IPv4":
      return `${of("ip.src")} → ${of("ip.dst")} · TTL ${of("ip.ttl")}`;
    case "IPv6":
      return `${of("ip.src")} → ${of("ip.dst")} · hop limit ${of("ip6.hops")}`;
    case "TCP":
      return `${of("tcp.src_port")} → ${of("tcp.dst_port")}`;
    case "UDP":
      return `${of("udp.src_port")} → ${of("udp.dst_port")}`;
    case "Data":
      return `${l.len} B`;
    default:
      return "";
  }
}

function Rows({ fields, lit, chosen }: { fields: readonly Field[] } & Range) {
  const { boot } = useSession();
  return (
    <ul class="ls-fields">
      {fields.map((f, i) => {
        const on = overlaps(lit.value ?? chosen.value, f);
        const range: readonly [number, number] = [f.off, f.len];
        return (
          <li key={`${f.key} ${i}`}>
            <button
              type="button"
              class={`ls-field-row${on ? " ls-lit" : ""}${f.bad ? " ls-bad" : ""}`}
              aria-pressed={same(chosen.value, range)}
              title={f.rfc ? `RFC ${f.rfc}` : undefined}
              onClick={() => {
                chosen.value = same(chosen.value, range) ? null : range;
              }}
              onPointerEnter={() => {
                lit.value = range;
              }}
              onPointerLeave={() => {
                lit.value = null;
              }}
            >
              <span class="ls-field-name">{boot.fields[f.key] ?? f.key}</span>
              <span class="ls-field-value">
                {f.value}
                {f.bad ? ` (${t("inspector.bad")})` : ""}
              </span>
            </button>
            {f.fields && f.fields.length > 0 && (
              <Rows fields={f.fields} lit={lit} chosen={chosen} />
            )}
          </li>
        );
      })}
    </ul>
  );
}

function same(a: readonly [number, number] | null, b: readonly [number, number]): boolean {
  return a !== null && a[0] === b[0] && a[1] === b[1];
}

// A field is lit when what is pointed at lies within it, or is it.
function overlaps(at: readonly [number, number] | null, f: Field): boolean {
  return at !== null && at[0] >= f.off && at[0] + at[1] <= f.off + f.len;
}

const ENVELOPE = new Set(["n", "t", "kind", "by", "rule", "host", "conn"]);

/** The body of an event that is no packet: its fields, old beside new. */
function Fields({ e }: { e: Event }) {
  const body = Object.entries(e).filter(([k]) => !ENVELOPE.has(k));
  const before = "old" in e && isRecord(e.old) ? e.old : null;
  const after = "new" in e && isRecord(e.new) ? e.new : null;
  if (before && after) {
    return (
      <table class="ls-table ls-oldnew">
        <thead>
          <tr>
            <th scope="col">{t("fields.field")}</th>
            <th scope="col">{t("fields.old")}</th>
            <th scope="col">{t("fields.new")}</th>
          </tr>
        </thead>
        <tbody>
          {Object.keys(after).map((k) => (
            <tr key={k} class={before[k] === after[k] ? "ls-same" : "ls-changed"}>
              <th scope="row">{k}</th>
              <td>{show(k, before[k])}</td>
              <td>{before[k] === after[k] ? "=" : show(k, after[k])}</td>
            </tr>
          ))}
          {body
            .filter(([k]) => k !== "old" && k !== "new")
            .map(([k, v]) => (
              <tr key={k}>
                <th scope="row">{k}</th>
                <td colSpan={2}>{show(k, v)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    );
  }
  if (body.length === 0) return null;
  return (
    <dl class="ls-body">
      {flatten(body).map(([k, v]) => (
        <div key={k}>
          <dt>{maybe(`field.${k}`, k)}</dt>
          <dd>{show(k, v)}</dd>
        </div>
      ))}
    </dl>
  );
}

function flatten(entries: [string, unknown][], prefix = ""): [string, unknown][] {
  return entries.flatMap(([k, v]): [string, unknown][] =>
    isRecord(v) ? flatten(Object.entries(v), `${prefix}${k}.`) : [[`${prefix}${k}`, v]],
  );
}

function isRecord(v: unknown): v is Record<string, unknown> {
  return typeof v === "object" && v !== null && !Array.isArray(v);
}
