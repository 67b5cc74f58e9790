// Whether the ladder follows the present: only the reader's own scrolling away from its
// end stops it. A form that opens beside it, a sash, or packets that come change the
// panel's or the content's size, and the scroll events of that are not the reader's. Pure.

const NEAR_END = 24;

/** Where a scroller stands. */
export interface Scrolled {
  top: number;
  height: number; // of the panel
  content: number; // of all there is to scroll through
}

/** Where an element stands now. */
export function scrolled(of: Element): Scrolled {
  return { top: of.scrollTop, height: of.clientHeight, content: of.scrollHeight };
}

/** Whether to follow after a scroll event; before is where the ladder was last drawn. */
export function follows(was: boolean, before: Scrolled, now: Scrolled): boolean {
  if (now.content - now.top - now.height < NEAR_END) return true;
  const resized = before.height !== now.height || before.content !== now.content;
  return was && (resized || now.top >= before.top);
}
