// A link's parameters, its queue and its rules; and a new link between two hosts.

import { useSignal, type Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Choice, Field, Strip } from "../forms/fields";
import type { Link } from "../model";
import type { Key } from "../text";
import { t } from "../text";
import { useSession } from "../use";
import { PREFIX_PATTERN } from "./hostform";
import { Check, QueueFields, useQueue } from "./queue";
import { Rules } from "./rules";

// What a field of a decimal number is.
const NUMBER = { inputMode: "decimal", pattern: "\\d+(\\.\\d+)?", required: true } as const;

interface Preset {
  name: Key;
  delay: number;
  jitter: number;
  loss: number;
  rate: number;
}

const PRESETS: readonly Preset[] = [
  { name: "preset.lan", delay: 1, jitter: 0, loss: 0, rate: 1000 },
  { name: "preset.fibre", delay: 10, jitter: 0, loss: 0, rate: 100 },
  { name: "preset.mobile", delay: 50, jitter: 10, loss: 0, rate: 20 },
  { name: "preset.satellite", delay: 300, jitter: 0, loss: 0, rate: 50 },
  { name: "preset.lossy", delay: 40, jitter: 0, loss: 5, rate: 0 },
];

// The numbers of a link that both directions may have, in the order of the form.
const NUMBERS = [
  { name: "delay_ns", label: "link.delay", unit: 1e6 },
  { name: "jitter_ns", label: "link.jitter", unit: 1e6 },
  { name: "loss_ppm", label: "link.loss", unit: 1e4 },
  { name: "rate_bps", label: "link.rate", unit: 1e6 },
] as const;

// Those that are asked for less often.
const RARE = [
  { name: "dup_ppm", label: "link.dup", unit: 1e4 },
  { name: "corrupt_ppm", label: "link.corrupt", unit: 1e4 },
  { name: "reorder_ppm", label: "link.reorder", unit: 1e4 },
] as const;

type Name = (typeof NUMBERS)[number]["name"] | (typeof RARE)[number]["name"];

/** The numbers of a link, as text in the units of the form. */
function useNumbers(p: Link["params"]): Record<Name, Signal<string>> {
  return {
    delay_ns: useSignal(String(p.delay_ns / 1e6)),
    jitter_ns: useSignal(String(p.jitter_ns / 1e6)),
    loss_ppm: useSignal(String(p.loss_ppm / 1e4)),
    rate_bps: useSignal(String(p.rate_bps / 1e6)),
    dup_ppm: useSignal(String(p.dup_ppm / 1e4)),
    corrupt_ppm: useSignal(String(p.corrupt_ppm / 1e4)),
    reorder_ppm: useSignal(String(p.reorder_ppm / 1e4)),
  };
}

/** The way back where it differs: empty fields are like the way there. */
function useBack(p: Link["params"]): Record<(typeof NUMBERS)[number]["name"], Signal<string>> {
  const back = p.b_to_a ?? {};
  const text = (v: number | undefined, unit: number): string =>
    v === undefined ? "" : String(v / unit);
  return {
    delay_ns: useSignal(text(back.delay_ns, 1e6)),
    jitter_ns: useSignal(text(back.jitter_ns, 1e6)),
    loss_ppm: useSignal(text(back.loss_ppm, 1e4)),
    rate_bps: useSignal(text(back.rate_bps, 1e6)),
  };
}

