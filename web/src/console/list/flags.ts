/** What a seller sets on a conversation: at hand, quiet, to come back to. */
import { type Conversation, parseConversation } from "../../protocol/body.ts";
import { failureText } from "../../ui/i18n/failure-text.ts";
import { words as sharedWords } from "../../ui/i18n/language.ts";
import type { MenuItem } from "../../ui/menu.tsx";
import { showToast } from "../../ui/toast.tsx";
import type { Desk } from "../desk.ts";
import { bell, bellOff, envelope, pin } from "../drawings.ts";
import { consoleWords } from "../i18n/words.ts";
import { until } from "../model/until.ts";

/** The menu's items for one conversation, each saying what it would do now. */
export function flagItems(desk: Desk, conversation: Conversation): readonly MenuItem[] {
  const { id, pinned, muted, marked, unread } = conversation;
  const words = consoleWords().list;
  const set = (flag: Flag, on: boolean) => void setFlag(desk, id, flag, on);
  return [
    { label: pinned ? words.unpin : words.pin, icon: pin, run: () => set("pin", !pinned) },
    {
      label: muted ? words.unmute : words.mute,
      icon: muted ? bell : bellOff,
      run: () => set("mute", !muted),
    },
    unread > 0 || marked
      ? { label: words.markRead, icon: "check", run: () => markRead(desk, conversation) }
      : { label: words.markUnread, icon: envelope, run: () => void markUnread(desk, conversation) },
  ];
}

/** What was marked to come back to has been come back to. */
export function unmark(desk: Desk, id: string): void {
  void setFlag(desk, id, "mark", false);
}

function markRead(desk: Desk, { id, unread, last_seq: seq, marked }: Conversation): void {
  if (unread > 0) desk.client.thread(id).markRead(seq);
  else if (marked) unmark(desk, id);
}

/** So long, in milliseconds, a mark waits for the server to know what was read before it. */
const readWithin = 3_000;

/** Who marks what is open wants to see it later, not now: it is left. What was just read would undo the mark. */
async function markUnread(desk: Desk, { id, merchant_at: at, last_seq: last }: Conversation): Promise<void> {
  if (desk.open.value === id) desk.leaveThread();
  if (at.read < last) {
    const thread = desk.client.thread(id);
    await until(thread.conversation, (now) => (now?.merchant_at.read ?? 0) >= thread.readUpTo, readWithin);
  }
  await setFlag(desk, id, "mark", true);
}

type Flag = "pin" | "mute" | "mark";

/** Asks for it; that it is so, the server tells this window as it tells all others. */
async function setFlag(desk: Desk, id: string, flag: Flag, on: boolean): Promise<void> {
  const path = `/v1/conversations/${encodeURIComponent(id)}/${flag}`;
  const answer = await desk.client.ask({ method: on ? "PUT" : "DELETE", path }, parseConversation);
  if ("code" in answer) showToast(consoleWords().action.failed(failureText(sharedWords(), answer)));
}
