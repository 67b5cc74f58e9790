// The console: a plain input and a plain list, because virtual hosts need no escape
// codes. The log is the transcript; what is typed here and what buttons do both end up in
// it.

import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { span } from "../format";
import type { Host } from "../model";
import { pin } from "../selection";
import type { Session } from "../session";
import { socketRows } from "../sockets/rows";
import { maybe, t } from "../text";
import type { Entry } from "../transcript";
import { useSession } from "../use";
import { ruleText } from "../why";
import { complete } from "./complete";
import { tableOf } from "./lan";
import { LineError } from "./lex";
import { parse, verbs, type Plan, type Step } from "./parse";

const SHOWN = 300;
const KEPT = 200;
const past: string[] = []; // this page's history, of all processes

export function Console({ host, proc }: { host: Host; proc: string }) {
  const session = useSession();
  const { transcript, store } = session;
  const text = useSignal("");
  const at = useSignal(-1); // place in the history, -1 for the line being typed
  const draft = useRef("");
  const options = useSignal<string[]>([]);
  const log = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  void transcript.version.value;
  const entries = transcript.entries.slice(-SHOWN);
  const locked = session.locked();
  useEffect(() => {
    if (log.current) log.current.scrollTop = log.current.scrollHeight;
  }, [entries.length, entries[entries.length - 1]?.result]);

  const submit = (): void => {
    const line = text.value;
    if (line.trim() === "") return;
    if (past[past.length - 1] !== line) past.push(line);
    if (past.length > KEPT) past.shift();
    at.value = -1;
    options.value = [];
    text.value = "";
    run(session, host, proc, line);
  };
  const recall = (step: -1 | 1): void => {
    if (at.value < 0 && step > 0) return;
    if (at.value < 0) draft.current = text.value;
    const to = at.value < 0 ? past.length - 1 : at.value + step;
    if (to < 0) return;
    at.value = to >= past.length ? -1 : to;
    text.value = at.value < 0 ? draft.current : past[to]!;
  };
  const tab = (): void => {
    const caret = input.current?.selectionStart ?? text.value.length;
    const before = text.value.slice(0, caret);
    const found = complete(before, store.view, proc);
    const common = prefix(found.options);
    const whole = found.options.length === 1 ? `${common} ` : common;
    if (whole.length > before.length - found.from)
      text.value = before.slice(0, found.from) + whole + text.value.slice(caret);
    options.value = found.options.length > 1 ? found.options : [];
  };
  const onKey = (e: KeyboardEvent): void => {
    if (e.isComposing || e.keyCode === 229) return; // a syllable is being made
    if (e.key === "Enter") {
      e.preventDefault();
      submit();
    } else if (e.key === "ArrowUp") {
      e.preventDefault();
      recall(-1);
    } else if (e.key === "ArrowDown") {
      e.preventDefault();
      recall(1);
    } else if (e.key === "Tab" && !e.shiftKey && text.value !== "") {
      e.preventDefault();
      tab();
    } else if (e.key === "c" && e.ctrlKey && text.value === "" && running(session, host).length > 0) {
      e.preventDefault();
      for (const call of running(session, host)) void session.world("interrupt", { call });
    } else if (e.key === "Escape") {
      options.value = [];
      input.current?.blur();
    }
  };
  return (
    <div class="ls-console">
      <div class="ls-log" role="log" aria-label={t("console.log")} ref={log} tabIndex={0}>
        <ol>
          {entries.length === 0 && <li class="ls-log-info">{t("console.empty")}</li>}
          {entries.map((e) => (
            <Line key={e.key} e={e} />
          ))}
        </ol>
      </div>
      {options.value.length > 0 && (
        <ul class="ls-options" aria-label={t("console.options")}>
          {options.value.slice(0, 24).map((o) => (
            <li key={o}>{o}</li>
          ))}
        </ul>
      )}
      <div class="ls-prompt">
        <label for="wb-console">{proc || host.name || host.id} $</label>
        <input
          id="wb-console"
          ref={input}
          value={text.value}
          autoComplete="off"
          autoCapitalize="off"
          spellcheck={false}
          enterkeyhint="send"
          disabled={host.bare || store.role.value === "watch"}
          placeholder={locked || t("console.placeholder")}
          aria-label={t("console.input", { proc: proc || host.id })}
          onInput={(e) => {
            text.value = e.currentTarget.value;
            options.value = [];
          }}
          onKeyDown={onKey}
        />
      </div>
    </div>
  );
}

function Line({ e }: { e: Entry }) {
  const { boot, store } = useSession();
  const why = e.why ? ruleText(boot, e.why, store.event(e.n)) : "";
  return (
    <li class={`ls-log-${e.look}`}>
      {e.look === "typed" && <span class="ls-log-who">{e.who || "world"} $ </span>}
      {e.look !== "typed" && e.who !== "" && e.n > 0 && <span class="ls-log-who">{e.who} </span>}
      <span class="ls-log-text">{e.text}</span>{" "}
      {e.result !== "" && <span class="ls-log-result">{e.result}</span>}{" "}
      {e.n > 0 && (
        <button type="button" class="ls-n" onClick={() => pin({ n: e.n })}>
          #{e.n}
        </button>
      )}
      {why && <span class="ls-log-why">{why}</span>}
      {e.caret !== undefined && (
        <span class="ls-log-caret" aria-hidden="true">
          {" ".repeat(e.caret)}^
        </span>
      )}
    </li>
  );
}

