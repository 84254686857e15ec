/** Turns a thread's entries into the rows that are drawn: day dividers, the unread divider, groups. */
import type { Entry } from "../../client/api.ts";
import { dayOf } from "./clock.ts";

/** Messages of one sender closer together than this make one group. */
export const groupWithin = 180_000;

export type Row =
  | { kind: "day"; key: string; at: number }
  | { kind: "unread"; key: string }
  | { kind: "entry"; key: string; entry: Entry; mine: boolean; at: number; first: boolean; last: boolean };

type EntryRow = Extract<Row, { kind: "entry" }>;

/** When an entry was sent or, if it still waits, written. */
export function entryAt(entry: Entry): number {
  return entry.kind === "message" ? entry.message.sent_at : entry.queuedAt;
}

/** Whether an entry is of this side of the conversation. */
export function isMine(entry: Entry): boolean {
  return entry.kind === "outgoing" || entry.mine;
}

/** Who wrote an entry, so far as grouping cares: agents of one shop are told apart. */
function writer(entry: Entry): string {
  return entry.kind === "outgoing"
    ? "me"
    : `${entry.mine ? "me" : entry.message.sender}/${entry.message.agent ?? ""}`;
}

/** Whether all that is left of an entry is that it was taken back. */
export function isTombstone(entry: Entry): boolean {
  return entry.kind === "message" && entry.message.recalled_at !== undefined;
}

/** Whether b goes on with the group that a is in. Tombstones stand alone. */
export function sameGroup(a: Entry, b: Entry): boolean {
  if (isTombstone(a) || isTombstone(b)) return false;
  const [from, to] = [writer(a), writer(b)];
  // One's own waiting message joins one's own stored ones, whichever agent wrote those.
  const same = from === to || ((from === "me" || to === "me") && isMine(a) && isMine(b));
  return same && Math.abs(entryAt(b) - entryAt(a)) < groupWithin;
}

/** The rows of the entries, oldest first. */
export function rowsOf(entries: readonly Entry[], firstUnread: number | undefined): Row[] {
  const rows: Row[] = [];
  let before: EntryRow | undefined;
  for (const entry of entries) {
    const at = entryAt(entry);
    const newDay = before === undefined || dayOf(at) > dayOf(before.at);
    if (newDay) rows.push({ kind: "day", key: `day-${entry.key}`, at });
    const unread = entry.kind === "message" && entry.message.seq === firstUnread;
    if (unread) rows.push({ kind: "unread", key: "unread" });
    const first = before === undefined || newDay || unread || !sameGroup(before.entry, entry);
    if (before !== undefined && !first) before.last = false;
    const row: EntryRow = {
      kind: "entry",
      key: entry.key,
      entry,
      mine: isMine(entry),
      at,
      first,
      last: true,
    };
    rows.push(row);
    before = row;
  }
  return rows;
}
