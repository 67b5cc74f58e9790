// The time bar: play, pause, step, speed, and where the run stands. The strip shows where
// something happened; it is drawn from the ladder's rows.

import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { clock, virtualNow } from "../clock";
import { instant, shortInstant, speed as speedText } from "../format";
import { Icon } from "../icon";
import { readPalette } from "../ladder/paint";
import { view as panels } from "../panels";
import { pin } from "../selection";
import type { Session } from "../session";
import { t } from "../text";
import { useDrawing, useSession, useSize } from "../use";

/** The speeds the slider stops at; 0 is "as fast as possible". */
export const SPEEDS: readonly number[] = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 0,
];

export function togglePlay(session: Session): void {
  if (session.locked()) return;
  void session.quietly(clock.value.playing ? "clock.pause" : "clock.play", {});
}

export function TimeBar() {
  const session = useSession();
  const { store } = session;
  const c = clock.value;
  const locked = session.locked();
  const stopped = !!locked || c.broken;
  const unit = useSignal<"event" | "segment">("segment");
  const asking = useSignal(false);
  void store.version.value;
  return (
    <section class="ls-panel ls-area-time ls-timebar" aria-label={t("time.title")}>
      <div class="ls-tools" role="group" aria-label={t("time.controls")}>
        <button
          type="button"
          class="ls-play"
          disabled={stopped}
          title={locked || `${c.playing ? t("time.pause") : t("time.play")} (Space)`}
          aria-label={c.playing ? t("time.pause") : t("time.play")}
          onClick={() => togglePlay(session)}
        >
          <Icon name={c.playing ? "pause" : "play"} />
        </button>
        <button
          type="button"
          class="ls-tool ls-tool-icon"
          disabled={stopped || c.busy}
          title={`${t(`time.step_${unit.value}`)} (.)`}
          aria-label={t(`time.step_${unit.value}`)}
          onClick={() => session.step(unit.value)}
        >
          <Icon name="step-forward" />
        </button>
        <select
          class="ls-in ls-in-small"
          aria-label={t("time.unit")}
          value={unit.value}
          onChange={(e) => {
            unit.value = e.currentTarget.value as "event" | "segment";
          }}
        >
          <option value="segment">{t("time.unit_segment")}</option>
          <option value="event">{t("time.unit_event")}</option>
        </select>
        <button
          type="button"
          class="ls-tool"
          disabled={stopped || c.busy || c.next === null}
          title={
            c.next === null
              ? t("time.quiet_none")
              : t("time.quiet_hint", { at: shortInstant(c.next) })
          }
          onClick={() => session.step("quiet")}
        >
          <Icon name="fast-forward" /> <span class="ls-tool-words">{t("time.quiet")}</span>
        </button>
      </div>
      <Speed disabled={stopped} />
      <Heat />
      <Now />
      <State waiting={c.waiting} broken={c.broken} idle={c.next === null} playing={c.playing} />
      <div class="ls-tools">
        <button
          type="button"
          class="ls-tool"
          onClick={() => panels.followLive()}
          title={`${t("ladder.live")} (L)`}
        >
          LIVE
        </button>
        {asking.value ? (
          <span class="ls-inline" role="group" aria-label={t("time.reset")}>
            <span class="ls-reset-ask">{t("time.reset_sure")}</span>
            <button
              type="button"
              class="ls-tool ls-tool-loss"
              onClick={() => {
                asking.value = false;
                void session.quietly("reset", { run: store.run.value });
              }}
            >
              {t("time.reset_yes")}
            </button>
            <button
              type="button"
              class="ls-tool"
              title={t("time.variant_hint")}
              onClick={() => {
                asking.value = false;
                void session.quietly("reset", { run: store.run.value, variant: true });
              }}
            >
              {t("time.variant")}
            </button>
            <button
              type="button"
              class="ls-tool"
              onClick={() => {
                asking.value = false;
              }}
            >
              {t("form.close")}
            </button>
          </span>
        ) : session.boot.capture ? null : (
          <button
            type="button"
            class="ls-tool ls-tool-icon"
            disabled={store.role.value === "watch" || store.connection.value.state !== "online"}
            title={t("time.reset")}
            aria-label={t("time.reset")}
            onClick={() => {
              asking.value = true;
            }}
          >
            <Icon name="rotate-ccw" />
          </button>
        )}
        <button
          type="button"
          class="ls-tool ls-tool-icon"
          aria-label={t("keys.title")}
          title={`${t("keys.title")} (?)`}
          onClick={() => {
            panels.help.value = !panels.help.value;
          }}
        >
          <Icon name="keyboard" />
        </button>
      </div>
    </section>
  );
}

