// One selection that every panel shares. Hover lights softly, a click
// pins and is written to the address, Esc lets go. Panels never talk to each other.

import { computed, signal } from "@preact/signals";

/** What is pointed at. Everything is optional; {} is nothing. */
export interface Selection {
  n?: number; // an event
  conn?: string;
  host?: string;
  link?: string;
  bytes?: readonly [off: number, len: number];
}

/** What was clicked. */
export const pinned = signal<Selection>({});

/** What the pointer or the keyboard is over. */
export const hovered = signal<Selection>({});

/** What panels light: the hovered thing over the pinned one. */
export const lit = computed<Selection>(() => ({ ...pinned.value, ...hovered.value }));

/** Pins a selection and writes its event to the address. */
export function pin(what: Selection): void {
  pinned.value = what;
  remember(what);
}

/** Changes part of what is pinned: another byte range of the same segment. */
export function refine(what: Selection): void {
  pin({ ...pinned.value, ...what });
}

/** Lights something for as long as it is pointed at; {} ends it. */
export function hover(what: Selection): void {
  if (
    what.n === hovered.value.n &&
    what.conn === hovered.value.conn &&
    what.host === hovered.value.host &&
    what.link === hovered.value.link
  )
    return;
  hovered.value = what;
}

/** Esc: lets go; false if nothing was pinned. */
export function release(): boolean {
  const held = Object.keys(pinned.value).length > 0;
  hovered.value = {};
  pin({});
  return held;
}

/** What the address names: ?at=17&sel=conn:c2. */
export function fromAddress(search: string): Selection {
  const query = new URLSearchParams(search);
  const at = Number(query.get("at"));
  const [what, id] = (query.get("sel") ?? "").split(":", 2);
  return {
    ...(Number.isSafeInteger(at) && at > 0 ? { n: at } : {}),
    ...(what === "conn" && id ? { conn: id } : {}),
    ...(what === "host" && id ? { host: id } : {}),
  };
}

function remember(what: Selection): void {
  const url = new URL(location.href);
  url.searchParams.delete("at");
  url.searchParams.delete("sel");
  if (what.n) url.searchParams.set("at", String(what.n));
  if (what.conn) url.searchParams.set("sel", `conn:${what.conn}`);
  else if (what.host) url.searchParams.set("sel", `host:${what.host}`);
  history.replaceState(history.state, "", url);
}
