// The ladder panel: a canvas that scrolls like any page, hidden from assistive technology
// inside a focusable figure, with the event table as its true twin (key T).

import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { virtualNow } from "../clock";
import { Icon } from "../icon";
import { hover, lit, pin, pinned } from "../selection";
import { t } from "../text";
import { useDrawing, useKept, useSession, useSize } from "../use";
import { Axis } from "./axis";
import { connsAbout, titleOf } from "./about";
import { hit, layout, totalHeight } from "./layout";
import { lanesX, type Viewport } from "./shapes";
import { paint, readPalette, type Palette } from "./paint";
import type { Rows } from "./rows";
import { follows, scrolled, type Scrolled } from "./scroll";
import { EventTable } from "./table";
import { view as panelView } from "../panels";

const ZOOMS = [0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1, 1.5, 2.2, 3.5];
const LANE_PX = 48; // half of a name and its address

/** What scrolling and zooming are about, outside of Preact's state. */
interface Machine {
  rows: Rows | null;
  axis: Axis | null;
  palette: Palette | null;
  theme: string;
  following: boolean;
  view: Viewport | null;
  drawn: Scrolled; // where it stood when it was last drawn
  wanted: number; // an event to bring into sight when it is here; 0: none
}

export function Ladder() {
  const session = useSession();
  const { store } = session;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const spacer = useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const [zoom, setZoom] = useKept("ladder.zoom", 6);
  const [relativeSeq, setRelative] = useKept("ladder.relative", true);
  const [routers, setRouters] = useKept("ladder.routers", false);
  const following = useSignal(true);
  const m = useRef<Machine>({
    rows: null,
    axis: null,
    palette: null,
    theme: "",
    following: true,
    view: null,
    drawn: { top: 0, height: 0, content: 0 },
    wanted: 0,
  }).current;
  const table = panelView.ladder.value === "table";

  const prepare = (): void => {
    const scale = ZOOMS[zoom] ?? 1;
    if (m.rows !== store.rows || m.axis?.zoom !== scale) {
      m.rows = store.rows;
      m.axis = new Axis(store.rows, scale);
    }
    m.axis.update();
  };

  const draw = (): void => {
    void store.version.value;
    const selection = lit.value;
    const at = canvas.current;
    const scroller = box.current;
    if (!at || !scroller || size.width === 0) return;
    prepare();
    const now = virtualNow(performance.now());
    const height = Math.max(size.height, totalHeight(m.axis!, now));
    spacer.current!.style.height = `${height}px`;
    showWanted(true);
    if (m.following) scroller.scrollTop = height; // as far as it goes, in whatever size it has now
    m.drawn = scrolled(scroller);
    m.view = {
      width: size.width,
      height: size.height,
      top: scroller.scrollTop,
      now,
      relativeSeq,
      showRouters: routers,
      litN: selection.n ?? 0,
      litConns: selection.conn ? connsAbout(store, selection.conn) : null,
      names: new Map(store.view.hosts.map((h) => [h.id, h.name])),
    };
    drawOn(at, m, store.rows);
    tellSummary(scroller, store.rows.n.length);
  };
  const showWanted = (late: boolean): void => {
    if (m.wanted === 0 || store.rows.rowOf(m.wanted) < 0) return;
    if (late) follow(false);
    bringIntoView(m.wanted, m, store.rows, box.current, () => follow(false));
    m.wanted = 0;
  };
  useDrawing(draw);

  const follow = (on: boolean): void => {
    m.following = on;
    following.value = on;
    if (on && box.current) box.current.scrollTop = box.current.scrollHeight;
  };
  panelView.followLive = () => follow(true);

  const point = (e: PointerEvent): number => {
    const rect = canvas.current?.getBoundingClientRect();
    if (!rect || !m.view || !m.axis) return 0;
    return hit(store.rows, m.axis, m.view, e.clientX - rect.left, e.clientY - rect.top);
  };
  const choose = (n: number): void => {
    if (n > 0) pin({ n, ...ownConn(store.event(n)) });
  };
  // A selection made elsewhere comes into sight, as soon as its event is here: the page's
  // address may name one before the history has come.
  useEffect(
    () =>
      pinned.subscribe((p) => {
        m.wanted = p.n ?? 0;
        if (m.view) showWanted(false);
      }),
    [],
  );

  return (
    <section class="ls-panel ls-area-ladder" aria-label={t("ladder.title")}>
      <header class="ls-panel-head">
        <h2 class="ls-panel-title">{t("ladder.title")}</h2>
        <div class="ls-tools" role="group" aria-label={t("ladder.tools")}>
          <button
            type="button"
            class="ls-tool"
            aria-pressed={relativeSeq}
            onClick={() => setRelative(!relativeSeq)}
            title={t("ladder.relative_hint")}
          >
            {t("ladder.relative")}
          </button>
          <button
            type="button"
            class="ls-tool"
            aria-pressed={routers}
            onClick={() => setRouters(!routers)}
          >
            {t("ladder.routers")}
          </button>
          <button
            type="button"
            class="ls-tool ls-tool-icon"
            aria-label={t("ladder.zoom_out")}
            title={t("ladder.zoom_out")}
            disabled={zoom <= 0}
            onClick={() => setZoom(zoom - 1)}
          >
            <Icon name="minus" />
          </button>
          <button
            type="button"
            class="ls-tool ls-tool-icon"
            aria-label={t("ladder.zoom_in")}
            title={t("ladder.zoom_in")}
            disabled={zoom >= ZOOMS.length - 1}
            onClick={() => setZoom(zoom + 1)}
          >
            <Icon name="plus" />
          </button>
          <button
            type="button"
            class="ls-tool"
            aria-pressed={table}
            onClick={() => panelView.toggleTable()}
          >
            <Icon name="table" />
            <span class="ls-tool-words">{t("ladder.table")}</span>
          </button>
          <button
            type="button"
            class="ls-tool ls-drawer-open"
            onClick={() => {
              panelView.drawer.value = true;
            }}
          >
            <Icon name="panel-right" /> {t("inspector.title")}
          </button>
        </div>
      </header>
      {table ? (
        <EventTable />
      ) : (
        <>
          <LaneHeads width={size.width} routers={routers} />
          <div
            class="ls-ladder-box"
            ref={box}
            tabIndex={0}
            role="application"
            aria-roledescription={t("ladder.role")}
            onScroll={(e) => {
              m.following = follows(m.following, m.drawn, scrolled(e.currentTarget));
              following.value = m.following;
              if (!m.following) draw();
            }}
            onPointerMove={(e) => hover(withConn(store, point(e)))}
            onPointerLeave={() => hover({})}
            onClick={(e) => choose(point(e as unknown as PointerEvent))}
            onKeyDown={(e) => walk(e, store.rows, choose)}
          >
            <div class="ls-ladder-spacer" ref={spacer}>
              <canvas class="ls-ladder-canvas" ref={canvas} aria-hidden="true" />
            </div>
            <Empty />
          </div>
          {!following.value && (
            <button type="button" class="ls-live-button" onClick={() => follow(true)}>
              <Icon name="arrow-down" /> {t("ladder.live")} <kbd>L</kbd>
            </button>
          )}
          <Spoken />
        </>
      )}
    </section>
  );
}

