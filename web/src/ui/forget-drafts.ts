import { prefix, unkept } from "./draft.ts";

/** Forgets what a user had begun to write. */
export function forgetDrafts(writer: string): void {
  for (const key of unkept.keys()) if (key.startsWith(`${writer}.`)) unkept.delete(key);
  try {
    const theirs = Object.keys(localStorage).filter((key) => key.startsWith(`${prefix}${writer}.`));
    for (const key of theirs) localStorage.removeItem(key);
  } catch {
    // Where storage is forbidden nothing was kept.
  }
}
