/** The pictures of a thread, for the grid beside it. */
import type { Entry } from "../../client/api.ts";
import { type Shot, sectionsOf } from "../../ui/model/sections.ts";

/** A picture with the key of its message and when it was sent. */
export type SharedImage = { key: string; at: number; shot: Shot };

/** What the loaded history holds, newest first; pictures still on their way are not shared yet. */
export function sharedImages(entries: readonly Entry[]): SharedImage[] {
  const images: SharedImage[] = [];
  for (const entry of entries) {
    if (entry.kind !== "message") continue;
    for (const section of sectionsOf(entry)) {
      if (section.kind !== "pictures") continue;
      for (const shot of section.shots) images.push({ key: entry.key, at: entry.message.sent_at, shot });
    }
  }
  return images.reverse();
}