/** What will appear here, until something has. */
function Empty() {
  const { store } = useSession();
  void store.version.value;
  return store.rows.n.length === 0 ? (
    <p class="ls-empty ls-ladder-empty">{t("ladder.empty")}</p>
  ) : null;
}

/** The names over the lifelines; real text, so that they can be found and read. */
function LaneHeads({ width, routers }: { width: number; routers: boolean }) {
  const { store } = useSession();
  void store.version.value;
  const xs = lanesX(store.rows, { width, showRouters: routers });
  const shown = xs.filter((x): x is number => x != null);
  const gap = shown.length > 1 ? shown[1]! - shown[0]! : width;
  const tight = gap < 2 * LANE_PX; // names then stand in two rows by turns, without addresses
  let turn = 0;
  return (
    <div class="ls-lanes">
      {store.rows.lanes.map((id, i) => {
        const x = xs[i];
        const host = store.view.hosts.find((h) => h.id === id);
        if (x == null || !host) return null;
        const name = host.name || id;
        const addr = host.nics[0]?.addr.split("/", 1)[0] || "";
        const row = !tight ? "" : turn++ % 2 === 0 ? " ls-lane-high" : " ls-lane-low";
        return (
          <button
            key={id}
            type="button"
            class={`ls-lane${row}`}
            title={tight ? [name, addr].filter((s, i, all) => s && all.indexOf(s) === i).join(" ") : undefined}
            style={{
              left: `${Math.min(width - LANE_PX, Math.max(LANE_PX, x))}px`,
              maxInlineSize: tight ? `${2 * gap}px` : "",
            }}
            onClick={() => pin({ host: id })}
          >
            <b>{name}</b>
            {!tight && addr !== name && <span>{addr}</span>}
          </button>
        );
      })}
    </div>
  );
}

