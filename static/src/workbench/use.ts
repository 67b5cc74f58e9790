// The few hooks that every panel shares.

import { createContext } from "preact";
import { useContext, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { effect } from "@preact/signals";
import { clock } from "./clock";
import type { Session } from "./session";

export const SessionContext = createContext<Session | null>(null);

/** The page's session. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("a panel outside of the workbench");
  return session;
}

/** Whether the reader asked for less motion. */
export function reducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * Calls draw in the animation frame after anything it reads from signals has changed, and
 * in every frame while time plays and something moves (never then with reduced motion).
 */
export function useDrawing(draw: () => void, moves: () => boolean = () => true): void {
  const latest = useRef(draw);
  latest.current = draw;
  const moving = useRef(moves);
  moving.current = moves;
  const again = useRef(() => {});
  useEffect(() => {
    let frame = 0;
    let stop = (): void => {};
    const run = (): void => {
      frame = 0;
      stop();
      // Drawn inside an effect, so that what draw reads is what wakes it again.
      let first = true;
      stop = effect(() => {
        const { playing } = clock.value;
        if (!first) return ask();
        first = false;
        latest.current();
        if (playing && moving.current() && !reducedMotion()) ask();
      });
    };
    const ask = (): void => {
      if (frame === 0) frame = requestAnimationFrame(run);
    };
    again.current = ask;
    ask();
    window.addEventListener("resize", ask);
    const themes = new MutationObserver(ask);
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    return () => {
      stop();
      cancelAnimationFrame(frame);
      window.removeEventListener("resize", ask);
      themes.disconnect();
    };
  }, []);
  useEffect(() => again.current()); // the component itself has changed
}

/** The type a literal is of. */
type Wide<T> = T extends boolean
  ? boolean
  : T extends number
    ? number
    : T extends string
      ? string
      : T;

/** The class names whose condition holds: classes("ls-octet", lit && "ls-lit"). */
export function classes(...names: (string | false | undefined)[]): string {
  return names.filter(Boolean).join(" ");
}

/** A value that is kept for this reader in the browser. */
export function useKept<T extends string | number | boolean>(
  name: string,
  initial: T,
): [Wide<T>, (v: Wide<T>) => void] {
  const [value, set] = useState<Wide<T>>(() => kept(name, initial as Wide<T>));
  return [
    value,
    (v) => {
      localStorage.setItem(`labserver.${name}`, JSON.stringify(v));
      set(v);
    },
  ];
}

/** What was kept under a name, or initial. */
export function kept<T>(name: string, initial: T): T {
  try {
    const text = localStorage.getItem(`labserver.${name}`);
    const value: unknown = text === null ? initial : JSON.parse(text);
    return typeof value === typeof initial ? (value as T) : initial;
  } catch {
    return initial;
  }
}

/** The size of an element, as it changes; known before it is first painted. */
export function useSize(of: { current: Element | null }): { width: number; height: number } {
  const [size, set] = useState({ width: 0, height: 0 });
  const [element, attach] = useState<Element | null>(null);
  useLayoutEffect(() => attach(of.current)); // a panel's view may have changed the element
  useLayoutEffect(() => {
    if (!element) return;
    const measure = (): void => {
      const next = { width: element.clientWidth, height: element.clientHeight };
      set((old) => (old.width === next.width && old.height === next.height ? old : next));
    };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => watch.disconnect();
  }, [element]);
  return size;
}
