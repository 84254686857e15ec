/** The choice of a language, for menus. */
import { change, type Language, storageKey } from "./language.ts";

export const languages: readonly { code: Language; name: string }[] = [
  { code: "en", name: "English" },
  { code: "zh-CN", name: "简体中文" },
];

/** Changes the language and keeps the choice for the next visit. */
export async function setLanguage(language: Language): Promise<void> {
  try {
    localStorage.setItem(storageKey, language);
  } catch {
    // Storage may be forbidden; the choice then holds until the page closes.
  }
  await change(language);
}
