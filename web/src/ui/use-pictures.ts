import { type Signal, signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Failure, Picture } from "../client/api.ts";

/** A picture that was picked for a message. */
export type Picked = {
  url: string; // for the preview; no two have the same
  name: string;
  picture: Picture | undefined; // undefined while it is prepared, and when that failed
  failure: Failure | undefined;
};

/** Pictures picked, pasted or dropped for one message, until it is sent. They are added by picked.ts. */
export type Pictures = {
  readonly items: Signal<readonly Picked[]>;
  readonly prepare: Prepare;
  readonly max: number;
};

/** Another way to choose pictures than the device's own; says whether it opened. */
export type ChoosePictures = (room: number, onPick: (files: readonly File[]) => void) => boolean;

export type Prepare = (file: Blob) => Promise<Picture | Failure>;

/** What was picked in which thread, for as long as the page is there; picked.ts bounds it. */
export const kept = new Map<string | undefined, Pictures["items"]>();

/** Where pictures go that are dropped: to the thread that was opened last. See drops.ts. */
export const dropInto: { value: Pictures | undefined } = { value: undefined };

/** The pictures for the thread that is known as `of`. */
export function usePictures(prepare: Prepare, max: number, of: string | undefined): Pictures {
  return useMemo(() => {
    const items = kept.get(of) ?? signal([]);
    kept.set(of, items);
    dropInto.value = { items, prepare, max };
    return dropInto.value;
  }, [prepare, max, of]);
}

/** Takes out those that are `gone`. */
export function drop({ items }: Pick<Pictures, "items">, gone: (one: Picked) => boolean): void {
  for (const one of items.value) if (gone(one)) URL.revokeObjectURL(one.url);
  items.value = items.value.filter((one) => !gone(one));
}

/** The files in what is pasted or dropped; none where there is text, which then wins. */
export function filesIn(data: DataTransfer | null): File[] {
  if (data === null || data.getData("text/plain") !== "") return [];
  return [...data.files];
}
