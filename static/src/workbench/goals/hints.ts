// Which hints of a goal are shown: what fits the nearest mistake first, then the others in
// their order; what was shown before stays where it was. Pure.

/**
 * The hints to show, by index, after `used` were asked for. kept is what this browser
 * showed before, near the hint of the nearest mistake now (-1: none). The server counts
 * hints but does not know which; a browser that kept nothing begins with the nearest.
 */
export function revealed(
  all: number,
  used: number,
  kept: readonly number[],
  near: number,
): number[] {
  const out: number[] = [];
  const rest = Array.from({ length: all }, (_, i) => i);
  for (const i of [...kept, near, ...rest]) {
    if (out.length >= used) break;
    if (rest.includes(i) && !out.includes(i)) out.push(i);
  }
  return out;
}
