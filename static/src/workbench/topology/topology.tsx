// The network: hosts as cards, links as lines with what they do to packets, packets in
// flight as dots that carry their flags. Everything that can be dragged has a key or a
// form as its twin.

import { useEffect, useRef } from "preact/hooks";
import { useSignal, type Signal } from "@preact/signals";
import { clock, virtualNow } from "../clock";
import { flagWords } from "../ladder/layout";
import { percent, rate, span } from "../format";
import { Icon } from "../icon";
import type { Host, Link, Packet, View } from "../model";
import { view as panels } from "../panels";
import { hover, lit, pin, pinned } from "../selection";
import { t } from "../text";
import { stateClass } from "../sockets/rows";
import { kept, useDrawing, useSession, useSize } from "../use";
import { Sash } from "../sash";
import { HostForm } from "./hostform";
import { LinkForm, NewLinkForm } from "./linkform";
import { between, columns, leaving, places, type Column, type Place } from "./place";

/** Which form is open under the head, if any. */
export type Open = { form: "host" } | { form: "newlink" } | { form: "link"; link: string } | null;

export function Topology() {
  const session = useSession();
  const { store } = session;
  const box = useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const open = useSignal<Open>(null);
  const known = useRef<Map<string, Column>>(new Map());
  const key = `places.${session.boot.session}`;
  const moved = useSignal<Record<string, Place>>(kept(key, {}));
  void store.version.value;
  known.current = columns(store.view, known.current);
  const at = places(store.view, known.current, moved.value, size.height > size.width);
  const move = (id: string, to: Place): void => {
    moved.value = { ...moved.value, [id]: to };
    localStorage.setItem(`labserver.${key}`, JSON.stringify(moved.value));
  };
  const crowd = Math.max(
    0,
    ...["left", "middle", "right"].map(
      (c) => [...known.current.values()].filter((x) => x === c).length,
    ),
  );
  useEffect(() => room(crowd), [crowd]);
  const locked = session.locked();
  return (
    <section class="ls-panel ls-area-topology ls-topology" aria-label={t("topology.title")}>
      <header class="ls-panel-head">
        <h2 class="ls-panel-title">{t("topology.title")}</h2>
        <div class="ls-tools">
          <button
            type="button"
            class="ls-tool"
            disabled={!!locked}
            title={locked}
            aria-expanded={open.value?.form === "host"}
            onClick={() => toggle(open, { form: "host" })}
          >
            <Icon name="plus" /> {t("topology.host")}
          </button>
          <button
            type="button"
            class="ls-tool"
            disabled={!!locked}
            title={locked}
            aria-expanded={open.value?.form === "newlink"}
            onClick={() => toggle(open, { form: "newlink" })}
          >
            <Icon name="plus" /> {t("topology.link")}
          </button>
        </div>
      </header>
      <Strip open={open} />
      <div class="ls-map" ref={box}>
        <svg class="ls-map-lines" width={size.width} height={size.height} aria-hidden="true">
          {store.view.links.map((l) => (
            <Wire key={l.id} link={l} at={at} size={size} />
          ))}
        </svg>
        {store.view.links.map((l) => (
          <Badge key={l.id} link={l} at={at} open={open} view={store.view} />
        ))}
        {store.view.hosts.map((h) => (
          <Card key={h.id} host={h} place={at.get(h.id)!} box={box} move={(to) => move(h.id, to)} />
        ))}
        <Flights at={at} size={size} box={box} />
        {store.view.hosts.length === 0 && <p class="ls-empty">{t("topology.empty")}</p>}
      </div>
      <Dropper />
      <Sash side="bottom" property="--ls-row-topology" label={t("sash.topology")} />
    </section>
  );
}

