// The state diagram of the chosen connection and, in the same figure, of its other end:
// where each is now, and which edges it went along how often.

import { t } from "../text";
import type { History } from "../histories";
import { hostName } from "../ladder/about";
import { lit, pin, pinned } from "../selection";
import { Icon } from "../icon";
import { classes, useKept, useSession } from "../use";
import { BOX, EDGES, HEIGHT, SPOTS, WIDTH, pathOf } from "./machine";

/** conn is the connection of what the inspector shows, if it has one. */
export function StateDiagram({ conn }: { conn: string | undefined }) {
  const { store } = useSession();
  const [shown, setShown] = useKept("states.shown", true);
  void store.version.value;
  const all = [...store.histories.all.values()];
  const own =
    store.histories.all.get(lit.value.conn ?? conn ?? "") ??
    all.filter((h) => !h.gone).at(-1) ??
    all.at(-1);
  const peer = own && store.histories.peer(own);
  return (
    <section class="ls-states" aria-label={t("states.title")}>
      <header class="ls-panel-head">
        <h2 class="ls-panel-title">
          <button
            type="button"
            class="ls-plain"
            aria-expanded={shown}
            onClick={() => setShown(!shown)}
          >
            <Icon name={shown ? "chevron-down" : "chevron-right"} /> {t("states.title")}
          </button>
        </h2>
        {shown && all.length > 0 && <Chooser all={all} own={own} />}
      </header>
      {shown &&
        (all.length === 0 ? (
          <p class="ls-empty">{t("states.empty")}</p>
        ) : (
          <Figure own={own} peer={peer} />
        ))}
    </section>
  );
}

function Chooser({ all, own }: { all: History[]; own: History | undefined }) {
  const { store } = useSession();
  return (
    <select
      class="ls-in ls-in-small ls-states-choose"
      aria-label={t("states.choose")}
      value={own?.id ?? ""}
      onChange={(e) => pin({ ...pinned.value, conn: e.currentTarget.value })}
    >
      {all.slice(-40).map((h) => (
        <option key={h.id} value={h.id}>
          {hostName(store, h.host)} {h.local} ↔ {h.remote}
          {h.gone ? ` (${t("states.gone")})` : ""}
        </option>
      ))}
    </select>
  );
}

function Figure({ own, peer }: { own: History | undefined; peer: History | undefined }) {
  const { store } = useSession();
  const counts = new Map<string, { times: number; n: number }>();
  for (const e of own?.edges ?? []) {
    const key = `${e.from}>${e.to}`;
    counts.set(key, { times: (counts.get(key)?.times ?? 0) + 1, n: e.n });
  }
  const last = own?.edges.at(-1);
  const summary = own
    ? t("states.summary", {
        host: hostName(store, own.host),
        state: own.state,
        peer: peer ? `${hostName(store, peer.host)} ${peer.state}` : "–",
      })
    : "";
  const extra = [...counts.keys()].filter((k) => !EDGES.some(([f, to]) => `${f}>${to}` === k));
  return (
    <figure class="ls-states-figure">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={summary}>
        {EDGES.map(([from, to]) => {
          const taken = counts.get(`${from}>${to}`);
          const now = last?.from === from && last.to === to;
          return (
            <path
              key={`${from}${to}`}
              d={pathOf(from, to)}
              class={`ls-edge${taken ? " ls-edge-taken" : ""}${now ? " ls-edge-last" : ""}`}
            />
          );
        })}
        {extra.map((k) => (
          <path
            key={k}
            d={pathOf(...(k.split(">") as [string, string]))}
            class="ls-edge ls-edge-taken"
          />
        ))}
        {Object.entries(SPOTS).map(([name, at]) => {
          const mine = own?.state === name;
          const theirs = peer?.state === name;
          const n = own?.edges.filter((e) => e.to === name).at(-1)?.n;
          const visited = n !== undefined || own?.edges.some((e) => e.from === name);
          return (
            <g
              key={name}
              class={classes(
                "ls-spot",
                mine && "ls-spot-own",
                theirs && "ls-spot-peer",
                visited && "ls-spot-seen",
              )}
              transform={`translate(${at.x - BOX.w / 2} ${at.y - BOX.h / 2})`}
              onClick={() => n !== undefined && pin({ ...pinned.value, n })}
            >
              <rect width={BOX.w} height={BOX.h} rx="5" />
              {theirs && (
                <rect
                  class="ls-spot-ring"
                  x="-3.5"
                  y="-3.5"
                  width={BOX.w + 7}
                  height={BOX.h + 7}
                  rx="8"
                />
              )}
              <text x={BOX.w / 2} y={BOX.h / 2 + 4} text-anchor="middle">
                {name}
              </text>
            </g>
          );
        })}
      </svg>
      <figcaption>
        {own && (
          <span class="ls-key-own">
            {hostName(store, own.host)}: <b>{own.state}</b>
          </span>
        )}
        {peer && (
          <span class="ls-key-peer">
            {hostName(store, peer.host)}: <b>{peer.state}</b>
          </span>
        )}
        {own && own.edges.length > 0 && (
          <ol class="ls-path" aria-label={t("states.path")}>
            {own.edges.slice(-5).map((e) => (
              <li key={e.n}>
                <button
                  type="button"
                  class="ls-n"
                  onClick={() => pin({ ...pinned.value, n: e.n })}
                  title={`${e.from} → ${e.to}`}
                >
                  {e.to} #{e.n}
                </button>
              </li>
            ))}
          </ol>
        )}
      </figcaption>
    </figure>
  );
}
