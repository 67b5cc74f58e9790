// The island of a session's page. The server rendered the frame, the lab's text and true
// titles; this puts live panels into #workbench, #bench-goals, #bench-progress and
// #bench-status.

import { render, type ComponentChildren } from "preact";
import { readBoot } from "./boot";
import { Goals, Progress } from "./goals/goals";
import { KeySheet } from "./help";
import { Inspector } from "./inspector/inspector";
import { bind, listen } from "./keys";
import { Ladder } from "./ladder/ladder";
import { view as panels } from "./panels";
import { fromAddress, pinned, release } from "./selection";
import { Session } from "./session";
import { SocketsPanel } from "./sockets/panel";
import { Offline, Status, Toasts } from "./status";
import { setLanguage } from "./text";
import { TimeBar, togglePlay } from "./time/timebar";
import { Topology } from "./topology/topology";
import { SessionContext } from "./use";
import "./workbench.css";

function start(): void {
  const boot = readBoot();
  setLanguage(boot.lang);
  const session = new Session(boot);
  pinned.value = fromAddress(location.search);
  bindKeys(session);
  listen();
  mount("workbench", session, <Workbench />);
  mount("bench-goals", session, <Goals />);
  mount("bench-progress", session, <Progress />);
  mount("bench-status", session, <Status />);
  session.start();
}

function Workbench() {
  return (
    <>
      <Topology />
      <Ladder />
      <SocketsPanel />
      <Inspector />
      <TimeBar />
      <Offline />
      <Toasts />
      <KeySheet />
    </>
  );
}

function mount(id: string, session: Session, what: ComponentChildren): void {
  const at = document.getElementById(id);
  if (!at) return;
  at.replaceChildren();
  render(<SessionContext.Provider value={session}>{what}</SessionContext.Provider>, at);
}

function bindKeys(session: Session): void {
  bind({ code: "Space", show: "Space", label: "keys.play", run: () => togglePlay(session) });
  bind({
    code: "Period",
    show: ".",
    label: "keys.step",
    run: () => {
      if (!session.locked()) session.step("event");
    },
  });
  bind({ code: "KeyT", show: "T", label: "keys.table", run: () => panels.toggleTable() });
  bind({ code: "KeyL", show: "L", label: "keys.live", run: () => panels.followLive() });
  bind({
    code: "KeyK",
    show: "K",
    label: "keys.console",
    run: () => {
      panels.sockets.value = "console";
      requestAnimationFrame(() => document.getElementById("wb-console")?.focus());
    },
  });
  bind({
    code: "Escape",
    show: "Esc",
    label: "keys.release",
    run: () => {
      release();
    },
  });
  bind({
    code: "Slash",
    shift: true,
    show: "?",
    label: "keys.sheet",
    run: () => {
      panels.help.value = !panels.help.value;
    },
  });
}

start();
