// The little that pages without the workbench do by script; each works without it too:
// the theme changes at once, times show in the reader's zone, a button copies, and on a
// narrow screen the tabs of the workbench choose a panel.

/** Told to document when the theme changed, so that canvases read the tokens again. */
const THEME_EVENT = "ls:theme";

function themes(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("[data-theme-form]")) {
    form.addEventListener("submit", (e) => {
      const chosen = e.submitter;
      if (!(chosen instanceof HTMLButtonElement)) return;
      e.preventDefault();
      show(chosen.value);
      const body = new URLSearchParams({ theme: chosen.value });
      fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {
        // Not kept then; the page still shows what was chosen.
      });
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
}

function show(theme: string): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const b of document.querySelectorAll("[data-theme-form] button")) {
    b.setAttribute("aria-pressed", String((b as HTMLButtonElement).value === theme));
  }
  tell();
}

function tell(): void {
  document.dispatchEvent(new CustomEvent(THEME_EVENT));
}

function times(): void {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, {
    dateStyle: "medium", timeStyle: "short",
  });
  for (const t of document.querySelectorAll<HTMLTimeElement>("time[data-local]")) {
    const at = new Date(t.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    t.title = t.textContent;
    t.textContent = format.format(at);
  }
}

// The clipboard exists only in secure contexts, and a teacher's laptop on a LAN is not
// one: there the text is selected, and the button says which keys copy it.
function copies(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-copy]")) {
    const field = document.getElementById(button.dataset.copy ?? "");
    if (!(field instanceof HTMLInputElement)) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      field.select();
      let done = false;
      try {
        await navigator.clipboard.writeText(field.value);
        done = true;
      } catch {
        // No clipboard here, or not allowed: what follows says so.
      }
      button.textContent = (done ? button.dataset.done : button.dataset.select) ?? "";
    });
  }
}

function tabs(): void {
  const list = document.querySelector<HTMLElement>("[data-tabs]");
  const shell = list?.parentElement;
  if (!list || !shell) return;
  const all = [...list.querySelectorAll<HTMLButtonElement>("[data-tab]")];
  const choose = (tab: HTMLButtonElement): void => {
    shell.dataset.panel = tab.dataset.tab;
    for (const t of all) {
      t.setAttribute("aria-selected", String(t === tab));
      t.tabIndex = t === tab ? 0 : -1;
    }
  };
  list.addEventListener("click", (e) => {
    const tab = e.target instanceof Element ? e.target.closest<HTMLButtonElement>("[data-tab]") : null;
    if (tab) choose(tab);
  });
  list.addEventListener("keydown", (e) => {
    const at = all.findIndex((t) => t.tabIndex === 0);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[e.key];
    const tab = to === undefined ? undefined : all[(to + all.length) % all.length];
    if (!tab) return;
    e.preventDefault();
    choose(tab);
    tab.focus();
  });
}

themes();
times();
copies();
tabs();
