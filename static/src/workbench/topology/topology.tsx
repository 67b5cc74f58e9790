// The network: hosts as cards, links as lines with what they do to packets, packets in
// flight as dots that carry their flags. Everything that can be dragged has a key or a
// form as its twin.

import { useEffect, useRef } from "preact/hooks";
import { useSignal, type Signal } from "@preact/signals";
import { percent, rate, span } from "../format";
import { Icon } from "../icon";
import type { Link, View } from "../model";
import { hover, lit } from "../selection";
import { t } from "../text";
import { kept, useSession, useSize } from "../use";
import { Sash } from "../sash";
import { Card, cardSize } from "./card";
import { Dropper, Flights } from "./flights";
import { HostForm } from "./hostform";
import { LinkForm, NewLinkForm } from "./linkform";
import { between, columns, leaving, places, type Column, type Place, type Size } from "./place";

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
          <Badge key={l.id} link={l} at={at} open={open} view={store.view} size={size} box={box} />
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
  size,
  box,
}: {
  link: Link;
  at: Map<string, Place>;
  open: Signal<Open>;
  view: View;
  size: Size;
  box: { current: HTMLElement | null };
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
  // The middle of what is seen of the line, between the two cards.
  const px = (of: Place): Place => ({ x: of.x * size.width, y: of.y * size.height });
  const middle = between(
    leaving(px(a), px(b), cardSize(box.current, link.a.host)),
    leaving(px(b), px(a), cardSize(box.current, link.b.host)),
    0.5,
  );
  return (
    <button
      type="button"
      class={`ls-badge${p.loss_ppm > 0 || !p.up ? " ls-badge-loss" : ""}`}
      style={{ left: `${middle.x}px`, top: `${middle.y}px` }}
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
