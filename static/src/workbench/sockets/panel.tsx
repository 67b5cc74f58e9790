// The lower panel: a host's sockets or the console, for the host and process chosen here.

import { useEffect } from "preact/hooks";
import { Console } from "../console/console";
import { Icon } from "../icon";
import type { Host } from "../model";
import { view as panels } from "../panels";
import { Sash } from "../sash";
import { t } from "../text";
import { useSession } from "../use";
import { LanTables } from "./lan";
import { SocketTable } from "./table";

export function SocketsPanel() {
  const { store } = useSession();
  void store.version.value;
  const ends = store.view.hosts.filter((h) => !h.forward);
  const host = ends.find((h) => h.id === panels.host.value) ?? ends.find((h) => !h.switch) ?? ends[0];
  const proc = host?.procs.find((p) => p.id === panels.proc.value) ?? host?.procs[0];
  const tab = panels.sockets.value;
  useEffect(() => {
    if (host && panels.host.peek() === "") panels.host.value = host.id;
  }, [host?.id]);
  return (
    <section class="ls-panel ls-area-sockets ls-sockets" aria-label={t("sockets.title")}>
      <Sash side="top" property="--ls-row-sockets" label={t("sash.sockets")} />
      <header class="ls-panel-head">
        <h2 class="ls-visually-hidden">{t("sockets.title")}</h2>
        <div class="ls-tablist" role="tablist" aria-label={t("sockets.views")}>
          {(["sockets", "console"] as const).map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              id={`wb-tab-${name}`}
              aria-controls="wb-lower"
              aria-selected={tab === name}
              tabIndex={tab === name ? 0 : -1}
              onClick={() => {
                panels.sockets.value = name;
              }}
              onKeyDown={(e) => {
                if (e.code !== "ArrowRight" && e.code !== "ArrowLeft") return;
                panels.sockets.value = tab === "sockets" ? "console" : "sockets";
                document.getElementById(`wb-tab-${panels.sockets.value}`)?.focus();
              }}
            >
              <Icon name={name === "sockets" ? "plug" : "terminal"} /> {t(`sockets.tab_${name}`)}
            </button>
          ))}
        </div>
        <Hosts hosts={ends} chosen={host?.id ?? ""} />
        {host && host.procs.length > 0 && (
          <label class="ls-inline">
            <span aria-hidden="true">{t("sockets.process")}</span>
            <select
              class="ls-in ls-in-small"
              aria-label={t("sockets.process")}
              value={proc?.id ?? ""}
              onChange={(e) => {
                panels.proc.value = e.currentTarget.value;
              }}
            >
              {host.procs.map((p) => (
                <option key={p.id} value={p.id}>
                  {p.name && p.name !== p.id ? `${p.name} (${p.id})` : p.id}
                </option>
              ))}
            </select>
          </label>
        )}
      </header>
      <div id="wb-lower" class="ls-lower" role="tabpanel" aria-labelledby={`wb-tab-${tab}`}>
        {!host ? (
          <p class="ls-empty">{t("sockets.no_host")}</p>
        ) : tab === "console" ? (
          <Console host={host} proc={proc?.id ?? ""} />
        ) : (
          <>
            {!host.switch && <SocketTable host={host} proc={proc?.id ?? ""} />}
            <LanTables host={host} />
          </>
        )}
      </div>
    </section>
  );
}

function Hosts({ hosts, chosen }: { hosts: Host[]; chosen: string }) {
  if (hosts.length === 0) return null;
  if (hosts.length > 6) {
    return (
      <label class="ls-inline">
        <span>{t("sockets.host")}</span>
        <select
          class="ls-in ls-in-small"
          value={chosen}
          onChange={(e) => {
            panels.host.value = e.currentTarget.value;
          }}
        >
          {hosts.map((h) => (
            <option key={h.id} value={h.id}>
              {h.name || h.id}
            </option>
          ))}
        </select>
      </label>
    );
  }
  return (
    <div class="ls-hosts" role="group" aria-label={t("sockets.host")}>
      {hosts.map((h) => (
        <button
          key={h.id}
          type="button"
          class="ls-tool"
          aria-pressed={h.id === chosen}
          onClick={() => {
            panels.host.value = h.id;
            panels.proc.value = "";
          }}
        >
          {h.name || h.id}
        </button>
      ))}
    </div>
  );
}