// More hosts in a column than the panel was made for: it grows, unless somebody sized it.
function room(hosts: number): void {
  if (kept("sash.--ls-row-topology", 0) > 0) return;
  const shell = document.querySelector<HTMLElement>(".ls-shell");
  if (hosts <= 2) shell?.style.removeProperty("--ls-row-topology");
  else shell?.style.setProperty("--ls-row-topology", `min(42%, max(26%, ${hosts * 56 + 48}px))`);
}

function toggle(open: Signal<Open>, to: Open): void {
  open.value = JSON.stringify(open.value) === JSON.stringify(to) ? null : to;
}

function Strip({ open }: { open: Signal<Open> }) {
  const { store } = useSession();
  const close = (): void => {
    open.value = null;
  };
  const what = open.value;
  if (!what) return null;
  if (what.form === "host") return <HostForm close={close} />;
  if (what.form === "newlink") return <NewLinkForm close={close} />;
  const link = store.view.links.find((l) => l.id === what.link);
  return link ? <LinkForm key={link.id} link={link} close={close} /> : null;
}

interface Size {
  width: number;
  height: number;
}

function Wire({ link, at, size }: { link: Link; at: Map<string, Place>; size: Size }) {
  const a = at.get(link.a.host);
  const b = at.get(link.b.host);
  if (!a || !b) return null;
  const on = lit.value.link === link.id;
  return (
    <line
      x1={a.x * size.width}
      y1={a.y * size.height}
      x2={b.x * size.width}
      y2={b.y * size.height}
      class={`ls-wire${link.params.up ? "" : " ls-wire-down"}${on ? " ls-wire-lit" : ""}`}
    />
  );
}

/** "40 ms · 5 %": what a link does, and the way to change it. */
function Badge({
  link,
  at,
  open,
  view,
}: {
  link: Link;
  at: Map<string, Place>;
  open: Signal<Open>;
  view: View;
}) {
  const a = at.get(link.a.host);
  const b = at.get(link.b.host);
  if (!a || !b) return null;
  const p = link.params;
  const words = [
    span(p.delay_ns) + (p.jitter_ns > 0 ? ` ± ${span(p.jitter_ns)}` : ""),
    ...(p.loss_ppm > 0 ? [percent(p.loss_ppm)] : []),
    ...(p.rate_bps > 0 ? [rate(p.rate_bps)] : []),
    ...(p.up ? [] : [t("link.down")]),
  ].join(" · ");
  const name = (id: string): string => view.hosts.find((h) => h.id === id)?.name || id;
  const middle = between(a, b, 0.5);
  return (
    <button
      type="button"
      class={`ls-badge${p.loss_ppm > 0 || !p.up ? " ls-badge-loss" : ""}`}
      style={{ left: `${middle.x * 100}%`, top: `${middle.y * 100}%` }}
      aria-label={t("link.describe", {
        link: link.id,
        a: name(link.a.host),
        b: name(link.b.host),
        what: words,
      })}
      title={link.id}
      aria-expanded={open.value?.form === "link" && open.value.link === link.id}
      onClick={() => toggle(open, { form: "link", link: link.id })}
      onPointerEnter={() => hover({ link: link.id })}
      onPointerLeave={() => hover({})}
    >
      {words}
    </button>
  );
}

