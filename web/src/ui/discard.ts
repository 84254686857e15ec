/** Deletes what was not sent, with a way to have it back. */
import type { Thread } from "../client/api.ts";
import { words } from "./i18n/language.ts";
import { showToast } from "./toast.tsx";

/** Deletes a message that was not sent, says so, and has the focus go on where it was lost with the message. */
export function discard(thread: Thread, key: string): void {
  const message = messageOf(key);
  const page = message?.closest("main");
  const field =
    page?.querySelector<HTMLElement>("textarea, [contenteditable]") ?? page?.querySelector("button");
  const back = thread.discard(key);
  showToast(words().message.deleted, {
    label: words().app.undo,
    run: () => {
      back();
      keepFocus(() => messageOf(key));
    },
  });
  keepFocus(() => field);
}

function messageOf(key: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
}

/** Once it is drawn: where nothing has the focus any more, `next` gets it. */
function keepFocus(next: () => HTMLElement | null | undefined): void {
  setTimeout(() => {
    if (document.activeElement === document.body) next()?.focus({ preventScroll: true });
  });
}
