import { effect, type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";

/** What was written and not sent, per thread, until it is. */
const prefix = "haggle.draft.";

/** The text being written in a thread, kept over reloads. */
export function useDraft(key: string): Signal<string> {
  const text = useMemo(() => signal(load(key)), [key]);
  useEffect(() => effect(() => save(key, text.value)), [key, text]);
  return text;
}

function load(key: string): string {
  try {
    return localStorage.getItem(prefix + key) ?? "";
  } catch {
    return "";
  }
}

function save(key: string, text: string): void {
  try {
    if (text === "") localStorage.removeItem(prefix + key);
    else localStorage.setItem(prefix + key, text);
  } catch {
    // Storage is full or forbidden: the draft then lives as long as the page.
  }
}