function Card({
  host,
  place,
  box,
  move,
}: {
  host: Host;
  place: Place;
  box: { current: HTMLElement | null };
  move: (to: Place) => void;
}) {
  const { store } = useSession();
  const drag = useRef<{ x: number; y: number; from: Place; far: boolean } | null>(null);
  const chips = chipsOf(store.view, host.id);
  const chosen = lit.value.host === host.id;
  const choose = (): void => {
    panels.host.value = host.id;
    panels.proc.value = "";
    pin({ ...pinned.value, host: host.id });
  };
  const onMove = (e: PointerEvent): void => {
    const d = drag.current;
    const area = box.current;
    if (!d || !area) return;
    if (Math.hypot(e.clientX - d.x, e.clientY - d.y) > 4) d.far = true;
    if (d.far)
      move(
        clamp({
          x: d.from.x + (e.clientX - d.x) / area.clientWidth,
          y: d.from.y + (e.clientY - d.y) / area.clientHeight,
        }),
      );
  };
  const onKey = (e: KeyboardEvent): void => {
    const step = e.shiftKey ? 0.08 : 0.02;
    const by = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, -step],
      ArrowDown: [0, step],
    }[e.code];
    if (!by) return;
    e.preventDefault();
    move(clamp({ x: place.x + by[0]!, y: place.y + by[1]! }));
  };
  return (
    <div
      class={`ls-card${host.forward ? " ls-card-router" : ""}${chosen ? " ls-card-lit" : ""}`}
      style={{ left: `${place.x * 100}%`, top: `${place.y * 100}%` }}
      data-host={host.id}
    >
      <button
        type="button"
        class="ls-card-name"
        aria-pressed={panels.host.value === host.id}
        aria-description={t("topology.move_hint")}
        onClick={() => {
          if (!drag.current?.far) choose();
          drag.current = null;
        }}
        onPointerDown={(e) => {
          drag.current = { x: e.clientX, y: e.clientY, from: place, far: false };
          e.currentTarget.setPointerCapture(e.pointerId);
        }}
        onPointerMove={onMove}
        onKeyDown={onKey}
        onPointerEnter={() => hover({ host: host.id })}
        onPointerLeave={() => hover({})}
      >
        <Icon name={host.forward ? "router" : "monitor"} />
        <b>{host.name || host.id}</b>
        <span class="ls-card-addr">{host.forward ? t("topology.router") : addresses(host)}</span>
      </button>
      {chips.length > 0 && (
        <ul class="ls-chips">
          {chips.slice(0, 3).map((c) => (
            <li key={c.text}>
              <button
                type="button"
                class={`ls-chip ls-state-${stateClass(c.state)}`}
                onClick={() => {
                  choose();
                  if (c.conn) pin({ conn: c.conn, host: host.id });
                }}
                onPointerEnter={() => c.conn && hover({ conn: c.conn })}
                onPointerLeave={() => hover({})}
              >
                {c.text}
                {c.times > 1 ? ` ×${c.times}` : ""}
              </button>
            </li>
          ))}
          {chips.length > 3 && <li class="ls-chip-more">+{chips.length - 3}</li>}
        </ul>
      )}
    </div>
  );
}

interface Chip {
  text: string;
  state: string;
  conn: string;
  times: number;
}

/** A host's sockets as chips; those that read alike are one chip with a count. */
function chipsOf(view: View, host: string): Chip[] {
  const out: Chip[] = [];
  for (const s of view.sockets) {
    if (s.host !== host) continue;
    const conn = s.conn ? view.connections.find((c) => c.id === s.conn) : undefined;
    const state = s.listening ? "LISTEN" : s.proto === "udp" ? "UNCONN" : (conn?.state ?? "CLOSED");
    const text =
      s.proto === "udp"
        ? `udp ${port(s.local)}`
        : `${port(s.local)} ${s.listening || conn ? state : ""}`.trim();
    const same = out.find((c) => c.text === text);
    if (same) same.times++;
    else out.push({ text, state, conn: s.conn, times: 1 });
  }
  return out;
}

function addresses(host: Host): string {
  return host.nics.map((n) => n.addr.split("/", 1)[0]).join(", ");
}

function port(local: string): string {
  return local ? `:${local.slice(local.lastIndexOf(":") + 1)}` : "–";
}

function clamp(p: Place): Place {
  return { x: Math.min(0.94, Math.max(0.06, p.x)), y: Math.min(0.9, Math.max(0.1, p.y)) };
}

const MOST_DOTS = 120;

