/** Light or dark: the device's wish unless the user chose otherwise. */
import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

export const storageKey = "haggle.theme";
/** What the user chose. */
export const chosen = signal<Theme>("system");

/** Draws the page in its theme and follows the device. Call it before the first render. */
export function startTheme(): void {
  chosen.value = stored();
  const device = matchMedia("(prefers-color-scheme: dark)");
  device.addEventListener("change", apply);
  apply();
}

/** Draws the page in the theme that was chosen. */
export function apply(): void {
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
