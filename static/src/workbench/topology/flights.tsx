// Packets under way, as dots that carry their flags, and the way to lay hands on one.

import { useSignal } from "@preact/signals";
import { clock, virtualNow } from "../clock";
import type { Packet } from "../model";
import { hover, lit, pin } from "../selection";
import { t } from "../text";
import { useDrawing, useSession } from "../use";
import { Hands, packetWord } from "./hands";
import { between, leaving, type Place, type Size, type Stage } from "./place";

const MOST_DOTS = 120;
const NONE: Size = { width: 0, height: 0 };

/** Packets under way, moved along at virtual now. */
export function Flights({
  stage,
  cards,
}: {
  stage: Stage;
  cards: ReadonlyMap<string, Size>;
}) {
  const { store } = useSession();
  const frame = useSignal(0);
  const some = (): boolean => store.view.packets.length > 0;
  useDrawing(() => {
    void store.version.value;
    void clock.value;
    if (some() || frame.peek() % 2 === 1) frame.value = frame.peek() + 1;
  }, some);
  void frame.value;
  const now = virtualNow(performance.now());
  return (
    <svg
      class="ls-map-packets"
      width={stage.size.width}
      height={stage.size.height}
      aria-hidden="true"
    >
      {store.view.packets.slice(0, MOST_DOTS).map((p) => {
        const place = where(p, stage.at, now, cards);
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
  cards: ReadonlyMap<string, Size>,
): Place | null {
  const a = at.get(p.host);
  if (!a) return null;
  const card = cards.get(p.host) ?? NONE;
  const b = p.link ? at.get(p.to) : undefined;
  if (!b) return { x: a.x, y: a.y - card.height / 2 - 4 };
  const share =
    p.queued || p.arrive <= p.depart
      ? 0
      : Math.min(1, Math.max(0, (now - p.depart) / (p.arrive - p.depart)));
  return between(leaving(a, b, card), leaving(b, a, cards.get(p.to) ?? NONE), share);
}

function Dot({ p, x, y }: { p: Packet; x: number; y: number }) {
  const words = packetWord(p);
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

/** Paused, a packet in flight can be chosen, and something done to it. */
export function Dropper() {
  const session = useSession();
  const { store } = session;
  void store.version.value;
  const chosen = useSignal(0);
  const packets = store.view.packets;
  if (clock.value.playing || packets.length === 0 || session.locked()) return null;
  const shown = packets.slice(0, 6);
  const packet = packets.find((p) => p.pkt === chosen.value);
  return (
    <div class="ls-dropper" role="group" aria-label={t("drop.title")}>
      <span>{t("drop.title")}</span>
      {shown.map((p) => (
        <button
          key={p.pkt}
          type="button"
          class="ls-tool"
          aria-expanded={p.pkt === chosen.value}
          title={t("hand.title", { n: p.pkt })}
          onPointerEnter={() => hover({ n: p.pkt })}
          onPointerLeave={() => hover({})}
          onFocus={() => hover({ n: p.pkt })}
          onBlur={() => hover({})}
          onClick={() => {
            chosen.value = chosen.value === p.pkt ? 0 : p.pkt;
          }}
        >
          #{p.pkt} {packetWord(p)}
        </button>
      ))}
      {packets.length > 6 && <span>+{packets.length - 6}</span>}
      {packet && <Hands key={packet.pkt} packet={packet} />}
    </div>
  );
}
