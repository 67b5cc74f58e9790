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
import { Card, chipsOf, MOST_CHIPS } from "./card";
import { Dropper, Flights } from "./flights";
import { HostForm } from "./hostform";
import { LinkForm, NewLinkForm } from "./linkform";
import {
  arrange,
  badgeAt,
  BETWEEN,
  columns,
  leaving,
  type Column,
  type Place,
  type Rect,
  type Size,
  type Stage,
} from "./place";

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
  const { sizes, measure } = useCards();
  const stage = arrange(store.view, known.current, moved.value, sizes.value, size);
  const tall = size.height > size.width;
  // What all cards would like, told by their chips: measures would run after themselves.
  const wish = tall ? 0 : wanted(store.view, known.current);
  const few = wish > Math.max(size.height, innerHeight * MOST_SHARE - HEAD_PX);
  const move = (id: string, to: Place): void => {
    moved.value = { ...moved.value, [id]: to };
    localStorage.setItem(`labserver.${key}`, JSON.stringify(moved.value));
  };
  useEffect(() => roomFor(wish), [wish]);
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
        <div
          class="ls-stage"
          style={{
            width: `${stage.size.width}px`,
            height: `${stage.size.height}px`,
            ...(stage.scale < 1 ? { transform: `scale(${stage.scale})` } : {}),
          }}
        >
          <svg
            class="ls-map-lines"
            width={stage.size.width}
            height={stage.size.height}
            aria-hidden="true"
          >
            {store.view.links.map((l) => (
              <Wire key={l.id} link={l} at={stage.at} />
            ))}
          </svg>
          <Badges open={open} view={store.view} stage={stage} cards={sizes.value} />
          {store.view.hosts.map((h) => (
            <Card
              key={h.id}
              host={h}
              place={stage.at.get(h.id)!}
              stage={stage}
              few={few}
              measure={measure(h.id)}
              move={(to) => move(h.id, to)}
            />
          ))}
          <Flights stage={stage} cards={sizes.value} />
        </div>
        {store.view.hosts.length === 0 && <p class="ls-empty">{t("topology.empty")}</p>}
      </div>
      <Dropper />
      <Sash side="bottom" property="--ls-row-topology" label={t("sash.topology")} />
    </section>
  );
}

/** What the cards measure, as they change; transforms do not count. */
function useCards(): {
  sizes: Signal<ReadonlyMap<string, Size>>;
  measure(host: string): (card: Element | null) => void;
} {
  const sizes = useSignal<ReadonlyMap<string, Size>>(new Map());
  const own = useRef<{ watch: ResizeObserver; refs: Map<string, Ref> } | null>(null);
  own.current ??= { watch: observe(sizes), refs: new Map() };
  const { watch, refs } = own.current;
  useEffect(() => () => watch.disconnect(), []);
  return {
    sizes,
    measure: (host) => {
      const known = refs.get(host);
      if (known) return known;
      let card: Element | null = null;
      const ref: Ref = (now) => {
        if (card) watch.unobserve(card);
        if (now) watch.observe(now);
        card = now;
      };
      refs.set(host, ref);
      return ref;
    },
  };
}

type Ref = (card: Element | null) => void;

function observe(sizes: Signal<ReadonlyMap<string, Size>>): ResizeObserver {
  return new ResizeObserver((entries) => {
    const next = new Map(sizes.peek());
    for (const { target } of entries) {
      const card = target as HTMLElement;
      next.set(card.dataset["host"] ?? "", { width: card.offsetWidth, height: card.offsetHeight });
    }
    sizes.value = next;
  });
}

const HEAD_PX = 36; // of the panel
const MOST_SHARE = 0.34; // of the window
const NAME_PX = 34;
const CHIP_PX = 26;

/** The height that the fullest column would like to have. */
function wanted(view: View, of: ReadonlyMap<string, Column>): number {
  const sums = { left: BETWEEN, middle: BETWEEN, right: BETWEEN };
  for (const h of view.hosts) {
    const chips = Math.min(MOST_CHIPS, chipsOf(view, h.id).length);
    sums[of.get(h.id) ?? "left"] += NAME_PX + chips * CHIP_PX + BETWEEN + 4;
  }
  return Math.max(sums.left, sums.middle, sums.right);
}

