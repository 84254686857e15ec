/** Adds pictures to a message that is being written. */
import type { Failure, Picture } from "../client/api.ts";
import { words } from "./i18n/language.ts";
import { showToast } from "./toast.tsx";
import { drop, kept, type Pictures } from "./use-pictures.ts";

/** In so many threads there may be pictures that wait. */
const keptAtMost = 9;

/** Adds what is a picture among the files and has it prepared; says so of what is none, and if there is no room for all. */
export function add({ items, prepare, max }: Pictures, files: readonly File[]): void {
  makeRoom(items);
  const found = files.filter((file) => file.type.startsWith("image/"));
  const room = Math.max(0, max - items.value.length);
  for (const file of found.slice(0, room)) {
    const url = URL.createObjectURL(file);
    const settle = (result: Picture | Failure): void => {
      const done = "bytes" in result ? { picture: result } : { failure: result };
      items.value = items.value.map((one) => (one.url === url ? { ...one, ...done } : one));
    };
    items.value = [...items.value, { url, name: file.name, picture: undefined, failure: undefined }];
    prepare(file).then(settle, () => settle({ code: "broken_image", message: "cannot be read" }));
  }
  if (found.length < files.length) showToast(words().composer.notPicture);
  if (found.length > room) showToast(words().composer.tooManyPictures(max));
}

/** The oldest go first. */
function makeRoom(items: Pictures["items"]): void {
  for (const [of, left] of kept) {
    if (kept.size <= keptAtMost) return;
    if (left === items) continue;
    drop({ items: left }, () => true);
    kept.delete(of);
  }
}
