// The edge between two panels: dragged, or moved with arrow keys when focused. It sets
// one custom property of .ls-shell (see shell.css), and the browser keeps it.

import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { kept } from "./use";

interface Props {
  side: "bottom" | "top" | "left" | "right"; // of the panel it stands in
  property: string;
  label: string;
}

const LEAST = 90;
const STEP = 16;

export function Sash({ side, property, label }: Props) {
  const at = useRef<HTMLDivElement>(null);
  const share = useSignal(30); // of the window, in percent, for who cannot see it
  const across = side === "left" || side === "right";
  useEffect(() => {
    const saved = kept<number>(`sash.${property}`, 0);
    if (saved >= LEAST) apply(property, saved);
    tell();
  }, [property]);
  const tell = (): void => {
    if (at.current)
      share.value = Math.round((100 * size(at.current)) / (across ? innerWidth : innerHeight));
  };
  const size = (sash: HTMLElement): number => {
    const rect = sash.parentElement!.getBoundingClientRect();
    return across ? rect.width : rect.height;
  };
  const set = (px: number): void => {
    const most = (across ? innerWidth : innerHeight) * 0.6;
    const value = Math.round(Math.min(most, Math.max(LEAST, px)));
    apply(property, value);
    localStorage.setItem(`labserver.sash.${property}`, JSON.stringify(value));
    tell();
  };
  const sign = side === "bottom" || side === "right" ? 1 : -1;
  return (
    <div
      class={`ls-sash ls-sash-${side}`}
      role="separator"
      tabIndex={0}
      ref={at}
      aria-label={label}
      aria-valuenow={share.value}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-orientation={across ? "vertical" : "horizontal"}
      onPointerDown={(e) => {
        const sash = e.currentTarget;
        const began = { at: across ? e.clientX : e.clientY, size: size(sash) };
        sash.setPointerCapture(e.pointerId);
        sash.onpointermove = (m) =>
          set(began.size + sign * ((across ? m.clientX : m.clientY) - began.at));
        sash.onpointerup = sash.onpointercancel = () => {
          sash.onpointermove = null;
        };
      }}
      onDblClick={() => {
        localStorage.removeItem(`labserver.sash.${property}`);
        shell()?.style.removeProperty(property);
      }}
      onKeyDown={(e) => {
        const by = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[e.code];
        if (by === undefined) return;
        e.preventDefault();
        set(size(e.currentTarget) + sign * by * STEP);
      }}
    />
  );
}

function shell(): HTMLElement | null {
  return document.querySelector(".ls-shell");
}

function apply(property: string, px: number): void {
  shell()?.style.setProperty(property, `${px}px`);
}
