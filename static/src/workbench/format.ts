// Numbers as people read them: virtual time, spans, sizes, rates, sequence numbers.

const UNITS: readonly [number, string][] = [
  [60e9, "min"],
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "µs"],
  [1, "ns"],
];

/** An instant as the time bar shows it: "1.140 000" seconds, microseconds grouped. */
export function instant(ns: number): string {
  const whole = Math.floor(ns / 1e9);
  const micro = Math.floor((ns - whole * 1e9) / 1e3);
  const six = String(micro).padStart(6, "0");
  return `${whole}.${six.slice(0, 3)} ${six.slice(3)}`;
}

/** An instant as a ladder or table row shows it: "1.140" or, when finer, "1.140025". */
export function shortInstant(ns: number): string {
  const whole = Math.floor(ns / 1e9);
  const micro = Math.floor((ns - whole * 1e9) / 1e3);
  const six = String(micro).padStart(6, "0");
  return `${whole}.${six.endsWith("000") ? six.slice(0, 3) : six}`;
}

/** A span with three significant digits at most: "40 ms", "1.5 s", "250 µs". */
export function span(ns: number): string {
  const size = Math.abs(ns);
  if (size === 0) return "0 ms";
  for (const [unit, name] of UNITS) {
    if (size >= unit) return `${trim(ns / unit)} ${name}`;
  }
  return `${ns} ns`;
}

/** A rate: "10 Mbit/s"; 0 is without limit and renders as "∞". */
export function rate(bps: number): string {
  if (bps === 0) return "∞";
  if (bps >= 1e9) return `${trim(bps / 1e9)} Gbit/s`;
  if (bps >= 1e6) return `${trim(bps / 1e6)} Mbit/s`;
  if (bps >= 1e3) return `${trim(bps / 1e3)} kbit/s`;
  return `${bps} bit/s`;
}

/** A share of a million as a percentage: 50 000 → "5 %". */
export function percent(ppm: number): string {
  return `${trim(ppm / 1e4)} %`;
}

/** A sequence number relative to where its space began, modulo 2^32. */
export function relative(seq: number, initial: number): number {
  return (seq - initial) >>> 0;
}

/** A speed of the clock: "×0.1", "×1000", "max". */
export function speed(x: number): string {
  return x <= 0 || x > 1000 ? "max" : `×${Number(x.toPrecision(3))}`;
}

function trim(x: number): string {
  const digits = Math.abs(x) >= 100 ? 0 : Math.abs(x) >= 10 ? 1 : 2;
  return String(Number(x.toFixed(digits)));
}
