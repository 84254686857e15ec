import type { Entry, Thread } from "../client/api.ts";
import { words } from "./i18n/language.ts";
import { openLightbox, type Slide } from "./lightbox.ts";
import { sectionsOf } from "./model/sections.ts";
import { type PictureUrls, shotUrl } from "./picture.tsx";

/** Opens the viewer on one picture of a thread; the others can be reached from it. */
export async function openThreadPictures(
  thread: Thread,
  client: PictureUrls,
  key: string,
  index: number,
): Promise<void> {
  const slides = thread.entries.peek().flatMap((entry) => slidesOf(entry, client));
  const at = slides.findIndex((s) => s.key === key && s.index === index);
  if (at >= 0) await openLightbox(slides, at);
}

function slidesOf(entry: Entry, client: PictureUrls): (Slide & { key: string; index: number })[] {
  const shots = sectionsOf(entry).flatMap((s) => (s.kind === "pictures" ? s.shots : []));
  return shots.flatMap((shot) => {
    const where = shotUrl(client, entry.key, shot);
    if (where === undefined) return [];
    const { width, height, index } = shot;
    return [{ ...where, width, height, index, key: entry.key, name: words().message.picture }];
  });
}
