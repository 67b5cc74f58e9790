// The goals: they tick by themselves and link to the event that shows it. Answers, hints
// one by one, and handing in, which is always possible.

import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { GoalStatus } from "../../live/frames";
import type { BootGoal } from "../boot";
import { Icon } from "../icon";
import { connOf } from "../ladder/about";
import { pin } from "../selection";
import { maybe, t } from "../text";
import { kept, useSession } from "../use";
import { revealed } from "./hints";

/** The dots of the page's header, and how many are met in words. */
export function Progress() {
  const { boot, store } = useSession();
  const goals = boot.lab.goals;
  if (goals.length === 0) return null;
  const met = goals.filter((g) => statusOf(store.sum.value.goals, g.id).state === "met").length;
  return (
    <>
      <span class="ls-dots" role="img" aria-label={t("goals.progress", { met, all: goals.length })}>
        {goals.map((g) => (
          <span
            key={g.id}
            class={`ls-dot ${dotClass(statusOf(store.sum.value.goals, g.id).state)}`}
          />
        ))}
      </span>
      <span class="ls-progress-words" aria-hidden="true">
        {met}/{goals.length}
      </span>
    </>
  );
}

export function Goals() {
  const { boot, store } = useSession();
  const sum = store.sum.value;
  const goals = boot.lab.goals;
  // Handing in stands first once it is the next thing to do, or done.
  const first = sum.finished || goals.every((g) => statusOf(sum.goals, g.id).state === "met");
  return (
    <>
      <h2 id="goals-title" class="ls-panel-title">
        {t("goals.title")}
      </h2>
      {goals.length > 0 && first && <Finish />}
      <ol class="ls-goals">
        {goals.map((g) => (
          <Goal key={g.id} goal={g} status={statusOf(sum.goals, g.id)} finished={sum.finished} />
        ))}
      </ol>
      {goals.length > 0 && !first && <Finish />}
      <p class="ls-visually-hidden" role="status">
        {said(goals, sum.goals)}
      </p>
    </>
  );
}

function Goal({
  goal,
  status,
  finished,
}: {
  goal: BootGoal;
  status: GoalStatus;
  finished: boolean;
}) {
  const { store } = useSession();
  const show = (n: number): void => {
    const conn = connOf(store, store.event(n));
    pin({ n, ...(conn ? { conn } : {}) });
  };
  const evidence = status.evidence ?? [];
  const provisional = goal.keep === "finish" && !finished;
  return (
    <li class={`ls-goal ls-goal-${status.state}`} data-goal={goal.id} data-state={status.state}>
      <span class={`ls-dot ${dotClass(status.state)}`} aria-hidden="true" />
      <div class="ls-goal-body">
        <p class="ls-goal-title">
          {goal.title}{" "}
          <span class={status.state === "open" ? "ls-visually-hidden" : "ls-goal-state"}>
            {maybe(`goals.state_${status.state}`, status.state)}
            {provisional && status.state === "met" ? ` ${t("goals.so_far")}` : ""}
          </span>
          {evidence.map((n) => (
            <button key={n} type="button" class="ls-n" onClick={() => show(n)}>
              → #{n}
            </button>
          ))}
        </p>
        {status.state !== "met" && status.unmet && goal.steps?.[status.unmet] && (
          <p class="ls-goal-unmet">{goal.steps[status.unmet]}</p>
        )}
        {goal.answer && <Answer goal={goal} status={status} />}
        {goal.hints.length > 0 && status.state !== "met" && !finished && (
          <Hints goal={goal} status={status} />
        )}
      </div>
    </li>
  );
}

function Answer({ goal, status }: { goal: BootGoal; status: GoalStatus }) {
  const session = useSession();
  // What was answered stands in the run's events, so a reload finds it again.
  void session.store.version.value;
  const given = session.store.answers.get(goal.id) ?? "";
  const draft = useSignal<string | null>(null);
  const value = draft.value ?? given;
  const locked = session.locked();
  const submit = async (): Promise<void> => {
    if (value.trim() !== "") {
      await session.quietly("answer", { goal: goal.id, value: value.trim() });
    }
  };
  const wrong = given !== "" && given === value.trim() && status.state !== "met";
  return (
    <form
      class={`ls-answer${goal.answer === "choice" ? "" : " ls-answer-line"}`}
      onSubmit={(e) => {
        e.preventDefault();
        void submit();
      }}
    >
      {goal.answer === "choice" ? (
        <fieldset disabled={!!locked}>
          <legend class="ls-visually-hidden">{goal.title}</legend>
          {goal.choices?.map((c) => (
            <label key={c.value} class="ls-check">
              <input
                type="radio"
                name={`answer-${goal.id}`}
                value={c.value}
                checked={value === c.value}
                onChange={() => {
                  draft.value = c.value;
                }}
              />
              <span>{c.text}</span>
            </label>
          ))}
        </fieldset>
      ) : (
        <input
          class="ls-in"
          aria-label={t("goals.answer_to", { goal: goal.title })}
          value={value}
          disabled={!!locked}
          inputMode={goal.answer === "number" ? "numeric" : "text"}
          autoComplete="off"
          onInput={(e) => {
            draft.value = e.currentTarget.value;
          }}
        />
      )}
      <button
        type="submit"
        class="ls-button ls-button-quiet ls-button-small"
        disabled={!!locked || value.trim() === ""}
        title={locked}
      >
        {t("goals.answer")}
      </button>
      <span role="status" class="ls-answer-said">
        {wrong ? t("goals.answer_wrong") : ""}
      </span>
    </form>
  );
}

