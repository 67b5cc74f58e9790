// The sheet of keys, made from the registry, with the switch that turns single keys off.

import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { Icon } from "./icon";
import { allBindings, keysOn, setKeysOn } from "./keys";
import { view as panels } from "./panels";
import { t } from "./text";

export function KeySheet() {
  const dialog = useRef<HTMLDialogElement>(null);
  const on = useSignal(keysOn());
  const shown = panels.help.value;
  useEffect(() => {
    const d = dialog.current;
    if (!d) return;
    if (shown && !d.open) d.showModal();
    if (!shown && d.open) d.close();
  }, [shown]);
  return (
    <dialog
      ref={dialog}
      class="ls-sheet"
      aria-labelledby="keys-title"
      onClose={() => {
        panels.help.value = false;
      }}
    >
      <header class="ls-panel-head">
        <h2 id="keys-title" class="ls-panel-title">
          {t("keys.title")}
        </h2>
        <button
          type="button"
          class="ls-tool ls-tool-icon"
          aria-label={t("form.close")}
          onClick={() => {
            panels.help.value = false;
          }}
        >
          <Icon name="x" />
        </button>
      </header>
      <dl class="ls-keys">
        {allBindings().map((b) => (
          <div key={b.show}>
            <dt>
              <kbd>{b.show}</kbd>
            </dt>
            <dd>{t(b.label)}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>↑</kbd> <kbd>↓</kbd>
          </dt>
          <dd>{t("keys.walk")}</dd>
        </div>
        <div>
          <dt>
            <kbd>Enter</kbd>
          </dt>
          <dd>{t("keys.inspect")}</dd>
        </div>
      </dl>
      <label class="ls-check">
        <input
          type="checkbox"
          checked={on.value}
          onChange={(e) => {
            on.value = e.currentTarget.checked;
            setKeysOn(on.value);
          }}
        />
        {t("keys.switch")}
      </label>
    </dialog>
  );
}
