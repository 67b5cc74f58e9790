// Every event of the run as a real table: the ladder's twin for the keyboard and for
// assistive technology, windowed so that 50 000 rows cost what fifty do.

import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { shortInstant } from "../format";
import type { Event } from "../model";
import { hover, lit, pin, pinned } from "../selection";
import { t } from "../text";
import { useSession, useSize } from "../use";
import { hostName, summary } from "./about";

const ROW_PX = 26;
const SPARE = 8;

// What becomes of packets, but for each step of their way.
const PACKETS = /^(segment|datagram|icmp|arp)\.|^packet\.(?!queued$|departed$|arrived$|observed$)/;

export function EventTable() {
  const { store } = useSession();
  const box = useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const top = useSignal(0);
  const packetsOnly = useSignal(false);
  const following = useRef(true);
  void store.version.value;
  const rows = packetsOnly.value ? store.events.filter((e) => PACKETS.test(e.kind)) : store.events;
  const first = Math.max(0, Math.floor(top.value / ROW_PX) - SPARE);
  const last = Math.min(rows.length, Math.ceil((top.value + size.height) / ROW_PX) + SPARE);
  const chosen = pinned.value.n ?? 0;

  useEffect(() => {
    if (following.current && box.current) box.current.scrollTop = rows.length * ROW_PX;
  });
  useEffect(
    () =>
      pinned.subscribe((p) => {
        const at = p.n ? indexOf(rows, p.n) : -1;
        const scroller = box.current;
        if (at < 0 || !scroller) return;
        const y = (at + 1) * ROW_PX;
        if (
          y > scroller.scrollTop + ROW_PX &&
          y < scroller.scrollTop + scroller.clientHeight - ROW_PX
        )
          return;
        following.current = false;
        scroller.scrollTop = Math.max(0, y - scroller.clientHeight / 2);
      }),
    [packetsOnly.value],
  );

  const move = (e: KeyboardEvent): void => {
    const at = chosen ? indexOf(rows, chosen) : -1;
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? rows.length - 1 : at - 1,
      Home: 0,
      End: rows.length - 1,
      PageDown: at + 15,
      PageUp: at - 15,
    }[e.code];
    if (e.code === "Enter") document.getElementById("wb-inspector")?.focus();
    if (to === undefined || rows.length === 0) return;
    e.preventDefault();
    choose(rows[Math.min(rows.length - 1, Math.max(0, to))]!);
  };

  return (
    <div class="ls-events">
      <label class="ls-check">
        <input
          type="checkbox"
          checked={packetsOnly.value}
          onChange={(e) => {
            packetsOnly.value = e.currentTarget.checked;
          }}
        />
        {t("table.packets_only")}
      </label>
      <div
        class="ls-events-box"
        ref={box}
        tabIndex={0}
        role="region"
        aria-label={t("table.title")}
        onKeyDown={move}
        onScroll={(e) => {
          const s = e.currentTarget;
          top.value = s.scrollTop;
          following.current = s.scrollHeight - s.scrollTop - s.clientHeight < ROW_PX;
        }}
      >
        <table class="ls-table ls-events-table" aria-rowcount={rows.length + 1}>
          <thead>
            <tr aria-rowindex={1}>
              <th scope="col">#</th>
              <th scope="col">{t("table.time")}</th>
              <th scope="col">{t("table.host")}</th>
              <th scope="col">{t("table.event")}</th>
              <th scope="col">{t("table.what")}</th>
              <th scope="col">{t("table.cause")}</th>
            </tr>
          </thead>
          <tbody>
            {first > 0 && (
              <tr aria-hidden="true">
                <td colSpan={6} class="ls-pad" style={{ height: `${first * ROW_PX}px` }} />
              </tr>
            )}
            {rows.slice(first, last).map((e, i) => (
              <Row key={e.n} e={e} index={first + i + 2} chosen={e.n === chosen} />
            ))}
            {last < rows.length && (
              <tr aria-hidden="true">
                <td
                  colSpan={6}
                  class="ls-pad"
                  style={{ height: `${(rows.length - last) * ROW_PX}px` }}
                />
              </tr>
            )}
          </tbody>
        </table>
        {rows.length === 0 && <p class="ls-empty">{t("ladder.empty")}</p>}
      </div>
    </div>
  );
}

function Row({ e, index, chosen }: { e: Event; index: number; chosen: boolean }) {
  const { store } = useSession();
  return (
    <tr
      aria-rowindex={index}
      aria-current={chosen ? "true" : undefined}
      class={lit.value.n === e.n ? "ls-lit" : undefined}
      onClick={() => choose(e)}
      onPointerEnter={() => hover({ n: e.n })}
      onPointerLeave={() => hover({})}
    >
      <td class="ls-num">
        <button type="button" class="ls-plain" tabIndex={-1} onClick={() => choose(e)}>
          #{e.n}
        </button>
      </td>
      <td class="ls-num">{shortInstant(e.t)}</td>
      <td>{hostName(store, e.host)}</td>
      <td>
        <code>{e.kind}</code>
      </td>
      <td class="ls-ellipsis" title={summary(store, e)}>
        {summary(store, e)}
      </td>
      <td class="ls-num">{e.by > 0 ? `#${e.by}` : ""}</td>
    </tr>
  );
}

function choose(e: Event): void {
  pin({ n: e.n, ...(e.conn ? { conn: e.conn } : {}) });
}

/** Where event n stands among rows in order of n; -1 if it is not among them. */
function indexOf(rows: readonly Event[], n: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]!.n < n) low = middle + 1;
    else high = middle;
  }
  return rows[low]?.n === n ? low : -1;
}
