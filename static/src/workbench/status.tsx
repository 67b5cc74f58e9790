// How the connection stands, who else is here, and short words to the reader: in the
// page's header. Offline is a thin bar under it, after a second, with a way to try now.

import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { Icon } from "./icon";
import { maybe, t } from "./text";
import { useSession } from "./use";

const PATIENCE_MS = 1000;

/** What stands in the header: connected, and how many look. */
export function Status() {
  const session = useSession();
  const { store } = session;
  const link = store.connection.value;
  const who = store.present.value;
  const online = link.state === "online";
  const role = store.role.value;
  return (
    <>
      {session.boot.capture && (
        <span class="ls-tag ls-tag-shld" title={t("locked.capture")}>
          {t("capture.tag")}
        </span>
      )}
      {role === "watch" && <span class="ls-tag">{t("role.watch")}</span>}
      {role === "codrive" && <span class="ls-tag">{t("role.codrive")}</span>}
      {who.watchers > 0 && (
        <span class="ls-who" title={t("who.watchers", { n: who.watchers })}>
          <Icon name="eye" /> {who.watchers}
          <span class="ls-visually-hidden"> {t("who.watchers", { n: who.watchers })}</span>
        </span>
      )}
      {who.drivers > 1 && <span class="ls-who">{t("who.drivers", { n: who.drivers })}</span>}
      <span class={`ls-online${online ? "" : " ls-online-off"}`} data-link={link.state}>
        <span class="ls-online-dot" aria-hidden="true" /> {t(`live.${link.state}`)}
      </span>
    </>
  );
}

/** The thin bar while there is no connection. */
export function Offline() {
  const session = useSession();
  const link = session.store.connection.value;
  const late = useSignal(false);
  const seconds = useSignal(0);
  const gone = link.state === "offline" || link.state === "connecting";
  useEffect(() => {
    if (!gone) {
      late.value = false;
      return;
    }
    const timer = setTimeout(() => {
      late.value = true;
    }, PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [gone]);
  useEffect(() => {
    const tick = (): void => {
      seconds.value =
        link.state === "offline"
          ? Math.max(0, Math.ceil((link.retryAt - performance.now()) / 1000))
          : 0;
    };
    tick();
    const timer = setInterval(tick, 250);
    return () => clearInterval(timer);
  }, [link]);
  if (link.state === "closed") {
    return (
      <div class="ls-offline" role="alert">
        <Icon name="wifi-off" /> {bye(link.code)} <a href="/labs">{t("live.labs")}</a>
      </div>
    );
  }
  if (link.state === "online" && session.store.outdated.value) {
    return (
      <div class="ls-offline" role="status">
        <Icon name="info" /> {t("live.outdated")}
        <button type="button" class="ls-tool" onClick={() => location.reload()}>
          {t("live.reload")}
        </button>
      </div>
    );
  }
  if (!gone || !late.value) return null;
  return (
    <div class="ls-offline" role="status">
      <Icon name="wifi-off" /> {t("live.lost")}
      {link.state === "offline" && (
        <span aria-hidden="true"> · {t("live.retry_in", { s: seconds.value })}</span>
      )}
      <button type="button" class="ls-tool" onClick={() => session.retryNow()}>
        {t("live.now")}
      </button>
    </div>
  );
}

function bye(code: string): string {
  return maybe(`bye.${code}`, t("bye.other", { code }));
}

/** Toasts, one polite region. */
export function Toasts() {
  const session = useSession();
  return (
    <div class="ls-toasts" role="status">
      {session.toasts.value.map((x) => (
        <p key={x.key} class={x.bad ? "ls-toast ls-toast-bad" : "ls-toast"}>
          {x.text}
        </p>
      ))}
    </div>
  );
}
