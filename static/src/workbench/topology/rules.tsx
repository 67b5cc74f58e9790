// The rules of a link: the list there is, with what each has counted, and a row of choices
// that adds one. Each change is a command at once; the console's "rules" says the same.

import { useSignal } from "@preact/signals";
import type { LinkRule } from "../../gen/wire";
import { ruleWords } from "../console/links";
import { Choice, Field } from "../forms/fields";
import { Icon } from "../icon";
import type { Link } from "../model";
import type { Key } from "../text";
import { t } from "../text";
import { useSession } from "../use";

/** What a rule may be for, as one choice. */
const KINDS: readonly (readonly [value: string, text: Key, match: Partial<LinkRule>])[] = [
  ["any", "rule.any", {}],
  ["data", "rule.data", { segment: "data" }],
  ["ack", "rule.ack", { segment: "ack" }],
  ["syn", "rule.syn", { flags: "S", without: "A" }],
  ["synack", "rule.synack", { flags: "SA" }],
  ["fin", "rule.fin", { flags: "F" }],
  ["rst", "rule.rst", { flags: "R" }],
  ["tcp", "rule.tcp", { proto: "tcp" }],
  ["udp", "rule.udp", { proto: "udp" }],
  ["icmp", "rule.icmp", { proto: "icmp" }],
  ["arp", "rule.arp", { proto: "arp" }],
];

const ACTIONS: readonly (readonly [string, Key])[] = [
  ["drop", "hand.drop"],
  ["delay", "hand.delay"],
  ["duplicate", "hand.duplicate"],
  ["corrupt", "hand.corrupt"],
  ["reorder", "hand.reorder"],
  ["mark", "hand.mark"],
  ["pass", "rule.pass"],
];

const WHENS: readonly (readonly [string, Key])[] = [
  ["nth", "rule.nth"],
  ["first", "rule.first"],
  ["every", "rule.every"],
  ["chance", "rule.chance"],
  ["always", "rule.always"],
];

/** What the actions that take a number begin with, and how it is called. */
const VALUES: Partial<Record<string, readonly [label: Key, value: string]>> = {
  delay: ["hand.by_ms", "50"],
  corrupt: ["hand.bit", ""],
  reorder: ["rule.behind", "1"],
};

const WHOLE = { inputMode: "numeric", pattern: "\\d{1,9}", required: true } as const;
// 0 would be no condition at all, and the rule then for every packet.
const ORDINAL = { inputMode: "numeric", pattern: "0*[1-9]\\d{0,8}", required: true } as const;
const SHARE = {
  inputMode: "decimal",
  pattern: "(?=.*[1-9])\\d{1,3}(\\.\\d{1,4})?",
  required: true,
} as const;
const DECIMAL = { inputMode: "decimal", pattern: "\\d{1,9}(\\.\\d+)?", required: true } as const;

/** The rule that the choices make. */
export function ruleOf(c: {
  action: string;
  kind: string;
  dir: string;
  when: string;
  number: string;
  value: string;
}): LinkRule {
  const n = Number(c.number);
  return {
    ...KINDS.find(([k]) => k === c.kind)?.[2],
    ...(c.dir ? { dir: c.dir } : {}),
    ...(c.when === "nth" ? { nth: n } : {}),
    ...(c.when === "first" ? { first: n } : {}),
    ...(c.when === "every" ? { every: n } : {}),
    ...(c.when === "chance" ? { ppm: Math.round(n * 1e4) } : {}),
    ...(c.action === "delay" ? { by_ns: Math.round(Number(c.value) * 1e6) } : {}),
    ...(c.action === "corrupt" && c.value !== "" ? { bit: Number(c.value) } : {}),
    ...(c.action === "reorder" ? { behind: Number(c.value) } : {}),
    ...(c.action === "mark" ? { ecn: "ce" } : {}),
    action: c.action,
  };
}