/** Packets under way, moved along at virtual now. */
function Flights({
  at,
  size,
  box,
}: {
  at: Map<string, Place>;
  size: Size;
  box: { current: HTMLElement | null };
}) {
  const { store } = useSession();
  const frame = useSignal(0);
  useDrawing(() => {
    void store.version.value;
    void clock.value;
    if (store.view.packets.length > 0 || frame.peek() % 2 === 1) frame.value = frame.peek() + 1;
  });
  void frame.value;
  const now = virtualNow(performance.now());
  return (
    <svg class="ls-map-packets" width={size.width} height={size.height} aria-hidden="true">
      {store.view.packets.slice(0, MOST_DOTS).map((p) => {
        const place = where(p, at, now, size, box.current);
        return place && <Dot key={p.pkt} p={p} x={place.x} y={place.y} />;
      })}
    </svg>
  );
}

/** Where a packet is, in pixels: from card's edge to card's edge, so that none covers it. */
function where(
  p: Packet,
  at: Map<string, Place>,
  now: number,
  size: Size,
  box: HTMLElement | null,
): Place | null {
  const from = at.get(p.host);
  if (!from) return null;
  const to = p.link ? at.get(p.to) : undefined;
  const a = { x: from.x * size.width, y: from.y * size.height };
  if (!to) return { x: a.x, y: a.y - cardSize(box, p.host).height / 2 - 4 };
  const b = { x: to.x * size.width, y: to.y * size.height };
  const share =
    p.queued || p.arrive <= p.depart
      ? 0
      : Math.min(1, Math.max(0, (now - p.depart) / (p.arrive - p.depart)));
  return between(leaving(a, b, cardSize(box, p.host)), leaving(b, a, cardSize(box, p.to)), share);
}

function cardSize(box: HTMLElement | null, host: string): Size {
  const card = box?.querySelector<HTMLElement>(`[data-host="${CSS.escape(host)}"]`);
  return { width: card?.offsetWidth ?? 0, height: card?.offsetHeight ?? 0 };
}

function Dot({ p, x, y }: { p: Packet; x: number; y: number }) {
  const words = p.proto === "tcp" ? flagWords(p.label) : p.label.toUpperCase();
  const tone =
    p.proto === "tcp"
      ? /[SF]/.test(p.label)
        ? "syn"
        : p.label === "A"
          ? "ack"
          : /R/.test(p.label)
            ? "loss"
            : "data"
      : p.proto === "icmp"
        ? "loss"
        : "data";
  const on = lit.value.n === p.pkt;
  return (
    <g
      class={`ls-dot-packet ls-tone-${tone}${on ? " ls-dot-lit" : ""}`}
      transform={`translate(${x} ${y})`}
      onClick={() => pin({ n: p.pkt })}
      onPointerEnter={() => hover({ n: p.pkt })}
      onPointerLeave={() => hover({})}
    >
      <circle r={on ? 8 : 6} />
      <text y={-10} text-anchor="middle">
        {words}
      </text>
    </g>
  );
}

/** Paused, a packet in flight can be taken off the network. */
function Dropper() {
  const session = useSession();
  const { store } = session;
  void store.version.value;
  const packets = store.view.packets;
  if (clock.value.playing || packets.length === 0 || session.locked()) return null;
  return (
    <div class="ls-dropper" role="group" aria-label={t("drop.title")}>
      <span>{t("drop.title")}</span>
      {packets.slice(0, 6).map((p) => (
        <button
          key={p.pkt}
          type="button"
          class="ls-tool ls-tool-loss"
          onPointerEnter={() => hover({ n: p.pkt })}
          onPointerLeave={() => hover({})}
          onFocus={() => hover({ n: p.pkt })}
          onBlur={() => hover({})}
          onClick={() => {
            hover({});
            void session.world("segment.drop", { pkt: p.pkt });
          }}
        >
          <Icon name="x" />{" "}
          {t("drop.one", {
            n: p.pkt,
            what: p.proto === "tcp" ? flagWords(p.label) : p.label.toUpperCase(),
          })}
        </button>
      ))}
      {packets.length > 6 && <span>+{packets.length - 6}</span>}
    </div>
  );
}
