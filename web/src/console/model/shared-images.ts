/** The pictures of a conversation, for the grid beside it. */
import type { Entry } from "../../client/api.ts";
import type { Message } from "../../protocol/body.ts";
import { type Shot, sectionsOf } from "../../ui/model/sections.ts";

/** A picture with its message and when that was sent. */
export type SharedImage = { seq: number; key: string; at: number; shot: Shot };

/**
 * Newest first: what was asked for, and what the thread shows, which knows better what was taken back.
 * Pictures still on their way are not shared yet.
 */
export function sharedImages(stored: readonly Message[], entries: readonly Entry[]): SharedImage[] {
  const bySeq = new Map<number, Entry>();
  for (const message of stored) {
    const entry: Entry = { kind: "message", key: `${message.seq}`, message, mine: false, tick: undefined };
    bySeq.set(message.seq, entry);
  }
  for (const entry of entries) if (entry.kind === "message") bySeq.set(entry.message.seq, entry);
  const images = [...bySeq.values()].flatMap(imagesOf);
  return images.sort((a, b) => b.seq - a.seq || b.shot.index - a.shot.index);
}

function imagesOf(entry: Entry): SharedImage[] {
  if (entry.kind !== "message") return [];
  const { seq, sent_at: at } = entry.message;
  return sectionsOf(entry).flatMap((section) =>
    section.kind === "pictures" ? section.shots.map((shot) => ({ seq, key: entry.key, at, shot })) : [],
  );
}
