/** Whether Enter sends, where there is a keyboard: most want that, some write long messages. */
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import { otherHint } from "../ui/composer.tsx";
import { holdKeyName } from "../ui/hold-key.ts";
import { words } from "../ui/i18n/language.ts";

const storageKey = "haggle.enter";
const line = signal(false);

/** Whether Enter starts a new line, and Ctrl or ⌘ with it sends. */
export const startsLine: ReadonlySignal<boolean> = line;

export function chooseEnter(wish: "line" | "send"): void {
  line.value = wish === "line";
  try {
    localStorage.setItem(storageKey, wish);
  } catch {
    // Storage may be forbidden; the choice then holds until the page closes.
  }
}

/** Has the choice hold from now on: the message field is not told of an Enter that sends nothing. Says `words()`. */
export function followEnter(): void {
  try {
    line.value = localStorage.getItem(storageKey) === "line";
  } catch {
    // As if nothing had been chosen.
  }
  document.addEventListener("keydown", keepFromSending, true);
  effect(() => {
    otherHint.value = line.value ? words().menu.ctrlEnterSends(holdKeyName()) : undefined;
  });
}

function keepFromSending(event: KeyboardEvent): void {
  const { key, ctrlKey, metaKey, target } = event;
  if (line.peek() && key === "Enter" && !ctrlKey && !metaKey && target instanceof HTMLTextAreaElement)
    event.stopPropagation();
}
