// A host as a card on the network: its name, addresses and sockets. It is dragged, or
// moved with arrow keys when focused.

import { useRef } from "preact/hooks";
import { Icon } from "../icon";
import type { Host, View } from "../model";
import { view as panels } from "../panels";
import { hover, lit, pin, pinned } from "../selection";
import { stateClass } from "../sockets/rows";
import { t } from "../text";
import { useSession } from "../use";
import type { Place, Size } from "./place";

export function Card({
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

/** The size of a host's card as it stands on the page; nothing before it does. */
export function cardSize(box: HTMLElement | null, host: string): Size {
  const card = box?.querySelector<HTMLElement>(`[data-host="${CSS.escape(host)}"]`);
  return { width: card?.offsetWidth ?? 0, height: card?.offsetHeight ?? 0 };
}
