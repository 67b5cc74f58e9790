// A link's queue in a form: its limits and its discipline, with what each discipline can
// be told; and what waits in it now.

import { useSignal, type Signal } from "@preact/signals";
import { Choice, Field } from "../forms/fields";
import { shortInstant } from "../format";
import type { Link } from "../model";
import { t } from "../text";
import { useSession } from "../use";

/** A form's fields by name. */
export type Fields = Record<string, Signal<string>>;

const NUMBER = { inputMode: "decimal", pattern: "\\d+(\\.\\d+)?", required: true } as const;

/** A parameter as a field shows it: times in ms, shares in %, the rest as it is. */
interface Shown {
  name: string;
  unit: number;
  otherwise: number; // what an absent value means
}

/** The numbers of the queue, as the form holds them. */
const NUMBERS: readonly Shown[] = [
  { name: "queue_octets", unit: 1, otherwise: 0 },
  { name: "queue_packets", unit: 1, otherwise: 0 },
  { name: "codel_target_ns", unit: 1e6, otherwise: 5e6 },
  { name: "codel_interval_ns", unit: 1e6, otherwise: 100e6 },
  { name: "red_min", unit: 1, otherwise: 5 },
  { name: "red_max", unit: 1, otherwise: 15 },
  { name: "red_max_p_ppm", unit: 1e4, otherwise: 100_000 },
  { name: "red_weight", unit: 1, otherwise: 9 },
];

const OF_CODEL = /^codel_/;
const OF_RED = /^red_/;

/** The fields of the queue, filled from a link's parameters. */
export function useQueue(link: Link): {
  fields: Fields;
  ecn: Signal<boolean>;
  gentle: Signal<boolean>;
  wanted(): Record<string, unknown>;
} {
  const p = link.params as unknown as Record<string, number | undefined>;
  const first = (n: Shown): string => String((p[n.name] || n.otherwise) / n.unit);
  const fields: Fields = {
    queue: useSignal(link.params.queue || "droptail"),
    queue_octets: useSignal(String(link.params.queue_octets)),
    queue_packets: useSignal(first(NUMBERS[1]!)),
    codel_target_ns: useSignal(first(NUMBERS[2]!)),
    codel_interval_ns: useSignal(first(NUMBERS[3]!)),
    red_min: useSignal(first(NUMBERS[4]!)),
    red_max: useSignal(first(NUMBERS[5]!)),
    red_max_p_ppm: useSignal(first(NUMBERS[6]!)),
    red_weight: useSignal(first(NUMBERS[7]!)),
  };
  const ecn = useSignal(link.params.queue_ecn ?? false);
  const gentle = useSignal(link.params.red_gentle ?? false);
  const wanted = (): Record<string, unknown> => {
    const now = link.params as unknown as Record<string, unknown>;
    const discipline = fields["queue"]!.value;
    const out: Record<string, unknown> = {};
    if (discipline !== (now["queue"] || "droptail")) out["queue"] = discipline;
    for (const n of NUMBERS) {
      if (OF_CODEL.test(n.name) && discipline !== "codel") continue;
      if (OF_RED.test(n.name) && discipline !== "red") continue;
      const v = Math.round(Number(fields[n.name]!.value) * n.unit);
      if (v !== (now[n.name] || n.otherwise)) out[n.name] = v;
    }
    if (discipline !== "droptail" && ecn.value !== (now["queue_ecn"] ?? false)) {
      out["queue_ecn"] = ecn.value;
    }
    if (discipline === "red" && gentle.value !== (now["red_gentle"] ?? false)) {
      out["red_gentle"] = gentle.value;
    }
    return out;
  };
  return { fields, ecn, gentle, wanted };
}

/** The fields of a queue. */
export function QueueFields({
  link,
  of: { fields, ecn, gentle },
}: {
  link: Link;
  of: ReturnType<typeof useQueue>;
}) {
  const discipline = fields["queue"]!.value;
  return (
    <>
      <Choice
        label={t("link.discipline")}
        of={fields["queue"]!}
        options={[
          ["droptail", "drop-tail"],
          ["codel", "CoDel"],
          ["red", "RED"],
        ]}
      />
      <Field label={t("link.queue_octets")} of={fields["queue_octets"]!} {...NUMBER} />
      <Field
        label={t("link.queue_packets")}
        of={fields["queue_packets"]!}
        {...NUMBER}
        hint={t("link.rate_hint")}
      />
      {discipline === "codel" && (
        <>
          <Field label={t("link.codel_target")} of={fields["codel_target_ns"]!} {...NUMBER} />
          <Field label={t("link.codel_interval")} of={fields["codel_interval_ns"]!} {...NUMBER} />
        </>
      )}
      {discipline === "red" && (
        <>
          <Field label={t("link.red_min")} of={fields["red_min"]!} {...NUMBER} />
          <Field label={t("link.red_max")} of={fields["red_max"]!} {...NUMBER} />
          <Field label={t("link.red_max_p")} of={fields["red_max_p_ppm"]!} {...NUMBER} />
          <Field
            label={t("link.red_weight")}
            of={fields["red_weight"]!}
            {...NUMBER}
            hint={t("link.red_weight_hint")}
          />
          <Check label={t("link.red_gentle")} of={gentle} />
        </>
      )}
      {discipline !== "droptail" && <Check label={t("link.queue_ecn")} of={ecn} />}
      <Waiting link={link} />
    </>
  );
}

/** A box to tick. */
export function Check({ label, of }: { label: string; of: Signal<boolean> }) {
  return (
    <label class="ls-check">
      <input
        type="checkbox"
        checked={of.value}
        onChange={(e) => {
          of.value = e.currentTarget.checked;
        }}
      />{" "}
      {label}
    </label>
  );
}

/** What waits in both directions, and what the discipline is about. */
function Waiting({ link }: { link: Link }) {
  const { store } = useSession();
  void store.version.value;
  const name = (id: string): string => store.view.hosts.find((h) => h.id === id)?.name || id;
  const ends = [link.a.host, link.b.host];
  return (
    <p class="ls-waiting">
      {link.queues.map((q, i) => (
        <span key={i}>
          {name(ends[i]!)} → {name(ends[1 - i]!)}:{" "}
          {t("link.waiting", { packets: q.packets, octets: q.octets })}
          {q.vars.phase && (
            <>
              {" "}
              <code>
                {q.vars.phase}
                {q.vars.count > 0 ? ` ×${q.vars.count}` : ""}
                {q.vars.next > 0 ? ` @${shortInstant(q.vars.next)}` : ""}
              </code>
            </>
          )}
        </span>
      ))}
    </p>
  );
}
