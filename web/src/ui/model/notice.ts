import type { Entry } from "../../client/api.ts";
import type { Notice } from "../../protocol/body.ts";

/** Whether a notice says that its message is older than what stands before it. */
export function isLate(notice: Notice): boolean {
  return notice.code === "added_later";
}

/** Whether an entry is older than what stands before it: its time of day alone would mislead. */
export function addedLater(entry: Entry): boolean {
  return (
    entry.kind === "message" && entry.message.blocks.some((b) => b.type === "notice" && isLate(b.notice))
  );
}
