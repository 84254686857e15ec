/** What draws all that is in a thread beside text. Few have any of it when they are opened: it is a chunk of its own. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Entry } from "../client/api.ts";
import { later } from "./later.ts";
import { sayNotLoaded, withWords } from "./lazy.tsx";
import { textsOf } from "./model/texts.ts";

type Kinds = typeof import("./mixed-body.tsx");

const loaded = signal<Kinds | undefined>(undefined);
const failed = signal(false);

/** undefined until it is loaded. */
export const moreKinds: ReadonlySignal<Kinds | undefined> = loaded;
/** It could not be loaded: what cannot be drawn says so. */
export const kindsFailed: ReadonlySignal<boolean> = failed;

/** Whether entries hold more than text. */
export function needKinds(entries: readonly Entry[]): boolean {
  return entries.some((entry) => textsOf(entry) === undefined);
}

export const loadKinds = later(async () => {
  if (loaded.peek() === undefined) loaded.value = await withWords(() => import("./mixed-body.tsx"));
});

/** Loads it for a thread that holds more than text. */
export async function wantKinds(): Promise<void> {
  try {
    await loadKinds();
    failed.value = false;
  } catch {
    if (!failed.peek()) sayNotLoaded();
    failed.value = true;
  }
}
