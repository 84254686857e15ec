/** The console's words in the language of the page. */
import { computed } from "@preact/signals";
import { type Language, language } from "../../ui/i18n/language.ts";
import { type ConsoleWords, en } from "./en.ts";
import { zhCn } from "./zh-cn.ts";

const dictionaries: Record<Language, ConsoleWords> = { en, "zh-CN": zhCn };
const spoken = computed(() => dictionaries[language.value]);

/** Read it while rendering, and the component follows a change of the language. */
export function consoleWords(): ConsoleWords {
  return spoken.value;
}
