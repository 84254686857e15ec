import { type ReadonlySignal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { Failure, Picture } from "../client/api.ts";

/** A picture that was picked for a message. */
export type Picked = {
  id: number;
  url: string; // for the preview
  name: string;
  picture: Picture | undefined; // undefined while it is prepared, and when that failed
  failure: Failure | undefined;
};

export type Pictures = {
  readonly items: ReadonlySignal<readonly Picked[]>;
  /** Adds what is a picture among the files; tells how many there was no room for. */
  add(files: Iterable<File>): number;
  remove(id: number): void;
  /** The prepared ones, taken out. */
  take(): Picture[];
};

/** Another way to choose pictures than the device's own; undefined when it did not work. */
export type ChoosePictures = (room: number) => Promise<readonly File[] | undefined>;

export type Prepare = (file: Blob) => Promise<Picture | Failure>;

/** Pictures picked, pasted or dropped for one message, until it is sent. */
export function usePictures(prepare: Prepare, max: number): Pictures {
  const pictures = useMemo(() => makePictures(prepare, max), [prepare, max]);
  useEffect(() => () => pictures.clear(), [pictures]);
  return pictures;
}

/** Whether a prepared picture is one. */
export function isPicture(result: Picture | Failure): result is Picture {
  return "bytes" in result;
}

export function makePictures(prepare: Prepare, max: number): Pictures & { clear(): void } {
  const items = signal<readonly Picked[]>([]);
  let nextId = 1;
  const settle = (id: number, result: Picture | Failure) => {
    const done = isPicture(result) ? { picture: result } : { failure: result };
    items.value = items.value.map((item) => (item.id === id ? { ...item, ...done } : item));
  };
  const drop = (gone: readonly Picked[]) => {
    for (const item of gone) URL.revokeObjectURL(item.url);
    items.value = items.value.filter((item) => !gone.includes(item));
  };
  return {
    items,
    add(files) {
      const found = [...files].filter((file) => file.type.startsWith("image/"));
      const room = Math.max(0, max - items.value.length);
      for (const file of found.slice(0, room)) {
        const id = nextId++;
        const url = URL.createObjectURL(file);
        items.value = [...items.value, { id, url, name: file.name, picture: undefined, failure: undefined }];
        prepare(file).then(
          (result) => settle(id, result),
          () => settle(id, { code: "broken_image", message: "cannot be read" }),
        );
      }
      return Math.max(0, found.length - room);
    },
    remove: (id) => drop(items.value.filter((item) => item.id === id)),
    take() {
      const ready = items.value.flatMap((item) => (item.picture === undefined ? [] : [item.picture]));
      // One that could not be prepared stays in sight: it must not seem sent.
      drop(items.value.filter((item) => item.failure === undefined));
      return ready;
    },
    clear: () => drop(items.value),
  };
}

/** The pictures among what is pasted or dropped; none where there is text, which then wins. */
export function picturesIn(data: DataTransfer | null): File[] {
  if (data === null || data.getData("text/plain") !== "") return [];
  return [...data.files].filter((file) => file.type.startsWith("image/"));
}
