import type { Entry, Thread } from "../client/api.ts";
import { discard } from "./discard.ts";
import { failureText } from "./i18n/failure-text.ts";
import { words } from "./i18n/language.ts";
import type { MenuItem } from "./menu.tsx";
import { mayPass } from "./model/refusal.ts";
import { textOf } from "./model/sections.ts";
import { showToast } from "./toast.tsx";

/** Whether a message of one's own can still be taken back. */
export function canRecall(entry: Entry, recallMs: number, now: number): boolean {
  return entry.kind === "message" && entry.mine && now - entry.message.sent_at < recallMs;
}

/** What can be done with an entry just now. */
export function entryActions(
  entry: Entry,
  thread: Thread,
  recallMs: number,
  onReport: ((seq: number) => void) | undefined,
): MenuItem[] {
  const text = words().message;
  const items: MenuItem[] = [];
  const copied = textOf(entry);
  if (copied !== "") items.push({ label: text.copy, icon: "copy", run: () => void copy(copied) });
  if (entry.kind === "outgoing") {
    if ((entry.tick === "failed" || entry.stale) && mayPass(entry.failure)) {
      items.push({ label: text.retry, icon: "retry", run: () => thread.retry(entry.key) });
    }
    items.push({ label: text.delete, icon: "trash", danger: true, run: () => discard(thread, entry.key) });
    return items;
  }
  const { seq } = entry.message;
  if (canRecall(entry, recallMs, Date.now())) {
    items.push({ label: text.recall, icon: "undo", danger: true, run: () => void recall(thread, seq) });
  }
  if (!entry.mine && onReport !== undefined) {
    items.push({ label: text.report, icon: "flag", run: () => onReport(seq) });
  }
  return items;
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    showToast(words().message.copied);
  } catch {
    showToast(words().message.copyFailed);
  }
}

async function recall(thread: Thread, seq: number): Promise<void> {
  const failure = await thread.recall(seq);
  if (failure !== undefined) showToast(failureText(words(), failure));
}
