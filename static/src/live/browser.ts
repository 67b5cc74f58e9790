// The real Env of a LiveClient: WebSocket, timers, and the page's own signals that
// another try is worth while.

import type { Env, LiveClient, SocketLike, Status } from "./client";
import { randomId } from "./id";

/** The browser's side of a connection to `path`, same origin, ws or wss as the page. */
export function browserEnv(path: string, statusPath: string): Env {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return {
    open: (subprotocol) =>
      new WebSocket(`${scheme}//${location.host}${path}`, subprotocol) as SocketLike,
    now: () => performance.now(),
    setTimeout: (f, ms) => window.setTimeout(f, ms),
    clearTimeout: (h) => window.clearTimeout(h as number),
    random: Math.random,
    id: randomId,
    status: () => askStatus(statusPath),
  };
}

/** Idle while the tab is hidden; at once when it is shown or the network is back. */
export function watchPage(client: LiveClient): void {
  document.addEventListener("visibilitychange", () => client.setIdle(document.hidden));
  window.addEventListener("online", () => client.retryNow());
  client.setIdle(document.hidden);
}

// Reasons that trying again cannot help with.
const FINAL = new Set(["not_found", "other_build", "broken", "forbidden"]);

async function askStatus(path: string): Promise<Status | null> {
  try {
    const answer = await fetch(path, { headers: { Accept: "application/json" } });
    if (answer.status === 404) return { final: true, code: "not_found" };
    if (!answer.ok) return null;
    const body = (await answer.json()) as { code?: string };
    const code = body.code ?? "";
    return { final: FINAL.has(code), code };
  } catch {
    return null;
  }
}
