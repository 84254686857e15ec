/** The choice of a theme, for menus. */
import type { ReadonlySignal } from "@preact/signals";
import { apply, chosen, storageKey, type Theme } from "./theme.ts";

/** What the user chose. */
export const theme: ReadonlySignal<Theme> = chosen;

/** Changes the theme and keeps the choice for the next visit. */
export function setTheme(next: Theme): void {
  chosen.value = next;
  try {
    localStorage.setItem(storageKey, next);
  } catch {
    // Storage may be forbidden; the choice then holds until the page closes.
  }
  apply();
}
