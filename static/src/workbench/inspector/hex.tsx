// The octets of a frame: 8 in a row, two header words of 32 bits, or 16 where there is
// room. Pointing at one lights the field it belongs to.

import { useRef } from "preact/hooks";
import type { Signal } from "@preact/signals";
import { t } from "../text";
import { classes, useSession, useSize } from "../use";
import { fieldAt, type Segment } from "./segment";

const WIDE_PX = 500;

interface Props {
  segment: Segment;
  lit: Signal<readonly [number, number] | null>;
  chosen: Signal<readonly [number, number] | null>;
}

export function Hex({ segment, lit, chosen }: Props) {
  const { boot } = useSession();
  const box = useRef<HTMLDivElement>(null);
  const { width } = useSize(box);
  const per = width >= WIDE_PX ? 16 : 8;
  const range = lit.value ?? chosen.value;
  const { octets, layers } = segment;
  const rows = Math.ceil(octets.length / per);
  const field = range ? fieldAt(layers, range[0]) : undefined;
  const point = (i: number): void => {
    const f = fieldAt(layers, i);
    lit.value = f ? [f.off, f.len] : [i, 1];
  };
  return (
    <div class="ls-hex" ref={box}>
      <div
        class="ls-hex-grid"
        role="img"
        aria-label={t("hex.label", { n: octets.length })}
        onPointerLeave={() => {
          lit.value = null;
        }}
      >
        {Array.from({ length: rows }, (_, r) => (
          <div class="ls-hex-row" key={r}>
            <span class="ls-hex-off">{(r * per).toString(16).padStart(4, "0")}</span>
            <span class="ls-hex-octets">
              {Array.from(octets.slice(r * per, (r + 1) * per), (o, k) => {
                const i = r * per + k;
                return (
                  <span
                    key={i}
                    class={classes(
                      "ls-octet",
                      inside(range, i) && "ls-lit",
                      k % 4 === 3 && "ls-octet-word",
                    )}
                    onPointerEnter={() => point(i)}
                    onClick={() => {
                      const f = fieldAt(layers, i);
                      chosen.value = f ? [f.off, f.len] : null;
                    }}
                  >
                    {o.toString(16).padStart(2, "0")}
                  </span>
                );
              })}
            </span>
            <span class="ls-hex-text">
              {Array.from(octets.slice(r * per, (r + 1) * per), (o, k) => (
                <span key={k} class={inside(range, r * per + k) ? "ls-lit" : undefined}>
                  {o > 32 && o < 127 ? String.fromCharCode(o) : "·"}
                </span>
              ))}
            </span>
          </div>
        ))}
      </div>
      <p class="ls-hex-field">
        {field ? `${boot.fields[field.key] ?? field.key}: ${field.value}` : t("hex.hint")}
      </p>
    </div>
  );
}

function inside(range: readonly [number, number] | null, i: number): boolean {
  return range !== null && i >= range[0] && i < range[0] + range[1];
}
