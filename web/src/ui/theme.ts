/** Light or dark: the device's wish unless the user chose otherwise. */
import { type ReadonlySignal, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const storageKey = "haggle.theme";
const chosen = signal<Theme>("system");

/** What the user chose. */
export const theme: ReadonlySignal<Theme> = chosen;

/** Draws the page in its theme and follows the device. Call it before the first render. */
export function startTheme(): void {
  chosen.value = stored();
  const device = matchMedia("(prefers-color-scheme: dark)");
  device.addEventListener("change", apply);
  apply();
}

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

function apply(): void {
  const wish = chosen.value;
  const dark = wish === "dark" || (wish === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
}

function stored(): Theme {
  try {
    const value = localStorage.getItem(storageKey);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}
