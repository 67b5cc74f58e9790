// The forms behind the buttons of the socket table: each is the twin of a console line,
// and what it sends is echoed there.

import { useSignal } from "@preact/signals";
import { NEW, type Step } from "../console/parse";
import { Choice, Field, Strip } from "../forms/fields";
import type { Host, Socket } from "../model";
import { view as panels } from "../panels";
import { t } from "../text";
import { useSession } from "../use";
import type { Action } from "./rows";

/** What can be made anew. */
export type Fresh = "listen" | "connect" | "udp" | "socket" | "process";

const PORT = "-?\\d{1,9}";
const ADDR = "\\d{1,3}(\\.\\d{1,3}){3}";

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
  const port = useSignal("");
  const addr = useSignal("");
  const local = useSignal("");
  const backlog = useSignal("");
  const proto = useSignal("tcp");
  const name = useSignal("");
  const submit = async (): Promise<void> => {
    if (what === "process") {
      const done = await session.world("proc.start", {
        host: host.id,
        ...(name.value.trim() ? { name: name.value.trim() } : {}),
      });
      if (done.ok) close();
      return;
    }
    const steps = stepsOf(what, {
      port: Number(port.value),
      addr: addr.value.trim(),
      local: local.value.trim(),
      backlog: backlog.value.trim(),
      proto: proto.value,
    });
    const outcome = await session.perform(proc, steps);
    if (outcome.kind === "failed") {
      panels.sockets.value = "console"; // where the refusal and its reason stand
      session.say(t("call.failed", { errno: outcome.errno }), true);
    }
    if (outcome.kind !== "none") close();
  };
  const anyAddr = (
    <Field
      label={t("form.addr_local")}
      value={addr.value}
      set={(v) => {
        addr.value = v;
      }}
      mono
      pattern={ADDR}
      placeholder="*"
      hint={t("form.addr_hint")}
    />
  );
  return (
    <Strip
      title={t(`fresh.${what}`)}
      act={t(`fresh.${what}_act`)}
      submit={() => void submit()}
      close={close}
    >
      {what === "process" && (
        <Field
          label={t("process.name")}
          value={name.value}
          set={(v) => {
            name.value = v;
          }}
          placeholder="client"
          focus
        />
      )}
      {what === "socket" && (
        <Choice
          label={t("form.proto")}
          value={proto.value}
          set={(v) => {
            proto.value = v;
          }}
          options={[
            ["tcp", "TCP"],
            ["udp", "UDP"],
          ]}
        />
      )}
      {what === "listen" && (
        <>
          <Field
            label={t("form.port")}
            value={port.value}
            set={(v) => {
              port.value = v;
            }}
            mono
            required
            pattern={PORT}
            inputMode="numeric"
            placeholder="8081"
            focus
          />
          {anyAddr}
          <Field
            label={t("form.backlog")}
            value={backlog.value}
            set={(v) => {
              backlog.value = v;
            }}
            mono
            pattern={PORT}
            inputMode="numeric"
            placeholder="128"
          />
        </>
      )}
      {what === "udp" && (
        <>
          <Field
            label={t("form.port")}
            value={port.value}
            set={(v) => {
              port.value = v;
            }}
            mono
            required
            pattern={PORT}
            inputMode="numeric"
            placeholder="5000"
            focus
          />
          {anyAddr}
        </>
      )}
      {what === "connect" && (
        <>
          <Field
            label={t("form.addr")}
            value={addr.value}
            set={(v) => {
              addr.value = v;
            }}
            mono
            required
            pattern={ADDR}
            placeholder="50.50.50.50"
            focus
          />
          <Field
            label={t("form.port")}
            value={port.value}
            set={(v) => {
              port.value = v;
            }}
            mono
            required
            pattern={PORT}
            inputMode="numeric"
            placeholder="8081"
          />
          <Field
            label={t("form.from_port")}
            value={local.value}
            set={(v) => {
              local.value = v;
            }}
            mono
            pattern={PORT}
            inputMode="numeric"
            placeholder={t("form.ephemeral")}
          />
        </>
      )}
    </Strip>
  );
}