export function LinkForm({ link, close }: { link: Link; close(): void }) {
  const session = useSession();
  const p = link.params;
  const given = useNumbers(p);
  const back = useBack(p);
  const queue = useQueue(link);
  const overtaking = useSignal(p.jitter_reorders ?? false);
  const up = useSignal(p.up);
  const name = useSignal("");
  const submit = async (): Promise<void> => {
    const changed: Record<string, unknown> = queue.wanted();
    for (const n of [...NUMBERS, ...RARE]) {
      const v = Math.round(Number(given[n.name].value) * n.unit);
      if (v !== p[n.name]) changed[n.name] = v;
    }
    if (up.value !== p.up) changed["up"] = up.value;
    if (overtaking.value !== (p.jitter_reorders ?? false)) {
      changed["jitter_reorders"] = overtaking.value;
    }
    const way = backOf(p, back);
    if (way) changed["b_to_a"] = way;
    if (Object.keys(changed).length === 0) return close();
    const done = await session.world("link.set", { link: link.id, ...changed });
    if (done.ok) close();
  };
  const preset = (name: string): void => {
    const chosen = PRESETS.find((x) => x.name === name);
    if (!chosen) return;
    given.delay_ns.value = String(chosen.delay);
    given.jitter_ns.value = String(chosen.jitter);
    given.loss_ppm.value = String(chosen.loss);
    given.rate_bps.value = String(chosen.rate);
  };
  const remove = async (): Promise<void> => {
    if ((await session.world("link.remove", { link: link.id })).ok) close();
  };
  const hostName = (id: string): string =>
    session.store.view.hosts.find((h) => h.id === id)?.name || id;
  return (
    <Strip
      title={t("link.edit", { link: link.id })}
      act={t("form.apply")}
      submit={() => void submit()}
      close={close}
      more={
        <button
          type="button"
          class="ls-button ls-button-quiet ls-button-small"
          onClick={() => void remove()}
        >
          {t("link.remove")}
        </button>
      }
    >
      <Choice
        label={t("link.preset")}
        of={name}
        chosen={preset}
        options={[
          ["", t("link.preset_choose")],
          ...PRESETS.map((x) => [x.name, t(x.name)] as const),
        ]}
      />
      {NUMBERS.map((n) => (
        <Field
          key={n.name}
          label={t(n.label)}
          of={given[n.name]}
          {...NUMBER}
          {...(n.name === "rate_bps" ? { hint: t("link.rate_hint") } : {})}
          focus={n.name === "delay_ns"}
        />
      ))}
      <Check label={t("link.up")} of={up} />
      <More title={t("link.more_queue")} open={!!p.queue}>
        <QueueFields link={link} of={queue} />
      </More>
      <More title={t("link.more_rules")} open={link.rules.length > 0}>
        <Rules link={link} />
      </More>
      <More title={t("link.more_wrong")} open={false}>
        {RARE.map((n) => (
          <Field key={n.name} label={t(n.label)} of={given[n.name]} {...NUMBER} />
        ))}
        <Check label={t("link.overtaking")} of={overtaking} />
      </More>
      <More
        title={t("link.more_back", { a: hostName(link.b.host), b: hostName(link.a.host) })}
        open={!!p.b_to_a}
      >
        {NUMBERS.map((n) => (
          <Field
            key={n.name}
            label={t(n.label)}
            of={back[n.name]}
            {...NUMBER}
            required={false}
            placeholder={t("link.same")}
          />
        ))}
      </More>
    </Strip>
  );
}

/** What the way back is to have apart; undefined if it stays as it is. */
function backOf(
  p: Link["params"],
  back: ReturnType<typeof useBack>,
): Record<string, unknown> | undefined {
  const old = (p.b_to_a ?? {}) as Record<string, unknown>;
  const way: Record<string, unknown> = { ...old };
  let changed = false;
  for (const n of NUMBERS) {
    const text = back[n.name].value.trim();
    const v = text === "" ? undefined : Math.round(Number(text) * n.unit);
    if (v === old[n.name]) continue;
    changed = true;
    if (v === undefined) delete way[n.name];
    else way[n.name] = v;
  }
  return changed ? way : undefined;
}

/** A part of the form that is folded away until it is wanted. */
function More({
  title,
  open,
  children,
}: {
  title: string;
  open: boolean;
  children: ComponentChildren;
}) {
  return (
    <details class="ls-more" open={open}>
      <summary>{title}</summary>
      <div class="ls-more-in">{children}</div>
    </details>
  );
}

export function NewLinkForm({ close }: { close(): void }) {
  const session = useSession();
  const hosts = session.store.view.hosts.map((h) => [h.id, h.name || h.id] as const);
  const ports = (id: string): boolean => // a switch has ports, and no addresses
    session.store.view.hosts.some((h) => h.id === id && h.switch === true);
  const a = useSignal(hosts[0]?.[0] ?? "");
  const b = useSignal(hosts[1]?.[0] ?? "");
  const addrA = useSignal("");
  const addrB = useSignal("");
  const delay = useSignal("10");
  const submit = async (): Promise<void> => {
    for (const [host, addr] of [
      [a.value, addrA.value.trim()],
      [b.value, addrB.value.trim()],
    ] as const) {
      if (addr !== "" && !ports(host) && !(await session.world("nic.add", { host, addr })).ok) return;
    }
    const done = await session.world("link.add", {
      a: { host: a.value },
      b: { host: b.value },
      delay_ns: Math.round(Number(delay.value) * 1e6),
    });
    if (done.ok) close();
  };
  const address = {
    mono: true,
    pattern: PREFIX_PATTERN,
    placeholder: "10.0.0.1/24",
    hint: t("link.addr_hint"),
  };
  return (
    <Strip title={t("link.new")} act={t("link.add")} submit={() => void submit()} close={close}>
      <Choice label={t("link.from")} of={a} options={hosts} />
      {!ports(a.value) && <Field label={t("link.addr")} of={addrA} {...address} />}
      <Choice label={t("link.to")} of={b} options={hosts} />
      {!ports(b.value) && <Field label={t("link.addr")} of={addrB} {...address} />}
      <Field label={t("link.delay")} of={delay} {...NUMBER} />
    </Strip>
  );
}
