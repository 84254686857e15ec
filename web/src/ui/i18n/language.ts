/** The language of the page: found once, kept as a signal, changed without a reload. */
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Words } from "./en.ts";
import { speakOfFailures } from "./failure-text.ts";

export type Language = "en" | "zh-CN";

export const languages: readonly { code: Language; name: string }[] = [
  { code: "en", name: "English" },
  { code: "zh-CN", name: "简体中文" },
];

const storageKey = "haggle.language";
const afterFirstScreen = 300;

/** Each dictionary is a chunk of its own: a page loads one. */
const load: Record<Language, () => Promise<Words>> = {
  en: async () => (await import("./en.ts")).en,
  "zh-CN": async () => (await import("./zh-cn.ts")).zhCn,
};

type Spoken = { language: Language; words: Words };
const spoken = signal<Spoken | undefined>(undefined);

/** The language that a wish like "zh-Hant-TW" or "en_GB" comes nearest to. */
export function nearest(wish: string): Language | undefined {
  const primary = wish.toLowerCase().split(/[-_]/)[0];
  if (primary === "zh") return "zh-CN";
  return primary === "en" ? "en" : undefined;
}

/** The first wish that can be met: what the address says, then what was chosen before, then the browser's list. */
export function chooseLanguage(
  search: string,
  stored: string | null,
  preferred: readonly string[],
): Language {
  const asked = new URLSearchParams(search).get("lang");
  for (const wish of [asked, stored, ...preferred]) {
    const found = wish === null ? undefined : nearest(wish);
    if (found !== undefined) return found;
  }
  return "en";
}

/** Loads the words of the page's language. Await it before the first render. */
export async function startLanguage(): Promise<void> {
  await speak(chooseLanguage(location.search, stored(), navigator.languages));
}

/** Changes the language and keeps the choice for the next visit. */
export async function setLanguage(language: Language): Promise<void> {
  try {
    localStorage.setItem(storageKey, language);
  } catch {
    // Storage may be forbidden; the choice then holds until the page closes.
  }
  await speak(language);
}

/** The language spoken now. */
export const language: ReadonlySignal<Language> = computed(() => spoken.value?.language ?? "en");

/** The words of the language spoken now. Read it while rendering, and the component follows a change. */
export function words(): Words {
  const now = spoken.value;
  if (now === undefined) throw new Error("startLanguage has not been awaited");
  return now.words;
}

async function speak(next: Language): Promise<void> {
  const dictionary = await load[next]();
  spoken.value = { language: next, words: dictionary };
  document.documentElement.lang = next;
  // After the first screen, and while there is a network: what fails next may be just that.
  setTimeout(() => void speakOfFailures(next).catch(() => undefined), afterFirstScreen);
}

function stored(): string | null {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}
