import type { Words } from "./en.ts";

/** What a notice says, in the reader's language. One of a later version has words too, if only general ones. */
export function noticeText(words: Words, code: string): string {
  return of(words.notice.says, code);
}

/** The same in a word or two, for a line that says what a message holds. */
export function noticeBrief(words: Words, code: string): string {
  return of(words.notice.brief, code);
}

function of<T extends { unknown: string }>(texts: T, code: string): string {
  return has(texts, code) ? String(texts[code]) : texts.unknown;
}

function has<T extends object>(texts: T, code: string): code is keyof T & string {
  return Object.hasOwn(texts, code);
}
