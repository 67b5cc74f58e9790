// The island's texts. Keys are typed from the English file; a test holds the Korean file
// to the same keys and placeholders. Texts of rules come from the page, not from here.

import en from "../i18n/en.json";
import ko from "../i18n/ko.json";

/** A key of static/src/i18n. */
export type Key = keyof typeof en;

/** What fills a placeholder. */
export type Args = Record<string, string | number>;

export type Lang = "ko" | "en";

let messages: Record<Key, string> = en;
let current: Lang = "en";

/** Chooses the language, once, at boot. */
export function setLanguage(lang: Lang): void {
  current = lang;
  messages = lang === "ko" ? ko : en;
}

export function language(): Lang {
  return current;
}

/** The text of a key with {name} and, in Korean, {name|이/가} filled in. */
export function t(key: Key, args?: Args): string {
  return args ? fill(messages[key], args) : messages[key];
}

/** The text of a key that is only known at run time, or fallback. */
export function maybe(key: string, fallback: string, args?: Args): string {
  const text = (messages as Record<string, string>)[key];
  return text === undefined ? fallback : args ? fill(text, args) : text;
}

/**
 * A refusal's limit in the page's language. The stack says it in English or as a range; a
 * phrase has its words under a key that is made of it.
 */
export function limitWords(limit: string): string {
  return maybe(limitKey(limit), limit);
}

/** The key of a limit that is a phrase. */
export function limitKey(limit: string): string {
  return `limit.${limit.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_|_$/g, "")}`;
}

/** Fills {name} and {name|with-batchim/without} from args; unknown names stay. */
export function fill(text: string, args: Args): string {
  return text.replace(
    /\{([\w.]+)(?:\|([^}/]+)\/([^}]+))?\}/g,
    (whole, name: string, a?: string, b?: string) => {
      const value = args[name];
      if (value === undefined) return whole;
      const word = typeof value === "number" ? value.toLocaleString(current) : value;
      return a !== undefined && b !== undefined ? word + (endsInConsonant(word) ? a : b) : word;
    },
  );
}

// Letters and digits that end closed as Korean reads them: 0 영, 1 일, 3 삼, 6 육, 7 칠,
// 8 팔, L 엘, M 엠, N 엔, R 알.
const CLOSED = /[013678lmnrLMNR]$/;

/** Whether a Korean particle after word takes its form for a closed syllable. */
export function endsInConsonant(word: string): boolean {
  const last = word.charCodeAt(word.length - 1);
  if (last >= 0xac00 && last <= 0xd7a3) return (last - 0xac00) % 28 !== 0;
  return CLOSED.test(word);
}
