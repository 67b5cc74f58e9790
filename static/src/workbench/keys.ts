// The one registry of keys: what is bound here is also what the "?" sheet lists.
//
// Bindings go by event.code, so that they work with the Hangul input method on, and
// never act while something is being typed or composed.

import type { Key } from "./text";

/** One key and what it does. */
export interface Binding {
  code: string; // KeyboardEvent.code
  shift?: boolean;
  show: string; // as the sheet prints it
  label: Key;
  run(): void;
}

const bindings: Binding[] = [];
const SWITCH = "labserver.keys";

/** Adds a binding; a later one for the same key replaces the earlier. */
export function bind(binding: Binding): void {
  const at = bindings.findIndex((b) => b.code === binding.code && !!b.shift === !!binding.shift);
  if (at >= 0) bindings[at] = binding;
  else bindings.push(binding);
}

/** All bindings, in the order they were made. */
export function allBindings(): readonly Binding[] {
  return bindings;
}

/** Whether single keys act at all; WCAG 2.1.4 asks for a switch. */
export function keysOn(): boolean {
  return localStorage.getItem(SWITCH) !== "off";
}

export function setKeysOn(on: boolean): void {
  localStorage.setItem(SWITCH, on ? "on" : "off");
}

/** Handles keys of the whole page until the page ends. */
export function listen(): void {
  document.addEventListener("keydown", (e) => {
    if (e.defaultPrevented || e.isComposing || e.ctrlKey || e.metaKey || e.altKey) return;
    if (typing(e.target) && e.code !== "Escape") return;
    if (!keysOn() && e.code !== "Escape") return;
    if (e.code === "Space" && onControl(e.target)) return;
    const hit = bindings.find((b) => b.code === e.code && !!b.shift === e.shiftKey);
    if (!hit || document.querySelector("dialog[open]")) return;
    e.preventDefault();
    hit.run();
  });
}

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

function onControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("button, a, summary, [role=tab]") !== null;
}
