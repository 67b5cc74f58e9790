// A host's sockets in the columns of ss, with what can be done to each beside it.

import { useRef } from "preact/hooks";
import { useSignal, type Signal } from "@preact/signals";
import { virtualNow } from "../clock";
import { span } from "../format";
import { Icon } from "../icon";
import type { Call, Conn, Host, Socket } from "../model";
import { hover, lit, pin } from "../selection";
import { maybe, t } from "../text";
import { useSession, useSize } from "../use";
import { ActionForm, NewForm, type Fresh } from "./forms";
import { actions, socketRows, stateClass, uniqueness, type Action, type SocketRow } from "./rows";

/** Which form is open: for a new socket, or an action on one row. */
export type Open = { fresh: Fresh } | { key: string; action: Action } | null;

const INSTANT: readonly Action[] = ["accept", "close", "recv", "recvfrom"];

export function SocketTable({ host, proc }: { host: Host; proc: string }) {
  const session = useSession();
  const { store } = session;
  const open = useSignal<Open>(null);
  const box = useRef<HTMLDivElement>(null);
  const { width } = useSize(box);
  const narrow = width > 0 && width < 520;
  void store.version.value;
  const rows = socketRows(store.view, host.id, "");
  const calls = store.view.calls.filter((c) => c.host === host.id);
  const locked = session.locked();
  const acting = actingOn(open.value, rows);
  const fresh = (what: Fresh): void => {
    open.value = isFresh(open.value, what) ? null : { fresh: what };
  };
  return (
    <div class="ls-sockets-body">
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
          (["listen", "connect", "udp", "socket", "process"] as const).map((what) => (
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
          <p class="ls-empty">{t("sockets.empty", { host: host.name || host.id })}</p>
        ) : (
          <table class={`ls-table ls-ss${narrow ? " ls-ss-narrow" : ""}`}>
            <thead>
              <tr>
                <th scope="col">fd</th>
                <th scope="col">State</th>
                <th scope="col">Recv-Q</th>
                <th scope="col">Send-Q</th>
                <th scope="col">Local</th>
                <th scope="col">Peer</th>
                <th scope="col">cwnd</th>
                <th scope="col">rto</th>
                <th scope="col">{t("sockets.timers")}</th>
                {!narrow && (
                  <th scope="col">
                    <span class="ls-visually-hidden">{t("sockets.actions")}</span>
                  </th>
                )}
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
                  narrow={narrow}
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
  narrow,
}: {
  r: SocketRow;
  host: Host;
  open: Signal<Open>;
  calls: Call[];
  narrow: boolean;
}) {
  const session = useSession();
  const conn = r.conn?.id;
  const on = conn !== undefined && lit.value.conn === conn;
  const locked = session.locked();
  const formOpen =
    open.value && "key" in open.value && open.value.key === r.key ? open.value.action : null;
  const choose = (): void => {
    if (conn) pin({ conn, host: host.id, ...lastOf(session.store.histories.all.get(conn)?.last) });
  };
  const act = (a: Action): void => {
    const s = r.socket;
    if (!s) return;
    if (INSTANT.includes(a)) void session.perform(s.proc, [{ op: a, args: { fd: s.fd } }]);
    else open.value = formOpen === a ? null : { key: r.key, action: a };
  };
  const buttons = actions(r).map((a) => (
    <button
      key={a}
      type="button"
      class="ls-tool ls-tool-small"
      disabled={!!locked}
      title={locked}
      {...(INSTANT.includes(a) ? {} : { "aria-expanded": formOpen === a })}
      onClick={(e) => {
        e.stopPropagation();
        act(a);
      }}
    >
      {a}
    </button>
  ));
  return (
    <>
      <tr
        class={`${r.depth ? "ls-ss-child" : ""}${on ? " ls-lit" : ""}`}
        onPointerEnter={() => conn && hover({ conn })}
        onPointerLeave={() => hover({})}
        onClick={choose}
      >
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
        <Cell value={String(r.recvQ)} />
        <Cell value={String(r.sendQ)} />
        <Cell value={r.local} mono />
        <Cell value={r.peer} mono />
        {r.synQueue !== undefined ? (
          <td colSpan={3}>
            <Queues r={r} />
          </td>
        ) : (
          <>
            <Cell value={r.conn && r.conn.cc.cwnd > 0 ? cwnd(r.conn) : ""} />
            <Cell value={r.conn && r.conn.rtt.rto_ns > 0 ? span(r.conn.rtt.rto_ns) : ""} />
            <td>
              {r.conn?.timers.map((x) => (
                <Timer key={x.name} name={x.name} at={x.at} />
              ))}
            </td>
          </>
        )}
        {!narrow && <td class="ls-ss-acts">{buttons}</td>}
      </tr>
      {narrow && buttons.length > 0 && (
        <tr class={r.depth ? "ls-ss-child" : ""}>
          <td />
          <td colSpan={8} class="ls-ss-acts-row">
            {buttons}
          </td>
        </tr>
      )}
      {calls.length > 0 && (
        <tr class={`ls-ss-call${r.depth ? " ls-ss-child" : ""}`}>
          <td />
          <td colSpan={9}>
            {calls.map((c) => (
              <Pending key={c.id} call={c} />
            ))}
          </td>
        </tr>
      )}
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