/** Carries out a line for a process. */
export function run(session: Session, host: Host, proc: string, line: string): void {
  const { transcript, store } = session;
  transcript.local("typed", line.trim(), proc);
  const listeners = store.view.sockets
    .filter((s) => s.proc === proc && s.listening)
    .map((s) => s.fd);
  let plan: Plan | null;
  try {
    plan = parse(line.trim(), { listeners, probes: running(session, host) });
  } catch (e) {
    if (!(e instanceof LineError)) throw e;
    const what = typeof e.args["what"] === "string" ? maybe(e.args["what"], e.args["what"]) : "";
    transcript.local("error", t(e.key, { ...e.args, what }), "", e.col + proc.length + 3);
    return;
  }
  if (!plan) return;
  const locked = session.locked();
  if (locked && !["help", "ss", "nat", "table", "clear"].includes(plan.kind)) {
    transcript.local("error", locked);
    return;
  }
  execute(session, host, proc, plan);
}

function execute(session: Session, host: Host, proc: string, plan: Plan): void {
  switch (plan.kind) {
    case "calls":
      if (proc !== "") void session.perform(proc, plan.steps, false);
      else alone(session, host, plan.steps);
      return;
    case "world":
      void session.world(plan.step.op, plan.step.args, false);
      return;
    case "clock":
      if (plan.step.op === "clock.step") session.step(plan.step.args["unit"] as "event");
      else void session.quietly(plan.step.op, plan.step.args);
      return;
    case "ss":
      for (const row of ss(session, host.id, plan)) session.transcript.local("info", row);
      return;
    case "nat":
      for (const row of natTable(session)) session.transcript.local("info", row);
      return;
    case "table": {
      const rows = tableOf(session.store.view, plan.of);
      const shown = rows.length > 0 ? columns(rows) : [t(`console.no_${plan.of}`)];
      for (const row of shown) session.transcript.local("info", row);
      return;
    }
    case "help":
      for (const row of help(plan.about)) session.transcript.local("info", row);
      return;
    case "clear":
      session.transcript.clear();
  }
}

/** The pings and traceroutes that run on a host. */
function running(session: Session, host: Host): string[] {
  return session.store.view.calls
    .filter((c) => c.host === host.id && (c.op === "ping" || c.op === "traceroute"))
    .map((c) => c.id);
}

// A host without a process can ping all the same; other calls need one.
function alone(session: Session, host: Host, steps: readonly Step[]): void {
  const first = steps[0];
  if (first && (first.op === "ping" || first.op === "traceroute"))
    void session.world(first.op, { host: host.id, ...first.args }, false);
  else session.transcript.local("error", t("console.no_process", { host: host.name || host.id }));
}

// What routers translate: every table there is, since routers have no console of their own.
function natTable(session: Session): string[] {
  const cells = session.store.view.hosts.flatMap((h) =>
    (h.nat ?? []).flatMap((n) =>
      n.mappings.map((m) => [
        `${h.name || h.id}.${n.nic}`,
        m.proto,
        m.inside,
        m.outside,
        m.remote || "*",
        m.static ? "static" : m.state,
      ]),
    ),
  );
  if (cells.length === 0) return [t("console.no_nat")];
  return columns([["Router", "Proto", "Inside", "Outside", "For", "State"], ...cells]);
}

function ss(session: Session, host: string, plan: Extract<Plan, { kind: "ss" }>): string[] {
  const rows = socketRows(session.store.view, host, "").filter(
    (r) =>
      (plan.proto === "all" || r.proto === plan.proto) &&
      (!plan.listening || r.state === "LISTEN" || r.state === "UNCONN"),
  );
  const cells = [
    ["Netid", "State", "Recv-Q", "Send-Q", "Local Address:Port", "Peer Address:Port", ""],
    ...rows.map((r) => [
      r.proto,
      r.state,
      String(r.recvQ),
      String(r.sendQ),
      r.local,
      r.peer,
      r.conn
        ? r.conn.timers
            .map((x) => `timer:(${x.name},${span(Math.max(0, x.at - session.store.t))})`)
            .join(" ")
        : "",
    ]),
  ];
  return columns(cells);
}

function columns(cells: string[][]): string[] {
  const widths = cells[0]!.map((_, i) => Math.max(...cells.map((c) => c[i]!.length)));
  return cells.map((c) =>
    c
      .map((word, i) => word.padEnd(widths[i]!))
      .join("  ")
      .trimEnd(),
  );
}

function help(about: string): string[] {
  const one = verbs.find((v) => v.name === about.toLowerCase());
  if (one) return [one.usage, `  ${t(one.help)}`];
  const width = Math.max(...verbs.map((v) => v.name.length));
  return [...verbs.map((v) => `${v.name.padEnd(width)}  ${t(v.help)}`), t("console.help_more")];
}

/** The longest beginning that all words share. */
function prefix(words: readonly string[]): string {
  let common = words[0] ?? "";
  for (const w of words) {
    while (!w.startsWith(common)) common = common.slice(0, -1);
  }
  return common;
}