interface Given {
  port: number;
  addr: string;
  local: string;
  backlog: string;
  proto: string;
}

function stepsOf(what: Exclude<Fresh, "process">, g: Given): Step[] {
  const at = { ...(g.addr ? { addr: g.addr } : {}), port: g.port };
  switch (what) {
    case "socket":
      return [{ op: "socket", args: { proto: g.proto } }];
    case "udp":
      return [
        { op: "socket", args: { proto: "udp" } },
        { op: "bind", args: { fd: NEW, ...at } },
      ];
    case "listen":
      return [
        { op: "socket", args: { proto: "tcp" } },
        { op: "bind", args: { fd: NEW, ...at } },
        { op: "listen", args: { fd: NEW, ...(g.backlog ? { backlog: Number(g.backlog) } : {}) } },
      ];
    case "connect":
      return [
        { op: "socket", args: { proto: "tcp" } },
        ...(g.local ? [{ op: "bind", args: { fd: NEW, port: Number(g.local) } }] : []),
        { op: "connect", args: { fd: NEW, addr: g.addr, port: g.port } },
      ];
  }
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
  const port = useSignal("");
  const addr = useSignal("");
  const text = useSignal("hello");
  const how = useSignal("wr");
  const backlog = useSignal("");
  const submit = async (): Promise<void> => {
    const args = argsOf(action, {
      port: port.value,
      addr: addr.value.trim(),
      text: text.value,
      how: how.value,
      backlog: backlog.value,
    });
    const outcome = await session.perform(socket.proc, [
      { op: action, args: { fd: socket.fd, ...args } },
    ]);
    if (outcome.kind === "failed") {
      panels.sockets.value = "console";
      session.say(t("call.failed", { errno: outcome.errno }), true);
    }
    if (outcome.kind !== "none" && action !== "send" && action !== "sendto") close();
  };
  const remote = action === "connect" || action === "sendto";
  return (
    <Strip
      title={`${action}(${socket.fd})`}
      act={action}
      submit={() => void submit()}
      close={close}
    >
      {(remote || action === "bind") && (
        <Field
          label={remote ? t("form.addr") : t("form.addr_local")}
          value={addr.value}
          set={(v) => {
            addr.value = v;
          }}
          mono
          required={remote}
          pattern={ADDR}
          placeholder={remote ? "50.50.50.50" : "*"}
          focus={remote}
        />
      )}
      {(remote || action === "bind") && (
        <Field
          label={t("form.port")}
          value={port.value}
          set={(v) => {
            port.value = v;
          }}
          mono
          required
          pattern={PORT}
          inputMode="numeric"
          focus={action === "bind"}
        />
      )}
      {(action === "send" || action === "sendto") && (
        <Field
          label={t("form.text")}
          value={text.value}
          set={(v) => {
            text.value = v;
          }}
          wide
          mono
          focus={action === "send"}
        />
      )}
      {action === "listen" && (
        <Field
          label={t("form.backlog")}
          value={backlog.value}
          set={(v) => {
            backlog.value = v;
          }}
          mono
          pattern={PORT}
          inputMode="numeric"
          placeholder="128"
          focus
        />
      )}
      {action === "shutdown" && (
        <Choice
          label={t("form.how")}
          value={how.value}
          set={(v) => {
            how.value = v;
          }}
          options={[
            ["wr", t("form.how_wr")],
            ["rd", t("form.how_rd")],
            ["rdwr", t("form.how_rdwr")],
          ]}
        />
      )}
    </Strip>
  );
}

function argsOf(
  action: Action,
  g: { port: string; addr: string; text: string; how: string; backlog: string },
): Record<string, unknown> {
  const at = { ...(g.addr ? { addr: g.addr } : {}), port: Number(g.port) };
  switch (action) {
    case "bind":
    case "connect":
      return at;
    case "send":
      return { text: g.text };
    case "sendto":
      return { ...at, text: g.text };
    case "listen":
      return g.backlog ? { backlog: Number(g.backlog) } : {};
    case "shutdown":
      return { how: g.how };
    default:
      return {};
  }
}
