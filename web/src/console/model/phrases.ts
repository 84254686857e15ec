/** Finding a quick phrase by what is typed after a slash, and filling it in. Pure. */
import type { Phrase, Phrases } from "../../protocol/phrase.ts";

export type Scope = "mine" | "shop";
export type OwnedPhrase = Phrase & { scope: Scope };

/** All of them in the order in which they are numbered: one's own first. */
export function allPhrases({ mine, shop }: Phrases): OwnedPhrase[] {
  return [
    ...mine.map((phrase) => ({ ...phrase, scope: "mine" as const })),
    ...shop.map((phrase) => ({ ...phrase, scope: "shop" as const })),
  ];
}

/** Whether it may be found by how it sounds. */
export function isChinese({ title = "", text }: Phrase): boolean {
  return /\p{Script=Han}/u.test(title + text);
}

/** Says whether Chinese characters, and only those, sound like what was typed: "fh" and "fahuo" like 发货. */
export type SoundsLike = (text: string, typed: string) => boolean;

/**
 * The phrases that `typed` may mean, the likeliest first: what begins with it, what holds it, what sounds like it,
 * what has its letters in their order. Equally likely ones keep their order.
 */
export function findPhrases<T extends Phrase>(
  phrases: readonly T[],
  typed: string,
  soundsLike: SoundsLike = () => false,
): T[] {
  const wanted = fold(typed);
  if (wanted === "") return [...phrases];
  const ranked = phrases
    .map((phrase) => ({ phrase, rank: rank(phrase, wanted, soundsLike) }))
    .sort((a, b) => a.rank - b.rank);
  // Scattered letters are in many texts: they count where nothing else does.
  const worst = (ranked[0]?.rank ?? NEVER) < SCATTERED ? SCATTERED : NEVER;
  return ranked.filter(({ rank }) => rank < worst).map(({ phrase }) => phrase);
}

const SCATTERED = 6;
const NEVER = 9;

function rank({ title = "", text }: Phrase, wanted: string, soundsLike: SoundsLike): number {
  const [head, body] = [fold(title), fold(text)];
  if (head.startsWith(wanted)) return 0;
  if (head.includes(wanted)) return 1;
  if (soundsLike(chinese(head), wanted)) return 2;
  if (body.startsWith(wanted)) return 3;
  if (body.includes(wanted)) return 4;
  if (soundsLike(chinese(body), wanted)) return 5;
  return hasInOrder(`${head} ${body}`, wanted) ? SCATTERED : NEVER;
}

/** How much of a text is listened to: nobody spells out more. */
const HEARD = 60;

function chinese(text: string): string {
  return text.slice(0, HEARD).replace(/[^\p{Script=Han}]/gu, "");
}

function fold(text: string): string {
  return text.normalize("NFKC").toLowerCase().trim();
}

/** Two letters are in most texts in some order; from three on it means something. */
function hasInOrder(text: string, wanted: string): boolean {
  const letters = [...wanted];
  if (letters.length < 3) return false;
  let at = 0;
  for (const letter of text) if (letter === letters[at]) at++;
  return at >= letters.length;
}

export type Names = { buyer: string | undefined; product: string | undefined };

/** The phrase with names in place of variables. One whose name is not known stays, to be seen and filled in by hand. */
export function fill(text: string, names: Names): string {
  return text.replace(/\{(buyer|product)\}/g, (whole, name: keyof Names) => names[name] || whole);
}

/** Pinyin as it is typed, where ü has no key and v stands for it, through a library's own match. */
export function hearing(match: (text: string, typed: string) => unknown): SoundsLike {
  return (text, typed) => match(text, typed) != null || match(text, typed.replace(/v/giu, "ü")) != null;
}

/**
 * What stands before the caret after a slash that asks for a phrase, undefined where there is no such slash. It
 * begins a word; within Chinese, which has no blanks, letters or nothing follow it, so that 是/否 asks for none.
 * An input method may write it wide; where it writes 、 for it, that counts at the start of a line.
 */
export function slashed(before: string): string | undefined {
  const word =
    /(?:^|\s)[/／]([^\s/／]{0,24})$/u.exec(before) ?? /(?:^|\n)、([^\s、/／]{0,24})$/u.exec(before);
  return (word ?? /[\p{Script=Han}\u3001-\u303f\uff01-\uff65][/／]([a-z\d]{0,24})$/iu.exec(before))?.[1];
}

/** A place between two neighbours; undefined when they have none between them. */
export function between(before: number | undefined, after: number | undefined): number | undefined {
  if (before === undefined) return after === undefined ? STEP : after - STEP;
  if (after === undefined) return before + STEP;
  const middle = Math.floor((before + after) / 2);
  return middle > before && middle < after ? middle : undefined;
}

export const STEP = 1024;