// The panel grows for its cards, up to a share of the window (topology.css); it never
// shrinks again, since sockets come and go.
function roomFor(px: number): void {
  const shell = document.querySelector<HTMLElement>(".ls-shell");
  const given = parseInt(shell?.style.getPropertyValue("--ls-map-wish") ?? "", 10) || 0;
  const all = Math.ceil(px) + HEAD_PX;
  if (all > given) shell?.style.setProperty("--ls-map-wish", `${all}px`);
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

function Wire({ link, at }: { link: Link; at: Map<string, Place> }) {
  const a = at.get(link.a.host);
  const b = at.get(link.b.host);
  if (!a || !b) return null;
  const on = lit.value.link === link.id;
  return (
    <line
      x1={a.x}
      y1={a.y}
      x2={b.x}
      y2={b.y}
      class={`ls-wire${link.params.up ? "" : " ls-wire-down"}${on ? " ls-wire-lit" : ""}`}
    />
  );
}

const NONE: Size = { width: 0, height: 0 };
const BADGE_LINE = 26;
const BADGE_CHAR = 7.4;

/** What the links say, each clear of the cards and of the others. */
function Badges({
  open,
  view,
  stage,
  cards,
}: {
  open: Signal<Open>;
  view: View;
  stage: Stage;
  cards: ReadonlyMap<string, Size>;
}) {
  const taken: Rect[] = [...stage.at].map(([id, p]) => ({ ...p, ...(cards.get(id) ?? NONE) }));
  return (
    <>
      {view.links.map((l) => {
        const a = stage.at.get(l.a.host);
        const b = stage.at.get(l.b.host);
        if (!a || !b) return null;
        // Of the line, what is seen between the two cards; a level one sets the width.
        const from = leaving(a, b, cards.get(l.a.host) ?? NONE);
        const to = leaving(b, a, cards.get(l.b.host) ?? NONE);
        const level = Math.abs(to.x - from.x) > Math.abs(to.y - from.y);
        const words = describe(l);
        const whole = words.length * BADGE_CHAR + 16;
        const most = Math.max(64, level ? Math.abs(to.x - from.x) - 8 : whole);
        const lines = Math.ceil(whole / most);
        const width = lines > 1 ? most : whole;
        const rect = badgeAt(from, to, { width, height: lines * BADGE_LINE - 2 }, taken);
        taken.push(rect);
        const told = { link: l, words, at: rect, most, open, view };
        return <Badge key={l.id} {...told} />;
      })}
    </>
  );
}

function describe(link: Link): string {
  const p = link.params;
  return [
    span(p.delay_ns) + (p.jitter_ns > 0 ? ` ± ${span(p.jitter_ns)}` : ""),
    ...(p.loss_ppm > 0 ? [percent(p.loss_ppm)] : []),
    ...(p.rate_bps > 0 ? [rate(p.rate_bps)] : []),
    ...(p.queue ? [p.queue === "codel" ? "CoDel" : "RED"] : []),
    ...(link.rules.length > 0 ? [t("link.rules_n", { n: link.rules.length })] : []),
    ...(p.up ? [] : [t("link.down")]),
  ]
    .map((part) => part.replaceAll(" ", "\u00a0"))
    .join("\u00a0· "); // a line may break after a dot only
}

/** "40 ms · 5 %": what a link does, and the way to change it. */
function Badge({
  link,
  words,
  at,
  most,
  open,
  view,
}: {
  link: Link;
  words: string;
  at: Place;
  most: number;
  open: Signal<Open>;
  view: View;
}) {
  const p = link.params;
  const name = (id: string): string => view.hosts.find((h) => h.id === id)?.name || id;
  return (
    <button
      type="button"
      class={`ls-badge${p.loss_ppm > 0 || !p.up ? " ls-badge-loss" : ""}`}
      style={{ left: `${at.x}px`, top: `${at.y}px`, maxInlineSize: `${most}px` }}
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
