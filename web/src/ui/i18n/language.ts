/** The language of the page: found once, kept as a signal, changed without a reload. */
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Words } from "./en.ts";
import type { FirstWords } from "./first-en.ts";

export type Language = "en" | "zh-CN";

export const storageKey = "haggle.language";

/** Each dictionary is a chunk of its own: a page loads those of one language, the first words before the rest. */
const loadFirst: Record<Language, () => Promise<FirstWords>> = {
  en: async () => (await import("./first-en.ts")).firstEn,
  "zh-CN": async () => (await import("./first-zh-cn.ts")).firstZhCn,
};
const loadAll: Record<Language, () => Promise<Words>> = {
  en: async () => (await import("./en.ts")).en,
  "zh-CN": async () => (await import("./zh-cn.ts")).zhCn,
};

/** `all` is undefined until something had need of more than the first words. */
type Spoken = { language: Language; first: FirstWords; all: Words | undefined };
const spoken = signal<Spoken | undefined>(undefined);

/** The language that a wish like "zh-Hant-TW" or "en_GB" comes nearest to. */
export function nearest(wish: string): Language | undefined {
  const primary = wish.toLowerCase().split(/[-_]/)[0];
  if (primary === "zh") return "zh-CN";
  return primary === "en" ? "en" : undefined;
}

/** The first wish that can be met: what was chosen before, then what the address says, then the browser's list. */
export function chooseLanguage(
  search: string,
  stored: string | null,
  preferred: readonly string[],
): Language {
  const asked = new URLSearchParams(search).get("lang");
  for (const wish of [stored, asked, ...preferred]) {
    const found = wish === null ? undefined : nearest(wish);
    if (found !== undefined) return found;
  }
  return "en";
}

/** Loads the first words of the page's language. Await it before the first render. */
export async function startLanguage(): Promise<void> {
  await speak(chooseLanguage(location.search, stored(), navigator.languages), false);
}

/** Loads the rest of the words, and what failures are called. Await it before anything that says `words()`. */
export async function loadWords(): Promise<void> {
  for (let now = spoken.peek(); now !== undefined && now.all === undefined; now = spoken.peek())
    await speak(now.language, true);
}

/** Speaks another language from now on, with as many words as there are of this one. */
export async function change(next: Language): Promise<void> {
  await speak(next, spoken.peek()?.all !== undefined);
}

/** The language spoken now. */
export const language: ReadonlySignal<Language> = computed(() => spoken.value?.language ?? "en");

/**
 * The words of the language spoken now that a page has from its beginning. Read it while rendering, and the
 * component follows a change.
 */
export function firstWords(): FirstWords {
  const now = spoken.value;
  if (now === undefined) throw new Error("startLanguage has not been awaited");
  return now.first;
}

/** All words of the language spoken now, for what is loaded together with them: see `loadWords`. */
export function words(): Words {
  const all = spoken.value?.all;
  if (all === undefined) throw new Error("loadWords has not been awaited");
  return all;
}

let wanted: Language | undefined;

async function speak(next: Language, more: boolean): Promise<void> {
  wanted = next;
  const [first, all] = await Promise.all([loadFirst[next](), more ? loadAll[next]() : undefined]);
  if (wanted !== next) return; // another was chosen meanwhile
  spoken.value = { language: next, first, all };
  document.documentElement.lang = next;
}

function stored(): string | null {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}
