// A host's sockets in the columns of ss, with what can be done to each beside it.

import { useRef } from "preact/hooks";
import { useSignal, type Signal } from "@preact/signals";
import { virtualNow } from "../clock";
import { span } from "../format";
import { Icon } from "../icon";
import type { Call, Conn, Host, Socket } from "../model";
import { hover, lit, pin } from "../selection";
import { maybe, t } from "../text";
import { classes, useSession, useSize } from "../use";
import { ACTION, type Fresh } from "./fields";
import { ActionForm, NewForm } from "./forms";
import { actions, endedRows, socketRows, stateClass, uniqueness, type Action, type SocketRow } from "./rows";

/** Which form is open: for a new socket, or an action on one row. */
export type Open = { fresh: Fresh } | { key: string; action: Action } | null;

export function SocketTable({ host, proc }: { host: Host; proc: string }) {
  const session = useSession();
  const { store } = session;
  const open = useSignal<Open>(null);
  const box = useRef<HTMLDivElement>(null);
  const { width } = useSize(box);
  // Addresses have to be readable in full: where the actions do not fit beside them, each
  // row has a button that unfolds its own.
  const room: Room = width === 0 || width >= 880 ? "wide" : width >= 560 ? "middle" : "narrow";
  const unfolded = useSignal<string | null>(null);
  void store.version.value;
  const rows = socketRows(store.view, host.id, "");
  if (session.boot.capture) rows.push(...endedRows(store.histories.all.values(), host.id));
  const calls = store.view.calls.filter((c) => c.host === host.id);
  const locked = session.locked();
  const acting = actingOn(open.value, rows);
  const columns = room === "wide" ? 10 : room === "middle" ? 9 : 8;
  const fresh = (what: Fresh): void => {
    open.value = isFresh(open.value, what) ? null : { fresh: what };
  };
  return (
    <div class="ls-sockets-body">
      {!session.boot.capture && (
        <div class="ls-bar-actions" role="group" aria-label={t("sockets.new")}>
          {proc === "" ? (
            <button
              type="button"
              class="ls-tool"
              disabled={!!locked}
              title={locked}
              aria-expanded={isFresh(open.value, "process")}
              onClick={() => fresh("process")}
            >
              <Icon name="plus" /> {t("process.new")}
            </button>
          ) : (
            (["listen", "connect", "udp", "socket", "ping", "process"] as const).map((what) => (
              <button
                key={what}
                type="button"
                class="ls-tool"
                disabled={!!locked}
                title={locked || t(`fresh.${what}_hint`)}
                aria-expanded={isFresh(open.value, what)}
                onClick={() => fresh(what)}
              >
                <Icon name="plus" /> {t(`fresh.${what}`)}
              </button>
            ))
          )}
        </div>
      )}
      {open.value && "fresh" in open.value && (
        <NewForm
          key={open.value.fresh}
          what={open.value.fresh}
          host={host}
          proc={proc}
          close={() => {
            open.value = null;
          }}
        />
      )}
      {acting && (
        <ActionForm
          key={`${acting.socket.id} ${acting.action}`}
          action={acting.action}
          socket={acting.socket}
          close={() => {
            open.value = null;
          }}
        />
      )}
      <div
        class="ls-scroll"
        ref={box}
        tabIndex={0}
        role="region"
        aria-label={t("sockets.of", { host: host.name || host.id })}
      >
        {rows.length === 0 ? (
          <p class="ls-empty">
            {t(locked ? "sockets.none" : "sockets.empty", { host: host.name || host.id })}
          </p>
        ) : (
          <table class={`ls-table ls-ss ls-ss-${room}`}>
            <thead>
              <tr>
                {room !== "wide" && <ActionsHead />}
                <th scope="col">fd</th>
                <th scope="col">State</th>
                {room === "narrow" && <th scope="col">Local → Peer</th>}
                <th scope="col">Recv-Q</th>
                <th scope="col">Send-Q</th>
                {room !== "narrow" && <th scope="col">Local</th>}
                {room !== "narrow" && <th scope="col">Peer</th>}
                <th scope="col">cwnd</th>
                <th scope="col">rto</th>
                {room === "wide" && <th scope="col">{t("sockets.timers")}</th>}
                {room === "wide" && <ActionsHead />}
              </tr>
            </thead>
            <tbody>
              {rows.map((r) => (
                <Row
                  key={r.key}
                  r={r}
                  host={host}
                  open={open}
                  calls={callsOf(calls, r)}
                  room={room}
                  columns={columns}
                  unfolded={(unfolded.value ?? (rows.length === 1 ? r.key : "")) === r.key}
                  unfold={(on) => {
                    unfolded.value = on ? r.key : "";
                  }}
                />
              ))}
            </tbody>
          </table>
        )}
        {calls
          .filter((c) => !rows.some((r) => r.socket?.fd === c.fd && r.socket.proc === c.proc))
          .map((c) => (
            <Pending key={c.id} call={c} />
          ))}
      </div>
      <TupleCard host={host} />
    </div>
  );
}

