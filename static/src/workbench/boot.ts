// What the server put into the page for the island: who, where, and the lab's texts in
// the page's language. web/page/workbench/boot.go is the other side.

import type { Role } from "../live/frames";

export interface BootChoice {
  value: string;
  text: string;
}

export interface BootHint {
  id: string;
  text: string;
}

export interface BootGoal {
  id: string;
  kind: string;
  keep: string;
  points: number;
  title: string;
  needs?: string[];
  answer?: string; // choice, number, text
  choices?: BootChoice[];
  hints: BootHint[];
  steps?: Record<string, string>; // what is still missing, by step
}

/** Where a rule stands; rfc is absent for a choice of ours. */
export interface Source {
  level: string;
  rfc?: number;
  section?: string;
}

export interface Boot {
  session: string;
  role: Role;
  lang: "ko" | "en";
  base: string;
  live: string;
  status: string;
  journal?: string;
  share?: string;
  icons: string;
  capture?: boolean; // what is shown was read from a file
  lab: {
    slug: string;
    digest: string;
    number: number;
    title: string;
    minutes: number;
    par?: number;
    params: Record<string, string> | null;
    goals: BootGoal[];
  };
  rules: Record<string, string>;
  rule_refs: Record<string, Source>;
  fields: Record<string, string>;
}

/** Reads the page's boot data. A page without it is a bug in the page. */
export function readBoot(): Boot {
  const data = document.getElementById("boot");
  if (!data?.textContent) throw new Error("the page has no boot data");
  return JSON.parse(data.textContent) as Boot;
}