/** What the lit segment is, said politely to who cannot see it. */
function Spoken() {
  const { store } = useSession();
  const n = pinned.value.n;
  const e = n ? store.event(n) : undefined;
  return (
    <p class="ls-visually-hidden" aria-live="polite">
      {e ? titleOf(store, e) : ""}
    </p>
  );
}

function drawOn(canvas: HTMLCanvasElement, m: Machine, rows: Rows): void {
  const view = m.view!;
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(view.width * ratio);
  const height = Math.round(view.height * ratio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
    canvas.style.width = `${view.width}px`;
    canvas.style.height = `${view.height}px`;
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const theme = `${document.documentElement.dataset["theme"] ?? ""} ${dark}`;
  if (!m.palette || m.theme !== theme) {
    m.palette = readPalette(canvas);
    m.theme = theme;
  }
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  paint(ctx, layout(rows, m.axis!, view), m.palette, view.width, view.height);
}

// Set by hand: the panel is not rendered anew for every packet.
function tellSummary(scroller: HTMLElement, n: number): void {
  const words = t("ladder.summary", { n });
  if (scroller.getAttribute("aria-label") !== words) scroller.setAttribute("aria-label", words);
}

function bringIntoView(
  n: number,
  m: Machine,
  rows: Rows,
  box: HTMLElement | null,
  release: () => void,
): void {
  const row = rows.rowOf(n);
  if (row < 0 || !box || !m.axis) return;
  const y = m.axis.at(rows.a0.at(row)) + 30;
  if (y >= box.scrollTop + 20 && y <= box.scrollTop + box.clientHeight - 30) return;
  release();
  box.scrollTop = Math.max(0, y - box.clientHeight / 2);
}

/** ↑ ↓ Home End move along the segments. */
function walk(e: KeyboardEvent, rows: Rows, choose: (n: number) => void): void {
  const last = rows.n.length - 1;
  if (last < 0) return;
  const at = pinned.value.n ? rows.rowOf(pinned.value.n) : -1;
  const to = {
    ArrowDown: at + 1,
    ArrowUp: at < 0 ? last : at - 1,
    Home: 0,
    End: last,
    PageDown: at + 10,
    PageUp: at - 10,
  }[e.code];
  if (e.code === "Enter") {
    e.preventDefault();
    document.getElementById("wb-inspector")?.focus();
    return;
  }
  if (to === undefined) return;
  e.preventDefault();
  choose(rows.n.at(Math.min(last, Math.max(0, to))));
}

function withConn(
  store: { event(n: number): { conn?: string } | undefined },
  n: number,
): { n?: number } {
  return n > 0 && store.event(n) ? { n } : {};
}

function ownConn(e: { conn?: string } | undefined): { conn?: string } {
  return e?.conn ? { conn: e.conn } : {};
}