/** The editor of a link's rules. */
export function Rules({ link }: { link: Link }) {
  const session = useSession();
  const { store } = session;
  void store.version.value;
  const list = link.rules.map((r) => r.rule);
  const send = (rules: LinkRule[]): void => {
    void session.world("link.rules", { link: link.id, rules });
  };
  const move = (i: number, by: number): void => {
    const next = [...list];
    next.splice(i + by, 0, ...next.splice(i, 1));
    send(next);
  };
  return (
    <div class="ls-rules">
      {list.length > 0 && (
        <ol class="ls-rules-list">
          {link.rules.map((row, i) => (
            <li key={`${i} ${ruleWords(row.rule)}`}>
              <code>{ruleWords(row.rule)}</code>
              <span class="ls-rules-count" title={t("rule.counts")}>
                {row.acted}/{row.matched}
              </span>
              <Tool icon="arrow-up" label={t("rule.up")} off={i === 0} act={() => move(i, -1)} />
              <Tool
                icon="arrow-down"
                label={t("rule.down")}
                off={i === list.length - 1}
                act={() => move(i, 1)}
              />
              <Tool
                icon="x"
                label={t("rule.remove")}
                off={false}
                act={() => send(list.filter((_, j) => j !== i))}
              />
            </li>
          ))}
        </ol>
      )}
      <NewRule link={link} add={(r) => send([...list, r])} />
    </div>
  );
}

function Tool(p: { icon: string; label: string; off: boolean; act(): void }) {
  return (
    <button
      type="button"
      class="ls-tool ls-tool-icon"
      aria-label={p.label}
      title={p.label}
      disabled={p.off}
      onClick={p.act}
    >
      <Icon name={p.icon} />
    </button>
  );
}

function NewRule({ link, add }: { link: Link; add(rule: LinkRule): void }) {
  const { store } = useSession();
  const action = useSignal("drop");
  const kind = useSignal("data");
  const dir = useSignal("a_to_b");
  const when = useSignal("nth");
  const number = useSignal("3");
  const value = useSignal("");
  const name = (id: string): string => store.view.hosts.find((h) => h.id === id)?.name || id;
  const a = name(link.a.host);
  const b = name(link.b.host);
  const wanted = VALUES[action.value];
  return (
    <div
      class="ls-rules-new"
      role="group"
      aria-label={t("rule.new")}
      onKeyDown={(e) => {
        if (e.code === "Enter" && e.target instanceof HTMLInputElement) e.preventDefault();
      }}
    >
      <Choice
        label={t("rule.action")}
        of={action}
        chosen={(v) => {
          value.value = VALUES[v]?.[1] ?? "";
        }}
        options={ACTIONS.map(([v, key]) => [v, t(key)] as const)}
      />
      {wanted && (
        <Field
          label={t(wanted[0])}
          of={value}
          {...(action.value === "delay" ? DECIMAL : WHOLE)}
          required={action.value !== "corrupt"}
          {...(action.value === "corrupt" ? { hint: t("rule.bit_hint") } : {})}
        />
      )}
      <Choice
        label={t("rule.kind")}
        of={kind}
        options={KINDS.map(([v, key]) => [v, t(key)] as const)}
      />
      <Choice
        label={t("rule.dir")}
        of={dir}
        options={[
          ["a_to_b", `${a} → ${b}`],
          ["b_to_a", `${b} → ${a}`],
          ["", t("rule.both")],
        ]}
      />
      <Choice
        label={t("rule.when")}
        of={when}
        options={WHENS.map(([v, key]) => [v, t(key)] as const)}
      />
      {when.value !== "always" && (
        <Field
          label={when.value === "chance" ? "%" : t("rule.number")}
          of={number}
          {...(when.value === "chance" ? SHARE : ORDINAL)}
        />
      )}
      <button
        type="button"
        class="ls-button ls-button-small"
        onClick={(e) => {
          const row = e.currentTarget.parentElement!;
          const wrong = [...row.querySelectorAll("input")].find((x) => !x.checkValidity());
          if (wrong) wrong.reportValidity();
          else add(ruleOf({
            action: action.value,
            kind: kind.value,
            dir: dir.value,
            when: when.value,
            number: number.value,
            value: value.value,
          }));
        }}
      >
        {t("rule.add")}
      </button>
    </div>
  );
}
