// A new host and, if wished, its link to another: the commands a person would type one
// after the other, sent in that order.

import { useSignal } from "@preact/signals";
import { Choice, Field, Strip } from "../forms/fields";
import type { Host } from "../model";
import type { Session } from "../session";
import { t } from "../text";
import { useSession } from "../use";

const PREFIX = "\\d{1,3}(\\.\\d{1,3}){3}/\\d{1,2}";
export const PREFIX_PATTERN = PREFIX;

export function HostForm({ close }: { close(): void }) {
  const session = useSession();
  const hosts = session.store.view.hosts;
  const name = useSignal(freeName(hosts));
  const addr = useSignal("");
  const kind = useSignal("host");
  const to = useSignal(hosts.find((h) => h.forward)?.id ?? "");
  const delay = useSignal("10");
  const submit = async (): Promise<void> => {
    const done = await addHost(session, {
      name: name.value.trim(),
      addr: addr.value.trim(),
      kind: kind.value,
      to: to.value,
      delayMs: Number(delay.value) || 0,
    });
    if (done) close();
  };
  return (
    <Strip title={t("host.new")} act={t("host.add")} submit={() => void submit()} close={close}>
      <Field
        label={t("host.name")}
        of={name}
        required
        pattern="[A-Za-z][A-Za-z0-9_\-]{0,15}"
        hint={t("host.name_hint")}
        focus
      />
      {kind.value !== "switch" && (
        <Field
          label={t("host.addr")}
          of={addr}
          mono
          required
          pattern={PREFIX}
          placeholder="44.44.44.44/24"
          hint={t("host.addr_hint")}
        />
      )}
      <Choice
        label={t("host.kind")}
        of={kind}
        options={[
          ["host", t("host.kind_host")],
          ["router", t("host.kind_router")],
          ["switch", t("host.kind_switch")],
        ]}
      />
      <Choice
        label={t("host.link_to")}
        of={to}
        options={[["", t("host.no_link")], ...hosts.map((h) => [h.id, h.name || h.id] as const)]}
      />
      {to.value !== "" && (
        <Field
          label={t("link.delay")}
          of={delay}
          inputMode="decimal"
          pattern="\d+(\.\d+)?"
        />
      )}
    </Strip>
  );
}

interface Wish {
  name: string;
  addr: string;
  kind: string; // host, router, switch
  to: string;
  delayMs: number;
}

async function addHost(session: Session, w: Wish): Promise<boolean> {
  const added = await session.world("host.add", {
    id: w.name,
    name: w.name,
    ...(w.kind === "switch" ? { switch: true } : { addr: w.addr }),
    ...(w.kind === "router" ? { forward: true } : {}),
  });
  if (!added.ok || w.to === "") return added.ok;
  const far = session.store.view.hosts.find((h) => h.id === w.to);
  if (w.kind === "switch" || far?.switch) return plug(session, w, far);
  const gateway = neighbour(w.addr);
  const nic = await session.world("nic.add", { host: w.to, addr: gateway });
  if (!nic.ok) return false;
  const link = await session.world("link.add", {
    a: { host: w.name },
    b: { host: w.to },
    delay_ns: Math.round(w.delayMs * 1e6),
  });
  if (!link.ok) return false;
  const route = await session.world("route.add", {
    host: w.name,
    dst: "0.0.0.0/0",
    via: gateway.split("/", 1)[0],
  });
  return route.ok;
}

// A cable to a switch needs no address of its own. A router behind it is the way out; a new
// switch takes the host's free interface.
async function plug(session: Session, w: Wish, far: Host | undefined): Promise<boolean> {
  const link = await session.world("link.add", {
    a: { host: w.name },
    b: { host: w.to },
    delay_ns: Math.round(w.delayMs * 1e6),
  });
  const router = far?.switch && w.kind === "host" ? routerOn(session, far.id, w.addr) : "";
  if (!link.ok || router === "") return link.ok;
  return (
    await session.world("route.add", { host: w.name, dst: "0.0.0.0/0", via: router })
  ).ok;
}

/** The address of a router on a switch, in the network of a prefix; "" for none. */
function routerOn(session: Session, at: string, prefix: string): string {
  const { hosts, links } = session.store.view;
  for (const l of links) {
    const end = l.a.host === at ? l.b : l.b.host === at ? l.a : undefined;
    const host = end && hosts.find((h) => h.id === end.host && h.forward);
    const own = host?.nics.find((n) => n.id === end?.nic)?.addr ?? "";
    if (own !== "" && neighbour(own).split("/")[1] === prefix.split("/")[1])
      return own.split("/", 1)[0] ?? "";
  }
  return "";
}

/** The address the other end of a link gets: the first of the network, or the second. */
export function neighbour(prefix: string): string {
  const [addr = "", bits = "24"] = prefix.split("/", 2);
  const own = addr.split(".").reduce((n, part) => n * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const network = Math.floor(own / size) * size;
  const other = network + 1 === own ? network + 2 : network + 1;
  return `${[24, 16, 8, 0].map((s) => Math.floor(other / 2 ** s) % 256).join(".")}/${bits}`;
}

function freeName(hosts: readonly Host[]): string {
  for (const letter of "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
    if (!hosts.some((h) => h.id === letter || h.name === letter)) return letter;
  }
  return `h${hosts.length + 1}`;
}
