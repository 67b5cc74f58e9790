// Packets under way, as dots that carry their flags, and the way to drop one.

import { useSignal } from "@preact/signals";
import { clock, virtualNow } from "../clock";
import { Icon } from "../icon";
import { flagWords } from "../ladder/arrows";
import type { Packet } from "../model";
import { hover, lit, pin } from "../selection";
import { t } from "../text";
import { useDrawing, useSession } from "../use";
import { cardSize } from "./card";
import { between, leaving, type Place, type Size } from "./place";

const MOST_DOTS = 120;

/** Packets under way, moved along at virtual now. */
export function Flights({
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
export function Dropper() {
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