/** How much stands beside a socket: its actions, both addresses, or those in two lines. */
type Room = "wide" | "middle" | "narrow";

function ActionsHead() {
  return (
    <th scope="col">
      <span class="ls-visually-hidden">{t("sockets.actions")}</span>
    </th>
  );
}

/** The socket and action whose form is open, as long as the socket is there. */
function actingOn(
  open: Open,
  rows: readonly SocketRow[],
): { socket: Socket; action: Action } | null {
  if (open === null || !("key" in open)) return null;
  const socket = rows.find((r) => r.key === open.key)?.socket;
  return socket ? { socket, action: open.action } : null;
}

function isFresh(open: Open, what: Fresh): boolean {
  return open !== null && "fresh" in open && open.fresh === what;
}

function callsOf(calls: readonly Call[], r: SocketRow): Call[] {
  return calls.filter((c) => r.socket !== null && c.fd === r.socket.fd && c.proc === r.socket.proc);
}

function Row({
  r,
  host,
  open,
  calls,
  room,
  columns,
  unfolded,
  unfold,
}: {
  r: SocketRow;
  host: Host;
  open: Signal<Open>;
  calls: Call[];
  room: Room;
  columns: number;
  unfolded: boolean;
  unfold(on: boolean): void;
}) {
  const session = useSession();
  const conn = r.conn?.id ?? r.ended;
  const on = conn !== undefined && lit.value.conn === conn;
  const can = r.socket !== null && actions(r).length > 0;
  const choose = (): void => {
    if (can) unfold(true);
    if (conn) pin({ conn, host: host.id, ...lastOf(session.store.histories.all.get(conn)?.last) });
  };
  const child = r.depth ? "ls-ss-child" : "";
  return (
    <>
      <tr
        class={classes(child, on && "ls-lit", room !== "wide" && can && unfolded && "ls-ss-open")}
        onPointerEnter={() => conn && hover({ conn })}
        onPointerLeave={() => hover({})}
        onClick={choose}
      >
        {room !== "wide" && (
          <td class="ls-ss-more">
            {can && <Unfold r={r} on={unfolded} set={unfold} />}
          </td>
        )}
        <td class="ls-num">{r.socket ? r.socket.fd : "–"}</td>
        <td>
          {conn ? (
            <button
              type="button"
              class={`ls-state ls-state-${stateClass(r.state)}`}
              onClick={choose}
              onFocus={() => hover({ conn })}
              onBlur={() => hover({})}
            >
              {r.state}
            </button>
          ) : (
            <span class={`ls-state ls-state-${stateClass(r.state)}`}>{r.state}</span>
          )}
          {r.proto === "udp" && <span class="ls-proto">udp</span>}
        </td>
        {room === "narrow" && (
          <td class="ls-mono ls-addr">
            {r.local}
            <br />→ {r.peer}
          </td>
        )}
        <Cell value={String(r.recvQ)} />
        <Cell value={String(r.sendQ)} />
        {room !== "narrow" && <Cell value={r.local} mono />}
        {r.synQueue !== undefined && room !== "narrow" ? (
          <td colSpan={room === "wide" ? 4 : 3} class="ls-mono ls-addr">
            {r.peer} <Queues r={r} />
          </td>
        ) : (
          room !== "narrow" && <Cell value={r.peer} mono />
        )}
        {(r.synQueue === undefined || room === "narrow") && <Flow r={r} wide={room === "wide"} />}
        {room === "wide" && (
          <td class="ls-ss-acts">
            <Actions r={r} open={open} />
          </td>
        )}
      </tr>
      {room !== "wide" && can && unfolded && (
        <tr class={classes(child, on && "ls-lit")} id={`wb-acts-${r.key}`} ref={intoView}>
          <td />
          <td colSpan={columns - 1} class="ls-ss-acts ls-ss-acts-row">
            <Actions r={r} open={open} />
          </td>
        </tr>
      )}
      {calls.length > 0 && (
        <tr class={`ls-ss-call ${child}`}>
          <td />
          <td colSpan={columns - 1}>
            {calls.map((c) => (
              <Pending key={c.id} call={c} />
            ))}
          </td>
        </tr>
      )}
    </>
  );
}

// What was just unfolded must be seen; a stable function, so that it runs once.
function intoView(row: HTMLElement | null): void {
  row?.scrollIntoView({ block: "nearest" });
}

/** The button of a row that shows what can be done with its socket. */
function Unfold({ r, on, set }: { r: SocketRow; on: boolean; set(on: boolean): void }) {
  const name = t("sockets.actions_of", { fd: r.socket?.fd ?? 0 });
  return (
    <button
      type="button"
      class="ls-tool ls-tool-icon"
      aria-label={name}
      title={name}
      aria-expanded={on}
      aria-controls={on ? `wb-acts-${r.key}` : undefined}
      onClick={(e) => {
        e.stopPropagation();
        set(!on);
      }}
    >
      <Icon name="ellipsis" />
    </button>
  );
}

