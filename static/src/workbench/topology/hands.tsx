// What hands can do to one packet in flight: the buttons, wherever the packet is shown. All
// of them are commands; the console has a word for each.

import { useSignal } from "@preact/signals";
import { Field } from "../forms/fields";
import { Icon } from "../icon";
import { flagWords } from "../ladder/arrows";
import type { Packet } from "../model";
import type { Key } from "../text";
import { t } from "../text";
import { useSession } from "../use";

/** "DATA", "UDP": what a packet is, in one word. */
export function packetWord(p: Packet): string {
  return p.proto === "tcp" ? flagWords(p.label) : p.label.toUpperCase();
}

/** The acts that need nothing but the packet. */
const AT_ONCE: readonly (readonly [op: string, text: Key])[] = [
  ["segment.duplicate", "hand.duplicate"],
  ["segment.reorder", "hand.reorder"],
];

type Form = "" | "delay" | "corrupt" | "edit";

/** The buttons for a packet, and the small form that one of them opens. */
export function Hands({ packet }: { packet: Packet }) {
  const session = useSession();
  const open = useSignal<Form>("");
  const send = (op: string, more: Record<string, unknown> = {}): void => {
    open.value = "";
    void session.world(op, { pkt: packet.pkt, ...more });
  };
  const toggle = (form: Form): void => {
    open.value = open.value === form ? "" : form;
  };
  const former = (form: Form, key: Key) => (
    <button
      type="button"
      class="ls-tool"
      aria-expanded={open.value === form}
      onClick={() => toggle(form)}
    >
      {t(key)} …
    </button>
  );
  return (
    <div class="ls-hands" role="group" aria-label={t("hand.title", { n: packet.pkt })}>
      <button type="button" class="ls-tool ls-tool-loss" onClick={() => send("segment.drop")}>
        <Icon name="x" /> {t("hand.drop")}
      </button>
      {packet.link !== "" && !packet.queued && former("delay", "hand.delay")}
      {AT_ONCE.map(
        ([op, key]) =>
          (op !== "segment.reorder" || (packet.link !== "" && !packet.queued)) && (
            <button key={op} type="button" class="ls-tool" onClick={() => send(op)}>
              {t(key)}
            </button>
          ),
      )}
      {former("corrupt", "hand.corrupt")}
      <button type="button" class="ls-tool" onClick={() => send("segment.mark", { ecn: "ce" })}>
        {t("hand.mark")}
      </button>
      {former("edit", "hand.edit")}
      {open.value === "delay" && (
        <One label="hand.by_ms" first="50" send={(v) => send("segment.delay", { by_ns: Math.round(v * 1e6) })} />
      )}
      {open.value === "corrupt" && (
        <One label="hand.bit" first="160" send={(bit) => send("segment.corrupt", { bit })} />
      )}
      {open.value === "edit" && <Edit packet={packet} send={send} />}
    </div>
  );
}

/** A number and the button that sends it. */
function One({ label, first, send }: { label: Key; first: string; send(v: number): void }) {
  const value = useSignal(first);
  return (
    <form
      class="ls-hands-form"
      onSubmit={(e) => {
        e.preventDefault();
        send(Number(value.value));
      }}
    >
      <Field label={t(label)} of={value} inputMode="decimal" pattern="\d{1,6}(\.\d+)?" required focus />
      <button type="submit" class="ls-button ls-button-small">
        {t("form.apply")}
      </button>
    </form>
  );
}

/** Which fields a protocol has, those first that make a lesson. */
const FIELDS: Partial<Record<string, readonly string[]>> = {
  tcp: "flags seq ack wnd sport dport urg mss wscale ts_val ts_ecr".split(" "),
  udp: ["sport", "dport"],
  icmp: ["type", "code"],
};
const OF_IP = ["ttl", "tos", "id"];

/** One field and what to write into it; the checksum follows unless it is to stay. */
function Edit({
  packet,
  send,
}: {
  packet: Packet;
  send(op: string, more: Record<string, unknown>): void;
}) {
  const names = [...(FIELDS[packet.proto] ?? []), ...OF_IP, "payload"];
  const field = useSignal(names[0]!);
  const value = useSignal("");
  const offset = useSignal("0");
  const keep = useSignal(false);
  const words = field.value === "flags" || field.value === "payload";
  const submit = (): void => {
    const set =
      field.value === "flags"
        ? { flags: value.value.trim().toUpperCase() }
        : field.value === "payload"
          ? { payload: { offset: Number(offset.value), text: value.value } }
          : { [field.value]: Number(value.value) };
    send("segment.edit", { set, ...(keep.value ? { checksum: "keep" } : {}) });
  };
  return (
    <form
      class="ls-hands-form"
      onSubmit={(e) => {
        e.preventDefault();
        submit();
      }}
    >
      <div class="ls-f">
        <label for={`edit-${packet.pkt}`}>{t("hand.field")}</label>
        <select
          id={`edit-${packet.pkt}`}
          class="ls-in ls-mono"
          value={field.value}
          onChange={(e) => {
            field.value = e.currentTarget.value;
          }}
        >
          {names.map((n) => (
            <option key={n} value={n}>
              {n}
            </option>
          ))}
        </select>
      </div>
      {field.value === "payload" && (
        <Field label={t("hand.offset")} of={offset} inputMode="numeric" pattern="\d{1,5}" required />
      )}
      <Field
        label={t("hand.value")}
        of={value}
        mono
        required={field.value !== "flags"}
        {...(words ? {} : { inputMode: "numeric" as const, pattern: "\\d{1,10}" })}
        {...(field.value === "flags" ? { pattern: "[FSRPAUEWfsrpauew]*", placeholder: "RA" } : {})}
        focus
      />
      <label class="ls-check">
        <input
          type="checkbox"
          checked={keep.value}
          onChange={(e) => {
            keep.value = e.currentTarget.checked;
          }}
        />{" "}
        {t("hand.keep")}
      </label>
      <button type="submit" class="ls-button ls-button-small">
        {t("form.apply")}
      </button>
    </form>
  );
}
