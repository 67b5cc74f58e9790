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
import type { Place, Stage } from "./place";

/** More than these stand behind a count. */
export const MOST_CHIPS = 3;

export function Card({
  host,
  place,
  stage,
  few,
  measure,
  move,
}: {
  host: Host;
  place: Place; // in pixels of the stage
  stage: Stage;
  few: boolean; // whether to show as little as possible
  measure: (card: Element | null) => void;
  move: (to: Place) => void; // in shares of the stage
}) {
  const { store } = useSession();
  const drag = useRef<{ x: number; y: number; from: Place; far: boolean } | null>(null);
  const chips = chipsOf(store.view, host.id);
  const chosen = lit.value.host === host.id;
  const share = { x: place.x / stage.size.width, y: place.y / stage.size.height };
  const most = few ? 1 : MOST_CHIPS;
  const choose = (): void => {
    panels.host.value = host.id;
    panels.proc.value = "";
    pin({ ...pinned.value, host: host.id });
  };
  const onMove = (e: PointerEvent): void => {
    const d = drag.current;
    if (!d) return;
    if (Math.hypot(e.clientX - d.x, e.clientY - d.y) > 4) d.far = true;
    if (d.far)
      move(
        clamp({
          x: d.from.x + (e.clientX - d.x) / (stage.size.width * stage.scale),
          y: d.from.y + (e.clientY - d.y) / (stage.size.height * stage.scale),
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
    move(clamp({ x: share.x + by[0]!, y: share.y + by[1]! }));
  };
  return (
    <div
      class={`ls-card${host.switch ? " ls-card-switch" : host.forward ? " ls-card-router" : ""}${chosen ? " ls-card-lit" : ""}`}
      style={{ left: `${place.x}px`, top: `${place.y}px` }}
      ref={measure}
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
          drag.current = { x: e.clientX, y: e.clientY, from: share, far: false };
          e.currentTarget.setPointerCapture(e.pointerId);
        }}
        onPointerMove={onMove}
        onKeyDown={onKey}
        onPointerEnter={() => hover({ host: host.id })}
        onPointerLeave={() => hover({})}
      >
        <Icon name={host.switch ? "network" : host.forward ? "router" : "monitor"} />
        <b>{host.name || host.id}</b>
        <span class="ls-card-addr">{subtitle(host)}</span>
      </button>
      {chips.length > 0 && (
        <ul class="ls-chips">
          {chips.slice(0, most).map((c) => (
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
          {chips.length > most && <li class="ls-chip-more">+{chips.length - most}</li>}
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

/**
 * A host's sockets as chips, then connections that have none (half-open, or closed by
 * their program and still finishing); those that read alike are one chip with a count.
 */
export function chipsOf(view: View, host: string): Chip[] {
  const out: Chip[] = [];
  const owned = new Set(view.sockets.map((s) => s.conn));
  for (const s of view.sockets) {
    if (s.host !== host) continue;
    const conn = s.conn ? view.connections.find((c) => c.id === s.conn) : undefined;
    const state = s.listening ? "LISTEN" : s.proto === "udp" ? "UNCONN" : (conn?.state ?? "CLOSED");
    const text =
      s.local === "" && !conn
        ? t("chip.unbound", { proto: s.proto })
        : s.proto === "udp"
          ? `udp ${port(s.local)}`
          : `${port(s.local)} ${s.listening || conn ? state : ""}`.trim();
    add(out, text, state, s.conn);
  }
  for (const c of view.connections) {
    if (c.host !== host || c.sock !== "" || owned.has(c.id)) continue;
    add(out, `${port(c.local)} ${c.state}`, c.state, c.id);
  }
  return out;
}

function add(out: Chip[], text: string, state: string, conn: string): void {
  const same = out.find((c) => c.text === text);
  if (same) same.times++;
  else out.push({ text, state, conn, times: 1 });
}

function subtitle(host: Host): string {
  if (host.switch) return t("topology.switch");
  return host.forward ? t("topology.router") : addresses(host);
}

function addresses(host: Host): string {
  const all = host.nics.map((n) => n.addr.split("/", 1)[0]).join(", ");
  return all === host.name ? "" : all; // a capture's hosts are named for their addresses
}

function port(local: string): string {
  return local ? `:${local.slice(local.lastIndexOf(":") + 1)}` : "–";
}

function clamp(p: Place): Place {
  return { x: Math.min(1, Math.max(0, p.x)), y: Math.min(1, Math.max(0, p.y)) };
}