/** Whether a call needs to be told nothing more. */
function instant(a: Action): boolean {
  return ACTION[a].length === 0;
}

function Actions({ r, open }: { r: SocketRow; open: Signal<Open> }) {
  const session = useSession();
  const locked = session.locked();
  const formOpen =
    open.value && "key" in open.value && open.value.key === r.key ? open.value.action : null;
  const act = (a: Action): void => {
    const s = r.socket;
    if (!s) return;
    if (instant(a)) void session.perform(s.proc, [{ op: a, args: { fd: s.fd } }]);
    else open.value = formOpen === a ? null : { key: r.key, action: a };
  };
  return (
    <>
      {actions(r).map((a) => (
        <button
          key={a}
          type="button"
          class="ls-tool ls-tool-small"
          disabled={!!locked}
          title={locked}
          {...(instant(a) ? {} : { "aria-expanded": formOpen === a })}
          onClick={(e) => {
            e.stopPropagation();
            act(a);
          }}
        >
          {a}
        </button>
      ))}
    </>
  );
}

/** What a connection's flow stands at, or what waits at a listener. */
function Flow({ r, wide }: { r: SocketRow; wide: boolean }) {
  if (r.synQueue !== undefined) {
    return (
      <td colSpan={2}>
        <Queues r={r} />
      </td>
    );
  }
  const timers = r.conn?.timers.map((x) => <Timer key={x.name} name={x.name} at={x.at} />);
  const rto = r.conn && r.conn.rtt.rto_ns > 0 ? span(r.conn.rtt.rto_ns) : "";
  return (
    <>
      <Cell value={r.conn && r.conn.cc.cwnd > 0 ? cwnd(r.conn) : ""} />
      {/* Where room is short, a running timer stands in place of what it was set to. */}
      {wide || !timers?.length ? <Cell value={rto} /> : <td>{timers}</td>}
      {wide && <td>{timers}</td>}
    </>
  );
}

function lastOf(n: number | undefined): { n?: number } {
  return n ? { n } : {};
}

/** A cell that flashes once when its value changes. */
function Cell({ value, mono }: { value: string; mono?: boolean }) {
  const before = useRef(value);
  const beat = useRef(0);
  if (before.current !== value) {
    before.current = value;
    beat.current++;
  }
  return (
    <td class={mono ? "ls-mono ls-addr" : "ls-num"}>
      <span key={beat.current} class={beat.current > 0 ? "ls-flash" : undefined}>
        {value}
      </span>
    </td>
  );
}

function Timer({ name, at }: { name: string; at: number }) {
  const left = Math.max(0, at - virtualNow(performance.now()));
  return (
    <span class="ls-timer" title={t("sockets.timer_at", { name })}>
      {name} {span(roundSpan(left))}
    </span>
  );
}

// Timers count down; two digits are enough to see it without trembling.
function roundSpan(ns: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, ns))) - 1);
  return Math.round(ns / unit) * unit;
}

function Queues({ r }: { r: SocketRow }) {
  return (
    <span class="ls-timer">
      {t("sockets.queues", { syn: r.synQueue ?? 0, accept: r.recvQ, backlog: r.sendQ })}
    </span>
  );
}

function Pending({ call }: { call: Call }) {
  return (
    <span class="ls-pending">
      <Icon name="clock" />{" "}
      {t("sockets.pending", {
        call: `${call.op}(${call.fd})`,
        since: span(Math.max(0, virtualNow(performance.now()) - call.since)),
      })}
    </span>
  );
}

function cwnd(c: Conn): string {
  return c.smss > 0 ? String(Math.floor(c.cc.cwnd / c.smss)) : `${c.cc.cwnd} B`;
}

/** <source address, port, destination address, port>, and which part makes it unique. */
function TupleCard({ host }: { host: Host }) {
  const { store } = useSession();
  const conn = store.view.connections.find((c) => c.id === lit.value.conn);
  if (!conn || conn.host !== host.id) return null;
  const u = uniqueness(store.view, conn);
  const words =
    u.sharing === 0
      ? t("tuple.alone")
      : t("tuple.shared", {
          n: u.sharing,
          parts: u.differs.map((d) => maybe(`tuple.${d}`, d)).join(", "),
        });
  return (
    <p class="ls-tuple">
      <code>
        &lt;
        {u.tuple.map((part, i) => (
          <span key={i} class={unique(u.differs, conn.active, i) ? "ls-tuple-part" : undefined}>
            {part}
            {i < 3 ? ", " : ""}
          </span>
        ))}
        &gt;
      </code>
      <span>{words}</span>
    </p>
  );
}

// The peer is the source for a passive opener, the destination for an active one.
function unique(differs: readonly string[], active: boolean, i: number): boolean {
  const base = active ? 2 : 0;
  return (i === base && differs.includes("addr")) || (i === base + 1 && differs.includes("port"));
}
