/** The rules of the composer, free of the DOM. */

/** What a key press in the message field means. */
export type KeyMeaning = "send" | "newline" | "type";

export type Key = {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  isComposing: boolean;
  keyCode: number;
};

/**
 * Enter sends where there is a real keyboard; on touch it starts a new line and the button sends. While an
 * input method composes, Enter belongs to it (229 is what Safari says where it forgets isComposing).
 */
export function meaningOf(event: Key, touch: boolean): KeyMeaning {
  if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return "type";
  if (event.ctrlKey || event.metaKey) return "send";
  return event.shiftKey || touch ? "newline" : "send";
}

/** Characters of a text as the server counts them. */
export function lengthOf(text: string): number {
  let n = 0;
  for (const _ of text) n++;
  return n;
}

/** Characters left, once that is worth saying. */
export function leftToSay(text: string, max: number): number | undefined {
  const left = max - lengthOf(text);
  return left <= Math.min(200, max / 10) ? left : undefined;
}

/** A text with another put in place of the selection, and where the caret is then. */
export function insertAt(
  text: string,
  start: number,
  end: number,
  added: string,
): { text: string; caret: number } {
  return { text: text.slice(0, start) + added + text.slice(end), caret: start + added.length };
}
