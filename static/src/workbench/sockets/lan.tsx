// What a host knows of its LAN: a switch's address table, the neighbour cache that is the
// ARP table too, and the groups that sockets have joined.

import type { Host, View } from "../model";
import { maybe, t } from "../text";
import { useSession } from "../use";

export function LanTables({ host }: { host: Host }) {
  const { store } = useSession();
  void store.version.value;
  if (host.switch) return <SwitchTable host={host} view={store.view} />;
  if (!host.neighbours && !host.groups) return null;
  return (
    <div class="ls-lan" role="region" aria-label={t("lan.neighbours")} tabIndex={0}>
      {host.neighbours && (
        <table class="ls-table">
          <caption>{t("lan.neighbours")}</caption>
          <Head of={["lan.address", "lan.mac", "lan.state", "lan.nic"]} />
          <tbody>
            {host.neighbours.map((n) => (
              <tr key={`${n.nic} ${n.addr}`}>
                <td class="ls-mono">{n.addr}</td>
                <td class="ls-mono">{n.mac || "–"}</td>
                <td title={maybe(`neighbour.${n.state}`, n.state)}>{n.state}</td>
                <td class="ls-mono">{n.nic}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {host.groups && (
        <table class="ls-table">
          <caption>{t("lan.groups")}</caption>
          <Head of={["lan.group", "lan.socket", "lan.nic"]} />
          <tbody>
            {host.groups.map((g) => (
              <tr key={`${g.sock} ${g.group} ${g.nic}`}>
                <td class="ls-mono">{g.group}</td>
                <td class="ls-mono">{g.sock}</td>
                <td class="ls-mono">{g.nic}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function SwitchTable({ host, view }: { host: Host; view: View }) {
  const macs = host.macs ?? [];
  return (
    <div
      class="ls-lan ls-lan-whole"
      role="region"
      aria-label={t("lan.macs", { host: host.name || host.id })}
      tabIndex={0}
    >
      <table class="ls-table">
        <caption>{t("lan.macs", { host: host.name || host.id })}</caption>
        <Head of={["lan.mac", "lan.owner", "lan.port", "lan.toward"]} />
        <tbody>
          {macs.map((m) => (
            <tr key={m.mac}>
              <td class="ls-mono">{m.mac}</td>
              <td>{ownerOf(view, m.mac)}</td>
              <td class="ls-mono">{m.port}</td>
              <td>{beyond(view, host.id, m.port)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {macs.length === 0 && <p class="ls-empty">{t("lan.no_macs")}</p>}
    </div>
  );
}

function Head({ of }: { of: readonly Parameters<typeof t>[0][] }) {
  return (
    <thead>
      <tr>
        {of.map((key) => (
          <th key={key} scope="col">
            {t(key)}
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** The host that has an interface with a MAC address; "–" for none. */
export function ownerOf(view: View, mac: string): string {
  const host = view.hosts.find((h) => h.nics.some((n) => n.mac === mac));
  return host ? host.name || host.id : "–";
}

/** The host at the other end of a port's cable. */
export function beyond(view: View, host: string, port: string): string {
  for (const l of view.links) {
    for (const [near, far] of [
      [l.a, l.b],
      [l.b, l.a],
    ] as const) {
      if (near.host === host && near.nic === port)
        return view.hosts.find((h) => h.id === far.host)?.name || far.host;
    }
  }
  return "–";
}