function Speed({ disabled }: { disabled: boolean }) {
  const session = useSession();
  const c = clock.value;
  const at = nearest(c.speed);
  const set = (i: number): void => {
    const x = SPEEDS[i] ?? 1;
    void session.quietly("clock.speed", { speed: x === 0 ? "max" : x });
  };
  return (
    <label class="ls-speed">
      <Icon name="gauge" />
      <span class="ls-visually-hidden">{t("time.speed")}</span>
      <input
        type="range"
        min="0"
        max={SPEEDS.length - 1}
        step="1"
        value={at}
        disabled={disabled}
        aria-valuetext={speedText(c.speed)}
        onChange={(e) => set(Number(e.currentTarget.value))}
      />
      <output>{speedText(c.speed)}</output>
    </label>
  );
}

function nearest(x: number): number {
  if (x === 0) return SPEEDS.length - 1;
  let best = 0;
  SPEEDS.forEach((s, i) => {
    if (s > 0 && Math.abs(Math.log(s / x)) < Math.abs(Math.log(SPEEDS[best]! / x))) best = i;
  });
  return best;
}

/** The instant, ticking while time plays. */
function Now() {
  const { store } = useSession();
  const out = useRef<HTMLOutputElement>(null);
  useDrawing(() => {
    void store.version.value;
    if (out.current) out.current.textContent = `${instant(virtualNow(performance.now()))} s`;
  });
  return (
    <span class="ls-now">
      <span aria-hidden="true">t = </span>
      <output ref={out} aria-label={t("time.now")} />
    </span>
  );
}

function State({
  waiting,
  broken,
  idle,
  playing,
}: {
  waiting: boolean;
  broken: boolean;
  idle: boolean;
  playing: boolean;
}) {
  const text = broken
    ? t("time.broken")
    : waiting
      ? t("time.waiting")
      : idle && playing
        ? t("time.idle")
        : "";
  return (
    <span class={`ls-clock-state${broken ? " ls-bad" : ""}`} role="status">
      {text}
    </span>
  );
}

/** Sendings per pixel of the whole run, losses as ✕, a click goes there. */
function Heat() {
  const { store } = useSession();
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useSize(box);
  const draw = (): void => {
    void store.version.value;
    const at = canvas.current;
    const ctx = at?.getContext("2d");
    if (!at || !ctx || size.width === 0) return;
    const ratio = window.devicePixelRatio || 1;
    at.width = size.width * ratio;
    at.height = size.height * ratio;
    ctx.scale(ratio, ratio);
    drawHeat(ctx, store.rows, Math.max(store.t, 1), size, readPalette(at));
  };
  useDrawing(draw, () => false); // it changes with what was heard, not with time
  const jump = (e: MouseEvent): void => {
    const rect = box.current!.getBoundingClientRect();
    const rows = store.rows;
    if (rows.n.length === 0) return;
    const i = rows.t0.lowerBound(((e.clientX - rect.left) / rect.width) * Math.max(store.t, 1));
    pin({ n: rows.n.at(Math.min(rows.n.length - 1, i)) });
  };
  return (
    <div class="ls-heat" ref={box} onClick={jump} title={t("time.heat")} aria-hidden="true">
      <canvas ref={canvas} />
    </div>
  );
}

function drawHeat(
  ctx: CanvasRenderingContext2D,
  rows: Session["store"]["rows"],
  end: number,
  size: { width: number; height: number },
  p: ReturnType<typeof readPalette>,
): void {
  const counts = new Uint32Array(Math.ceil(size.width / 2) + 1);
  const bad = new Set<number>();
  let most = 1;
  for (let i = 0; i < rows.n.length; i++) {
    const bin = Math.min(counts.length - 1, Math.floor((rows.t0.at(i) / end) * (size.width / 2)));
    most = Math.max(most, ++counts[bin]!);
    const e = rows.events[i];
    if (rows.fate.at(i) === 2 || (e?.kind === "segment.sent" && e.seg.retransmission)) bad.add(bin);
  }
  for (let b = 0; b < counts.length; b++) {
    if (!counts[b]) continue;
    const h = 3 + ((size.height - 5) * Math.log2(1 + counts[b]!)) / Math.log2(1 + most);
    ctx.fillStyle = bad.has(b) ? p.stroke.loss : p.stroke.data;
    ctx.fillRect(b * 2, size.height - h, 1.5, h);
    if (bad.has(b)) ctx.fillRect(b * 2 - 1, 0, 3.5, 2.5);
  }
}
