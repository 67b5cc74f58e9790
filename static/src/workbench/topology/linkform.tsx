// A link's parameters, and a new link between two hosts.

import { useSignal } from "@preact/signals";
import { Choice, Field, Strip } from "../forms/fields";
import type { Link } from "../model";
import type { Key } from "../text";
import { t } from "../text";
import { useSession } from "../use";
import { PREFIX_PATTERN } from "./hostform";

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

export function LinkForm({ link, close }: { link: Link; close(): void }) {
  const session = useSession();
  const p = link.params;
  const delay = useSignal(String(p.delay_ns / 1e6));
  const jitter = useSignal(String(p.jitter_ns / 1e6));
  const loss = useSignal(String(p.loss_ppm / 1e4));
  const rate = useSignal(String(p.rate_bps / 1e6));
  const up = useSignal(p.up);
  const name = useSignal("");
  const submit = async (): Promise<void> => {
    const wanted = {
      delay_ns: Math.round(Number(delay.value) * 1e6),
      jitter_ns: Math.round(Number(jitter.value) * 1e6),
      loss_ppm: Math.round(Number(loss.value) * 1e4),
      rate_bps: Math.round(Number(rate.value) * 1e6),
      up: up.value,
    };
    const changed = Object.fromEntries(
      Object.entries(wanted).filter(([k, v]) => p[k as keyof typeof wanted] !== v),
    );
    if (Object.keys(changed).length === 0) return close();
    const done = await session.world("link.set", { link: link.id, ...changed });
    if (done.ok) close();
  };
  const preset = (name: string): void => {
    const chosen = PRESETS.find((x) => x.name === name);
    if (!chosen) return;
    delay.value = String(chosen.delay);
    jitter.value = String(chosen.jitter);
    loss.value = String(chosen.loss);
    rate.value = String(chosen.rate);
  };
  const remove = async (): Promise<void> => {
    if ((await session.world("link.remove", { link: link.id })).ok) close();
  };
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
      <Field label={t("link.delay")} of={delay} {...NUMBER} focus />
      <Field label={t("link.jitter")} of={jitter} {...NUMBER} />
      <Field label={t("link.loss")} of={loss} {...NUMBER} />
      <Field label={t("link.rate")} of={rate} {...NUMBER} hint={t("link.rate_hint")} />
      <label class="ls-check">
        <input
          type="checkbox"
          checked={up.value}
          onChange={(e) => {
            up.value = e.currentTarget.checked;
          }}
        />{" "}
        {t("link.up")}
      </label>
    </Strip>
  );
}

export function NewLinkForm({ close }: { close(): void }) {
  const session = useSession();
  const hosts = session.store.view.hosts.map((h) => [h.id, h.name || h.id] as const);
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
      if (addr !== "" && !(await session.world("nic.add", { host, addr })).ok) return;
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
      <Field label={t("link.addr")} of={addrA} {...address} />
      <Choice label={t("link.to")} of={b} options={hosts} />
      <Field label={t("link.addr")} of={addrB} {...address} />
      <Field label={t("link.delay")} of={delay} {...NUMBER} />
    </Strip>
  );
}
