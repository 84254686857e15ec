/** What failures are called. Most pages never have any: their words come by themselves, after all others. */
import { effect, signal } from "@preact/signals";
import type { Failure } from "../../client/api.ts";
import type { Words } from "./en.ts";
import type { ErrorCode, FailureWords } from "./failures-en.ts";
import { type Language, language } from "./language.ts";

type Known = { language: Language; words: FailureWords; sameAs: Readonly<Record<string, ErrorCode>> };

const known = signal<Known | undefined>(undefined);
let wanted: Language | undefined;

const load: Record<Language, () => Promise<{ failures: FailureWords }>> = {
  en: () => import("./failures-en.ts"),
  "zh-CN": () => import("./failures-zh-cn.ts"),
};

/** Has failures told in a language. Where its words cannot be loaded, what fails next tries again. */
export async function speakOfFailures(language: Language): Promise<void> {
  wanted = language;
  if (known.peek()?.language === language) return;
  const [{ failures }, { sameAs }] = await Promise.all([load[language](), import("./failure-codes.ts")]);
  if (wanted === language) known.value = { language, words: failures, sameAs };
}

/**
 * What a failure means, in the reader's language; in general words until those of its own are there, and who
 * draws it follows. The server's own English sentence is never shown.
 */
export function failureText(words: Words, failure: Failure): string {
  const now = known.value;
  const spoken = wanted ?? language.value;
  if (now?.language !== spoken) {
    speakOfFailures(spoken).catch(() => undefined);
    return words.app.failed;
  }
  const code = codeIn(now, failure.code);
  return code === undefined ? words.app.failed : now.words[code];
}

effect(() => {
  const next = language.value;
  if (known.peek() !== undefined) speakOfFailures(next).catch(() => undefined);
});

/** The key of the words for a code, if there are any. */
function codeIn({ words, sameAs }: Known, code: string): ErrorCode | undefined {
  if (Object.hasOwn(words, code)) return code as ErrorCode;
  return Object.hasOwn(sameAs, code) ? sameAs[code] : undefined;
}
