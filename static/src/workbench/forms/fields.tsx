// The fields that forms are made of: a label, a control, and at its foot what is wrong
// with it. Native controls only; what they hold is a signal of the form.

import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { t } from "../text";

interface FieldProps {
  label: string;
  of: Signal<string>;
  hint?: string;
  wide?: boolean;
  mono?: boolean;
  required?: boolean;
  pattern?: string;
  placeholder?: string;
  inputMode?: "numeric" | "decimal" | "text";
  focus?: boolean;
}

/** One line of text or a number. */
export function Field(p: FieldProps) {
  const id = useId();
  return (
    <div class={`ls-f${p.wide ? " ls-f-wide" : ""}`}>
      <label for={id}>{p.label}</label>
      <input
        id={id}
        class={`ls-in${p.mono ? " ls-mono" : ""}`}
        value={p.of.value}
        autoComplete="off"
        spellcheck={false}
        required={p.required ?? false}
        placeholder={p.placeholder ?? ""}
        inputMode={p.inputMode ?? "text"}
        {...(p.pattern ? { pattern: p.pattern } : {})}
        {...(p.hint ? { title: p.hint } : {})}
        ref={(el) => {
          if (el && p.focus && !el.dataset["seen"]) {
            el.dataset["seen"] = "1";
            el.focus();
          }
        }}
        onInput={(e) => {
          p.of.value = e.currentTarget.value;
        }}
      />
    </div>
  );
}

/** One of several; chosen is told of a choice after the signal holds it. */
export function Choice({
  label,
  of,
  chosen,
  options,
}: {
  label: string;
  of: Signal<string>;
  chosen?(v: string): void;
  options: readonly (readonly [value: string, text: string])[];
}) {
  const id = useId();
  return (
    <div class="ls-f">
      <label for={id}>{label}</label>
      <select
        id={id}
        class="ls-in"
        value={of.value}
        onChange={(e) => {
          of.value = e.currentTarget.value;
          chosen?.(of.value);
        }}
      >
        {options.map(([v, text]) => (
          <option key={v} value={v}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

/** A form in a panel's strip: its fields, the button that does it, and the way out. */
export function Strip({
  title,
  act,
  submit,
  close,
  more,
  children,
}: {
  title: string;
  act: string;
  submit(): void;
  close(): void;
  more?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <form
      class="ls-strip"
      aria-label={title}
      onSubmit={(e) => {
        e.preventDefault();
        submit();
      }}
      onKeyDown={(e) => {
        if (e.code === "Escape" && !e.isComposing) {
          e.preventDefault();
          e.stopPropagation();
          close();
        }
      }}
    >
      <h3 class="ls-strip-title">{title}</h3>
      {children}
      <div class="ls-strip-act">
        <button type="submit" class="ls-button ls-button-small">
          {act}
        </button>
        {more}
        <button type="button" class="ls-button ls-button-quiet ls-button-small" onClick={close}>
          {t("form.close")}
        </button>
      </div>
    </form>
  );
}
