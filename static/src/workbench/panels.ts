// Which view of a panel is open: shared by keys, buttons and tabs.

import { signal } from "@preact/signals";

/** What a reader looks at within the panels. */
export const view = {
  ladder: signal<"ladder" | "table">("ladder"),
  sockets: signal<"sockets" | "console">("sockets"),
  help: signal(false),
  /** Whether the inspector is drawn out, where it is a drawer (720 to 1099 px). */
  drawer: signal(false),
  /** The host and process whose sockets and console are shown; "" is the first. */
  host: signal(""),
  proc: signal(""),
  toggleTable(): void {
    view.ladder.value = view.ladder.value === "table" ? "ladder" : "table";
  },
  /** Goes to the present; the ladder puts its own function here. */
  followLive: (): void => {},
};
