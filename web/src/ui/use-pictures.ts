import { type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
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

export function usePictures(prepare: Prepare, max: number): Pictures {
  const pictures = useMemo(() => ({ items: signal<readonly Picked[]>([]), prepare, max }), [prepare, max]);
  useEffect(() => () => drop(pictures, () => true), [pictures]);
  return pictures;
}

/** Takes out those that are `gone`. */
export function drop({ items }: Pictures, gone: (one: Picked) => boolean): void {
  for (const one of items.value) if (gone(one)) URL.revokeObjectURL(one.url);
  items.value = items.value.filter((one) => !gone(one));
}

/** The pictures among what is pasted or dropped; none where there is text, which then wins. */
export function picturesIn(data: DataTransfer | null): File[] {
  if (data === null || data.getData("text/plain") !== "") return [];
  return [...data.files].filter((file) => file.type.startsWith("image/"));
}
