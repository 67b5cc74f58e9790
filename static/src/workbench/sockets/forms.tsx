// The forms behind the buttons of the socket table: each is the twin of a console line,
// and what it sends is echoed there. Which fields they have stands in fields.ts.

import { signal, type Signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Outcome } from "../calls";
import { Choice, Field, Strip } from "../forms/fields";
import type { Host, Socket } from "../model";
import { view as panels } from "../panels";
import type { Session } from "../session";
import { t, type Key } from "../text";
import { useSession } from "../use";
import { ACTION, FRESH, argsOf, read, stepsOf, type Fresh, type Name, type Row } from "./fields";
import type { Action } from "./rows";

export function NewForm({
  what,
  host,
  proc,
  close,
}: {
  what: Fresh;
  host: Host;
  proc: string;
  close(): void;
}) {
  const session = useSession();
  const held = useHeld(FRESH[what]);
  const submit = async (): Promise<void> => {
    if (what === "process") {
      const name = read(held).name.trim();
      const done = await session.world("proc.start", { host: host.id, ...(name ? { name } : {}) });
      if (done.ok) close();
      return;
    }
    const outcome = await session.perform(proc, stepsOf(what, read(held)));
    told(session, outcome);
    if (what === "ping" && outcome.kind !== "none") panels.sockets.value = "console";
    if (outcome.kind !== "none") close();
  };
  return (
    <Strip
      title={t(`fresh.${what}`)}
      act={t(`fresh.${what}_act`)}
      submit={() => void submit()}
      close={close}
    >
      <Fields rows={FRESH[what]} held={held} />
    </Strip>
  );
}

export function ActionForm({
  action,
  socket,
  close,
}: {
  action: Action;
  socket: Socket;
  close(): void;
}) {
  const session = useSession();
  const held = useHeld(ACTION[action]);
  const submit = async (): Promise<void> => {
    const outcome = await session.perform(socket.proc, [
      { op: action, args: { fd: socket.fd, ...argsOf(action, read(held)) } },
    ]);
    told(session, outcome);
    // Who sends once mostly sends again.
    if (outcome.kind !== "none" && action !== "send" && action !== "sendto") close();
  };
  return (
    <Strip
      title={`${action}(${socket.fd})`}
      act={action}
      submit={() => void submit()}
      close={close}
    >
      <Fields rows={ACTION[action]} held={held} />
    </Strip>
  );
}

// A refusal and its reason stand in the console.
function told(session: Session, outcome: Outcome): void {
  if (outcome.kind !== "failed") return;
  panels.sockets.value = "console";
  session.say(t("call.failed", { errno: outcome.errno }), true);
}

type Held = ReadonlyMap<Name, Signal<string>>;

/** What a form's fields hold, from when it opens. */
function useHeld(rows: readonly Row[]): Held {
  return useMemo(() => new Map(rows.map((r) => [r.name, signal(r.start ?? "")])), [rows]);
}

function Fields({ rows, held }: { rows: readonly Row[]; held: Held }) {
  return (
    <>
      {rows.map((r, i) => {
        const common = { label: t(r.label), of: held.get(r.name)! };
        return r.options ? (
          <Choice
            key={r.name}
            {...common}
            options={r.options.map(([v, text]) => [v, words(text)] as const)}
          />
        ) : (
          <Field
            key={r.name}
            {...common}
            focus={i === 0}
            mono={r.mono ?? false}
            wide={r.wide ?? false}
            required={r.required ?? false}
            pattern={r.pattern ?? ""}
            placeholder={words(r.placeholder ?? "")}
            hint={r.hint ? t(r.hint) : ""}
            inputMode={r.numeric ? "numeric" : "text"}
          />
        );
      })}
    </>
  );
}

function words(text: string | { key: Key }): string {
  return typeof text === "string" ? text : t(text.key);
}