function Hints({ goal, status }: { goal: BootGoal; status: GoalStatus }) {
  const session = useSession();
  const used = Math.min(goal.hints.length, status.hints_used ?? 0);
  const locked = session.locked();
  const near =
    status.hint !== undefined && status.hint >= 0 && status.hint < goal.hints.length
      ? status.hint
      : -1;
  const next = used < goal.hints.length;
  const key = `hints.${session.boot.session}.${session.store.run.value}.${goal.id}`;
  const seen = kept(key, "");
  const shown = revealed(goal.hints.length, used, numbers(seen), near);
  useEffect(() => {
    if (used > 0) localStorage.setItem(`labserver.${key}`, JSON.stringify(shown.join(" ")));
  }, [key, shown.join(" ")]);
  return (
    <div class="ls-hints">
      {shown.map((i) => (
        <p key={i} class={i === near ? "ls-hint ls-hint-near" : "ls-hint"}>
          {goal.hints[i]?.text}
        </p>
      ))}
      {next && (
        <button
          type="button"
          class="ls-link"
          disabled={!!locked}
          title={locked}
          onClick={() => void session.quietly("hint", { goal: goal.id })}
        >
          <Icon name="lightbulb" /> {t("goals.hint", { n: used + 1, all: goal.hints.length })}
        </button>
      )}
    </div>
  );
}

function numbers(text: string): number[] {
  return text === "" ? [] : text.split(" ").map(Number);
}

function Finish() {
  const session = useSession();
  const { boot, store } = session;
  const asking = useSignal(false);
  const sum = store.sum.value;
  const open = boot.lab.goals.filter((g) => statusOf(sum.goals, g.id).state !== "met");
  const locked = session.locked();
  const reset = (): void => {
    void session.quietly("reset", { run: store.run.value });
  };
  const told = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (sum.finished) told.current?.scrollIntoView({ block: "nearest" }); // it stands on top now
  }, [sum.finished]);
  if (sum.finished) {
    return (
      <div class="ls-finished" role="status" ref={told}>
        <p>
          <Icon name="flag" />{" "}
          <b>
            {open.length === 0
              ? t("finish.all")
              : t("finish.some", {
                  met: boot.lab.goals.length - open.length,
                  all: boot.lab.goals.length,
                })}
          </b>
        </p>
        <p>{t("finish.done")}</p>
        {(store.role.value === "drive" || store.role.value === "codrive") && (
          <button type="button" class="ls-button ls-button-quiet ls-button-small" onClick={reset}>
            <Icon name="rotate-ccw" /> {t("finish.again")}
          </button>
        )}
      </div>
    );
  }
  const finish = async (): Promise<void> => {
    asking.value = false;
    await session.quietly("finish", {});
  };
  if (asking.value) {
    return (
      <div class="ls-finish-ask" role="group" aria-label={t("finish.title")}>
        <p>{open.length === 0 ? t("finish.sure") : t("finish.unmet", { n: open.length })}</p>
        {open.length > 0 && (
          <ul>
            {open.map((g) => (
              <li key={g.id}>{g.title}</li>
            ))}
          </ul>
        )}
        <div class="ls-actions">
          <button type="button" class="ls-button ls-button-small" onClick={() => void finish()}>
            {t("finish.yes")}
          </button>
          <button
            type="button"
            class="ls-button ls-button-quiet ls-button-small"
            onClick={() => {
              asking.value = false;
            }}
          >
            {t("finish.no")}
          </button>
        </div>
      </div>
    );
  }
  return (
    <button
      type="button"
      class={`ls-button ls-button-small ls-finish${open.length === 0 ? "" : " ls-button-quiet"}`}
      disabled={!!locked}
      title={locked}
      onClick={() => {
        asking.value = true;
      }}
    >
      <Icon name="flag" /> {t("finish.title")}
    </button>
  );
}

function statusOf(all: readonly GoalStatus[], id: string): GoalStatus {
  return all.find((g) => g.id === id) ?? { id, state: "open" };
}

function dotClass(state: string): string {
  return state === "met" ? "ls-dot-met" : state === "broken" ? "ls-dot-broken" : "";
}

function said(goals: readonly BootGoal[], all: readonly GoalStatus[]): string {
  const met = goals.filter((g) => statusOf(all, g.id).state === "met");
  const last = met.at(-1);
  return last
    ? maybe("goals.said", "", { met: met.length, all: goals.length, goal: last.title })
    : "";
}
