/**
 * What a conversation can be shown without is loaded once it is shown, while there is a network: what needs it
 * may come when there is none.
 */
import { type ReadonlySignal, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

type Load = () => Promise<unknown>;

const waiting = new Set<Load>();
/** What is drawn first has the network for itself. */
const afterShown = 300;
const stands = signal(false);

/** Whether a page has shown what it was opened for. */
export const shown: ReadonlySignal<boolean> = stands;

/** Has something loaded once there is a conversation on the screen, if nothing needs it before. */
export function later<T>(load: () => Promise<T>): () => Promise<T> {
  waiting.add(load);
  return load;
}

/**
 * Loads what waits, one after the other, so that a page on a slow device answers in between; what cannot be loaded
 * goes on waiting. What was said last comes first: that is the page's own, before its parts'.
 */
export async function loadLater(): Promise<void> {
  const known = [...waiting].reverse();
  for (const load of known) {
    if (!waiting.delete(load)) continue; // another run has it
    await load().catch(() => waiting.add(load));
  }
  // What was loaded may have had something of its own to load.
  if ([...waiting].some((load) => !known.includes(load))) await loadLater();
}

/** Loads what waits shortly after the page shows what it was opened for, and again whenever it does. */
export function useLater(shows: boolean): void {
  useEffect(() => {
    if (!shows) return;
    stands.value = true;
    const timer = setTimeout(() => void loadLater(), afterShown);
    return () => clearTimeout(timer);
  }, [shows]);
}
